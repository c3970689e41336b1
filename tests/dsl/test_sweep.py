"""`ao.sweep`: errors on the original problem, cold starts, files that continue, and what is read off a table."""

from __future__ import annotations

import io
import json
import math
import subprocess
import sys
from dataclasses import dataclass

import cvxpy as cp
import numpy as np
import pytest
from matplotlib._pylab_helpers import Gcf
from rich.console import Console

import admmopt as ao
from admmopt.backend_api import BackendError, Capabilities, LinearResult
from admmopt.dsl.fingerprint import fingerprint
from admmopt.dsl.requirement import required
from admmopt.dsl.solve import session
from admmopt.dsl.sweep import violation
from admmopt.report.sweep_progress import sweep_progress

GOAL = np.array([0.1, -0.2, 0.7, 0.9])


def projection(offset: float = 0.0) -> cp.Problem:
    """Onto the simplex: by hand (0, 0, 0.4, 0.6), so that the value is 0.1² + 0.2² + 0.3² + 0.3² = 0.23."""
    x = cp.Variable(4, nonneg=True)
    return cp.Problem(cp.Minimize(cp.sum_squares(x - GOAL - offset)), [cp.sum(x) == 1])


class Inexact:
    """Solves with a matrix that is off by a fixed relative error in each entry of its inverse; refuses 0.5 and more."""

    name = "inexact"
    capabilities = Capabilities(exact=False, matrix_free=True)
    interrupt_at = math.inf  # the solve, counted over all objects, at which Ctrl-C is pressed
    solves = 0

    def __init__(self, error=0.0, seed=0):
        self.error, self.seed = error, seed

    @classmethod
    def from_name(cls, detail):
        return cls()

    @classmethod
    def available(cls):
        return True, "NumPy"

    def asarray(self, array):
        return np.array(array, dtype=float)

    def to_numpy(self, array):
        return array

    def place(self, operator):
        return operator

    def prepare(self, system):
        if self.error >= 0.5:
            raise BackendError(f"an error of {self.error:g} is too large.")
        return InexactSolver(self, system)


class InexactSolver:
    def __init__(self, backend, system):
        self.backend, self.system = backend, system
        self.update(rho=system.rho)

    def update(self, *, rho, sigma=None):
        self.system = self.system.with_penalty(rho, sigma)
        K = np.column_stack([self.system.product(e) for e in np.eye(self.system.sigma.size)])
        noise = np.random.default_rng(self.backend.seed).standard_normal(K.shape)
        self.inverse = np.linalg.inv(K) * (1 + self.backend.error * noise)

    def solve(self, r1, r2, *, guess=None, tol=None):
        Inexact.solves += 1
        if Inexact.solves >= Inexact.interrupt_at:
            raise KeyboardInterrupt
        rhs = r1 + self.system.A.rmatvec(self.system.rho * r2)
        x = self.inverse @ rhs
        measure = lambda: float(np.linalg.norm(self.system.product(x) - rhs) / np.linalg.norm(rhs))  # noqa: E731
        return LinearResult(x, self.system.A.matvec(x), measure)

    def report(self):
        counts = {"factorizations": 1, "solves": 1}
        return {"form": "inverse", "reason": "", **counts, "energy": 2e-9, "latency": 3e-6}


@pytest.fixture(autouse=True)
def no_interrupt():
    Inexact.solves, Inexact.interrupt_at = 0, math.inf


def inexact(error, seed):
    return Inexact(error, seed)


def timeless(rows):
    return [{name: value for name, value in row.items() if name != "seconds"} for row in rows]


QUICK = {"max_iterations": 200}
ERRORS = {"error": [0.0, 1e-3, 1e-1, 0.5]}


# ---- rows ------------------------------------------------------------------------------------------------------


