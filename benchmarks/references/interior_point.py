"""The l1 support vector machine, min sum_i max(0, 1 - y_i a_i'x) + lam ||x||_1, by an interior point on its dual.

Dual: max 1'a, |Z a| <= lam, 0 <= a <= 1, with a row z_j of Z (the labels times feature j) for every entry of x.
Mehrotra's predictor and corrector (1992) from a feasible a, so that only m x m systems arise, m the number of examples;
features come in as they are violated. In the end, a shrunk into all rows proves how good x, the rows' multipliers, is.
"""

from __future__ import annotations

import numpy as np
import scipy.sparse as sp
from scipy.linalg import cho_factor, cho_solve

from .certified import Certified


def hinge_l1(A, y, lam, first=1000, target=1e-9, rounds=60) -> Certified:
    by_feature = sp.csr_array(A.T) if sp.issparse(A) else np.asarray(A.T)
    strength = np.abs(by_feature @ y)
    chosen = np.sort(np.argsort(-strength)[:first])
    x, bound, steps, value, best = np.zeros(A.shape[1]), -np.inf, 0, np.inf, np.zeros(A.shape[1])
    for _ in range(rounds):
        Z = by_feature[chosen]
        Z = (Z.toarray() if sp.issparse(Z) else Z) * y
        a, part, taken = _solve(Z, lam, strength.max())
        steps += taken
        price = np.abs(by_feature @ (y * a))
        bound = max(bound, a.sum() * min(1.0, lam / price.max()))
        x = np.zeros(A.shape[1])
        x[chosen] = part
        total = np.maximum(1 - y * (A @ x), 0).sum() + lam * np.abs(x).sum()
        if total < value:
            value, best = total, x
        if value - bound <= target * value:
            break
        violated = np.setdiff1d(np.flatnonzero(price > lam * (1 + 1e-10)), chosen)
        if violated.size == 0:
            break
        kept = chosen[(price[chosen] > 0.8 * lam)]
        chosen = np.union1d(kept, violated[np.argsort(-price[violated])[:first]])
    how = "interior point on the dual, features as they are violated; dual point made feasible"
    return Certified({"x": best}, float(bound), how, steps)


def _solve(Z, lam, strongest, limit=100, target=1e-12):
    """(a, x, steps): max 1'a with |Z a| <= lam, 0 <= a <= 1; `strongest` >= max |Z 1| makes the start feasible."""
    m = Z.shape[1]
    a = np.full(m, min(0.5, 0.5 * lam / strongest))
    slacks = _slacks(Z, lam, a)
    multipliers = [np.full(s.size, 1.0) for s in slacks]
    count = sum(s.size for s in slacks)
    step = 0
    for step in range(1, limit + 1):  # noqa: B007
        mu = sum(s @ v for s, v in zip(slacks, multipliers, strict=True)) / count
        low, high, above, below = multipliers
        residual = 1 + low - high - Z.T @ (above - below)
        if mu * count <= target * a.sum() and np.abs(residual).max() < 1e-11:
            break
        weights = [v / s for s, v in zip(slacks, multipliers, strict=True)]
        K = (Z * (weights[2] + weights[3])[:, None]).T @ Z
        K[np.diag_indices(m)] += weights[0] + weights[1]
        factor = cho_factor(K, check_finite=False)

        def direction(targets):
            """Newton's step towards slack * multiplier = target, for every slack."""
            pull = [
                (t - s * v) / s
                for t, s, v in zip(targets, slacks, multipliers, strict=True)  # noqa: B023
            ]
            rhs = residual + pull[0] - pull[1] - Z.T @ (pull[2] - pull[3])  # noqa: B023
            da = cho_solve(factor, rhs, check_finite=False)  # noqa: B023
            ds = _moves(Z, da)
            return da, ds, [p - w * d for p, w, d in zip(pull, weights, ds, strict=True)]  # noqa: B023

        da, ds, dv = direction([np.zeros(s.size) for s in slacks])
        primal, dual = _longest(slacks, ds), _longest(multipliers, dv)
        ahead = sum((s + primal * d) @ (v + dual * e) for s, d, v, e in zip(slacks, ds, multipliers, dv, strict=True))
        centre = (ahead / count / mu) ** 3 * mu
        da, ds, dv = direction([centre - d * e for d, e in zip(ds, dv, strict=True)])
        primal, dual = 0.995 * _longest(slacks, ds, 1 / 0.995), 0.995 * _longest(multipliers, dv, 1 / 0.995)
        a = a + primal * da
        slacks = _slacks(Z, lam, a)
        multipliers = [v + dual * e for v, e in zip(multipliers, dv, strict=True)]
        if min(s.min() for s in slacks) <= 0 or max(primal, dual) < 1e-10:
            break
    return np.clip(a, 0, 1), multipliers[2] - multipliers[3], step


def _slacks(Z, lam, a):
    """a >= 0, a <= 1, Z a <= lam, Z a >= -lam."""
    score = Z @ a
    return [a, 1 - a, lam - score, lam + score]


def _moves(Z, da):
    """How the slacks change with a."""
    score = Z @ da
    return [da, -da, -score, score]


def _longest(values, changes, most=1.0) -> float:
    """The longest step, at most `most`, that keeps every value nonnegative."""
    for v, d in zip(values, changes, strict=True):
        falling = d < 0
        if falling.any():
            most = min(most, float((v[falling] / -d[falling]).min()))
    return most
