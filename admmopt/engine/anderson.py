"""Anderson acceleration, type II, of the map T: w+ = T(w_k) - sum_j gamma_j (T(w_{j+1}) - T(w_j)), where gamma makes the
same combination of fixed-point residuals f = T(w) - w smallest (Walker & Ni, SIAM J. Numer. Anal. 49, 2011).

Lengths are measured in the norm in which T is nonexpansive, |w|^2 = sigma |x|^2 + rho |v|^2, so that the result does not
depend on units. The least squares go through their Gram matrix, updated by one row per step: two passes over memory.
"""

from __future__ import annotations

import numpy as np

REGULARIZATION = 1e-10


class Anderson:
    """Memory of the last `memory` differences. All vectors live on the backend; the small system on the host."""

    def __init__(self, memory: int, size: int, xp, like):
        self.memory = memory
        kept = max(min(memory, size), 1)
        self.rows = kept
        self.dF = xp.zeros((kept, size), dtype=like.dtype, device=like.device)
        self.dT = xp.zeros((kept, size), dtype=like.dtype, device=like.device)
        self.gram = np.zeros((kept, kept))
        self.reset()

    def reset(self) -> None:
        self.count = 0
        self.last = None

    def next(self, Tw, f):
        """The accelerated point, from T(w) and the weighted residual f = metric^(1/2) (T(w) - w); T(w) itself at first."""
        if self.last is not None:
            self._remember(Tw - self.last[0], f - self.last[1])
        self.last = (Tw, f)
        k = min(self.count, self.rows)
        if k == 0:
            return Tw
        gram = self.gram[:k, :k]
        shift = REGULARIZATION * float(np.trace(gram))
        if not shift > 0:
            return Tw
        rhs = np.asarray(self.dF[:k] @ f)
        gamma = np.linalg.solve(gram + shift * np.eye(k), rhs)
        return Tw - self._as(gamma, Tw) @ self.dT[:k]

    def _remember(self, dT, dF):
        slot = self.count % self.rows
        self.dT[slot], self.dF[slot] = dT, dF
        self.count += 1
        k = min(self.count, self.rows)
        self.gram[slot, :k] = self.gram[:k, slot] = np.asarray(self.dF[:k] @ dF)

    @staticmethod
    def _as(gamma, like):
        return gamma
