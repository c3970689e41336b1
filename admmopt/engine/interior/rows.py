"""Piecewise quadratic problems as an interior point sees them: every row a sum of segments, an interval and a parabola.

A convex cost of several pieces is filled from the left, with a segment s_j for each of them:

    f(z) = min { sum_j c_j s_j + k_j s_j^2 / 2 + constant:  sum_j s_j = z + sum of the kinks, lower <= s <= upper },

since no piece is less steep than one before it. A bound or an equation is one segment.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from ...functions import PiecewiseQuadratic
from ..standard import Standard


@dataclass(frozen=True)
class Rows:
    """The segments (S,), row after row and from left to right, and the rows (m,) that they belong to.

    Of segments: owner, the row; lower, upper; slope and curvature, whose gradient is slope + curvature s; low, high:
    which bounds count. Of rows: first, last: the segments at its ends; shift, the sum of its kinks; kinked: has it
    any; equal: is it a point; free: does it neither bound nor cost.
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
    free: np.ndarray

    @classmethod
    def of(cls, standard: Standard) -> Rows | None:
        """None where a function is not piecewise quadratic (a cone, a norm of groups)."""
        parts = [_segments(f) for f in standard.functions if isinstance(f, PiecewiseQuadratic)]
        if len(parts) < len(standard.functions):
            return None
        owner = np.concatenate([*(p[0] + rows.start for p, rows in zip(parts, standard.slices, strict=True)), []])
        owner = owner.astype(int)
        lower, upper, slope, curvature = (np.concatenate([*(p[i] for p in parts), np.zeros(0)]) for i in range(1, 5))
        first = np.searchsorted(owner, np.arange(standard.m))
        last = np.searchsorted(owner, np.arange(standard.m), side="right") - 1
        kinks = lower.copy()
        kinks[first] = 0.0
        point = lower == upper
        low, high = np.isfinite(lower) & ~point, np.isfinite(upper) & ~point
        free = ~(point | low | high) & (curvature == 0) & (slope == 0)
        shift = np.bincount(owner, weights=kinks, minlength=standard.m)
        of_rows = first, last, shift, first < last, point[first], free[first]
        return cls(owner, lower, upper, slope, curvature, low, high, *of_rows)

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
    def bounds(self) -> int:
        return int(self.low.sum() + self.high.sum())


def _segments(f: PiecewiseQuadratic):
    """owner, lower, upper, slope, curvature of the pieces that have a width, element by element; of a domain that is a
    point, one."""
    wide = f.breaks[1:] > f.breaks[:-1]
    wide[0] |= ~wide.any(axis=0)
    owner, piece = np.nonzero(wide.T)
    anchor = np.where(np.isfinite(f.anchor), f.anchor, 0.0)[piece, owner]
    curvature = f.curvature[piece, owner]
    slope = f.slope[piece, owner] - curvature * anchor
    return owner, f.breaks[:-1][piece, owner], f.breaks[1:][piece, owner], slope, curvature
