"""An operator on arrays: what needs products only (power iteration, first-order methods) runs on it."""

from __future__ import annotations

import numpy as np
import scipy.sparse as sp

from admmopt.backend_api import BackendError
from admmopt.operators import Dense, Operator, Sparse, entries

from .array import Bank, check_bank, count_arrays
from .certificate import MOST_SLICES, product_error
from .ledger import Ledger
from .parts import WRITTEN_OUT
from .report import bill


class Placed(Operator):
    """A x and A'y from analog products, with their errors: `product_error` is the root mean square to expect, relative
    to ||A||_F ||x||_2 / sqrt(n). slices="auto": as few as bring what the cells do wrong below what the converters do.
    """

    def __init__(self, operator: Operator, design):
        """Programs the arrays. Raises BackendError where only products exist of a large operator, or arrays run out."""
        if not isinstance(operator, Operator):
            if np.iscomplexobj(operator.data if sp.issparse(operator) else operator):
                raise BackendError("arrays hold real matrices, and the matrix to place is complex.")
            operator = Sparse(operator) if sp.issparse(operator) else Dense(np.atleast_2d(operator))
        matrix = entries(operator, WRITTEN_OUT)
        if matrix is None:
            raise BackendError(f"the crossbar holds matrices, and of {operator.describe()} only products exist.")
        self.operator, self.shape, self.ledger = operator, operator.shape, Ledger()
        matrix = sp.csr_array(matrix)
        if not np.isfinite(matrix.data).all():
            raise BackendError("the matrix to place has an entry that is not finite.")
        self.design, self.product_error = sliced(matrix, design)
        check_bank(count_arrays(matrix, self.design), self.design)
        self.rng = np.random.default_rng([design.seed, 2])
        self.bank = Bank(matrix, self.design, np.random.default_rng([design.seed, 1]), self.ledger)

    def matvec(self, x):
        return self.bank.product(np.asarray(x, dtype=float), self.rng, "products")

    def rmatvec(self, y):
        return self.bank.product(np.asarray(y, dtype=float), self.rng, "products", transposed=True)

    def squared(self):
        return self.operator.squared()

    @property
    def key(self):
        return ("crossbar", id(self), self.operator.key)

    def describe(self):
        return f"{self.operator.describe()} on {self.bank.arrays} arrays"

    def report(self) -> dict:
        """Counts, energy and latency so far, as plain data; the keys are those of `report.bill`."""
        return {"counts": self.ledger.to_dict(), "arrays": self.bank.arrays, **bill(self.ledger, self.design)}


def sliced(matrix, design):
    """(the design with its number of slices, the error of a product)."""
    zero = np.zeros(0)
    if design.slices != "auto":
        return design, product_error(matrix, zero, design)
    converters = 0.5 * (design.dac.step + design.adc.step)
    for slices in range(1, MOST_SLICES + 1):
        chosen = design.with_slices(slices)
        error = product_error(matrix, zero, chosen)
        if error - converters <= converters:
            break
    return chosen, error
