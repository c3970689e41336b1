"""Exact zeros, exact bounds: where a function acts on an entry of x itself, x takes the value that its prox gave.

ADMM ends with two copies of such an entry, x_j and z_i, equal to within the tolerance. z_i is the one that a user
wants: it is exactly 0, exactly on its bound, exactly in its set. The residuals are measured anew at the moved point.
"""

from __future__ import annotations

import numpy as np

from ..operators import Diagonal, Identity, Operator, Sparse
from .residuals import Measured, measure
from .standard import Standard


def snap(standard: Standard, x: np.ndarray, z: np.ndarray, y: np.ndarray, measured: Measured, eps: float):
    """(x, measured) with entries moved; the point given where moving would cost accuracy that was reached."""
    moved = x.copy()
    order = np.argsort([_rank(function) for function in standard.functions], kind="stable")
    for i in order:
        columns = seen_entries(standard.A.blocks[i])
        if columns is not None:
            rows = standard.slices[i]
            moved[columns] = z[rows] - standard.b[rows]
    if np.array_equal(moved, x):
        return x, measured
    again = measure(standard, moved, z, y)
    if again.residuals.worst <= max(eps, measured.residuals.worst):
        return moved, again
    return x, measured


def _rank(function) -> int:
    """Where several functions see one entry, the last has its way: nonconvex sets, then elementwise functions."""
    return 2 if not function.convex else int(function.dim == 1)


def seen_entries(operator: Operator) -> np.ndarray | slice | None:
    """The entries of x that an operator hands on unchanged, one to each row; None for any other operator."""
    if isinstance(operator, Identity):
        return slice(None)
    if isinstance(operator, Diagonal) or not isinstance(operator, Sparse) or not operator.single_entry_rows:
        return None
    matrix = operator.matrix
    return matrix.indices if matrix.nnz == matrix.shape[0] and np.all(matrix.data == 1.0) else None
