"""The crossbar as a backend: the contract, accuracy on whole problems, statuses, options, reports that can be rerun."""

from __future__ import annotations

import dataclasses
import json
import sys
import warnings
from pathlib import Path

import cvxpy as cp
import numpy as np
import pytest
import scipy.sparse as sp

import admmopt as ao
from admmopt.backend_api import BackendError, System, resolve
from admmopt.engine import Settings
from admmopt.engine import solve as run_engine
from admmopt.operators import Convolution, Dense, Diagonal, Identity, Sparse, Stack
from admmopt.splitting import Compiled
from admmopt.testing import check_backend
from admmopt_crossbar import Circuit, Crossbar, Device, Generic, HardwareReport, Stuck, energy_model, names
from admmopt_crossbar.report import SWITCHED_OFF
from admmopt_crossbar.support import support

sys.path.insert(0, str(Path(__file__).resolve().parents[2]))  # the benchmarks are not part of the installed library
from benchmarks.problems.crossbar import FAMILY, lasso

IDEAL = Circuit(gain=1e12, trim_bits=None)
PERFECT = Crossbar("ideal", dac_bits=None, adc_bits=None, circuit=IDEAL)


@pytest.mark.parametrize("mode", ["inv", "mvm"])
@pytest.mark.parametrize("device", ["ideal", "rram-milo", "rram-wan", "pcm", "taox", "epiram"])
def test_conformance(device, mode):
    check_backend(Crossbar(device, mode))


@pytest.mark.parametrize(
    "options",
    [
        {"tile": 8},
        {"r_wire": 2.0},
        {"mapping": "offset"},
        {"diagonal": "array", "device": "epiram"},
        {"dac_bits": 4, "adc_bits": 4},
        {"adc_range": "calibrated"},
        {"device": "pcm", "age": 3600.0},
        {"slicing": "bits", "slices": 2, "device": "taox"},
    ],
    ids=str,
)
def test_conformance_of_options(options):
    check_backend(Crossbar(**options))


@pytest.mark.parametrize("bits", [(4, 4), (6, 8)], ids=str)
@pytest.mark.parametrize("mode", ["inv", "mvm"])
@pytest.mark.parametrize("name", FAMILY)
def test_a_part_in_a_million_of_clarabel_on_rram(name, mode, bits):
    problem = FAMILY[name](0)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # Clarabel stops a little short of the accuracy asked for here
        exact = problem.solve(solver=cp.CLARABEL, tol_gap_rel=1e-10, tol_gap_abs=1e-10, tol_feas=1e-10)
    solution = ao.solve(problem, Crossbar("rram-milo", mode, dac_bits=bits[0], adc_bits=bits[1]), eps=1e-6)
    assert solution.status == "optimal"
    assert solution.value == pytest.approx(exact, rel=1e-6)
    assert problem.objective.value == pytest.approx(exact, rel=1e-5)
    assert max([0.0, *(float(np.max(c.violation())) for c in problem.constraints)]) < 1e-4
    assert solution.backend_report["counts"]["solve"]["adc"] > 0  # it was the arrays that solved it


def test_a_lasso_takes_as_many_iterations_as_on_the_cpu():
    splits = [Compiled(lasso(seed, *shape), False).update() for shape in ((50, 150), (100, 300)) for seed in range(4)]
    settings = Settings(eps=1e-6, check_every=5)
    digital = sum(run_engine(split, resolve("cpu"), settings).iterations for split in splits)
    analog = 0
    for seed, split in enumerate(splits):
        found = run_engine(split, Crossbar("rram-milo", dac_bits=6, adc_bits=8, seed=seed), settings)
        assert found.status == "optimal"
        analog += found.iterations
    assert analog <= 1.1 * digital


def test_without_refinement_the_same_hardware_is_far_off():
    problem = lasso(0)
    exact = ao.solve(problem, eps=1e-8).value
    naive = ao.solve(problem, Crossbar("rram-milo", refine=False), eps=1e-6, warm_start=False)
    assert naive.status == "inaccurate_backend"
    assert abs(problem.objective.value - exact) > 1e-3 * exact


def test_ideal_parts_give_the_digital_iterates():
    problem = lasso(0)
    digital = ao.solve(problem, eps=1e-6, finish=False)
    analog = ao.solve(problem, PERFECT, eps=1e-6, warm_start=False)
    assert abs(analog.iterations - digital.iterations) <= 25  # penalties may change at other iterations
    assert analog.value == pytest.approx(digital.value, rel=1e-9)


