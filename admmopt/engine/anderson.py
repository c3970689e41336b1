"""Anderson acceleration, type II, of the map T, safeguarded.

    w+ = T(w) - sum_j gamma_j dT_j,   gamma = argmin | f - sum_j gamma_j df_j |,   f = T(w) - w,

over the last differences dT_j, df_j (Walker & Ni, SIAM J. Numer. Anal. 49, 2011). Lengths are measured in the norm in
which T is nonexpansive, |w|^2 = sigma |x|^2 + rho |v|^2, so that the result does not depend on units. The least squares
go through their Gram matrix, one row of which changes per step: two passes over the memory. An accelerated point whose
residual f is longer than that of the point before is taken back, for the plain step.
"""

from __future__ import annotations

import numpy as np
from scipy.linalg.lapack import dposv

REGULARIZATION = 1e-10  # relative to the trace of the Gram matrix
LARGEST = 1e8  # a larger weight divides by differences that are rounding: f has become constant, w drifts


class Plain:
    """No acceleration: w+ = T(w)."""

    def restart(self, metric) -> None:
        """Forget everything; `metric` (n + m,) weighs the entries of w from here on."""

    def next(self, w, Tw, plain: bool = False):
        """The next point, from w and T(w); `plain` asks for T(w) itself."""
        return Tw


class Anderson(Plain):
    """Vectors live on the backend's device, the small least-squares system on the host."""

    def __init__(self, memory: int, size: int, backend):
        self.memory, self.backend = memory, backend
        self.df = backend.asarray(np.zeros((memory, size)))
        self.dT = backend.asarray(np.zeros((memory, size)))
        self.gram = np.zeros((memory, memory))

    def restart(self, metric):
        self.root = metric**0.5
        self.count, self.last, self.fallback, self.limit = 0, None, None, np.inf

    def next(self, w, Tw, plain=False):
        f = self.root * (Tw - w)
        length = float(f @ f) ** 0.5
        if self.fallback is not None and not length <= self.limit:
            Tw = self.fallback
            self.count, self.last, self.fallback = 0, None, None
            return Tw
        if self.last is not None:
            self._remember(Tw - self.last[0], f - self.last[1])
        self.last = (Tw, f)
        accelerated = None if plain else self._extrapolate(Tw, f)
        self.fallback, self.limit = (None, np.inf) if accelerated is None else (Tw, length)
        return Tw if accelerated is None else accelerated

    def _remember(self, dT, df) -> None:
        slot = self.count % self.memory
        self.dT[slot], self.df[slot] = dT, df
        self.count += 1
        k = min(self.count, self.memory)
        self.gram[slot, :k] = self.gram[:k, slot] = self.backend.to_numpy(self.df[:k] @ df)

    def _extrapolate(self, Tw, f):
        k = min(self.count, self.memory)
        shifted = self.gram[:k, :k].copy()
        shift = REGULARIZATION * float(shifted.diagonal().sum())
        if not shift > 0:
            return None
        shifted.flat[:: k + 1] += shift
        _, gamma, failed = dposv(shifted, self.backend.to_numpy(self.df[:k] @ f))
        if failed or not np.abs(gamma).max() <= LARGEST:
            return None
        return Tw - self.backend.asarray(gamma) @ self.dT[:k]
