"""Published programming laws: polynomials in the conductance, trains of identical pulses, phase-change memory."""

from __future__ import annotations

from dataclasses import KW_ONLY, dataclass

import numpy as np

from .device import Device, Programmed

MICRO = 1e-6


def polynomial(coefficients: tuple[float, ...], x: np.ndarray) -> np.ndarray:
    """sum_i coefficients[i] x^i, not below 0: a fitted standard deviation outside its data."""
    return np.maximum(np.polynomial.polynomial.polyval(x, coefficients), 0.0)


@dataclass(frozen=True)
class Polynomial(Device):
    """Gaussian errors of standard deviation sum_i coefficients[i] g^i, in microsiemens of g in microsiemens."""

    coefficients: tuple[float, ...] = ()

    def __post_init__(self):
        super().__post_init__()
        ok = len(self.coefficients) > 0 and np.isfinite(self.coefficients).all()
        self._require(ok, f"coefficients must be finite numbers, got {self.coefficients}")

    def spread(self, target):
        return MICRO * polynomial(self.coefficients, np.asarray(target) / MICRO)


@dataclass(frozen=True)
class Pulsed(Device):
    """Identical pulses, each one level up from the erased state g_min, with a read after each.

    sigma: cycle-to-cycle standard deviation of one pulse as a fraction of the range, which is the error left when every
    pulse is checked (written blindly, n pulses would leave sqrt(n) times as much). Energy of n pulses that end at g:
    n V^2 t (g_min + g)/2; erasing is not counted. Both from NeuroSim, Cell.cpp, RealDevice and WriteEnergyCalculation
    (P.-Y. Chen et al., IEDM 2017).
    """

    _: KW_ONLY
    levels: int
    sigma: float

    def __post_init__(self):
        super().__post_init__()
        self._require_nonnegative("sigma")
        self._require(self.levels is not None, "pulses need a number of levels")

    def spread(self, target):
        return np.full(np.shape(target), self.sigma * self.range)

    def record(self, target, g):
        pulses = np.rint((target - self.g_min) * (self.levels - 1) / self.range)
        joules = self.write_voltage**2 * self.write_seconds * float((pulses * (self.g_min + g)).sum()) / 2
        return Programmed(g, int(pulses.sum()), joules, float(pulses.sum()) * self.write_seconds)


@dataclass(frozen=True)
class PhaseChange(Device):
    """Phase-change memory: programming error, drift exponents, 1/f read noise, with z = g / g_max.

    error: standard deviation (0.26348 + 1.9650 z - 1.1731 z^2) g_max / 25. drift: |N(m, s^2)| with
    m = clip(-0.0155 ln z + 0.0244, 0.049, 0.1), s = clip(-0.0125 ln z - 0.0059, 0.008, 0.045).
    read: standard deviation g min(0.2, 0.0088 z^-0.65) sqrt(ln((t + t_read) / (2 t_read))), what 1/f noise has
    gathered since programming; aihwkit takes z before drift here, which differs by (t/t0)^(0.65 nu) at most.
    IBM aihwkit, inference/noise/pcm.py, after Nandakumar et al., ICECS 2019, doi:10.1109/ICECS46596.2019.8964852.
    """

    _: KW_ONLY
    t_read: float = 250e-9

    def __post_init__(self):
        super().__post_init__()
        self._require_nonnegative("t_read")
        self._require(self.t_read > 0 and self.t0 > 0, "t_read and t0 must be positive")

    def spread(self, target):
        return self.g_max / 25 * polynomial((0.26348, 1.9650, -1.1731), np.asarray(target) / self.g_max)

    def draw_drift(self, target, rng):
        log_z = np.log(np.maximum(np.asarray(target) / self.g_max, 1e-7))
        mean = np.clip(-0.0155 * log_z + 0.0244, 0.049, 0.1)
        std = np.clip(-0.0125 * log_z - 0.0059, 0.008, 0.045)
        return np.abs(mean + std * rng.standard_normal(log_z.shape))

    def read_spread(self, g, t):
        z = np.maximum(np.asarray(g) / self.g_max, 1e-7)
        gathered = np.log((t + self.t_read) / (2 * self.t_read))
        flicker = g * np.minimum(0.2, 0.0088 * z**-0.65) * np.sqrt(max(gathered, 0.0))
        return np.hypot(flicker, super().read_spread(g, t))
