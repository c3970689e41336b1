"""Paths are the solutions that single solves give, with one factorization and fewer iterations; what ends them early
leaves whole points; bad input is named before anything is solved."""

import json
import subprocess
import sys

import cvxpy as cp
import numpy as np
import pytest

import admmopt as ao
from admmopt.dsl import path as path_module
from admmopt.dsl.solve import session

RNG = np.random.default_rng(0)
A, B = RNG.standard_normal((30, 12)), RNG.standard_normal(30)
LARGEST = np.abs(A.T @ B).max()


def lasso(constraints=False):
    lam, x = cp.Parameter(nonneg=True, name="lam"), cp.Variable(12, name="x")
    cost = 0.5 * cp.sum_squares(A @ x - B) + lam * cp.norm1(x)
    return cp.Problem(cp.Minimize(cost), [cp.sum(x) <= 0.1, x[0] == 0.05] if constraints else []), lam, x


GRID = np.geomspace(LARGEST, 0.01 * LARGEST, 25)


def iterations(path):
    return sum(s.iterations for s in path.solutions)


# ---- what comes out


@pytest.mark.parametrize("constraints", [False, True])
def test_every_point_is_the_solution_there(constraints):
    problem, lam, x = lasso(constraints)
    path = ao.solve_path(problem, lam, GRID, eps=1e-8)
    assert len(path) == 25 and path[x].shape == (25, 12) and not path.note
    assert np.array_equal(path.values, GRID)
    other, mu, z = lasso(constraints)
    for k in (0, 7, 24):
        mu.value = GRID[k]
        other.solve(solver=cp.CLARABEL)
        assert path.solutions[k].value == pytest.approx(other.value, rel=1e-6)
        assert path[x][k] == pytest.approx(z.value, abs=1e-4)
        for ours, theirs in zip(problem.constraints, other.constraints, strict=True):
            assert path.duals[ours][k] == pytest.approx(theirs.dual_value, abs=1e-4)
    if constraints:
        assert path.duals[problem.constraints[0]].shape == (25,)


def test_one_factorization_and_fewer_iterations_than_alone():
    problem, lam, _ = lasso()
    warm = ao.solve_path(problem, lam, GRID)
    (workspace,) = session(problem, False).workspaces.values()
    assert workspace.prepared == 1
    cold = ao.solve_path(problem, lam, GRID, warm_start=False)
    assert iterations(warm) < 0.7 * iterations(cold)
    assert [s.value for s in warm.solutions] == pytest.approx([s.value for s in cold.solutions], rel=1e-5)


def test_between_two_kinks_the_continuation_is_the_solution():
    problem, lam, x = lasso()
    start = 0.5 * LARGEST
    path = ao.solve_path(problem, lam, start - 1e-4 * np.arange(8), eps=1e-9)
    assert len({tuple(np.sign(row)) for row in path[x]}) == 1
    assert path.solutions[2].iterations <= 5, "it goes on from two that are only just solved"
    assert all(s.iterations <= 1 for s in path.solutions[3:])


@pytest.mark.parametrize(
    "steps, expected",
    [
        (((1.0, 0.0), (0.5, 0.0)), 0.5),
        (((1.0, 2.0), (-1.0, -2.0)), -1.0),  # back to the point before
        (((1.0, 0.0), (0.0, 1.0)), None),  # round a corner
        (((1.0, 0.0), (5.0, 0.0)), None),  # too far
        (((0.0, 0.0), (1.0, 0.0)), None),
    ],
)
def test_when_the_next_step_continues_the_last(steps, expected):
    last, step = map(np.array, steps)
    found = path_module._ratio(step, last)
    assert found is None if expected is None else found == pytest.approx(expected)


def test_several_parameters_and_arrays():
    x, low, weight = cp.Variable(3, name="x"), cp.Parameter(3, name="low"), cp.Parameter(pos=True, name="weight")
    problem = cp.Problem(cp.Minimize(weight * cp.sum(x)), [x >= low])
    lows, weights = [[1, 2, 3], [4, 5, 6]], (1.0, 3.0)
    path = ao.solve_path(problem, {low: lows, weight: weights}, eps=1e-8)
    assert path[x] == pytest.approx(np.array(lows, float), abs=1e-5)
    assert path.duals[problem.constraints[0]] == pytest.approx(np.array([[1.0] * 3, [3.0] * 3]), abs=1e-5)
    assert set(path.values) == {low, weight}
    columns = path.to_dict(variables=True)
    assert columns["low"] == lows and columns["weight"] == [1.0, 3.0] and columns["status"] == ["optimal"] * 2
    assert len(columns["x"][0]) == 3
    json.dumps(columns, allow_nan=False)


