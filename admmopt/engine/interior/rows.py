"""Piecewise quadratic problems as an interior point sees them: every row a sum of segments, an interval and a parabola.

A convex cost of several pieces is filled from the left, with a segment s_j for each of them:

    f(z) = min { sum_j c_j s_j + k_j s_j^2 / 2 + constant:  sum_j s_j = z + sum of the kinks, lower <= s <= upper },

since no piece is less steep than one before it. A bound or an equation is one segment.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import scipy.sparse as sp

from ...functions import (
    ExponentialCone,
    PiecewiseQuadratic,
    PowerCone,
    PowerConeND,
    PSDCone,
    SecondOrderCone,
)
from ..standard import Standard
from .cone import Cone
from .curved import Exponential, Power
from .second_order import Long, SecondOrder
from .semidefinite import Semidefinite

MOST, GROWTH = 2e7, 10  # entries that the scaled rows of a cone may have, or times as many as before
FEW = 10  # second-order cones whose rows would grow by more and are not scaled


@dataclass(frozen=True)
class Rows:
    """The segments (S,), row after row and from left to right, and the rows (m,) that they belong to.

    Of segments: owner, the row; lower, upper; slope and curvature, whose gradient is slope + curvature s; low, high:
    which bounds count. Of rows: first, last: the segments at its ends; shift, the sum of its kinks; kinked: has it
    any; equal: is it a point; conic: is it one of a cone, of which nothing else here tells; free: does it neither bound
    nor cost. cones: which of the functions are cones, their rows, and the columns that the groups of one have entries
    in, all together.
    """

    owner: np.ndarray
    lower: np.ndarray
    upper: np.ndarray
    slope: np.ndarray
    curvature: np.ndarray
    low: np.ndarray
    high: np.ndarray
    first: np.ndarray
    last: np.ndarray
    shift: np.ndarray
    kinked: np.ndarray
    equal: np.ndarray
    conic: np.ndarray
    free: np.ndarray
    cones: list[tuple[int, slice, Cone, int]]

    @classmethod
    def of(cls, standard: Standard) -> Rows | None:
        """None where a function is neither piecewise quadratic nor a cone with a barrier here (a norm of groups)."""
        cones: list[tuple[int, slice, Cone, int]] = []
        long = 0
        for i, (f, rows) in enumerate(zip(standard.functions, standard.slices, strict=True)):
            if isinstance(f, PiecewiseQuadratic):
                continue
            matrix = standard.A.blocks[i].entries()
            cone = None if matrix is None else cone_of(f)
            if cone is None:
                return None
            matrix = sp.csr_array(matrix)
            columns = _columns(matrix, cone.dim)
            if isinstance(f, SecondOrderCone) and cone.dim * columns > GROWTH * matrix.nnz and long + f.count <= FEW:
                cone, columns, long = Long(f.count, f.dim), matrix.nnz, long + f.count
            if cone.turned * columns > max(MOST, GROWTH * matrix.nnz):
                return None
            cones.append((i, rows, cone, columns))
        parts = [_segments(f) for f in standard.functions]
        owner = np.concatenate([*(p[0] + rows.start for p, rows in zip(parts, standard.slices, strict=True)), []])
        owner = owner.astype(int)
        lower, upper, slope, curvature = (np.concatenate([*(p[i] for p in parts), np.zeros(0)]) for i in range(1, 5))
        first = np.searchsorted(owner, np.arange(standard.m))
        last = np.searchsorted(owner, np.arange(standard.m), side="right") - 1
        kinks = lower.copy()
        kinks[first] = 0.0
        point = lower == upper
        low, high = np.isfinite(lower) & ~point, np.isfinite(upper) & ~point
        conic = np.zeros(standard.m, dtype=bool)
        for _, rows, _, _ in cones:
            conic[rows] = True
        free = (~(point | low | high) & (curvature == 0) & (slope == 0))[first] & ~conic
        shift = np.bincount(owner, weights=kinks, minlength=standard.m)
        of_rows = first, last, shift, first < last, point[first], conic, free
        return cls(owner, lower, upper, slope, curvature, low, high, *of_rows, cones)

    def gradient(self, s: np.ndarray) -> np.ndarray:
        """Of the cost inside, by segment; 0 in equal rows (whose multiplier is a variable of its own)."""
        return np.where(self.each(self.equal), 0.0, self.slope + self.curvature * s)

    def each(self, of_rows: np.ndarray) -> np.ndarray:
        """Each row's value for its segments."""
        return of_rows[self.owner] if self.owner.size > of_rows.size else of_rows

    def total(self, of_segments: np.ndarray) -> np.ndarray:
        """The sum over the segments of each row."""
        m = self.first.size
        return np.bincount(self.owner, weights=of_segments, minlength=m) if self.owner.size > m else of_segments

    @property
    def bounded(self) -> np.ndarray:
        """(m,): rows of which a segment has a bound."""
        return self.total((self.low | self.high).astype(float)) > 0

    @property
    def own(self) -> np.ndarray:
        """(m,): rows whose multiplier is a variable of its own."""
        return self.equal | self.kinked | self.conic

    @property
    def bounds(self) -> float:
        """The degree of the barrier: of every bound one."""
        return float(self.low.sum() + self.high.sum()) + sum(cone.degree for _, _, cone, _ in self.cones)


def cone_of(f) -> Cone | None:
    if isinstance(f, SecondOrderCone):
        return SecondOrder(f.count, f.dim)
    if isinstance(f, PSDCone):
        return Semidefinite(f.count, f.order)
    if isinstance(f, ExponentialCone):
        return Exponential(f.count)
    if isinstance(f, PowerCone | PowerConeND):
        return Power(f.alphas)
    return None


def _columns(matrix: sp.csr_array, dim: int) -> int:
    """The columns that a group of `dim` rows has entries in, all groups together."""
    shape = matrix.shape[0] // dim, matrix.shape[1]
    groups = sp.csr_array((np.ones(matrix.nnz), matrix.indices.copy(), matrix.indptr[::dim].copy()), shape)
    groups.sum_duplicates()
    return groups.nnz


def _segments(f):
    """owner, lower, upper, slope, curvature of the pieces that have a width, element by element; of a domain that is a
    point, one; of a cone, one for every row, which tells nothing."""
    if not isinstance(f, PiecewiseQuadratic):
        none = np.zeros(f.size)
        return np.arange(f.size), none - np.inf, none + np.inf, none, none
    wide = f.breaks[1:] > f.breaks[:-1]
    wide[0] |= ~wide.any(axis=0)
    owner, piece = np.nonzero(wide.T)
    anchor = np.where(np.isfinite(f.anchor), f.anchor, 0.0)[piece, owner]
    curvature = f.curvature[piece, owner]
    slope = f.slope[piece, owner] - curvature * anchor
    return owner, f.breaks[:-1][piece, owner], f.breaks[1:][piece, owner], slope, curvature