def test_an_infeasible_problem_is_certified():
    x = cp.Variable(6)
    problem = cp.Problem(cp.Minimize(cp.sum_squares(x)), [cp.sum(x) >= 7, x <= 1])
    assert ao.solve(problem, Crossbar()).status == "infeasible"


# what cannot work is refused before anything is written


def hard_system(n: int = 60, condition: float = 1e3) -> System:
    rng = np.random.default_rng(4)
    Q = np.linalg.qr(rng.standard_normal((n, n)))[0]
    P = Dense(Q @ np.diag(np.geomspace(1.0, condition, n)) @ Q.T)
    return System(P, None, np.zeros(0), Stack([Identity(n)], n), np.full(n, 1e-6), np.full(n, 1e-3))


def test_a_hopeless_system_is_refused_in_words_and_slices_rescue_it():
    with pytest.raises(BackendError, match=r"cannot solve this system: refinement will not converge.*condition number"):
        Crossbar("rram-milo", slices=1).prepare(hard_system())
    solver = Crossbar("rram-milo").prepare(hard_system())
    assert solver.report()["slices"] > 1
    rng = np.random.default_rng(0)
    assert solver.solve(rng.standard_normal(60), np.zeros(60), tol=1e-8).residual < 1e-8


def test_the_raw_kkt_matrix_is_refused_where_circuits_solve_and_works_where_products_do():
    problem = FAMILY["linear"](0)
    with pytest.raises(BackendError, match=r"unstable.*indefinite.*rows flipped"):
        ao.solve(problem, Crossbar(form="raw-kkt"))
    assert ao.solve(problem, Crossbar(form="raw-kkt", mode="mvm"), eps=1e-5).status == "optimal"


def test_operators_of_which_only_products_exist():
    n = 3000
    A = Stack([Convolution(np.ones(5), n), Identity(n)], n)
    with pytest.raises(BackendError, match="only products exist"):
        Crossbar().prepare(System(None, None, np.zeros(0), A, np.ones(n), np.ones(A.shape[0])))
    with pytest.raises(BackendError, match="only products exist"):
        Crossbar().place(Convolution(np.ones(5), n))


def test_dual_where_there_is_none():
    system = System(Diagonal(np.ones(4)), None, np.zeros(0), Stack([Identity(4)], 4), np.ones(4), np.ones(4))
    with pytest.raises(BackendError, match="no such rows"):
        Crossbar(form="dual").prepare(system)


@pytest.mark.parametrize(
    ("options", "sentence"),
    [
        ({"tile": 0}, "tile must be a whole number of at least 2; got 0"),
        ({"tile": 12.5}, "tile must be a whole number"),
        ({"mode": "analog"}, "mode must be one of inv, mvm"),
        ({"form": "primal"}, "form must be one of auto, reduced"),
        ({"mapping": "sign"}, "mapping must be one of pair"),
        ({"mapping": "compensation", "mode": "mvm"}, "feedback circuit's"),
        ({"slices": 0}, "slices must be a whole number of at least 1"),
        ({"slices": "many"}, "slices must be a whole number"),
        ({"dac_bits": 1}, "2 to 24 bits"),
        ({"adc_bits": 8.0}, "2 to 24 bits"),
        ({"adc_range": "wide"}, "range is one of dynamic"),
        ({"r_wire": -1.0}, "r_wire must be a finite number, not negative"),
        ({"age": float("nan")}, "age must be a finite number"),
        ({"bank": 0}, "bank must be a whole number"),
        ({"energy": "magic"}, "energy must be one of isaac"),
        ({"device": "unobtainium"}, "unobtainium.*rram-milo"),
        ({"device": 3}, "device must be a preset's name or a Device, got int"),
        ({"seed": -1}, "seed must be a whole number of at least 0"),
        ({"refine": "no"}, "refine must be True or False, got 'no'"),
        ({"stuck": 0.01}, "stuck must be a Stuck, got 0.01"),
        ({"circuit": None}, "circuit must be a Circuit, got None"),
    ],
    ids=str,
)
def test_bad_options_are_named(options, sentence):
    with pytest.raises(BackendError, match=sentence):
        Crossbar(**options)


@pytest.mark.parametrize(
    ("make", "sentence"),
    [
        (lambda: Circuit(gain=0), "gain must be a positive number"),
        (lambda: Circuit(bandwidth=float("inf")), "bandwidth must be a positive number"),
        (lambda: Circuit(trim_bits=0), "trim_bits must lie between 1 and 52"),
        (lambda: Circuit(trim_bits=3.5), "trim_bits must lie between 1 and 52"),
        (lambda: Device("mine", g_min=2e-6, g_max=1e-6), "g_max must exceed g_min"),
        (lambda: Stuck(p_low=1.5), "probability"),
    ],
)
def test_bad_parts_are_named(make, sentence):
    with pytest.raises(BackendError, match=sentence):
        make()


