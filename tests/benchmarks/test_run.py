"""`python -m benchmarks run`: which jobs it makes, what it does not do again, and what it refuses."""

import os

import pytest
from typer.testing import CliRunner

from benchmarks import records, runner, suites
from benchmarks.__main__ import app
from benchmarks.peers.solvers import OURS, installed


def invoke(*arguments):
    return CliRunner().invoke(app, ["run", *map(str, arguments)])


@pytest.fixture
def ran(monkeypatch):
    """The jobs that would have run, on a busy machine."""
    seen = []

    def run_one(suite, name, options, limit):
        seen.append((suite, name, options["solver"], options["eps"], options["time_limit"]))
        return {"status": "optimal", "verdict": "right", "seconds": 1.0}

    monkeypatch.setattr(runner, "run_one", run_one)
    monkeypatch.setattr(os, "getloadavg", lambda: (3.0, 0.0, 0.0))
    monkeypatch.setattr(os, "cpu_count", lambda: 2)
    return seen


def test_what_is_recorded_is_not_run_again(tmp_path, ran):
    out = tmp_path / "records.jsonl"
    for _ in range(2):
        assert invoke("nineteen", "--only", "lasso", "--solver", "scs", "--solver", OURS, "--out", out).exit_code == 0
    assert ran == [("nineteen", "lasso", "SCS", 1e-6, 240.0), ("nineteen", "lasso", OURS, 1e-6, 240.0)]
    stored = records.read(out)
    assert [(r["solver"], r["backend"], r["seed"]) for r in stored] == [("SCS", None, 0), (OURS, "cpu", 0)]
    assert stored[0]["versions"]["cvxpy"] and stored[0]["cpu"]


def test_peers_run_beside_ours_at_every_tolerance(tmp_path, ran):
    folder = tmp_path / "maros_meszaros"
    folder.mkdir()
    (folder / "A.mat").write_text("")
    command = ("qp", "--peers", "--data", tmp_path, "--time-limit", 10, "--out", tmp_path / "r.jsonl")
    assert invoke(*command).exit_code == 0
    chosen = [OURS, *(s for s in suites.QUADRATIC if s in installed())]
    assert [job[2:] for job in ran] == [(s, e, 20.0) for e in (1e-4, 1e-6) for s in chosen]


def test_suites_that_compare_by_themselves_run_ours(tmp_path, ran):
    assert invoke("compile", "crossbar", "--peers", "--only", "lasso", "--out", tmp_path / "r.jsonl").exit_code == 0
    assert {job[:3] for job in ran} == {("compile", "lasso", OURS), ("crossbar", "lasso", OURS)}


@pytest.mark.parametrize(
    "arguments, sentence",
    [
        (["crossbars"], "no suite 'crossbars'; there are: nineteen,"),
        (["paper", "--solver", "scs"], "paper brings its own comparison: run it without --solver SCS"),
        (["nineteen", "--solver", "gurobi"], "no solver 'GUROBI'; there are:"),
        (["nineteen", "--only", "x"], "no instance of nineteen 'x'"),
        (["lp"], "reads netlib/*.mps.gz: name the folder that holds it with --data DIR"),
    ],
)
def test_what_does_not_fit_is_refused(arguments, sentence, monkeypatch):
    monkeypatch.delenv("ADMMOPT_DATA", raising=False)
    result = invoke(*arguments)
    assert result.exit_code == 2 and sentence in " ".join(result.output.split())


def test_one_instance_in_a_process_of_its_own(tmp_path):
    out = tmp_path / "records.jsonl"
    options = {"solver": OURS, "eps": 1e-6, "time_limit": 20.0, "seed": 0, "data": None, "backend": "cpu"}
    (record,) = runner.run_jobs([runner.Job("nineteen", "huber", {**options, "size": "tiny"})], out)
    assert record["status"] == "optimal" and record["verdict"] == "ungraded"
    assert 0 < record["cpu_seconds"] and record["memory_mb"] > 10 and records.read(out) == [record]
