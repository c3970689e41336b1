"""Which form a system is solved in, and why: one place, read by `ao.explain`."""

from __future__ import annotations

import numpy as np

from admmopt.backend_api import System

from .cg import ConjugateGradient
from .kronecker import Kronecker, repeated
from .ldl import QuasiDefinite
from .pieces import Pieces, take_apart
from .reduced import Bordered, DenseCholesky, Diagonal, Woodbury

DENSE_LIMIT = 20_000  # a dense factor of a larger order does not fit a common machine
SOLVES = 200  # solves that one factorization is expected to serve
SAMPLE = 50  # rows of a Gram matrix looked at to judge its density
DENSITY = 0.2  # of a Gram matrix, above which its factor is taken to be dense
FULL, FEWEST = 10.0, 0.05  # a row is full at 10 times the mean count; up to 5 % of the order may be
SMALLEST_DENSE, DENSE_SPARSE = 300, 6_000  # orders at which that matters, and at which a dense factor is affordable
FILL = 5  # entries of a sparse factor per entry of its matrix, a guess


def choose(system: System):
    """The prepared solver for `system`, in the form that costs least by a flop count of its pieces."""
    k = repeated(system)
    if k > 1:
        return Kronecker(system, take_apart(system, materialize=0), f"{k} columns share one system", choose)
    pieces = take_apart(system)
    if pieces.implicit:
        names = ", ".join(operator.describe() for operator in pieces.implicit)
        return ConjugateGradient(system, pieces, f"only products exist of {names}")
    if pieces.n == 0 or (pieces.P is None and pieces.sparse is None and pieces.dense is None):
        return Diagonal(system, pieces, "every row has a single entry and the quadratic is diagonal")
    if pieces.dense is None and not _is_dense(pieces.P) and not fills_up(pieces):
        return QuasiDefinite(system, pieces, "every matrix is sparse")
    return _with_dense(system, pieces)


def fills_up(pieces: Pieces) -> bool:
    """Would sparse elimination end dense? It does when the Gram matrix of the rows (or columns, if fewer) is already
    dense before any fill; then a dense factorization of that order does the same work at many times the speed."""
    if pieces.sparse is None:
        return False
    matrix = pieces.sparse.matrix
    rows, columns = matrix.shape
    short = min(rows, columns) if pieces.P is None else columns
    if not SMALLEST_DENSE <= short <= DENSE_SPARSE:
        return False
    over_rows = (
        short == rows
    )  # the Gram matrix is that of the rows: few full columns do not make it dense, and vice versa
    pattern = matrix.astype(bool).astype(float)
    pattern = _without_full_rows(pattern.T.tocsr() if over_rows else pattern)  # (summed over, order)
    sample = pattern[:, :: max(1, short // SAMPLE)]
    gram = sample.T @ pattern
    return gram.nnz > DENSITY * sample.shape[1] * short


def _without_full_rows(pattern):
    """The pattern less its few fullest rows: sparse elimination puts those last, and they cost little."""
    counts = np.diff(pattern.indptr)
    kept = counts <= FULL * max(counts.mean(), 1.0)
    return pattern if np.sum(~kept) > FEWEST * min(pattern.shape) else pattern[kept]


def _with_dense(system: System, pieces: Pieces):
    """Dense rows or a dense P: the cheapest of three eliminations, or none."""
    n = pieces.n
    sparse = 0 if pieces.sparse is None else pieces.sparse.matrix.shape[0]
    dense = 0 if pieces.dense is None else pieces.dense.matrix.shape[0]
    rows = sparse + dense
    costs: dict[tuple[type, str], float] = {}
    if n <= DENSE_LIMIT:
        reason = f"{rows} rows over {n} columns, dense"
        costs[DenseCholesky, reason] = n**3 / 3 + rows * n**2 + SOLVES * 2 * n**2
    if pieces.P is None and rows <= DENSE_LIMIT:
        reason = f"{rows} rows beside a diagonal over {n} columns"
        costs[Woodbury, reason] = rows**3 / 3 + rows**2 * n + SOLVES * (4 * rows * n + 2 * rows**2)
    if dense and not _is_dense(pieces.P) and (sparse or pieces.P is not None) and dense <= DENSE_LIMIT:
        entries = sum(m.nnz for m in (pieces.P, getattr(pieces.sparse, "matrix", None)) if m is not None)
        solve = 4 * FILL * (entries + n)
        reason = f"{dense} dense rows beside sparse ones over {n} columns"
        costs[Bordered, reason] = dense * solve + dense**2 * n + SOLVES * (solve + 4 * dense * n)
    if not costs:
        return ConjugateGradient(system, pieces, f"{rows} rows and {n} columns are too many to factorize as dense")
    form, reason = min(costs, key=costs.get)
    return form(system, pieces, reason)


def _is_dense(P) -> bool:
    return P is not None and not hasattr(P, "indptr")