def test_exact_backend_meets_the_value_known_by_hand():
    problem = projection()
    table = ao.sweep(problem, lambda form: "cpu", {"form": ["only"]})
    (row,) = table.rows
    assert row["status"] == "optimal" and row["form"] == "only" and row["seed"] == 0
    assert table.reference == pytest.approx(0.23, abs=1e-8) and row["value"] == pytest.approx(0.23, abs=1e-5)
    assert row["suboptimality"] < 1e-5 and row["violation"] < 1e-5 and row["residual"] <= 1e-6
    assert row["energy"] is None and row["latency"] is None
    assert table.to_dict()["value"] == [row["value"]]


def test_errors_grow_with_the_backends_error_and_refusals_are_rows():
    table = ao.sweep(projection(), inexact, ERRORS, repeats=2, **QUICK)
    assert [(row["error"], row["seed"]) for row in table.rows] == [(e, s) for e in ERRORS["error"] for s in (0, 1)]
    off = np.array([row["suboptimality"] + row["violation"] for row in table.rows[:6]]).reshape(3, 2)
    assert np.all(off[0] < 1e-5) and np.all(off[0] < off[1]) and np.all(off[1] < off[2])
    assert off[2, 0] != off[2, 1]  # another seed, another error
    assert table.rows[0]["energy"] == 2e-9 and table.rows[0]["latency"] == 3e-6
    for row in table.rows[6:]:
        assert row["status"] == "refused" and row["message"] == "an error of 0.5 is too large."
        assert row["value"] is row["violation"] is row["suboptimality"] is None
    again = ao.sweep(projection(), inexact, ERRORS, repeats=2, **QUICK)
    assert timeless(again.rows) == timeless(table.rows)


def test_suboptimality_and_violation_are_those_of_the_values_that_came_back(monkeypatch):
    seen, solve = [], ao.Problem.solve

    def watched(problem, *args, **options):
        solve(problem, *args, **options)
        seen.append(problem.variables()[0].value.copy())

    monkeypatch.setattr(ao.Problem, "solve", watched)
    table = ao.sweep(projection(), inexact, {"error": [0.1]}, **QUICK)
    reference, x = seen
    value = float(np.sum((x - GOAL) ** 2))
    assert table.reference == pytest.approx(float(np.sum((reference - GOAL) ** 2)), rel=1e-12)
    assert table.rows[0]["value"] == pytest.approx(value, rel=1e-12)
    assert table.rows[0]["suboptimality"] == pytest.approx(abs(value - table.reference), rel=1e-9)
    assert table.rows[0]["violation"] == pytest.approx(max(abs(x.sum() - 1), -x.min(), 0.0), rel=1e-9)


def test_violation_counts_constraints_and_attributes_of_variables():
    x, Y = cp.Variable(3, nonneg=True), cp.Variable((2, 2), PSD=True)
    z = cp.Variable(2, bounds=[-1.0, np.array([1.0, 2.0])])
    problem = cp.Problem(cp.Minimize(cp.sum(x) + cp.trace(Y) + cp.sum(z)), [cp.sum(x) >= 1, z[0] == 0])
    inside = ([0.0, 1.0, 0.0], np.eye(2), [0.0, 2.0])

    def at(*values):
        for variable, value in zip((x, Y, z), values, strict=True):
            variable.save_value(np.asarray(value, dtype=float))
        return violation(problem)

    assert at(*inside) == 0.0
    assert at([-0.25, 1.5, 0.0], *inside[1:]) == 0.25
    assert at([0.0, 0.5, 0.0], *inside[1:]) == 0.5
    assert at(inside[0], np.diag([1.0, -0.125]), inside[2]) == pytest.approx(0.125)
    assert at(*inside[:2], [0.0, 2.75]) == 0.75
    assert at(*inside[:2], [-0.0625, 2.0]) == 0.0625
    x.save_value(None)
    assert violation(problem) is None
    free = cp.Variable()
    free.value = 3.0
    assert violation(cp.Problem(cp.Minimize(free))) == 0.0


