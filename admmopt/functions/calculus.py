"""New functions from old ones: scales, affine arguments, linear and quadratic terms, each rule written once.

(Bauschke & Combettes, Convex Analysis, Chapter 24; conjugates and envelopes are in `moreau`, intervals in
`restricted`, stacks in `stacking`.) `scaled`, `precompose`, `tilt` and `plus_quadratic` return the closed form where
the class has one (piecewise quadratics stay piecewise quadratics, weights absorb a scale, nested wrappers collapse)
and one of the wrappers below otherwise.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from .base import Array, Function, namespace
from .jacobian import affine
from .piecewise import PiecewiseQuadratic
from .piecewise_library import square
from .wrapper import Wrapper, map_first, map_second


def scaled(f: Function, a: Array) -> Function:
    """a f, a > 0 a number (or (count,) where the class has a weight per group)."""
    if f.indicator and np.all(np.asarray(a) > 0):
        return f
    if hasattr(f, "scaled"):
        return f.scaled(a)
    values = np.unique(np.asarray(a, dtype=float))
    if values.size != 1:
        raise ValueError(f"{f.describe()} takes one scale for all of its groups, got {values.size} different ones.")
    return f if values[0] == 1 else Scaled(f, float(values[0]))


def precompose(f: Function, d: Array, b: Array = 0.0) -> Function:
    """y -> f(d y + b): d nonzero, a number or one per group (count,); b a number or (size,)."""
    if hasattr(f, "precompose"):
        return f.precompose(d, b)
    if np.all(np.asarray(b) == 0) and (np.all(np.asarray(d) == 1) or (f.cone and np.all(np.asarray(d) > 0))):
        return f
    return Precomposed(f, d, b)


def tilt(f: Function, c: Array) -> Function:
    """f(y) + c'y, c: a number or (size,)."""
    if hasattr(f, "tilt"):
        return f.tilt(c)
    return f if np.all(np.asarray(c) == 0) else Tilted(f, c)


def plus_quadratic(f: Function, mu: Array, center: Array = 0.0) -> Function:
    """f(y) + sum_g mu_g/2 ||y_g - center_g||^2, mu > 0 a number or (count,), center a number or (size,)."""
    if isinstance(f, PiecewiseQuadratic):
        return f + square(f.count, mu).precompose(1.0, -np.asarray(center, dtype=float))
    return PlusQuadratic(f, mu, center)


@dataclass(eq=False)
class Scaled(Wrapper):
    """a f, a > 0: prox_{t a f}."""

    f: Function
    a: float

    def __post_init__(self):
        super().__post_init__()
        if not 0 < self.a < np.inf:
            raise ValueError(f"a scale must be positive and finite, got {self.a}.")

    def value(self, y: Array) -> float:
        return self.a * self.f.value(y)

    def prox(self, v: Array, t: Array) -> Array:
        return self.f.prox(v, self.a * t)

    def prox_jacobian(self, v: Array, t: Array):
        return self.f.prox_jacobian(v, self.a * t)

    def domain_support(self, y: Array):
        return self.f.domain_support(y)

    def recession(self, d: Array):
        return map_first(self.f.recession(d), lambda number: self.a * number)

    def scaled(self, a: Array) -> Function:
        return scaled(self.f, self.a * a)