def test_points_without_a_solution_are_nan_and_the_path_goes_on():
    x, bound = cp.Variable(2, name="x"), cp.Parameter(name="bound")
    problem = cp.Problem(cp.Minimize(cp.sum(x)), [x >= 1, cp.sum(x) <= bound])
    path = ao.solve_path(problem, bound, [5.0, 1.0, 4.0])
    assert [str(s.status) for s in path.solutions] == ["optimal", "infeasible", "optimal"]
    assert np.isnan(path[x][1]).all() and path[x][[0, 2]] == pytest.approx(np.ones((2, 2)), abs=1e-4)
    assert np.isnan(path.duals[problem.constraints[1]][1])
    assert path.to_dict()["value"][1] is None
    assert "2 optimal, 1 infeasible" in str(path)


def test_geometric_programs():
    x, y, a = cp.Variable(pos=True), cp.Variable(pos=True), cp.Parameter(pos=True)
    problem = cp.Problem(cp.Minimize(x * y), [x >= a, y >= 2])
    path = ao.solve_path(problem, a, [1.0, 2.0, 4.0], gp=True, eps=1e-8)
    assert [s.value for s in path.solutions] == pytest.approx([2.0, 4.0, 8.0], rel=1e-5)


def test_nonconvex_sets_are_local_at_every_point():
    lam, x = cp.Parameter(nonneg=True), cp.Variable(12)
    cost = cp.sum_squares(A @ x - B) + lam * cp.sum_squares(x)
    path = ao.solve_path(ao.Problem(cp.Minimize(cost), [ao.Cardinality(x, 3)]), lam, [1.0, 0.5])
    assert [str(s.status) for s in path.solutions] == ["local", "local"]
    assert np.count_nonzero(path[x], axis=1).max() <= 3


# ---- what is left behind


def test_afterwards_the_problem_is_at_the_last_point_and_load_goes_anywhere():
    problem, lam, x = lasso(True)
    path = ao.solve_path(problem, lam, GRID)
    assert lam.value == GRID[-1] and np.array_equal(x.value, path[x][-1])
    assert problem.value == path.solutions[-1].value and problem.status == "optimal"
    assert path.load(3) is path.solutions[3]
    assert lam.value == GRID[3] and np.array_equal(x.value, path[x][3]) and problem.value == path.solutions[3].value
    assert problem.constraints[1].dual_value == path.duals[problem.constraints[1]][3]
    with pytest.raises(IndexError, match="no point 25"):
        path.load(25)


class Stop(Exception):
    pass


@pytest.mark.parametrize("known", [False, True])
def test_an_error_on_the_way_leaves_everything_as_it_was(known):
    problem, lam, x = lasso()
    if known:
        lam.value = 1.0
        ao.solve(problem)
    before = lam.value, None if x.value is None else x.value.copy(), problem.status

    def callback(k, solution):
        raise Stop

    with pytest.raises(Stop):
        ao.solve_path(problem, lam, GRID, callback=callback)
    assert lam.value == before[0] and np.array_equal(x.value, before[1]) and problem.status == before[2]


# ---- what ends a path early


def test_the_callback_sees_every_point_and_may_stop():
    problem, lam, _ = lasso()
    seen = []

    def callback(k, solution):
        seen.append((k, solution.value, lam.value))
        return k == 2

    path = ao.solve_path(problem, lam, GRID, callback=callback)
    assert [k for k, _, _ in seen] == [0, 1, 2] and seen[2][2] == GRID[2]
    assert len(path) == 3 and path.note == "stopped by the callback after 3 of 25 points"
    assert path.note in str(path) and lam.value == GRID[2]


@pytest.mark.parametrize("where", ["engine", "outside"])
def test_ctrl_c_keeps_what_is_done(where, monkeypatch):
    problem, lam, x = lasso()
    real, calls = path_module.solve, []

    def interrupted(*args, **options):
        calls.append(0)
        if len(calls) < 4:
            return real(*args, **options)
        if where == "outside":
            raise KeyboardInterrupt

        def stop(check):
            raise KeyboardInterrupt

        return real(*args, **options, callback=stop)

    monkeypatch.setattr(path_module, "solve", interrupted)
    path = ao.solve_path(problem, lam, GRID, warm_start=False)  # no point that ends at its first check
    assert len(path) == 3 and path.note == "interrupted after 3 of 25 points"
    assert lam.value == GRID[2] and np.array_equal(x.value, path[x][2])


def test_the_time_limit_is_for_the_whole_path():
    problem, lam, x = lasso()
    ao.solve_path(problem, lam, GRID[:1])
    path = ao.solve_path(problem, lam, np.tile(GRID, 80), time_limit=2.0, warm_start=False)
    assert 0 < len(path) < 2000 and "time limit of 2 s" in path.note
    assert {str(s.status) for s in path.solutions} == {"optimal"}
    lam.value = 7.0
    nothing = ao.solve_path(problem, lam, GRID, time_limit=1e-9)
    assert len(nothing) == 0 and nothing[x].shape == (0, 12) and lam.value == 7.0
    assert repr(nothing).startswith("0 points: none")
    with pytest.raises(ValueError, match="nothing to plot"):
        nothing.plot()


# ---- what comes in


def refused(sentence, *args, **options):
    with pytest.raises(ValueError, match=sentence) as caught:
        ao.solve_path(*args, **options)
    assert "\n" not in str(caught.value)


