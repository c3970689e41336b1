"""The certificate before programming, against what programming and solving then do, over many draws."""

from __future__ import annotations

import dataclasses
import itertools
from types import SimpleNamespace

import cvxpy as cp
import numpy as np
import pytest
import scipy.sparse as sp

import admmopt as ao
from admmopt.backend_api import BackendError, System
from admmopt.operators import Dense, Identity, Stack
from admmopt_crossbar.array import Bank
from admmopt_crossbar.backend import Circuit, Crossbar
from admmopt_crossbar.certificate import Inverse, certify, product_error
from admmopt_crossbar.choose import choose
from admmopt_crossbar.device import Device, Generic
from admmopt_crossbar.faults import Stuck
from admmopt_crossbar.inverse import inverter
from admmopt_crossbar.ledger import Ledger
from admmopt_crossbar.presets import preset

FAR = {"g_min": 5e-6, "g_max": 25e-6}  # from zero, where errors are cut off
DRAWS = 40


def spectrum(n, kappa, seed=0):
    """Symmetric positive definite with unit diagonal, condition number about kappa."""
    Q = np.linalg.qr(np.random.default_rng(seed).normal(size=(n, n)))[0]
    M = Q @ np.diag(np.geomspace(1.0, 1.0 / kappa, n)) @ Q.T
    return M / np.sqrt(np.outer(M.diagonal(), M.diagonal()))


def flipped(n, k, seed=0):
    rng = np.random.default_rng(seed)
    R = rng.normal(size=(k, n))
    R /= np.linalg.norm(R, axis=1)[:, None]
    return np.block([[np.diag(rng.uniform(0.5, 1.5, n)), R.T], [-R, np.diag(rng.uniform(0.1, 1, k))]])


def blocks(*parts):
    return sp.block_diag(parts).toarray()


MATRICES = {
    "condition 10": spectrum(40, 10, 0),
    "condition 100": spectrum(60, 100, 1),
    "flipped kkt": flipped(30, 15, 3),
    "two blocks": blocks(spectrum(20, 10, 1), spectrum(20, 30, 2)),
}


def form(M):
    return SimpleNamespace(off=sp.csr_array(M - np.diag(M.diagonal())), d=M.diagonal().copy(), size=len(M))


def design(device, **options):
    return Crossbar(device, **{"slices": 1, "dac_bits": None, "adc_bits": None, **options})


def measured(M, made, draws=DRAWS):
    """By the definition, sampled: the growth of E|E M^-1 r|^2 per entry, E of programming and of one read."""
    rng, squares = np.random.default_rng(7), np.zeros(M.shape)
    written = sp.csr_array(M) if made.diagonal == "array" else form(M).off
    for k in range(draws):
        bank = Bank(written, made, rng, Ledger(), identity=k)
        squares += (bank.dense() - written.toarray()) ** 2
        bank.decoded = bank.noise
        squares += bank.dense()
    growth = np.linalg.eigvals(squares / draws @ np.linalg.inv(M) ** 2)
    return float(np.sqrt(np.abs(growth).max()))


# --- cells


@pytest.mark.parametrize("kappa, n", [(10, 60), (1e3, 60), (1e5, 100)])
def test_constant_variance_has_a_closed_form(kappa, n):
    """sqrt(V) ||M^-1||_F; the estimate takes 16 random right-hand sides."""
    ratios = []
    for seed in range(8):
        M = spectrum(n, kappa, seed)
        inverse = Inverse(form(M).off, form(M).d)
        got = inverse.growth(lambda p: np.full(n, 0.01 * p.sum()))
        ratios.append(got / (0.1 * np.linalg.norm(np.linalg.inv(M))))
    np.testing.assert_allclose(ratios, 1.0, rtol=0.15)
    assert np.mean(ratios) == pytest.approx(1.0, abs=0.05)


def test_one_step_on_a_random_residual():
    """Mean square of ||E M^-1 r|| / ||r|| over programmings and residuals, where all cells are alike."""
    M, made, rng = spectrum(40, 30), design(Generic("g", **FAR, sigma=0.02)), np.random.default_rng(3)
    this, squares = form(M), []
    for _ in range(100):
        error = Bank(this.off, made, rng, Ledger()).dense() - this.off.toarray()
        r = rng.normal(size=40)
        squares.append(np.sum((error @ np.linalg.solve(M, r)) ** 2) / np.sum(r**2))
    assert certify(this, made, 1).cells == pytest.approx(np.sqrt(np.mean(squares)), rel=0.15)


