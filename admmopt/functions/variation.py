"""Total variation of signals, the fused lasso, and monotone sequences: sequential algorithms, on the host."""

from __future__ import annotations

from dataclasses import dataclass, field
from functools import cache

import numpy as np

from .base import Array, Function, column, namespace
from .cones import Cone
from .host import host_step, on_host, to_host
from .jacobian import Segments


@dataclass(eq=False)
class TotalVariation(Function):
    """sum_g weight_g sum_j |y_g,j+1 - y_gj| over signals of length n. weight: nonnegative, float or (count,).

    The prox is exact and takes linear time: dynamic programming over the derivative of the cost-to-go, a piecewise
    linear function whose knots enter and leave at both ends (Johnson, A dynamic programming algorithm for the fused
    lasso and L0-segmentation, 2013). Compiled by numba where that is installed; the results are the same without.
    """

    n: int
    weight: float | np.ndarray = 1.0
    count: int = 1
    dim: int = field(init=False)

    def __post_init__(self):
        self.dim = self.n

    def value(self, y: Array) -> float:
        xp = namespace(y)
        groups = y.reshape(self.count, self.n)
        return float(xp.sum(self.weight * xp.sum(xp.abs(groups[:, 1:] - groups[:, :-1]), axis=1)))

    def prox(self, v: Array, t: Array) -> Array:
        steps = host_step(t, self.count) * host_step(self.weight, self.count)
        return on_host(lambda host: _denoise(host.reshape(self.count, self.n), steps).reshape(-1), v)

    def prox_jacobian(self, v: Array, t: Array) -> Segments:
        """The mean over each segment on which the prox is constant; on the host."""
        alone = host_step(t, self.count) * host_step(self.weight, self.count) == 0
        return _means(to_host(self.prox(v, t)).reshape(self.count, self.n), alone)

    def recession(self, d: Array) -> tuple[float, Array]:
        return self.value(d), d


@dataclass(eq=False)
class FusedLasso(Function):
    """tv sum_j |y_j+1 - y_j| + l1 ||y||_1 over `count` signals of length n: the prox is the total variation's, then
    soft thresholding (Friedman et al., Pathwise coordinate optimization, 2007, prop. 1). tv, l1: float or (count,)."""

    n: int
    tv: float | np.ndarray
    l1: float | np.ndarray
    count: int = 1
    dim: int = field(init=False)

    def __post_init__(self):
        self.dim = self.n
        self._variation = TotalVariation(self.n, self.tv, self.count)

    def value(self, y: Array) -> float:
        xp = namespace(y)
        sizes = xp.sum(xp.abs(y).reshape(self.count, self.n), axis=1)
        return self._variation.value(y) + float(xp.sum(self.l1 * sizes))

    def prox(self, v: Array, t: Array) -> Array:
        xp = namespace(v)
        smooth = self._variation.prox(v, t).reshape(self.count, self.n)
        rest = xp.abs(smooth) - column(t * self.l1)
        return (xp.sign(smooth) * xp.where(rest > 0, rest, xp.zeros_like(rest))).reshape(-1)

    def prox_jacobian(self, v: Array, t: Array) -> Segments:
        """That of the total variation's on the segments that the threshold leaves, 0 on the others; on the host."""
        segments = self._variation.prox_jacobian(v, t)
        level = np.repeat(host_step(t, self.count) * host_step(self.l1, self.count), self.n)
        kept = np.abs(to_host(self._variation.prox(v, t))) > level
        return Segments(self.size, segments.starts, kept[segments.starts].astype(float))

    def recession(self, d: Array) -> tuple[float, Array]:
        return self.value(d), d


