"""Regressions: squared, Huber, absolute and quantile losses; l1, group, fused and elastic penalties."""

from __future__ import annotations

import cvxpy as cp
import numpy as np

from .base import register
from .files import find
from .sampling import design, sparse_signal


def draw_lasso(rng, folder, m, n, share=0.01, density=None, k=None):
    A = design(rng, m, n, density)
    signal = A @ sparse_signal(rng, n, share, k)
    b = signal + np.sqrt(1e-3) * rng.standard_normal(signal.shape)
    return {"A": A, "b": b, "lam": 0.1 * np.abs(A.T @ b).max()}


def lasso(A, b, lam):
    """Also the multivariate one: b (m,) gives x (n,), b (m, k) gives x (n, k)."""
    x = cp.Variable(A.shape[1:] + b.shape[1:], name="x")
    return cp.Problem(cp.Minimize(0.5 * cp.sum_squares(A @ x - b) + lam * cp.norm1(x)))


register("lasso", draw_lasso, lasso, {"m": 1500, "n": 5000}, {"m": 20, "n": 40, "share": 0.1})
register(
    "lasso_sparse",
    draw_lasso,
    lasso,
    {"m": 1500, "n": 50000, "density": 0.1},
    {"m": 20, "n": 60, "share": 0.1, "density": 0.3},
)
register("mv_lasso", draw_lasso, lasso, {"m": 1500, "n": 5000, "k": 10}, {"m": 12, "n": 20, "k": 3, "share": 0.1})


def draw_basis_pursuit(rng, folder, m, n, share=0.02):
    A = design(rng, m, n)
    return {"A": A, "b": A @ sparse_signal(rng, n, share)}


def basis_pursuit(A, b):
    x = cp.Variable(A.shape[1], name="x")
    return cp.Problem(cp.Minimize(cp.norm1(x)), [A @ x == b])


register("basis_pursuit", draw_basis_pursuit, basis_pursuit, {"m": 1000, "n": 3000}, {"m": 15, "n": 40, "share": 0.05})


def draw_fused(rng, folder, m, blocks, length):
    n = blocks * length
    A = design(rng, m, n)
    x = np.repeat(sparse_signal(rng, blocks, 0.02 if blocks > 50 else 0.3), length)
    b = A @ x + 0.05 * rng.standard_normal(m)
    return {"A": A, "b": b, "lam": 0.05 * np.abs(A.T @ b).max()}


def fused_lasso(A, b, lam):
    x = cp.Variable(A.shape[1], name="x")
    return cp.Problem(cp.Minimize(0.5 * cp.sum_squares(A @ x - b) + lam * cp.norm1(x) + lam * cp.tv(x)))


register(
    "fused_lasso",
    draw_fused,
    fused_lasso,
    {"m": 1000, "blocks": 1000, "length": 10},
    {"m": 15, "blocks": 6, "length": 5},
)


def draw_outliers(rng, folder, m, n, share=0.05):
    A = rng.standard_normal((m, n)) / np.sqrt(n)
    b = A @ rng.standard_normal(n) + 0.1 * rng.standard_normal(m)
    hit = rng.random(m) < share
    b[hit] += 10 * rng.standard_normal(hit.sum())
    return {"A": A, "b": b}


def huber(A, b):
    x = cp.Variable(A.shape[1], name="x")
    return cp.Problem(cp.Minimize(cp.sum(cp.huber(A @ x - b))))


def least_abs_dev(A, b):
    x = cp.Variable(A.shape[1], name="x")
    return cp.Problem(cp.Minimize(cp.norm1(A @ x - b)))


register("huber", draw_outliers, huber, {"m": 5000, "n": 200}, {"m": 30, "n": 5})
register("least_abs_dev", draw_outliers, least_abs_dev, {"m": 5000, "n": 200}, {"m": 30, "n": 5})


def draw_quantile(rng, folder, m, n, tau=0.9):
    A = np.column_stack([np.ones(m), rng.standard_normal((m, n - 1))])
    return {"A": A, "b": A @ rng.standard_normal(n) + (1 + np.abs(A[:, 1])) * rng.standard_normal(m), "tau": tau}


def quantile(A, b, tau):
    x = cp.Variable(A.shape[1], name="x")
    r = b - A @ x
    return cp.Problem(cp.Minimize(cp.sum(tau * cp.pos(r) + (1 - tau) * cp.neg(r))))


