"""l1-regularized logistic regression by proximal Newton steps on a growing set of features.

Each step minimizes the second-order model plus lam ||x||_1 by coordinate descent on its Gram matrix (Friedman et al.
2010; Lee, Sun, Saunders 2014), then searches along the line. The bound is that of `composite`: at x, the smallest
subgradient xi has entries g_j + lam sign(x_j) on the support and (|g_j| - lam)_+ off it, and
F* >= F(x) - max|xi| (||x||_1 + F(x) / lam).
"""

from __future__ import annotations

import numpy as np
import scipy.sparse as sp
from numba import njit

from .certified import Certified


@njit(cache=True)
def _coordinate_descent(H, gradient, x, lam, sweeps, tol):
    """argmin over z of gradient'(z - x) + 1/2 (z - x)'H(z - x) + lam ||z||_1."""
    z, residual = x.copy(), gradient.copy()  # residual = gradient + H (z - x)
    for _ in range(sweeps):
        largest = 0.0
        for j in range(x.size):
            h = H[j, j]
            if h <= 0.0:
                continue
            v = z[j] - residual[j] / h
            new = np.sign(v) * max(abs(v) - lam / h, 0.0)
            change = new - z[j]
            if change != 0.0:
                z[j] = new
                residual += change * H[j]
                largest = max(largest, abs(change) * h)
        if largest <= tol:
            break
    return z


def logistic_l1(A, y, lam, target=1e-9, rounds=60) -> Certified:
    columns_of = sp.csc_array(A) if sp.issparse(A) else A
    x, bound, steps = np.zeros(A.shape[1]), -np.inf, 0
    for _ in range(rounds):
        scores = A @ x
        gradient = A.T @ _slope(scores, y)
        total = np.logaddexp(0, -y * scores).sum() + lam * np.abs(x).sum()
        xi = np.where(x != 0, np.abs(gradient + lam * np.sign(x)), np.maximum(np.abs(gradient) - lam, 0))
        bound = max(bound, total - xi.max() * (np.abs(x).sum() + total / lam))
        if total - bound <= target * total:
            break
        worst = np.argsort(-np.where(x != 0, np.inf, np.abs(gradient)))
        chosen = np.sort(worst[: max(200, 2 * np.count_nonzero(x))])
        part = columns_of[:, chosen]
        part = part.toarray() if sp.issparse(part) else np.ascontiguousarray(part)
        x[chosen], taken = _newton(part, y, lam, x[chosen])
        steps += taken
    how = "proximal Newton on a growing set of features; bound by the subgradient inequality"
    return Certified({"x": x}, float(bound), how, steps)


def _slope(scores, y):
    """The derivative of sum log(1 + exp(-y s)) in s."""
    return -y * np.exp(-np.logaddexp(0, y * scores))


def _newton(A, y, lam, x, limit=50):
    """Proximal Newton on the columns given."""

    def value(x):
        return np.logaddexp(0, -y * (A @ x)).sum() + lam * np.abs(x).sum()

    for step in range(1, limit + 1):  # noqa: B007
        slope = _slope(A @ x, y)
        probability = np.abs(slope)
        gradient = A.T @ slope
        H = (A * (probability * (1 - probability))[:, None]).T @ A
        z = _coordinate_descent(H, gradient, x, lam, 2000, 1e-13 * lam)
        direction = z - x
        expected = gradient @ direction + lam * (np.abs(z).sum() - np.abs(x).sum())
        before, scale = value(x), 1.0
        while value(x + scale * direction) > before + 1e-4 * scale * expected + 1e-15 * before and scale > 1e-9:
            scale /= 2
        x = x + scale * direction if scale < 1 else z
        if -expected <= 1e-15 * before:
            break
    return x, step
