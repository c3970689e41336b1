"""Limits, interruption, callbacks, history, repetition, warm starts and re-solves."""

import dataclasses
import time

import numpy as np
import pytest
from planted import lasso, quadratic_program

from admmopt.backend_api import Capabilities
from admmopt.engine import Settings, Workspace, solve
from admmopt.engine.penalty import EVERY
from admmopt.engine.problem import LeastSquares, SplitProblem, Term
from admmopt.functions import FiniteSet
from admmopt.functions.piecewise_library import absolute, box
from admmopt.operators import Dense, Identity, Sparse
from admmopt_cpu import Cpu

TIGHT = Settings(eps=1e-8, max_iterations=20_000)


def test_iteration_limit_returns_the_best_point():
    solution = solve(lasso(), Cpu(), Settings(eps=1e-14, max_iterations=30, finish=False))
    assert solution.status == "limit"
    assert solution.iterations == 30
    worst = [max(row.primal, row.dual, row.gap) for row in solution.history]
    assert solution.residuals.worst <= min(worst) * (1 + 1e-9)


def test_time_limit():
    split, _ = quadratic_program(n=200, m=150)
    started = time.perf_counter()
    solution = solve(split, Cpu(), Settings(eps=1e-15, max_iterations=10**9, time_limit=0.3))
    assert solution.status == "limit"
    assert "0.3 s" in solution.message
    assert time.perf_counter() - started < 3.0


def test_callback_stops_and_sees_every_check():
    seen = []

    def callback(check):
        seen.append(check)
        return len(seen) == 4

    solution = solve(lasso(), Cpu(), Settings(eps=1e-14), callback=callback)
    assert solution.status == "limit"
    assert "callback" in solution.message
    assert list(solution.history) == seen
    assert [check.iteration for check in seen] == [1, 5, 9, 15]


def test_interruption_keeps_the_best_point():
    def callback(check):
        if check.iteration >= 25:
            raise KeyboardInterrupt

    solution = solve(lasso(), Cpu(), Settings(eps=1e-14), callback=callback)
    assert solution.status == "limit"
    assert solution.message == "interrupted"
    assert 0 < solution.residuals.worst < 0.1


def test_two_runs_are_identical():
    split, _ = quadratic_program()
    first, second = (solve(split, Cpu(), TIGHT) for _ in range(2))
    assert first.iterations == second.iterations
    assert np.array_equal(first.x, second.x)
    drop = [dataclasses.replace(row, seconds=0.0) for row in first.history]
    assert drop == [dataclasses.replace(row, seconds=0.0) for row in second.history]


def test_a_warm_start_at_the_solution_stops_at_once():
    split, _ = quadratic_program()
    workspace = Workspace()
    first = solve(split, Cpu(), TIGHT, workspace=workspace)
    seen = []
    again = solve(split, Cpu(), Settings(eps=1e-7), warm_start=first.state, callback=seen.append)
    assert first.iterations > 20
    assert again.status == "optimal" and again.residuals.worst <= 1e-7
    assert again.iterations == 0 and [row.event for row in again.history] == ["optimal"]
    assert list(again.history) == seen


def test_a_start_that_looks_solved_but_is_not_is_iterated_from():
    split, _ = quadratic_program()
    first = solve(split, Cpu(), TIGHT)
    moved = dataclasses.replace(first.state, y=first.state.y + 1e-3)
    again = solve(split, Cpu(), Settings(eps=1e-7), warm_start=moved)
    assert again.status == "optimal" and again.iterations > 0
    assert again.value == pytest.approx(first.value, rel=1e-6)


def test_the_end_is_looked_for_where_it_is_expected():
    split, _ = quadratic_program()
    checks = [row.iteration for row in solve(split, Cpu(), Settings(eps=1e-8, finish=False)).history]
    apart = np.diff(checks)
    assert apart[-1] < apart.max() and apart.min() >= 2


def test_resolves_that_take_longer_and_longer_get_new_penalties():
    """A row of re-solves is one long solve: together they pay for the update that none could alone."""
    split, workspace = lasso(n=150, m=60), Workspace()
    settings = Settings(eps=1e-7, finish=False)
    first = solve(split, Cpu(), settings, workspace=workspace)
    kept = workspace.penalty.base
    for _ in range(12):
        solve(split, Cpu(), settings, workspace=workspace)
    assert workspace.penalty.base == kept, "all take as long: they are what they are"
    solve(split, Cpu(), settings, workspace=workspace, warm_start=first.state)
    spoiled = workspace.penalty.base = 1e3 * kept
    workspace.solver.update(rho=workspace.penalty.rho, sigma=workspace.penalty.sigma)
    for _ in range(12):
        solve(split, Cpu(), dataclasses.replace(settings, max_iterations=EVERY - 1), workspace=workspace)
    assert workspace.penalty.base < 0.1 * spoiled


