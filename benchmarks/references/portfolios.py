"""References of the portfolios on real data."""

from __future__ import annotations

import numpy as np
import scipy.sparse as sp
from scipy.optimize import linprog

from .certified import Certified
from .linear import TIGHT


def markowitz(covariance, returns, aversion) -> Certified:
    """A primal active-set method (Nocedal and Wright, algorithm 16.3) from the best single asset. With gradient g at x,
    F(z) >= F(x) + g'(z - x) >= F(x) - g'x + min g for every z in the simplex."""
    P, n = aversion * covariance, returns.size
    x = np.zeros(n)
    x[np.argmin(0.5 * np.diag(P) - returns)] = 1.0
    held = x == 0
    for steps in range(1, 50 * n):  # noqa: B007
        free = np.flatnonzero(~held)
        K = np.block([[P[np.ix_(free, free)], np.ones((free.size, 1))], [np.ones((1, free.size)), np.zeros((1, 1))]])
        goal = np.linalg.lstsq(K, np.append(returns[free], 1.0), rcond=None)[0][:-1]
        move = goal - x[free]
        shrinking = move < 0
        room = np.full(free.size, np.inf)
        room[shrinking] = -x[free][shrinking] / move[shrinking]
        if room.min() < 1:
            x[free] = np.maximum(x[free] + room.min() * move, 0.0)
            held[free[np.argmin(room)]] = True
            x[held] = 0.0
            continue
        x[free] = goal
        gradient = P @ x - returns
        spare = gradient - gradient @ x
        if spare.min() >= -1e-13:
            break
        held[np.argmin(np.where(held, spare, np.inf))] = False
    x = np.maximum(x, 0) / np.maximum(x, 0).sum()
    gradient = P @ x - returns
    value = 0.5 * x @ P @ x - returns @ x
    return Certified({"x": x}, float(value - gradient @ x + gradient.min()), "active set; linear bound", steps)


def cvar(R, level) -> Certified:
    """HiGHS on the linear program. Dual: weights p of the days, 0 <= p <= 1 / ((1 - level) days), 1'p = 1; the value is
    at least the smallest mean loss -R'p of an asset."""
    (days, n), most = R.shape, 1 / ((1 - level) * len(R))
    c = np.concatenate([np.zeros(n), [1.0], np.full(days, most)])
    A = sp.hstack([sp.csr_array(-R), -np.ones((days, 1)), -sp.eye_array(days)])
    budget = np.concatenate([np.ones(n), np.zeros(1 + days)])[None, :]
    ends = [(0, None)] * n + [(None, None)] + [(0, None)] * days
    found = linprog(c, A, np.zeros(days), budget, [1.0], ends, method="highs-ds", options=TIGHT)
    p = np.clip(-found.ineqlin.marginals, 0, most)
    p = p + (1 - p.sum()) * (most - p) / (most - p).sum() if p.sum() < 1 else p / p.sum()
    point = {"x": np.maximum(found.x[:n], 0) / np.maximum(found.x[:n], 0).sum(), "t": np.array(found.x[n])}
    return Certified(point, float((-R.T @ p).min()), "HiGHS; dual point made feasible", found.nit)
