"""Devices whose distribution is known at several times: mean and standard deviation of the conductance.

A cell keeps one standard normal number. Where the spread grows from s0 to s, that number times sqrt(s^2 - s0^2) is
added to its conductance, which gives the known mean and standard deviation at every time.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from .device import Array, Device
from .laws import MICRO, polynomial

DAY = 86400.0


class Aging(Device):
    """A device given by `law`; everything else follows."""

    def law(self, target: Array, t: float) -> tuple[Array, Array]:
        """Mean and standard deviation of the conductance t seconds after programming, one value per target."""
        raise NotImplementedError

    def spread(self, target):
        target = np.asarray(target, dtype=float)
        mean, std = self.law(target, self.t0)
        return np.hypot(mean - target, std)

    def errors(self, target, rng):
        mean, std = self.law(target, self.t0)
        return mean - target + std * rng.standard_normal(target.shape)

    def draw_drift(self, target, rng):
        return rng.standard_normal(np.shape(target))

    def drifted(self, g, nu, t):
        if nu is None or t <= self.t0:
            return g
        (mean0, std0), (mean, std) = self.law(g, self.t0), self.law(g, t)
        return np.maximum(g + (mean - mean0) + nu * np.sqrt(np.maximum(std**2 - std0**2, 0.0)), 0.0)

    def between(self, times: Array, values: Array, t: float, now: float) -> Array:
        """Rows `values`, known at `times`, at `now` (t on the scale of `times`): linear, constant before the first."""
        self._require(now <= times[-1], f"nothing is known {t:g} s after programming: its data end before that")
        if now <= times[0]:
            return values[0]
        k = int(np.searchsorted(times, now))
        part = (now - times[k - 1]) / (times[k] - times[k - 1])
        return (1 - part) * values[k - 1] + part * values[k]


@dataclass(frozen=True)
class Sonos(Aging):
    """40 nm SONOS charge-trap cells: drift of the mean, state-dependent spread, read noise; known for 5 days.

    With the current I in nA at 0.1 V (1600 nA is 16 uS): mean I + sum_i p_i I^i, standard deviation
    A (1 - exp(-I/B)), p, A and B measured once a day and linear between; read noise likewise, constant in time. Above
    15 uS the fitted polynomials of the drift run off (-15, -6, -12, -10, -7 % at 16 uS on days 1 to 5).
    CrossSim 3.2, devices/custom/SONOS.py, after Agrawal et al., IEDM 2022, figs. 10 and 11.
    """

    DRIFT = (
        (0,) * 11,
        (6.83650e-01, 6.51250e-03, -4.03163e-04, 3.37944e-06, -1.87435e-08, 5.88902e-11)
        + (-1.07685e-13, 1.17751e-16, -7.60016e-20, 2.67255e-23, -3.94954e-27),
        (6.60925e-01, 8.60627e-03, -1.72936e-04, 7.44096e-07, -5.94866e-09, 2.36734e-11)
        + (-4.83740e-14, 5.56072e-17, -3.65397e-20, 1.28405e-23, -1.87450e-27),
        (1.15821e00, 1.96116e-02, -4.70807e-04, 3.67510e-06, -2.08786e-08, 6.59752e-11)
        + (-1.19499e-13, 1.28435e-16, -8.11574e-20, 2.78802e-23, -4.02057e-27),
        (8.72216e-01, 1.70926e-02, -2.23370e-04, 1.57526e-06, -1.32779e-08, 5.08256e-11)
        + (-1.01251e-13, 1.14633e-16, -7.46124e-20, 2.60559e-23, -3.78724e-27),
        (1.15294e00, 1.03149e-02, -6.05199e-05, 1.76086e-08, -6.46690e-09, 3.39044e-11)
        + (-7.53872e-14, 8.98185e-17, -6.00346e-20, 2.12615e-23, -3.11099e-27),
    )
    SPREAD = (
        (19.88665, 176.3115),
        (25.59102, 186.85544),
        (28.72753, 193.56834),
        (31.04318, 198.90332),
        (33.76214, 204.77023),
        (34.57909, 207.34309),
    )
    READ = (12.58037, 215.36557)
    NANOAMPERE = 1e-8  # siemens in a nanoampere at 0.1 V

    def law(self, target, t):
        days = np.arange(6.0)
        drift = self.between(days, np.array(self.DRIFT), t, t / DAY)
        spread = self.between(days, np.array(self.SPREAD), t, t / DAY)
        current = np.asarray(target) / self.NANOAMPERE
        mean = current + np.polynomial.polynomial.polyval(current, drift)
        return self.NANOAMPERE * mean, self._saturating(spread, self.NANOAMPERE * mean)

    def _saturating(self, coefficients, g):
        scale, constant = coefficients
        return self.NANOAMPERE * np.maximum(-scale * np.expm1(-np.asarray(g) / (self.NANOAMPERE * constant)), 0.0)

    def read_spread(self, g, t):
        return np.hypot(self._saturating(self.READ, g), super().read_spread(g, t))


@dataclass(frozen=True)
class WanAihwkit(Aging):
    """RRAM of the NeuRRAM chip as aihwkit fits it: Gaussian about the target, z = g / g_max, for 2 days.

    Standard deviation sum_i c_i z^i in uS for g_max = 40 uS, c fitted at 1 s, 1 day and 2 days (aihwkit knows only
    these times; linear in ln t between them is ours). aihwkit, inference/noise/reram.py, ReRamWan2022NoiseModel, after
    Wan et al., Nature 2022, doi:10.1038/s41586-022-04992-8, Extended Data Fig. 3d.
    """

    TIMES = (1.0, DAY, 2 * DAY)
    FITS = (
        (0.348, 16.030, -43.853, 45.393, -16.815),
        (0.701, 22.086, -50.773, 47.095, -16.458),
        (0.782, 20.274, -43.507, 37.062, -11.934),
    )

    def law(self, target, t):
        target = np.asarray(target, dtype=float)
        coefficients = self.between(np.log(self.TIMES), np.array(self.FITS), t, np.log(max(t, self.TIMES[0])))
        return target, self.g_max / 40 * polynomial(coefficients, target / self.g_max)


@dataclass(frozen=True)
class MetalOxide(Aging):
    """CMO/HfOx RRAM, written until within 2 % of the target, then relaxing; t0 = 1 s.

    In uS: standard deviation 0.011219 + 0.011290 g when writing ends, and 0.41183 + 0.042011 ln t from relaxation; mean
    -0.089002 ln t; one read 0.027732 log10(g) sqrt(ln((t + 1 us) / 2 us)). aihwkit, inference/noise/reram.py,
    ReRamCMONoiseModel, after Falcone et al., arXiv:2502.04524.
    """

    def law(self, target, t):
        g, elapsed = np.asarray(target) / MICRO, np.log(max(t, 1.0))
        std = np.hypot(0.0112185391 + 0.01129027418 * g, 0.41183342 + 0.04201137 * elapsed)
        return MICRO * (g - 0.08900206 * elapsed), MICRO * std

    def read_spread(self, g, t):
        decades = np.log10(np.maximum(np.asarray(g) / MICRO, 1.0))
        flicker = MICRO * 0.0277316483 * decades * np.sqrt(max(np.log((t + 1e-6) / 2e-6), 0.0))
        return np.hypot(flicker, super().read_spread(g, t))
