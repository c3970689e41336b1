"""Cells that are stuck: they ignore programming and stay at one end of the range."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from admmopt.backend_api import BackendError

Array = np.ndarray


@dataclass(frozen=True)
class Stuck:
    """Each cell is stuck at low conductance with probability p_low, at high with p_high. MNSIM 2.0 takes 0.001 each."""

    p_low: float = 0.0
    p_high: float = 0.0

    def __post_init__(self):
        for name in ("p_low", "p_high"):
            if not 0 <= getattr(self, name) <= 1:
                raise BackendError(f"{name} is a probability, got {getattr(self, name)}.")
        if self.p_low + self.p_high > 1:
            raise BackendError(f"p_low + p_high must not exceed 1, got {self.p_low} + {self.p_high}.")

    def draw(self, shape: tuple[int, ...], rng: np.random.Generator) -> StuckCells:
        """Which cells of an array of this shape are stuck, for the array's life."""
        u = rng.random(shape)
        return StuckCells(u < self.p_low, u >= 1 - self.p_high)


@dataclass(frozen=True, eq=False)
class StuckCells:
    """Two masks of the array's shape."""

    low: Array
    high: Array

    @property
    def count(self) -> int:
        """Stuck cells."""
        return int(self.low.sum() + self.high.sum())

    def apply(self, g: Array, low: float, high: float) -> Array:
        """Conductances g (the masks' shape) with the stuck cells at `low` and `high` siemens."""
        return np.where(self.low, low, np.where(self.high, high, g))