def test_every_point_is_a_cold_start():
    together = ao.sweep(projection(), inexact, {"error": [0.1, 1e-3, 0.0]}, **QUICK).rows
    alone = [ao.sweep(projection(), inexact, {"error": [e]}, **QUICK).rows[0] for e in (0.1, 1e-3, 0.0)]
    assert timeless(together) == timeless(alone)


def test_the_callers_values_and_warm_start_stay_out_of_it():
    problem = projection()
    (x,), (constraint,) = problem.variables(), problem.constraints
    first = timeless(ao.sweep(problem, inexact, {"error": [0.1]}, **QUICK).rows)
    assert np.allclose(x.value, [0, 0, 0.4, 0.6], atol=1e-8)  # the reference solution
    assert abs(constraint.dual_value) == pytest.approx(0.6, abs=1e-7)
    ao.solve(problem, eps=1e-3)
    x.value, state = np.full(4, 7.0), session(problem, False).state
    second = timeless(ao.sweep(problem, inexact, {"error": [0.1]}, reference=0.23, **QUICK).rows)
    assert np.array_equal(x.value, np.full(4, 7.0)) and session(problem, False).state is state
    assert second[0]["value"] == first[0]["value"] and second[0]["iterations"] == first[0]["iterations"]


def test_an_objective_outside_its_domain_has_no_number():
    x = cp.Variable(nonneg=False)
    problem = cp.Problem(cp.Maximize(cp.log(x)), [x <= 1])
    table = ao.sweep(problem, lambda error: Inexact(error, 0), {"error": [0.0]}, max_iterations=1)
    row = table.rows[0]
    assert row["value"] is None or math.isfinite(row["value"])
    assert json.loads(json.dumps(row, allow_nan=False)) == row


def test_maximize_and_nonconvex_problems():
    x = cp.Variable(3)
    table = ao.sweep(cp.Problem(cp.Maximize(cp.sum(x)), [cp.norm(x) <= 1]), lambda a: "cpu", {"a": [1]})
    assert table.reference == pytest.approx(math.sqrt(3), abs=1e-7) and table.rows[0]["suboptimality"] < 1e-5
    sparse = ao.Problem(ao.Minimize(ao.sum_squares(x - [3.0, 1.0, 2.0])), [ao.Cardinality(x, 1)])
    with pytest.raises(ValueError, match="ended as local, not optimal: give the optimal value as reference"):
        ao.sweep(sparse, lambda a: "cpu", {"a": [1]})
    row = ao.sweep(sparse, lambda a: "cpu", {"a": [1]}, reference=5.0).rows[0]
    assert row["status"] == "local" and row["suboptimality"] < 1e-6 and row["violation"] < 1e-6


def test_other_exceptions_pass():
    def broken(a):
        raise ZeroDivisionError("mine")

    with pytest.raises(ZeroDivisionError, match="mine"):
        ao.sweep(projection(), broken, {"a": [1]})


# ---- options ---------------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Device:
    error: float
    name: str


def test_objects_are_shown_by_name_and_handed_over_as_they_are():
    devices = [Device(0.0, "good"), Device(0.1, "poor")]
    table = ao.sweep(projection(), lambda device: Inexact(device.error), {"device": devices}, **QUICK)
    assert [row["device"] for row in table.rows] == ["good", "poor"] and table.options == {"device": ["good", "poor"]}
    assert table.where(device=devices[1]).rows == table.rows[1:]
    assert table.rows[0]["suboptimality"] < table.rows[1]["suboptimality"]
    numpy = ao.sweep(projection(), lambda error: Inexact(error), {"error": np.array([0.0, 0.1])}, **QUICK)
    assert [type(row["error"]) for row in numpy.rows] == [float, float]


