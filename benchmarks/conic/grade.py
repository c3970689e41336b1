"""Grading a conic program from its raw data, as `benchmarks.grade` does programs in rows form: infinity norms, the
multipliers held to their cone, residual <= eps (1 + scale)."""

from __future__ import annotations

import numpy as np

from ..grade import WORTHLESS, Grade
from .program import Conic


def grade_conic(program: Conic, x, z) -> Grade:
    """Primal, dual and gap residual of (x, z), x: (n,), z: (m,); a missing or unreal one is worthless.

    primal: how far A x + b lies from K, entry by entry; dual: A'z - c, after z was moved to the nearest point of the
    dual cone, so that what lies outside of it is paid for here; gap: c'x + b'z.
    """
    if x is None or z is None or not (np.all(np.isfinite(x)) and np.all(np.isfinite(z))):
        return WORTHLESS
    x, z = np.asarray(x, float).ravel(), program.nearest_dual(np.asarray(z, float).ravel())
    Ax, Atz = program.A @ x, program.A.T @ z
    wanted = program.nearest(Ax + program.b) - program.b  # the nearest value of A x that would do
    linear, support = float(program.c @ x), float(program.b @ z)
    return Grade(
        primal=_norm(Ax - wanted),
        dual=_norm(program.c - Atz),
        gap=abs(linear + support),
        primal_scale=max(_norm(Ax), _norm(wanted)),
        dual_scale=max(_norm(program.c), _norm(Atz)),
        gap_scale=max(abs(linear), abs(support)),
        objective=linear,
    )


def proves_infeasible(program: Conic, z, eps: float = 1e-6) -> bool:
    """Is z a certificate that A x + b in K has no solution: z in K*, A'z = 0, b'z < 0, to eps?"""
    size = _norm(z) if z is not None else np.nan
    if not np.isfinite(size) or size == 0:
        return False
    unit = np.asarray(z, float).ravel() / size
    z = program.nearest_dual(unit)
    fall = -float(program.b @ z)
    return fall > 0 and _norm(z - unit) <= eps and _norm(program.A.T @ z) <= eps * min(1.0, fall)


def proves_unbounded(program: Conic, x, eps: float = 1e-6) -> bool:
    """Is x a direction along which the objective falls forever: A x in K, c'x < 0, to eps?"""
    size = _norm(x) if x is not None else np.nan
    if not np.isfinite(size) or size == 0:
        return False
    x = np.asarray(x, float).ravel() / size
    fall, Ax = -float(program.c @ x), program.A @ x
    return fall > 0 and _norm(Ax - program.nearest(Ax)) <= eps * min(1.0, fall)


def _norm(v) -> float:
    return float(np.max(np.abs(v), initial=0.0))