def test_a_bank_that_is_too_small():
    with pytest.raises(BackendError, match=r"needs \d+ arrays.*the declared bank has 1\."):
        ao.solve(lasso(0), Crossbar(bank=1))
    fits = ao.solve(lasso(0), Crossbar(bank=2))
    assert fits.status == "optimal" and fits.backend_report["arrays"] <= 2


def test_a_bank_counts_the_circuits_of_a_partition():
    """40 rows on tiles of 16: 9 tiles of the matrix, but 4 circuits of order 10 and 12 blocks between them."""
    rng = np.random.default_rng(0)
    F = Dense(rng.standard_normal((80, 40)) / np.sqrt(80))
    system = System(None, F, np.ones(80), Stack([Identity(40)], 40), np.full(40, 1e-3), np.ones(40))
    options = {"device": "ideal", "tile": 16, "slices": 1, "form": "reduced"}
    assert Crossbar(**options, bank=32).prepare(system).report()["arrays"] == 32
    with pytest.raises(BackendError, match=r"needs 32 arrays.*the declared bank has 31\."):
        Crossbar(**options, bank=31).prepare(system)


def test_options_of_numpy_are_stored_as_plain_ones():
    odd = Crossbar("ideal", tile=np.int64(64), slices=np.int32(2), adc_bits=np.int64(6), r_wire=np.float32(1), age=1)
    odd = dataclasses.replace(odd, circuit=Circuit(gain=np.float32(1000), trim_bits=np.int64(8)), refine=np.True_)
    assert Crossbar.from_dict(json.loads(json.dumps(odd.to_dict()))) == odd


def test_names():
    assert resolve("crossbar") == Crossbar()
    assert resolve("crossbar:pcm").device.name == "pcm"
    assert resolve("crossbar:ideal:mvm").mode == "mvm"
    assert {"ideal", "rram-milo", "rram-wan", "pcm", "sonos", "taox"} <= set(names())
    with pytest.raises(BackendError, match="unobtainium"):
        resolve("crossbar:unobtainium")


# reports


@pytest.fixture(scope="module")
def report() -> HardwareReport:
    backend = Crossbar("pcm", r_wire=1.0, dac_bits=6, adc_bits=8, seed=3, age=60.0, stuck=Stuck(0.001, 0.0))
    return ao.solve(lasso(0), backend, eps=1e-6).backend_report


def test_a_result_is_rerun_from_its_json(report):
    stored = json.loads(json.dumps(report))
    again = ao.solve(lasso(0), Crossbar.from_dict(stored["configuration"]), eps=1e-6).backend_report
    assert again["counts"] == stored["counts"] and again["energy"] == stored["energy"]
    other = dataclasses.replace(Crossbar.from_dict(stored["configuration"]), seed=4)
    assert ao.solve(lasso(0), other, eps=1e-6).backend_report["counts"] != stored["counts"]


def test_a_stored_option_that_is_not_known(report):
    with pytest.raises(BackendError, match="'colour'"):
        Crossbar.from_dict({**report["configuration"], "colour": "red"})


def test_energy_is_conserved_and_programming_apart(report):
    for row in [report, *report["presets"].values()]:
        assert sum(row["energy_by_part"].values()) == pytest.approx(row["energy"])
        assert row["programming"]["energy"] == report["programming"]["energy"]  # written cells have no price list
    assert report["energy"] == report["presets"][report["energy_model"]]["energy"]
    assert report["counts"]["programming"]["pulses"] >= 2 * report["order"] ** 2  # a pair of cells for an entry
    assert {"isaac", "neurosim-22nm", "zigzag", "mnsim"} <= set(report["presets"])


def test_what_the_report_prints(report):
    text = str(report)
    for part in ("pcm", "contraction", "error budget", "programming", "isaac", "mnsim", "digital", "break-even"):
        assert part in text
    assert "never" in text or "takes less energy" in text


def test_what_the_report_draws(report, tmp_path):
    figure = report.plot(tmp_path / "report.png")
    assert (tmp_path / "report.png").stat().st_size > 10_000
    titles = [axes.get_title(loc="left") for axes in figure.axes]
    assert any("contraction" in title for title in titles) and any("energy" in title for title in titles)


