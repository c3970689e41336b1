"""The memristor paper's problems have the solutions they claim; its ADMM does on exact cells what it should; and every
experiment runs, small, with our own answers right."""

import json

import cvxpy as cp
import numpy as np
import pytest

from benchmarks import records, report, suites
from benchmarks.paper import naive, penalty, pictures, sensing, spectral, variation
from benchmarks.paper.cells import READINGS, generator, summary
from benchmarks.problems import paper

pytest.importorskip("admmopt_crossbar")
OPTIONS = {"eps": 1e-6, "time_limit": 600.0, "seed": 0, "backend": "crossbar:rram-milo"}
SMALL = {**OPTIONS, "trials": 2, "variations": (0.05,)}


# ---- problems


@pytest.mark.parametrize("signed", [False, True])
def test_the_linear_program_has_the_solution_it_claims(signed):
    data = paper.lp(np.random.default_rng(1), 40, signed=signed)
    G, h, d, x, lam = (data[name] for name in ("G", "h", "d", "x", "lam"))
    slack = d - G.T @ lam
    assert (G.min() >= 0) != signed
    assert G @ x == pytest.approx(h) and x.min() >= 0  # primal
    assert slack.min() >= -1e-12 and abs(slack @ x) < 1e-12  # dual, complementary
    assert np.all((x > 0.4) != (slack > 0.4))  # strictly, so that x is the only one
    assert data["value"] == pytest.approx(h @ lam) and data["value"] > 0


def test_the_cone_program_has_the_solution_it_claims():
    data = paper.socp(np.random.default_rng(2), 40)
    x, slack = data["x"], data["d"] - data["G"].T @ data["lam"]
    assert data["G"] @ x == pytest.approx(data["h"])
    for point in (x, slack):
        assert np.linalg.norm(point[:-1]) == pytest.approx(point[-1])  # both on the boundary of the self-dual cone
    assert abs(slack @ x) < 1e-12
    assert data["value"] == pytest.approx(data["h"] @ data["lam"])


@pytest.mark.parametrize("kind", ["lp", "socp"])
def test_clarabel_finds_the_same(kind):
    data = getattr(paper, kind)(np.random.default_rng(3), 40)
    problem, x = paper.model(kind, data)
    problem.solve(solver=cp.CLARABEL)
    assert problem.value == pytest.approx(data["value"], rel=1e-6)
    assert x.value == pytest.approx(data["x"], abs=1e-3)


def test_the_sparse_signal_is_feasible_and_as_sparse_as_asked():
    data = paper.sensing(np.random.default_rng(4), 5)
    assert np.count_nonzero(data["z"]) == 5 and np.abs(data["z"][data["z"] != 0]).min() >= paper.LEAST
    assert np.linalg.norm(data["H"] @ data["z"] - data["h"]) == pytest.approx(data["xi"])


def test_the_dominant_eigenvalue_is_as_multiple_as_asked():
    data = paper.repeated(np.random.default_rng(5), 3, n=20)
    values = np.linalg.eigvalsh(data["A"])
    assert np.sum(np.abs(values - 1) < 1e-12) == 3 and np.sort(np.abs(values))[-4] <= 0.9
    assert data["A"] @ data["vectors"] == pytest.approx(data["vectors"])


# ---- the paper's ADMM


def test_elimination_solves_the_equation_of_the_paper():
    rng = np.random.default_rng(6)
    C, a, h = rng.standard_normal((3, 8)), rng.standard_normal(8), rng.standard_normal(3)
    K = np.block([[2.0 * np.eye(8), C.T], [C, np.zeros((3, 3))]])
    x = naive.Saddle(C, 2.0, None, rng).solve(a, h)
    assert x == pytest.approx(np.linalg.solve(K, np.concatenate([a, h]))[:8])


