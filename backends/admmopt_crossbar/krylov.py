"""MVM mode: arrays multiply, a digital Krylov method solves (Le Gallo et al., Nature Electronics 1, 2018).

Generalized conjugate residuals on analog products, preconditioned by the diagonal, which is digital. The products are
wrong by a few percent, so the residual that the method sees is brought down to the size of that error only; what is
left is the outer refinement's, whose residuals are exact.
"""

from __future__ import annotations

import numpy as np
import scipy.sparse as sp

from .array import SAME, Bank
from .certificate import product_error
from .ledger import Ledger
from .refine import Refinement

STEPS = 30  # products at most for one approximate solve
LOOSEST, TIGHTEST = 0.3, 0.01  # relative residuals, as the arrays see them, at which it is good enough
ALONE = 1e-6  # the same where no refinement follows


class Krylov:
    """Approximate solves with M = diag(d) + O from analog products with O."""

    def __init__(self, off, d: np.ndarray, design, rng, ledger: Ledger, counter):
        """off: O, (N, N), dense or sparse; counter: numbers the arrays."""
        identity = next(counter)
        self.ledger, self.make = ledger, lambda o: Bank(o, design, rng, ledger, identity)
        self.apart, self.off = design.diagonal == "apart", None
        self.update(off, d)
        self.goal = float(np.clip(2.0 * product_error(off, d, design), TIGHTEST, LOOSEST)) if design.refine else ALONE

    def update(self, off, d: np.ndarray) -> None:
        """A new diagonal costs nothing, unless it is on the arrays too; a new O is written."""
        self.jacobi = np.maximum(np.abs(d), 1.0)  # a multiplier's small diagonal says nothing: O scaled gives it 1
        if not self.apart:
            off, d = sp.csr_array(off + sp.diags_array(d)), np.zeros_like(d)
        if self.off is None or abs(off - self.off).max() > SAME * abs(self.off).max():
            self.off, self.bank = off, self.make(off)
        self.d = d

    def solve(self, b: np.ndarray, rng: np.random.Generator, phase: str) -> np.ndarray:
        """About M^-1 b."""

        def product(u):
            return self.d * u + self.bank.product(u, rng, phase)

        steps = Refinement(product, None, b.size, b.size)
        u, r, target = np.zeros_like(b), b, self.goal * np.linalg.norm(b)
        for _ in range(STEPS):
            if np.linalg.norm(r) <= target:
                break
            u, r = steps.step(u, r, r / self.jacobi)
        self.ledger[phase].macs += steps.macs
        return u

    def parts(self):
        return [self.bank]
