"""The gap that grades a lasso path is zero at a solution and a bound on the error elsewhere; both sides run, small."""

import numpy as np
import pytest

from benchmarks import report
from benchmarks.suites import path

OPTIONS = {"eps": 1e-7, "time_limit": 60.0, "seed": 0, "backend": "cpu", "points": 6, "size": {"m": 20, "n": 40}}


def test_the_gap_is_zero_at_the_solution_and_bounds_the_error():
    b = np.array([3.0, -1.0, 0.2])
    lambdas = [0.5, 4.0]
    solutions = [np.array([2.5, -0.5, 0.0]), np.zeros(3)]  # soft thresholding
    bounds = list(path.lower_bounds(np.eye(3), b, lambdas, solutions))
    assert list(path.relative_gaps(np.eye(3), b, lambdas, solutions, bounds)) == pytest.approx([0, 0], abs=1e-15)
    rng = np.random.default_rng(0)
    for _ in range(20):
        x = solutions[0] + 0.1 * rng.standard_normal(3)

        def cost(x):
            return 0.5 * np.sum((x - b) ** 2) + 0.5 * np.abs(x).sum()

        (gap,) = path.relative_gaps(np.eye(3), b, lambdas[:1], [x], path.lower_bounds(np.eye(3), b, lambdas[:1], [x]))
        assert gap >= (cost(x) - cost(solutions[0])) / cost(x) - 1e-12


def test_both_sides_solve_the_same_path_and_the_page_shows_them():
    record = path.run("small", OPTIONS)
    assert record["verdict"] == "right" and record["asked"] == record["ours"]["points"] == record["peer"]["points"] == 6
    assert max(record["ours"]["worst_gap"], record["peer"]["worst_gap"]) <= 1e-4
    page = report.alone.path([{"name": "small", **record}])
    assert "| small | solve_path | 6 of 6 |" in page and "| small | CVXPY + OSQP | 6 of 6 |" in page


def test_a_path_that_was_cut_off_has_failed(monkeypatch):
    taken = {"seconds": 1.0, "cpu_seconds": 1.0, "iterations": 5}
    ours = path.ours
    first = {}

    def cut(*given):
        first["measured"], first["points"] = ours(*given)
        return {**first["measured"], "points": 3}, first["points"][:3]

    monkeypatch.setattr(path, "ours", cut)
    monkeypatch.setattr(path, "peer", lambda *given: ({}, np.zeros((0, 40))))
    assert path.run("small", OPTIONS)["verdict"] == "failed"
    nothing = 0.0 * first["points"]
    monkeypatch.setattr(path, "ours", lambda *given: ({**taken, "points": 6}, nothing))
    assert path.run("small", OPTIONS)["verdict"] == "wrong"


def test_the_best_bound_counts_for_all(monkeypatch):
    """A good point of the peer proves ours better than ours alone could."""
    rough = path.run("small", OPTIONS | {"eps": 1e-3, "peer_eps": 1e-3})
    fine = path.run("small", OPTIONS | {"eps": 1e-3, "peer_eps": 1e-10})
    assert fine["ours"]["worst_gap"] <= rough["ours"]["worst_gap"]
