"""The interior point finish: accurate where it applies, absent where it does not, and never the loss of a point."""

from __future__ import annotations

from copy import copy

import cvxpy as cp
import numpy as np
import pytest

import admmopt as ao
from admmopt.engine import Settings, solve
from admmopt.engine.equilibrate import equilibrate
from admmopt.engine.interior.barrier import Barrier
from admmopt.engine.interior.rows import Rows
from admmopt.engine.interior.start import starting_point
from admmopt.engine.interior.system import Newton
from admmopt.engine.standard import Standard
from admmopt.splitting import Compiled
from admmopt_cpu import Cpu


def linear(seed: int, rows: int = 60, columns: int = 120):
    """A linear program with a nondegenerate vertex: (problem, x, its solution, y of the equations)."""
    rng = np.random.default_rng(seed)
    G, true = rng.standard_normal((rows, columns)), np.zeros(columns)
    support = rng.choice(columns, rows, replace=False)
    true[support] = rng.uniform(0.5, 1.5, rows)
    slack = rng.uniform(0.5, 1.5, columns)
    slack[support] = 0.0
    y = rng.standard_normal(rows)
    x = cp.Variable(columns)
    return cp.Problem(cp.Minimize((G.T @ y + slack) @ x), [G @ x == G @ true, x >= 0]), x, true, y


def quadratic(seed: int, rows: int = 50, columns: int = 40):
    rng = np.random.default_rng(seed)
    H, A = rng.standard_normal((columns, columns)), rng.standard_normal((rows, columns))
    P = H @ H.T / columns
    start = rng.uniform(-1.0, 1.0, columns)
    inside = A @ (start + (1 - start.sum()) / columns)
    x = cp.Variable(columns)
    constraints = [A @ x <= inside + 0.1, A @ x >= inside - 0.3, cp.sum(x) == 1, x <= 2]
    return cp.Problem(
        cp.Minimize(0.5 * cp.quad_form(x, cp.psd_wrap(P)) + rng.standard_normal(columns) @ x), constraints
    )


def kinked(seed: int, rows: int = 60, columns: int = 20):
    """Costs with kinks and curved pieces, of rows and of entries, with bounds on top: every kind of segment."""
    rng = np.random.default_rng(seed)
    A, b = rng.standard_normal((rows, columns)), rng.standard_normal(rows)
    x = cp.Variable(columns)
    r = A @ x - b
    losses = cp.sum(cp.maximum(0.8 * r[:20], -0.2 * r[:20])) + cp.sum(cp.huber(r[20:40], 0.3))
    losses += cp.sum(cp.pos(cp.abs(r[40:50]) - 0.1)) + 0.5 * cp.sum(cp.pos(1 - r[50:]))
    return cp.Problem(cp.Minimize(losses + 0.5 * cp.norm1(x) + cp.sum(x)), [x >= -0.2, x[0] <= 0.1, cp.sum(x) == 0.5])


def interior(problem) -> tuple[Standard, Barrier]:
    standard = Standard(Compiled(problem, False).update())
    return standard, Barrier(standard, Rows.of(standard), equilibrate(standard), Cpu())


@pytest.mark.parametrize("seed", range(4))
def test_a_vertex_is_found_exactly(seed):
    problem, x, true, y = linear(seed)
    solution = ao.solve(problem, eps=1e-9)
    assert solution.status == "optimal"
    np.testing.assert_allclose(x.value, true, atol=1e-7)
    assert np.all(x.value[true == 0] == 0), "entries on their bounds are exactly there"
    np.testing.assert_allclose(problem.constraints[0].dual_value, -y, atol=1e-6)


