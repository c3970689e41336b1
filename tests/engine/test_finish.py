"""The finish: known solutions to 1e-10, duals, hand-back, limits, and what it must leave alone."""

import time

import numpy as np
import pytest
from planted import lasso, linear_program, quadratic_program

from admmopt.backend_api import Capabilities
from admmopt.engine import Settings, Workspace, solve
from admmopt.engine import finish as engine_finish
from admmopt.engine.finish import Finish, gate, jacobians, search
from admmopt.engine.finish.merit import Merit
from admmopt.engine.finish.multipliers import Rounds
from admmopt.engine.finish.newton import minimize
from admmopt.engine.interior.rows import Rows
from admmopt.engine.loop import Point
from admmopt.engine.problem import LeastSquares, SplitProblem, Term
from admmopt.engine.residuals import measure
from admmopt.engine.standard import Standard
from admmopt.functions import Cardinality, Logistic
from admmopt.functions.piecewise_library import absolute, box, hinge, quantile
from admmopt.operators import Dense, Identity
from admmopt_cpu import Cpu


@pytest.fixture(autouse=True)
def alone(monkeypatch):
    """Without the interior point, which would end most of these problems."""
    monkeypatch.setattr(Rows, "of", lambda standard: None)


def regression(loss, m=120, n=12, ridge=0.0, l1=0.0, seed=0):
    """min loss(A x - b) + ridge/2 |x|^2 + l1 |x|_1."""
    rng = np.random.default_rng(seed)
    A = rng.normal(size=(m, n))
    b = A @ rng.normal(size=n) + rng.standard_t(2, size=m)
    terms = [Term(loss(m), Dense(A), -b, "loss")]
    terms += [Term(absolute(n, l1), Identity(n), np.zeros(n), "l1")] if l1 else []
    squares = [LeastSquares(Identity(n), np.zeros(n), np.full(n, ridge), "ridge")] if ridge else []
    return SplitProblem(n=n, q=np.zeros(n), squares=squares, terms=terms)


PROBLEMS = {
    "qp": lambda: quadratic_program()[0],
    "lasso": lasso,
    "least absolute deviations": lambda: regression(absolute),
    "quantile": lambda: regression(lambda m: quantile(m, 0.2)),
    "svm": lambda: regression(hinge, ridge=1.0),
    "l1 logistic": lambda: regression(lambda m: Logistic(np.ones(m)), l1=1.0),
}


def near(split, eps=3e-2):
    """The problem, prepared, and the point at which the iteration alone reaches `eps`."""
    workspace, settings = Workspace(), Settings(eps=eps, finish=False)
    return Standard(split), workspace, solve(split, Cpu(), settings, workspace=workspace)


def point(standard, solution):
    """The point of a solution, as the loop keeps it."""
    state = solution.state
    return Point(state.x, state.z, state.y, measure(standard, state.x, state.z, state.y))


def finished(split, eps=1e-10, steps=100):
    """(start, x, z, y, measured, Newton steps) of the finish alone, from a point that is right to 3e-2."""
    standard, workspace, start = near(split)
    finish = Finish(standard, Cpu(), workspace, eps)
    finish.gate.steps = lambda *_: steps
    found = finish.attempt(point(standard, start), start.residuals.worst, start.iterations, lambda *_: False)
    assert found is not None
    return start, *found, finish.steps


@pytest.mark.parametrize("name", PROBLEMS)
def test_from_two_digits_to_ten(name):
    start, _, _, _, measured, steps = finished(PROBLEMS[name]())
    assert start.residuals.worst > 1e-8
    assert measured.residuals.worst <= 1e-10
    assert steps <= 60


def test_the_planted_solution_and_its_duals():
    split, expected = quadratic_program()
    _, x, z, y, _, _ = finished(split)
    np.testing.assert_allclose(x, expected, atol=1e-7)
    standard = Standard(split)
    np.testing.assert_allclose(standard.quadratic(x)[0] + standard.q + standard.A.rmatvec(y), 0, atol=1e-8)
    function, rows = standard.functions[0], standard.slices[0]
    lower, upper = function.domain()
    inactive = (z[rows] > lower + 1e-6) & (z[rows] < upper - 1e-6)
    assert inactive.any() and np.all(np.abs(y[rows][inactive]) < 1e-9)
    assert np.all(y[rows][(z[rows] <= lower + 1e-9) & (lower < upper)] <= 1e-9)


