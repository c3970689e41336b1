"""A system by structure: what is diagonal, and what couples unknowns and goes on arrays."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import scipy.sparse as sp

from admmopt.backend_api import BackendError, System
from admmopt.operators import Diagonal, Operator, Stack, entries

WRITTEN_OUT = 4_000_000  # entries up to which an operator known by products alone is written out as a matrix


@dataclass(frozen=True)
class Parts:
    """A system by structure. diagonal: (n,) that of P and of fixed single-entry rows; P: (n, n) without a diagonal, or
    None; column, coefficient, place: of the terms' rows with one entry; R: (k, n) coupling rows, index: (k,) their
    places among the terms' rows, -1 for a row of fixed weight; weight: (k,), NaN for a term's row."""

    n: int
    diagonal: np.ndarray
    P: sp.csr_array | None
    place: np.ndarray
    column: np.ndarray
    coefficient: np.ndarray
    R: sp.csr_array
    index: np.ndarray
    weight: np.ndarray

    def shift(self, system: System) -> np.ndarray:
        """D: (n,), the diagonal under the system's present penalties."""
        single = self.coefficient**2 * system.rho[self.place]
        return self.diagonal + system.sigma + np.bincount(self.column, weights=single, minlength=self.n)

    def weights(self, system: System) -> np.ndarray:
        """W: (k,), of the coupling rows under the system's present penalties."""
        return np.where(self.index >= 0, system.rho[self.index] if system.rho.size else 0.0, self.weight)


def take_apart(system: System) -> Parts:
    """Sort the system by structure. Raises BackendError for an operator of which only products exist."""
    n = system.A.shape[1]
    diagonal, P = _quadratic(system.P, n)
    place, column, coefficient = [np.zeros(0, int)], [np.zeros(0, int)], [np.zeros(0)]
    coupling, index, weight = [sp.csr_array((0, n))], [np.zeros(0, int)], [np.zeros(0)]
    for block, rows, fixed in _blocks(system):
        matrix = sp.csr_array(_written_out(block))
        matrix.eliminate_zeros()
        single = np.diff(matrix.indptr) <= 1
        several, alone = np.flatnonzero(~single), sp.coo_array(matrix[single])
        if fixed is None:
            place.append(rows[single][alone.row])
            column.append(alone.col)
            coefficient.append(alone.data)
        else:
            diagonal += np.bincount(alone.col, weights=fixed[single][alone.row] * alone.data**2, minlength=n)
        coupling.append(matrix[several])
        index.append(rows[several] if fixed is None else np.full(several.size, -1))
        weight.append(np.full(several.size, np.nan) if fixed is None else fixed[several])
    R = sp.csr_array(sp.vstack(coupling, format="csr"))
    singles = [np.concatenate(part) for part in (place, column, coefficient)]
    return Parts(n, diagonal, P, singles[0], singles[1], singles[2], R, np.concatenate(index), np.concatenate(weight))


def _blocks(system: System):
    """(block, its rows' places, its fixed weights or None) for every block of A, then of F."""
    for block, rows in zip(system.A.blocks, system.A.slices, strict=True):
        yield block, np.arange(rows.start, rows.stop), None
    if system.F is not None:
        F = system.F if isinstance(system.F, Stack) else Stack([system.F], system.F.shape[1])
        for block, rows in zip(F.blocks, F.slices, strict=True):
            yield block, np.arange(rows.start, rows.stop), system.weight[rows]


def _written_out(operator: Operator):
    matrix = entries(operator, WRITTEN_OUT)
    if matrix is None:
        raise BackendError(
            f"the crossbar holds matrices, and of {operator.describe()} only products exist "
            f"(up to {WRITTEN_OUT:,} entries it would be written out)."
        )
    return matrix


def _quadratic(P: Operator | None, n: int):
    """(diagonal, the rest or None) of P."""
    if P is None:
        return np.zeros(n), None
    if isinstance(P, Diagonal):
        return P.d.copy(), None
    matrix = sp.csr_array(_written_out(P))
    rest = sp.csr_array(matrix - sp.diags_array(matrix.diagonal(), format="csr"))
    rest.eliminate_zeros()
    return matrix.diagonal().copy(), rest if rest.nnz else None