@pytest.mark.parametrize("seed", range(4))
def test_quadratic_programs_agree_with_clarabel(seed):
    problem = quadratic(seed)
    ours = ao.solve(problem, eps=1e-9)
    duals = [np.array(c.dual_value) for c in problem.constraints]
    theirs = problem.solve(solver=cp.CLARABEL, tol_gap_rel=1e-10, tol_gap_abs=1e-10, tol_feas=1e-10)
    assert ours.status == "optimal" and ours.value == pytest.approx(theirs, rel=1e-7)
    for mine, constraint in zip(duals, problem.constraints, strict=True):
        np.testing.assert_allclose(mine, constraint.dual_value, atol=1e-4)


def test_it_runs_where_the_iteration_is_long_and_can_be_turned_off():
    with_finish = ao.solve(linear(0, 100, 200)[0], eps=1e-9)
    without = ao.solve(linear(0, 100, 200)[0], eps=1e-9, finish=False)
    assert "finish" in with_finish.history["event"] and with_finish.timings["finish"] > 0
    assert "finish" not in without.history["event"] and without.timings["finish"] == 0
    assert with_finish.iterations < without.iterations
    common = [row for row in with_finish.history if row.event != "finish"][:3]
    for mine, plain in zip(common, without.history, strict=False):
        assert (mine.iteration, mine.objective) == (plain.iteration, plain.objective)  # until then it is the same


def test_where_it_does_not_apply():
    x = cp.Variable(4)
    cone = cp.Problem(cp.Minimize(cp.sum(x)), [cp.norm(x) <= 1, x >= -1])
    unbounded_rows = cp.Problem(cp.Minimize(cp.sum_squares(x)), [x[0] + x[1] == 1])
    assert Rows.of(Standard(Compiled(cone, False).update())) is None
    assert Rows.of(Standard(Compiled(unbounded_rows, False).update())).bounds == 0


@pytest.mark.parametrize(
    "make", [lambda: linear(1)[0], lambda: quadratic(1), lambda: kinked(1)], ids=["linear", "quadratic", "kinked"]
)
def test_it_starts_inside_and_points_are_what_the_engine_expects(make):
    standard, finish = interior(make())
    rows = finish.rows
    it = starting_point(standard, rows, finish.scaling, finish.newton)
    assert np.all((it.s > rows.lower)[rows.low]) and np.all((it.s < rows.upper)[rows.high])
    assert np.all(it.z_l[rows.low] > 0) and np.all(it.z_u[rows.high] > 0)
    seen = []

    def report(x, z, y, measured):
        seen.append(measured.residuals.worst)
        for place, f in zip(standard.slices, standard.functions, strict=True):
            v = z[place] + y[place]  # y is a subgradient at z: z is the prox of z + y
            assert np.all(np.abs(f.prox(v, 1.0) - z[place]) <= 1e-7 * (1 + np.abs(v)))
        return False

    finish.run(1e-10, report)
    assert min(seen) < 1e-8


@pytest.mark.parametrize("seed", range(4))
def test_costs_with_kinks_agree_with_clarabel(seed):
    problem, points = kinked(seed), []
    _, finish = interior(problem)
    finish.run(1e-9, lambda *point: points.append(point) or point[3].residuals.worst <= 1e-9)
    assert len(points) < 40 and points[-1][3].residuals.worst <= 1e-9
    theirs = problem.solve(solver=cp.CLARABEL, tol_gap_rel=1e-10, tol_gap_abs=1e-10, tol_feas=1e-10)
    assert points[-1][3].objective == pytest.approx(theirs, rel=1e-7)


def test_segments_add_up_to_the_cost():
    standard, finish = interior(kinked(0))
    rows, rng = finish.rows, np.random.default_rng(0)
    lowest, highest = rows.lower[rows.first], rows.upper[rows.last]
    for _ in range(5):
        z = np.clip(rng.standard_normal(standard.m), lowest, highest)
        s = np.clip(rows.each(z), rows.lower, rows.upper)
        np.testing.assert_allclose(rows.total(s), z + rows.shift, atol=1e-12)
        inside = (rows.each(z) > rows.lower) & (rows.each(z) < rows.upper)  # the segment that is being filled
        slopes = np.concatenate(
            [f.subdifferential(z[place], 0.0)[0] for f, place in zip(standard.functions, standard.slices, strict=True)]
        )
        np.testing.assert_allclose(rows.gradient(s)[inside], slopes[rows.owner[inside]], atol=1e-12)