BAD = [
    ({}, {"grid": {}}, "the grid is empty"),
    ({}, {"grid": {"error": []}}, "no values for 'error'"),
    ({}, {"grid": {"error": 0.1}}, "needs a list of values for 'error', got 0.1"),
    ({}, {"grid": {"error": "abc"}}, "needs a list of values for 'error', got 'abc'"),
    ({}, {"grid": {"error": [0.1, 0.1]}}, "0.1 twice for 'error'"),
    ({}, {"grid": {"error": [0.1], "bits": [4]}}, "does not take 'bits'"),
    ({}, {"grid": {"status": [1]}}, "'status' is a column of the table"),
    ({}, {"make_backend": lambda error, size: None}, "needs 'size', which the grid does not give"),
    ({}, {"make_backend": "cpu"}, "make_backend must be a function"),
    ({"repeats": 0}, {}, "repeats must be a whole number of at least 1, got 0"),
    ({"repeats": 2}, {"make_backend": lambda error: None}, "takes no seed"),
    ({"eps": 2.0}, {}, "eps must lie between 0 and 1"),
    ({"reference": math.nan}, {}, "reference must be a finite number"),
]


@pytest.mark.parametrize(("options", "changed", "sentence"), BAD)
def test_bad_input_gets_one_sentence_before_any_work(options, changed, sentence):
    arguments = {"make_backend": inexact, "grid": {"error": [0.1]}, **changed}
    problem = projection()
    with pytest.raises(ValueError, match=sentence):
        ao.sweep(problem, arguments["make_backend"], arguments["grid"], **options)
    assert problem.variables()[0].value is None


def test_a_problem_without_a_solution_has_no_reference():
    x = cp.Variable()
    with pytest.raises(ValueError, match="ended as infeasible, not optimal"):
        ao.sweep(cp.Problem(cp.Minimize(x), [x >= 1, x <= 0]), inexact, {"error": [0.1]})


# ---- files -----------------------------------------------------------------------------------------------------


def run(out, grid=None, offset=0.0, make=inexact, **options):
    return ao.sweep(projection(offset), make, grid or {"error": [0.0, 0.1]}, out=out, **{**QUICK, **options})


def test_a_file_continues_and_may_grow(tmp_path):
    out = tmp_path / "sweep.jsonl"
    first = run(out)
    assert [json.loads(line) for line in out.read_text().splitlines()[1:]][1].items() >= first.rows[1].items()
    solved = Inexact.solves
    assert run(out).rows == first.rows and Inexact.solves == solved  # seconds too: nothing was run
    larger = run(out, {"error": [0.1, 0.0, 1e-2]}, repeats=2)
    assert larger.rows[0] == first.rows[1] and larger.rows[2] == first.rows[0]
    assert len(larger.rows) == 6 and len(out.read_text().splitlines()) == 7


def test_a_last_line_that_was_cut_off_is_run_again(tmp_path):
    out = tmp_path / "sweep.jsonl"
    first = run(out)
    whole = out.read_text()
    for kept in (whole[:-1], whole[:-30], whole[: whole.index("\n") + 5]):
        out.write_text(kept)
        assert timeless(run(out).rows) == timeless(first.rows)
        assert all(json.loads(line) for line in out.read_text().splitlines()) and out.read_text().count("\n") == 3
    out.write_text(whole[:20])
    assert timeless(run(out).rows) == timeless(first.rows)


def test_files_of_something_else_are_refused_and_left_alone(tmp_path):
    out = tmp_path / "sweep.jsonl"
    run(out)
    before = out.read_bytes()
    with pytest.raises(ValueError, match=r"sweep.jsonl holds a sweep with another problem: name another file"):
        run(out, offset=1e-9)
    with pytest.raises(ValueError, match=r"another eps \(1e-06, now 1e-07\)"):
        run(out, eps=1e-7)
    with pytest.raises(ValueError, match="another make_backend: name another file"):
        run(out, make=lambda error, seed: Inexact(2 * error, seed))
    with pytest.raises(ValueError, match="another options"):
        run(out, {"error": [0.1], "b": [1]}, make=lambda error, b, seed: None)
    assert out.read_bytes() == before
    for content in ("a,b\n1,2\n", "no line end", '{"a": 1}\n', "[1]\n"):
        other = tmp_path / "notes.txt"
        other.write_text(content)
        with pytest.raises(ValueError, match=r"notes.txt holds something else than a sweep"):
            run(other)
        assert other.read_text() == content
    out.write_bytes(before.replace(b'{"key"', b'{"kex"', 1))
    with pytest.raises(ValueError, match="is damaged in line 2"):
        run(out)


