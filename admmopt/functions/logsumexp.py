"""The logarithm of a sum of exponentials."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from .base import Array, Function, column, namespace
from .jacobian import low_rank, unit
from .omega import wright_omega
from .roots import bracketed_newton


@dataclass(eq=False)
class LogSumExp(Function):
    """sum_g weight_g log sum_j exp(y_gj). weight: positive, float or (count,).

    With s = t weight the prox is y = v - s p, where p = exp(y - L) sums to one and L is the value at y. For a given L
    each p_j is a Wright omega function, s p_j = omega(log s + v_j - L), which leaves one scalar equation per group.
    """

    count: int
    dim: int
    weight: float | np.ndarray = 1.0

    def value(self, y: Array) -> float:
        xp = namespace(y)
        return float(xp.sum(self.weight * _log_sum_exp(xp, y.reshape(self.count, self.dim))))

    def _removed(self, groups: Array, t: Array) -> Array:
        """v - prox = s p."""
        xp = namespace(groups)
        step = t * self.weight + xp.zeros_like(groups[:, 0])
        active = step > 0
        step = xp.where(active, step, xp.ones_like(step))
        shifted = groups - xp.max(groups, axis=1)[:, None] + xp.log(step)[:, None]
        high = _log_sum_exp(xp, shifted) - xp.log(step)
        low = high - step
        level = bracketed_newton(_equation, low, high, high, (shifted, step), floor=1.0)
        p = wright_omega(shifted - level[:, None])
        return p * xp.where(active, step / xp.sum(p, axis=1), xp.zeros_like(step))[:, None]

    def prox(self, v: Array, t: Array) -> Array:
        groups = v.reshape(self.count, self.dim)
        return (groups - self._removed(groups, t)).reshape(-1)

    def prox_jacobian(self, v: Array, t: Array):
        """(I + diag(q) - q q' / s)^-1 with q = s p, by the formula of Sherman and Morrison: e + (e q)(e q)' / sum(e q)
        with e = 1 / (1 + q), since s - sum(e q q) = sum(e q)."""
        xp = namespace(v)
        q = self._removed(v.reshape(self.count, self.dim), t)
        shrunk = q / (1.0 + q)
        total = xp.sum(shrunk, axis=1)
        square = xp.sum(shrunk**2, axis=1)
        return low_rank(1.0 / (1.0 + q), (square / xp.where(total > 0, total, xp.ones_like(total)), unit(shrunk)))

    def recession(self, d: Array) -> tuple[float, Array]:
        xp = namespace(d)
        return float(xp.sum(self.weight * xp.max(d.reshape(self.count, self.dim), axis=1))), d


def _log_sum_exp(xp, groups):
    top = xp.max(groups, axis=1)
    return top + xp.log(xp.sum(xp.exp(groups - top[:, None]), axis=1))


def _equation(level, shifted, step):
    """log step - log sum_j omega(shifted_j - level): increasing, and nearly linear for small steps."""
    xp = namespace(level)
    omega = wright_omega(shifted - column(level))
    total = xp.sum(omega, axis=1)
    return xp.log(step) - xp.log(total), xp.sum(omega / (1.0 + omega), axis=1) / total
