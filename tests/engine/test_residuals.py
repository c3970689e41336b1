"""What the gap is measured against: the objective, whatever it is added up from and however small it is."""

from __future__ import annotations

import cvxpy as cp
import numpy as np
import pytest

import admmopt as ao
from admmopt.engine.residuals import measure
from admmopt.engine.solution import Residuals
from admmopt.engine.standard import Standard
from admmopt.splitting import Compiled

rng = np.random.default_rng(0)
A, b = rng.standard_normal((30, 5)), rng.standard_normal(30)
x = cp.Variable(5)


def gap_scale(objective) -> tuple[float, float]:
    """(the scale of the gap, the objective) at the solution of an unconstrained problem."""
    problem = cp.Problem(cp.Minimize(objective))
    solution = ao.solve(problem, eps=1e-9)
    return solution.residuals.gap_scale, problem.value


@pytest.mark.parametrize("constant", [0.0, 1e6])
def test_the_gap_is_relative_to_the_objective_less_its_constant(constant):
    for objective in (cp.norm1(A @ x - b), cp.sum_squares(A @ x - b) + cp.norm1(x), cp.sum(cp.logistic(A @ x))):
        scale, value = gap_scale(1e-2 * objective + constant)
        assert 0.4 * (value - constant) <= scale <= 20 * (value - constant)


def test_a_small_objective_has_as_many_digits_as_a_large_one():
    for size in (1e4, 1.0, 0.1):
        assert Residuals(gap=1e-6 * size, gap_scale=size).relative[2] == pytest.approx(1e-6, rel=0.02)
    assert Residuals(gap=1e-6, gap_scale=0.0).relative[2] == pytest.approx(1e-3)  # but for one that vanishes


def test_least_squares_that_fit_are_compared_with_what_they_are_rounded_to():
    split = Compiled(cp.Problem(cp.Minimize(cp.sum_squares(1e4 * (A @ x - A @ np.ones(5)))), [x >= 0])).update()
    found = measure(Standard(split), np.ones(5), np.ones(5), np.zeros(5)).residuals
    assert found.relative[2] < 1e-8


def test_a_problem_without_an_objective_ends():
    x = cp.Variable(5)
    solution = ao.solve(cp.Problem(cp.Minimize(0), [A[:3] @ x == 1, x >= -10]), eps=1e-8)
    assert solution.status == "optimal" and solution.iterations < 200