@pytest.mark.parametrize("when", ["in the iteration", "outside"])
def test_ctrl_c_keeps_the_finished_rows(tmp_path, when):
    out = tmp_path / "sweep.jsonl"
    grid = {"error": [0.0, 0.1, 1e-2]}
    whole = timeless(run(None, grid).rows)

    def pressed(error, seed):
        if when == "outside" and error == 0.1:
            raise KeyboardInterrupt
        Inexact.interrupt_at = Inexact.solves + 3 if error == 0.1 else math.inf
        return Inexact(error, seed)

    table = run(out, grid, make=pressed)
    assert timeless(table.rows) == whole[:1] and table.note == "interrupted after 1 of 3 solves"
    assert str(table).endswith(table.note) and len(out.read_text().splitlines()) == 2


def test_fingerprints_depend_on_content_alone():
    def build(weight=1.0, bound=2.0, data=0.5):
        cp.Variable()  # ids differ from call to call
        x, p = cp.Variable((3, 2), nonneg=True), cp.Parameter(nonneg=True, value=weight)
        A = np.random.default_rng(0).standard_normal((5, 3))
        A[0, 0] = data
        objective = cp.Minimize(cp.sum_squares(A @ x) + p * cp.norm1(x))
        return cp.Problem(objective, [x[:, 0] <= bound, cp.SOC(x[0, 0], x[1:, 1])])

    assert fingerprint(build()) == fingerprint(build())
    assert len({fingerprint(build(*v)) for v in [(), (2.0,), (1.0, 3.0), (1.0, 2.0, 0.6)]}) == 4
    x = cp.Variable(3)
    sets = [ao.FiniteSet(x, [0, 1]), ao.FiniteSet(x, [0, 2]), ao.Cardinality(x, 1), ao.Cardinality(x, 2)]
    assert len({fingerprint(cp.Problem(cp.Minimize(cp.sum(x)), [s])) for s in sets}) == 4
    factor, calls = 2.0, []

    def closure(a):
        calls.append(a)
        return factor * a

    before = fingerprint(closure)
    closure(1)
    assert fingerprint(closure) == before
    factor = 3.0
    assert fingerprint(closure) != before
    assert fingerprint({"d": Device(0.1, "x")}) != fingerprint({"d": Device(0.2, "x")})
    loop: list = []
    loop.append({"again": Inexact(0.1)})
    assert fingerprint(loop) == fingerprint([{"again": Inexact(0.1)}])


def test_fingerprints_are_those_of_every_process():
    program = "import cvxpy as cp; from admmopt.dsl.fingerprint import fingerprint as f; x = cp.Variable(3, pos=True); "
    program += "print(f(cp.Problem(cp.Minimize(cp.norm(x)), [x[0] == 1])), f({'a', 'b', 'c'}), f(lambda a: a + 1))"
    seen = {
        subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True).stdout
        for _ in range(2)
    }
    assert len(seen) == 1


# ---- what is read off a table ----------------------------------------------------------------------------------


def rows(law, values, repeats=3):
    return [{"s": v, "m": law(v) * (1 + 0.1 * k)} for v in values for k in range(repeats)]


