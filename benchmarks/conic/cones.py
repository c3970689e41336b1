"""Euclidean projections on the cones of the files, many cones of one size at a time: V is (count, dim)."""

from __future__ import annotations

from math import isqrt, sqrt

import numpy as np

STEPS = 200  # of a bisection, which ends when an interval cannot be halved any more


def project(kind: str, V: np.ndarray, alpha: np.ndarray | None = None) -> np.ndarray:
    """The nearest points of the cones. kind: "zero", "nonneg", "nonpos", "soc" (x1 >= |rest|), "rsoc" (2 x1 x2 >=
    |rest|^2), "psd" (svec: lower triangle, column by column, sqrt(2) off the diagonal), "exp" (x1 >= x2 exp(x3 / x2)),
    "pow" (prod x_i^alpha_i >= |last|)."""
    if kind == "pow":
        return power(V, alpha)
    return SINGLE[kind](V)


def second_order(V: np.ndarray) -> np.ndarray:
    top, rest = V[:, :1], V[:, 1:]
    length = np.linalg.norm(rest, axis=1, keepdims=True)
    height = np.maximum(0.5 * (top + length), 0.0)
    with np.errstate(invalid="ignore", divide="ignore"):
        outside = np.hstack([height, np.where(length > 0, height / length, 0.0) * rest])
    return np.where(length <= top, V, np.where(length <= -top, 0.0, outside))


def rotated(V: np.ndarray) -> np.ndarray:
    """x1 and x2 turned by 45 degrees: its own inverse."""
    turned = V.copy()
    turned[:, 0], turned[:, 1] = (V[:, 0] + V[:, 1]) / sqrt(2), (V[:, 0] - V[:, 1]) / sqrt(2)
    return turned


def order(entries: int) -> int:
    """Of the symmetric matrix whose svec has so many entries."""
    return (isqrt(8 * entries + 1) - 1) // 2


def triangle(n: int) -> tuple[np.ndarray, np.ndarray]:
    """(i, j) of the entries of svec: the lower triangle, column by column."""
    j, i = np.triu_indices(n)
    return i, j


def semidefinite(V: np.ndarray) -> np.ndarray:
    n = order(V.shape[1])
    i, j = triangle(n)
    scale = np.where(i == j, 1.0, sqrt(2.0))
    X = np.zeros((len(V), n, n))
    X[:, i, j] = V / scale
    values, vectors = np.linalg.eigh(X)  # reads the lower triangle
    nearest = (vectors * np.maximum(values, 0.0)[:, None, :]) @ vectors.swapaxes(1, 2)
    return nearest[:, i, j] * scale


def exponential(V: np.ndarray) -> np.ndarray:
    """Friberg (2021): v = p (e^w, 1, w) + d (-e^-w, 1 - w, 1) with p, d >= 0, w the root of one increasing function."""
    t, s, r = V.T
    lower, upper = np.full(len(V), -700.0), np.full(len(V), 700.0)
    with np.errstate(all="ignore"):
        for slope, root in ((r, 1 - s / r), (-s, r / s)):  # where p and d are positive
            lower = np.where(slope > 0, np.maximum(lower, root), lower)
            upper = np.where(slope < 0, np.minimum(upper, root), upper)

        def split(w):
            scale = w * w - w + 1
            return (s + (w - 1) * r) / scale, (r - w * s) / scale

        def excess(w):
            p, d = split(w)
            return p * np.exp(w) - d * np.exp(-w) - t

        w = _bisect(excess, lower, upper)
        p = np.maximum(split(w)[0], 0.0)
        curved = np.stack([p * np.exp(w), p, p * w], axis=1)
        inside = ((s > 0) & (t >= s * np.exp(r / s))) | ((s == 0) & (t >= 0) & (r <= 0))
        flat = np.stack([np.maximum(t, 0.0), np.zeros_like(t), np.minimum(r, 0.0)], axis=1)
    candidates = np.stack([curved, flat, np.zeros_like(V)])  # all of them in the cone: the nearest is the projection
    distance = np.nan_to_num(np.linalg.norm(candidates - V, axis=2), nan=np.inf)
    nearest = candidates[np.argmin(distance, axis=0), np.arange(len(V))]
    return np.where(inside[:, None], V, nearest)


def power(V: np.ndarray, alpha: np.ndarray) -> np.ndarray:
    """Hien (2015): x_i = (v_i + sqrt(v_i^2 + 4 alpha_i r (|w| - r))) / 2, where r = |last| makes the product tight."""
    base, w = V[:, :-1], np.abs(V[:, -1])

    def factors(r):
        return 0.5 * (base + np.sqrt(base**2 + 4 * alpha * (r * (w - r))[:, None]))

    def product(x):
        return np.prod(np.maximum(x, 0.0) ** alpha, axis=1)

    inside = (base >= 0).all(axis=1) & (product(base) >= w)
    polar = (base <= 0).all(axis=1) & (product(-base / alpha) >= w)
    r = _bisect(lambda r: r - product(factors(r)), np.zeros_like(w), w)
    found = np.hstack([np.maximum(factors(r), 0.0), (np.sign(V[:, -1]) * r)[:, None]])
    found = np.where((w == 0)[:, None], np.hstack([np.maximum(base, 0.0), np.zeros((len(V), 1))]), found)
    return np.where(inside[:, None], V, np.where(polar[:, None], 0.0, found))


def _bisect(function, lower: np.ndarray, upper: np.ndarray) -> np.ndarray:
    """Where a function that goes from negative to positive changes sign, entry by entry."""
    for _ in range(STEPS):
        middle = 0.5 * (lower + upper)
        if np.all((middle == lower) | (middle == upper) | ~np.isfinite(middle)):
            break
        above = function(middle) > 0
        lower, upper = np.where(above, lower, middle), np.where(above, middle, upper)
    return 0.5 * (lower + upper)


SINGLE = {
    "zero": np.zeros_like,
    "nonneg": lambda V: np.maximum(V, 0.0),
    "nonpos": lambda V: np.minimum(V, 0.0),
    "soc": second_order,
    "rsoc": lambda V: rotated(second_order(rotated(V))),
    "psd": semidefinite,
    "exp": exponential,
}
