"""Elementwise functions on an interval."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from .base import Array, Function, namespace
from .calculus import scaled, tilt
from .piecewise import DOMAIN_TOLERANCE, PiecewiseQuadratic
from .piecewise_library import box
from .piecewise_pieces import check_bounds
from .wrapper import Wrapper


def clipped(f: Function, lower: Array, upper: Array) -> Function:
    """f plus the indicator of [lower, upper], numbers or (n,), possibly infinite; f elementwise and convex."""
    if isinstance(f, PiecewiseQuadratic):
        return f + box(lower, upper, f.count)
    if isinstance(f, Restricted):
        return Restricted(f.f, np.maximum(f.lower, lower), np.minimum(f.upper, upper))
    return Restricted(f, lower, upper)


@dataclass(eq=False)
class Restricted(Wrapper):
    """f plus the indicator of [lower, upper], for convex elementwise f: in one dimension the prox is the clip of f's.

    lower, upper: numbers or (n,), possibly infinite. Raises EmptyDomain where nothing of dom f is left.
    """

    f: Function
    lower: Array
    upper: Array

    def __post_init__(self):
        super().__post_init__()
        if self.dim != 1 or not self.convex:
            raise ValueError(f"only convex elementwise functions can be clipped, not {self.f.describe()}.")
        if isinstance(self.lower, float | int | list | np.ndarray):
            ends = zip((self.lower, self.upper), self.f.domain(), strict=True)
            (a, lo), (b, hi) = [(np.asarray(end, dtype=float), limit) for end, limit in ends]
            lower, upper = np.maximum(a, lo), np.minimum(b, hi)
            lower, upper = (np.array(np.broadcast_to(end, (self.count,))) for end in (lower, upper))
            self.lower, self.upper = check_bounds(lower, upper)

    def domain(self):
        return self.lower, self.upper

    @property
    def is_point(self) -> Array:
        """(n,) bool: the domain is a single point."""
        return self.lower == self.upper

    def _clip(self, y: Array) -> Array:
        xp = namespace(y)
        return xp.minimum(xp.maximum(y, self.lower), self.upper)

    def value(self, y: Array) -> float:
        z = self._clip(y)
        if bool((abs(y - z) > DOMAIN_TOLERANCE * (1 + abs(z))).any()):
            return float("inf")
        return self.f.value(z)

    def prox(self, v: Array, t: Array) -> Array:
        return self._clip(self.f.prox(v, t))

    def prox_jacobian(self, v: Array, t: Array):
        p = self.f.prox(v, t)
        jacobian = self.f.prox_jacobian(v, t)
        if jacobian is None:
            return None
        return namespace(v).where((p > self.lower) & (p < self.upper), jacobian, 0 * p)

    def domain_support(self, y: Array):
        xp = namespace(y)
        bound = xp.where(y > 0, self.upper, self.lower)
        finite = (abs(bound) < np.inf) & (y != 0)
        moved = xp.where(finite, y, 0 * y)
        return float((moved * xp.where(finite, bound, 0 * y)).sum()), moved

    def recession(self, d: Array):
        xp = namespace(d)
        allowed = ((d > 0) & (self.upper == np.inf)) | ((d < 0) & (self.lower == -np.inf))
        return self.f.recession(xp.where(allowed, d, 0 * d))

    def scaled(self, a: Array) -> Function:
        return Restricted(scaled(self.f, a), self.lower, self.upper)

    def tilt(self, c: Array) -> Function:
        return Restricted(tilt(self.f, c), self.lower, self.upper)