DEVICES = {
    "independent": design(Generic("g", **FAR, sigma=0.02)),
    "proportional": design(Generic("g", **FAR, sigma=0.05, scaling="proportional")),
    "rram-milo": design(preset("rram-milo")),
    "8 levels": design(Generic("g", **FAR, sigma=0.01, levels=8)),
    "reads": design(Generic("g", **FAR, sigma=0.01, read=0.03)),
    "stuck": design(Generic("g", **FAR, sigma=0.01), stuck=Stuck(0.01, 0.02)),
    "diagonal on the array": design(Generic("g", **FAR, sigma=0.02), diagonal="array"),
    "offset": design(Generic("g", **FAR, sigma=0.02), mapping="offset"),
}


@pytest.mark.parametrize("device", DEVICES)
@pytest.mark.parametrize(
    "name, tile", [("condition 10", 16), ("condition 100", 64), ("flipped kkt", 64), ("two blocks", 16)]
)
def test_contraction_by_cells(name, tile, device):
    """Tiles that reach over the edge, and tiles that are left out, among them."""
    made = dataclasses.replace(DEVICES[device], tile=tile)
    assert certify(form(MATRICES[name]), made, 1).cells == pytest.approx(measured(MATRICES[name], made), rel=0.15)


@pytest.mark.parametrize("slices", [2, 3])
@pytest.mark.parametrize("name", MATRICES)
@pytest.mark.parametrize("device", ["independent", "rram-milo"])
def test_contraction_with_slices_is_on_the_safe_side(name, device, slices):
    """What later slices have to hold is estimated from above: by 2.5 at most for three of them."""
    made = DEVICES[device].with_slices(slices)
    ratio = certify(form(MATRICES[name]), made, slices).cells / measured(MATRICES[name], made, 20)
    assert 0.9 < ratio < 2.5


# --- converters, wires


@pytest.mark.parametrize("bits", [(4, 4), (6, 10), (10, 4), (8, 8)])
@pytest.mark.parametrize("name", MATRICES)
def test_contraction_by_converters(name, bits):
    """Of a circuit without any other error: root mean square over random residuals."""
    made = design(Device("i", **FAR), dac_bits=bits[0], adc_bits=bits[1], circuit=Circuit(gain=1e12, trim_bits=None))
    M, this, rng = MATRICES[name], form(MATRICES[name]), np.random.default_rng(1)
    circuit = inverter(this.off.toarray(), this.d, made, rng, Ledger(), itertools.count())
    squares = []
    for _ in range(200):
        r = rng.normal(size=len(M))
        squares.append(np.sum((r - M @ circuit.solve(r, rng, "s")) ** 2) / np.sum(r**2))
    assert certify(this, made, 1).converters == pytest.approx(np.sqrt(np.mean(squares)), rel=0.35)


@pytest.mark.parametrize("r_wire", [0.5, 5.0, 20.0])
@pytest.mark.parametrize("name", ["condition 10", "condition 100"])
@pytest.mark.parametrize(("mapping", "factor"), [("pair", 1.35), ("offset", 2.0)])
def test_contraction_by_wires(name, r_wire, mapping, factor):
    """The mean over residuals, by a rule of thumb for the loss. Of an offset, the middle conductance loses too: there
    most of the error is the same along rows, which is less than if it were random."""
    M, made = MATRICES[name], design(Device("i", **FAR), r_wire=r_wire, mapping=mapping)
    error = Bank(form(M).off, made, np.random.default_rng(0), Ledger()).dense() - form(M).off.toarray()
    expected = np.linalg.norm(error @ np.linalg.inv(M)) / np.sqrt(len(M))
    certificate = certify(form(M), made, 1)
    assert expected / factor < certificate.wires < expected * factor and certificate.cells == 0.0


@pytest.mark.parametrize("options", [{}, {"mapping": "offset"}, {"diagonal": "array"}, {"tile": 32}], ids=str)
@pytest.mark.parametrize("gain", [1e2, 1e3, 1e4])
@pytest.mark.parametrize("name", MATRICES)
def test_contraction_by_finite_gain(name, gain, options):
    """Of circuits without any other error, the mean over random residuals; partitions have other rows than the tiles of
    the matrix."""
    made = design(Device("i", **FAR), circuit=Circuit(gain=gain, trim_bits=None), **options)
    M, this, rng = MATRICES[name], form(MATRICES[name]), np.random.default_rng(1)
    circuit = inverter(this.off.toarray(), this.d, made, rng, Ledger(), itertools.count())
    squares = []
    for _ in range(50):
        r = rng.normal(size=len(M))
        squares.append(np.sum((r - M @ circuit.solve(r, rng, "s")) ** 2) / np.sum(r**2))
    expected, got = np.sqrt(np.mean(squares)), certify(this, made, 1)
    assert expected / 2 < got.amplifiers < (2.5 if "tile" in options else 2.0) * expected
    assert got.contraction == pytest.approx(got.amplifiers)
    assert certify(this, dataclasses.replace(made, mode="mvm"), 1).amplifiers == 0.0


