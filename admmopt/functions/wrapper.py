"""What functions built on one other function share."""

from __future__ import annotations

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