@dataclass(eq=False)
class Precomposed(Wrapper):
    """y -> f(d y + b), d: nonzero number or (count,), b: number or (size,).

    prox_t(v) = (prox_{d^2 t} f (d v + b) - b) / d.
    """

    f: Function
    d: Array
    b: Array = 0.0

    def __post_init__(self):
        super().__post_init__()
        self.indicator = self.f.indicator
        if isinstance(self.d, float | int | np.ndarray):
            d = np.asarray(self.d, dtype=float)
            if d.ndim and d.shape != (self.count,):
                raise ValueError(f"d must be a number or one for each of {self.count} groups, got {d.shape}.")
            if np.any(d == 0) or not np.all(np.isfinite(d)):
                raise ValueError("f(d y + b) needs d finite and nonzero in every group.")
            self.d = d if d.ndim else float(d)
        self._d, self._squared = self._each(self.d), self.d * self.d

    def _inner(self, y: Array) -> Array:
        return self._d * y + self.b

    def value(self, y: Array) -> float:
        return self.f.value(self._inner(y))

    def prox(self, v: Array, t: Array) -> Array:
        return (self.f.prox(self._inner(v), t * self._squared) - self.b) / self._d

    def prox_jacobian(self, v: Array, t: Array):
        return self.f.prox_jacobian(self._inner(v), t * self._squared)  # D^-1 J D, and D is a number in each block

    def domain(self):
        lower, upper = ((end - self.b) / self._d for end in self.f.domain())
        xp = np if isinstance(lower, float) else namespace(lower)
        return xp.minimum(lower, upper), xp.maximum(lower, upper)

    def domain_support(self, y: Array):
        answer = self.f.domain_support(y / self._d)
        if answer is None:
            return None
        support, moved = answer
        return support - float((moved * self.b).sum()), moved * self._d

    def recession(self, d: Array):
        return map_second(self.f.recession(self._d * d), lambda moved: moved / self._d)

    def scaled(self, a: Array) -> Function:
        return Precomposed(scaled(self.f, a), self.d, self.b)

    def precompose(self, d: Array, b: Array = 0.0) -> Function:
        return precompose(self.f, self.d * d, self._d * b + self.b)


@dataclass(eq=False)
class Tilted(Wrapper):
    """f(y) + c'y, c: number or (size,): prox_t(v) = prox_t f (v - t c)."""

    f: Function
    c: Array

    def value(self, y: Array) -> float:
        return self.f.value(y) + float((self.c * y).sum())

    def _moved(self, v: Array, t: Array) -> Array:
        return v - self._each(t) * self.c

    def prox(self, v: Array, t: Array) -> Array:
        return self.f.prox(self._moved(v, t), t)

    def prox_jacobian(self, v: Array, t: Array):
        return self.f.prox_jacobian(self._moved(v, t), t)

    def domain_support(self, y: Array):
        return self.f.domain_support(y)

    def recession(self, d: Array):
        answer = self.f.recession(d)
        return None if answer is None else (answer[0] + float((self.c * answer[1]).sum()), answer[1])

    def scaled(self, a: Array) -> Function:
        return Tilted(scaled(self.f, a), self._each(a) * self.c)

    def tilt(self, c: Array) -> Function:
        return tilt(self.f, self.c + c)


@dataclass(eq=False)
class PlusQuadratic(Wrapper):
    """f(y) + sum_g mu_g/2 ||y_g - center_g||^2, mu > 0: prox_t(v) = prox_s f ((v + t mu center) / (1 + t mu)),
    s = t / (1 + t mu)."""

    f: Function
    mu: Array
    center: Array = 0.0

    def __post_init__(self):
        super().__post_init__()
        if isinstance(self.mu, float | int | np.ndarray) and not np.all(np.asarray(self.mu) > 0):
            raise ValueError("a quadratic needs mu > 0 in every group.")

    def value(self, y: Array) -> float:
        return self.f.value(y) + 0.5 * float((self._each(self.mu) * (y - self.center) ** 2).sum())

    def _shrunk(self, v: Array, t: Array) -> tuple[Array, Array]:
        shrink = 1 / (1 + t * self.mu)
        each = self._each(shrink)
        return each * v + (1 - each) * self.center, t * shrink

    def prox(self, v: Array, t: Array) -> Array:
        return self.f.prox(*self._shrunk(v, t))

    def prox_jacobian(self, v: Array, t: Array):
        jacobian = self.f.prox_jacobian(*self._shrunk(v, t))
        return affine(jacobian, 0.0, self._each(1 / (1 + t * self.mu)))

    def domain_support(self, y: Array):
        return self.f.domain_support(y)

    def recession(self, d: Array):
        return 0.0, 0 * d

    def scaled(self, a: Array) -> Function:
        return PlusQuadratic(scaled(self.f, a), a * self.mu, self.center)

    def tilt(self, c: Array) -> Function:
        return PlusQuadratic(tilt(self.f, c), self.mu, self.center)