def test_parts_add_up_in_squares():
    made = Crossbar(Generic("g", **FAR, sigma=0.02), slices=1, r_wire=5.0, circuit=Circuit(gain=1e3))
    c = certify(form(MATRICES["condition 10"]), made, 1)
    assert min(c.cells, c.converters, c.wires, c.amplifiers) > 0.005
    assert c.contraction == pytest.approx(np.sqrt(c.cells**2 + c.converters**2 + c.wires**2 + c.amplifiers**2))
    assert c.steps == pytest.approx(np.log(1e-6) / np.log(c.contraction))
    assert c.floor == pytest.approx(c.condition * 2.0**-52) and (c.slices, c.order) == (1, 40)


@pytest.mark.parametrize("kappa", [1.0, 10.0, 1e3, 1e6])
@pytest.mark.parametrize("n", [1, 2, 50])
def test_condition_number(kappa, n):
    """From below, as power steps give it; the rest of the certificate does not depend on it."""
    M = spectrum(n, kappa, 3)
    assert 0.7 < Inverse(form(M).off, form(M).d).condition() / np.linalg.cond(M) < 1 + 1e-6


def test_sparse_and_dense_factors_agree():
    M = sp.diags_array([0.3, 1.0, -0.4], offsets=[-1, 0, 3], shape=(400, 400)).tocsr()
    this, b = form(M.toarray()), np.random.default_rng(0).normal(size=(400, 3))
    inverse = Inverse(this.off, this.d)
    assert this.off.nnz < 0.1 * 400**2  # it takes the sparse way
    np.testing.assert_allclose(inverse.solve(b), np.linalg.solve(M.toarray(), b), rtol=1e-9, atol=1e-12)
    np.testing.assert_allclose(
        inverse.solve(b[:, 0], 1), np.linalg.solve(M.toarray().T, b[:, 0]), rtol=1e-9, atol=1e-12
    )


# --- all of it against a whole circuit


@pytest.mark.parametrize("name", MATRICES)
def test_prediction_against_circuits(name):
    """Programming, reads, trimming and both converters together, first steps of 40 circuits."""
    made = Crossbar(Generic("g", **FAR, sigma=0.01, read=0.005), slices=1, circuit=Circuit(gain=1e4))
    M, this, rng = MATRICES[name], form(MATRICES[name]), np.random.default_rng(2)
    squares = []
    for _ in range(40):
        circuit = inverter(this.off.toarray(), this.d, made, rng, Ledger(), itertools.count())
        r = rng.normal(size=len(M))
        for _ in range(3):
            rest = r - M @ circuit.solve(r, rng, "s")
            squares.append(np.sum(rest**2) / np.sum(r**2))
            r = rest
    got = certify(this, made, 1).contraction
    assert got < 0.6
    assert got == pytest.approx(np.sqrt(np.mean(squares)), rel=0.25)


@pytest.mark.parametrize("bits", [None, 8])
@pytest.mark.parametrize("shape", [(50, 50), (70, 30)])
def test_product_error(shape, bits):
    """Root mean square of the products' errors, relative to ||A||_F ||x|| / sqrt(n)."""
    rng = np.random.default_rng(4)
    A = rng.normal(size=shape)
    made = design(Generic("g", **FAR, sigma=0.02), tile=32, dac_bits=bits, adc_bits=bits)
    squares = []
    for _ in range(30):
        bank, x = Bank(A, made, rng, Ledger()), rng.normal(size=shape[1])
        size = np.linalg.norm(A) ** 2 * np.linalg.norm(x) ** 2 / shape[1]
        squares.append(np.sum((bank.product(x, rng, "p") - A @ x) ** 2) / size)
    got, expected = product_error(sp.csr_array(A), np.zeros(0), made), np.sqrt(np.mean(squares))
    if bits is None:
        assert got == pytest.approx(expected, rel=0.08)
    else:
        assert expected < 1.05 * got < 2 * expected


# --- what is hopeless, and said so