@dataclass(eq=False)
class Monotone(Cone):
    """Sequences y_1 <= y_2 <= ... <= y_n (or decreasing ones): the projection is isotonic regression."""

    n: int
    increasing: bool = True
    count: int = field(init=False, default=1)
    dim: int = field(init=False)

    def __post_init__(self):
        self.dim = self.n

    def project(self, v: Array) -> Array:
        from scipy.optimize import isotonic_regression

        return on_host(lambda host: isotonic_regression(host, increasing=self.increasing).x, v)

    def prox_jacobian(self, v: Array, t: Array) -> Segments:
        """The mean over each block that the projection pools; on the host."""
        return _means(to_host(self.project(v)).reshape(1, self.n), np.zeros(1, dtype=bool))


def _means(signals: np.ndarray, alone: np.ndarray) -> Segments:
    """Means over the constant segments of each signal (count, n), or over single entries where alone (count,) holds."""
    first = np.ones(signals.shape, dtype=bool)
    first[:, 1:] = (signals[:, 1:] != signals[:, :-1]) | alone[:, None]
    starts = np.flatnonzero(first)
    return Segments(signals.size, starts, np.ones(starts.size))


def _denoise(signals: np.ndarray, steps: np.ndarray) -> np.ndarray:
    """prox of steps_g TV at each row. The mean is taken out first: the knots are differences of running sums."""
    n = signals.shape[1]
    means = signals.mean(axis=1)
    kernel, compiled = _kernel()
    result = np.empty_like(signals)
    for g in range(signals.shape[0]):
        centred = signals[g] - means[g]
        if n == 1 or steps[g] == 0:
            result[g] = signals[g]
        elif steps[g] >= np.abs(np.cumsum(centred)).max():
            result[g] = means[g]  # the dual variable, a running sum, stays within its bounds: constant
        elif compiled:
            result[g] = means[g] + kernel(centred, steps[g], np.empty(n), *np.empty((5, 2 * n)))
        else:  # lists: their entries are read several times faster than an array's
            buffers = [[0.0] * (2 * n) for _ in range(5)]
            result[g] = means[g] + np.array(kernel(centred.tolist(), float(steps[g]), [0.0] * n, *buffers))
    return result


@cache
def _kernel():
    """The dynamic program, compiled if numba can be imported, and whether it was."""
    try:
        import numba
    except ImportError:
        return _dynamic_program, False
    try:
        return numba.njit(cache=True)(_dynamic_program), True
    except RuntimeError:  # nowhere to keep the compiled code
        return numba.njit(_dynamic_program), True


def _dynamic_program(v, step, x, knots, slopes, levels, lows, highs):
    """argmin 1/2 ||x - v||^2 + step sum |x_k+1 - x_k|, written into x.

    The derivative of the cost-to-go after entry k is kept as a line a b + c at either end and, at knots first..last
    (sorted), the changes of a and c from left to right. Clipping it to [-step, step] gives the next one, and the two
    points where it is clipped bound x_k given x_k+1. Work arrays: knots, slopes, levels, lows, highs, each (2 n,).
    """
    n = len(v)
    first, last = n, n - 1
    left = right = -v[0]
    for k in range(n - 1):
        a, c = 1.0, left
        while first <= last and a * knots[first] + c < -step:
            a += slopes[first]
            c += levels[first]
            first += 1
        low = (-step - c) / a
        first -= 1
        knots[first], slopes[first], levels[first] = low, a, c + step
        a, c = 1.0, right
        while last > first and a * knots[last] + c > step:
            a -= slopes[last]
            c -= levels[last]
            last -= 1
        high = max(low, (step - c) / a)
        last += 1
        knots[last], slopes[last], levels[last] = high, -a, step - c
        lows[k], highs[k] = low, high
        left, right = -step - v[k + 1], step - v[k + 1]
    a, c = 1.0, left
    while first <= last and a * knots[first] + c < 0.0:
        a += slopes[first]
        c += levels[first]
        first += 1
    x[n - 1] = -c / a
    for k in range(n - 2, -1, -1):
        x[k] = min(max(x[k + 1], lows[k]), highs[k])
    return x