@pytest.mark.parametrize("reading", READINGS[:2], ids=lambda reading: reading.name)
def test_cells_are_off_as_the_backend_programs_them(reading):
    """The same law, drawn by the backend's own arrays that hold the same matrix: spread of the relative errors."""
    from admmopt_crossbar.array import Bank
    from admmopt_crossbar.ledger import Ledger

    K = np.random.default_rng(7).standard_normal((60, 60))
    K[::3] = 0.0
    ours = naive.programmed(K, reading.written(0.1), np.random.default_rng(8), np.abs(K).max())
    bank = Bank(K, reading.crossbar(0.1, 0, slices=1), np.random.default_rng(9), Ledger())
    for held in (ours, bank.dense()):
        assert np.all(held[::3] == 0)
        error = held[K != 0] / K[K != 0] - 1.0
        expected = 0.1 / np.sqrt(3) if reading.law == "uniform" else 0.1
        assert np.std(error) == pytest.approx(expected, rel=0.06) and abs(error.mean()) < 0.01
        assert reading.law == "gaussian" or np.abs(error).max() <= 0.1 + 1e-12


@pytest.mark.parametrize("kind", ["lp", "socp"])
def test_exact_cells_give_the_solution(kind):
    data = getattr(paper, kind)(np.random.default_rng(10), 40)
    done = naive.admm(naive.split_of(kind, data), 1.0, None, None, redrawn=False, iterations=20_000)
    found = variation.errors(kind, data, done.y)
    assert found["objective"] < 1e-4 and found["violation"] < 1e-4


def test_exact_cells_give_the_minimizer_of_the_norm():
    data = paper.sensing(np.random.default_rng(11), 5)
    done = naive.admm(naive.split_of("sensing", data), 10.0, None, None, redrawn=False, iterations=2000)
    problem, _ = paper.model("sensing", data)
    assert np.abs(done.y[:200]).sum() == pytest.approx(problem.solve(solver=cp.CLARABEL), rel=1e-4)


def test_a_runaway_is_called_one():
    split = naive.Split(np.eye(2), np.ones(2), np.zeros(2), lambda v, rho: -10.0 * v - 1.0)
    assert naive.admm(split, 1.0, None, None, redrawn=False, iterations=1000).status == "diverged"


def test_projection_on_the_cone():
    v = np.array([3.0, 4.0, 1.0])
    y = naive.second_order_cone(v, 1.0)
    assert y == pytest.approx([1.8, 2.4, 3.0])
    assert (v - y) @ y == pytest.approx(0.0)
    assert naive.second_order_cone(np.array([3.0, 4.0, -6.0]), 1.0) == pytest.approx([0, 0, 0])


def test_the_condition_number_is_that_of_the_written_matrix():
    G = np.random.default_rng(12).standard_normal((4, 10))
    K = np.block([[3.0 * np.eye(10), G.T], [G, np.zeros((4, 4))]])
    assert penalty.condition(G, 3.0) == pytest.approx(np.linalg.cond(K))


def test_omp_recovers_without_noise():
    rng = np.random.default_rng(13)
    H = rng.standard_normal((40, 80))
    z = np.zeros(80)
    z[[3, 17, 60]] = [1.0, -2.0, 1.5]
    assert sensing.omp(H, H @ z, 3) == pytest.approx(z)


def test_power_iteration_finds_every_vector_of_a_repeated_eigenvalue():
    data = paper.repeated(np.random.default_rng(14), 3)
    values, vectors, products = spectral.one_by_one(data["A"], None, np.random.default_rng(15))
    assert len(values) == 3 and np.abs(values - 1).max() < 1e-6
    assert data["vectors"] @ (data["vectors"].T @ vectors) == pytest.approx(vectors, abs=1e-2)
    assert products > 100


# ---- experiments


def test_a_summary_counts_a_wrong_answer_only_where_it_is_called_optimal():
    trials = [{"status": s, "error": e, "x": e} for s, e in [("optimal", 0.0), ("optimal", 1.0), ("limit", np.nan)]]
    row = summary(trials, ("x",))
    assert (row["right"], row["wrong"], row["x"], row["x_worst"]) == (1, 1, 1.0, np.inf)


