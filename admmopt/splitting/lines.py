"""Several affine maps as multiples of one: the largest of them is then a function of one number, entry by entry.

The pinball loss max(tau r, (tau - 1) r) is written so; as a function of r it has one row where a maximum of two
arguments has two, and a derivative.
"""

from __future__ import annotations

import numpy as np
import scipy.sparse as sp

from ..operators import Composition, Diagonal, Identity, Operator, Sparse
from .affine import AffineMap

ROUNDING = 1e-12


def multiples(maps: list[AffineMap]) -> tuple[AffineMap, np.ndarray] | None:
    """(base, scales) with maps[k] = scales[k] base + maps[k].constant, base without a constant; None where they are no
    multiples. scales: (len(maps), size)."""
    for base in maps:
        parts = {v: _front(part) for v, part in base.parts.items()}
        if parts and all(np.all(d) for d, _ in parts.values()):
            scales = [_over(map, parts) for map in maps]
            found = [scale for scale in scales if scale is not None]
            return (AffineMap(base.parts, 0.0 * base.constant), np.array(found)) if len(found) == len(maps) else None
    return None


def _over(map: AffineMap, parts: dict[int, tuple[np.ndarray, Operator]]) -> np.ndarray | None:
    """The scale of a map over the one with these fronts, or None. A constant is no multiple of anything: scale 0."""
    if not map.parts:
        return np.zeros(map.size)
    if map.parts.keys() != parts.keys():
        return None
    scale = None
    for v, part in map.parts.items():
        (d, inner), (base, of_base) = _front(part), parts[v]
        ratio = d / base
        if not _same(inner, of_base) or (scale is not None and not _close(ratio, scale)):
            return None
        scale = ratio if scale is None else scale
    return scale


def _front(operator: Operator) -> tuple[np.ndarray, Operator]:
    """(d, inner) with operator = diag(d) inner, as far as that is plain to see; rows of a sparse inner begin with 1."""
    if isinstance(operator, Composition):
        d, outer = _front(operator.outer)
        return d, operator.inner if isinstance(outer, Identity) else Composition(outer, operator.inner)
    if isinstance(operator, Diagonal):
        return operator.d, Identity(operator.d.size)
    d = np.ones(operator.shape[0])
    if not isinstance(operator, Sparse):
        return d, operator
    matrix = operator.matrix
    filled = np.diff(matrix.indptr) > 0
    d[filled] = matrix.data[matrix.indptr[:-1][filled]]
    return d, Sparse(sp.diags_array(1 / np.where(d == 0, 1.0, d)) @ matrix)


def _same(first: Operator, second: Operator) -> bool:
    """One operator, but for rounding?"""
    if isinstance(first, Composition) and isinstance(second, Composition):
        return _same(first.outer, second.outer) and _same(first.inner, second.inner)
    if isinstance(first, Sparse) and isinstance(second, Sparse):
        a, b = first.matrix, second.matrix
        return np.array_equal(a.indptr, b.indptr) and np.array_equal(a.indices, b.indices) and _close(a.data, b.data)
    return first.key == second.key


def _close(a: np.ndarray, b: np.ndarray) -> bool:
    return bool(np.all(np.abs(a - b) <= ROUNDING * np.abs(b)))
