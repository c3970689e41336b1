"""Every installed peer solves what it takes, its record is graded like ours, and tables and profiles count rightly."""

import os

import cvxpy as cp
import numpy as np
import pytest
from typer.testing import CliRunner

from benchmarks import records, runner
from benchmarks.__main__ import app
from benchmarks.peers import profiles, tables
from benchmarks.peers.run import run
from benchmarks.peers.solvers import OURS, SOLVERS, mended_bounds, settings
from benchmarks.problems import build

INSTALLED = [s for s in SOLVERS if s == OURS or s in cp.installed_solvers()]
OPTIONS = {"eps": 1e-6, "time_limit": 20.0, "seed": 0, "size": "tiny"}


@pytest.mark.parametrize("solver", INSTALLED)
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


def record(name, solver, verdict="right", cpu=1.0, status="optimal"):
    return {
        "suite": "nineteen", "eps": 1e-6, "name": name, "solver": solver, "verdict": verdict, "status": status,
        "seconds": 2 * cpu, "cpu_seconds": cpu, "memory_mb": 100.0, "version": "1.2", "reason": "off", "load": 3.0,
    }  # fmt: skip


OWN = [
    record("a", OURS, cpu=1.0),
    record("b", OURS, cpu=4.0),
    record("c", OURS, "failed", status="timeout"),
    record("a", "OSQP", cpu=3.0),
    record("b", "OSQP", cpu=2.0),
    record("c", "OSQP", "unsuited"),
    record("a", "SCS", "wrong"),
    record("b", "SCS", "failed", status="user_limit"),
    record("c", "SCS", cpu=5.0),
    record("d", OURS),
]


def test_the_table():
    page = tables.section(OWN)
    assert "| instance | admmopt 1.2 | OSQP 1.2 | SCS 1.2 |" in page
    assert "| a | 2.00 / 1.00 | 6.00 / 3.00 | **wrong** |" in page
    assert "| b | 8.00 / 4.00 | 4.00 / 2.00 | user limit (1) |" in page
    assert "| c | timeout (1) | – | 10.00 / 5.00 |" in page
    assert "| d | 2.00 / 1.00 |  |  |" in page
    assert "| **right** | **3 of 4** | **2 of 2** | **1 of 3** |" in page
    assert "Not run yet: basis_pursuit, covsel," in page
    broken = tables.section([record("a", "SCS", "failed", status="broke down")])
    assert "Came to no end: SCS on a: off." in broken
    assert "Wrong: SCS on a (off)." in page and "a load of 3 to 3" in page
    mean = np.sqrt(4.0 * 3.0) - 1
    assert f"| mean of what it takes, CPU s | {np.exp(np.mean(np.log([2, 5, 61, 2]))) - 1:.2f} | {mean:.2f} |" in page
    assert tables.section([]) == ""


def test_the_profile(tmp_path):
    assert tables.common(OWN) == ["a", "b", "c"]
    factors = profiles.ratios(OWN)
    assert factors[OURS].tolist() == [1.0, 2.0, np.inf]
    assert factors["OSQP"].tolist() == [3.0, 1.0, np.inf]
    assert factors["SCS"].tolist() == [np.inf, np.inf, 1.0]
    assert profiles.share(factors[OURS], np.array([1.0, 2.0, 100.0])) == pytest.approx([1 / 3, 2 / 3, 2 / 3])
    profiles.write(OWN, tmp_path)
    assert (tmp_path / "profile_nineteen.png").stat().st_size > 1000


def test_what_is_recorded_is_not_run_again(tmp_path, monkeypatch):
    ran = []

    def run_one(suite, name, options, limit):
        ran.append((name, options["solver"], limit))
        return {"status": "optimal", "verdict": "right", "seconds": 1.0}

    monkeypatch.setattr(runner, "run_one", run_one)
    monkeypatch.setattr(os, "getloadavg", lambda: (3.0, 0.0, 0.0))
    monkeypatch.setattr(os, "cpu_count", lambda: 2)
    out = tmp_path / "peers.jsonl"
    command = ["peers", "nineteen", "--only", "lasso", "--solver", "scs", "--solver", OURS, "--out", str(out)]
    for _ in range(2):
        assert CliRunner().invoke(app, command).exit_code == 0
    assert ran == [("lasso", "SCS", 180.0), ("lasso", OURS, 180.0)]
    assert [r["solver"] for r in records.read(out)] == ["SCS", OURS]


@pytest.mark.parametrize(
    "arguments, sentence",
    [
        (["paper"], "peers run on nineteen, more, qp, lp, not on 'paper'"),
        (["nineteen", "--solver", "gurobi"], "no solver 'GUROBI'; there are:"),
        (["nineteen", "--only", "x"], "no instance 'x' in nineteen"),
    ],
)
def test_what_does_not_fit_is_refused(arguments, sentence):
    result = CliRunner().invoke(app, ["peers", *arguments])
    assert result.exit_code == 2 and sentence in " ".join(result.output.split())
