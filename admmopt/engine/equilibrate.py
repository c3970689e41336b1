"""Equilibration without scaled copies.

ADMM on the scaled problem (x = D xs, rows times E) is ADMM on the original one with penalties rho_i = rho e_i^2 and
sigma_j = sigma / d_j^2. So only d and e are computed here, by Ruiz passes on [P A'; A 0] (Ruiz 2001, as in OSQP), e
constant within each group of a function; every matrix, residual and certificate stays in the user's own units.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import scipy.sparse as sp

from ..operators import LeftProduct, Sparse, Stack
from .standard import Standard

PASSES = 10
FEW = 500_000  # entries up to which all passes are made, and dense blocks are looked at entry by entry
SMALL, LARGE = 1e-4, 1e4  # norms below are left alone, norms above are cut: OSQP's limits


@dataclass(frozen=True)
class Scaling:
    """d: (n,), e: (m,), cost: the factor that brings the objective to unit size."""

    d: np.ndarray
    e: np.ndarray
    cost: float


def equilibrate(standard: Standard) -> Scaling:
    norms = _maximum_norms(standard) or _mean_square_norms(standard)
    d, e = np.ones(standard.n), np.ones(standard.m)
    groups = _group_averages(standard)
    for _ in range(norms.passes):
        columns, rows = norms(d, e)
        d = groups.columns(d / np.sqrt(_limited(columns)))
        e = groups.rows(e / np.sqrt(_limited(rows)))
    P_norms = norms.quadratic(d)
    size = max(float(P_norms.mean()) if standard.n else 0.0, _largest(d * standard.q))
    return Scaling(d, e, 1.0 / (size if size > SMALL else 1.0))


def _limited(norms):
    return np.where(norms < SMALL, 1.0, np.minimum(norms, LARGE))


def _largest(v):
    return float(np.abs(v).max()) if v.size else 0.0


class _maximum:
    """Infinity norms of the columns of [P A'; A 0] scaled by (d, e), from the entries."""

    def __init__(self, P, A, least_squares):
        self.passes = _passes(A.nnz)
        self.P, self.A, self.AT, self.diagonal = P, A, A.T.tocsr(), least_squares

    def quadratic(self, d):
        norms = d**2 * self.diagonal
        return norms if self.P is None else np.maximum(norms, d * _row_maximum(self.P, d))

    def __call__(self, d, e):
        return np.maximum(self.quadratic(d), d * _row_maximum(self.AT, e)), e * _row_maximum(self.A, d)


class _mean_square:
    """Root mean squares over the entries of the same columns, from products with the squared entries: any structure.

    The mean, not the sum: rows and columns of different lengths could not all reach one Euclidean norm.
    """

    def __init__(self, P, A, least_squares, passes):
        self.P, self.A, self.diagonal, self.passes = P, A, least_squares, passes
        self.per_row = [max(block.nnz / max(block.shape[0], 1), 1.0) for block in A.blocks]
        self.per_column = [max(block.nnz / max(block.shape[1], 1), 1.0) for block in A.blocks]

    def quadratic(self, d):
        norms = (d**2 * self.diagonal) ** 2
        if self.P is not None:
            norms = np.maximum(norms, d**2 * self.P.matvec(d**2) / max(self.P.nnz / d.size, 1.0))
        return np.sqrt(norms)

    def __call__(self, d, e):
        columns, rows = self.quadratic(d) ** 2, np.empty(e.size)
        blocks = zip(self.A.blocks, self.A.slices, self.per_row, self.per_column, strict=True)
        for block, place, per_row, per_column in blocks:
            columns = np.maximum(columns, d**2 * block.rmatvec(e[place] ** 2) / per_column)
            rows[place] = e[place] * np.sqrt(block.matvec(d**2) / per_row)
        return np.sqrt(columns), rows


def _maximum_norms(standard: Standard):
    """The norms for a problem whose entries are all known and few enough, else None."""
    operators = [*standard.A.blocks] + [op for op in (standard.P,) if op is not None]
    if sum(operator.nnz for operator in operators if not isinstance(operator, Sparse)) > FEW:
        return None
    entries = [operator.entries() for operator in operators]
    if any(matrix is None for matrix in entries):
        return None
    entries = [abs(sp.csr_array(matrix)) for matrix in entries]
    blocks = entries[: len(standard.A.blocks)]
    A = sp.csr_array(sp.vstack(blocks, format="csr")) if blocks else sp.csr_array((0, standard.n))
    P = None if standard.P is None else entries[-1]
    return _maximum(P, A, _least_squares_diagonal(standard))


def _mean_square_norms(standard: Standard):
    P = None if standard.P is None else standard.P.squared()
    return _mean_square(P, standard.A.squared(), _least_squares_diagonal(standard), _passes(standard.A.nnz))


def _passes(nnz: int) -> int:
    return PASSES if nnz < FEW else 3


def _least_squares_diagonal(standard: Standard):
    """diag(F'WF): what the least-squares rows add to P, without multiplying them out."""
    return np.zeros(standard.n) if standard.F is None else standard.F.squared().rmatvec(standard.weight)


def _row_maximum(matrix: sp.csr_array, scale: np.ndarray) -> np.ndarray:
    """max_j |a_ij| scale_j for each row i of a nonnegative CSR matrix."""
    values = matrix.data * scale[matrix.indices]
    filled = np.diff(matrix.indptr) > 0
    result = np.zeros(matrix.shape[0])
    if values.size:
        result[filled] = np.maximum.reduceat(values, matrix.indptr[:-1][filled])
    return result


class _group_averages:
    """Geometric means of e over each group of a function and, for products with a matrix variable of k columns, of d
    and e over the k copies (so that one small factorization serves all columns)."""

    def __init__(self, standard: Standard):
        self.groups = [
            (rows, function.count, function.dim)
            for rows, function in zip(standard.slices, standard.functions, strict=True)
            if function.dim > 1
        ]
        k = copies(standard)
        self.copies = k
        self.copied = [
            rows
            for rows, block in zip(standard.slices, standard.A.blocks, strict=True)
            if k > 1 and isinstance(block, LeftProduct)
        ]

    def columns(self, d):
        return _mean_over_copies(d, self.copies) if self.copies > 1 else d

    def rows(self, e):
        for rows, count, dim in self.groups:
            mean = np.exp(np.log(e[rows]).reshape(count, dim).mean(axis=1))
            e[rows] = np.repeat(mean, dim)
        for rows in self.copied:
            e[rows] = _mean_over_copies(e[rows], self.copies)
        return e


def _mean_over_copies(v, k):
    return np.tile(np.exp(np.log(v).reshape(k, -1).mean(axis=0)), k)


def copies(standard: Standard) -> int:
    """k where every operator but single-entry ones is I_k kron a matrix, else 1."""
    operators = [*standard.A.blocks]
    if standard.F is not None:
        operators += standard.F.blocks if isinstance(standard.F, Stack) else [standard.F]
    operators += [standard.P] if standard.P is not None else []
    ks = {op.k if isinstance(op, LeftProduct) else 1 for op in operators if not op.single_entry_rows}
    return ks.pop() if len(ks) == 1 else 1
