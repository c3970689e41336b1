"""Sparse quasi-definite form, factorized as L D L' by qdldl, a large one by fronts:

    [ P + sigma + single rows   R'      ] [ x  ]   [ r1 + A_s' rho_s r2_s ]
    [ R                        -W^-1    ] [ nu ] = [ r2 (0 in fixed rows)  ],     z = r2 + nu / rho.

R: the sparse rows of A and F, W their penalties and fixed weights. The matrix is factorizable for every
positive sigma and W without pivoting (Vanderbei, SIAM J. Optim. 5, 1995).
"""

from __future__ import annotations

from dataclasses import replace
from importlib.util import find_spec
from typing import Any

import numpy as np
import qdldl
import scipy.sparse as sp

from admmopt.backend_api import LinearResult, System

from .pieces import Pieces, compact, take_apart
from .residual import relative_residual

ACCURATE = 1e-9  # relative residual of a trial solve above which every solve is refined
MOST_REFINEMENTS = 3
LARGE = 5e8  # products in a factorization above which it goes by fronts, where numba is installed
FASTER = 5.0  # of such a factorization than qdldl's, measured
HUGE = 1e100


class QuasiDefinite:
    form = "sparse LDL'"

    def __init__(self, system: System, pieces: Pieces, reason: str):
        self.system, self.pieces, self.reason = system, pieces, reason
        self.factorizations = self.solves = 0
        self.factor: Any = None
        self.rows = pieces.sparse
        self._assemble()
        self.update(rho=system.rho)

    def _assemble(self):
        """The upper triangle with a full diagonal, and where in its data the diagonal lies."""
        n, R = self.pieces.n, self.rows.matrix if self.rows is not None else sp.csr_array((0, self.pieces.n))
        k = R.shape[0]
        P = sp.csr_array((n, n)) if self.pieces.P is None else sp.csr_array(self.pieces.P)
        off, R = sp.coo_array(sp.triu(P, 1)), sp.coo_array(R)
        row = np.concatenate([off.row, R.col, np.arange(n + k)])
        col = np.concatenate([off.col, n + R.row, np.arange(n + k)])
        data = np.concatenate([off.data, R.data, np.ones(n + k)])
        order = np.lexsort((row, col))
        indptr = np.concatenate([[0], np.cumsum(np.bincount(col, minlength=n + k))])
        self.K = sp.csc_matrix((data[order], row[order], indptr), shape=(n + k, n + k))
        self.places = np.empty(order.size, dtype=int)
        self.places[order] = np.arange(order.size)
        self.places = self.places[off.nnz : off.nnz + R.nnz]  # of R's entries in K's data
        self.KT = sp.csr_matrix((self.K.data, self.K.indices, self.K.indptr), shape=self.K.shape, copy=False)
        self.diagonal = self.K.indptr[1:] - 1  # the last entry of a column of an upper triangle
        self.P_diagonal = P.diagonal()
        free = np.isnan(self.rows.weight) if self.rows is not None else np.zeros(0, dtype=bool)
        self.free = compact(np.flatnonzero(free))
        self.free_index = compact(self.rows.index[free]) if self.rows is not None else np.zeros(0, dtype=int)

    def update(self, *, rho, sigma=None, A=None):
        self.system = self.system.with_penalty(rho, sigma)
        if A is not None:
            self._replace(A)
        n = self.pieces.n
        scale = self.rows.scale(rho) if self.rows is not None else np.zeros(0)
        self.K.data[self.diagonal[:n]] = self.P_diagonal + self.pieces.shift(self.system)
        self.K.data[self.diagonal[n:]] = -inverse(scale)
        if self.factor is None:
            self._first_factor()
        else:
            self.factor.update(self.K, upper=True)
        self.inverse_rho, self.complete = inverse(rho), bool(np.all(rho))
        self.factorizations += 1
        self.refinements = self._needed_refinements()

    def _replace(self, A):
        """Other values of A in the same places."""
        self.system = replace(self.system, A=A)
        self.pieces = take_apart(self.system)
        self.rows = self.pieces.sparse
        if self.rows is not None:
            self.K.data[self.places] = self.rows.matrix.data  # and KT's, which are the same

    def _first_factor(self):
        """By qdldl, whose ordering and column counts say whether a factorization by fronts pays."""
        self.factor = qdldl.Solver(self.K, upper=True)
        L, _, permutation = self.factor.factors()
        counts = np.diff(L.indptr).astype(float)
        work = counts @ counts
        self.cost = float(work / (4.0 * counts.sum() + self.K.shape[0]))
        if work > LARGE and find_spec("numba") is not None:
            from .supernodal import Supernodal

            self.factor = Supernodal(self.K, permutation)
            self.cost /= FASTER

    def _needed_refinements(self) -> int:
        """How many steps of refinement a trial solve gains from: decided once per factorization."""
        self.refinements = 0
        trial = np.cos(np.arange(self.K.shape[0], dtype=float))
        error = np.linalg.norm(self._product(self.factor.solve(trial)) - trial)
        while error > ACCURATE * np.linalg.norm(trial) and self.refinements < MOST_REFINEMENTS:
            self.refinements += 1
            last, error = error, np.linalg.norm(self._product(self._invert(trial)) - trial)
            if not error < 0.5 * last:
                return self.refinements - 1
        return self.refinements

    def _product(self, u):
        product = self.K @ u
        product += self.KT @ u
        product -= self.K.data[self.diagonal] * u
        return product

    def solve(self, r1, r2, *, guess=None, tol=None):
        system, n, rho = self.system, self.pieces.n, self.system.rho
        rhs = np.zeros(self.K.shape[0])
        rhs[:n] = r1
        for rows in self.pieces.single:
            rows.add_adjoint(rho * r2, rhs[:n])
        rhs[n:][self.free] = r2[self.free_index]
        u = self._invert(rhs)
        x, z = u[:n], np.empty_like(r2)
        for rows in self.pieces.single:
            rows.forward(x, z)
        index = self.free_index
        if self.complete:
            z[index] = r2[index] + self.inverse_rho[index] * u[n:][self.free]
        elif self.rows is not None:
            z[index] = (self.rows.matrix @ x)[self.free]
        self.solves += 1
        return LinearResult(x, z, lambda: self._residual(system, x, r1, r2))

    def invert(self, rhs):
        """S^-1 rhs, S the system's matrix with the sparse rows eliminated; rhs: (n,)."""
        return self._invert(np.concatenate([rhs, np.zeros(self.K.shape[0] - self.pieces.n)]))[: self.pieces.n]

    def _invert(self, rhs):
        u = self.factor.solve(rhs)
        for _ in range(self.refinements):
            u += self.factor.solve(rhs - self._product(u))
        return u

    @staticmethod
    def _residual(system, x, r1, r2):
        return relative_residual(system, x, r1 + system.A.rmatvec(system.rho * r2))

    def report(self):
        return {
            "form": self.form,
            "reason": self.reason,
            "factorizations": self.factorizations,
            "solves": self.solves,
            "refinements": self.refinements,
            "direct": True,
            "rows": True,
            "update_cost": self.update_cost(),
        }

    def update_cost(self) -> float:
        """What `update` costs in solves: the sum of squared column counts of L over four times their sum, less where
        the factorization goes by fronts."""
        return self.cost


def inverse(weight: np.ndarray) -> np.ndarray:
    """1 / weight, a huge number where a weight is zero (such a row does not count). Not the hugest: small entries over
    it, as they stand in the factors, would be subnormal, and arithmetic with such numbers is ten times slower."""
    with np.errstate(divide="ignore"):
        return np.minimum(1.0 / weight, HUGE)
