"""Accuracy from inaccurate parts: generalized conjugate residuals with an exact residual and an analog preconditioner.

Each step takes z ~ M^-1 r from the arrays and q = M z from exact arithmetic, makes q orthonormal to its predecessors
and takes the best multiple of z (Eisenstat, Elman & Schultz, SIAM J. Numer. Anal. 20, 1983; it spans the space of
flexible GMRES, Saad 1993, so the preconditioner may change from step to step, as it does under read noise). Pairs
(z, q) are kept between solves: the matrix stays while the right-hand side moves, so a new residual is first projected
on what is known, without an analog step (Fischer, Comput. Methods Appl. Mech. Eng. 163, 1998).
"""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

MEMORY = 40  # pairs that a step is made orthogonal to: the last ones
PROGRESS = 0.1  # of the residual at the start: a start that is good enough already would never move again, and with it
# the iteration that it serves; so the error stays a fraction of the step (Eckstein & Yao, Math. Program. 170, 2018)
ROUNDING = 1e-15  # of the right-hand side: there is nothing left to correct
STALLED, SLOW = 25, 0.9  # steps that together bring the residual down by less than this factor: no use going on
NOTHING = 1e-7  # of a direction's length left after that: it was known already, and all pairs are forgotten
POOR = 0.9  # factor above which a step gained so little that the next one goes along the residual itself: coarse
# converters can give the same direction over and over, and for a positive real M that one always gains
AGAIN = 0.7  # a direction that loses more than this of its length is made orthogonal a second time (Kahan)


class Refinement:
    """Solves M u = b for one matrix. macs: digital multiply-adds spent, products with M among them."""

    def __init__(self, product: Callable, approximate: Callable, size: int, cost: int, keep: int = 0):
        """product(u): exact M u, of `cost` multiply-adds; approximate(r): about M^-1 r. size: the order of M; keep:
        pairs kept from one solve to the next."""
        self.product, self.approximate, self.cost = product, approximate, cost
        self.memory, self.keep = min(MEMORY, size), min(keep, size)
        self.Z, self.Q = np.zeros((self.memory, size)), np.zeros((self.memory, size))
        self.known = self.next = self.macs = 0

    def solve(self, b: np.ndarray, u: np.ndarray, target: float, limit: int) -> tuple[np.ndarray, float, int]:
        """(u, ||b - M u||, steps taken): from the start u until the residual's norm is at most `target` and at most
        PROGRESS times what it was at the start, `limit` steps were taken, or no more progress is made."""
        self.shorten()
        r = self.residual(b, u)
        if np.linalg.norm(r) > np.linalg.norm(b):
            u, r = np.zeros_like(b), b  # the start is worse than none
        target = max(min(target, PROGRESS * float(np.linalg.norm(r))), ROUNDING * float(np.linalg.norm(b)))
        if self.known and np.linalg.norm(r) > target:
            u, r = self.project(u, r)
        norms = [float(np.linalg.norm(r))]
        while norms[-1] > target and len(norms) <= limit and not _stalled(norms):
            poor = len(norms) > 1 and norms[-1] > POOR * norms[-2]
            u, r = self.step(u, r, r if poor else self.approximate(r))
            norms.append(float(np.linalg.norm(r)))
            if norms[-1] <= target:
                r = self.residual(b, u)  # the recurrence drifts from the true residual: only that one counts
                norms[-1] = float(np.linalg.norm(r))
        return u, norms[-1], len(norms) - 1

    def shorten(self) -> None:
        """Leave only the pairs that are kept between solves: the last ones."""
        if self.known > self.keep:
            last = (np.arange(self.keep) - self.keep + self.next) % self.known
            self.Z[: self.keep], self.Q[: self.keep] = self.Z[last], self.Q[last]
            self.known, self.next = self.keep, self.keep % self.memory

    def residual(self, b, u):
        self.macs += self.cost
        return b - self.product(u)

    def project(self, u, r):
        """u moved to the least residual over the kept directions."""
        Z, Q = self.Z[: self.known], self.Q[: self.known]
        weights = Q @ r
        self.macs += 3 * Q.size
        return u + weights @ Z, r - weights @ Q

    def step(self, u, r, z):
        """A new direction from z, and u moved along it to the least residual."""
        q = self.product(z)
        self.macs += self.cost + 6 * z.size
        place, length = self.next, float(np.linalg.norm(q))
        if self.known == self.memory:  # it takes the place of the oldest
            self.Q[place] = self.Z[place] = 0.0
        Z, Q = self.Z[: self.known], self.Q[: self.known]
        for _ in range(2):
            before = float(np.linalg.norm(q))
            weights = Q @ q
            z, q = z - weights @ Z, q - weights @ Q
            self.macs += 3 * Q.size
            if np.linalg.norm(q) > AGAIN * before:
                break
        size = float(np.linalg.norm(q))
        if size <= NOTHING * length:  # nothing new: what is left of q is rounding
            self.known = self.next = 0
            return u, r
        z, q = z / size, q / size
        self.Z[place], self.Q[place] = z, q
        self.known, self.next = max(self.known, place + 1), (place + 1) % self.memory
        weight = float(q @ r)
        return u + weight * z, r - weight * q


def _stalled(norms: list[float]) -> bool:
    return len(norms) > STALLED and norms[-1] > SLOW * norms[-1 - STALLED]
