"""The linear support vector machine, min weight sum_i max(0, 1 - y_i a_i'x) + 1/2 ||x||^2, by its dual.

That is: max 1'a - 1/2 ||A'(y a)||^2, 0 <= a <= weight. Coordinate ascent (Hsieh et al. 2008) finds which a_i are
free; every hundredth time, the free ones are also solved for exactly by a projected Newton step. Both points are
feasible, so the difference of the two objectives is a proved gap.
"""

from __future__ import annotations

import numpy as np
import scipy.sparse as sp
from numba import njit
from scipy.linalg import lstsq

from .certified import Certified


@njit(cache=True)
def _epoch(start, index, value, norm, a, x, weight, order):
    """One pass over the rows z_i = y_i a_i, in the given order; a and x = sum_i a_i z_i are changed in place."""
    for i in order:
        if norm[i] == 0:
            a[i] = weight
            continue
        score = 0.0
        for p in range(start[i], start[i + 1]):
            score += value[p] * x[index[p]]
        new = min(max(a[i] + (1 - score) / norm[i], 0.0), weight)
        change = new - a[i]
        if change != 0.0:
            a[i] = new
            for p in range(start[i], start[i + 1]):
                x[index[p]] += change * value[p]


def hinge_l2(A, y, weight, target=1e-8, epochs=6000) -> Certified:
    Z = sp.csr_array(sp.diags_array(y) @ sp.csr_array(A))
    norm = np.asarray(Z.multiply(Z).sum(axis=1)).ravel()
    rng = np.random.default_rng(0)
    a, x = np.zeros(len(y)), np.zeros(A.shape[1])
    best_value, best_x, best_bound = np.inf, x, -np.inf
    for epoch in range(1, epochs + 1):
        _epoch(Z.indptr, Z.indices, Z.data, norm, a, x, weight, rng.permutation(len(y)))
        if epoch % 25 and epoch > 5:
            continue
        candidates = [(a, x)]
        if epoch % 100 == 0:
            candidates.append(_newton(Z, a, weight))
        for trial_a, trial_x in candidates:
            bound = trial_a.sum() - 0.5 * trial_x @ trial_x
            value = weight * np.maximum(1 - Z @ trial_x, 0).sum() + 0.5 * trial_x @ trial_x
            if bound > best_bound:
                best_bound, a, x = bound, trial_a, trial_x.copy()
            if value < best_value:
                best_value, best_x = value, trial_x.copy()
        if best_value - best_bound <= target * max(1.0, best_value):
            break
    how = "dual coordinate ascent with projected Newton steps; duality gap"
    return Certified({"x": best_x}, float(best_bound), how, epoch)


def _newton(Z, a, weight, rounds=30):
    """Solve for the free entries of a (0 < a < weight), stepping to the first bound and fixing what reaches it."""
    a = a.copy()
    free = (a > 1e-10 * weight) & (a < weight * (1 - 1e-10))
    for _ in range(rounds):
        if not free.any():
            break
        part = Z[np.flatnonzero(free)].toarray()
        x = Z.T @ a
        residual = 1 - part @ x
        direction = lstsq(part @ part.T, residual, cond=1e-13, lapack_driver="gelsy")[0]
        current = a[free]
        room = np.where(direction > 0, weight - current, current) / np.maximum(np.abs(direction), 1e-300)
        step = min(1.0, room.min())
        a[free] = np.clip(current + step * direction, 0, weight)
        if step == 1.0:
            break
        still = free.copy()
        still[np.flatnonzero(free)[room <= step * (1 + 1e-12)]] = False
        free = still
    return a, Z.T @ a
