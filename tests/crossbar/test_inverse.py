"""Feedback circuits against their differential equations and ngspice; partitions into circuits."""

from __future__ import annotations

import itertools
import json
from pathlib import Path

import numpy as np
import pytest
import scipy.sparse as sp
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.integrate import solve_ivp
from scipy.linalg import expm

from admmopt.backend_api import BackendError
from admmopt_crossbar.backend import Circuit, Crossbar
from admmopt_crossbar.device import Device, Generic
from admmopt_crossbar.faults import Stuck
from admmopt_crossbar.inverse import Divide, Feedback, Partition, inverter, leading_diagonal, trimmed
from admmopt_crossbar.krylov import Krylov
from admmopt_crossbar.ledger import Ledger

NGSPICE = json.loads((Path(__file__).parent / "fixtures" / "ngspice_inv.json").read_text())["cases"]
IDEAL = Device("ideal", 1e-6, 20e-6)
PERFECT = Circuit(gain=1e12, trim_bits=None)
few = settings(max_examples=40, deadline=None, derandomize=True)


def design(device=IDEAL, **options):
    return Crossbar(device, **{"slices": 1, "dac_bits": None, "adc_bits": None, "circuit": PERFECT, **options})


def split(M):
    d = M.diagonal().copy()
    return M - np.diag(d), d


def circuit(M, made=None, seed=0, identity=0):
    return Feedback(*split(M), made or design(), np.random.default_rng(seed), Ledger(), identity)


def anything(M, made, seed=0):
    return inverter(*split(M), made, np.random.default_rng(seed), Ledger(), itertools.count())


def solve(made, b, seed=5):
    return made.solve(b, np.random.default_rng(seed), "solve")


def spd(n, seed=0, least=0.3):
    B = np.random.default_rng(seed).normal(size=(n, n))
    return B @ B.T / n + least * np.eye(n)


def flipped(n, k, seed=0):
    """[D, R'; -R, W^-1]: not symmetric, and every eigenvalue has a positive real part."""
    rng = np.random.default_rng(seed)
    R = rng.normal(size=(k, n)) / np.sqrt(n)
    return np.block([[np.diag(rng.uniform(0.5, 1.5, n)), R.T], [-R, np.diag(rng.uniform(0.2, 0.6, k))]])


def indefinite(n, k, seed=0):
    M = flipped(n, k, seed)
    M[n:, :n] *= -1
    M[n:, n:] = 0.0
    return M


MATRICES = {"spd": spd(12), "flipped": flipped(8, 4), "diagonally weak": spd(12, 3, 0.02)}


def velocity(made, b):
    """(A, a) of dv/dt = A v + a, written down from Kirchhoff's law at each row of the circuit as it was programmed:
    dv/dt = -w0 (U (G v - g_in V) + v / L0), U = 1 / (all conductances there).
    """
    G = np.zeros((made.d.size,) * 2)
    at_row = made.unit * (np.abs(made.d) + 1.0)
    for sign, side in zip((1, -1), made.bank.slices[0].sides, strict=True):
        G += sign * side[0]
        at_row = at_row + side[0].sum(axis=1)
    G += made.unit * np.diag(made.d)
    w0, gain = 2 * np.pi * made.design.circuit.bandwidth, made.design.circuit.gain
    matrix = -w0 * (G / at_row[:, None] + np.eye(len(b)) / gain)
    return matrix, w0 * made.unit * b / at_row


# --- steady state


