"""What the front of the house hands to assembly: one piece per atom kept whole and per constraint."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np
import scipy.sparse as sp

from ..functions.base import Function
from ..operators import Operator, Sparse
from .affine import AffineMap, selection


@dataclass
class Piece:
    """function(map). For a constraint: its id, and how its dual value is read from y in the subdifferential."""

    function: Function
    map: AffineMap
    label: str
    constraint: int | None = None
    decode: Callable[[np.ndarray], object] | None = None


@dataclass
class Squares:
    """1/2 sum_i weight_i map_i^2."""

    map: AffineMap
    weight: np.ndarray
    label: str


@dataclass
class Quadratic:
    """1/2 e'P e with e = map; P symmetric positive semidefinite, dense or sparse."""

    map: AffineMap
    P: Any
    label: str


@dataclass
class Linear:
    """c'map: joins q and the constant."""

    map: AffineMap
    c: np.ndarray


def grouped(shape: tuple[int, ...], axis) -> tuple[np.ndarray, int, int]:
    """Entries of an array reduced along `axis`, group after group: (order, count, dim).

    The groups stand in the order of the atom's own entries (column by column).
    """
    size = int(np.prod(shape, dtype=int))
    if axis is None:
        return np.arange(size), 1, size
    axes = (axis,) if isinstance(axis, int) else tuple(axis)
    dim = int(np.prod([shape[a] for a in axes], dtype=int))
    numbered = np.moveaxis(np.arange(size).reshape(shape, order="F"), axes, range(len(shape) - len(axes), len(shape)))
    return numbered.reshape((size // max(dim, 1), dim), order="F").ravel(), size // max(dim, 1), dim


def rows_of(map: AffineMap, order: np.ndarray) -> AffineMap:
    """The map's entries in another order (or a part of them)."""
    if order.size == map.size and np.array_equal(order, np.arange(map.size)):
        return map
    return map.then(selection(order, map.size))


def interleave(maps: list[AffineMap], positions: list[np.ndarray]) -> AffineMap:
    """One map whose entry positions[k][i] is entry i of maps[k]."""
    size = sum(p.size for p in positions)
    placed = []
    for map, where in zip(maps, positions, strict=True):
        scatter = sp.csr_array((np.ones(where.size), (where, np.arange(where.size))), shape=(size, where.size))
        placed.append(map.then(Sparse(scatter)))
    return AffineMap.total(placed)


def svec_operator(shape: tuple[int, ...]) -> Operator:
    """Matrices (..., n, n), flattened column by column, to the svec of their symmetric part, one after the other."""
    n = shape[-1]
    numbered = np.arange(int(np.prod(shape, dtype=int))).reshape(shape, order="F").reshape((-1, n, n), order="F")
    columns, rows = np.triu_indices(n)  # (column, row) pairs of the lower triangle, column by column
    below, above = numbered[:, rows, columns].ravel(), numbered[:, columns, rows].ravel()
    weight = np.tile(np.where(rows == columns, 0.5, np.sqrt(0.5)), numbered.shape[0])
    entry = np.arange(below.size)
    matrix = sp.coo_array(
        (np.concatenate([weight, weight]), (np.concatenate([entry, entry]), np.concatenate([below, above]))),
        shape=(below.size, numbered.size),
    )
    return Sparse(matrix.tocsr())


def from_svec(y: np.ndarray, shape: tuple[int, ...]) -> np.ndarray:
    """The symmetric matrices (..., n, n) whose svecs are stacked in y."""
    n = shape[-1]
    columns, rows = np.triu_indices(n)
    entries = y.reshape(-1, rows.size) * np.where(rows == columns, 1.0, np.sqrt(0.5))
    matrices = np.zeros((entries.shape[0], n, n))
    matrices[:, rows, columns] = entries
    matrices[:, columns, rows] = entries
    return matrices.reshape(shape, order="F") if len(shape) > 2 else matrices[0]