def test_required_interpolates_a_power_law_exactly():
    values = [1e-2, 1e-4, 1e-3, 1e-1]  # in any order
    found = required(rows(lambda s: 5 * s**2, values), "s", values, "m", 1e-3)
    assert (found.value, found.weaker, found.monotone) == (1e-2, "larger", True)
    assert found.between == pytest.approx(math.sqrt(1e-3 / (5 * 1.2)), rel=1e-12)  # the worst repeat counts
    assert str(found) == (
        "m <= 0.001 needs s = 0.01 or smaller; 0.1 does not meet it in every row, interpolated limit 0.013."
    )


def test_required_finds_the_direction_and_does_not_interpolate_integers():
    values = [4, 6, 8, 10]
    found = required(rows(lambda b: 4.0**-b, values), "s", values, "m", 1e-4)
    assert (found.value, found.weaker, found.between) == (8, "smaller", None)
    assert str(found) == "m <= 0.0001 needs s = 8 or larger; 6 does not meet it in every row."


def test_required_says_so_when_all_or_none_meet_the_limit():
    values = [0.1, 0.2, 0.4]
    every = required(rows(lambda s: s, values), "s", values, "m", 1.0)
    assert every.value == 0.4 and str(every).startswith("Every value of s that was tried (0.1, 0.2, 0.4) meets m <= 1")
    none = required(rows(lambda s: s, values), "s", values, "m", 0.01)
    assert none.value is None and none.met == [] and str(none).startswith("No value of s that was tried")
    missing = required([{"s": v, "m": None if v > 0.1 else v} for v in values], "s", values, "m", 1.0)
    assert missing.value == 0.1 and missing.between is None and missing.weaker == "larger"
    assert "nothing can be said" in str(required([], "s", values, "m", 1.0))


def test_required_tells_of_trends_that_are_not_monotone():
    law = {1: 1e-7, 2: 1e-8, 3: 1e-1, 4: 1e-2, 5: 1.0, 6: 1e-9}
    found = required(rows(law.get, list(law)[:5]), "s", list(law)[:5], "m", 1e-3)
    assert found.value == 2 and not found.monotone and "not monotone" in str(found)  # noise below the limit is none
    calm = required(rows({**law, 4: 0.2}.get, list(law)[:5]), "s", list(law)[:5], "m", 1e-3)
    assert calm.value == 2 and calm.monotone and "monotone" not in str(calm)
    hill = required(rows({1: 1e-4, 2: 1.0, 3: 1e-4}.get, [1, 2, 3]), "s", [1, 2, 3], "m", 1e-3)
    assert hill.value is None and hill.met == [1, 3] and "no threshold" in str(hill)
    rare = required([{"s": s, "m": m} for s in (1, 2) for m in (0, 0, s - 1)], "s", [1, 2], "m", 0.5)
    assert rare.value == 1 and rare.weaker == "larger"  # the medians are equal; the worst rows decide


def test_required_lists_the_names_that_meet_the_limit():
    names = ["good", "poor", "fair"]
    found = required(rows({"good": 1e-4, "poor": 1.0, "fair": 1e-3}.get, names), "s", names, "m", 1e-2)
    assert found.value is found.weaker is None and found.met == ["good", "fair"]
    assert str(found) == "There is no threshold in s for m <= 0.01: of good, poor, fair, it is met at good, fair."


@pytest.fixture(scope="module")
def table():
    def make(error, bits, seed):
        return Inexact(error / bits, seed)

    return ao.sweep(projection(), make, {"error": [1e-3, 1e-2, 1e-1, 3.0], "bits": [1, 8]}, repeats=3, **QUICK)


def test_table_text_shows_medians_and_what_was_refused(table):
    lines = str(table).splitlines()
    assert lines[0].startswith("8 points, 3 repeats each (medians); reference value 0.23")
    middle = np.median([row["suboptimality"] for row in table.rows if (row["error"], row["bits"]) == (0.1, 8)])
    line = next(line.split() for line in lines if line.split()[:2] == ["0.1", "8"])
    assert f"{middle:.1e}" in line and "2.0e-09" in line
    assert "refused, 3 solves: an error of 3 is too large." in lines
    assert len({len(line) for line in lines[1:8]}) == 1


