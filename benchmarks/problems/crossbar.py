"""Small convex problems of every kind, for the crossbar: each is a function of a seed and returns a CVXPY problem."""

from __future__ import annotations

from collections.abc import Callable

import cvxpy as cp
import numpy as np


def lasso(seed: int, rows: int = 50, columns: int = 150, nonzero: int = 10) -> cp.Problem:
    """1/2 |A x - b|^2 + lam |x|_1, lam a tenth of the least that gives zero (finding 3 of the design has this size)."""
    rng = np.random.default_rng(seed)
    A = rng.standard_normal((rows, columns)) / np.sqrt(rows)
    true = np.zeros(columns)
    true[rng.choice(columns, nonzero, replace=False)] = rng.standard_normal(nonzero)
    b = A @ true + 0.01 * rng.standard_normal(rows)
    x, lam = cp.Variable(columns), 0.1 * np.abs(A.T @ b).max()
    return cp.Problem(cp.Minimize(0.5 * cp.sum_squares(A @ x - b) + lam * cp.norm1(x)))


def large_lasso(seed: int) -> cp.Problem:
    """500 variables: what the speed of the simulation is measured on."""
    return lasso(seed, 200, 500, 20)


def linear(seed: int, rows: int = 30, columns: int = 60) -> cp.Problem:
    """min d'x, G x = h, x >= 0, feasible and bounded by construction."""
    rng = np.random.default_rng(seed)
    G = rng.standard_normal((rows, columns))
    x0 = np.maximum(rng.standard_normal(columns), 0.0)
    slack = np.where(x0 > 0, 0.0, rng.uniform(0.1, 1.0, columns))
    d = G.T @ rng.standard_normal(rows) + slack
    x = cp.Variable(columns)
    return cp.Problem(cp.Minimize(d @ x), [G @ x == G @ x0, x >= 0])


def quadratic(seed: int, rows: int = 30, columns: int = 40) -> cp.Problem:
    """1/2 x'P x + q'x, A x <= b."""
    rng = np.random.default_rng(seed)
    H = rng.standard_normal((columns, columns))
    P, q = H @ H.T / columns + 0.1 * np.eye(columns), rng.standard_normal(columns)
    A = rng.standard_normal((rows, columns))
    b = A @ rng.standard_normal(columns) + rng.uniform(0.0, 1.0, rows)
    x = cp.Variable(columns)
    return cp.Problem(cp.Minimize(0.5 * cp.quad_form(x, cp.psd_wrap(P)) + q @ x), [A @ x <= b])


def second_order(seed: int, rows: int = 20, columns: int = 50) -> cp.Problem:
    """min d'x, G x = h, x in a second-order cone: what the paper calls a QP."""
    rng = np.random.default_rng(seed)
    G = rng.standard_normal((rows, columns))
    x0, slack = rng.standard_normal(columns), rng.standard_normal(columns)
    x0[-1] = np.linalg.norm(x0[:-1]) + 1.0
    slack[-1] = np.linalg.norm(slack[:-1])
    d = G.T @ rng.standard_normal(rows) + slack
    x = cp.Variable(columns)
    return cp.Problem(cp.Minimize(d @ x), [G @ x == G @ x0, cp.SOC(x[-1], x[:-1])])


def compressed_sensing(seed: int, rows: int = 50, columns: int = 120, nonzero: int = 8) -> cp.Problem:
    """min |z|_1, |H z - h| <= xi."""
    rng = np.random.default_rng(seed)
    H = rng.standard_normal((rows, columns)) / np.sqrt(rows)
    true = np.zeros(columns)
    true[rng.choice(columns, nonzero, replace=False)] = rng.standard_normal(nonzero)
    noise = 0.01 * rng.standard_normal(rows)
    z = cp.Variable(columns)
    return cp.Problem(cp.Minimize(cp.norm1(z)), [cp.norm(H @ z - (H @ true + noise)) <= np.linalg.norm(noise)])


def semidefinite(seed: int, order: int = 8, equations: int = 10) -> cp.Problem:
    """min <C, X>, <M_i, X> = b_i, X positive semidefinite."""
    rng = np.random.default_rng(seed)
    half, C = rng.standard_normal((order, order)), rng.standard_normal((order, order))
    X, X0 = cp.Variable((order, order), symmetric=True), half @ half.T
    constraints = [X >> 0]
    for _ in range(equations):
        M = rng.standard_normal((order, order))
        constraints.append(cp.trace((M + M.T) @ X) == np.trace((M + M.T) @ X0))
    return cp.Problem(cp.Minimize(cp.trace(C @ C.T @ X)), constraints)


def logistic(seed: int, rows: int = 80, columns: int = 30) -> cp.Problem:
    """Logistic regression with a ridge."""
    rng = np.random.default_rng(seed)
    A = rng.standard_normal((rows, columns))
    label = np.sign(A @ rng.standard_normal(columns) + rng.standard_normal(rows))
    x = cp.Variable(columns)
    return cp.Problem(cp.Minimize(cp.sum(cp.logistic(-cp.multiply(label, A @ x))) + 0.5 * cp.sum_squares(x)))


FAMILY: dict[str, Callable[[int], cp.Problem]] = {
    "lasso": lasso,
    "large_lasso": large_lasso,
    "linear": linear,
    "quadratic": quadratic,
    "second_order": second_order,
    "compressed_sensing": compressed_sensing,
    "semidefinite": semidefinite,
    "logistic": logistic,
}
