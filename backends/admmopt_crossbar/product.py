"""Operators on arrays: products only (power iteration, first-order methods)."""

from __future__ import annotations

import numpy as np

from admmopt.operators import Operator, entries

from .array import Bank
from .forms import WRITTEN_OUT
from .ledger import Ledger


class Placed(Operator):
    def __init__(self, operator: Operator, design):
        self.operator, self.shape = operator, operator.shape
        self.ledger = Ledger()
        self.rng = np.random.default_rng([design.seed, 2])
        if design.slices == "auto":
            design = design.with_slices(1)
        self.bank = Bank(entries(operator, WRITTEN_OUT), design, np.random.default_rng([design.seed, 1]), self.ledger)

    def matvec(self, x):
        return self.bank.product(x, self.rng, "products")

    def rmatvec(self, y):
        return self.bank.product(y, self.rng, "products", transposed=True)

    def squared(self):
        return self.operator.squared()

    @property
    def key(self):
        return ("placed", id(self), self.operator.key)


def accuracy(design) -> float:
    return 0.5
