"""eps is a promise about the objective of the user's model at the user's values, not only about residuals."""

import cvxpy as cp
import numpy as np
import pytest

import admmopt as ao


@pytest.mark.parametrize("m, n, weight", [(50, 400, 0.5), (100, 1000, 2.0)])
def test_the_objective_at_the_values_is_right_to_eps(m, n, weight):
    """Support vector machines, by the iteration alone: when the residuals came to 1e-4, kinks of hundreds of rows that
    were each off by so much made the objective wrong by 3e-4."""
    rng = np.random.default_rng(2)
    A = rng.normal(size=(m, n))
    label = np.sign(A @ ((rng.random(n) < 0.05) * rng.normal(size=n)))
    x = cp.Variable(n)
    problem = cp.Problem(cp.Minimize(cp.sum(cp.pos(1 - cp.multiply(label, A @ x))) + weight * cp.norm1(x)))
    exact = problem.solve(solver=cp.CLARABEL)
    x.value = None
    assert ao.solve(problem, eps=1e-4, finish=False).status == "optimal"
    assert problem.objective.value == pytest.approx(exact, rel=1e-4)


def test_a_solved_point_stays_solved_where_time_or_iterations_run_out():
    """After the residuals are below eps the objective is looked at for a while longer; a limit does not undo that."""
    rng = np.random.default_rng(2)
    A = rng.normal(size=(50, 400))
    label = np.sign(A @ ((rng.random(400) < 0.05) * rng.normal(size=400)))
    x = cp.Variable(400)
    problem = cp.Problem(cp.Minimize(cp.sum(cp.pos(1 - cp.multiply(label, A @ x))) + 0.5 * cp.norm1(x)))
    assert ao.solve(problem, eps=1e-4, finish=False, max_iterations=270).status == "optimal"
