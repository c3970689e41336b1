"""A backend like a crossbar without one: an error in the matrix that stays, and noise in every product."""

from __future__ import annotations

import numpy as np

from admmopt.operators import Operator, entries
from admmopt_cpu import Cpu


class Inexact(Cpu):
    """fixed: relative error of each entry, drawn once for each placed matrix; fresh: relative noise of each product."""

    name = "inexact"

    def __init__(self, fixed: float, fresh: float, seed: int = 0):
        self.fixed, self.fresh, self.seed = fixed, fresh, seed

    def __repr__(self) -> str:  # the name of a test: the same in every process
        return f"Inexact({self.fixed}, {self.fresh}, {self.seed})"

    def place(self, operator: Operator) -> Operator:
        return Disturbed(operator, self)


class Disturbed(Operator):
    def __init__(self, operator: Operator, backend: Inexact):
        self.shape, self.fresh = operator.shape, backend.fresh
        self.rng = np.random.default_rng(backend.seed)
        matrix = entries(operator, 10**6)
        matrix = matrix.toarray() if hasattr(matrix, "toarray") else matrix
        self.matrix = matrix * (1 + backend.fixed * self.rng.standard_normal(self.shape))

    def matvec(self, x):
        return self.noisy(self.matrix @ x)

    def rmatvec(self, y):
        return self.noisy(y @ self.matrix)

    def noisy(self, y):
        return y + self.fresh * np.linalg.norm(y) / np.sqrt(y.size) * self.rng.standard_normal(y.size)

    def squared(self):
        raise NotImplementedError

    @property
    def key(self):
        return ("disturbed", id(self))

    def report(self):
        return {"fixed": "of the matrix"}
