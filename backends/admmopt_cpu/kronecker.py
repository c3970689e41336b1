"""I_k kron S: a matrix variable with k columns that the system treats alike. One small system is factorized and solved
for k right-hand sides at once (multivariate regression, multiclass classification)."""

from __future__ import annotations

import numpy as np

from admmopt.backend_api import System
from admmopt.operators import Diagonal, LeftProduct, Stack

from .cg import ConjugateGradient
from .pieces import Pieces, row_blocks
from .reduced import Reduced


class Kronecker(Reduced):
    form = "Kronecker"
    replaceable = False

    def __init__(self, system: System, pieces: Pieces, reason: str, choose):
        self.k = repeated(system)
        self.choose = choose  # the one-column system is prepared like any other
        self.small = None
        super().__init__(system, pieces, reason)
        self.form = f"Kronecker, {self.k} x {self.small.form}" if self.small is not None else self.form

    def factorize(self):
        one = one_column(self.system, self.pieces, self.k)
        if one is None:
            self.small = ConjugateGradient(self.system, self.pieces, "the columns have different penalties")
        elif self.small is None:
            self.small = self.choose(one)
        else:
            self.small.update(rho=one.rho, sigma=one.sigma)

    def invert(self, rhs):
        if isinstance(self.small, ConjugateGradient):
            return self.small.solve(rhs, np.zeros(self.pieces.m)).x
        return self.small.invert(rhs.reshape(-1, self.k, order="F")).ravel(order="F")

    def update_cost(self):
        return 1.0 if isinstance(self.small, ConjugateGradient) else self.small.update_cost() / self.k


def repeated(system: System) -> int:
    """k where every row that is not a single entry belongs to I_k kron a matrix and P is diagonal, else 1."""
    if system.P is not None and not isinstance(system.P, Diagonal):
        return 1
    coupling = [block for block, _, _ in row_blocks(system) if not block.single_entry_rows]
    ks = {block.k if isinstance(block, LeftProduct) else 1 for block in coupling}
    return ks.pop() if len(ks) == 1 else 1


def one_column(system: System, pieces: Pieces, k: int) -> System | None:
    """The system of a single column, all that is diagonal put into its sigma; None where the columns differ."""
    sigma = _first_copy(pieces.shift(system), k)
    rows, rho, fixed, weight = [], [], [], []
    for block, index, block_weight in row_blocks(system):
        if not isinstance(block, LeftProduct):
            continue
        if block_weight is None:
            rows.append(block.factor)
            rho.append(_first_copy(system.rho[index], k))
        else:
            fixed.append(block.factor)
            weight.append(_first_copy(block_weight, k))
    if sigma is None or any(part is None for part in (*rho, *weight)):
        return None
    n = sigma.size
    F = Stack(fixed, n) if fixed else None
    return System(None, F, np.concatenate([*weight, []]), Stack(rows, n), sigma, np.concatenate([*rho, []]))


def _first_copy(v: np.ndarray, k: int) -> np.ndarray | None:
    copies = v.reshape(k, -1)
    return copies[0] if np.all(np.ptp(copies, axis=0) <= 1e-12 * np.abs(copies[0])) else None