def test_table_answers_and_refuses(table):
    found = table.where(bits=8).required("error", "violation", 1e-2)
    assert found.weaker == "larger" and found.value in (1e-2, 1e-1)
    for call, sentence in [
        (lambda: table.required("sigma", "violation", 1), "'sigma' is not an option"),
        (lambda: table.required("error", "colour", 1), "'colour' is not measured"),
        (lambda: table.where(bits=5), "bits = 5 was not swept; its values are 1, 8"),
        (lambda: table.plot("error"), r"bits varies too: narrow it down, as in table.where\(bits=...\).plot"),
        (lambda: table.plot("error", by="error"), "error is on the axis: give another option as by"),
        (lambda: table.plot("error", by="bits", metrics=["colour"]), "'colour' is not measured"),
    ]:
        with pytest.raises(ValueError, match=sentence):
            call()


def test_plot_shows_medians_ranges_and_refusals(table, tmp_path):
    figure = table.plot("error", by="bits", path=tmp_path / "sweep.png")
    assert (tmp_path / "sweep.png").read_bytes().startswith(b"\x89PNG") and not Gcf.get_all_fig_managers()
    titles = [axes.get_title(loc="left").split()[0] for axes in figure.axes]
    assert titles == ["suboptimality", "largest", "energy", "latency"]
    axes = figure.axes[0]
    assert axes.get_xscale() == axes.get_yscale() == "log"
    line = next(line for line in axes.get_lines() if len(line.get_xdata()) == 4)
    group = [[r["suboptimality"] for r in table.rows if (r["error"], r["bits"]) == (e, 1)] for e in (1e-3, 1e-2, 1e-1)]
    assert np.allclose(line.get_ydata()[:3], [np.median(g) for g in group]) and math.isnan(line.get_ydata()[3])
    band = axes.collections[0].get_paths()[0].vertices[:, 1]
    assert band.min() == pytest.approx(np.min(group)) and band.max() == pytest.approx(np.max(group))
    crosses = [line for line in axes.get_lines() if line.get_marker() == "x"]
    assert [list(line.get_xdata()) for line in crosses] == [[3.0]]  # bits 1; with 8 bits it solves, badly
    hollow = [line for line in axes.get_lines() if line.get_markerfacecolor() == "white"]
    assert hollow and all(label for label in (text.get_text() for text in figure.legends[0].get_texts()))


def test_plot_of_names_and_of_zeros(table, tmp_path):
    named = [
        {**row, "bits": f"chip {row['bits']}", "violation": 0.0 if row["bits"] == 1 else 1e-5} for row in table.rows
    ]
    other = type(table)(named, {**table.options, "bits": ["chip 1", "chip 8"]}, table.reference, table.eps)
    figure = other.where(error=0.1).plot("bits", metrics=["violation"], path=tmp_path / "sweep.svg")
    axes = figure.axes[0]
    assert [text.get_text() for text in axes.get_xticklabels()] == ["chip 1", "chip 8"]
    assert axes.get_ylim()[0] < 0 and axes.get_yscale() == "symlog"
    assert all(len(line.get_xdata()) < 3 for line in axes.get_lines())  # names have no order: no line joins them
    with pytest.raises(ValueError, match="no rows"):
        type(table)([], table.options, 0.0, 1e-6).plot("error", by="bits")


def test_progress_shows_the_point_on_a_terminal(capsys):
    screen = io.StringIO()
    with sweep_progress(None, 12, Console(file=screen, force_terminal=True, width=100)) as show:
        show({"sigma": 0.01, "seed": 2}, 5)
    assert "5/12" in screen.getvalue() and "sigma 0.01, seed 2" in screen.getvalue()
    with sweep_progress(True, 12) as show:
        show({"sigma": 0.01}, 5)
    assert capsys.readouterr() == ("", "")
