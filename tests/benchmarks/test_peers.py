"""Every installed peer solves what it takes, and its record is graded like ours."""

import cvxpy as cp
import numpy as np
import pytest

from benchmarks.measure import run
from benchmarks.peers.solvers import installed, mended_bounds, settings
from benchmarks.problems import build

OPTIONS = {"eps": 1e-6, "time_limit": 20.0, "seed": 0, "size": "tiny"}


@pytest.mark.parametrize("solver", installed())
@pytest.mark.parametrize("name", ["lasso", "hinge_l2"])
def test_every_solver_finds_the_same(name, solver):
    found = run("nineteen", name, {**OPTIONS, "solver": solver})
    problem = build(name, "tiny", 0).problem
    problem.solve(solver=cp.CLARABEL)
    assert found["status"] == "optimal" and found["value"] == pytest.approx(problem.value, rel=1e-4)
    assert found["memory_mb"] >= found["memory_before_mb"] > 10
    assert found["cpu_seconds"] > 0 and found["version"] != "absent"


def test_a_problem_that_a_solver_does_not_take_is_no_failure():
    found = run("nineteen", "covsel", {**OPTIONS, "solver": "OSQP"})
    assert found["verdict"] == "unsuited"


@pytest.mark.parametrize("solver, least", [("CLARABEL", 10_000), ("OSQP", 10**9), ("SCS", 10**9), ("PROXQP", 10**9)])
def test_only_time_binds(solver, least):
    chosen = settings(solver, 1e-4, 7.0)
    assert max(value for name, value in chosen.items() if name.startswith("max_iter")) >= least
    assert solver == "PROXQP" or 7.0 in chosen.values()


def test_bounds_of_a_product_with_a_free_variable_are_infinite():
    x = cp.Variable(2)
    with mended_bounds():
        low, high = (np.array([[1.0, -1.0]]) @ x).get_bounds()
    assert np.all(low == -np.inf) and np.all(high == np.inf)
