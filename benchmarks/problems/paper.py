"""The problems of "A Memristor-Based Optimization Framework for AI Applications" (Liu, Wang, Fardad and Varshney, IEEE
Circuits and Systems Magazine 18(1), 2018), drawn so that the solution is known.

Kinds and sizes are the paper's; the generators are ours, since the paper's could not be read. Every draw takes a numpy
Generator and gives a dict of arrays.
"""

from __future__ import annotations

import cvxpy as cp
import numpy as np

LEAST = 1.0  # magnitude of the smallest entry of a sparse signal


def lp(rng: np.random.Generator, n: int, *, signed: bool = False) -> dict:
    """min d'x, G x = h, x >= 0, with m = n / 4 rows: G (m, n) nonnegative, or `signed`; x (n,) and lam (m,) are the
    solution and its multiplier, value > 0.

    m entries of x are positive, a vertex; the slack d - G'lam is positive at all others, so x is the only solution. lam
    points along h, so that the value, h'lam, is not a difference of large numbers of which a share means nothing.
    """
    m = n // 4
    G = rng.standard_normal((m, n)) / np.sqrt(n)
    if not signed:
        G = np.abs(G)
    support = rng.permutation(n)[:m]
    x, slack = np.zeros(n), rng.uniform(0.5, 1.5, n)
    x[support], slack[support] = rng.uniform(0.5, 1.5, m), 0.0
    return _with_costs(G, x, slack)


def socp(rng: np.random.Generator, n: int) -> dict:
    """min d'x, G x = h, ||x_1..n-1|| <= x_n (the paper's "QP"), with m = n / 4 rows. Solution and slack lie on the
    boundary of the cone, orthogonal to each other."""
    m = n // 4
    G = rng.standard_normal((m, n)) / np.sqrt(n)
    u = rng.standard_normal(n - 1)
    u *= 0.5 * np.sqrt(n) / np.linalg.norm(u)
    top = 0.5 * np.sqrt(n)
    return _with_costs(G, np.append(u, top), np.append(-u, top))


def _with_costs(G, x, slack) -> dict:
    h = G @ x
    lam = h * np.sqrt(len(h)) / np.linalg.norm(h)
    d = G.T @ lam + slack
    return {"G": G, "h": h, "d": d, "x": x, "lam": lam, "value": float(d @ x)}


def sensing(rng: np.random.Generator, s: int, p: int = 200, q: int = 80) -> dict:
    """min ||z||_1, ||H z - h|| <= xi: H (q, p), h = H z + v for a z (p,) with s entries of size 1 to 2, ||v|| = xi =
    0.01 sqrt(q). The signal z is what is looked for; it is not the minimizer."""
    H = rng.standard_normal((q, p)) / np.sqrt(q)
    z, support = np.zeros(p), rng.permutation(p)[:s]
    z[support] = rng.choice([-1.0, 1.0], s) * rng.uniform(LEAST, 2.0, s)
    v = rng.standard_normal(q)
    v *= 0.01 * np.sqrt(q) / np.linalg.norm(v)
    return {"H": H, "h": H @ z + v, "xi": float(np.linalg.norm(v)), "z": z}


def repeated(rng: np.random.Generator, k: int, n: int = 50, ratio: float = 0.9) -> dict:
    """A (n, n), symmetric, with the eigenvalue 1 k times and n - k others within +-ratio; vectors (n, k): of the 1."""
    Q = np.linalg.qr(rng.standard_normal((n, n)))[0]
    values = np.concatenate([np.ones(k), rng.uniform(-ratio, ratio, n - k)])
    A = (Q * values) @ Q.T
    return {"A": (A + A.T) / 2, "vectors": Q[:, :k]}


def model(kind: str, data: dict) -> tuple[cp.Problem, cp.Variable]:
    """The problem as a user states it, and its variable. kind: "lp", "socp" or "sensing"."""
    if kind == "sensing":
        z = cp.Variable(data["H"].shape[1])
        return cp.Problem(cp.Minimize(cp.norm1(z)), [cp.norm(data["H"] @ z - data["h"]) <= data["xi"]]), z
    x = cp.Variable(len(data["d"]))
    cone = x >= 0 if kind == "lp" else cp.SOC(x[-1], x[:-1])
    return cp.Problem(cp.Minimize(data["d"] @ x), [data["G"] @ x == data["h"], cone]), x
