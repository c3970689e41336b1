"""Several intervals for one quantity are one interval, and each end comes from one of them: who gets the multiplier."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from .reduction import CONTRADICTION

OWN = -1


@dataclass(frozen=True)
class Tightest:
    """lower, upper: (n,); low_from, high_from: (n,), which candidate gave each end, or OWN."""

    lower: np.ndarray
    upper: np.ndarray
    low_from: np.ndarray
    high_from: np.ndarray

    @classmethod
    def of(cls, lower, upper, index, low, high) -> Tightest:
        """lower, upper: (n,), what is known; candidate k says that low[k] <= quantity index[k] <= high[k]."""
        new_lower, new_upper = lower.copy(), upper.copy()
        np.maximum.at(new_lower, index, low)
        np.minimum.at(new_upper, index, high)
        low_from, high_from = np.full(lower.size, OWN), np.full(upper.size, OWN)
        k = np.flatnonzero((low == new_lower[index]) & (low > lower[index]))
        low_from[index[k]] = k
        k = np.flatnonzero((high == new_upper[index]) & (high < upper[index]))
        high_from[index[k]] = k
        return cls(new_lower, new_upper, low_from, high_from)

    @property
    def crossed(self) -> int | None:
        """A quantity whose interval is empty by more than rounding."""
        if not self.lower.size:
            return None
        with np.errstate(invalid="ignore"):
            miss = (self.lower - self.upper) / (1 + np.maximum(np.abs(self.lower), np.abs(self.upper)))
        miss[np.isnan(miss)] = -np.inf  # an end is infinite
        worst = int(np.argmax(miss))
        return worst if miss[worst] > CONTRADICTION else None

    def ordered(self) -> tuple[np.ndarray, np.ndarray]:
        """(lower, upper), where ends that cross by rounding become one."""
        crossed = self.lower > self.upper
        lower, upper = self.lower.copy(), self.upper.copy()
        lower[crossed] = upper[crossed] = 0.5 * (lower[crossed] + upper[crossed])
        return lower, upper

    def share(self, multiplier: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """(quantities, candidates): where the multiplier (n,) belongs to a candidate's end."""
        source = np.where(multiplier > 0, self.high_from, np.where(multiplier < 0, self.low_from, OWN))
        quantities = np.flatnonzero(source != OWN)
        return quantities, source[quantities]
