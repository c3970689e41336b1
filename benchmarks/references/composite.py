"""Accelerated proximal gradient with a certificate, for: smooth convex loss >= 0 plus a norm-like penalty.

FISTA (Beck and Teboulle 2009) with function restart (O'Donoghue and Candes 2015). A proximal step from v to x with
step t yields a subgradient xi = grad(x) - grad(v) + (v - x) / t of the whole objective F at x. So, for an optimal z,

    F(z) >= F(x) - <xi, x - z> >= F(x) - dual_norm(xi) (norm(x) + norm(z)),  lam norm(z) <= penalty(z) <= F(z) <= F(x),

which is a lower bound that needs nothing but arithmetic.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from .certified import Certified
from .taut_string import tv_prox


@dataclass
class Penalty:
    """value, prox(v, t), the norm it dominates (lam * norm <= value) and that norm's dual."""

    value: Callable
    prox: Callable
    norm: Callable
    dual_norm: Callable
    lam: float


def l1(lam: float) -> Penalty:
    return Penalty(
        lambda x: lam * np.abs(x).sum(),
        lambda v, t: np.sign(v) * np.maximum(np.abs(v) - lam * t, 0),
        lambda x: np.abs(x).sum(),
        lambda g: np.abs(g).max(),
        lam,
    )


def elastic(lam: float, ridge: float) -> Penalty:
    base = l1(lam)
    return Penalty(
        lambda x: base.value(x) + 0.5 * ridge * np.sum(x**2),
        lambda v, t: base.prox(v, t) / (1 + ridge * t),
        base.norm,
        base.dual_norm,
        lam,
    )


def fused(lam: float, variation: float) -> Penalty:
    """The prox of l1 plus total variation is the one after the other (Friedman et al. 2007)."""
    base = l1(lam)
    return Penalty(
        lambda x: base.value(x) + variation * np.abs(np.diff(x)).sum(),
        lambda v, t: base.prox(tv_prox(v, variation * t), t),
        base.norm,
        base.dual_norm,
        lam,
    )


def groups(lam: float, length: int) -> Penalty:
    def norms(x):
        return np.linalg.norm(x.reshape(-1, length), axis=1)

    def prox(v, t):
        shrink = np.maximum(1 - lam * t / np.maximum(norms(v), 1e-300), 0)
        return (v.reshape(-1, length) * shrink[:, None]).ravel()

    return Penalty(lambda x: lam * norms(x).sum(), prox, lambda x: norms(x).sum(), lambda g: norms(g).max(), lam)


def squared(A, b):
    """1/2 ||A x - b||^2 as (value and gradient in the scores A x)."""
    return A, lambda s: (0.5 * np.sum((s - b) ** 2), s - b)


def solve(smooth, penalty: Penalty, shape, target=1e-8, limit=20000, check=20) -> Certified:
    """Minimize loss(A x) + penalty(x) until the proved relative gap is below `target` (or `limit` steps are done)."""
    A, loss = smooth
    A_t = A.T.tocsr() if hasattr(A, "tocsr") else A.T
    x = v = np.zeros(shape)
    step, momentum = 1.0 / _lipschitz(A, A_t), 1.0
    scores_v = A @ v
    _, slope_v = loss(scores_v)
    objective, scores_x = np.inf, scores_v
    best = Certified({"x": x}, -np.inf, "", 0)
    for iteration in range(1, limit + 1):
        gradient = A_t @ slope_v
        new = penalty.prox(v - step * gradient, step)
        scores = A @ new
        value, slope = loss(scores)
        total = value + penalty.value(new)
        if iteration % check == 0 or iteration < 3:
            xi = A_t @ slope - gradient + (v - new) / step
            bound = total - penalty.dual_norm(xi) * (penalty.norm(new) + total / penalty.lam)
            if bound > best.bound:
                best = Certified({"x": new}, bound, "", iteration)
            if total - best.bound <= target * max(1.0, abs(total)):
                break
        if total > objective:
            momentum = 1.0
        ahead = (1 + np.sqrt(1 + 4 * momentum**2)) / 2
        weight = (momentum - 1) / ahead
        v = new + weight * (new - x)
        scores_v = scores + weight * (scores - scores_x)
        _, slope_v = loss(scores_v)
        x, scores_x, momentum, objective = new, scores, ahead, total
    how = "accelerated proximal gradient with restarts; bound by the subgradient inequality"
    return Certified({"x": new}, best.bound, how, iteration)


def _lipschitz(A, A_t, steps=100) -> float:
    """Largest eigenvalue of A'A by power iteration, a little above."""
    x = np.random.default_rng(0).standard_normal(A.shape[1])
    for _ in range(steps):
        x = A_t @ (A @ (x / np.linalg.norm(x)))
    return 1.02 * float(np.linalg.norm(x))
