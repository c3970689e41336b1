"""What Moreau's decomposition gives for free: conjugates, envelopes, squared distances."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from .base import Array, Function
from .jacobian import affine
from .wrapper import Wrapper


def conjugate(f: Function) -> Function:
    """f*(y) = sup_x <x, y> - f(x)."""
    if isinstance(f, Conjugate):
        return f.f
    return f.conjugate() if hasattr(f, "conjugate") else Conjugate(f)


@dataclass(eq=False)
class Conjugate(Wrapper):
    """f*(y) = sup_x <x, y> - f(x), by Moreau's identity: prox_t f* (v) = v - t prox_{1/t} f (v/t). f convex."""

    f: Function

    def __post_init__(self):
        super().__post_init__()
        if not self.convex:
            raise ValueError(f"the conjugate of a nonconvex function is not offered: {self.f.describe()}.")

    def value(self, y: Array) -> float:
        """A lower bound of f*(y), too small by at most 5e-9 times the squared norm of a subgradient of f* at y.

        The maximizer x of <x, y> - f(x) - 1e-8/2 ||x||^2 is a prox of f. (The sup itself has no formula in terms of
        the prox.) inf where y is further than 1e-6 (1 + |y|) from the domain.
        """
        small = 1e-8
        x = self.f.prox(y / small, 1 / small)
        if bool((abs(small * x) > 1e-6 * (1 + abs(y))).any()):
            return float("inf")
        return float((x * y).sum()) - self.f.value(x)

    def prox(self, v: Array, t: Array) -> Array:
        step = self._each(t)
        return v - step * self.f.prox(v / step, 1 / t)

    def prox_jacobian(self, v: Array, t: Array):
        return affine(self.f.prox_jacobian(v / self._each(t), 1 / t), 1.0, -1.0)

    def domain(self):
        raise NotImplementedError("the domain of a conjugate is known through its support function only.")

    def domain_support(self, y: Array):
        """The support function of dom f* is the recession function of f (Rockafellar, Theorem 13.3)."""
        return self.f.recession(y)

    def recession(self, d: Array):
        """The recession function of f* is the support function of dom f."""
        return self.f.domain_support(d)


@dataclass(eq=False)
class MoreauEnvelope(Wrapper):
    """e(y) = min_u f(u) + ||u - y||^2 / (2 lam): smooth, with gradient (y - prox_lam(y)) / lam. lam > 0, f convex.

    prox_t e (v) = v + t/(t + lam) (prox_{t + lam} f (v) - v).
    """

    f: Function
    lam: float = 1.0

    def __post_init__(self):
        super().__post_init__()
        if not self.lam > 0 or not self.convex:
            raise ValueError(f"a Moreau envelope needs lam > 0 and a convex function, got {self.lam} and {self.f}.")

    def value(self, y: Array) -> float:
        p = self.f.prox(y, self.lam)
        near = 0.0 if self.f.indicator else self.f.value(p)
        return near + float(((y - p) ** 2).sum()) / (2 * self.lam)

    def gradient(self, y: Array) -> Array:
        """The gradient of e at y, Lipschitz with constant 1/lam. y: (size,)."""
        return (y - self.f.prox(y, self.lam)) / self.lam

    def prox(self, v: Array, t: Array) -> Array:
        share = self._each(t / (t + self.lam))
        return v + share * (self.f.prox(v, t + self.lam) - v)

    def prox_jacobian(self, v: Array, t: Array):
        share = self._each(t / (t + self.lam))
        return affine(self.f.prox_jacobian(v, t + self.lam), 1 - share, share)

    def domain(self):
        return -np.inf, np.inf

    def domain_support(self, y: Array):
        return 0.0, 0 * y

    def recession(self, d: Array):
        """That of f: the recession function of an infimal convolution with a quadratic."""
        return self.f.recession(d)


def squared_distance(indicator: Function, weight: float = 1.0) -> MoreauEnvelope:
    """weight/2 times the squared Euclidean distance to the convex set of which `indicator` is the indicator."""
    if not indicator.indicator:
        raise ValueError(f"the distance is to a set: {indicator.describe()} is not the indicator of one.")
    return MoreauEnvelope(indicator, 1.0 / weight)
