"""Sparse quasi-definite form, factorized as L D L' by qdldl:

    [ P + sigma + single rows   R'      ] [ x  ]   [ r1 + A_s' rho_s r2_s ]
    [ R                        -W^-1    ] [ nu ] = [ r2 (0 in fixed rows)  ],     z = r2 + nu / rho.

R: the sparse rows of A and F, W their penalties and fixed weights. The matrix is factorizable for every
positive sigma and W without pivoting (Vanderbei, SIAM J. Optim. 5, 1995).
"""

from __future__ import annotations

import numpy as np
import qdldl
import scipy.sparse as sp

from admmopt.backend_api import LinearResult, System

from .pieces import Pieces
from .reduced import relative_residual


class QuasiDefinite:
    form = "sparse LDL'"

    def __init__(self, system: System, pieces: Pieces, reason: str):
        self.system, self.pieces, self.reason = system, pieces, reason
        self.factorizations = self.solves = 0
        self.factor = None
        self.rows = pieces.sparse
        self._assemble()
        self.update(rho=system.rho)

    def _assemble(self):
        """The upper triangle with a full diagonal, and where in its data the diagonal lies."""
        n, R = self.pieces.n, self.rows.matrix if self.rows is not None else sp.csr_array((0, self.pieces.n))
        k = R.shape[0]
        P = sp.csr_array((n, n)) if self.pieces.P is None else sp.csr_array(self.pieces.P)
        upper = sp.block_array([[sp.triu(P, 1), R.T], [None, sp.csr_array((k, k))]], format="coo")
        row = np.concatenate([upper.row, np.arange(n + k)])
        col = np.concatenate([upper.col, np.arange(n + k)])
        data = np.concatenate([upper.data, np.ones(n + k)])
        self.K = sp.csc_matrix((data, (row, col)), shape=(n + k, n + k))
        self.K.sort_indices()
        self.diagonal = self.K.indptr[1:] - 1  # the last entry of a column of an upper triangle
        self.P_diagonal = P.diagonal()
        free = np.isnan(self.rows.weight) if self.rows is not None else np.zeros(0, dtype=bool)
        self.free = np.flatnonzero(free)
        self.free_index = self.rows.index[free] if self.rows is not None else np.zeros(0, dtype=int)
        self.all_free = self.free.size == k

    def update(self, *, rho, sigma=None):
        self.system = self.system.with_penalty(rho, sigma)
        n = self.pieces.n
        scale = self.rows.scale(rho) if self.rows is not None else np.zeros(0)
        self.K.data[self.diagonal[:n]] = self.P_diagonal + self.pieces.shift(self.system)
        with np.errstate(divide="ignore"):
            self.K.data[self.diagonal[n:]] = -np.minimum(1.0 / scale, 1e300)
        if self.factor is None:
            self.factor = qdldl.Solver(self.K, upper=True)
        else:
            self.factor.update(self.K, upper=True)
        self.inverse_rho = 1.0 / rho
        self.factorizations += 1
        self.refine = self._poor()

    def _poor(self) -> bool:
        """Does a trial solve miss what refinement would reach? Decided once per factorization."""
        trial = np.cos(np.arange(self.K.shape[0], dtype=float))
        error = np.linalg.norm(self._product(self.factor.solve(trial)) - trial)
        return bool(error > 1e-9 * np.linalg.norm(trial))

    def _product(self, u):
        return self.K @ u + self.K.T @ u - self.K.data[self.diagonal] * u

    def solve(self, r1, r2, *, guess=None, tol=None):
        system, n = self.system, self.pieces.n
        rhs = np.zeros(self.K.shape[0])
        rhs[:n] = r1
        for rows in self.pieces.single:
            if rows.identity is not None:
                rhs[:n] += system.rho[rows.identity] * r2[rows.identity]
            else:
                weights = rows.coefficient * system.rho[rows.index] * r2[rows.index]
                rhs[:n] += np.bincount(rows.column, weights=weights, minlength=n)
        rhs[n:][self.free] = r2[self.free_index]
        u = self.factor.solve(rhs)
        if self.refine:
            u = u + self.factor.solve(rhs - self._product(u))
        x, z = u[:n], np.empty_like(r2)
        for rows in self.pieces.single:
            if rows.identity is not None:
                z[rows.identity] = x
            else:
                z[rows.index] = rows.coefficient * x[rows.column]
        index = self.free_index
        z[index] = r2[index] + self.inverse_rho[index] * u[n:][self.free]
        self.solves += 1
        return LinearResult(x, z, lambda: self._residual(system, x, r1, r2))

    @staticmethod
    def _residual(system, x, r1, r2):
        return relative_residual(system, x, r1 + system.A.rmatvec(system.rho * r2))

    def report(self):
        return {
            "form": self.form,
            "reason": self.reason,
            "factorizations": self.factorizations,
            "solves": self.solves,
            "refined": self.refine,
        }
