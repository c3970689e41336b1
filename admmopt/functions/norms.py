"""Norms of groups, and the other support functions that come from sorting: maximum and sum of the largest entries."""

from __future__ import annotations

from dataclasses import dataclass
from math import floor

import numpy as np

from .base import Array, Function, column, namespace
from .jacobian import low_rank, ones_where, unit
from .threshold import threshold


class _Gauge(Function):
    """Finite, convex and positively homogeneous: its own recession function. Subclasses give `_of`, the value of
    every group without its weight, and hold `weight`, nonnegative, float or (count,)."""

    weight: float | np.ndarray

    def _of(self, xp, groups: Array) -> Array:
        raise NotImplementedError

    def value(self, y: Array) -> float:
        xp = namespace(y)
        return float(xp.sum(self.weight * self._of(xp, y.reshape(self.count, self.dim))))

    def recession(self, d: Array) -> tuple[float, Array]:
        return self.value(d), d


@dataclass(eq=False)
class EuclideanNorm(_Gauge):
    """sum_g weight_g ||y_g||_2 (the group lasso; with one group of a matrix, the Frobenius norm)."""

    count: int
    dim: int
    weight: float | np.ndarray = 1.0

    def _of(self, xp, groups):
        return xp.linalg.vector_norm(groups, axis=1)

    def _scale(self, groups: Array, t: Array) -> Array:
        """What each group is multiplied by: 1 - s / ||v||, s = t weight, or 0."""
        xp = namespace(groups)
        norm = xp.linalg.vector_norm(groups, axis=1)
        step = t * self.weight + xp.zeros_like(norm)
        kept = (norm > step) | (step == 0)
        return xp.where(kept, 1.0 - step / xp.where(norm > 0, norm, xp.ones_like(norm)), xp.zeros_like(norm))

    def prox(self, v: Array, t: Array) -> Array:
        groups = v.reshape(self.count, self.dim)
        return (self._scale(groups, t)[:, None] * groups).reshape(-1)

    def prox_jacobian(self, v: Array, t: Array):
        """Across the group the scale, along it 1, or 0 where the group is 0."""
        groups = v.reshape(self.count, self.dim)
        scale = self._scale(groups, t)
        along = namespace(v).where(scale > 0, 1.0 - scale, 0.0 * scale)
        return low_rank(scale[:, None], (along, unit(groups)))


@dataclass(eq=False)
class NormOne(_Gauge):
    """sum_g weight_g ||y_g||_1: one weight and one step per group."""

    count: int
    dim: int
    weight: float | np.ndarray = 1.0

    def _of(self, xp, groups):
        return xp.sum(xp.abs(groups), axis=1)

    def prox(self, v: Array, t: Array) -> Array:
        xp = namespace(v)
        groups = v.reshape(self.count, self.dim)
        rest = xp.abs(groups) - column(t * self.weight)
        return (xp.sign(groups) * xp.where(rest > 0, rest, xp.zeros_like(rest))).reshape(-1)

    def prox_jacobian(self, v: Array, t: Array) -> Array:
        groups = v.reshape(self.count, self.dim)
        return ones_where(namespace(v).abs(groups) > column(t * self.weight), groups).reshape(-1)


@dataclass(eq=False)
class NormInf(_Gauge):
    """sum_g weight_g max_j |y_gj|. The prox caps the entries at a level (Moreau with the l1 ball)."""

    count: int
    dim: int
    weight: float | np.ndarray = 1.0

    def _of(self, xp, groups):
        return xp.max(xp.abs(groups), axis=1)

    def prox(self, v: Array, t: Array) -> Array:
        xp = namespace(v)
        groups = v.reshape(self.count, self.dim)
        size = xp.abs(groups)
        level = threshold(size, t * self.weight)
        level = xp.where(level > 0, level, xp.zeros_like(level))[:, None]
        return xp.where(size > level, xp.sign(groups) * level, groups).reshape(-1)

    def prox_jacobian(self, v: Array, t: Array):
        """Capped entries move together, by the mean of their moves away from 0; with a level of 0 none moves."""
        xp = namespace(v)
        groups = v.reshape(self.count, self.dim)
        size, step = xp.abs(groups), t * self.weight + xp.zeros_like(groups[:, 0])
        level = threshold(size, step)
        gone = (level <= 0) & (step > 0)
        capped = xp.where(size > level[:, None], xp.sign(groups), xp.zeros_like(groups))
        free = ones_where((capped == 0) & ~gone[:, None], groups)
        return low_rank(free, (ones_where(~gone, level), unit(capped)))


@dataclass(eq=False)
class Maximum(_Gauge):
    """sum_g weight_g max_j y_gj. The prox caps the entries at a level (Moreau with the simplex)."""

    count: int
    dim: int
    weight: float | np.ndarray = 1.0

    def _of(self, xp, groups):
        return xp.max(groups, axis=1)

    def prox(self, v: Array, t: Array) -> Array:
        xp = namespace(v)
        groups = v.reshape(self.count, self.dim)
        level = threshold(groups, t * self.weight)[:, None]
        return xp.where(groups > level, level + xp.zeros_like(groups), groups).reshape(-1)

    def prox_jacobian(self, v: Array, t: Array):
        """Capped entries move together, by the mean of their moves."""
        groups = v.reshape(self.count, self.dim)
        capped = ones_where(groups > threshold(groups, t * self.weight)[:, None], groups)
        return low_rank(1.0 - capped, (1.0, unit(capped)))


@dataclass(eq=False)
class SumLargest(_Gauge):
    """sum_g weight_g times the sum of the k largest entries of y_g; a fractional k takes that part of the next one.

    It is the support function of {0 <= u <= 1, sum u = k}, so the prox is v minus the projection onto that set,
    scaled by t weight (Moreau). 0 < k <= dim.
    """

    count: int
    dim: int
    k: float
    weight: float | np.ndarray = 1.0

    def __post_init__(self):
        if not 0 < self.k <= self.dim:
            raise ValueError(f"k must lie in (0, {self.dim}], got {self.k}.")

    def _of(self, xp, groups):
        whole = floor(self.k)
        ordered = -xp.sort(-groups, axis=1)
        total = xp.sum(ordered[:, :whole], axis=1)
        return total if whole == self.k else total + (self.k - whole) * ordered[:, whole]

    def _removed(self, groups: Array, t: Array) -> tuple[Array, Array]:
        """v - prox, in [0, t weight], and the upper end of that, both (count, dim)."""
        xp = namespace(groups)
        cap = t * self.weight
        limit = column(cap) + xp.zeros_like(groups)
        if self.k == self.dim:
            return limit, limit
        removed = groups - threshold(groups, self.k * cap, cap)[:, None]
        return xp.where(removed < limit, xp.where(removed > 0, removed, xp.zeros_like(groups)), limit), limit

    def prox(self, v: Array, t: Array) -> Array:
        groups = v.reshape(self.count, self.dim)
        return (groups - self._removed(groups, t)[0]).reshape(-1)

    def prox_jacobian(self, v: Array, t: Array):
        """Entries reduced in part move together, by the mean of their moves."""
        groups = v.reshape(self.count, self.dim)
        removed, limit = self._removed(groups, t)
        partly = ones_where((removed > 0) & (removed < limit), groups)
        return low_rank(1.0 - partly, (1.0, unit(partly)))
