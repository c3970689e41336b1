"""Exact one-dimensional total variation denoising by dynamic programming (Johnson 2013), in linear time."""

from __future__ import annotations

import numpy as np
from numba import njit


@njit(cache=True)
def tv_prox(b, lam):
    """argmin_x 1/2 ||x - b||^2 + lam sum_i |x_{i+1} - x_i|.

    Forward: the derivative of the cost-to-come is piecewise linear and increasing; it is clipped to [-lam, lam] and the
    next b is added. Its knots lie in a double-ended queue. Backward: x_i is x_{i+1} clipped to the two clip points.
    """
    n = b.size
    if n < 2 or lam <= 0:
        return b.copy()
    knot, slope, shift = np.empty(2 * n + 2), np.empty(2 * n + 2), np.empty(2 * n + 2)
    low, high = np.empty(n), np.empty(n)
    low[0], high[0] = b[0] - lam, b[0] + lam
    left, right = n, n + 1
    knot[left], slope[left], shift[left] = low[0], 1.0, lam - b[0]
    knot[right], slope[right], shift[right] = high[0], -1.0, lam + b[0]
    for k in range(1, n):
        s, c, i = 1.0, -lam - b[k], left  # the leftmost piece of the derivative is s x + c
        target = -lam if k < n - 1 else 0.0
        while i <= right and s * knot[i] + c <= target:
            s, c, i = s + slope[i], c + shift[i], i + 1
        if k == n - 1:
            low[k] = -c / s
            break
        t, d, j = 1.0, lam - b[k], right  # and the rightmost one t x + d
        while j >= i and t * knot[j] + d >= lam:
            t, d, j = t - slope[j], d - shift[j], j - 1
        low[k], high[k] = (-lam - c) / s, (lam - d) / t
        left, right = i - 1, j + 1
        knot[left], slope[left], shift[left] = low[k], s, c + lam
        knot[right], slope[right], shift[right] = high[k], -t, lam - d
    x = np.empty(n)
    x[n - 1] = low[n - 1]
    for k in range(n - 2, -1, -1):
        x[k] = min(max(x[k + 1], low[k]), high[k])
    return x
