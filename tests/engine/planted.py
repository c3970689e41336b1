"""Problems with known answers, built directly as split problems."""

from __future__ import annotations

import numpy as np
import scipy.sparse as sp

from admmopt.engine.problem import LeastSquares, SplitProblem, Term
from admmopt.functions.piecewise_library import absolute, box
from admmopt.operators import Dense, Identity, Sparse


def quadratic_program(n=30, m=20, seed=0, rows=1.0, columns=1.0):
    """min 1/2 x'Px + q'x, l <= A x <= u, x >= -1, built backwards from (x, y); returns (split, x).

    rows, columns: factors that the constraint rows and the unknowns are scaled with (arrays or numbers).
    """
    rng = np.random.default_rng(seed)
    x = np.maximum(rng.normal(size=n), -1.0)
    A = sp.random_array((m, n), density=0.3, rng=rng, format="csr") + sp.eye_array(m, n, format="csr")
    half = sp.random_array((n, n), density=0.1, rng=rng, format="csr")
    P = half @ half.T
    Ax = A @ x
    kind = rng.integers(0, 4, m)  # inactive, lower, upper, equality
    lower = np.where(kind == 0, Ax - 1.0, np.where(kind == 2, -np.inf, Ax))
    upper = np.where(kind == 0, Ax + 1.0, np.where(kind == 1, np.inf, Ax))
    size = rng.uniform(0.5, 2.0, m)
    y = np.select([kind == 1, kind == 2, kind == 3], [-size, size, rng.normal(size=m)], 0.0)
    bound = np.where(x <= -1.0, -rng.uniform(0.5, 2.0, n), 0.0)
    q = -(P @ x + A.T @ y + bound)
    r, c = np.broadcast_to(rows, (m,)), np.broadcast_to(columns, (n,))
    scaled = sp.diags_array(r) @ A @ sp.diags_array(c)
    quadratic = sp.diags_array(c) @ P @ sp.diags_array(c)
    terms = [
        Term(box(r * lower, r * upper), Sparse(scaled), np.zeros(m), "rows"),
        Term(box(-1.0 / c, np.full(n, np.inf)), Identity(n), np.zeros(n), "bounds"),
    ]
    return SplitProblem(n=n, q=c * q, P=Sparse(quadratic), terms=terms), x / c


def lasso(m=40, n=80, weight=0.5, seed=1):
    """min 1/2 |F x - g|^2 + weight |x|_1."""
    rng = np.random.default_rng(seed)
    F = rng.normal(size=(m, n))
    g = F[:, :4] @ np.ones(4) + 0.1 * rng.normal(size=m)
    square = LeastSquares(Dense(F), g, np.ones(m), "fit")
    term = Term(absolute(n, weight), Identity(n), np.zeros(n), "l1")
    return SplitProblem(n=n, q=np.zeros(n), squares=[square], terms=[term])


def linear_program(A, lower, upper, q, x_lower=-np.inf, x_upper=np.inf):
    """min q'x, lower <= A x <= upper, x_lower <= x <= x_upper."""
    A = np.atleast_2d(np.asarray(A, dtype=float))
    m, n = A.shape
    terms = [Term(box(np.broadcast_to(lower, (m,)), np.broadcast_to(upper, (m,))), Dense(A), np.zeros(m), "rows")]
    if np.any(np.isfinite(x_lower)) or np.any(np.isfinite(x_upper)):
        bounds = box(np.broadcast_to(x_lower, (n,)), np.broadcast_to(x_upper, (n,)))
        terms.append(Term(bounds, Identity(n), np.zeros(n), "bounds"))
    return SplitProblem(n=n, q=np.asarray(q, dtype=float), terms=terms)
