"""Accuracy from inaccurate parts: generalized conjugate residuals with an exact residual and an analog preconditioner.

Each step takes z ~ M^-1 r from the arrays and q = M z from exact arithmetic, makes q orthonormal to its predecessors and
takes the best multiple of z (Eisenstat, Elman & Schultz, SIAM J. Numer. Anal. 20, 1983; it spans the space of flexible
GMRES, Saad 1993, so the preconditioner may change from step to step, as it does under read noise). Pairs (z, q) are kept
between solves: the matrix stays while the right-hand side moves, so a new residual is first projected on what is known,
without an analog step (Fischer, Comput. Methods Appl. Mech. Eng. 163, 1998).
"""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

MEMORY = 30  # pairs kept
PROGRESS = 0.1  # of the residual at the start: a start that is good enough already would never move again, and with it
# the iteration that it serves; so the error stays a fraction of the step (Eckstein & Yao, Math. Program. 170, 2018)
ROUNDING = 1e-15  # of the right-hand side: there is nothing left to correct
STALLED, SLOW = 8, 0.9  # steps that together bring the residual down by less than this factor: no use going on


class Refinement:
    """Solves M u = b for one matrix; forget() when it changes."""

    def __init__(self, product: Callable, approximate: Callable, size: int, memory: int = MEMORY):
        """product(u): exact M u; approximate(r): about M^-1 r. size: the order of M; memory: pairs kept."""
        self.product, self.approximate, self.size, self.memory = product, approximate, size, min(memory, size)
        self.forget()

    def forget(self) -> None:
        self.Z, self.Q = np.zeros((self.memory, self.size)), np.zeros((self.memory, self.size))
        self.known = self.next = 0
        self.steps = self.products = 0
        self.factors: list[float] = []  # by which the last steps reduced the residual

    def solve(self, b: np.ndarray, u: np.ndarray, target: float, limit: int) -> tuple[np.ndarray, float, int]:
        """(u, ||b - M u||, steps taken): from the start u until the residual's norm is at most `target` and at most
        PROGRESS times what it was at the start, `limit` steps were taken, or no more progress is made."""
        r = self.residual(b, u)
        target = max(min(target, PROGRESS * float(np.linalg.norm(r))), ROUNDING * float(np.linalg.norm(b)))
        if self.known and np.linalg.norm(r) > target:
            weights = self.Q[: self.known] @ r
            u = u + weights @ self.Z[: self.known]
            r = r - weights @ self.Q[: self.known]
        norms = [float(np.linalg.norm(r))]
        while norms[-1] > target and len(norms) <= limit and not _stalled(norms):
            z, q = self.direction(r)
            weight = float(q @ r)
            u = u + weight * z
            r = r - weight * q
            norms.append(float(np.linalg.norm(r)))
            if norms[-1] <= target:
                r = self.residual(b, u)  # the recurrence drifts from the true residual: only that one counts
                norms[-1] = float(np.linalg.norm(r))
        self.factors = (self.factors + [b / a for a, b in zip(norms, norms[1:], strict=False) if a > 0])[-MEMORY:]
        self.steps += len(norms) - 1
        return u, norms[-1], len(norms) - 1

    def residual(self, b, u):
        self.products += 1
        return b - self.product(u)

    def direction(self, r):
        """A new pair (z, q): q = M z of unit length, orthogonal to the kept ones. It takes the oldest one's place."""
        z = self.approximate(r)
        q = self.product(z)
        self.products += 1
        place = self.next
        if self.known == self.memory:
            self.Q[place] = self.Z[place] = 0.0
        for _ in range(2):  # twice is enough (Kahan): what is left is orthogonal to rounding
            weights = self.Q[: self.known] @ q
            z, q = z - weights @ self.Z[: self.known], q - weights @ self.Q[: self.known]
        size = float(np.linalg.norm(q)) or 1.0
        self.Z[place], self.Q[place] = z / size, q / size
        self.known, self.next = max(self.known, place + 1), (place + 1) % self.memory
        return self.Z[place], self.Q[place]

    @property
    def contraction(self) -> float | None:
        """Geometric mean of the factors by which the last steps reduced the residual; None before the first."""
        return float(np.exp(np.mean(np.log(np.maximum(self.factors, 1e-16))))) if self.factors else None


def _stalled(norms: list[float]) -> bool:
    return len(norms) > STALLED and norms[-1] > SLOW * norms[-1 - STALLED]
