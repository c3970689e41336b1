"""Classifiers: hinge and logistic losses, dense and sparse features, two classes or ten."""

from __future__ import annotations

import cvxpy as cp
import numpy as np
import scipy.sparse as sp

from .base import register
from .files import find, pictures, svmlight
from .sampling import classification


def draw_hinge_l1(rng, folder, m, n, share=0.01, density=None):
    A, y = classification(rng, m, n, share, density)
    return {"A": A, "y": y, "lam": 0.1 * np.abs(A.T @ y).max()}


def draw_logreg_l1(rng, folder, m, n, share=0.01, density=None):
    A, y = classification(rng, m, n, share, density)
    return {"A": A, "y": y, "lam": 0.1 * 0.5 * np.abs(A.T @ y).max()}


def draw_hinge_l2(rng, folder, m, n, density=None):
    A, y = classification(rng, m, n, 1.0, density)
    return {"A": A * np.sqrt(m / n), "y": y, "weight": 1.0}


def hinge_l1(A, y, lam):
    x = cp.Variable(A.shape[1], name="x")
    return cp.Problem(cp.Minimize(cp.sum(cp.pos(1 - cp.multiply(y, A @ x))) + lam * cp.norm1(x)))


def hinge_l2(A, y, weight):
    x = cp.Variable(A.shape[1], name="x")
    return cp.Problem(cp.Minimize(weight * cp.sum(cp.pos(1 - cp.multiply(y, A @ x))) + 0.5 * cp.sum_squares(x)))


def logreg_l1(A, y, lam):
    x = cp.Variable(A.shape[1], name="x")
    return cp.Problem(cp.Minimize(cp.sum(cp.logistic(-cp.multiply(y, A @ x))) + lam * cp.norm1(x)))


_TINY = {"m": 20, "n": 30, "share": 0.1}
_TINY_SPARSE = {**_TINY, "density": 0.3}
_WIDE, _WIDE_SPARSE = {"m": 1500, "n": 5000}, {"m": 1500, "n": 50000, "density": 0.1}

register("hinge_l1", draw_hinge_l1, hinge_l1, _WIDE, _TINY)
register("hinge_l1_sparse", draw_hinge_l1, hinge_l1, _WIDE_SPARSE, _TINY_SPARSE)
register("hinge_l2", draw_hinge_l2, hinge_l2, {"m": 5000, "n": 1500}, {"m": 30, "n": 8})
register(
    "hinge_l2_sparse",
    draw_hinge_l2,
    hinge_l2,
    {"m": 10000, "n": 1500, "density": 0.1},
    {"m": 30, "n": 8, "density": 0.4},
)
register("logreg_l1", draw_logreg_l1, logreg_l1, _WIDE, _TINY)
register("logreg_l1_sparse", draw_logreg_l1, logreg_l1, _WIDE_SPARSE, _TINY_SPARSE)


def draw_mnist(rng, folder, examples, features):
    """Random cosine features of the pictures (Rahimi and Recht), bandwidth by the median distance."""
    X, labels = pictures(folder, examples)
    pairs = rng.integers(0, len(X), (2, 2000))
    bandwidth = np.median(np.linalg.norm(X[pairs[0]] - X[pairs[1]], axis=1))
    A = np.cos(X @ (rng.standard_normal((X.shape[1], features)) / bandwidth) + rng.uniform(0, 2 * np.pi, features))
    return {"A": A * np.sqrt(2 / features), "Y": np.eye(10)[labels], "lam": 0.01}


def mnist(A, Y, lam):
    """Multinomial logistic regression with a ridge."""
    W = cp.Variable((A.shape[1], Y.shape[1]), name="W")
    scores = A @ W
    loss = cp.sum(cp.log_sum_exp(scores, axis=1)) - cp.sum(cp.multiply(Y, scores))
    return cp.Problem(cp.Minimize(loss + 0.5 * lam * cp.sum_squares(W)))


register(
    "mnist",
    draw_mnist,
    mnist,
    {"examples": 2000, "features": 1000},
    {"examples": 25, "features": 6},
    differs="multinomial logistic loss with a ridge, where Epsilon took least squares with l1",
)


def _libsvm(name, columns):
    def draw(rng, folder, rows=None):
        A, y = svmlight(find(folder, "ml", f"{name}.gz"), rows, columns)
        return {"A": A, "y": y, "weight": 1.0}

    return draw


for _set, _columns in (("a9a", 123), ("w8a", 300)):
    register(f"svm_{_set}", _libsvm(_set, _columns), hinge_l2, {}, {"rows": 60}, group="more", needs=f"ml/{_set}.gz")


def draw_rcv1(rng, folder, rows=None, columns=None):
    A = sp.csr_array(sp.load_npz(find(folder, "ml", "rcv1_small_X.npz")))[:rows, :columns]
    y = np.load(find(folder, "ml", "rcv1_small_y.npy"))[:rows]
    return {"A": A, "y": y, "lam": 0.1 * 0.5 * np.abs(A.T @ y).max()}


register(
    "logreg_rcv1",
    draw_rcv1,
    logreg_l1,
    {},
    {"rows": 40, "columns": 200},
    group="more",
    needs="ml/rcv1_small_X.npz",
)


def _table(name, positive):
    def draw(rng, folder, rows=None):
        """(X, y): a file of lines of numbers that end in the class; features standardized, y of -1 and 1."""
        lines = find(folder, "ml", f"{name}.dat").read_text().split("\n")
        words = [line.replace(" ", "").split(",") for line in lines if line.strip()]
        chosen = np.sort(rng.permutation(len(words))[:rows])
        X = np.array([words[i][:-1] for i in chosen], dtype=float)
        X = (X - X.mean(axis=0)) / np.where(X.std(axis=0) == 0, 1, X.std(axis=0))
        return X, np.array([1.0 if words[i][-1] == positive else -1.0 for i in chosen])

    return draw


def draw_spambase(rng, folder, rows=None):
    A, y = _table("spambase", "1")(rng, folder, rows)
    return {"A": A, "y": y, "lam": 0.01 * 0.5 * np.abs(A.T @ y).max()}


def draw_magic(rng, folder, rows=None):
    A, y = _table("magic", "g")(rng, folder, rows)
    return {"A": A, "y": y, "weight": 1.0}


register("logreg_spambase", draw_spambase, logreg_l1, {}, {"rows": 60}, group="more", needs="ml/spambase.dat")
register("svm_magic", draw_magic, hinge_l2, {}, {"rows": 60}, group="more", needs="ml/magic.dat")
