"""What functions built on one other function share."""

from __future__ import annotations

import numpy as np

from .base import Array, Function, namespace


class Wrapper(Function):
    """A function with the groups of another one, `f`."""

    f: Function

    def __post_init__(self):
        self.count, self.dim = self.f.count, self.f.dim
        self.convex = self.f.convex

    def describe(self) -> str:
        return f"{type(self).__name__}({self.f.describe()})"

    def _each(self, per_group: Array) -> Array:
        """One number per group (or one for all), in a shape that multiplies a flat vector."""
        if isinstance(per_group, float | int) or self.dim == 1:
            return per_group
        return namespace(per_group).repeat(per_group, self.dim)

    def domain(self):
        return self.f.domain()


def map_first(answer, change):
    return None if answer is None else (change(answer[0]), answer[1])


def map_second(answer, change):
    return None if answer is None else (answer[0], change(answer[1]))


def times_scale(jacobian, scale):
    """J times a scale that is constant on its blocks; J a diagonal (n,) or an operator."""
    if getattr(jacobian, "ndim", 0) == 1:
        return scale * jacobian
    from ..operators import Diagonal, compose

    scale = np.broadcast_to(np.asarray(scale, dtype=float), (jacobian.shape[0],))
    return compose(Diagonal(np.array(scale)), jacobian)


def one_minus(jacobian, v):
    """I - J; J a diagonal (n,) or an operator."""
    if getattr(jacobian, "ndim", 0) == 1:
        return 1 - jacobian
    from ..operators import Diagonal, Identity, add, compose

    n = jacobian.shape[0]
    return add([Identity(n), compose(Diagonal(np.full(n, -1.0)), jacobian)])
