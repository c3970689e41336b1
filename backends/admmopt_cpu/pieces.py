"""A system taken apart by what it costs: rows with one entry, sparse rows, dense rows, implicit rows."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import scipy.sparse as sp

from admmopt.backend_api import System
from admmopt.operators import Diagonal, Operator, Stack, entries

MATERIALIZE = 4_000_000  # entries up to which an operator known by products alone is written out as a matrix


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
    """Rows of terms with at most one entry, z[index] = coefficient * x[column]; only ever a diagonal.

    index and column are slices where they run through, coefficient is None where it is 1: most of them are bounds.
    """

    index: np.ndarray | slice
    column: np.ndarray | slice
    coefficient: np.ndarray | None

    def forward(self, x: np.ndarray, z: np.ndarray) -> None:
        """Write these rows of A x into z."""
        taken = x[self.column]
        z[self.index] = taken if self.coefficient is None else self.coefficient * taken

    def add_adjoint(self, y: np.ndarray, x: np.ndarray) -> None:
        """Add these rows' part of A'y to x."""
        values = y[self.index] if self.coefficient is None else self.coefficient * y[self.index]
        self._add(values, x)

    def add_diagonal(self, rho: np.ndarray, total: np.ndarray) -> None:
        """Add these rows' part of A' diag(rho) A, a diagonal, to `total`."""
        self._add(rho[self.index] if self.coefficient is None else self.coefficient**2 * rho[self.index], total)

    def _add(self, values, total):
        if isinstance(self.column, slice):
            total[self.column] += values
        else:
            total += np.bincount(self.column, weights=values, minlength=total.size)


def compact(index: np.ndarray) -> np.ndarray | slice:
    """A slice in place of indices that run through: taking it costs no copy."""
    if index.size and index[-1] - index[0] == index.size - 1 and np.all(np.diff(index) == 1):
        return slice(int(index[0]), int(index[-1]) + 1)
    return index


def single_rows(index: np.ndarray, column: np.ndarray, coefficient: np.ndarray) -> SingleRows:
    unit = bool(np.all(coefficient == 1.0))
    return SingleRows(compact(index), compact(column), None if unit else coefficient)


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
            rows.add_diagonal(system.rho, total)
        return total


def take_apart(system: System, materialize: int = MATERIALIZE) -> Pieces:
    """Sort the rows of `system` by structure. materialize: entries up to which an implicit block is written out."""
    n = system.A.shape[1]
    diagonal, P, implicit = _quadratic(system.P, n, materialize)
    single: list[SingleRows] = []
    sparse: list[Rows] = []
    dense: list[Rows] = []
    for block, index, fixed in row_blocks(system):
        if isinstance(block, Diagonal) and fixed is None:
            single.append(single_rows(index, np.arange(n), block.d))
            continue
        matrix = entries(block, materialize)
        if matrix is None:
            implicit.append(block)
            continue
        weight = np.full(block.shape[0], np.nan) if fixed is None else fixed
        if not sp.issparse(matrix):
            dense.append(Rows(matrix, index, weight))
            continue
        matrix = sp.csr_array(matrix)
        counts = np.diff(matrix.indptr)
        alone = np.flatnonzero(counts <= 1)
        if alone.size:
            column, coefficient = _only_entries(matrix, alone, counts)
            if fixed is None:
                single.append(single_rows(index[alone], column, coefficient))
            else:
                diagonal += np.bincount(column, weights=fixed[alone] * coefficient**2, minlength=n)
        if alone.size < block.shape[0]:
            several = np.flatnonzero(counts > 1)
            part = matrix[several] if alone.size else matrix
            sparse.append(Rows(part, index[several], weight[several]))
    return Pieces(n, system.A.shape[0], diagonal, P, single, join(sparse), join(dense), implicit)


def row_blocks(system: System):
    """(block, its rows' places, its fixed weights or None) for every block of A, then of F."""
    for block, rows in zip(system.A.blocks, system.A.slices, strict=True):
        yield block, np.arange(rows.start, rows.stop), None
    if system.F is None:
        return
    F = system.F if isinstance(system.F, Stack) else Stack([system.F], system.F.shape[1])
    for block, rows in zip(F.blocks, F.slices, strict=True):
        yield block, np.arange(rows.start, rows.stop), system.weight[rows]


def _quadratic(P: Operator | None, n: int, limit: int):
    """P split into a diagonal vector and the rest."""
    if P is None:
        return np.zeros(n), None, []
    if isinstance(P, Diagonal):
        return P.d.copy(), None, []
    matrix = entries(P, limit)
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


def join(parts: list[Rows]) -> Rows | None:
    """Several groups of rows as one; a single group stays the user's own array."""
    if not parts:
        return None
    if len(parts) == 1:
        return parts[0]
    matrices = [part.matrix for part in parts]
    matrix = sp.vstack(matrices, format="csr") if sp.issparse(matrices[0]) else np.vstack(matrices)
    return Rows(matrix, np.concatenate([p.index for p in parts]), np.concatenate([p.weight for p in parts]))
