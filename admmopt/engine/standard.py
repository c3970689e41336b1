"""A split problem in the arrays that the loop works on: 1/2 x'Px + q'x + sum_i f_i((A x + b)_i)."""

from __future__ import annotations

import numpy as np

from ..operators import Operator, Stack
from .problem import SplitProblem


class Standard:
    """P, F, weight, A as a `System` wants them; q (n,) with the least-squares targets folded in; b (m,) all offsets.

    With F the least-squares rows, 1/2 |F x - g|_w^2 = 1/2 x'F'WFx - (F'Wg)'x + constant.
    """

    def __init__(self, split: SplitProblem):
        self.split, self.n = split, split.n
        self.A = split.A
        self.m = self.A.shape[0]
        self.slices = self.A.slices
        self.functions = [term.function for term in split.terms]
        self.cones = [rows for f, rows in zip(self.functions, self.slices, strict=True) if f.cone]
        self.b = np.concatenate([term.offset for term in split.terms]) if split.terms else np.zeros(0)
        self.b = np.asarray(self.b, dtype=float)
        self.P: Operator | None = split.P
        self.q = np.array(split.q, dtype=float)
        self.F: Operator | None = None
        self.weight = np.zeros(0)
        self.constant = split.constant
        if split.squares:
            operators = [square.operator for square in split.squares]
            self.F = operators[0] if len(operators) == 1 else Stack(operators, self.n)
            self.weight = np.concatenate(
                [np.broadcast_to(np.asarray(s.weight, dtype=float), s.operator.shape[:1]) for s in split.squares]
            )
            target = np.concatenate([np.asarray(s.target, dtype=float).ravel() for s in split.squares])
            self.q -= self.F.rmatvec(self.weight * target)
            self.constant += 0.5 * float(target @ (self.weight * target))
        self._check()

    def _check(self):
        for term, rows in zip(self.split.terms, self.slices, strict=True):
            if term.function.size != rows.stop - rows.start:
                raise ValueError(
                    f"term {term.label or term.function.describe()!r}: the function takes {term.function.size} "
                    f"entries, its operator has {rows.stop - rows.start} rows."
                )
        for name, array in (("q", self.q), ("an offset", self.b), ("a least-squares weight", self.weight)):
            if not np.all(np.isfinite(array)):
                raise ValueError(f"{name} of the split problem holds NaN or infinite entries.")

    def quadratic(self, x):
        """(P + F'WF) x, and x'(P + F'WF)x with fewer roundings than the inner product of the two."""
        product, value = np.zeros(self.n), 0.0
        if self.P is not None:
            Px = self.P.matvec(x)
            product, value = Px, float(x @ Px)
        if self.F is not None:
            Fx = self.F.matvec(x)
            product = product + self.F.rmatvec(self.weight * Fx)
            value += float(Fx @ (self.weight * Fx))
        return product, value

    def by_term(self, stacked: np.ndarray) -> list[np.ndarray]:
        return [stacked[rows] for rows in self.slices]