def test_a_warm_start_of_the_wrong_size_is_named():
    first = solve(lasso(n=80), Cpu(), TIGHT)
    with pytest.raises(ValueError, match=r"80 unknowns.*this one has 70"):
        solve(lasso(n=70), Cpu(), TIGHT, warm_start=first.state)


def test_a_resolve_with_another_function_equals_a_fresh_solve_and_factorizes_nothing():
    split, backend, workspace = lasso(), Cpu(), Workspace()
    settings = dataclasses.replace(TIGHT, finish=False)
    first = solve(split, backend, settings, workspace=workspace)
    factorizations = first.backend_report["factorizations"]
    other = dataclasses.replace(split, terms=[dataclasses.replace(split.terms[0], function=absolute(80, 0.4))])
    again = solve(other, backend, settings, workspace=workspace, warm_start=first.state)
    fresh = solve(other, Cpu(), TIGHT)
    assert workspace.prepared == 1
    assert again.backend_report["factorizations"] == factorizations
    assert again.status == fresh.status == "optimal"
    assert np.allclose(again.x, fresh.x, atol=1e-6)
    assert again.value == pytest.approx(fresh.value, rel=1e-8)


def test_a_changed_matrix_is_prepared_anew():
    workspace, backend = Workspace(), Cpu()
    for seed in (1, 2):
        solution = solve(lasso(seed=seed), backend, TIGHT, workspace=workspace)
        fresh = solve(lasso(seed=seed), Cpu(), TIGHT)
        assert np.allclose(solution.x, fresh.x, atol=1e-6)
    assert workspace.prepared == 2


def test_a_bound_that_becomes_an_equality_is_noticed():
    workspace, backend = Workspace(), Cpu()
    A = Dense(np.array([[1.0, 2.0, 3.0]]))
    for upper in (5.0, 1.0):
        terms = [Term(box(1.0, upper, 1), A, np.zeros(1)), Term(box(0, 1, 3), Identity(3), np.zeros(3))]
        split = SplitProblem(n=3, q=np.array([-1.0, -1.0, -1.0]), terms=terms)
        solution = solve(split, backend, TIGHT, workspace=workspace)
        assert solution.status == "optimal"
        assert solution.value == pytest.approx(-2.0 - 2.0 / 3.0 if upper == 5.0 else -1.0, abs=1e-6)
    assert workspace.prepared == 2


@pytest.mark.parametrize(
    "settings", [{"eps": 0.0}, {"max_iterations": 0}, {"time_limit": -1.0}, {"relaxation": 2.0}, {"finish": "no"}]
)
def test_bad_settings_are_named(settings):
    with pytest.raises(ValueError, match=next(iter(settings))):
        Settings(**settings)


class Sloppy(Cpu):
    """A backend whose solutions are off by one part in a hundred, and which says so."""

    capabilities = Capabilities(exact=False)

    def prepare(self, system):
        solver = super().prepare(system)
        exact = solver.solve

        def solve(r1, r2, **keywords):
            result = exact(r1, r2, **keywords)
            factor = 1.0 + 0.01 * np.cos(np.arange(result.x.size))
            return dataclasses.replace(
                result, x=factor * result.x, z=system.A.matvec(factor * result.x), measure=lambda: 0.01
            )

        solver.solve = solve
        return solver


def test_a_backend_that_cannot_reach_the_tolerance_is_told_apart():
    solution = solve(lasso(), Sloppy(), Settings(eps=1e-9, max_iterations=5000))
    assert solution.status == "inaccurate_backend"
    assert "1e-02" in solution.message


def test_rows_of_sparse_and_identity_operators_give_the_same_answer():
    split, _ = quadratic_program()
    n = split.n
    rewritten = dataclasses.replace(
        split,
        P=Dense(split.P.matrix.toarray()),
        terms=[
            dataclasses.replace(split.terms[0], operator=Dense(split.terms[0].operator.matrix.toarray())),
            dataclasses.replace(split.terms[1], operator=Sparse(np.eye(n))),
        ],
    )
    one, two = solve(split, Cpu(), TIGHT), solve(rewritten, Cpu(), TIGHT)
    assert one.status == two.status == "optimal"
    assert one.value == pytest.approx(two.value, rel=1e-6)


def test_nonconvex_resolves_do_not_wait_for_the_iterations_of_earlier_ones():
    rng = np.random.default_rng(0)
    n = 20
    split = SplitProblem(
        n=n,
        q=np.zeros(n),
        squares=[LeastSquares(Dense(rng.standard_normal((15, n))), rng.standard_normal(15), np.ones(15), "fit")],
        terms=[Term(FiniteSet(n, np.array([0.0, 1.0])), Identity(n), np.zeros(n))],
    )
    workspace, counts = Workspace(), []
    for _ in range(4):
        counts.append(solve(split, Cpu(), Settings(eps=1e-6, max_iterations=20_000), workspace=workspace).iterations)
    assert max(counts[1:]) <= counts[1] + 1
