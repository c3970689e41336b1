"""Roots of many increasing scalar equations at once: Newton's method kept inside a shrinking bracket."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

from .base import Array, namespace

EPS = float(np.finfo(np.float64).eps)
NEARBY = 1e-8  # a Newton step of this relative length is followed by one below rounding


def bracketed_newton(
    residual: Callable[..., tuple[Array, Array]],
    low: Array,
    high: Array,
    start: Array,
    data: tuple[Array, ...] = (),
    floor: float = 0.0,
    iterations: int = 200,
) -> Array:
    """x with ``residual(x, *data)[0] == 0``, elementwise, to about machine precision relative to max(|x|, floor).

    residual(x, *data) returns the value, negative below the root and positive above it, and its derivative. A Newton
    step that leaves the bracket, or that shrinks too slowly, becomes a bisection (the classical safeguard), so the
    derivative need not be exact. An equation counts as solved when the step is a few roundings, or when steps nearly
    that small stop shrinking: then the residual is at its own rounding error. low, high, start and every array of
    `data`: (n, ...), low <= start <= high finite. Equations already solved are dropped as soon as they are half of
    those left. Returns (n,).
    """
    xp = namespace(low)
    x, last = start, high - low
    solution = xp.zeros_like(low)
    index = xp.arange(low.shape[0], device=low.device)
    for _ in range(iterations):
        f, slope = residual(x, *data)
        low, high = xp.where(f < 0, x, low), xp.where(f > 0, x, high)
        newton = x - f / xp.where(slope == 0, xp.ones_like(slope), slope)
        step = xp.abs(newton - x)
        size = xp.abs(x)
        size = xp.where(size > floor, size, xp.full_like(size, floor))
        shrinking = 2 * step <= last
        solved = (f == 0) | (step <= 4 * EPS * size + 1e-300) | (~shrinking & (last <= 64 * EPS * size))
        inside = (newton >= low) & (newton <= high) & (slope != 0)
        following = xp.where((shrinking | solved) & inside, newton, low + 0.5 * (high - low))
        following = xp.where(solved & ~inside, x, following)
        last = xp.abs(following - x)
        x = following
        moving = ~solved & (last > 2 * EPS * size)
        left = int(xp.sum(moving))
        if left == 0:
            break
        if 2 * left <= x.shape[0]:
            solution[index[~moving]] = x[~moving]
            low, high, x, last, index = low[moving], high[moving], x[moving], last[moving], index[moving]
            data = tuple(item[moving] for item in data)
    solution[index] = x
    return solution


def newton_nearby(
    residual: Callable[..., tuple[Array, Array]], start: Array, data: tuple[Array, ...], iterations: int = 20
) -> tuple[Array, Array]:
    """(x, solved): plain Newton steps from a start that is thought to be near, all equations in step, no bracket.

    Arguments as in `bracketed_newton`. `solved` where the last step was so short that, Newton's method being
    quadratic, what is left is rounding. Returns (n,), (n,).
    """
    xp = namespace(start)
    x = start
    with np.errstate(all="ignore"):  # an equation whose start was not near may run off; it is then not solved
        for _ in range(iterations):
            f, slope = residual(x, *data)
            step = f / slope
            x = x - step
            solved = xp.abs(step) < NEARBY * (1.0 + xp.abs(x))
            if bool(xp.all(solved)):
                break
    return x, solved


def widen(enough: Callable[[Array], Array], start: Array, step: Array, limit: int = 60) -> Array:
    """Move each entry of `start` to start + step, + 2 step, + 4 step, ... until `enough` holds for it.
    start: (n,); step: float or (n,), signed."""
    xp = namespace(start)
    x = start
    for _ in range(limit):
        short = ~enough(x)
        if not bool(xp.any(short)):
            break
        x = xp.where(short, start + step, x)
        step = 2 * step
    return x
