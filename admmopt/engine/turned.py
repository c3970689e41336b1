"""Rows of a term that are multiplied, group by group, with matrices that change, in one sparsity pattern."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import scipy.sparse as sp

from ..operators import Dense, Operator, Sparse

SMALL = 8  # order of a matrix of which there is one for every column rather than a product for every group
CROWDED = 0.2  # density above which rows are given as a dense matrix


class Turned:
    """The rows of one term, in groups of `dim`, each row with entries wherever one of its group has some; or, for upper
    triangular matrices, wherever one from it on has some.

    values: (dim, k), the entries of all groups side by side, column by column; group: (k,), to which each belongs.
    """

    def __init__(self, matrix: sp.csr_array, dim: int, triangular: bool = False):
        rows, n = matrix.shape
        row = np.repeat(np.arange(rows), np.diff(matrix.indptr))
        union, inverse = np.unique((row // dim).astype(np.int64) * n + matrix.indices, return_inverse=True)
        self.shape, self.group = matrix.shape, union // n
        self.full = union.size == n and rows == dim and not triangular
        self.values = np.zeros((dim, union.size))
        self.values[row % dim, inverse] = matrix.data
        if self.full:
            self.plain = self._with(self.values)
            return
        filled = np.ones(self.values.shape, dtype=bool)
        if triangular:
            filled[:] = False
            filled[row % dim, inverse] = True
            filled = np.logical_or.accumulate(filled[::-1])[::-1]
        within, place = np.nonzero(filled)
        row = self.group[place] * dim + within
        order = np.argsort(row, kind="stable")
        self.places = within[order], place[order]
        self.indices = (union % n)[self.places[1]]
        self.indptr = np.concatenate([[0], np.cumsum(np.bincount(row, minlength=rows))])
        self.crowded = row.size > CROWDED * rows * n
        self.flat = row[order] * n + self.indices
        self.plain = self._with(self.values)

    def by(self, transform: Callable[[np.ndarray, np.ndarray], np.ndarray]) -> Operator:
        """The rows with ``transform(group, values)`` in place of `values`."""
        return self._with(transform(self.group, self.values))

    def _with(self, values: np.ndarray) -> Operator:
        if self.full:
            return Dense(np.ascontiguousarray(values))
        data = values[self.places]
        if self.crowded:
            matrix = np.zeros(self.shape)
            matrix.ravel()[self.flat] = data
            return Dense(matrix)
        return Sparse(sp.csr_array((data, self.indices, self.indptr), shape=self.shape))


def each_by(matrices: np.ndarray) -> Callable[[np.ndarray, np.ndarray], np.ndarray]:
    """The transform that multiplies the rows of group g from the left with matrices[g]; matrices: (count, d, d)."""

    def transform(group, values):
        if matrices.shape[1] <= SMALL:
            return np.einsum("eij,je->ie", matrices[group], values)
        result, ends = np.empty_like(values), np.searchsorted(group, np.arange(matrices.shape[0] + 1))
        for matrix, start, end in zip(matrices, ends[:-1], ends[1:], strict=True):
            np.matmul(matrix, values[:, start:end], out=result[:, start:end])
        return result

    return transform
