"""The paper's ADMM on the paper's matrix, as it stands: every entry is on the array, nothing is refined.

    minimize d'x + g(y)  subject to  C x = h, x = y

    [rho I, C'; C, 0] [x; lambda] = [rho y - nu - d; h]      (16)
    y = prox_{g/rho}(x + nu / rho),  nu = nu + rho (x - y)   (8), (9)

The matrix is constant, so it is written once. The equation is solved exactly by elimination, whatever the entries have
become: what a perfect analog circuit on imperfect cells would give if it were stable. It is not: the matrix is
indefinite, and the crossbar backend refuses it in feedback circuits. Numbers in brackets are the paper's equations.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
import scipy.linalg as la

RUNAWAY = 1e6  # an entry beyond it is a divergence


@dataclass(frozen=True)
class Split:
    """One problem in the paper's form. C: (m, n); h: (m,); d: (n,); prox(v, rho): (n,)."""

    C: np.ndarray
    h: np.ndarray
    d: np.ndarray
    prox: Callable[[np.ndarray, float], np.ndarray]


@dataclass(frozen=True)
class Run:
    """y: (n,), the last iterate; status: "converged", "limit" or "diverged"."""

    y: np.ndarray
    iterations: int
    status: str


class Saddle:
    """[D, B; C, 0] solved by elimination, D = diag(rho), B = C'; each entry off as `device` makes it off."""

    def __init__(self, C: np.ndarray, rho: float, device, rng: np.random.Generator):
        peak = max(rho, float(np.abs(C).max()))
        self.D = programmed(np.full(C.shape[1], rho), device, rng, peak)
        B, self.C = programmed(C.T, device, rng, peak), programmed(C, device, rng, peak)
        self.B = B / self.D[:, None]
        self.factor = la.lu_factor(self.C @ self.B, check_finite=False)

    def solve(self, a: np.ndarray, h: np.ndarray) -> np.ndarray:
        """x of [D, B; C, 0] [x; lambda] = [a; h]."""
        x = a / self.D
        return x - self.B @ la.lu_solve(self.factor, self.C @ x - h, check_finite=False)


def programmed(values: np.ndarray, device, rng: np.random.Generator, peak: float) -> np.ndarray:
    """The numbers that cells of `device` hold when they were to hold `values`: magnitudes from 0 to `peak` on
    conductances from 0 to g_max, the sign by the second array of a pair. A zero is a cell without conductance."""
    if device is None:
        return values
    unit = device.g_max / peak
    return np.sign(values) * device.program(unit * np.abs(values), rng).g / unit


def admm(split: Split, rho: float, device, rng, *, redrawn: bool, iterations: int, tol: float = 1e-6) -> Run:
    """Iterate until ||x - y|| and rho ||y - y_last|| are at most tol sqrt(n). device: a Device with g_min = 0 and a
    proportional error, or None: exact; redrawn: written anew, with new errors, for every solve."""
    n = len(split.d)
    saddle = Saddle(split.C, rho, device, rng)
    y, nu, enough = np.zeros(n), np.zeros(n), tol * np.sqrt(n)
    for k in range(iterations):
        if redrawn and k:
            saddle = Saddle(split.C, rho, device, rng)
        x = saddle.solve(rho * y - nu - split.d, split.h)
        last, y = y, split.prox(x + nu / rho, rho)
        nu = nu + rho * (x - y)
        if not np.abs(y).max() <= RUNAWAY:
            return Run(y, k + 1, "diverged")
        if np.linalg.norm(x - y) <= enough and rho * np.linalg.norm(y - last) <= enough:
            return Run(y, k + 1, "converged")
    return Run(y, iterations, "limit")


def nonnegative(v: np.ndarray, rho: float) -> np.ndarray:
    return np.maximum(v, 0.0)


def second_order_cone(v: np.ndarray, rho: float) -> np.ndarray:
    """Onto ||v_1..n-1|| <= v_n (22)."""
    top, norm = v[-1], float(np.linalg.norm(v[:-1]))
    if norm <= top:
        return v
    if norm <= -top:
        return np.zeros_like(v)
    return 0.5 * (1.0 + top / norm) * np.append(v[:-1], norm)


def split_of(kind: str, data: dict) -> Split:
    """lp, socp (10), (19), or sensing (24): x = (z, s), H z - s = h, g = ||z||_1 + indicator of ||s|| <= xi."""
    if kind != "sensing":
        return Split(data["G"], data["h"], data["d"], {"lp": nonnegative, "socp": second_order_cone}[kind])
    H, xi = data["H"], data["xi"]
    q, p = H.shape

    def prox(v, rho):
        z, s = v[:p], v[p:]
        size = float(np.linalg.norm(s))
        return np.concatenate(
            [np.sign(z) * np.maximum(np.abs(z) - 1.0 / rho, 0.0), s * min(1.0, xi / size) if size > 0 else s]
        )

    return Split(np.hstack([H, -np.eye(q)]), data["h"], np.zeros(p + q), prox)