def test_the_merit_has_the_gradient_that_it_says():
    split = PROBLEMS["l1 logistic"]()
    standard, rng = Standard(split), np.random.default_rng(3)
    rho, sigma = rng.uniform(0.5, 2.0, standard.m), rng.uniform(0.5, 2.0, standard.n)
    y, center, x = (rng.normal(size=k) for k in (standard.m, standard.n, standard.n))
    merit = Merit(standard, center, y, rho, sigma, sigma)

    def value(x):
        at = merit.at(x)
        inside = split.smooth(x) + sum(
            function.value(at.z[rows]) for rows, function in zip(standard.slices, standard.functions, strict=True)
        )
        return inside + 0.5 * rho @ (at.w - at.z) ** 2 + 0.5 * sigma @ (x - center) ** 2

    for d in rng.normal(size=(5, standard.n)):
        slope = (value(x + 1e-6 * d) - value(x - 1e-6 * d)) / 2e-6
        assert merit.at(x).slope @ d == pytest.approx(slope, rel=1e-5, abs=1e-6)


def test_newton_minimizes_the_merit():
    standard, workspace, start = near(PROBLEMS["svm"]())
    rho, sigma = workspace.penalty.rho, workspace.penalty.sigma
    merit = Merit(standard, start.state.x, start.state.y, rho, sigma, sigma)
    finish = Finish(standard, Cpu(), workspace, 1e-8)
    at, steps = minimize(merit, merit.at(np.ones(standard.n)), finish.solve, 1e-12, 100)
    assert at.size <= 1e-12 and 1 < steps <= 30


@pytest.mark.parametrize("root", [1e-3, 0.4, 1.0, 37.0])
def test_line_search_finds_the_zero(root):
    kinked = lambda s: s - root if s < root else 100 * (s - root)  # noqa: E731
    s = search.zero(kinked, -root)
    assert abs(kinked(s)) <= search.ENOUGH * root


def test_penalties_are_those_of_the_iteration_again():
    standard, workspace, start = near(quadratic_program()[0])
    r1, r2 = np.ones(standard.n), np.ones(standard.m)
    before = workspace.solver.solve(r1, r2).x
    finish = Finish(standard, Cpu(), workspace, 1e-10)
    finish.gate.steps = lambda *_: 50

    def interrupt(*point):
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        finish.attempt(point(standard, start), 1.0, 100, interrupt)
    np.testing.assert_array_equal(workspace.solver.solve(r1, r2).x, before)


@pytest.fixture
def eager(monkeypatch):
    """A gate that opens at once, to whatever the finish can do in a few steps."""
    monkeypatch.setattr(gate.Gate, "steps", lambda self, iteration, *_: 4 if iteration >= 20 else 0)


def test_a_solve_ends_in_the_finish(eager):
    split, expected = quadratic_program()
    solution = solve(split, Cpu(), Settings(eps=1e-10))
    assert solution.status == "optimal"
    assert solution.history[-1].event == "finish"
    assert solution.timings["finish"] > 0
    assert solution.residuals.worst <= 1e-10
    np.testing.assert_allclose(solution.x, expected, atol=1e-7)
    alone = solve(split, Cpu(), Settings(eps=1e-10, finish=False))
    assert solution.iterations < alone.iterations
    for ours, theirs in zip(solution.y, alone.y, strict=True):
        np.testing.assert_allclose(ours, theirs, atol=1e-6)


@pytest.mark.parametrize("name", PROBLEMS)
def test_hand_back_loses_nothing(name, monkeypatch):
    """One Newton step at every check, each handed back: the iteration still reaches the solution, the same one."""
    monkeypatch.setattr(engine_finish, "BETTER", 0.9)
    monkeypatch.setattr(gate.Gate, "steps", lambda self, iteration, *_: 1 if iteration >= 20 else 0)
    split = PROBLEMS[name]()
    mixed, alone = (solve(split, Cpu(), Settings(eps=1e-8, finish=on)) for on in (True, False))
    assert mixed.status == alone.status == "optimal"
    assert mixed.value == pytest.approx(alone.value, rel=1e-6)
    assert mixed.residuals.worst <= 1e-8


def test_a_finish_that_gains_little_leaves_the_iteration_alone(monkeypatch):
    monkeypatch.setattr(engine_finish, "BETTER", 0.0)
    monkeypatch.setattr(gate.Gate, "steps", lambda self, iteration, *_: 1 if 40 <= iteration < 50 else 0)
    split = PROBLEMS["least absolute deviations"]()
    on, off = (solve(split, Cpu(), Settings(eps=1e-8, finish=switch)) for switch in (True, False))
    assert on.timings["finish"] > 0
    assert on.iterations == off.iterations and np.array_equal(on.x, off.x)


