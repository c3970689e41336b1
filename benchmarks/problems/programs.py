"""Linear and quadratic programs, and the portfolio."""

from __future__ import annotations

import cvxpy as cp
import numpy as np
import scipy.sparse as sp

from .base import register


def draw_lp(rng, folder, m, n):
    A = np.abs(rng.standard_normal((m, n)))
    return {"A": A, "b": A @ np.abs(rng.standard_normal(n)), "c": rng.random(n) + 0.5}


def lp(A, b, c):
    x = cp.Variable(A.shape[1], name="x")
    return cp.Problem(cp.Minimize(c @ x), [A @ x == b, x >= 0])


register("lp", draw_lp, lp, {"m": 800, "n": 1000}, {"m": 8, "n": 15})


def draw_qp(rng, folder, n):
    """P with eigenvalues in [1, 11] and a random basis; a box that is active at about half of the entries."""
    Q, _ = np.linalg.qr(rng.standard_normal((n, n)))
    P = (Q * (1 + 10 * rng.random(n))) @ Q.T
    ends = np.sort(rng.standard_normal((2, n)), axis=0)
    return {"P": (P + P.T) / 2, "q": rng.standard_normal(n), "lower": ends[0], "upper": ends[1]}


def qp(P, q, lower, upper):
    x = cp.Variable(q.size, name="x")
    return cp.Problem(cp.Minimize(0.5 * cp.quad_form(x, P) + q @ x), [x >= lower, x <= upper])


register("qp", draw_qp, qp, {"n": 1000}, {"n": 10})


def draw_portfolio(rng, folder, factors, assets, density=0.1):
    loadings = sp.random_array(
        (assets, factors),
        density=density,
        format="csr",
        rng=rng,
        data_sampler=lambda size: rng.standard_normal(size) / 10,
    )
    return {
        "F": sp.csr_array(loadings.T),
        "deviation": rng.uniform(0.005, 0.1, assets),
        "returns": np.expm1(0.01 * rng.standard_normal(assets)),
    }


def portfolio(F, deviation, returns):
    """F: (factors, assets) loadings; deviation: (assets,) of what the factors do not explain."""
    x = cp.Variable(returns.size, name="x")
    risk = cp.sum_squares(F @ x) + cp.sum_squares(cp.multiply(deviation, x))
    return cp.Problem(cp.Maximize(returns @ x - risk), [cp.sum(x) == 1, x >= 0])


register(
    "portfolio",
    draw_portfolio,
    portfolio,
    {"factors": 500, "assets": 100000},
    {"factors": 4, "assets": 20, "density": 0.4},
    differs="100,000 assets where Epsilon took 500,000",
    group="more",
)
