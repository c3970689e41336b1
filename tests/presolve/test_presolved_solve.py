"""`presolve.solve` says what `engine.solve` says, about the problem that was given; CVXPY models through `ao.solve`."""

from __future__ import annotations

import cvxpy as cp
import numpy as np
import pytest
import scipy.sparse as sp
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.optimize import linprog
from small_programs import INF, objective, program, random_program, split

import admmopt as ao
from admmopt import engine, presolve
from admmopt.dsl.solve import session
from admmopt.engine import Settings, Workspace
from admmopt.engine.residuals import measure
from admmopt.engine.standard import Standard
from admmopt.presolve.program import Source
from admmopt_cpu import Cpu

EPS = Settings(eps=1e-8)


def assert_measured(problem, found, eps):
    """The residuals are those of the problem given, at a z in the domain and a y that is a subgradient there."""
    standard, z, y = Standard(problem), np.concatenate(found.z), np.concatenate(found.y)
    assert measure(standard, found.x, z, y).residuals == found.residuals
    assert found.residuals.worst <= eps
    for term, z_i, y_i in zip(problem.terms, found.z, found.y, strict=True):
        low, high = term.function.subdifferential(z_i)
        assert np.isfinite(term.function.value(z_i)) and np.all((low - 1e-9 <= y_i) & (y_i <= high + 1e-9))


@settings(max_examples=40, deadline=None, derandomize=True)
@given(st.integers(0, 10**6), st.booleans())
def test_same_answer_with_and_without(seed, quadratic):
    small = random_program(seed, quadratic)
    problem = split(small)
    found, plain = (solve(problem, Cpu(), EPS) for solve in (presolve.solve, engine.solve))
    assert found.status == plain.status == "optimal"
    assert_measured(problem, found, 1e-8)
    np.testing.assert_allclose(found.value, plain.value, atol=1e-6)
    np.testing.assert_allclose(objective(small, found.x), found.value, atol=1e-6)


@settings(max_examples=60, deadline=None, derandomize=True)
@given(st.integers(0, 10**6))
def test_statuses_of_any_linear_program(seed):
    """Feasible or not, bounded or not: HiGHS knows."""
    rng = np.random.default_rng(seed)
    m, n = int(rng.integers(1, 7)), int(rng.integers(2, 7))
    A = rng.integers(-2, 3, (m, n)) * (rng.uniform(size=(m, n)) < 0.5)
    lower, upper = rng.choice([-1.0, 0.0, 2.0], m), rng.choice([0.0, 1.0, INF], m)
    upper = lower + upper
    lower[rng.uniform(size=m) < 0.3] = -INF
    l, u = rng.choice([-INF, 0.0, -1.0], n), rng.choice([INF, 1.0, 0.0], n)
    q = rng.integers(-2, 3, n).astype(float)
    found = presolve.solve(split(program(A, lower, upper, q, l, u)), Cpu(), Settings())
    rows = sp.vstack([sp.csr_array(A)[np.isfinite(upper)], -sp.csr_array(A)[np.isfinite(lower)]])
    ends = np.concatenate([upper[np.isfinite(upper)], -lower[np.isfinite(lower)]])
    options = {"bounds": np.stack([l, u], 1), "method": "highs", "options": {"presolve": False}}
    truth = linprog(q, rows, ends, **options)
    if truth.status == 0:
        assert found.status == "optimal"
        np.testing.assert_allclose(found.value, truth.fun, atol=1e-4)
    elif linprog(0 * q, rows, ends, **options).status == 0:
        assert found.status == "unbounded" and q @ found.certificate < 0
    else:
        assert found.status == "infeasible"


def chain(n: int = 30) -> program:
    """Nothing of it is left when presolve has gone through it."""
    A = np.eye(n) - np.eye(n, k=-1)
    return program(A, 1.0, 1.0, np.ones(n), 0.0, 100.0)


def test_nothing_is_left():
    problem = split(chain())
    found = presolve.solve(problem, Cpu(), EPS)
    assert found.status == "optimal" and found.iterations == 0
    assert_measured(problem, found, 1e-12)
    np.testing.assert_allclose(found.x, np.arange(1, 31))