def test_a_stored_report_prints_and_draws(report):
    stored = HardwareReport(json.loads(json.dumps(report)))
    assert str(stored) == str(report)
    titles = [axes.get_title(loc="left") for axes in stored.plot().axes]
    assert titles == ["contraction per step", "energy of solving, by price list"]  # conductances are not stored


def test_without_refinement_every_solve_is_one_step():
    report = ao.solve(lasso(0), Crossbar(refine=False), max_iterations=20).backend_report
    assert report["steps"] == report["solves"] > 0


def test_circuits_that_are_switched_off_come_back():
    """Singular but for 1e-4, less than what the diagonal is trimmed to: unstable, until penalties are larger again."""
    R, n = Dense(np.random.default_rng(0).standard_normal((12, 20))), 20
    rho = {least: np.concatenate([np.ones(12), np.full(n, least)]) for least in (30.0, 1e-4)}
    system = System(None, None, np.zeros(0), Stack([R, Identity(n)], n), np.full(n, 1e-6), rho[30.0])
    solver = Crossbar("rram-wan", form="reduced", slices=1, dac_bits=None, adc_bits=None).prepare(system)
    first, r1, r2 = solver.report(), np.ones(n), np.zeros(12 + n)
    solver.update(rho=rho[1e-4])
    off = solver.report()
    assert off["arrays"] == 0 and off["reason"].startswith(SWITCHED_OFF) and "Errors of the cells" in off["reason"]
    assert solver.solve(r1, r2, tol=1e-6).residual <= 1e-6
    solver.update(rho=rho[30.0])
    again = solver.report()
    assert again["arrays"] == 2 and again["reason"] == first["reason"]
    assert again["factorizations"] == 1 and again["contraction_now"] == pytest.approx(first["contraction"])


def test_a_report_says_that_circuits_were_switched_off(report):
    off = HardwareReport({**report, "arrays": 0, "reason": f"{SWITCHED_OFF}, only the digital diagonal is left: why"})
    assert "no arrays: see below" in str(off) and off["reason"] in str(off)
    assert "no arrays: the system is diagonal" in str(HardwareReport({**report, "arrays": 0}))


def test_the_digital_reference_of_a_sparse_system_is_sparse():
    """A chain of 60: its factor has 2 entries a column, where a dense one has 60 (60 + 1) / 2."""
    n, rows = 60, sp.diags_array([np.ones(60), -np.ones(59)], offsets=[0, 1], shape=(59, 60), format="csr")
    system = System(None, Sparse(rows), np.ones(59), Stack([Identity(n)], n), np.full(n, 1e-3), np.ones(n))
    solver = Crossbar("ideal", "mvm", form="reduced").prepare(system)
    assert solver.form.factor_entries == 2 * n - 1
    macs = 2 * (n - 1) + solver.form.overhead
    list_price = energy_model("isaac")
    assert solver.report()["digital"]["solve"] == pytest.approx(
        macs * list_price.mac_joules + 2 * n * list_price.flop_joules
    )


def test_prediction_and_measurement_agree(report):
    assert 0.5 < report["contraction"] / report["certificate"]["contraction"] < 2.0


def test_new_penalties_write_nothing_where_they_are_on_the_diagonal():
    rng = np.random.default_rng(0)
    n = 20
    F = Dense(rng.standard_normal((60, n)))
    system = System(None, F, np.ones(60), Stack([Identity(n)], n), np.full(n, 1e-3), np.ones(n))
    solver = Crossbar(form="reduced").prepare(system)
    pulses = solver.ledger["programming"].pulses
    for rho in (np.full(n, 3.0), rng.uniform(0.5, 2.0, n)):
        solver.update(rho=rho)
        r1 = rng.standard_normal(n)
        assert solver.solve(r1, np.zeros(n), tol=1e-9).residual < 1e-9
    assert solver.ledger["programming"].pulses == pulses


# operators on arrays


@pytest.mark.parametrize("make", [np.asarray, sp.csr_array])
def test_a_matrix_that_cannot_be_placed(make):
    with pytest.raises(BackendError, match="not finite"):
        Crossbar().place(make(np.array([[1.0, np.nan], [0.5, 2.0]])))
    with pytest.raises(BackendError, match="complex"):
        Crossbar().place(make(np.array([[1.0, 1.0j], [0.5, 2.0]])))


