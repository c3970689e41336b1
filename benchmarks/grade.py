"""Grading from the raw, unscaled data: a solver's own word counts for nothing.

A program in rows form is  minimize 1/2 x'P x + q'x  subject to  l <= A x <= u, with multipliers y of the rows:
P x + q + A'y = 0, y >= 0 where only u binds and y <= 0 where only l binds. Infinity norms throughout.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import asdict, dataclass

import numpy as np

INFINITE = 1e20  # bounds this large mean "none" in the files
TIME_LIMIT = 20.0  # seconds; what a failure counts in the mean
SHIFT = 1.0  # seconds


@dataclass(frozen=True)
class Grade:
    """Absolute residuals and the scales they are measured against; `right(eps)` asks residual <= eps (1 + scale)."""

    primal: float
    dual: float
    gap: float
    primal_scale: float
    dual_scale: float
    gap_scale: float
    objective: float

    @property
    def relative(self) -> tuple[float, float, float]:
        return (
            self.primal / (1 + self.primal_scale),
            self.dual / (1 + self.dual_scale),
            self.gap / (1 + self.gap_scale),
        )

    @property
    def worst(self) -> float:
        return max(self.relative)

    def right(self, eps: float) -> bool:
        return self.worst <= eps  # False for NaN, too

    def as_dict(self) -> dict:
        return {**asdict(self), "relative": list(self.relative)}


WORTHLESS = Grade(np.inf, np.inf, np.inf, 0.0, 0.0, 0.0, np.nan)


def bounds(l, u) -> tuple[np.ndarray, np.ndarray]:
    """The bounds as floats, with what the files call infinite made infinite."""
    l, u = np.array(l, dtype=float).ravel(), np.array(u, dtype=float).ravel()
    l[l <= -INFINITE], u[u >= INFINITE] = -np.inf, np.inf
    return l, u


def _norm(v) -> float:
    return float(np.max(np.abs(v), initial=0.0))


def _support(l, u, y) -> float:
    """sup {y'z : l <= z <= u}, for a y that is zero where the bound it leans on is infinite."""
    up, down = np.maximum(y, 0), np.minimum(y, 0)
    return float(u[up > 0] @ up[up > 0] + l[down < 0] @ down[down < 0])


def signed(l, u, y) -> np.ndarray:
    """y with every entry that leans on an infinite bound set to zero, so that the dual residual pays for it."""
    y = np.array(y, dtype=float).ravel()
    y[(y > 0) & np.isinf(u)] = 0.0
    y[(y < 0) & np.isinf(l)] = 0.0
    return y


def grade_rows(P, q, A, l, u, x, y) -> Grade:
    """Primal, dual and gap residual of (x, y); a missing or unreal x or y is worthless.

    P may be None (a linear program).

    P: (n, n) full symmetric, q: (n,), A: (m, n), l, u, y: (m,), x: (n,).
    """
    if x is None or y is None or not (np.all(np.isfinite(x)) and np.all(np.isfinite(y))):
        return WORTHLESS
    l, u = bounds(l, u)
    q, x, y = np.asarray(q, float).ravel(), np.asarray(x, float).ravel(), signed(l, u, y)
    Ax, Px, Aty = A @ x, (np.zeros_like(x) if P is None else P @ x), A.T @ y
    z = np.clip(Ax, l, u)
    quadratic, linear, support = float(x @ Px), float(q @ x), _support(l, u, y)
    return Grade(
        primal=_norm(Ax - z),
        dual=_norm(Px + q + Aty),
        gap=abs(quadratic + linear + support),
        primal_scale=max(_norm(Ax), _norm(z)),
        dual_scale=max(_norm(Px), _norm(Aty), _norm(q)),
        gap_scale=max(abs(quadratic), abs(linear), abs(support)),
        objective=0.5 * quadratic + linear,
    )


def proves_infeasible(A, l, u, y, eps: float = 1e-6) -> bool:
    """Is y a certificate that l <= A x <= u has no solution: A'y = 0 to eps, and support(y) < 0?"""
    l, u = bounds(l, u)
    y = np.asarray(y, float).ravel()
    size = _norm(y)
    if not np.isfinite(size) or size == 0 or not np.allclose(signed(l, u, y), y, rtol=0, atol=eps * size):
        return False
    y = signed(l, u, y) / size
    support = _support(l, u, y)
    return support < 0 and _norm(A.T @ y) <= eps * min(1.0, -support)


def proves_unbounded(P, q, A, l, u, x, eps: float = 1e-6) -> bool:
    """Is x a direction along which the objective falls forever: q'x < 0, P x = 0, A x in the recession cone, to eps?"""
    l, u = bounds(l, u)
    x = np.asarray(x, float).ravel()
    size = _norm(x)
    if not np.isfinite(size) or size == 0:
        return False
    x = x / size
    fall, Ax = -float(np.ravel(q) @ x), A @ x
    outside = max(_norm(np.minimum(Ax, 0)[np.isfinite(l)]), _norm(np.maximum(Ax, 0)[np.isfinite(u)]))
    curved = 0.0 if P is None else _norm(P @ x)
    return fall > 0 and max(outside, curved) <= eps * min(1.0, fall)


RIGHT, WRONG, FAILED = "right", "wrong", "failed"


def judge(status: str, truth: str, correct: bool) -> tuple[str, str]:
    """(verdict, reason) on a status. truth: "optimal", "infeasible" or "unbounded"; correct: the residual test.

    An "optimal" with bad residuals and a certificate for what is not so are wrong; a limit that is owned up to has
    failed, unless the point is good enough all the same.
    """
    if status in ("infeasible", "unbounded"):
        if status == truth:
            return RIGHT, ""
        return WRONG, f"false certificate: {status}, the problem is {truth}"
    if truth != "optimal":
        return (WRONG, f"false optimal: the problem is {truth}") if status == "optimal" else (FAILED, status)
    if correct:
        return RIGHT, "" if status == "optimal" else f"right, though it said {status}"
    if status == "optimal":
        return WRONG, "false optimal: the residuals are too large"
    return FAILED, status


def shifted_geometric_mean(seconds: Iterable[float], shift: float = SHIFT) -> float:
    """exp(mean(log(t + shift))) - shift; failures must come as TIME_LIMIT."""
    times = np.asarray(list(seconds), dtype=float)
    if times.size == 0:
        return float("nan")
    return float(np.exp(np.mean(np.log(times + shift))) - shift)
