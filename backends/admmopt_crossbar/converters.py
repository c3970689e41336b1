"""Converters between numbers and voltages or currents: a signed mid-tread quantizer with one of three ranges.

A b-bit converter has the 2^b - 1 codes -(2^(b-1) - 1) ... 2^(b-1) - 1, zero among them; what lies outside clips.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from admmopt.backend_api import BackendError

RANGES = ("dynamic", "calibrated", "fixed")
SIGMAS = 4.0  # of the outputs seen during calibration that a calibrated range spans


@dataclass(frozen=True)
class Converter:
    """bits: 2 to 24, or None for an ideal one. range: where full scale lies:

    dynamic     the largest entry of each vector (block floating point: a ranging step before each conversion);
    calibrated  4 standard deviations of what random vectors gave when the array had been programmed;
    fixed       the largest value the circuit can give.
    """

    bits: int | None = 8
    range: str = "dynamic"

    def __post_init__(self):
        if self.bits is not None and (not isinstance(self.bits, int | np.integer) or not 2 <= self.bits <= 24):
            raise BackendError(f"a converter has 2 to 24 bits, or None for an ideal one; got {self.bits!r}.")
        if self.range not in RANGES:
            raise BackendError(f"a converter's range is one of {', '.join(RANGES)}; got {self.range!r}.")

    @property
    def step(self) -> float:
        """The width of a code for full scale 1; 0 for an ideal converter."""
        return 0.0 if self.bits is None else 1.0 / (2 ** (self.bits - 1) - 1)

    def convert(self, values: np.ndarray, full_scale) -> np.ndarray:
        """values to the nearest code; full_scale: a number, or an array that broadcasts against them."""
        if self.bits is None:
            return values
        step = np.maximum(full_scale, 1e-300) * self.step
        most = 2 ** (self.bits - 1) - 1
        return np.clip(np.rint(values / step), -most, most) * step

    def full_scale(self, values: np.ndarray, calibrated, fixed):
        """Full scale for `values`, one number for each of their last axis: by this converter's range."""
        if self.range == "dynamic":
            return np.abs(values).max(axis=-1, keepdims=True, initial=0.0)
        return calibrated if self.range == "calibrated" else fixed
