"""The scaled probability simplex."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from .base import Array, namespace
from .jacobian import low_rank, ones_where, unit
from .sets import Set
from .threshold import threshold


@dataclass(eq=False)
class Simplex(Set):
    """Groups with y >= 0 and sum y = total. total: positive, float or (count,)."""

    count: int
    dim: int
    total: float | np.ndarray = 1.0

    def project(self, v: Array) -> Array:
        xp = namespace(v)
        groups = v.reshape(self.count, self.dim)
        y = groups - threshold(groups, self.total)[:, None]
        return xp.where(y > 0, y, xp.zeros_like(y)).reshape(-1)

    def prox_jacobian(self, v: Array, t: Array):
        """That of the face: its entries, less the mean of their moves."""
        groups = v.reshape(self.count, self.dim)
        kept = ones_where(groups > threshold(groups, self.total)[:, None], groups)
        return low_rank(kept, (-1.0, unit(kept)))

    def domain_support(self, y: Array) -> tuple[float, Array]:
        xp = namespace(y)
        return float(xp.sum(self.total * xp.max(y.reshape(self.count, self.dim), axis=1))), y

    def recession(self, d: Array) -> tuple[float, Array]:
        return 0.0, 0.0 * d
