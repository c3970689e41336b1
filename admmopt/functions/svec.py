"""The vectorization `svec` of symmetric matrices."""

from __future__ import annotations

from functools import lru_cache
from math import sqrt

import numpy as np

from .base import Array, namespace


def svec_size(order: int) -> int:
    """Entries of the lower triangle of a symmetric matrix: order (order + 1) / 2."""
    return order * (order + 1) // 2


@lru_cache(maxsize=64)
def svec_pattern(order: int) -> tuple[np.ndarray, np.ndarray]:
    """(rows, cols) of the lower triangle stacked column by column: the order of the entries of `svec`."""
    cols, rows = np.triu_indices(order)
    return rows, cols


@lru_cache(maxsize=64)
def _tables(order: int, xp, device):
    """Gather tables on the array's device: matrix -> svec, svec -> matrix, and the two scalings."""
    rows, cols = svec_pattern(order)
    position = np.zeros((order, order), dtype=np.int64)
    position[rows, cols] = position[cols, rows] = np.arange(rows.size)
    scale = np.where(rows == cols, 1.0, sqrt(2.0))
    arrays = (rows * order + cols, position.reshape(-1), scale, (1.0 / scale)[position.reshape(-1)])
    return tuple(xp.asarray(array, device=device) for array in arrays)


def svec(matrices: Array) -> Array:
    """Symmetric matrices (count, order, order) as (count, order (order + 1) / 2): lower triangle, column by column,
    off-diagonal entries times sqrt(2), so that <svec A, svec B> = trace(A B). Only the lower triangle is read."""
    count, order, _ = matrices.shape
    gather, _, scale, _ = _tables(order, namespace(matrices), matrices.device)
    return matrices.reshape(count, order * order)[:, gather] * scale


def smat(y: Array, order: int) -> Array:
    """The inverse of `svec`: y (count, order (order + 1) / 2) as symmetric matrices (count, order, order)."""
    _, spread, _, scale = _tables(order, namespace(y), y.device)
    return (y[:, spread] * scale).reshape(y.shape[0], order, order)