def test_names_draw_different_numbers():
    assert generator(0, "lp", 100, 0).random() == generator(0, "lp", 100, 0).random()
    assert len({generator(0, "lp", 100, trial).random() for trial in range(3)}) == 3


@pytest.mark.parametrize("kind", ["lp", "signed-lp", "socp"])
def test_variation_hurts_the_naive_mapping_and_not_ours(kind):
    rows = variation.run(kind, 40, {**SMALL, "variations": (0.02,)})
    assert len(rows) == 2 + 2 * len(READINGS) + 1
    for row in rows:
        if row["mapping"] == "refined":
            assert row["right"] == row["trials"] and row["wrong"] == 0
        elif row["variation"] > 0:
            assert row["x"] > 1e-3
    assert suites.paper.verdict(f"{kind}-40", rows)["verdict"] == "right"


def test_penalties_are_counted_and_our_circuit_does_not_see_them():
    rows = penalty.run(40, {**OPTIONS, "penalties": (0.3, 3.0)})
    assert [row["rho"] for row in rows] == [0.3, 3.0, None] * 2
    assert rows[0]["iterations_1e-04"] <= rows[0]["iterations_1e-06"]
    assert rows[0]["settling"] == pytest.approx(rows[1]["settling"], rel=1e-6)
    assert rows[0]["condition"] != pytest.approx(rows[1]["condition"], rel=0.1)


def test_sensing_is_right_on_cells_that_are_off():
    rows = sensing.run({**SMALL, "sparsities": (5,)})
    ours = [row for row in rows if row["mapping"] == "refined"]
    assert len(ours) == 3 and all(row["right"] == 2 and row["pattern"] == 0 for row in ours)
    assert ours[1]["relative"] == pytest.approx(ours[0]["relative"], rel=1e-3)


def test_power_iteration_and_components():
    rows = spectral.power({**OPTIONS, "trials": 1, "multiplicities": (2,)})
    assert {row["way"] for row in rows} == set(spectral.ways(OPTIONS))
    assert all(row["success"] == 1 and row["error"] < 1e-6 for row in rows if row["way"].startswith("ao.eigs"))
    pytest.importorskip("sklearn")
    for row in spectral.components(OPTIONS):
        assert row["shares"] == pytest.approx([0.924619, 0.053066], abs=1e-6)  # the paper's axis: "Variance 5.31"
        assert row["scores"] < 0.01


def test_the_section_and_its_pictures_come_from_the_records(tmp_path):
    rows = {
        "lp-40": variation.run("lp", 40, {**SMALL, "trials": 1, "variations": (0.01, 0.1)}),
        "rho-100": penalty.run(40, {**OPTIONS, "penalties": (1.0,)}),
        "power": spectral.power({**OPTIONS, "trials": 1, "multiplicities": (1,)}),
    }
    stored = [
        {
            **{"suite": "paper", "name": name, "eps": 1e-6, "status": "done", "seconds": 1.0, "rows": own},
            **suites.paper.verdict(name, own),
            **records.machine(),
        }
        for name, own in rows.items()
    ]
    stored = json.loads(json.dumps(records.plain(stored)))
    page = report.markdown(stored)
    assert "## Memristor crossbar: the paper's experiments" in page
    assert "| lp-40 | fixed, uniform |" in page and "could not be read" in " ".join(page.split())
    assert {path.name for path in pictures.write(stored, tmp_path)} == {pictures.VARIATION, pictures.OTHERS}
    assert pictures.write([], tmp_path / "none") == []


def test_the_suite_is_found_and_runs_by_name():
    assert "pca" in suites.names("paper") and "lp-1000" in suites.names("paper")
    pytest.importorskip("sklearn")
    record = suites.paper.run("pca", OPTIONS)
    assert record["verdict"] == "right" and record["rows"][0]["status"] == "converged"
