"""Which form a system is solved in, and why: one place, read by `ao.explain`."""

from __future__ import annotations

from admmopt.backend_api import System

from .cg import ConjugateGradient
from .ldl import QuasiDefinite
from .pieces import Pieces, take_apart
from .reduced import DenseCholesky, Diagonal, Woodbury

DENSE_LIMIT = 20_000  # a dense n x n factor beyond this does not fit a common machine


def choose(system: System):
    """The prepared solver for `system`, in the form that costs least by a flop count of its pieces."""
    pieces = take_apart(system)
    n = pieces.n
    if pieces.implicit:
        names = ", ".join(operator.describe() for operator in pieces.implicit)
        return ConjugateGradient(system, pieces, f"only products exist of {names}")
    if pieces.P is None and pieces.sparse is None and pieces.dense is None:
        return Diagonal(system, pieces, "every row has a single entry and the quadratic is diagonal")
    if pieces.dense is None and not _is_dense(pieces.P):
        return QuasiDefinite(system, pieces, "every matrix is sparse")
    return _dense(system, pieces, n)


def _dense(system: System, pieces: Pieces, n: int):
    rows = sum(r.matrix.shape[0] for r in (pieces.sparse, pieces.dense) if r is not None)
    if pieces.P is None and rows < n:
        if rows > DENSE_LIMIT:
            return ConjugateGradient(system, pieces, f"{rows} dense rows and {n} columns are too many to factorize")
        return Woodbury(system, pieces, f"{rows} rows beside a diagonal, fewer than the {n} columns")
    if n > DENSE_LIMIT:
        return ConjugateGradient(system, pieces, f"{n} columns with dense rows are too many to factorize")
    return DenseCholesky(system, pieces, f"dense rows ({rows}) or a dense quadratic, {n} columns")


def _is_dense(P) -> bool:
    return P is not None and not hasattr(P, "indptr")
