"""Weighted sums of one smooth scalar function: what the smooth elementwise functions share."""

from __future__ import annotations

import dataclasses
from abc import abstractmethod
from collections.abc import Callable
from typing import ClassVar

import numpy as np

from .base import Array, Function, namespace
from .piecewise_library import nonnegative

INF = float("inf")
ROUNDING = 1e-9  # how far outside a closed domain, relative to its end, a point may lie


@dataclasses.dataclass(eq=False)
class Elementwise(Function):
    """f(y) = sum_i weight_i phi(y_i), phi convex and smooth inside its domain, weight: (n,), nonnegative.

    Subclasses are dataclasses with a field `weight` and give phi, its second derivative, and the root of
    ``p + tau phi'(p) = v``. An element of weight zero is the indicator of the closure of phi's domain.
    """

    weight: Array
    lower: ClassVar[float] = -INF  # the closure of the domain of phi
    upper: ClassVar[float] = INF
    recession_down: ClassVar[float] = INF  # lim phi(y + s d)/s for d = -1 and d = 1
    recession_up: ClassVar[float] = INF

    def __post_init__(self):
        if type(self.weight) in (float, int, list, np.ndarray, np.float64):
            self.weight = np.atleast_1d(nonnegative("weight", self.weight))
        self.dim = 1
        self.count = self.weight.shape[0]
        self._positive = bool((self.weight > 0).all())

    @abstractmethod
    def phi(self, y: Array) -> Array:
        """phi for y in the closed domain; may be inf at its ends."""

    @abstractmethod
    def curvature(self, y: Array) -> Array:
        """phi'' for y in the closed domain; may be inf at its ends."""

    @abstractmethod
    def root(self, v: Array, tau: Array) -> Array:
        """The p in the closed domain with ``p + tau phi'(p) = v``. v, tau: (n,), tau > 0."""

    def domain(self) -> tuple[float, float]:
        """(lo, hi): the closure of every element's domain."""
        return self.lower, self.upper

    def _into_domain(self, y: Array) -> Array:
        xp = namespace(y)
        if self.lower > -INF:
            y = xp.where(y > self.lower, y, self.lower + 0 * y)
        return y if self.upper == INF else xp.where(y < self.upper, y, self.upper + 0 * y)

    def value(self, y: Array) -> float:
        """f(y); inf outside the domain. y: (n,)."""
        xp = namespace(y)
        z = self._into_domain(y)
        if bool((abs(y - z) > ROUNDING * (1 + abs(z))).any()):
            return INF
        values = self.phi(z)
        used = self.weight > 0
        return float(xp.where(used, self.weight * xp.where(used, values, 0 * z), 0 * z).sum())

    def prox(self, v: Array, t: Array) -> Array:
        tau = t * self.weight
        if self._positive:
            return self.root(v, tau)
        xp = namespace(v)
        used = tau > 0
        return xp.where(used, self.root(v, xp.where(used, tau, 1 + 0 * tau)), self._into_domain(v))

    def prox_jacobian(self, v: Array, t: Array) -> Array:
        """1 / (1 + t w phi''(prox)), the diagonal of the Jacobian: (n,)."""
        xp = namespace(v)
        p, tau = self.prox(v, t), t * self.weight
        inside = 1 / (1 + tau * xp.where(tau > 0, self.curvature(p), 0 * p))
        return inside if self._positive else xp.where((tau == 0) & (p != v), 0 * p, inside)

    def domain_support(self, y: Array) -> tuple[float, Array]:
        xp = namespace(y)
        bound = xp.where(y > 0, self.upper + 0 * y, self.lower + 0 * y)
        finite = (abs(bound) < INF) & (y != 0)
        moved = xp.where(finite, y, 0 * y)
        return float((moved * xp.where(finite, bound, 0 * y)).sum()), moved

    def recession(self, d: Array) -> tuple[float, Array]:
        xp = namespace(d)
        slope = xp.where(d > 0, self.recession_up + 0 * d, self.recession_down + 0 * d)
        open_ended = xp.where(d > 0, 0 * d + self.upper, 0 * d - self.lower) == INF
        allowed = open_ended & ((slope < INF) | (self.weight == 0)) & (d != 0)
        moved = xp.where(allowed, d, 0 * d)
        slope = xp.where(allowed & (self.weight > 0), slope, 0 * d)
        return float((self.weight * slope * abs(moved)).sum()), moved

    def scaled(self, a: Array) -> Elementwise:
        """a f for a >= 0, a number or (n,)."""
        return dataclasses.replace(self, weight=a * self.weight)

    @property
    def kind(self) -> tuple:
        """Functions of one kind can be joined by `concatenate`: the class and its exponents."""
        return (type(self), *(getattr(self, f.name) for f in dataclasses.fields(self) if f.name != "weight"))

    @staticmethod
    def concatenate(functions: list) -> Elementwise:
        """Functions of one `kind` as one function of the elements of all, one after the other."""
        return dataclasses.replace(functions[0], weight=np.concatenate([f.weight for f in functions]))

    def take(self, indices) -> Elementwise:
        """The function of the elements that `indices` (slice, integers or mask) selects, in that order."""
        return dataclasses.replace(self, weight=self.weight[indices])


def descend(residual: Callable[[Array], tuple[Array, Array]], x: Array, limit: int = 60) -> Array:
    """Newton's method for many increasing equations at once, from a side where it is monotone.

    residual(x) gives the value and the derivative. Where the equation is convex and x lies above the root (or
    concave and below it), every iterate stays on that side and the last steps are quadratic: so the first step below
    1e-8 relative is the last one needed. A step that would change the sign of x, which only rounding can ask for,
    halves it instead.
    """
    xp = namespace(x)
    for _ in range(limit):
        value, slope = residual(x)
        following = x - value / slope
        following = xp.where(following > 0, following, 0.5 * x)
        done = bool((abs(following - x) <= 1e-8 * following).all())
        x = following
        if done:
            break
    return x


def exp_or_inf(y: Array) -> Array:
    """exp(y), infinite without a warning where it overflows."""
    xp = namespace(y)
    return xp.where(y < 709.0, xp.exp(xp.where(y < 709.0, y, 0 * y)), 0 * y + INF)


def log_or(y: Array, otherwise: float) -> Array:
    """log(y) where y > 0, `otherwise` elsewhere, without a warning."""
    xp = namespace(y)
    return xp.where(y > 0, xp.log(xp.where(y > 0, y, 1 + 0 * y)), 0 * y + otherwise)
