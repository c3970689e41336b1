"""The cone of positive semidefinite matrices, and the vectorization `svec` of symmetric ones."""

from __future__ import annotations

from dataclasses import dataclass, field
from functools import lru_cache
from math import sqrt

import numpy as np

from .base import Array, namespace
from .cones import Cone


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


@dataclass(eq=False)
class PSDCone(Cone):
    """Symmetric positive semidefinite matrices of the given order, in `svec` form; `count` of them.
    The projection sets negative eigenvalues to zero."""

    count: int
    order: int
    dim: int = field(init=False)

    def __post_init__(self):
        self.dim = svec_size(self.order)

    def project(self, v: Array) -> Array:
        xp = namespace(v)
        eigenvalues, vectors = xp.linalg.eigh(smat(v.reshape(self.count, self.dim), self.order))
        kept = xp.where(eigenvalues > 0, eigenvalues, xp.zeros_like(eigenvalues))
        return svec((vectors * kept[:, None, :]) @ vectors.mT).reshape(-1)

    def describe(self) -> str:
        return f"PSDCone({self.count} of order {self.order})"