def test_bad_input_is_named_before_work_starts(monkeypatch):
    monkeypatch.setattr(path_module, "solve", lambda *args, **options: pytest.fail("work has started"))
    problem, lam, x = lasso()
    stranger = cp.Parameter(name="mu")
    refused("mu is not a parameter of this problem; it has lam", problem, stranger, GRID)
    refused("must be a cvxpy.Parameter .*'lam'", problem, "lam", GRID)
    refused("must be a cvxpy.Parameter .*x", problem, x, GRID)
    refused("lam has no values", problem, lam, [])
    refused("sequence of values.*None", problem, lam)
    refused("sequence of values.*2.0", problem, lam, 2.0)
    refused("sequence of values.*'cpu'", problem, lam, "cpu")
    refused(r"values\[1\] of parameter lam is not finite", problem, lam, [1.0, np.nan])
    refused(r"values\[0\] of parameter lam is not finite", problem, lam, [np.inf])
    refused(r"values\[0\] of parameter lam has shape \(2,\)", problem, lam, np.ones((3, 2)))
    refused(r"values\[1\] of parameter lam is no array of numbers", problem, lam, [1.0, "a"])
    refused(r"values\[1\] of parameter lam does not fit: .*nonneg", problem, lam, [1.0, -1.0])
    refused("the dict of parameters is empty", problem, {})
    refused("values is left out", problem, {lam: GRID}, GRID)
    refused("eps must lie", problem, lam, GRID, eps=2.0)
    refused("time_limit must be positive", problem, lam, GRID, time_limit=0)
    assert lam.value is None
    y, a, b = cp.Variable(), cp.Parameter(name="a"), cp.Parameter(name="b")
    two = cp.Problem(cp.Minimize(cp.square(y - a) + b * y))
    refused("got a 2, b 3", two, {a: [1.0, 2.0], b: [1.0, 2.0, 3.0]})
    refused("b is not on the path and has no value", two, a, [1.0])
    with pytest.raises(TypeError, match="CVXPY problem"):
        ao.solve_path(x, lam, GRID)


def test_a_stranger_has_no_values():
    problem, lam, _ = lasso()
    path = ao.solve_path(problem, lam, GRID[:2])
    with pytest.raises(KeyError, match="y is not a variable of this path; it has x"):
        path[cp.Variable(name="y")]


# ---- text, progress, pictures


def test_the_table():
    problem, lam, _ = lasso()
    text = str(ao.solve_path(problem, lam, np.linspace(LARGEST, 1.0, 60)))
    lines = text.splitlines()
    assert lines[0].startswith("60 points: all optimal; ") and lines[0].endswith("eps 1e-06")
    assert lines[1].split() == ["point", "lam", "status", "value", "residual", "iterations", "seconds"]
    assert len(lines) == 22 and lines[2].split()[0] == "0" and lines[-1].split()[:3] == ["59", "1", "optimal"]


def test_progress_on_a_terminal(monkeypatch):
    from contextlib import contextmanager

    shown = []

    @contextmanager
    def spy(verbose, total):
        yield lambda point, done: shown.append((verbose, total, point, done))

    monkeypatch.setattr(path_module, "sweep_progress", spy)
    monkeypatch.setattr(path_module, "PERIOD", 0.0)
    problem, lam, _ = lasso()
    ao.solve_path(problem, lam, [3.0, 2.0], verbose=True)
    assert shown == [(True, 2, {"lam": "3"}, 0), (True, 2, {"lam": "2"}, 1)]


def test_the_picture(tmp_path):
    problem, lam, x = lasso()
    path = ao.solve_path(problem, lam, GRID)
    figure = path.plot(path=tmp_path / "lasso.png")
    (axes,) = figure.axes
    assert (tmp_path / "lasso.png").stat().st_size > 1000
    assert axes.get_xscale() == "log" and axes.get_xlabel() == "lam"
    names = [text.get_text() for text in axes.get_legend().get_texts()]
    assert len(names) == 7
    peak = np.abs(path[x]).max(axis=0)
    assert set(names) == {f"x[{j}]" for j in np.argsort(-peak)[:7]}
    drawn = {line.get_label(): line for line in axes.lines}[names[0]]
    entry = int(names[0][2:-1])
    assert np.array_equal(drawn.get_xdata(), GRID[::-1]) and np.array_equal(drawn.get_ydata(), path[x][::-1, entry])
    (others,) = axes.collections
    assert len(others.get_paths()) == np.count_nonzero(peak) - 7
    assert path.plot(x, against=np.arange(25.0)).axes[0].get_xscale() == "linear"
    with pytest.raises(ValueError, match="25 numbers"):
        path.plot(against=[1.0])
    with pytest.raises(KeyError, match="mu is not a parameter"):
        path.plot(against=cp.Parameter(name="mu"))


def test_import_does_not_load_matplotlib():
    code = "import sys, admmopt; sys.exit('matplotlib' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", code]).returncode == 0
