"""Write-verify: cells are written again until they are close enough to their targets."""

from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np
from scipy.special import erfc, erfcx

from .device import Device, Generic, Programmed

_NODES, _WEIGHTS = np.polynomial.laguerre.laggauss(32)


@dataclass(frozen=True)
class WriteVerify(Device):
    """`device`, each cell written again until |g - target| <= tolerance (g_max - g_min), at most `max_tries` times.

    A cell that never got there keeps its best try. relaxation: standard deviation, as a fraction of the range, of what
    happens to a cell between the last check and t0; for CMO/HfOx it is 0.005 after 1 s (0.41 uS of 79 uS, Falcone et
    al., arXiv:2502.04524). The device's own errors must be Gaussian. Reads for the checks are not counted.
    """

    name: str = field(init=False)
    g_min: float = field(init=False)
    g_max: float = field(init=False)
    levels: int | None = field(init=False)
    source: str = field(init=False)
    t0: float = field(init=False)
    write_voltage: float = field(init=False)
    write_seconds: float = field(init=False)
    read: float = field(init=False)
    device: Device
    tolerance: float
    max_tries: int
    relaxation: float = 0.0

    def __post_init__(self):
        for same in ("g_min", "g_max", "levels", "source", "t0", "write_voltage", "write_seconds", "read"):
            object.__setattr__(self, same, getattr(self.device, same))
        object.__setattr__(self, "name", f"{self.device.name}, verified")
        super().__post_init__()
        self._require_nonnegative("tolerance")
        self._require_nonnegative("relaxation")
        self._require(self.tolerance > 0, f"tolerance must be positive, got {self.tolerance}")
        whole = isinstance(self.max_tries, (int, np.integer)) and self.max_tries >= 1
        self._require(whole, f"max_tries must be a whole number of at least 1, got {self.max_tries}")
        uniform = isinstance(self.device, Generic) and self.device.law == "uniform"
        self._require(not uniform, "write-verify is for Gaussian errors, not uniform ones")

    def spread(self, target):
        """Root mean square of the error: of the first accepted try, or of the best of `max_tries` rejected ones."""
        s = self.device.spread(np.asarray(target, dtype=float))
        with np.errstate(divide="ignore"):
            a = np.minimum(self.tolerance * self.range / s, 40.0)  # beyond 40 standard deviations nothing is rejected
        return np.hypot(s * np.sqrt(_verified_variance(a, self.max_tries)), self.relaxation * self.range)

    def program(self, target, rng):
        target = self.quantize(np.asarray(target, dtype=float))
        first = self.device.program(target, rng)
        flat, goal = first.g.ravel().copy(), target.ravel()
        pulses, joules, seconds = first.pulses, first.joules, first.seconds
        for _ in range(self.max_tries - 1):
            open_cells = np.flatnonzero(np.abs(flat - goal) > self.tolerance * self.range)
            if not open_cells.size:
                break
            again = self.device.program(goal[open_cells], rng)
            better = np.abs(again.g - goal[open_cells]) < np.abs(flat[open_cells] - goal[open_cells])
            flat[open_cells[better]] = again.g[better]
            pulses, joules, seconds = pulses + again.pulses, joules + again.joules, seconds + again.seconds
        if self.relaxation:
            flat = np.maximum(flat + self.relaxation * self.range * rng.standard_normal(flat.shape), 0.0)
        return Programmed(flat.reshape(target.shape), pulses, joules, seconds)

    def read_spread(self, g, t):
        return self.device.read_spread(g, t)

    def draw_drift(self, target, rng):
        return self.device.draw_drift(target, rng)

    def drifted(self, g, nu, t):
        return self.device.drifted(g, nu, t)


def _verified_variance(a, tries: int):
    """E[e^2] in units of the device's variance; a: tolerance in standard deviations, any shape.

    With S(x) = P(|N| > x) = erfc(x/sqrt 2) and r = S(a), the rejected fraction of one try:
    accepted (1 - r^K) times the variance of a normal truncated to [-a, a], which is 1 - 2 a phi(a) / (1 - r);
    rejected K times: E[min^2; min > a] = a^2 r^K + int_a^inf 2 x S(x)^K dx, since P(min > x) = S(x)^K. The integrand
    falls at least as fast as exp(-K h (x - a)), h = 2 phi(a) / S(a) the hazard rate, so Gauss-Laguerre at that rate.
    """
    a = np.asarray(a, dtype=float)
    root = np.sqrt(2.0)
    rejected = erfc(a / root)
    inside = -np.expm1(tries * np.log(np.maximum(rejected, 1e-300))) * _truncated_variance(a, rejected)
    rate = tries * np.sqrt(2 / np.pi) / erfcx(a / root)
    tail = np.zeros_like(a)
    for node, weight in zip(_NODES, _WEIGHTS, strict=True):
        x = a + node / rate
        log_ratio = np.log(erfcx(x / root) / erfcx(a / root)) - (x - a) * (x + a) / 2  # ln S(x) / S(a)
        tail = tail + weight * x * np.exp(tries * log_ratio + node)
    return inside + rejected**tries * (a**2 + 2 * tail / rate)


def _truncated_variance(a, rejected):
    """Variance of a standard normal truncated to [-a, a]; a^2/3 (1 - 2 a^2/15) where the formula cancels."""
    phi = np.exp(-(a**2) / 2) / np.sqrt(2 * np.pi)
    with np.errstate(divide="ignore", invalid="ignore"):
        exact = 1 - 2 * a * phi / (1 - rejected)
    return np.where(a < 1e-2, a**2 / 3 * (1 - 2 * a**2 / 15), exact)
