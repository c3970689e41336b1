"""A square over a linear function."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from .base import Array, Function, namespace
from .jacobian import low_rank, ones_where, unit
from .roots import bracketed_newton


@dataclass(eq=False)
class QuadOverLin(Function):
    """sum_g weight_g ||x_g||^2 / y_g over groups (x, y) of `dim` entries, y > 0 last; 0 at x = 0, y = 0.

    The perspective of the square. The prox shrinks x by y / (y + 2 s), s = t weight, with y the root of
    y - b = s ||a||^2 / (y + 2 s)^2 for v = (a, b), or is 0 where ||a||^2 <= -4 s b.
    """

    count: int
    dim: int
    weight: float | np.ndarray = 1.0

    def value(self, y: Array) -> float:
        """inf where y < 0, or y = 0 and x is not, within 1e-9 of the group's size."""
        xp = namespace(y)
        groups = y.reshape(self.count, self.dim)
        x, below = groups[:, :-1], groups[:, -1]
        square = xp.sum(x * x, axis=1)
        at_zero = below <= 0
        tolerance = 1e-9 * (1.0 + xp.max(xp.abs(groups)))
        if bool(xp.any(at_zero & ((below < -tolerance) | (xp.sqrt(square) > tolerance)))):
            return float("inf")
        ratio = square / xp.where(at_zero, xp.ones_like(below), below)
        return float(xp.sum(self.weight * xp.where(at_zero, xp.zeros_like(ratio), ratio)))

    def _solve(self, groups: Array, t: Array) -> tuple[Array, Array, Array]:
        """y of the prox, y + 2 s (1 where that is 0), and s, each (count,)."""
        xp = namespace(groups)
        a, b = groups[:, :-1], groups[:, -1]
        step = t * self.weight + xp.zeros_like(b)
        square = xp.sum(a * a, axis=1)
        gone = square <= -4.0 * step * b
        low = xp.where(b > 0, b, xp.zeros_like(b))
        high = low + (step * square) ** (1.0 / 3.0)
        y = bracketed_newton(_equation, low, high, low, (b, step, step * square))
        y = xp.where(gone, xp.zeros_like(y), y)
        bottom = y + 2.0 * step
        return y, xp.where(bottom > 0, bottom, xp.ones_like(bottom)), step

    def prox(self, v: Array, t: Array) -> Array:
        groups = v.reshape(self.count, self.dim)
        y, bottom, _ = self._solve(groups, t)
        return namespace(v).concat(((y / bottom)[:, None] * groups[:, :-1], y[:, None]), axis=1).reshape(-1)

    def prox_jacobian(self, v: Array, t: Array):
        """(I + s Hessian)^-1. With r = x/y = a/(y + 2 s) the Hessian is 2/y B B', B = (I; -r'): 0 along (r, 1), 2/y
        across r, and 2/y (1 + ||r||^2) along (r/||r||, -||r||)."""
        xp = namespace(v)
        groups = v.reshape(self.count, self.dim)
        y, bottom, step = self._solve(groups, t)
        r = groups[:, :-1] / bottom[:, None]
        size = xp.linalg.vector_norm(r, axis=1)
        across = y / bottom
        steep = y + 2.0 * step * (1.0 + size**2)
        steep = y / xp.where(steep > 0, steep, xp.ones_like(steep))
        inside = ones_where(y > 0, y)
        flat = unit(xp.concat((r, xp.ones_like(y)[:, None]), axis=1))
        bent = unit(xp.concat((unit(r), -size[:, None]), axis=1))
        return low_rank(across[:, None], (inside - across, flat), (steep - across, bent))

    def domain_support(self, y: Array) -> tuple[float, Array]:
        """The closure of the domain is the half-space y >= 0 of every group."""
        xp = namespace(y)
        groups = y.reshape(self.count, self.dim)
        last = groups[:, -1:]
        return 0.0, xp.concat((0.0 * groups[:, :-1], xp.where(last < 0, last, 0.0 * last)), axis=1).reshape(-1)

    def recession(self, d: Array) -> tuple[float, Array]:
        """Positively homogeneous, hence its own recession function; directions with y <= 0 become 0."""
        xp = namespace(d)
        groups = d.reshape(self.count, self.dim)
        groups = xp.where(groups[:, -1:] > 0, groups, xp.zeros_like(groups))
        return self.value(groups.reshape(-1)), groups.reshape(-1)


def _equation(y, b, step, push):
    bottom = y + 2.0 * step + 1e-300  # a step of zero leaves push = 0
    return (y - b) - push / bottom**2, 1.0 + 2.0 * push / bottom**3