register("quantile", draw_quantile, quantile, {"m": 3000, "n": 300}, {"m": 30, "n": 4}, group="more")


def draw_noncrossing(rng, folder, m, n, k):
    """A sine with noise that widens, n Gaussian bumps as features, k quantile levels."""
    t = rng.uniform(-np.pi, np.pi, m)
    b = np.sin(t) + 0.1 * (t + np.pi) * rng.standard_normal(m)
    centres = np.linspace(-np.pi, np.pi, n)
    A = np.exp(-0.5 * ((t[:, None] - centres) / (2 * np.pi / n)) ** 2)
    return {"A": A, "b": b, "tau": np.arange(1, k + 1) / (k + 1)}


def quantile_noncrossing(A, b, tau):
    x = cp.Variable((A.shape[1], tau.size), name="x")
    fit = A @ x
    r = b[:, None] - fit
    loss = cp.sum(cp.maximum(cp.multiply(tau[None, :], r), cp.multiply(tau[None, :] - 1, r)))
    return cp.Problem(cp.Minimize(loss), [fit[:, :-1] <= fit[:, 1:]])


register(
    "quantile_noncrossing",
    draw_noncrossing,
    quantile_noncrossing,
    {"m": 400, "n": 10, "k": 100},
    {"m": 20, "n": 3, "k": 3},
    group="more",
)


def draw_groups(rng, folder, m, groups, length):
    n = groups * length
    A = design(rng, m, n)
    x = rng.standard_normal((groups, length)) * (rng.random((groups, 1)) < max(0.03, 1.5 / groups))
    b = A @ x.ravel() + 0.1 * rng.standard_normal(m)
    lam = 0.1 * np.linalg.norm((A.T @ b).reshape(groups, length), axis=1).max()
    return {"A": A, "b": b, "lam": lam, "length": length}


def group_lasso(A, b, lam, length):
    x = cp.Variable(A.shape[1], name="x")
    penalty = sum(cp.norm2(x[i : i + length]) for i in range(0, A.shape[1], length))
    return cp.Problem(cp.Minimize(0.5 * cp.sum_squares(A @ x - b) + lam * penalty))


register(
    "group_lasso",
    draw_groups,
    group_lasso,
    {"m": 1500, "groups": 200, "length": 50},
    {"m": 15, "groups": 6, "length": 4},
    group="more",
)


def draw_nonneg(rng, folder, m, n, k):
    A = rng.random((m, n))
    X = rng.random((n, k)) * (rng.random((n, k)) < 0.3)
    B = A @ X + 0.5 * rng.standard_normal((m, k))
    return {"A": A, "B": np.maximum(B, 0)}


def nonneg_ls(A, B):
    X = cp.Variable((A.shape[1], B.shape[1]), name="X")
    return cp.Problem(cp.Minimize(0.5 * cp.sum_squares(A @ X - B)), [X >= 0])


register("nonneg_ls", draw_nonneg, nonneg_ls, {"m": 600, "n": 300, "k": 100}, {"m": 10, "n": 6, "k": 3}, group="more")


def _genes(name):
    def draw(rng, folder, rows=None, columns=None):
        """Standardized expression levels, labels centred: the usual preparation of these two sets."""
        file = np.load(find(folder, "ml", f"{name}.npz"))
        chosen = np.sort(rng.permutation(len(file["y"]))[:rows])
        X, y = file["X"][chosen, :columns], np.asarray(file["y"], float)[chosen]
        X = (X - X.mean(axis=0)) / np.where(X.std(axis=0) == 0, 1, X.std(axis=0))
        y = y - y.mean() + 0.0
        return {"A": X, "b": y, "lam": 0.1 * np.abs(X.T @ y).max()}

    return draw


def elastic_net(A, b, lam):
    x = cp.Variable(A.shape[1], name="x")
    penalty = 0.9 * lam * cp.norm1(x) + 0.05 * lam * cp.sum_squares(x)
    return cp.Problem(cp.Minimize(0.5 * cp.sum_squares(A @ x - b) + penalty))


for _set in ("leukemia", "Colon"):
    register(
        f"enet_{_set.lower()}",
        _genes(_set),
        elastic_net,
        {},
        {"rows": 20, "columns": 40},
        group="more",
        needs=f"ml/{_set}.npz",
    )
