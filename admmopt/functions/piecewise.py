"""Scalar convex piecewise linear-quadratic functions, one per element: the workhorse of the library.

Absolute value, hinge, quantile, deadzone, Huber, squares, bounds, equalities, and every sum, scaling, shift,
tilt and conjugate of them are one class, closed under all of these (Rockafellar & Wets, Variational Analysis,
Section 11.D). The named ones are built in `piecewise_library`.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np

from . import piecewise_pieces as pieces
from .base import Array, Function, namespace
from .piecewise_pieces import EmptyDomain

__all__ = ["EmptyDomain", "PiecewiseQuadratic"]

DOMAIN_TOLERANCE = 1e-9  # how far outside its domain, relative to the bound, a point may lie by rounding


@dataclass(eq=False)
class PiecewiseQuadratic(Function):
    """f(y) = sum_i f_i(y_i), each f_i convex and quadratic on each of up to P intervals, +inf outside of them.

    breaks: (P + 1, n), nondecreasing down each column, first and last entry finite or infinite: piece j of
    element i lives on ``[breaks[j, i], breaks[j + 1, i]]``; elements with fewer pieces repeat their last one
    with zero width. On piece j, with u = y - anchor[j], ``f = height[j] + slope[j] u + curvature[j] u^2 / 2``;
    anchor, height, slope, curvature: (P, n). (A quadratic is written around an anchor near which it is used, so
    that its values do not cancel when that is far from the origin.)

    The prox is exact: where f has a kink or a bound, the breakpoint itself is returned. A step array that is passed
    again (the same object) is taken to be unchanged: make a new array when steps change.
    """

    breaks: Array
    anchor: Array
    height: Array
    slope: Array
    curvature: Array

    def __post_init__(self):
        self.dim = 1
        self.count = self.breaks.shape[1]
        self._plan: _Plan | None = None  # what prox can skip, found out once
        self._step = None  # the last step, with the lines that belong to it
        self._lines: list = []

    # ---- what it is -------------------------------------------------------------------------------------------

    @property
    def pieces(self) -> int:
        """P, the largest number of pieces that an element has."""
        return self.anchor.shape[0]

    def domain(self) -> tuple[Array, Array]:
        """(lo, hi), each (n,), possibly infinite."""
        return self.breaks[0], self.breaks[-1]

    @property
    def is_point(self) -> Array:
        """(n,) bool: the domain is a single point (an equality row)."""
        return self.breaks[0] == self.breaks[-1]

    @property
    def is_free(self) -> Array:
        """(n,) bool: the domain is all of R."""
        return (self.breaks[0] == -np.inf) & (self.breaks[-1] == np.inf)

    @property
    def is_affine(self) -> Array:
        """(n,) bool: f_i is affine on its whole domain."""
        xp = namespace(self.breaks)
        flat = xp.all(self.curvature == 0, axis=0)
        return flat & xp.all((self.slope == self.slope[0]) | (self.breaks[1:] == self.breaks[:-1]), axis=0)

    @property
    def indicator(self) -> bool:  # type: ignore[override]
        return not bool((self.curvature != 0).any() or (self.slope != 0).any() or (self.height != 0).any())

    @property
    def cone(self) -> bool:  # type: ignore[override]
        bounds = self.breaks[:: self.pieces]
        return self.indicator and bool(((bounds == 0) | (abs(bounds) == np.inf)).all())

    def describe(self) -> str:
        return f"PiecewiseQuadratic({self.count}, at most {self.pieces} pieces)"

    # ---- value and slopes -------------------------------------------------------------------------------------

    def value(self, y: Array) -> float:
        """f(y); inf where an entry leaves its domain by more than 1e-9 (1 + |bound|). y: (n,)."""
        values = self.values(y)
        return float(values.sum())

    def values(self, y: Array) -> Array:
        """(f_1(y_1), ..., f_n(y_n)). y: (n,)."""
        xp = namespace(y)
        lo, hi = self.domain()
        z = xp.minimum(xp.maximum(y, lo), hi)
        values = self._on_piece(0, z)
        for j in range(1, self.pieces):
            values = xp.where(z > self.breaks[j], self._on_piece(j, z), values)
        outside = abs(y - z) > DOMAIN_TOLERANCE * (1 + abs(z))
        return xp.where(outside, values + np.inf, values)

    def _on_piece(self, j: int, z: Array) -> Array:
        u = z - self.anchor[j]
        return self.height[j] + u * (self.slope[j] + 0.5 * self.curvature[j] * u)

    def subdifferential(self, z: Array, tol: float = 1e-9) -> tuple[Array, Array]:
        """The interval [lo, hi] of subgradients of each f_i at z_i, infinite at the ends of the domain. z: (n,).

        A z within ``tol (1 + |breakpoint|)`` of a breakpoint counts as lying on it, and gets its whole interval;
        a z outside of the domain counts as the nearest point of it.
        """
        xp = namespace(z)
        z = xp.minimum(xp.maximum(z, self.breaks[0]), self.breaks[-1])
        slack = tol * (1 + abs(z))
        lo, hi = z * 0 - np.inf, z * 0 + np.inf
        for j in range(self.pieces):
            below = xp.minimum(z, self.breaks[j + 1]) - self.anchor[j]
            lo = xp.where(self.breaks[j] < z - slack, self.slope[j] + self.curvature[j] * below, lo)
        for j in reversed(range(self.pieces)):
            start = self.breaks[j]
            above = xp.where((start > z) & (start < np.inf), start, z) - self.anchor[j]
            hi = xp.where(self.breaks[j + 1] > z + slack, self.slope[j] + self.curvature[j] * above, hi)
        return lo, hi

    # ---- prox -------------------------------------------------------------------------------------------------

    def prox(self, v: Array, t: Array) -> Array:
        """argmin_y f(y) + sum_i (y_i - v_i)^2 / (2 t_i). v: (n,), t: positive float or (n,).

        On piece j the optimality condition y + t f'(y) = v is a line, y = (v - t a_j) / (1 + t k_j) with k_j the
        curvature and a_j the slope at 0; it holds where it falls into the piece, and is clamped to it elsewhere.
        """
        plan = self._plan or self._make_plan(namespace(v))
        xp = plan.xp
        if plan.soft:
            lines = self._lines_for(plan, t)
            if lines:
                v = v - xp.minimum(xp.maximum(v, lines[0]), lines[1])
            low, high = plan.below[0], plan.above[0]
            if low is not None:
                v = xp.maximum(v, low)
            elif high is None and not lines:
                return 1 * v  # never the argument itself
            return v if high is None else xp.minimum(v, high)
        lines = self._lines_for(plan, t)
        for j, join in plan.order:
            gain, shift = lines[j]
            line = v if gain is None else gain * v
            line = line if shift is None else line + shift
            low, high = plan.below[j], plan.above[j]
            capped = line if high is None or join == _LEFT else xp.minimum(line, high)
            if join == _START:
                result = capped if low is None else xp.maximum(capped, low)
            elif join == _RIGHT:
                result = xp.maximum(result, capped)
            elif join == _LEFT:
                result = xp.minimum(result, line if low is None else xp.maximum(line, low))
            else:
                result = xp.where(line > low, capped, result)
        return result

    def prox_jacobian(self, v: Array, t: Array) -> Array:
        """The diagonal of an element of the generalized Jacobian of prox(., t) at v: (n,), entries in [0, 1]."""
        xp = namespace(v)
        jacobian = v * 0
        for j in range(self.pieces):
            gain = 1 / (1 + t * self.curvature[j])
            line = gain * (v - t * (self.slope[j] - self.curvature[j] * self.anchor[j]))
            inside = (line > self.breaks[j]) & (line < self.breaks[j + 1])
            jacobian = xp.where(inside, gain, jacobian)
        return jacobian

    def _make_plan(self, xp) -> _Plan:
        """Look at the data once: which bounds exist, which lines are the identity, how pieces join."""
        breaks, P = self.breaks, self.pieces
        intercept = self.slope - self.curvature * self.anchor
        below = [breaks[j] if bool((breaks[j] > -np.inf).any()) else None for j in range(P)]
        above = [breaks[j + 1] if bool((breaks[j + 1] < np.inf).any()) else None for j in range(P)]
        flat = not bool((self.curvature != 0).any())
        soft = flat and P == 1
        if flat and P == 2:  # kinks at 0 only (an element with one piece has a kink of height 0 wherever we like)
            single = breaks[1] == breaks[2]
            soft = bool((single | (breaks[1] == 0)).all())
            if soft:
                intercept = xp.stack([intercept[0], xp.where(single, intercept[0], intercept[1])])
                above = [breaks[2] if bool((breaks[2] < np.inf).any()) else None]
        if soft and not bool((intercept != 0).any()):
            rows: list = []  # an indicator of bounds: t does not matter
        elif soft:
            rows = [intercept[0], intercept[-1]]
        else:
            rows = [(_number_or_row(self.curvature[j]), _number_or_row(intercept[j])) for j in range(P)]
        self._plan = _Plan(xp, soft, rows, below, above, self._order())
        return self._plan

    def _order(self) -> list[tuple[int, int]]:
        """In which order prox takes the pieces, and how it joins each to those before it.

        A line that is at least as steep as the prox everywhere to its left lies below it there: then a maximum joins
        it (and a minimum on the other side). So we start from the most curved piece and go outwards; where curvatures
        rise and fall in another way, each piece is selected where its line says so, which costs more.
        """
        k, P = self.curvature, self.pieces
        falls = [all(bool((k[j] <= k[i]).all()) for i in range(j)) for j in range(P)]
        rises = [all(bool((k[j] <= k[i]).all()) for i in range(j + 1, P)) for j in range(P)]
        for start in range(P):
            if all(rises[:start]) and all(falls[start + 1 :]):
                left = [(j, _LEFT) for j in reversed(range(start))]
                return [(start, _START), *left, *((j, _RIGHT) for j in range(start + 1, P))]
        return [(0, _START), *((j, _SELECT) for j in range(1, P))]

    def _lines_for(self, plan: _Plan, t: Array) -> list:
        """What depends on the step t, kept while t stays: the line (gain, shift) of every piece, None for 1 and 0."""
        if not plan.rows or t is self._step:
            return self._lines
        if isinstance(t, float) and isinstance(self._step, float) and t == self._step:
            return self._lines
        if plan.soft:
            lines = [t * row for row in plan.rows]
        else:
            lines = []
            for curvature, intercept in plan.rows:
                gain = None if _is_zero(curvature) else 1 / (1 + t * curvature)
                shift = None if _is_zero(intercept) else -t * intercept * (1 if gain is None else gain)
                lines.append((gain, shift))
        self._step, self._lines = t, lines
        return lines

    # ---- certificates -----------------------------------------------------------------------------------------

    def domain_support(self, y: Array) -> tuple[float, Array]:
        xp = namespace(y)
        lo, hi = self.domain()
        bound = xp.where(y > 0, hi, lo)
        finite = (abs(bound) < np.inf) & (y != 0)
        moved = xp.where(finite, y, 0 * y)
        return float(xp.where(finite, y * xp.where(finite, bound, 0 * y), 0 * y).sum()), moved

    def recession(self, d: Array) -> tuple[float, Array]:
        xp = namespace(d)
        lo, hi = self.domain()
        up = (d > 0) & (hi == np.inf) & (self.curvature[-1] == 0)
        down = (d < 0) & (lo == -np.inf) & (self.curvature[0] == 0)
        moved = xp.where(up | down, d, 0 * d)
        return float((moved * xp.where(d > 0, self.slope[-1], self.slope[0])).sum()), moved

    # ---- calculus (numpy; at compile time) ----------------------------------------------------------------------

    def scaled(self, a: Array) -> PiecewiseQuadratic:
        """a f for a >= 0, a number or (n,). Zero keeps the domain: 0 f is the indicator of dom f."""
        a = np.asarray(a, dtype=float)
        if np.any(a < 0) or not np.all(np.isfinite(a)):
            raise ValueError(f"a scale must be finite and nonnegative, got {a.min() if a.size else a}.")
        scaled = (self.breaks, self.anchor, a * self.height, a * self.slope, a * self.curvature)
        return self._simplified(*scaled) if np.any(a == 0) else PiecewiseQuadratic(*scaled)

    def precompose(self, d: Array, b: Array = 0.0) -> PiecewiseQuadratic:
        """z -> f(d z + b), with d nonzero and b numbers or (n,)."""
        d = np.broadcast_to(np.asarray(d, dtype=float), (self.count,))
        zero = np.flatnonzero((d == 0) | ~np.isfinite(d))
        if zero.size:
            raise ValueError(f"f(d z + b) needs a finite d other than zero; element {zero[0]} has d = {d[zero[0]]}.")
        breaks, anchor = (self.breaks - b) / d, (self.anchor - b) / d
        data = (breaks, anchor, self.height, d * self.slope, d * d * self.curvature)
        if not np.any(d < 0):
            return PiecewiseQuadratic(*data)
        turned = [np.where(d < 0, array[::-1], array) for array in data]
        return self._simplified(*turned)

    def tilt(self, c: Array) -> PiecewiseQuadratic:
        """f(y) + c'y, c a number or (n,)."""
        height, slope = self.height + c * self.anchor, self.slope + c
        return PiecewiseQuadratic(self.breaks, self.anchor, height, slope, self.curvature)

    def plus_constant(self, c: Array) -> PiecewiseQuadratic:
        """f_i + c_i, c a number or (n,)."""
        return PiecewiseQuadratic(self.breaks, self.anchor, self.height + c, self.slope, self.curvature)

    def plus_quadratic(self, mu: Array) -> PiecewiseQuadratic:
        """f(y) + sum_i mu_i/2 y_i^2, mu >= 0 a number or (n,)."""
        from .piecewise_library import square

        return self + square(self.count, mu)

    def __add__(self, other: PiecewiseQuadratic) -> PiecewiseQuadratic:
        """f + h; raises EmptyDomain, naming the element, where no point is in both domains."""
        if not isinstance(other, PiecewiseQuadratic):
            return NotImplemented
        if self.count != other.count:
            raise ValueError(f"cannot add functions of {self.count} and {other.count} elements.")
        return self._simplified(*pieces.merge(self._data, other._data))

    def conjugate(self) -> PiecewiseQuadratic:
        """f*(y) = sup_x <x, y> - f(x), again piecewise linear-quadratic."""
        return self._simplified(*pieces.conjugate(*self._data))

    def take(self, indices) -> PiecewiseQuadratic:
        """The function of the elements that `indices` (slice, integers or mask) selects, in that order."""
        return self._simplified(*(array[:, indices] for array in self._data))

    @staticmethod
    def concatenate(functions: list[PiecewiseQuadratic]) -> PiecewiseQuadratic:
        """One function of the elements of all, one after the other."""
        most = max(function.pieces for function in functions)
        padded = [pieces.pad(function._data, most) for function in functions]
        return PiecewiseQuadratic(*(np.concatenate(arrays, axis=1) for arrays in zip(*padded, strict=True)))

    @property
    def _data(self) -> tuple:
        return self.breaks, self.anchor, self.height, self.slope, self.curvature

    @staticmethod
    def _simplified(*data) -> PiecewiseQuadratic:
        return PiecewiseQuadratic(*pieces.simplify(*data))


_START, _LEFT, _RIGHT, _SELECT = range(4)


@dataclass(frozen=True)
class _Plan:
    """What prox needs to know about the data and would not want to find out at every call."""

    xp: Any
    soft: bool  # linear pieces with a kink at 0 only: v - clamp(v, t s_0, t s_1), then the bounds
    rows: list  # what the step multiplies: s_0, s_1 if soft, else (curvature, slope at 0) of every piece
    below: list  # lower and upper ends of the pieces, None where no element has one
    above: list
    order: list[tuple[int, int]]


def _number_or_row(row: Array):
    """A row of equal numbers as a number, which is cheaper."""
    return float(row[0]) if row.shape[0] and bool((row == row[0]).all()) else row


def _is_zero(value) -> bool:
    return isinstance(value, float) and value == 0
