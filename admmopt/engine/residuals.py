"""How far a point is from optimal, on the original, unscaled data: the numbers that a status rests on."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from .solution import Residuals
from .standard import Standard

ROUNDED = 1e-6  # of the parts that an objective is added up from: the least that its gap is compared with


@dataclass(frozen=True)
class Measured:
    """Residuals of one point, the vectors behind them (host arrays), and the objective at (x, z)."""

    residuals: Residuals
    primal: np.ndarray
    dual: np.ndarray
    Ax: np.ndarray
    Px: np.ndarray
    Ay: np.ndarray
    y: np.ndarray
    objective: float
    primal_gap: float  # y'(A x + b - z) and x'(P x + q + A'y): the gap is the second minus the first, so that
    dual_gap: float  # these say which of the two residuals keeps it open


def measure(standard: Standard, x, z, y) -> Measured:
    """Residuals at x (n,), z (m,) in dom f, y (m,) in the subdifferential of f at z; of a cone just in its polar cone.

    primal: A x + b - z; dual: P x + q + A'y. Since f(z) + f*(y) = z'y exactly (y comes out of the prox at z),
    the duality gap is x'Px + q'x + y'(z - b) (Fenchel), with no conjugate evaluated. Of a cone both are zero, and z'y,
    which an interior point leaves negative, is not in the gap: -z'y of what is left is.
    """
    Ax = standard.A.matvec(x) + standard.b
    Px, xPx = standard.quadratic(x)
    Ay = standard.A.rmatvec(y)
    primal, dual = Ax - z, Px + standard.q + Ay
    qx, support = float(standard.q @ x), float(y @ (z - standard.b)) - sum(float(y[k] @ z[k]) for k in standard.cones)
    parts = zip(standard.functions, standard.by_term(z), strict=True)
    values = sum(f.value(part) for f, part in parts if not f.indicator)
    objective = 0.5 * xPx + qx + standard.constant + values
    gap = xPx + qx + support
    parts_scale = max(abs(xPx), abs(qx), abs(support), abs(values))
    # the objective may be far smaller than its parts, as 1/2 |F x - g|^2 is, or far larger, by a constant
    gap_scale = max(min(parts_scale, max(abs(objective), abs(objective - gap))), ROUNDED * parts_scale)
    residuals = Residuals(
        primal=_size(primal),
        dual=_size(dual),
        gap=abs(gap),
        primal_scale=max(_size(Ax), _size(z)),
        dual_scale=max(_size(Px), _size(Ay), _size(standard.q)),
        gap_scale=gap_scale,
    )
    return Measured(residuals, primal, dual, Ax, Px, Ay, y, objective, float(y @ primal), float(x @ dual))


def _size(v: np.ndarray) -> float:
    """Infinity norm; NaN where v holds one, so that no comparison with it succeeds."""
    return float(np.abs(v).max()) if v.size else 0.0
