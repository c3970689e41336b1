"""Functions of several vectors stacked, and of an orthogonal transform."""

from __future__ import annotations

from dataclasses import dataclass
from itertools import pairwise

import numpy as np

from ..operators import Operator
from .base import Array, Function, namespace
from .jacobian import Jacobian, Stacked


@dataclass(eq=False)
class SeparableSum(Function):
    """f(y) = sum_k f_k(y_k), y_k consecutive slices of y.

    Where all parts have groups of one size, so has the sum, and takes one step per group; otherwise it counts as a
    single group and takes one step for all.
    """

    parts: tuple[Function, ...]

    def __post_init__(self):
        self.parts = tuple(self.parts)
        if not self.parts:
            raise ValueError("a separable sum needs at least one function.")
        ends = np.cumsum([0] + [part.size for part in self.parts])
        self.slices = [slice(int(a), int(b)) for a, b in pairwise(ends)]
        dims = {part.dim for part in self.parts}
        self.even = len(dims) == 1
        self.dim = dims.pop() if self.even else int(ends[-1])
        self.count = sum(part.count for part in self.parts) if self.even else 1
        groups = np.cumsum([0] + [part.count for part in self.parts])
        self._groups = [slice(int(a), int(b)) for a, b in pairwise(groups)]
        self.convex = all(part.convex for part in self.parts)
        self.indicator = all(part.indicator for part in self.parts)
        self.cone = all(part.cone for part in self.parts)

    def describe(self) -> str:
        return " + ".join(part.describe() for part in self.parts)

    def _steps(self, t: Array):
        if isinstance(t, float | int):
            return [t] * len(self.parts)
        if self.even:
            return [t[groups] for groups in self._groups]
        return [float(t[0])] * len(self.parts)

    def value(self, y: Array) -> float:
        return sum(part.value(y[rows]) for part, rows in zip(self.parts, self.slices, strict=True))

    def prox(self, v: Array, t: Array) -> Array:
        pieces = zip(self.parts, self.slices, self._steps(t), strict=True)
        return namespace(v).concat([part.prox(v[rows], step) for part, rows, step in pieces])

    def prox_jacobian(self, v: Array, t: Array):
        pieces = zip(self.parts, self.slices, self._steps(t), strict=True)
        jacobians = [part.prox_jacobian(v[rows], step) for part, rows, step in pieces]
        if any(jacobian is None for jacobian in jacobians):
            return None
        if any(isinstance(jacobian, Jacobian) for jacobian in jacobians):
            return Stacked(jacobians, self.slices)
        return namespace(v).concat(jacobians)

    def domain_support(self, y: Array):
        return self._gather([part.domain_support(y[rows]) for part, rows in zip(self.parts, self.slices, strict=True)])

    def recession(self, d: Array):
        return self._gather([part.recession(d[rows]) for part, rows in zip(self.parts, self.slices, strict=True)])

    @staticmethod
    def _gather(answers):
        if any(answer is None for answer in answers):
            return None
        return sum(answer[0] for answer in answers), namespace(answers[0][1]).concat([answer[1] for answer in answers])


@dataclass(eq=False)
class SemiOrthogonal(Function):
    """y -> f(L y) with L L' = mu I, mu > 0: prox_t(v) = v + L'(prox_{mu t} f (L v) - L v) / mu.

    L: (f.size, n), an array or an operator; mu is measured, and ValueError raised where L L' is not a multiple of I.
    """

    f: Function
    L: Array | Operator

    def __post_init__(self):
        self.count, self.dim = 1, self.L.shape[1]
        self.convex, self.indicator, self.cone = self.f.convex, self.f.indicator, self.f.cone
        if self.L.shape[0] != self.f.size:
            raise ValueError(f"L has {self.L.shape[0]} rows, the function takes {self.f.size} entries.")
        probe = np.random.default_rng(0).standard_normal(self.f.size)
        if not isinstance(self.L, Operator | np.ndarray):
            probe = namespace(self.L).asarray(probe, device=self.L.device)
        image = self._forward(self._back(probe))
        self.mu = float((probe * image).sum() / (probe * probe).sum())
        if not self.mu > 0 or float(abs(image - self.mu * probe).max()) > 1e-9 * self.mu * float(abs(probe).max()):
            raise ValueError("L L' is not a positive multiple of the identity.")

    def _forward(self, y: Array) -> Array:
        return self.L @ y

    def _back(self, z: Array) -> Array:
        return self.L.rmatvec(z) if isinstance(self.L, Operator) else z @ self.L

    def value(self, y: Array) -> float:
        return self.f.value(self._forward(y))

    def prox(self, v: Array, t: Array) -> Array:
        step = self.mu * (t if isinstance(t, float | int) else float(t[0]))
        z = self._forward(v)
        return v + self._back(self.f.prox(z, step) - z) / self.mu

    def domain_support(self, y: Array):
        """Finite on the range of L' only: y' = L'w, w the nearest one at which the support of dom f is finite."""
        answer = self.f.domain_support(self._forward(y) / self.mu)
        return None if answer is None else (answer[0], self._back(answer[1]))

    def recession(self, d: Array):
        z = self._forward(d)
        answer = self.f.recession(z)
        return None if answer is None else (answer[0], d + self._back(answer[1] - z) / self.mu)
