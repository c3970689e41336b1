"""Total variation on consecutive entries of x, recognized so that its exact prox can be used."""

from __future__ import annotations

import numpy as np
import scipy.sparse as sp

from ..engine.problem import Term
from ..functions import FusedLasso, PiecewiseQuadratic, TotalVariation
from ..operators import Identity, Sparse
from .fuse import Fused, Placed


def absolute_weight(function: PiecewiseQuadratic) -> np.ndarray | None:
    """w when the function is sum_i w_i |y_i|, else None."""
    slope = function.slope
    if function.pieces != 2 or function.curvature.any() or np.any(slope[0] != -slope[1]):
        return None
    lower, kink, upper = function.breaks
    return slope[1] if np.all(kink == 0) and np.all(lower == -np.inf) and np.all(upper == np.inf) else None


def variation(item: Placed) -> tuple[slice, float] | None:
    """(columns, weight) when the piece is weight * ||first differences of consecutive entries of x||_1."""
    operator, function = item.operator, item.function
    if not isinstance(operator, Sparse) or operator.shape[0] < 2 or np.any(item.piece.map.constant):
        return None
    matrix = operator.matrix
    if matrix.nnz != 2 * matrix.shape[0] or np.any(np.diff(matrix.indptr) != 2):
        return None
    start = int(matrix.indices.min())
    low = start + np.arange(matrix.shape[0])
    pairs, data = np.sort(matrix.indices.reshape(-1, 2), axis=1), matrix.data.reshape(-1, 2)
    if not (np.array_equal(pairs[:, 0], low) and np.array_equal(pairs[:, 1], low + 1) and not np.any(data.sum(axis=1))):
        return None
    weight = absolute_weight(function)
    steps = np.abs(data[:, 0]) * (0 if weight is None else weight)
    if weight is None or not np.allclose(steps, steps[0], rtol=1e-14, atol=0):
        return None
    return slice(start, start + matrix.shape[0] + 1), float(steps[0])


def variation_term(item: Placed, columns: slice, weight: float, n: int) -> Fused:
    """The term of the exact total-variation prox on these entries of x."""
    size = columns.stop - columns.start
    where = (np.arange(size), np.arange(columns.start, columns.stop))
    operator = Identity(n) if size == n else Sparse(sp.csr_array((np.ones(size), where), shape=(size, n)))
    return Fused(Term(TotalVariation(size, weight), operator, np.zeros(size), "total variation"), [])


def fuse_variation(terms: list[Fused]) -> list[Fused]:
    """Total variation and an l1 norm of one weight on the same entries: the fused lasso, whose prox is exact."""
    for tv in terms:
        variation_function = tv.term.function
        if not isinstance(variation_function, TotalVariation):
            continue
        for other in terms:
            function = other.term.function
            if not isinstance(function, PiecewiseQuadratic) or other.term.operator.key != tv.term.operator.key:
                continue
            weight = absolute_weight(function)
            if weight is not None and np.ptp(weight) == 0:
                joint = FusedLasso(function.size, variation_function.weight, float(weight[0]))
                fused = Fused(Term(joint, tv.term.operator, tv.term.offset, "fused lasso"), [])
                return [f for f in terms if f is not tv and f is not other] + [fused]
    return terms
