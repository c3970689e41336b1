"""A system taken apart by what it costs: rows with one entry, sparse rows, dense rows, implicit rows."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import scipy.sparse as sp

from admmopt.backend_api import System
from admmopt.operators import Diagonal, Operator


@dataclass(frozen=True)
class Rows:
    """Some rows of the system: `matrix` (k, n), `index` their places among all rows, `weight` (k,) that of a fixed
    row; a row of a term has weight NaN here, since its weight is the penalty rho[index]."""

    matrix: np.ndarray | sp.csr_array
    index: np.ndarray
    weight: np.ndarray

    def scale(self, rho: np.ndarray) -> np.ndarray:
        """The weight of each row under the penalties `rho` (m,)."""
        free = np.isnan(self.weight)
        scale = self.weight.copy()
        scale[free] = rho[self.index[free]]
        return scale


@dataclass(frozen=True)
class SingleRows:
    """Rows of terms and fixed rows with at most one entry: coefficient * x[column]; only ever a diagonal."""

    index: np.ndarray
    column: np.ndarray
    coefficient: np.ndarray
    identity: slice | None  # the rows, where they are exactly x itself


@dataclass(frozen=True)
class Pieces:
    """All of a system: P as a diagonal or a matrix, and its rows by kind. `diagonal` (n,) is P's diagonal part plus
    that of fixed single-entry rows: it never changes."""

    n: int
    m: int
    diagonal: np.ndarray
    P: np.ndarray | sp.csr_array | None
    single: list[SingleRows]
    sparse: Rows | None
    dense: Rows | None
    implicit: list[Operator]

    def shift(self, system: System) -> np.ndarray:
        """The diagonal part of the system's matrix under its present penalties: (n,)."""
        total = self.diagonal + system.sigma
        for rows in self.single:
            if rows.identity is not None:
                total += system.rho[rows.identity]
            else:
                weights = system.rho[rows.index] * rows.coefficient**2
                total += np.bincount(rows.column, weights=weights, minlength=self.n)
        return total


def take_apart(system: System) -> Pieces:
    """Sort the rows of `system` by structure. Rows of A come first, fixed rows F after them."""
    n = system.A.shape[1]
    diagonal, P, implicit = _quadratic(system.P, n)
    single: list[SingleRows] = []
    sparse: list[Rows] = []
    dense: list[Rows] = []
    blocks = [(block, rows.start, None) for block, rows in zip(system.A.blocks, system.A.slices, strict=True)]
    if system.F is not None:
        parts = getattr(system.F, "blocks", None) if hasattr(system.F, "slices") else None
        starts = [rows.start for rows in system.F.slices] if parts is not None else [0]
        for part, start in zip(parts if parts is not None else [system.F], starts, strict=True):
            blocks.append((part, start, system.weight[start : start + part.shape[0]]))
    for block, start, weight in blocks:
        index = np.arange(start, start + block.shape[0])
        if isinstance(block, Diagonal) and weight is None:
            is_identity = bool(np.all(block.d == 1.0))
            place = slice(start, start + n) if is_identity else None
            single.append(SingleRows(index, np.arange(n), block.d, place))
            continue
        matrix = block.entries()
        if matrix is None:
            implicit.append(block)
            continue
        fixed = np.full(block.shape[0], np.nan) if weight is None else weight
        if not sp.issparse(matrix):
            dense.append(Rows(matrix, index, fixed))
            continue
        matrix = sp.csr_array(matrix)
        counts = np.diff(matrix.indptr)
        alone = np.flatnonzero(counts <= 1)
        if alone.size:
            column, coefficient = _only_entries(matrix, alone, counts)
            if weight is None:
                single.append(SingleRows(index[alone], column, coefficient, None))
            else:
                diagonal += np.bincount(column, weights=weight[alone] * coefficient**2, minlength=n)
        if alone.size < block.shape[0]:
            several = np.flatnonzero(counts > 1)
            part = matrix[several] if alone.size else matrix
            sparse.append(Rows(part, index[several], fixed[several]))
    return Pieces(n, system.A.shape[0], diagonal, P, single, _join(sparse), _join(dense), implicit)


def _quadratic(P: Operator | None, n: int):
    """P split into a diagonal vector and the rest."""
    if P is None:
        return np.zeros(n), None, []
    if isinstance(P, Diagonal):
        return P.d.copy(), None, []
    matrix = P.entries()
    if matrix is None:
        return np.zeros(n), None, [P]
    if sp.issparse(matrix):
        matrix = sp.csr_array(matrix)
        off = matrix - sp.diags_array(matrix.diagonal(), format="csr")
        off.eliminate_zeros()
        if off.nnz == 0:
            return matrix.diagonal().copy(), None, []
    return np.zeros(n), matrix, []


def _only_entries(matrix: sp.csr_array, alone: np.ndarray, counts: np.ndarray):
    """Column and value of the single entry of each row in `alone` (0 and 0.0 for an empty row)."""
    column = np.zeros(alone.size, dtype=int)
    coefficient = np.zeros(alone.size)
    filled = counts[alone] == 1
    place = matrix.indptr[alone[filled]]
    column[filled] = matrix.indices[place]
    coefficient[filled] = matrix.data[place]
    return column, coefficient


def _join(parts: list[Rows]) -> Rows | None:
    """Several groups of rows as one; a single group stays the user's own array."""
    if not parts:
        return None
    if len(parts) == 1:
        return parts[0]
    matrices = [part.matrix for part in parts]
    matrix = sp.vstack(matrices, format="csr") if sp.issparse(matrices[0]) else np.vstack(matrices)
    return Rows(matrix, np.concatenate([p.index for p in parts]), np.concatenate([p.weight for p in parts]))
