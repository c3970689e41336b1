"""f(y[order]): a function of groups whose entries do not stand together, so that the operator keeps its structure."""

from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np

from .base import Array, Function
from .jacobian import Jacobian, Reordered


@dataclass(eq=False)
class Permuted(Function):
    """y -> f(y[order]), one group (a single step for all of f's). order: (size,) a permutation."""

    f: Function
    order: np.ndarray
    inverse: np.ndarray = field(init=False)
    count: int = field(init=False, default=1)
    dim: int = field(init=False)

    def __post_init__(self):
        self.dim = self.f.size
        self.convex, self.indicator, self.cone = self.f.convex, self.f.indicator, self.f.cone
        self.inverse = self.order.argsort()

    def value(self, y: Array) -> float:
        return self.f.value(y[self.order])

    def prox(self, v: Array, t: Array) -> Array:
        return self.f.prox(v[self.order], self._step(t))[self.inverse]

    def prox_jacobian(self, v: Array, t: Array):
        jacobian = self.f.prox_jacobian(v[self.order], self._step(t))
        if jacobian is None:
            return None
        return (
            Reordered(jacobian, self.order, self.inverse) if isinstance(jacobian, Jacobian) else jacobian[self.inverse]
        )

    @staticmethod
    def _step(t: Array) -> float:
        return t if isinstance(t, float | int) else float(t[0])

    def domain_support(self, y: Array):
        return self._back(self.f.domain_support(y[self.order]))

    def recession(self, d: Array):
        return self._back(self.f.recession(d[self.order]))

    def _back(self, found):
        return None if found is None else (found[0], found[1][self.inverse])

    def describe(self) -> str:
        return f"{self.f.describe()}, permuted"
