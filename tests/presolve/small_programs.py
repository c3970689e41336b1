"""Small programs in rows form, their optimum, and the conditions that a point of one has to meet."""

from __future__ import annotations

import numpy as np
import scipy.sparse as sp

from admmopt.engine import Settings, solve
from admmopt.engine.problem import SplitProblem, Term
from admmopt.functions import box
from admmopt.operators import Identity, Sparse
from admmopt.presolve.program import Program
from admmopt.presolve.reduction import Point
from admmopt_cpu import Cpu

INF = np.inf


def program(A, lower, upper, q, l=-INF, u=INF, P=None) -> Program:
    A = sp.csr_array(np.atleast_2d(np.asarray(A, dtype=float)))
    m, n = A.shape
    rows = [np.broadcast_to(np.asarray(end, dtype=float), (m,)).copy() for end in (lower, upper)]
    bounds = [np.broadcast_to(np.asarray(end, dtype=float), (n,)).copy() for end in (l, u)]
    P = None if P is None else sp.csr_array(np.asarray(P, dtype=float))
    return Program(P, None, np.zeros(0), np.asarray(q, dtype=float), 0.0, A, *rows, *bounds)


def random_program(seed: int, quadratic: bool) -> Program:
    """Feasible and bounded, with what presolve looks for: small integers make ties, duplicates and forcing rows."""
    rng = np.random.default_rng(seed)
    m, n = int(rng.integers(2, 9)), int(rng.integers(2, 9))
    A = rng.integers(-2, 3, (m, n)) * (rng.uniform(size=(m, n)) < 0.4)
    A[rng.integers(m)] = -2.0 * A[rng.integers(m)]  # a duplicate, of itself at times: then it is a singleton or empty
    x = rng.integers(-2, 3, n).astype(float)
    below, above = (rng.choice([0.0, 0.0, 1.0, 4.0], n) for _ in range(2))
    low, high = (rng.choice([0.0, 0.0, 1.0, 3.0, INF], m) for _ in range(2))
    P = None
    if quadratic:
        half = rng.integers(-1, 2, (n, n)) * (rng.uniform(size=(n, n)) < 0.3)
        P = half @ half.T
    q = rng.integers(-3, 4, n)
    return program(A, A @ x - low, A @ x + high, q, x - below, x + above, P)


def split(given: Program) -> SplitProblem:
    """Rows, then bounds of all columns."""
    bounds = Term(box(given.l, given.u), Identity(given.n), np.zeros(given.n), "bounds")
    found = SplitProblem(given.n, given.q, None if given.P is None else Sparse(given.P), terms=[bounds])
    found.terms.insert(0, Term(box(given.lower, given.upper), Sparse(given.A), np.zeros(given.m), "rows"))
    return found


def optimum(given: Program) -> Point:
    """By the engine alone."""
    if given.n == 0:
        return Point(np.zeros(0), np.zeros(given.m), np.zeros(0))
    found = solve(given.split(), Cpu(), Settings(eps=1e-9))
    assert found.status == "optimal"
    return Point(found.x, *given.multipliers(np.concatenate([*found.y, np.zeros(0)])))


def assert_optimal(given: Program, point: Point, tol: float = 1e-6) -> None:
    """Feasible, stationary, and every multiplier leans on a bound that is reached."""
    Ax = given.A @ point.x
    for value, low, high, multiplier in (
        (Ax, given.lower, given.upper, point.y),
        (point.x, given.l, given.u, point.r),
    ):
        assert np.all(value >= low - tol) and np.all(value <= high + tol)
        assert np.all(np.minimum(multiplier, high - value) <= tol)
        assert np.all(np.minimum(-multiplier, value - low) <= tol)
    stationary = given.hessian(point.x) + given.q + given.A.T @ point.y + point.r
    np.testing.assert_allclose(stationary, 0.0, atol=tol)


def assert_certificate(given: Program, proof: Point) -> None:
    """A'y + r = 0, while y'z + r'x < 0 for all z and x within the bounds."""
    np.testing.assert_allclose(given.A.T @ proof.y + proof.r, 0.0, atol=1e-12)
    support = 0.0
    for multiplier, low, high in ((proof.y, given.lower, given.upper), (proof.r, given.l, given.u)):
        up, down = multiplier > 0, multiplier < 0
        support += float(multiplier[up] @ high[up] + multiplier[down] @ low[down])
    assert support < 0


def objective(given: Program, x: np.ndarray) -> float:
    return 0.5 * float(x @ given.hessian(x)) + float(given.q @ x) + given.constant
