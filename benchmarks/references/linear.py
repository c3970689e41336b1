"""References of linear programs: HiGHS at its tightest tolerances, and a dual bound made from its multipliers."""

from __future__ import annotations

import numpy as np
import scipy.sparse as sp
from scipy.optimize import linprog

from .certified import Certified

TIGHT = {"primal_feasibility_tolerance": 1e-9, "dual_feasibility_tolerance": 1e-9}


def _highs(c, method="highs", **rows):
    result = linprog(c, method=method, options=TIGHT, **rows)
    if result.status != 0:
        raise RuntimeError(f"HiGHS stopped without a solution: {result.message}")
    return result


def lp(A, b, c) -> Certified:
    """min c'x, A x = b, x >= 0 with A >= 0: a dual point is made feasible by shrinking along A'1 > 0."""
    result = _highs(c, A_eq=A, b_eq=b, bounds=(0, None), method="highs-ds")
    y = result.eqlin.marginals
    excess = np.maximum(A.T @ y - c, 0) / A.sum(axis=0)
    return Certified(
        {"x": result.x}, float(b @ (y - excess.max())), "HiGHS dual simplex; dual point made feasible", result.nit
    )


def least_abs_dev(A, b) -> Certified:
    """Dual: max b'y, A'y = 0, |y| <= 1, few rows; y is projected on the null space and scaled into the box."""
    result = _highs(-b, A_eq=A.T, b_eq=np.zeros(A.shape[1]), bounds=(-1, 1))
    y = result.x - A @ np.linalg.lstsq(A, result.x, rcond=None)[0]
    y /= max(1.0, np.abs(y).max())
    return Certified(
        {"x": -result.eqlin.marginals}, float(b @ y), "HiGHS on the dual; dual point made feasible", result.nit
    )


def quantile(A, b, tau) -> Certified:
    """Dual: max b'y, A'y = 0, tau - 1 <= y <= tau."""
    result = _highs(-b, A_eq=A.T, b_eq=np.zeros(A.shape[1]), bounds=(tau - 1, tau))
    y = result.x - A @ np.linalg.lstsq(A, result.x, rcond=None)[0]
    y /= max(1.0, (y / np.where(y > 0, tau, tau - 1)).max())
    return Certified(
        {"x": -result.eqlin.marginals}, float(b @ y), "HiGHS on the dual; dual point made feasible", result.nit
    )


def quantile_noncrossing(A, b, tau) -> Certified:
    """The dual, a block y_j a level: max sum_j b'y_j, A'(y_j - s_j + s_{j-1}) = 0, s >= 0, tau_j - 1 <= y <= tau_j."""
    (m, n), k = A.shape, tau.size
    rows = [sp.kron(sp.eye_array(k), A.T)]
    step = sp.diags_array([-np.ones(k - 1), np.ones(k - 1)], offsets=[0, -1], shape=(k, k - 1))
    rows.append(sp.kron(step, A.T))
    c = np.concatenate([-np.tile(b, k), np.zeros(m * (k - 1))])
    lower = np.concatenate([np.repeat(tau - 1, m), np.zeros(m * (k - 1))])
    upper = np.concatenate([np.repeat(tau, m), np.full(m * (k - 1), np.inf)])
    ends = np.column_stack([lower, upper])
    result = _highs(c, A_eq=sp.hstack(rows).tocsr(), b_eq=np.zeros(n * k), bounds=ends, method="highs-ipm")
    x = -result.eqlin.marginals.reshape(k, n).T
    how = "HiGHS on the dual; the bound is its dual objective, feasible to 1e-9"
    return Certified({"x": x}, -float(result.fun), how, result.nit)


def basis_pursuit(A, b) -> Certified:
    """Orthogonal matching pursuit, proved optimal by the least-norm dual point; HiGHS where that proof fails.

    Dual: max b'y, |A'y| <= 1. With support S and signs s, y = A_S (A_S'A_S)^-1 s is feasible for most sparse signals.
    """
    x, support = np.zeros(A.shape[1]), []
    residual = b
    while np.abs(residual).max() > 1e-12 * np.abs(b).max() and len(support) < len(b) // 2:
        support.append(int(np.argmax(np.abs(A.T @ residual))))
        values = np.linalg.lstsq(A[:, support], b, rcond=None)[0]
        residual = b - A[:, support] @ values
    x[support] = values
    y = A[:, support] @ np.linalg.solve(A[:, support].T @ A[:, support], np.sign(values))
    y /= max(1.0, np.abs(A.T @ y).max())
    if np.abs(x).sum() - b @ y <= 1e-8 * np.abs(x).sum():
        how = "orthogonal matching pursuit; dual point from the signs"
        return Certified({"x": x}, float(b @ y), how, len(support))
    result = _highs(np.ones(2 * A.shape[1]), A_eq=np.hstack([A, -A]), b_eq=b, bounds=(0, None))
    y = result.eqlin.marginals / max(1.0, np.abs(A.T @ result.eqlin.marginals).max())
    x = result.x[: A.shape[1]] - result.x[A.shape[1] :]
    return Certified({"x": x}, float(b @ y), "HiGHS; dual point scaled", result.nit)
