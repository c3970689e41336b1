"""Nonconvex sets: exactly feasible points, status `local`, never better than the true optimum where it is known."""

import itertools

import cvxpy as cp
import numpy as np
import pytest

import admmopt as ao

rng = np.random.default_rng(3)


def test_sparse_recovery():
    A = rng.standard_normal((30, 60))
    truth = np.zeros(60)
    truth[[3, 17, 40]] = [2.0, -3, 1.5]
    x = ao.Variable(60)
    problem = ao.Problem(ao.Minimize(ao.sum_squares(A @ x - A @ truth)), [ao.Cardinality(x, 3), x >= -5])
    problem.solve()
    assert problem.status == "local" and problem.details.status == "local"
    assert np.count_nonzero(np.abs(x.value) > 1e-6) <= 3
    np.testing.assert_allclose(x.value, truth, atol=1e-5)


def test_boolean_least_squares_with_several_starts():
    A = rng.standard_normal((12, 6))
    b = rng.standard_normal(12)
    x = ao.Variable(6)
    problem = ao.Problem(ao.Minimize(ao.sum_squares(A @ x - b)), [ao.Boolean(x)])
    best = min(np.sum((A @ np.array(v) - b) ** 2) for v in itertools.product([0, 1], repeat=6))
    one = problem.solve()
    many = problem.solve(starts=8, seed=1)
    assert problem.status == "local"
    assert np.all(np.minimum(np.abs(x.value), np.abs(x.value - 1)) < 1e-6)
    assert best - 1e-6 <= many <= one + 1e-9


def test_rank():
    M = rng.standard_normal((7, 5))
    X = ao.Variable((7, 5))
    problem = ao.Problem(ao.Minimize(ao.sum_squares(X - M)), [ao.Rank(X, 2)])
    value = problem.solve()
    s = np.linalg.svd(M)[1]
    assert np.linalg.matrix_rank(X.value, tol=1e-5) <= 2
    assert value == pytest.approx(np.sum(s[2:] ** 2), rel=1e-6)  # Eckart-Young


def test_sphere_and_permutation():
    c, C = rng.standard_normal(4), rng.standard_normal((4, 4))
    x, P = ao.Variable(4), ao.Variable((4, 4))
    ao.Problem(ao.Minimize(c @ x), [ao.Sphere(x, 2.0)]).solve()
    np.testing.assert_allclose(x.value, -2 * c / np.linalg.norm(c), atol=1e-4)
    problem = ao.Problem(ao.Minimize(ao.trace(C @ P)), [ao.Permutation(P)])
    problem.solve(starts=3)
    np.testing.assert_allclose(np.sort(P.value, axis=0)[-1], 1, atol=1e-6)
    np.testing.assert_allclose(P.value.sum(axis=1), 1, atol=1e-6)


def test_a_finite_set_of_levels():
    x = ao.Variable(5)
    target = np.array([0.1, 0.9, 2.2, -0.8, 3.0])
    ao.Problem(ao.Minimize(ao.sum_squares(x - target)), [ao.FiniteSet(x, [-1, 0, 1, 2])]).solve()
    np.testing.assert_allclose(x.value, [0, 1, 2, -1, 2], atol=1e-6)


def test_no_sets_means_an_ordinary_solve():
    x = ao.Variable(2)
    problem = ao.Problem(ao.Maximize(-ao.sum_squares(x - 1)), [x <= 0])
    assert problem.solve() == pytest.approx(-2, abs=1e-5) and problem.status == "optimal"
    assert problem.details.iterations > 0
    assert problem.solve(solver=cp.CLARABEL) == pytest.approx(-2, abs=1e-5)


def test_mistakes_are_named():
    x = ao.Variable(3)
    with pytest.raises(ValueError, match="starts"):
        ao.Problem(ao.Minimize(ao.sum(x)), [ao.Boolean(x)]).solve(starts=0)
    with pytest.raises(ValueError, match="at least one value"):
        ao.FiniteSet(x, [])
    with pytest.raises(ValueError):
        ao.Cardinality(x, -1)
    with pytest.raises(ValueError):
        ao.Permutation(ao.Variable((2, 3)))


def test_other_solvers_refuse_what_they_would_drop():
    x = ao.Variable(3)
    problem = ao.Problem(ao.Minimize(ao.sum_squares(x - 1)), [ao.Cardinality(x, 1)])
    with pytest.raises(cp.error.DCPError):
        problem.solve(solver=cp.CLARABEL)
    with pytest.raises(cp.error.DCPError):
        problem.solve(solver=ao.ADMM())
    plain = cp.Problem(cp.Minimize(cp.sum_squares(x - 1)), [ao.Cardinality(x, 1)])
    assert ao.solve(plain).status == "local" and np.count_nonzero(x.value) == 1


def test_zeros_are_zeros():
    A, b = rng.standard_normal((20, 40)), rng.standard_normal(20)
    x = ao.Variable(40)
    assert (
        ao.solve(ao.Problem(ao.Minimize(ao.sum_squares(A @ x - b) + 5 * ao.norm1(x)), [x <= 0.1])).status == "optimal"
    )
    assert np.count_nonzero(x.value) < 30 and x.value.max() <= 0.1