@few
@given(st.integers(1, 12), st.integers(0, 999), st.booleans())
def test_ideal_circuit_is_the_inverse(n, seed, symmetric):
    M = spd(n + 1, seed) if symmetric else flipped(n, 1 + n // 2, seed)
    b = np.random.default_rng(seed).normal(size=len(M))
    np.testing.assert_allclose(solve(circuit(M), b), np.linalg.solve(M, b), rtol=1e-9, atol=1e-9)


@pytest.mark.parametrize("name", MATRICES)
@pytest.mark.parametrize("device", [IDEAL, Generic("noisy", 1e-6, 20e-6, sigma=0.01)], ids=lambda d: d.name)
def test_steady_state_is_where_the_differential_equation_ends(name, device):
    """Integrated from v = 0 by a stiff method, with a gain so low that it matters."""
    M = MATRICES[name]
    made = circuit(M, design(device, circuit=Circuit(gain=300.0, bandwidth=50e6, trim_bits=None)))
    b = np.random.default_rng(2).normal(size=len(M))
    b /= np.abs(b).max()
    matrix, drive = velocity(made, b)
    end = 40 / -np.linalg.eigvals(matrix).real.max()
    path = solve_ivp(
        lambda _, v: matrix @ v + drive, (0, end), np.zeros(len(b)), "BDF", jac=matrix, rtol=1e-9, atol=1e-11
    )
    assert path.success
    got = solve(made, b)
    np.testing.assert_allclose(got, path.y[:, -1], rtol=1e-6, atol=1e-7 * np.abs(got).max())
    assert np.abs(got - np.linalg.solve(M, b)).max() > 1e-4 * np.abs(got).max()


@pytest.mark.parametrize("gain", [1e2, 1e4])
def test_finite_gain_is_an_exact_shift_of_the_diagonal(gain):
    """By all conductances at the row over g_in L0: the cells of both arrays, the dedicated ones and the input."""
    M, b = spd(10), np.random.default_rng(1).normal(size=10)
    made = circuit(M, design(circuit=Circuit(gain=gain, trim_bits=None)))
    off, d = split(M)
    unit = 19e-6 / np.abs(off).max()  # siemens for 1
    load = (np.abs(off).sum(axis=1) * unit + 2 * 10 * 1e-6) / unit + d + 1.0
    np.testing.assert_allclose(solve(made, b), np.linalg.solve(M + np.diag(load) / gain, b), rtol=1e-10)


@pytest.mark.parametrize("bits", [1, 4, 10, None])
def test_trimmed_diagonal(bits):
    d = np.array([1.0, 0.3, 1e-9, 7e5, -0.7, 0.0])
    got = trimmed(d, bits)
    if bits is None:
        np.testing.assert_array_equal(got, d)
        return
    assert (np.abs(got - d) <= 2.0**-bits * np.abs(d)).all()
    assert (got == d).sum() < 5 and got[0] == 1.0
    np.testing.assert_array_equal(trimmed(got, bits), got)


def test_diagonal_trim_is_in_the_circuit():
    M, b = spd(6), np.ones(6)
    off, d = split(M)
    made = circuit(M, design(circuit=Circuit(gain=1e12, trim_bits=3)))
    np.testing.assert_allclose(solve(made, b), np.linalg.solve(off + np.diag(trimmed(d, 3)), b), rtol=1e-9)
    assert np.abs(trimmed(d, 3) - d).max() > 1e-3


@pytest.mark.parametrize("diagonal", ["apart", "array"])
def test_where_the_diagonal_is(diagonal):
    """On the array its cells are as wrong as all others, and take their part of the range."""
    M = spd(10) + 20 * np.eye(10)
    made = circuit(M, design(Generic("noisy", 1e-6, 20e-6, sigma=0.02), diagonal=diagonal))
    error = np.abs(made.bank.dense() + np.diag(made.d) - M).max()
    off = np.abs(split(M)[0]).max()
    expected = 0.02 * np.sqrt(2) * (off if diagonal == "apart" else np.abs(M).max())
    assert 0.5 * expected < error < 5 * expected


def test_read_noise_of_the_rows_is_seen_through_the_inverse():
    """Variance of v: sum over rows of B_ij^2 sum_k noise_jk v_k^2, to first order in the noise."""
    M, b, rng = spd(6, 4), np.random.default_rng(1).normal(size=6), np.random.default_rng(7)
    b /= np.abs(b).max()
    made = circuit(M, design(Device("noisy", 1e-6, 20e-6, read=1e-3)))
    got = np.array([made.solve(b, rng, "s") for _ in range(4000)])
    B = np.linalg.inv(M)
    v = B @ b
    unit = 19e-6 / np.abs(split(M)[0]).max()
    noise = sum((1e-3 * side[0] / unit) ** 2 for side in made.bank.slices[0].sides)
    np.testing.assert_allclose(got.var(axis=0), B**2 @ (noise @ v**2), rtol=0.1)
    np.testing.assert_allclose(got.mean(axis=0), v, atol=5e-5 * np.abs(v).max())


# --- stability


@pytest.mark.parametrize("case", NGSPICE)
def test_ngspice(case):
    """Operating point and transient of the same circuit in a circuit simulator; what grows there is refused here."""
    frozen = NGSPICE[case]
    unit, cell = 1e-4, np.array(frozen["g_plus"]) - np.array(frozen["g_minus"])
    device = Device("theirs", 1e-6, 1e-6 + np.abs(cell).max())
    amplifiers = Circuit(gain=frozen["l0"], bandwidth=frozen["gbw_hz"], trim_bits=None)
    made, d = design(device, circuit=amplifiers), np.array(frozen["g_diagonal"]) / unit
    if case == "kkt_raw_unstable":
        assert np.abs(frozen["v_transient"][-1]).max() > 1e5
        with pytest.raises(BackendError, match=r"feedback circuit is unstable.*symmetric indefinite.*form='kkt'"):
            Feedback(cell / unit, d, made, np.random.default_rng(0), Ledger(), 0)
        return
    here = Feedback(cell / unit, d, made, np.random.default_rng(0), Ledger(), 0)
    b = -np.array(frozen["v_in"])
    final = solve(here, b)
    np.testing.assert_allclose(final, frozen["v_operating_point"], rtol=1e-7)
    matrix, drive = velocity(here, b)
    settled = -np.linalg.solve(matrix, drive)
    for t, v in zip(frozen["time_s"], frozen["v_transient"], strict=True):
        expected = settled - expm(matrix * t) @ settled
        np.testing.assert_allclose(v, expected, atol=5e-6 * np.abs(settled).max())
    times, path = np.array(frozen["time_s"]), np.array(frozen["v_transient"])
    coarse = design(device, circuit=amplifiers, adc_bits=6)
    seconds = Feedback(cell / unit, d, coarse, np.random.default_rng(0), Ledger(), 0).seconds
    late = times >= seconds
    assert late.any(), "the transient is long enough to see it settled"
    error = np.abs(path - final).max(axis=1) / np.abs(final).max()
    assert (error[late] < 1 / (2**6 - 2)).all() and error[times < seconds / 3].max() > 1 / (2**6 - 2)


@pytest.mark.parametrize("bits", [4, 8, 12])
@pytest.mark.parametrize("seed", range(5))
@pytest.mark.parametrize("kind", ["spd", "flipped"])
def test_settled_to_half_a_code_at_the_predicted_time_and_not_long_before(kind, seed, bits):
    M = spd(16, seed, 0.1) if kind == "spd" else flipped(10, 6, seed)
    made = circuit(M, design(adc_bits=bits, circuit=Circuit(gain=1e5, trim_bits=None)))
    b = np.random.default_rng(seed + 50).normal(size=16)
    matrix, drive = velocity(made, b / np.abs(b).max())
    final = -np.linalg.solve(matrix, drive)

    def error(t):
        return np.abs(expm(matrix * t) @ final).max() / np.abs(final).max()

    half = 0.5 / (2 ** (bits - 1) - 1)
    times = np.linspace(1.0, 3.0, 9) * made.seconds
    assert max(map(error, times)) < half
    assert max(map(error, np.linspace(0.3, 0.34, 5) * made.seconds)) > half


def test_settling_takes_longer_with_more_bits_a_smaller_bandwidth_and_more_load():
    M = spd(12)
    plain = circuit(M, design(adc_bits=8)).seconds
    assert circuit(M, design(adc_bits=17)).seconds == pytest.approx(2 * plain)
    assert circuit(M, design()).seconds == pytest.approx(17 / 9 * plain)  # an ideal converter: 16 bits
    slow = Circuit(gain=1e12, trim_bits=None, bandwidth=10e6)
    assert circuit(M, design(adc_bits=8, circuit=slow)).seconds == pytest.approx(10 * plain)
    leaky = Device("leaky", 10e-6, 29e-6)  # the same range: the same matrix, and more current at each row
    assert circuit(M, design(leaky, adc_bits=8)).seconds > 1.3 * plain


@pytest.mark.parametrize("seed", range(4))
def test_the_certificate_of_stability_is_the_sign_of_the_growth(seed):
    """Random matrices on both sides of the border: refused if and only if the differential equation grows."""
    rng, seen = np.random.default_rng(seed), []
    for shift in np.linspace(-0.5, 3.0, 15):
        M = rng.normal(size=(6, 6)) + shift * np.eye(6)
        try:
            circuit(M)
            seen.append(True)
        except BackendError as refusal:
            assert "unstable" in str(refusal)
            seen.append(False)
        off, d = split(M)
        at_row = np.abs(off).sum(axis=1) + 2 * 6 / 19 * np.abs(off).max() + np.abs(d) + 1.0
        grows = np.linalg.eigvals(-M / at_row[:, None]).real.max() > 0
        assert seen[-1] == (not grows)
    assert any(seen) and not all(seen)


def test_errors_that_make_a_circuit_unstable_are_told_from_matrices_that_are():
    M = spd(20, 1, 1e-3)
    with pytest.raises(BackendError, match="Errors of the cells"):
        circuit(M, design(Generic("bad", 1e-6, 20e-6, sigma=0.2)))
    with pytest.raises(BackendError, match="matrix that was meant"):
        circuit(indefinite(6, 3))


# --- converters and limits


def test_inputs_and_outputs_are_converted():
    M, b = spd(8), np.random.default_rng(3).normal(size=8)
    made = circuit(M, design(dac_bits=5, adc_bits=6))
    peak = np.abs(b).max()
    v = np.linalg.solve(M, np.rint(b / peak * 15) / 15)
    code = np.abs(v).max() / 31
    np.testing.assert_allclose(solve(made, b), peak * code * np.rint(v / code), rtol=1e-9, atol=1e-12)


@pytest.mark.parametrize("adc_range", ["dynamic", "calibrated", "fixed"])
def test_outputs_that_clip_are_tried_again_with_less(adc_range):
    """An eigenvalue of 0.01: an input of 0.2 V along it would need 20 V, and there are 1 V."""
    M = np.array([[1.0, 0.99], [0.99, 1.0]])
    made = circuit(M, design(adc_bits=16, adc_range=adc_range))
    tally = made.ledger["solve"]
    for vector, tries in (([1.0, -1.0], 2), ([1.0, -1.0], 1), ([1.0, 1.0], 1), ([1.0, 1.0], 1), ([1.0, -1.0], 2)):
        before, b = tally.rounds, np.array(vector)
        got = solve(made, b)
        assert tally.rounds - before == tries, vector
        np.testing.assert_allclose(got, np.linalg.solve(M, b), rtol=1e-3, atol=0.5 * 200 / 32767)
        assert made.amplitude * 0.2 * np.abs(np.linalg.solve(M, b)).max() <= 1.0
    assert made.amplitude == pytest.approx(0.8 / 20)
    solve(made, np.array([1.0, 1.0]))
    assert made.amplitude == 1.0  # and back to full scale when outputs allow it


def test_nothing_in_nothing_out():
    np.testing.assert_array_equal(solve(circuit(spd(4)), np.zeros(4)), np.zeros(4))


@few
@given(st.integers(-30, 30))
def test_the_scale_of_the_right_hand_side_does_not_matter(power):
    """A residual of 1e-9 is solved for as accurately as one of size 1."""
    M, b = spd(6), np.random.default_rng(0).normal(size=6)
    made = design(Generic("noisy", 1e-6, 20e-6, sigma=0.01), dac_bits=6, adc_bits=6)
    np.testing.assert_allclose(
        solve(circuit(M, made), 2.0**power * b), 2.0**power * solve(circuit(M, made), b), rtol=1e-12
    )


# --- the compensation form


def test_compensation_of_a_nonnegative_matrix_is_one_array():
    """On cells that can be open: from others the least conductance is added to small entries."""
    M, b = np.abs(spd(5)) + 2 * np.eye(5), np.ones(5)
    made = circuit(M, design(Device("open", 0.0, 20e-6), mapping="compensation"))
    np.testing.assert_allclose(solve(made, b), np.linalg.solve(M, b), rtol=1e-9)
    assert made.bank.arrays == 1 and made.d.size == 5


def test_compensation_of_a_signed_matrix():
    """One negative entry, one more row; the solution is the same where the circuit still settles."""
    M, b = np.array([[2.0, -0.5, 0.3], [0.2, 1.5, 0.0], [0.3, 0.4, 1.0]]), np.array([1.0, 0.5, -1.0])
    made = circuit(M, design(mapping="compensation"))
    assert made.d.size == 4
    np.testing.assert_allclose(solve(made, b), np.linalg.solve(M, b), rtol=1e-9)
    with pytest.raises(
        BackendError, match=r"one array of 4 rows, and tiles have 3: use a larger tile, or mapping='pair'"
    ):
        circuit(M, design(mapping="compensation", tile=3))


def test_compensation_has_no_partition():
    """The blocks between circuits would lose their signs on a single array of nonnegative conductances."""
    M = np.eye(13) * 2 + 0.1
    M[:7, 7:] = -0.1
    with pytest.raises(BackendError, match=r"one array of 13 rows, and tiles have 12"):
        anything(M, design(mapping="compensation", tile=12))


# --- writes


def test_an_interrupted_writing_is_done_again(monkeypatch):
    M, b = spd(6), np.ones(6)
    made, off = circuit(M), 0.5 * split(M)[0]

    def interrupted(*_):
        raise KeyboardInterrupt

    with monkeypatch.context() as patch:
        patch.setattr("admmopt_crossbar.inverse.Bank", interrupted)
        with pytest.raises(KeyboardInterrupt):
            made.update(off, M.diagonal())
    made.update(off, M.diagonal())
    np.testing.assert_allclose(solve(made, b), np.linalg.solve(off + np.diag(M.diagonal()), b), rtol=1e-9)


def test_a_new_diagonal_costs_no_writes_and_a_new_matrix_does():
    M, rng = spd(8), np.random.default_rng(2)
    made = circuit(M, design(Generic("noisy", 1e-6, 20e-6, sigma=0.01)))
    written = made.ledger["programming"].pulses
    assert written == 2 * 64
    off, d = split(M)
    held = made.bank.dense()
    made.update(off.copy(), 3 * d)
    assert made.ledger["programming"].pulses == written
    np.testing.assert_array_equal(made.bank.dense(), held)
    b = rng.normal(size=8)
    np.testing.assert_allclose(solve(made, b), np.linalg.solve(held + np.diag(3 * d), b), rtol=1e-9)
    made.update(0.5 * off, d)
    assert made.ledger["programming"].pulses == 2 * written


def test_the_same_cells_are_stuck_when_the_array_is_written_again():
    M, stuck = spd(16), design(stuck=Stuck(0.1, 0.0))
    made = circuit(M, stuck, identity=4)
    places = made.bank.dense() == 0
    made.update(0.5 * split(M)[0], M.diagonal())
    np.testing.assert_array_equal(made.bank.dense() == 0, places)
    assert 0 < places[~np.eye(16, dtype=bool)].mean() < 0.2


def test_the_same_cells_are_stuck_when_arrays_for_products_are_written_again():
    M, counter = spd(16), itertools.count(4)
    off, d = split(M)
    made = Krylov(
        sp.csr_array(off), d, design(mode="mvm", stuck=Stuck(0.1, 0.0)), np.random.default_rng(0), Ledger(), counter
    )
    places = made.bank.dense() == 0
    made.update(sp.csr_array(0.5 * off), d)
    np.testing.assert_array_equal(made.bank.dense() == 0, places)
    assert 0 < places[~np.eye(16, dtype=bool)].mean() < 0.2


def test_drift_while_it_is_in_use_moves_the_solution():
    M, b = spd(10), np.ones(10)
    made, aged = circuit(M, design("pcm")), circuit(M, design("pcm", age=20.0 + 1e6))
    fresh = np.linalg.solve(made.bank.dense() + np.diag(made.d), b)
    made.advance(1e6)
    np.testing.assert_array_equal(solve(made, b, 0), solve(aged, b, 0))
    assert np.abs(np.linalg.solve(made.bank.dense() + np.diag(made.d), b) - fresh).max() > 1e-3


# --- matrices larger than a tile


@pytest.mark.parametrize("kind", ["spd", "flipped", "flipped, long"])
@pytest.mark.parametrize("tile", [32, 16, 11, 8, 5])
def test_partition_is_the_inverse(kind, tile):
    """In 1 to 4 and more tiles; with ideal parts the recursion is block elimination, exactly."""
    M = {"spd": spd(32), "flipped": flipped(20, 12), "flipped, long": flipped(9, 23)}[kind]
    made, b = anything(M, design(tile=tile)), np.random.default_rng(1).normal(size=32)
    assert isinstance(made, Feedback if tile == 32 else Partition)
    np.testing.assert_allclose(solve(made, b), np.linalg.solve(M, b), rtol=1e-7, atol=1e-8)
    for part in made.parts():
        assert not isinstance(part, Feedback) or part.d.size <= tile


def test_partition_starts_with_the_leading_diagonal_block():
    """It needs no circuit: digital divisions, and the Schur complement on arrays."""
    M = flipped(20, 12)
    assert leading_diagonal(split(M)[0]) == 20
    made = anything(M, design(tile=16))
    assert isinstance(made.first, Divide) and isinstance(made.second, Feedback)
    np.testing.assert_allclose(
        made.second.bank.dense() + np.diag(made.second.d),
        M[20:, 20:] - M[20:, :20] @ np.diag(1 / M.diagonal()[:20]) @ M[:20, 20:],
        atol=1e-9,
    )


@pytest.mark.parametrize(
    "entries, expected", [([], 0), ([(0, 7)], 7), ([(5, 2), (7, 6)], 5), ([(0, 1)], 0), ([(2, 1)], 2)]
)
def test_leading_diagonal(entries, expected):
    """The order of the largest leading block without an entry; a quarter of the matrix at least."""
    off = np.zeros((8, 8))
    for place in entries:
        off[place] = 1.0
    assert leading_diagonal(off) == expected


@pytest.mark.parametrize("kind", ["spd", "flipped"])
def test_partition_follows_a_new_matrix(kind):
    """Every part of it: the circuits, and the coupling blocks between them."""
    make = {"spd": lambda seed: spd(24, seed), "flipped": lambda seed: flipped(14, 10, seed)}[kind]
    made, b = anything(make(0), design(tile=7)), np.random.default_rng(1).normal(size=24)
    for M in (make(1), make(1) + np.diag(np.linspace(0, 1, 24)), 3.0 * make(1)):
        made.update(*split(M))
        np.testing.assert_allclose(solve(made, b), np.linalg.solve(M, b), rtol=1e-7, atol=1e-8)


def test_a_new_diagonal_of_a_partition_writes_the_schur_complement_only():
    M = flipped(20, 12)
    made = anything(M, design(tile=12))
    written, banks = made.ledger["programming"].pulses, (made.upper, made.lower)
    made.update(split(M)[0], 2 * M.diagonal())
    assert (made.upper, made.lower) == banks
    assert made.ledger["programming"].pulses - written == 2 * 12 * 12


def test_divisions_become_circuits_when_entries_appear():
    made, b = anything(np.diag(np.arange(1.0, 13.0)) + np.eye(12, k=11), design(tile=6)), np.ones(12)
    M = spd(12)
    made.update(*split(M))
    np.testing.assert_allclose(solve(made, b), np.linalg.solve(M, b), rtol=1e-7)


def test_a_diagonal_matrix_is_divided():
    made = anything(np.diag([2.0, 4.0]), design())
    assert isinstance(made, Divide) and made.parts() == []
    np.testing.assert_array_equal(solve(made, np.array([1.0, 1.0])), [0.5, 0.25])
    assert made.ledger["solve"].flops == 2


# --- accounting


def test_what_a_solve_counts():
    """Amplifiers and cells are on while the circuit settles; all conductances dissipate G v^2, dedicated ones too."""
    M = spd(6)
    made, b = circuit(M, design(dac_bits=8, adc_bits=8)), np.linspace(-1, 1, 6)
    got = solve(made, b)
    tally, volts = made.ledger["solve"], 0.2 * made.amplitude
    assert (tally.inversions, tally.rounds, tally.dac, tally.adc) == (1, 1, 6, 6)
    assert tally.analog_seconds == made.seconds
    assert tally.amp_seconds == pytest.approx(12 * made.seconds)
    currents = sum(side[0].sum(axis=0) for side in made.bank.slices[0].sides) + made.unit * made.d
    inputs = np.rint(b * 127) / 127
    power = volts**2 * (currents @ got**2 + made.unit * inputs @ inputs)
    assert tally.array_joules == pytest.approx(made.seconds * power, rel=1e-9)


def test_what_further_slices_take():
    """The second slice holds smaller numbers at more siemens for a unit, so that it is driven with that much less."""
    M = spd(6)
    made = circuit(M, design(Generic(sigma=0.05), slices=2))
    got = solve(made, np.ones(6))
    first, second = made.bank.slices
    part = float((first.scale / second.scale).item())
    assert part < 0.5
    loads = [sum(side[0].sum(axis=0) for side in made_slice.sides) for made_slice in (first, second)]
    currents = loads[0] + part**2 * loads[1] + made.unit * made.d
    tally, volts = made.ledger["solve"], 0.2 * made.amplitude
    power = volts**2 * (currents @ got**2 + made.unit * 6)
    assert tally.array_joules == pytest.approx(made.seconds * power, rel=1e-9)
    assert tally.amp_seconds == pytest.approx(2 * 2 * 6 * made.seconds)
