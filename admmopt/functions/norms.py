"""Norms of groups, and the other support functions that come from sorting: maximum and sum of the largest entries."""

from __future__ import annotations

from dataclasses import dataclass
from math import floor

import numpy as np

from .base import Array, Function, column, namespace
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

    def prox(self, v: Array, t: Array) -> Array:
        xp = namespace(v)
        groups = v.reshape(self.count, self.dim)
        norm = xp.linalg.vector_norm(groups, axis=1)
        step = t * self.weight
        kept = norm > step
        scale = xp.where(kept, 1.0 - step / xp.where(kept, norm, xp.ones_like(norm)), xp.zeros_like(norm))
        return (scale[:, None] * groups).reshape(-1)


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

    def prox(self, v: Array, t: Array) -> Array:
        xp = namespace(v)
        groups = v.reshape(self.count, self.dim)
        cap = t * self.weight
        if self.k == self.dim:
            return (groups - column(cap)).reshape(-1)
        removed = groups - threshold(groups, self.k * cap, cap)[:, None]
        limit = column(cap) + xp.zeros_like(groups)
        removed = xp.where(removed < limit, xp.where(removed > 0, removed, xp.zeros_like(groups)), limit)
        return (groups - removed).reshape(-1)