def test_a_solved_point_ends_the_solve_however_little_it_gains():
    standard, workspace, start = near(PROBLEMS["svm"](), eps=1e-4)
    finish = Finish(standard, Cpu(), workspace, 0.9 * start.residuals.worst)
    finish.gate.steps = lambda *_: 20
    found = finish.attempt(point(standard, start), start.residuals.worst, 100, lambda *_: False)
    assert found is not None and found[3].residuals.worst <= finish.eps


def test_without_the_finish_nothing_changes():
    split = regression(absolute, seed=2)
    off, closed = Settings(eps=1e-8, finish=False), Settings(eps=1e-8)
    one = solve(split, Cpu(), off)
    assert one.timings["finish"] == 0
    assert all(row.event != "finish" for row in one.history)
    unopened = pytest.MonkeyPatch()
    unopened.setattr(gate.Gate, "steps", lambda *_: 0)
    two = solve(split, Cpu(), closed)
    unopened.undo()
    assert np.array_equal(one.x, two.x) and one.iterations == two.iterations


def test_the_same_problem_gives_the_same_iterates(eager):
    one, two = (solve(regression(absolute, seed=4), Cpu(), Settings(eps=1e-9)) for _ in range(2))
    assert np.array_equal(one.x, two.x) and one.iterations == two.iterations


def test_interruption_keeps_the_finish_s_best_point(eager):
    def callback(check):
        if check.event == "finish" and max(check.primal, check.dual, check.gap) < 1e-4:
            raise KeyboardInterrupt

    workspace = Workspace()
    split = PROBLEMS["svm"]()
    solution = solve(split, Cpu(), Settings(eps=1e-11), callback=callback, workspace=workspace)
    assert solution.status == "limit" and solution.message == "interrupted"
    assert solution.residuals.worst < 1e-4
    again = solve(split, Cpu(), Settings(eps=1e-8), workspace=workspace)
    assert again.status == "optimal"


def test_callback_stops_the_finish(eager):
    solution = solve(lasso(), Cpu(), Settings(eps=1e-14), callback=lambda check: check.event == "finish")
    assert solution.status == "limit"
    assert "callback" in solution.message
    assert solution.history[-1].event == "finish"


def test_time_limit_is_kept_in_the_finish(monkeypatch):
    monkeypatch.setattr(gate.Gate, "steps", lambda self, iteration, *_: 10**9 if iteration >= 25 else 0)
    started = time.perf_counter()
    settings = Settings(eps=1e-16, max_iterations=10**9, time_limit=0.3)
    solution = solve(quadratic_program(n=100, m=80)[0], Cpu(), settings)
    assert solution.status == "limit" and "0.3 s" in solution.message
    assert time.perf_counter() - started < 3.0


def test_infeasible_and_unbounded_are_still_certified(eager):
    infeasible = linear_program([[1.0, 1.0]], 3.0, np.inf, [1.0, 1.0], 0.0, 1.0)
    assert solve(infeasible, Cpu(), Settings()).status == "infeasible"
    unbounded = linear_program([[1.0, -1.0]], -1.0, 1.0, [-1.0, -1.0], 0.0, np.inf)
    assert solve(unbounded, Cpu(), Settings()).status == "unbounded"


def test_degenerate_linear_program(eager):
    """Many optimal points, dependent rows: the Newton matrix needs its proximal term."""
    A = np.array([[1.0, 1.0, 0.0, 0.0], [1.0, 1.0, 0.0, 0.0], [0.0, 0.0, 1.0, 1.0], [1.0, 0.0, 1.0, 0.0]])
    split = linear_program(A, [1.0, 1.0, 1.0, -np.inf], [1.0, 1.0, 1.0, 1.0], np.ones(4), 0.0, 1.0)
    solution = solve(split, Cpu(), Settings(eps=1e-9))
    assert solution.status == "optimal"
    assert solution.value == pytest.approx(2.0, abs=1e-8)