def test_an_infeasible_one_is_proved_without_iterating():
    problem = split(chain())
    problem.terms[1].function.breaks[1] = 20.0  # upper bounds that the chain exceeds
    found = presolve.solve(problem, Cpu(), EPS)
    assert found.status == "infeasible" and found.iterations == 0 and found.value == INF
    standard = Standard(problem)
    assert np.abs(standard.A.rmatvec(found.certificate)).max() <= 1e-12
    parts = zip(problem.terms, standard.by_term(found.certificate), strict=True)
    assert sum(term.function.domain_support(y)[0] for term, y in parts) < 0


def partly(n: int = 8, seed: int = 3) -> program:
    """Some columns are fixed, some rows are redundant, something is left to do."""
    rng = np.random.default_rng(seed)
    A, x = rng.standard_normal((n, 2 * n)), rng.uniform(0.0, 1.0, 2 * n)
    l, u = np.zeros(2 * n), np.where(np.arange(2 * n) % 2, 0.5, 1.0)
    l[1::2] = 0.5
    x[1::2] = 0.5
    A = np.vstack([A, 3 * A[:2], np.ones((1, 2 * n))])
    lower, upper = A @ x - 0.1, A @ x + 0.1
    lower[-1], upper[-1] = -100, 100
    return program(A, lower, upper, rng.standard_normal(2 * n), l, u)


def test_a_point_that_lost_accuracy_is_improved_on_the_problem_given(monkeypatch):
    problem, restored = split(partly()), Source.point

    def spoilt(self, x, multiplier):
        z, y = restored(self, x, multiplier)
        return z, np.where(self.program.row_lengths == 1, 0.0, y)

    monkeypatch.setattr(Source, "point", spoilt)
    seen = []
    found = presolve.solve(problem, Cpu(), EPS, callback=lambda check: seen.append(check.iteration))
    assert found.status == "optimal"
    assert_measured(problem, found, 1e-8)
    iterations = [check.iteration for check in found.history]
    assert iterations == sorted(iterations) and set(seen) <= set(iterations), "one history of both parts"
    assert seen == sorted(seen) and iterations[-1] == found.iterations
    np.testing.assert_allclose(found.value, engine.solve(problem, Cpu(), EPS).value, rtol=1e-6)


def test_a_false_proof_is_not_believed(monkeypatch):
    from admmopt.presolve import stack
    from admmopt.presolve.reduction import Contradiction

    def wrong(given):
        y = np.zeros(given.m)
        y[0] = 1.0
        raise Contradiction(given, y, -(given.A.T @ y))

    monkeypatch.setattr(stack, "REDUCTIONS", (wrong,))
    found = presolve.solve(split(partly()), Cpu(), EPS)
    assert found.status == "optimal"


def test_limits_and_the_callback_end_it():
    problem = split(partly())
    stopped = presolve.solve(problem, Cpu(), Settings(eps=1e-12), callback=lambda check: True)
    assert stopped.status == "limit" and stopped.message == "stopped by the callback"
    few = presolve.solve(problem, Cpu(), Settings(eps=1e-12, max_iterations=2))
    assert few.status == "limit" and few.iterations == 2
    assert few.history[-1].event == "restored" and few.history[-1].primal == few.residuals.relative[0]


def test_a_problem_that_gains_nothing_goes_to_the_engine():
    rng = np.random.default_rng(0)
    problem = split(program(rng.standard_normal((5, 9)), -1, 1, rng.standard_normal(9), 0, 1))
    assert "presolve" not in presolve.solve(problem, Cpu()).timings
    assert "presolve" in presolve.solve(split(partly()), Cpu()).timings


def test_a_re_solve_goes_to_the_engine():
    problem, workspace, backend = split(partly()), Workspace(), Cpu()
    first = presolve.solve(problem, backend, EPS, workspace=workspace)
    again = presolve.solve(problem, backend, EPS, workspace=workspace, warm_start=first.state)
    assert "presolve" in first.timings and "presolve" not in again.timings
    assert again.status == "optimal" and again.iterations <= 5, "it starts where the first one ended"
    assert "presolve" not in presolve.solve(problem, backend, EPS, workspace=workspace).timings
    assert workspace.prepared == 1


