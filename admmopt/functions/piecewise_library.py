"""Named scalar functions as `PiecewiseQuadratic`: bounds, absolute value, hinge, Huber, ... of n elements each.

Parameters are numbers or arrays of shape (n,).
"""

from __future__ import annotations

import numpy as np

from .piecewise import PiecewiseQuadratic
from .piecewise_pieces import check_bounds, simplify

INF = np.inf


def from_pieces(n: int, breaks, pieces) -> PiecewiseQuadratic:
    """Any convex piecewise quadratic function.

    breaks: P + 1 numbers or (n,) arrays, the first and last may be infinite; pieces: P tuples
    (anchor, height, slope, curvature) of numbers or (n,) arrays: height + slope u + curvature u^2/2, u = y - anchor.
    The caller answers for continuity and convexity.
    """
    rows = [
        np.stack([np.broadcast_to(np.asarray(x, dtype=float), (n,)) for x in column])
        for column in zip(*pieces, strict=True)
    ]
    edges = np.stack([np.broadcast_to(np.asarray(x, dtype=float), (n,)) for x in breaks])
    return PiecewiseQuadratic(*simplify(edges, *rows))


def box(lower, upper, n: int | None = None) -> PiecewiseQuadratic:
    """Indicator of lower <= y <= upper, ends may be infinite; n is needed where both are numbers.

    Raises EmptyDomain, naming the element, where lower > upper.
    """
    if n is None:
        n = np.broadcast(lower, upper).size
    lower, upper = (np.broadcast_to(np.asarray(end, dtype=float), (n,)) for end in (lower, upper))
    lower, upper = check_bounds(lower, upper)
    return from_pieces(n, [lower, upper], [(0, 0, 0, 0)])


def zero(n: int) -> PiecewiseQuadratic:
    """Indicator of y = 0 (an equality constraint)."""
    return box(0.0, 0.0, n)


def free(n: int) -> PiecewiseQuadratic:
    """The function 0, finite everywhere."""
    return box(-INF, INF, n)


def nonneg(n: int) -> PiecewiseQuadratic:
    """Indicator of y >= 0."""
    return box(0.0, INF, n)


def nonpos(n: int) -> PiecewiseQuadratic:
    """Indicator of y <= 0."""
    return box(-INF, 0.0, n)


def linear(c) -> PiecewiseQuadratic:
    """c'y. c: (n,)."""
    c = np.atleast_1d(np.asarray(c, dtype=float))
    return from_pieces(c.size, [-INF, INF], [(0, 0, c, 0)])


def square(n: int, w=1.0) -> PiecewiseQuadratic:
    """sum_i w_i/2 y_i^2, w >= 0 (with the half: CVXPY's sum_squares is w = 2)."""
    return from_pieces(n, [-INF, INF], [(0, 0, 0, nonnegative("w", w))])


def absolute(n: int, w=1.0) -> PiecewiseQuadratic:
    """sum_i w_i |y_i|, w >= 0."""
    w = nonnegative("w", w)
    return from_pieces(n, [-INF, 0, INF], [(0, 0, -w, 0), (0, 0, w, 0)])


def positive(n: int, w=1.0) -> PiecewiseQuadratic:
    """sum_i w_i max(y_i, 0), w >= 0."""
    return from_pieces(n, [-INF, 0, INF], [(0, 0, 0, 0), (0, 0, nonnegative("w", w), 0)])


def negative(n: int, w=1.0) -> PiecewiseQuadratic:
    """sum_i w_i max(-y_i, 0), w >= 0."""
    return from_pieces(n, [-INF, 0, INF], [(0, 0, -nonnegative("w", w), 0), (0, 0, 0, 0)])


def hinge(n: int, w=1.0) -> PiecewiseQuadratic:
    """sum_i w_i max(0, 1 - y_i), w >= 0."""
    return from_pieces(n, [-INF, 1, INF], [(1, 0, -nonnegative("w", w), 0), (1, 0, 0, 0)])


def squared_hinge(n: int, w=1.0) -> PiecewiseQuadratic:
    """sum_i w_i max(0, 1 - y_i)^2, w >= 0."""
    return from_pieces(n, [-INF, 1, INF], [(1, 0, 0, 2 * nonnegative("w", w)), (1, 0, 0, 0)])


