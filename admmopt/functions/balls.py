"""Norm balls around the origin (the l-infinity ball is a box)."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from .base import Array, column, namespace
from .jacobian import low_rank, ones_where, unit
from .sets import Set
from .threshold import threshold


class _Ball(Set):
    """Bounded, so that the recession cone is {0}; the support function is the dual norm."""

    def recession(self, d: Array) -> tuple[float, Array]:
        return 0.0, 0.0 * d


@dataclass(eq=False)
class L2Ball(_Ball):
    """Groups with ||y||_2 <= radius. radius: float or (count,)."""

    count: int
    dim: int
    radius: float | np.ndarray = 1.0

    def _scale(self, groups: Array) -> tuple[Array, Array]:
        """What each group is multiplied by, and whether it lies outside."""
        xp = namespace(groups)
        norm = xp.linalg.vector_norm(groups, axis=1)
        outside = (norm > self.radius) | (self.radius + 0.0 * norm == 0)
        return xp.where(
            outside, self.radius / xp.where(norm > 0, norm, xp.ones_like(norm)), xp.ones_like(norm)
        ), outside

    def project(self, v: Array) -> Array:
        groups = v.reshape(self.count, self.dim)
        return (self._scale(groups)[0][:, None] * groups).reshape(-1)

    def prox_jacobian(self, v: Array, t: Array):
        """Outside, the scale across the group and 0 along it."""
        groups = v.reshape(self.count, self.dim)
        scale, outside = self._scale(groups)
        return low_rank(scale[:, None], (-scale * ones_where(outside, scale), unit(groups)))

    def domain_support(self, y: Array) -> tuple[float, Array]:
        xp = namespace(y)
        return float(xp.sum(self.radius * xp.linalg.vector_norm(y.reshape(self.count, self.dim), axis=1))), y


@dataclass(eq=False)
class L1Ball(_Ball):
    """Groups with ||y||_1 <= radius: soft thresholding at the level that meets it. radius: float or (count,)."""

    count: int
    dim: int
    radius: float | np.ndarray = 1.0

    def project(self, v: Array) -> Array:
        xp = namespace(v)
        groups = v.reshape(self.count, self.dim)
        size = xp.abs(groups)
        theta = threshold(size, self.radius)
        rest = size - column(xp.where(theta > 0, theta, xp.zeros_like(theta)))
        return (xp.sign(groups) * xp.where(rest > 0, rest, xp.zeros_like(rest))).reshape(-1)

    def prox_jacobian(self, v: Array, t: Array):
        """Outside, that of the face: entries above the threshold, less the mean of their moves away from 0."""
        xp = namespace(v)
        groups = v.reshape(self.count, self.dim)
        size = xp.abs(groups)
        theta = threshold(size, self.radius)
        outside = ((theta > 0) | (self.radius + 0.0 * theta == 0))[:, None]
        kept = xp.where(outside & (size > theta[:, None]), xp.sign(groups), xp.zeros_like(groups))
        return low_rank(ones_where((kept != 0) | ~outside, groups), (-1.0, unit(kept)))

    def domain_support(self, y: Array) -> tuple[float, Array]:
        xp = namespace(y)
        return float(xp.sum(self.radius * xp.max(xp.abs(y).reshape(self.count, self.dim), axis=1))), y