@pytest.mark.parametrize(
    "kappa, sigma, slices, hopeless",
    [
        (3.7, 0.01, 1, False),
        (3.7, 0.05, 1, False),
        (30, 0.01, 1, False),
        (30, 0.024, 1, False),
        (1e3, 0.01, 1, True),
        (1e3, 0.024, 1, True),
        (1e3, 0.05, 1, True),
        (1e3, 0.024, 3, False),
        (1e3, 0.05, 6, False),
    ],
)
def test_the_table_of_the_design_notes(kappa, sigma, slices, hopeless):
    """Conditions of 3.7 and 30 contract on any of these devices, 1000 on none of them, and slices rescue it."""
    certificate = certify(form(spectrum(100, kappa)), Crossbar(Generic("g", **FAR, sigma=sigma)), slices)
    assert certificate.hopeless == hopeless == (certificate.contraction >= 1.5)
    assert hopeless or certificate.contraction < 1
    assert ("will not converge" in certificate.sentence) == hopeless
    assert f"{slices} slice" in certificate.sentence


def quadratic(kappa, n=100):
    penalty = np.full(n, 1e-9)
    return System(Dense(spectrum(n, kappa)), None, np.zeros(0), Stack([Identity(n)], n), penalty, penalty)


def test_a_hopeless_device_is_refused_before_a_cell_is_written():
    device = Generic("cells of 2.4 %", **FAR, sigma=0.024)
    sentence = (
        r"device 'cells of 2.4 %' cannot solve this system: .* with 1 slice a step .* condition number about 1e\+03"
    )
    with pytest.raises(BackendError, match=sentence):
        Crossbar(device, slices=1).prepare(quadratic(1e3))
    for slices in ("auto", 3):
        solver = Crossbar(device, slices=slices).prepare(quadratic(1e3))
        assert solver.certificate.slices == 3
        assert solver.solve(np.ones(100), np.zeros(100), tol=1e-8).residual <= 1e-8


def lopsided(n=30):
    """Half of the unknowns have no diagonal but 1e-6: the dual, as small as the reduced form, is far worse."""
    R = Dense(np.random.default_rng(5).normal(size=(n, n)))
    picked = np.eye(n)[n // 2 :]
    rows = np.ones(n + len(picked))
    return System(None, None, np.zeros(0), Stack([R, Dense(picked)], n), np.full(n, 1e-6), rows)


@pytest.mark.parametrize("aim, hopeless", [(1.2, False), (20.0, True)])
def test_where_no_form_contracts_the_one_that_comes_nearest_is_taken(aim, hopeless):
    exact = {"slices": 1, "dac_bits": None, "adc_bits": None, "circuit": Circuit(gain=1e12)}

    def each(sigma):
        made = {f: Crossbar(Generic("g", **FAR, sigma=sigma), form=f, **exact) for f in ("dual", "reduced", "kkt")}
        return {name: choose(lopsided(), one)[1].contraction for name, one in made.items()}

    sigma = aim / min(each(1.0).values())
    found = each(sigma)
    assert min(found.values()) == pytest.approx(aim, rel=0.01) and found["dual"] > 10 * aim
    form, certificate, _ = choose(lopsided(), Crossbar(Generic("g", **FAR, sigma=sigma), **exact))
    assert certificate.contraction == min(found.values()) == found[form.name]
    assert certificate.hopeless == hopeless


def test_a_form_that_would_contract_but_has_no_room_is_named_before_a_hopeless_one_that_has():
    """On tiles of 16: the dual of order 16 takes one pair of arrays and is hopeless, the reduced form takes nine."""
    R, picked = Dense(np.random.default_rng(1).normal(size=(16, 48))), Dense(np.eye(48)[8:])
    system = System(None, None, np.zeros(0), Stack([R, picked], 48), np.full(48, 1e-6), np.ones(56))
    made = Crossbar(Generic("g", **FAR, sigma=0.001), "mvm", tile=16, slices=1)
    assert choose(system, dataclasses.replace(made, form="dual", bank=4))[1].hopeless
    assert choose(system, made)[0].name == "reduced"
    with pytest.raises(BackendError, match=r"needs 18 arrays .* the declared bank has 4"):
        choose(system, dataclasses.replace(made, bank=4))


def test_solve_says_so():
    """The same sentence reaches who declares a problem."""
    x, device = cp.Variable(40), Generic("cells of 2.4 %", **FAR, sigma=0.024)
    M = spectrum(40, 1e5)
    problem = cp.Problem(cp.Minimize(0.5 * cp.quad_form(x, cp.psd_wrap(M)) - cp.sum(x)), [cp.sum(x) == 1.0])
    with pytest.raises(BackendError, match=r"cells of 2.4 %.*will not converge"):
        ao.solve(problem, backend=Crossbar(device, slices=1))


def test_plain_data():
    certificate = certify(form(spectrum(30, 1e6)), Crossbar(Generic("g", **FAR, sigma=0.02)), 1)
    assert certificate.steps == np.inf
    stored = certificate.to_dict()
    assert stored["steps"] is None and stored["order"] == 30
    assert all(value is None or np.isfinite(value) for value in stored.values())