@dataclasses.dataclass(frozen=True)
class Faulty(Device):
    """A device of one's own with a mistake in it."""

    mistake: str = ""

    def spread(self, target):
        return np.where(self.mistake == "spread", np.nan, 0.0) * target

    def errors(self, target, rng):
        return np.where(self.mistake == "programmed", np.nan, 0.0) * target

    def draw_drift(self, target, rng):
        return np.zeros_like(target)

    def drifted(self, g, nu, t):
        return g - 1e-3 if self.mistake == "after programming" else g


@pytest.mark.parametrize("mistake", ["spread", "programmed", "after programming"])
@pytest.mark.parametrize("mode", ["inv", "mvm"])
def test_a_device_with_a_mistake_is_named(mistake, mode):
    device = Faulty("mine", 1e-6, 1e-4, mistake=mistake)
    with pytest.raises(BackendError, match=f"device 'mine': .*{mistake}.* is negative or not finite"):
        ao.solve(lasso(0), Crossbar(device, mode, age=10.0, slices=1))


@pytest.mark.parametrize("shape", [(40, 40), (70, 30), (30, 70), (1, 5)], ids=str)
def test_a_placed_operator_keeps_its_promise(shape):
    rng = np.random.default_rng(1)
    A = rng.standard_normal(shape)
    placed = Crossbar("rram-milo", tile=32).place(Dense(A))
    errors = []
    for _ in range(20):
        x, y = rng.standard_normal(shape[1]), rng.standard_normal(shape[0])
        errors.append(np.linalg.norm(placed.matvec(x) - A @ x) / np.linalg.norm(x) * np.sqrt(shape[1]))
        errors.append(np.linalg.norm(placed.rmatvec(y) - A.T @ y) / np.linalg.norm(y) * np.sqrt(shape[0]))
    assert np.sqrt(np.mean(np.square(errors))) < 2.0 * placed.product_error * np.linalg.norm(A)
    assert placed.report()["counts"]["products"]["products"] == 40


def test_slices_bring_the_error_of_products_down():
    A = Dense(np.random.default_rng(2).standard_normal((50, 50)))
    errors = [Crossbar(slices=k, dac_bits=None, adc_bits=None).place(A).product_error for k in (1, 2, 3)]
    assert errors[1] < 0.3 * errors[0] and errors[2] < 0.3 * errors[1]


def test_eigenpairs_on_arrays():
    rng = np.random.default_rng(3)
    Q = np.linalg.qr(rng.standard_normal((50, 50)))[0]
    A = Q @ np.diag([1.0] * 3 + list(rng.uniform(-0.9, 0.9, 47))) @ Q.T
    found = ao.eigs((A + A.T) / 2, backend=Crossbar("rram-milo"))
    assert found.multiplicity == 3
    assert np.abs(found.values - 1.0).max() < 1e-6


def test_pca_on_arrays():
    X = np.random.default_rng(4).standard_normal((80, 10)) @ np.diag(np.arange(1.0, 11.0))
    found = ao.templates.pca(X, 2, backend=Crossbar("pcm", "mvm"))
    exact = np.linalg.svd(X - X.mean(axis=0), compute_uv=False)[:2] ** 2 / 79
    assert found.explained_variance == pytest.approx(exact, rel=1e-6)


# what the documentation says


def test_the_support_table_is_that_of_the_code():
    page = (Path(__file__).parents[2] / "docs" / "crossbar.md").read_text(encoding="utf-8")
    rows = [
        [cell.strip() for cell in line.strip("|").split("|")] for line in page.splitlines() if line.startswith("| ")
    ]
    written = {row[0]: row[1:] for row in rows}
    for effect, changes in support().items():
        assert written[effect] == list(changes.values()), f"docs/crossbar.md, {effect}: `python -m admmopt_crossbar`"


def test_a_sweep_over_devices():
    problem = lasso(0, 20, 40, 4)
    make = lambda sigma, seed: Crossbar(Generic(sigma=sigma), seed=seed)  # noqa: E731
    table = ao.sweep(problem, make, {"sigma": [1e-3, 3e-2]}, repeats=2)
    assert [row["status"] for row in table.rows] == ["optimal"] * 4
    assert all(row["suboptimality"] < 1e-6 and row["energy"] > 0 and row["latency"] > 0 for row in table.rows)
    energy = {sigma: min(row["energy"] for row in table.rows if row["sigma"] == sigma) for sigma in (1e-3, 3e-2)}
    assert energy[3e-2] > energy[1e-3]  # worse cells cost steps, not accuracy
    naive = ao.sweep(problem, lambda sigma: Crossbar(Generic(sigma=sigma), refine=False), {"sigma": [1e-4, 3e-2]})
    assert naive.rows[1]["suboptimality"] > 10 * naive.rows[0]["suboptimality"]
