"""Linear and quadratic programs as an interior point sees them: one interval and one parabola for every row."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from ...functions import PiecewiseQuadratic
from ..standard import Standard


@dataclass(frozen=True)
class Rows:
    """For z = A x + b: lower <= z <= upper, (m,) each, and the gradient slope + curvature z of what a row costs inside.

    low, high: which bounds count; equal: rows whose interval is a point; free: rows that neither bound nor cost.
    """

    lower: np.ndarray
    upper: np.ndarray
    slope: np.ndarray
    curvature: np.ndarray
    equal: np.ndarray
    low: np.ndarray
    high: np.ndarray
    free: np.ndarray

    @classmethod
    def of(cls, standard: Standard) -> Rows | None:
        """None where a function is no single parabola on an interval (a cone, a norm, a kink)."""
        if not all(isinstance(f, PiecewiseQuadratic) and f.pieces == 1 for f in standard.functions):
            return None
        parts = [_row(f) for f in standard.functions]
        lower, upper, slope, curvature = (np.concatenate([*(p[i] for p in parts), np.zeros(0)]) for i in range(4))
        equal = lower == upper
        low, high = np.isfinite(lower) & ~equal, np.isfinite(upper) & ~equal
        free = ~(equal | low | high) & (curvature == 0) & (slope == 0)
        return cls(lower, upper, slope, curvature, equal, low, high, free)

    def gradient(self, z: np.ndarray) -> np.ndarray:
        """Of the cost inside, 0 in free and equal rows (whose multiplier is a variable of its own)."""
        return np.where(self.equal, 0.0, self.slope + self.curvature * z)

    @property
    def bounds(self) -> int:
        return int(self.low.sum() + self.high.sum())


def _row(f):
    anchor = np.where(np.isfinite(f.anchor[0]), f.anchor[0], 0.0)
    return f.breaks[0], f.breaks[-1], f.slope[0] - f.curvature[0] * anchor, f.curvature[0]