def test_what_the_finish_declines():
    few = Term(Cardinality(3, 1), Identity(3), np.zeros(3), "few")
    cardinality = SplitProblem(n=3, q=np.ones(3), terms=[few])
    assert jacobians(Standard(lasso()), Cpu(), {}) is not None
    assert jacobians(Standard(cardinality), Cpu(), {}) is None
    assert jacobians(Standard(lasso()), Cpu(), {"direct": False}) is None

    class Inexact(Cpu):
        capabilities = Capabilities(exact=False)

    assert jacobians(Standard(lasso()), Inexact(), {}) is None


@pytest.mark.parametrize("temper", [gate.EAGER, gate.PATIENT])
def test_gate_spends_a_share_only(temper):
    door, spent = gate.Gate(2.0, 1e-9, temper), 0.0
    for iteration in range(25, 20_001, 25):
        spent += door.cost * door.steps(iteration, 1e-5, 1e-5)
        assert spent <= max(2 * temper.share * iteration, temper.first * door.cost)
    assert spent > 0.9 * temper.share * 20_000


def test_a_patient_gate_waits_for_a_good_point():
    closed = gate.Gate(2.0, 1e-9, gate.PATIENT)
    assert not any(closed.steps(iteration, 0.1, 0.1) for iteration in range(25, 5001, 25))


def test_steps_not_taken_are_not_paid_for():
    one, two = (gate.Gate(2.0, 1e-9, gate.EAGER) for _ in range(2))
    allowed = one.steps(1000, 1e-5, 1e-5)
    assert two.steps(1000, 1e-5, 1e-5) == allowed > 10
    one.learned(allowed, 5, 2.0)
    assert one.steps(1500, 1e-5, 1e-5) > two.steps(1500, 1e-5, 1e-5)


def test_gate_stays_closed_where_the_iteration_is_about_to_end():
    door = gate.Gate(2.0, 1e-6, gate.EAGER)
    residuals = np.geomspace(1e-1, 1.1e-6, 40)
    opened = [door.steps(25 * (k + 1), worst, worst) for k, worst in enumerate(residuals)]
    assert not any(opened[-3:])


def test_a_try_goes_on_where_the_last_one_stopped():
    split = PROBLEMS["qp"]()
    standard, workspace, start = near(split, 1e-3)
    finish, begun = Finish(standard, Cpu(), workspace, 1e-10), point(standard, start)
    finish.gate.steps, tries, found = lambda *_: 1, 0, None
    while (found is None or found[3].residuals.worst > 1e-10) and tries < 40:
        found, tries = finish.attempt(begun, 1.0, 100, lambda *_: False), tries + 1
    assert 1 < tries <= finish.steps <= 10


def test_rounds_measure_the_original_problem():
    standard, workspace, start = near(PROBLEMS["qp"]())
    rounds = Rounds(standard, workspace.penalty, 1e-9, start.state.x, start.state.y, start.residuals.worst)
    finish = Finish(standard, Cpu(), workspace, 1e-9)
    x, z, y, measured = rounds.next(finish.solve, 100)
    assert measured.residuals == measure(standard, x, z, y).residuals


def test_sparse_rows_and_scales():
    """Rows of very different sizes, as Netlib has them."""
    rng = np.random.default_rng(5)
    rows, columns = 10.0 ** rng.integers(-3, 4, 20), 10.0 ** rng.integers(-2, 3, 30)
    split, expected = quadratic_program(rows=rows, columns=columns)
    solution = solve(split, Cpu(), Settings(eps=1e-9))
    assert solution.status == "optimal"
    reference, _ = quadratic_program()
    assert solution.value == pytest.approx(reference.smooth(expected * columns), rel=1e-6)


def test_an_equality_row():
    terms = [Term(box(np.array([6.0]), np.array([6.0])), Dense(np.array([[1.0, 2.0, 3.0]])), np.zeros(1), "equality")]
    squares = [LeastSquares(Identity(3), np.zeros(3), np.ones(3))]
    split = SplitProblem(n=3, q=np.zeros(3), squares=squares, terms=terms)
    standard, workspace, _ = near(split)
    rounds = Rounds(standard, workspace.penalty, 1e-12, np.ones(3), np.zeros(1), 1.0)
    finish = Finish(standard, Cpu(), workspace, 1e-12)
    while rounds.worst > 1e-12 and rounds.steps < 20:
        x, _, y, _ = rounds.next(finish.solve, 100)
    np.testing.assert_allclose(x, 6.0 / 14.0 * np.array([1.0, 2.0, 3.0]), atol=1e-10)
    np.testing.assert_allclose(y, -6.0 / 14.0, atol=1e-10)
