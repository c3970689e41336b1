"""Signals and matrices: total variation in one and two dimensions, low rank plus sparse, sparse inverse covariance."""

from __future__ import annotations

import cvxpy as cp
import numpy as np
import scipy.sparse as sp

from .base import register
from .files import grey_picture


def draw_tv_1d(rng, folder, n):
    """A staircase with noise; lam as a user would tune it: a few noise deviations."""
    jumps = rng.random(n) < max(10 / n, 1e-3)
    levels = np.cumsum(jumps * rng.standard_normal(n))
    return {"b": levels + 0.3 * rng.standard_normal(n), "lam": 2.0}


def tv_1d(b, lam):
    x = cp.Variable(b.size, name="x")
    return cp.Problem(cp.Minimize(0.5 * cp.sum_squares(x - b) + lam * cp.tv(x)))


register("tv_1d", draw_tv_1d, tv_1d, {"n": 100000}, {"n": 40})


def draw_tv_2d(rng, folder, pixels):
    clean = grey_picture(folder, pixels)
    return {"B": clean + 0.1 * rng.standard_normal(clean.shape), "lam": 0.1}


def tv_2d(B, lam):
    """CVXPY's tv: isotropic, over forward differences inside the picture."""
    X = cp.Variable(B.shape, name="X")
    return cp.Problem(cp.Minimize(0.5 * cp.sum_squares(X - B) + lam * cp.tv(X)))


register("tv_2d", draw_tv_2d, tv_2d, {"pixels": 256}, {"pixels": 8}, group="more")


def draw_robust_pca(rng, folder, n, rank, density=0.1):
    low = rng.standard_normal((n, rank)) @ rng.standard_normal((rank, n))
    spikes = 10 * rng.standard_normal((n, n)) * (rng.random((n, n)) < density)
    return {"M": low + spikes, "bound": np.abs(spikes).sum()}


def robust_pca(M, bound):
    L, S = cp.Variable(M.shape, name="L"), cp.Variable(M.shape, name="S")
    return cp.Problem(cp.Minimize(cp.normNuc(L)), [cp.norm1(S) <= bound, L + S == M])


register("robust_pca", draw_robust_pca, robust_pca, {"n": 100, "rank": 10}, {"n": 8, "rank": 2})


def draw_covsel(rng, folder, n, samples, density=0.01):
    """The sample covariance of a Gaussian whose inverse covariance is sparse."""
    B = sp.random_array((n, n), density=density, rng=rng).toarray()
    root = np.linalg.cholesky(B.T @ B + 0.1 * np.eye(n))
    X = np.linalg.solve(root.T, rng.standard_normal((n, samples)))
    return {"S": X @ X.T / samples, "lam": 0.1}


def covsel(S, lam):
    n = len(S)
    Theta = cp.Variable((n, n), symmetric=True, name="Theta")
    off_diagonal = cp.multiply(1 - np.eye(n), Theta)
    return cp.Problem(cp.Minimize(-cp.log_det(Theta) + cp.trace(S @ Theta) + lam * cp.norm1(off_diagonal)))


register("covsel", draw_covsel, covsel, {"n": 200, "samples": 200}, {"n": 6, "samples": 20, "density": 0.1})