def test_a_row_that_is_near_its_bound_keeps_its_multiplier():
    """What is left out adds up over the rows of a column; a move of z does not."""
    standard, finish = interior(linear(0)[0])
    rows = finish.rows
    it = starting_point(standard, rows, finish.scaling, finish.newton)
    before = copy(it)
    it.s = np.where(rows.low, rows.lower + 1e-9, it.s)
    fallen = np.where(rows.low, (it.s - rows.lower) / (before.s - rows.lower), 0.0)
    it.z_l = 1e-9 * fallen * before.z_l  # the multiplier has fallen faster than the distance
    with np.errstate(all="ignore"):
        _, far, dropped, _ = finish.snapped(it, before, 0.0)
        _, near, kept, _ = finish.snapped(it, before, 1e-8)
    np.testing.assert_array_equal(far[rows.low], it.s[rows.low])
    np.testing.assert_array_equal(near[rows.low], rows.lower[rows.low])
    assert np.all(dropped[rows.low] == 0) and np.array_equal(kept[rows.low], -it.z_l[rows.low])


def test_newton_directions_are_those_of_the_system_without_regularization():
    standard, finish = interior(quadratic(2))
    rows, rng = finish.rows, np.random.default_rng(0)
    newton = Newton(standard, rows, finish.scaling, Cpu())
    weight = rng.uniform(1e-3, 1e3, standard.m)
    newton.factorize(weight)
    r_d, target = rng.standard_normal(standard.n), rng.standard_normal(standard.m)
    dx, dy, accurate = newton.solve(r_d, target, 1e-12, 1e-12)
    P = np.stack([standard.quadratic(unit)[0] for unit in np.eye(standard.n)], axis=1)
    A = np.stack([standard.A.matvec(unit) for unit in np.eye(standard.n)], axis=1)
    D = np.diag(np.where(rows.equal, 0.0, -1.0 / newton.weight))
    exact = np.linalg.solve(np.block([[P, A.T], [A, D]]), np.concatenate([-r_d, target]))
    assert accurate
    np.testing.assert_allclose(dx, exact[: standard.n], atol=1e-8)
    np.testing.assert_allclose(dy, exact[standard.n :], atol=1e-6)


def test_infeasible_and_unbounded_programs_are_still_certified():
    x = cp.Variable(30)
    A = np.random.default_rng(0).standard_normal((20, 30))
    infeasible = cp.Problem(cp.Minimize(cp.sum(x)), [A @ x == A.sum(axis=1), x >= 2, cp.sum(x) <= 31])
    assert ao.solve(infeasible).status == "infeasible"
    unbounded = cp.Problem(cp.Minimize(-cp.sum(x)), [A @ x <= 100, x >= 0, A[0] @ x == 1])
    assert ao.solve(unbounded).status == "unbounded"


def test_an_interruption_keeps_the_best_point():
    problem, *_ = linear(0, 100, 200)

    def interrupt(check):
        if check.event == "finish" and check.primal < 1e-3:
            raise KeyboardInterrupt

    stopped = ao.solve(problem, eps=1e-12, callback=interrupt)
    assert stopped.status == "limit" and stopped.message == "interrupted"
    assert stopped.residuals.worst <= min(max(row.primal, row.dual, row.gap) for row in stopped.history)


def test_the_callback_stops_it_and_it_waits_for_its_time():
    problem, *_ = linear(0, 100, 200)
    stopped = ao.solve(problem, eps=1e-12, callback=lambda check: check.event == "finish")
    assert stopped.status == "limit" and "callback" in stopped.message
    split = Compiled(linear(0, 100, 200)[0], False).update()
    few = solve(split, Cpu(), Settings(eps=1e-12, max_iterations=30))
    assert few.status == "limit" and "finish" not in few.history["event"]