def quantile(n: int, tau) -> PiecewiseQuadratic:
    """sum_i tau_i max(y_i, 0) + (1 - tau_i) max(-y_i, 0), 0 <= tau <= 1: the pinball loss of a residual y."""
    tau = np.asarray(tau, dtype=float)
    if np.any((tau < 0) | (tau > 1)):
        raise ValueError(f"tau must lie between 0 and 1, got {tau.min()} to {tau.max()}.")
    return from_pieces(n, [-INF, 0, INF], [(0, 0, tau - 1, 0), (0, 0, tau, 0)])


def deadzone(n: int, eps) -> PiecewiseQuadratic:
    """sum_i max(|y_i| - eps_i, 0), eps >= 0 (Vapnik's epsilon-insensitive loss)."""
    eps = nonnegative("eps", eps)
    return from_pieces(n, [-INF, -eps, eps, INF], [(-eps, 0, -1, 0), (0, 0, 0, 0), (eps, 0, 1, 0)])


def huber(n: int, M=1.0) -> PiecewiseQuadratic:
    """CVXPY's huber(y, M): y^2 for |y| <= M, 2 M |y| - M^2 beyond; M > 0."""
    M = nonnegative("M", M)
    return from_pieces(n, [-INF, -M, M, INF], [(-M, M * M, -2 * M, 0), (0, 0, 0, 2), (M, M * M, 2 * M, 0)])


def elastic_net(n: int, l1=1.0, l2=1.0) -> PiecewiseQuadratic:
    """sum_i l1_i |y_i| + l2_i/2 y_i^2, both >= 0."""
    l1, l2 = nonnegative("l1", l1), nonnegative("l2", l2)
    return from_pieces(n, [-INF, 0, INF], [(0, 0, -l1, l2), (0, 0, l1, l2)])


def max_affine(slopes, intercepts, n: int | None = None) -> PiecewiseQuadratic:
    """max_k slopes[k] y + intercepts[k] for each element; slopes, intercepts: (K,) or (K, n)."""
    slopes, intercepts = (np.asarray(array, dtype=float) for array in (slopes, intercepts))
    slopes, intercepts = (array[:, None] if array.ndim == 1 else array for array in (slopes, intercepts))
    shape = np.broadcast_shapes(slopes.shape, intercepts.shape, (1, 1 if n is None else n))
    order = np.argsort(np.broadcast_to(slopes, shape), axis=0, kind="stable")
    s = np.take_along_axis(np.broadcast_to(slopes, shape), order, axis=0)
    c = np.take_along_axis(np.broadcast_to(intercepts, shape), order, axis=0)
    K, n = shape
    # piece k is on top between its crossings with all flatter and all steeper ones
    start, end = np.full(shape, -INF), np.full(shape, INF)
    for k in range(K):
        for j in range(K):
            with np.errstate(divide="ignore", invalid="ignore"):
                crossing = (c[j] - c[k]) / (s[k] - s[j])
            level = s[k] == s[j]
            hidden = level & ((c[j] > c[k]) | ((c[j] == c[k]) & (j < k)))
            if j < k:
                start[k] = np.maximum(start[k], np.where(level, -INF, crossing))
            elif j > k:
                end[k] = np.minimum(end[k], np.where(level, INF, crossing))
            end[k] = np.where(hidden, -INF, end[k])
    visible = start < end
    # a piece starts where the last visible one before it ends; the hidden ones get zero width
    edges = [np.full(n, -INF)]
    for k in range(K - 1):
        edges.append(np.where(visible[k], np.maximum(end[k], edges[-1]), edges[-1]))
    later = np.cumsum(visible[::-1], axis=0)[::-1]
    for k in range(K - 1):
        edges[k + 1] = np.where(later[k + 1] == 0, INF, edges[k + 1])
    return from_pieces(n, [*edges, INF], [(0, c[k], s[k], 0) for k in range(K)])


def nonnegative(name: str, value) -> np.ndarray:
    """The value as an array; ValueError, by name, where it is negative or not finite."""
    value = np.asarray(value, dtype=float)
    if np.any(value < 0) or not np.all(np.isfinite(value)):
        raise ValueError(f"{name} must be finite and nonnegative, got {value.min() if value.size else value}.")
    return value