# ---- CVXPY models ---------------------------------------------------------------------------------------------------


def transport():
    """Two sources, three sinks, one route closed, a capacity stated twice."""
    x = cp.Variable((2, 3))
    cost = np.array([[4.0, 6.0, 9.0], [5.0, 3.0, 8.0]])
    constraints = [
        cp.sum(x, axis=1) <= np.array([40.0, 50.0]),
        cp.sum(x, axis=0) == np.array([25.0, 30.0, 20.0]),
        x >= 0,
        x[0, 1] == 0,
        x[1, 2] <= 15,
        2 * x[1, 2] <= 24,
    ]
    return cp.Problem(cp.Minimize(cp.sum(cp.multiply(cost, x))), constraints)


def allocation():
    """A quadratic program with a fixed share, rows that say the same, and one that always holds."""
    rng = np.random.default_rng(1)
    F = sp.random_array((12, 8), density=0.4, rng=rng, format="csr")
    w = cp.Variable(8)
    limits = [cp.sum(w) == 1, w >= 0, w[3] == 0.1, w <= 0.4, cp.sum(w[:4]) <= 0.5, -2 * cp.sum(w[:4]) >= -0.9]
    limits += [w[0] + w[1] <= 5, w[5] - w[6] <= 0.05]
    return cp.Problem(cp.Minimize(cp.sum_squares(F @ w) - rng.uniform(0, 1, 8) @ w), limits)


def stages():
    """A linear program over time, with stocks that only their own balance knows."""
    T = 12
    rng = np.random.default_rng(2)
    make, stock = cp.Variable(T, nonneg=True), cp.Variable(T + 1, nonneg=True)
    demand = rng.uniform(1, 5, T)
    balance = stock[1:] == stock[:-1] + make - demand
    cost = rng.uniform(1, 2, T) @ make + 0.1 * cp.sum(stock)
    return cp.Problem(cp.Minimize(cost), [balance, stock[0] == 2, make <= 4.5, stock[T] >= 1])


@pytest.mark.parametrize("model", [transport, allocation, stages])
def test_models_agree_with_clarabel(model):
    problem = model()
    problem.solve(solver=cp.CLARABEL)
    value, x = problem.value, [v.value for v in problem.variables()]
    duals = [constraint.dual_value for constraint in problem.constraints]
    solution = ao.solve(problem, eps=1e-9)
    assert solution.status == "optimal" and "presolve" in solution.timings
    np.testing.assert_allclose(problem.value, value, rtol=1e-6)
    for variable, expected in zip(problem.variables(), x, strict=True):
        np.testing.assert_allclose(variable.value, expected, atol=1e-5)
    unique = model is not transport  # the capacity that is stated twice may carry the dual in either place
    for constraint, expected in zip(problem.constraints, duals, strict=True):
        if unique:
            np.testing.assert_allclose(constraint.dual_value, expected, atol=1e-5)
        assert np.all(constraint.dual_value * constraint.residual <= 1e-6)


def test_an_infeasible_model_has_its_certificate_in_the_duals():
    x = cp.Variable(4)
    constraints = [x >= 1, cp.sum(x) <= 3.5, x[0] <= 5]
    solution = ao.solve(cp.Problem(cp.Minimize(x[0]), constraints))
    assert solution.status == "infeasible" and solution.iterations == 0
    low, total, high = (np.ravel(c.dual_value) for c in constraints)
    np.testing.assert_allclose(-low + total + high * np.eye(4)[0], 0.0, atol=1e-12)
    assert low.sum() - 3.5 * total[0] - 5 * high[0] > 0


def test_parameters_keep_the_fast_re_solve():
    x, b = cp.Variable(30), cp.Parameter(value=1.0)
    limits = [x[1:] - x[:-1] >= -b, cp.sum(x) == 3 * b, x >= 0, x <= 2, x[3] == 0.5, 2 * x[4] >= 0.2]
    problem = cp.Problem(cp.Minimize(np.arange(30) @ x), limits)
    for value in (1.0, 1.1, 1.2):
        b.value = value
        assert ao.solve(problem).status == "optimal"
    (workspace,) = session(problem, False).workspaces.values()
    assert workspace.prepared == 1
