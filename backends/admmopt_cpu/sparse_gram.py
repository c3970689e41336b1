"""R' diag(weight) R of a sparse R as a dense array: outer products of its rows, added up in place. Compiled by numba,
which is an extra of this package.
"""

from __future__ import annotations

import numba
import numpy as np

CACHE = 128_000  # entries of the result that are worked on at once


def outer_products(matrix, weight: np.ndarray) -> np.ndarray:
    """matrix: CSR, (m, k); weight: (m,). Returns (k, k)."""
    matrix = matrix if matrix.has_sorted_indices else matrix.sorted_indices()
    k = matrix.shape[1]
    lower = _lower(matrix.indptr, matrix.indices, matrix.data, weight, k, max(CACHE // max(k, 1), 1))
    return lower + np.tril(lower, -1).T


@numba.njit(cache=True)
def _lower(indptr, indices, data, weight, k, strip):
    """The lower triangle, `strip` of its rows after the others."""
    total, start = np.zeros((k, k)), indptr[:-1].copy()
    for first in range(0, k, strip):
        for i in range(weight.size):
            p = start[i]
            while p < indptr[i + 1] and indices[p] < first + strip:
                row, value = total[indices[p]], weight[i] * data[p]
                for q in range(indptr[i], p + 1):
                    row[indices[q]] += value * data[q]
                p += 1
            start[i] = p
    return total
