"""Proofs that a problem has no solution, checked on the original data before anyone hears of them.

Infeasible: y with A'y = 0 and sup_{u in dom f} y'u < b'y. In rounding arithmetic A'y = r is small, not zero; then every
feasible x obeys -r'x >= b'y - sup = gap, so none lies within the ball |x| < gap / |r|. Unbounded: d with P d = 0 and
q'd + f_inf(A d) < 0; with small P d = p and A d - u = s every primal-dual solution obeys |p||x| + |s||y| >= gap.
Both are believed when they exclude all points up to `certainty` times the size of the iterate (Banjac et al., JOTA 183,
2019, give the limits that the differences of the iterates converge to).
"""

from __future__ import annotations

import numpy as np

from .standard import Standard


def infeasibility(standard: Standard, y: np.ndarray, x_size: float, certainty: float) -> np.ndarray | None:
    """A verified certificate (m,) built from the direction `y`, or None. x_size: 1-norm scale of the iterates."""
    size = _size(y)
    if not (standard.m and np.isfinite(size) and size > 0):
        return None
    y = y / size
    projected, support, spread = np.zeros(standard.m), 0.0, 0.0
    for rows, function in zip(standard.slices, standard.functions, strict=True):
        found = function.domain_support(y[rows])
        if found is None:
            return None
        value, projected[rows] = found
        if not np.isfinite(value):
            return None
        support += value
        spread += abs(value)
    if _size(projected) < 0.5:
        return None
    offset = standard.b * projected
    gap = float(offset.sum()) - support
    rounding = 1e-12 * (spread + float(np.abs(offset).sum()))
    if gap <= max(rounding, 0.0):
        return None
    residual = standard.A.rmatvec(projected)
    if gap < certainty * _norm(residual) * (1.0 + x_size):
        return None
    return projected / gap


def unboundedness(standard: Standard, d: np.ndarray, x_size: float, y_size: float, certainty: float):
    """A verified direction (n,) along which the objective falls forever, built from `d`, or None."""
    size = _size(d)
    if not (standard.n and np.isfinite(size) and size > 0):
        return None
    d = d / size
    Ad = standard.A.matvec(d)
    recession, error = 0.0, np.zeros(standard.m)
    for rows, function in zip(standard.slices, standard.functions, strict=True):
        found = function.recession(Ad[rows])
        if found is None:
            return None
        value, direction = found
        if not np.isfinite(value):
            return None
        recession += value
        error[rows] = Ad[rows] - direction
    slope = float(standard.q @ d)
    gap = -(slope + recession)
    rounding = 1e-12 * (float(np.abs(standard.q) @ np.abs(d)) + abs(recession))
    if gap <= rounding:
        return None
    Pd, _ = standard.quadratic(d)
    if gap < certainty * (_norm(Pd) * (1.0 + x_size) + _norm(error) * (1.0 + y_size)):
        return None
    return d / gap


def separates(standard: Standard, y: np.ndarray, primal: np.ndarray, x_size: float) -> bool:
    """Could `y` become a certificate of infeasibility? One that is valid separates the present point from dom f as
    well: y'r >= gap for its primal residual r (m,), with A'y next to nothing beside it. This costs no projection; what
    projecting y may yet improve is allowed for."""
    gap = float(y @ primal)
    return gap > 0 and _norm(standard.A.rmatvec(y)) * (1.0 + x_size) <= gap


def descends(d: np.ndarray, dual: np.ndarray) -> bool:
    """Could `d` be a direction of unboundedness? Every valid one leans against the dual residual r (n,) of the present
    point: d'r <= -gap, since y'u <= f_inf(u) for each subgradient y."""
    return float(d @ dual) < 0


def _size(v):
    return float(np.abs(v).max()) if v.size else 0.0


def _norm(v):
    return float(np.linalg.norm(v))
