"""Banks of arrays: products against the matrix, errors against their closed forms and against CrossSim."""

from __future__ import annotations

import dataclasses
import json
from pathlib import Path

import numpy as np
import pytest
import scipy.sparse as sp
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.stats import norm

from admmopt.backend_api import BackendError
from admmopt_crossbar.array import Bank, check_bank, count_arrays, cut
from admmopt_crossbar.backend import Crossbar
from admmopt_crossbar.device import Device, Generic
from admmopt_crossbar.faults import Stuck
from admmopt_crossbar.ledger import Ledger
from admmopt_crossbar.nodal import effective_exact
from admmopt_crossbar.presets import preset

FIXTURES = Path(__file__).parent / "fixtures"
IDEAL = Device("ideal", 1e-6, 20e-6)
few = settings(max_examples=60, deadline=None, derandomize=True)


def design(device=IDEAL, **options):
    return Crossbar(device, **{"slices": 1, "dac_bits": None, "adc_bits": None, **options})


def bank(matrix, made=None, seed=0, identity=0):
    return Bank(matrix, made or design(), np.random.default_rng(seed), Ledger(), identity)


def reads(seed=9):
    return np.random.default_rng(seed)


def frozen(name):
    return json.loads((FIXTURES / f"crosssim_{name}.json").read_text())["cases"]


def relative(got, expected):
    return np.linalg.norm(got - expected) / np.linalg.norm(expected)


# --- tiles


@few
@given(st.integers(1, 40), st.integers(1, 40), st.integers(2, 17), st.floats(0, 1), st.integers(0, 99))
def test_ideal_products_are_the_matrix_products(rows, columns, tile, density, seed):
    """Whatever the tiles cut off at the edges and leave out, in both directions, dense or sparse."""
    rng = np.random.default_rng(seed)
    A = rng.normal(size=(rows, columns)) * (rng.random((rows, columns)) < density)
    x, y = rng.normal(size=columns), rng.normal(size=rows)
    for matrix in (A, sp.csr_array(A)):
        made = bank(matrix, design(tile=tile))
        np.testing.assert_allclose(made.product(x, reads(), "p"), A @ x, atol=1e-12)
        np.testing.assert_allclose(made.product(y, reads(), "p", transposed=True), A.T @ y, atol=1e-12)
        np.testing.assert_allclose(made.dense(), A, atol=1e-14)


@pytest.mark.parametrize("mapping, arrays", [("pair", 2), ("offset", 1)])
def test_tiles_without_entries_are_left_out(mapping, arrays):
    A = np.zeros((20, 13))
    A[0, 0] = A[9, 12] = A[19, 7] = 1.0  # in tiles of 8: block rows 0, 1, 2, block columns 0, 1, 0
    made = bank(A, design(tile=8, slices=3, mapping=mapping))
    assert made.values.shape == (3, 8, 8)
    assert sorted(zip(made.rows.tolist(), made.columns.tolist(), strict=True)) == [(0, 0), (1, 1), (2, 0)]
    assert made.arrays == count_arrays(A, design(tile=8, slices=3, mapping=mapping)) == 3 * 3 * arrays
    np.testing.assert_allclose(made.dense(), A, atol=1e-15)


def test_cells_outside_the_matrix_are_not_there():
    """A tile that reaches over the edge has open cells there: no noise, no current, no pulses."""
    made = bank(np.ones((10, 9)), design(Generic(g_min=5e-6, sigma=0.01), tile=8))
    assert made.cells.sum() == 90
    assert made.ledger["programming"].pulses == 2 * 90
    for side in made.slices[0].sides:
        assert (side[~made.cells] == 0).all() and (side[made.cells] > 0).all()
    for mapping in ("pair", "offset"):
        made = bank(np.ones((10, 9)), design(Device("noisy", 5e-6, 20e-6, read=0.1), tile=8, mapping=mapping))
        assert not made.noise[0][~made.cells].any() and made.noise[0][made.cells].all()
        assert not made.decoded[0][~made.cells].any()
    full = bank(np.ones((10, 9)), design(tile=8, stuck=Stuck(0.0, 0.5)))
    assert not any(side[~full.cells].any() for side in full.slices[0].sides)


def test_a_matrix_of_zeros_needs_no_array():
    made = bank(np.zeros((6, 5)))
    assert made.arrays == 0
    np.testing.assert_array_equal(made.product(np.ones(5), reads(), "p"), np.zeros(6))
    np.testing.assert_array_equal(made.dense(), np.zeros((6, 5)))
    assert made.ledger["programming"].pulses == 0


def test_cut_adds_what_is_stored_twice():
    twice = sp.coo_array(([1.0, 2.0], ([3, 3], [4, 4])), shape=(5, 6))
    values, rows, columns = cut(twice, 4)
    assert values.sum() == 3.0 and (rows[0], columns[0]) == (0, 1)


def test_the_bank_is_limited():
    A = np.ones((20, 20))
    check_bank(36, design(tile=8, slices=2, bank=36))
    bank(A, design(tile=8, slices=2, bank=36))
    sentence = r"needs 36 arrays of 8 x 8 cells \(2 slices, mapping 'pair'\), and the declared bank has 35\."
    with pytest.raises(BackendError, match=sentence):
        bank(A, design(tile=8, slices=2, bank=35))


# --- converters around the arrays


def test_every_tile_is_converted_for_itself():
    """Partial sums are added after their converters: each is wrong by half a code of its own tile at most."""
    rng = np.random.default_rng(3)
    A, x = rng.normal(size=(24, 30)), rng.normal(size=30)
    made = bank(A, design(tile=8, adc_bits=6))
    allowed = np.zeros((3, 8))
    for i in range(3):
        for j in range(4):
            part = A[8 * i : 8 * i + 8, 8 * j : 8 * j + 8] @ x[8 * j : 8 * j + 8]
            allowed[i] += 0.5 / 31 * np.abs(part).max()
    error = np.abs(made.product(x, reads(), "p") - A @ x)
    assert (error <= allowed.ravel() * (1 + 1e-9)).all()
    assert error.max() > 0.3 * allowed.max()


def test_inputs_are_converted_once():
    rng = np.random.default_rng(3)
    A, x = rng.normal(size=(9, 30)), rng.normal(size=30)
    peak = np.abs(x).max()
    expected = A @ (np.rint(x / peak * 7) / 7 * peak)
    np.testing.assert_allclose(bank(A, design(tile=8, dac_bits=4)).product(x, reads(), "p"), expected, atol=1e-12)


@pytest.mark.parametrize("mapping", ["pair", "offset"])
def test_what_is_outside_the_matrix_takes_no_part_of_a_range(mapping):
    """Driven from the other side, columns beyond the edge are no outputs: half a code of the largest that is one."""
    rng = np.random.default_rng(3)
    A, y = rng.normal(size=(12, 9)), np.ones(12)
    error = bank(A, design(tile=12, mapping=mapping, adc_bits=8)).product(y, reads(), "p", transposed=True) - A.T @ y
    assert np.abs(error).max() <= 0.5 / 127 * np.abs(A.T @ y).max() * (1 + 1e-9)
    made = bank(np.hstack([A, A]), design(tile=12, mapping=mapping, adc_bits=8))  # tiles of 12 and of 6 columns
    halves = np.abs(np.hstack([A, A])[:, :12].T @ y).max() + np.abs(np.hstack([A, A])[:, 12:].T @ y).max()
    error = made.product(y, reads(), "p", transposed=True) - np.hstack([A, A]).T @ y
    assert np.abs(error).max() <= 0.5 / 127 * halves


@pytest.mark.parametrize("adc_range", ["calibrated", "fixed"])
def test_ranges_that_do_not_follow_the_vector(adc_range):
    """Whole codes of one full scale: n max|A| fixed, or 4 standard deviations of the output that varies most."""
    rng = np.random.default_rng(4)
    A, x = rng.normal(size=(16, 12)), rng.uniform(-1, 1, 12)
    x[0] = 1.0
    made = bank(A, design(adc_bits=8, adc_range=adc_range))
    got = made.product(x, reads(), "p")
    if adc_range == "fixed":
        full_scale = 12 * np.abs(A).max()
    else:
        full_scale = float(made.calibrated[False][0, 0, 0])  # inputs uniform on [-1, 1]: variance 1/3
        assert full_scale == pytest.approx(4 * np.sqrt((A**2).sum(axis=1).max() / 3), rel=0.3)
    np.testing.assert_allclose(got, np.clip(np.rint(A @ x / full_scale * 127), -127, 127) * full_scale / 127)


@pytest.mark.parametrize("shape", [(64, 4), (4, 64)])
def test_a_calibrated_range_is_that_of_the_direction_of_the_product(shape):
    """4 standard deviations of outputs that are sums over 64 or over 4 entries: next to nothing clips in either."""
    rng = np.random.default_rng(3)
    A = rng.normal(size=shape)
    made = bank(A, design(adc_bits=12, adc_range="calibrated"))
    for transposed, M in ((False, A), (True, A.T)):
        assert made.calibrated[transposed].item() == pytest.approx(4 * np.sqrt((M**2).sum(axis=1).max() / 3), rel=0.4)
        x = rng.uniform(-1, 1, (50, M.shape[1]))
        wrong = [np.abs(made.product(v, reads(), "p", transposed=transposed) - M @ v).max() for v in x]
        assert np.median(wrong) <= made.calibrated[transposed].item() / 2047


@pytest.mark.parametrize("mapping", ["pair", "offset"])
def test_a_fixed_range_is_the_largest_output_there_can_be(mapping):
    A = np.ones((3, 8))
    made = bank(A, design(mapping=mapping, adc_bits=4, adc_range="fixed"))
    np.testing.assert_allclose(made.product(np.ones(8), reads(), "p"), 8.0)
    less = made.product(np.full(8, 1.0) - 2.0 * (np.arange(8) < 1), reads(), "p")  # 6, in codes of 8 / 7
    np.testing.assert_allclose(less, np.rint(6 * 7 / 8) * 8 / 7)


@pytest.mark.parametrize("case, limit", [("adc_max", 48.0), ("adc_calibrated_8", 8.0)])
def test_crosssim_converters(case, limit):
    """Through a bank. A last input at full scale that drives no cell makes our dynamic DAC range theirs, [-1, 1]."""
    stored = frozen("converters")[case]
    rng = np.random.default_rng(20240601)
    A, X = rng.uniform(-1, 1, (64, 48)), rng.uniform(-1, 1, (4, 48))
    device = Device("theirs", 1e-4, 1e-3)
    made = bank(np.hstack([A, np.zeros((64, 1))]), design(device, dac_bits=8, adc_bits=8, adc_range="calibrated"))
    made.calibrated = {False: limit * np.abs(A).max() / 0.9}  # what they take
    got = [made.product(np.append(x, 1.0), reads(), "p") for x in X]
    np.testing.assert_allclose(got, stored["y"], rtol=1e-9)


# --- errors of cells


class Independent(Device):
    """Reads that are wrong by the same amount whatever the conductance."""

    def read_spread(self, g, t):
        return np.full(np.shape(g), 0.01 * self.g_max)


THEIRS = {
    "programming_rram_milo": preset("rram-milo"),
    "programming_normal_independent_2pct": Generic("independent", 1e-4, 1e-3, sigma=0.02 / 0.9),
    "programming_normal_proportional_5pct": Generic("prop", 1e-4, 1e-3, sigma=0.05, scaling="proportional"),
    "read_normal_independent_1pct": Independent("reads", 1e-4, 1e-3),
    "read_normal_proportional_1pct": Device("reads", 1e-4, 1e-3, read=0.01),
}


@pytest.mark.parametrize("case", THEIRS)
def test_crosssim_statistics(case):
    """Mean and standard deviation of every output's error, ours over 300 programmings (or reads), theirs over 1000.

    Three standard errors of the difference, two-sided, shared among the 512 comparisons (Bonferroni): 4.6 each. All
    standard deviations together are within 3 standard errors too: in one programming the errors of 64 outputs are
    independent, those of its 4 inputs are counted as one.
    """
    stored, trials = frozen("noise")[case], 300
    assert stored["trials"] == 1000
    rng = np.random.default_rng(20240601)
    A, X = rng.uniform(-1, 1, (64, 48)), rng.uniform(-1, 1, (4, 48))
    made, rng = design(THEIRS[case], tile=64), np.random.default_rng(1)
    held, errors = Bank(A, made, rng, Ledger()), np.empty((trials, 4, 64))
    for trial in range(trials):
        if case.startswith("programming"):
            held = Bank(A, made, rng, Ledger())
        errors[trial] = [held.product(x, rng, "p") - A @ x for x in X]
    mean, std = np.array(stored["error_mean"]), np.array(stored["error_std"])
    ours = errors.std(axis=0, ddof=1)
    limit = norm.isf(norm.sf(3.0) / 512)
    assert limit < 4.7
    squares = ours**2 / trials + std**2 / 1000
    assert (np.abs(errors.mean(axis=0) - mean) < limit * np.sqrt(squares)).all()
    assert (np.abs(ours - std) < limit * np.sqrt(squares / 2)).all()
    together = 3 * np.sqrt((1 / trials + 1 / 1000) / 2 / 64)
    assert abs(np.log(ours / std).mean()) < together < 0.02


@pytest.mark.parametrize("sigma", [0.002, 0.02])
@pytest.mark.parametrize("draw", [lambda rng: rng.normal(size=(96, 64)), lambda rng: rng.uniform(-1, 1, (96, 64)) ** 3])
def test_closed_form_of_the_static_error(sigma, draw):
    """sqrt(2) sigma_G / (Gmax - Gmin) max|A| / rms(A), to the sampling error of 96 x 64 cells."""
    A = draw(np.random.default_rng(5))
    device = Generic("far from zero", 10e-6, 30e-6, sigma=sigma)
    expected = np.sqrt(2) * sigma * np.abs(A).max() / np.sqrt((A**2).mean())
    assert relative(bank(A, design(device)).dense(), A) == pytest.approx(expected, rel=4 / np.sqrt(2 * A.size))


def test_reads_have_the_variance_of_their_cells():
    """In both directions: sum over the inputs of (x / s)^2 (read g)^2 for either cell of the pair; every read anew."""
    rng = np.random.default_rng(6)
    A, x, y = rng.normal(size=(7, 5)), rng.normal(size=5), rng.normal(size=7)
    made = bank(A, design(Generic("noisy", 2e-6, 20e-6, sigma=0.05, read=0.02)))
    scale = float(made.slices[0].scale[0, 0, 0])
    variance = (0.02 / scale) ** 2 * sum(side[0] ** 2 for side in made.slices[0].sides)
    count = 4000
    for vector, transposed, expected in ((x, False, variance @ x**2), (y, True, variance.T @ y**2)):
        got = np.array([made.product(vector, rng, "p", transposed) for _ in range(count)])
        held = made.dense().T if transposed else made.dense()
        np.testing.assert_allclose(got.var(axis=0), expected, rtol=4 * np.sqrt(2 / count))
        assert (np.abs(got.mean(axis=0) - held @ vector) < 4.5 * np.sqrt(expected / count)).all()


def test_the_seed_decides():
    A, noisy = np.random.default_rng(7).normal(size=(20, 20)), design(Generic(sigma=0.05, read=0.05), tile=8, slices=2)
    x = np.ones(20)
    one, same, other = bank(A, noisy, 1), bank(A, noisy, 1), bank(A, noisy, 2)
    np.testing.assert_array_equal(one.dense(), same.dense())
    np.testing.assert_array_equal(one.product(x, reads(1), "p"), same.product(x, reads(1), "p"))
    assert not np.array_equal(one.dense(), other.dense())
    assert not np.array_equal(one.product(x, reads(1), "p"), one.product(x, reads(2), "p"))


def test_offset_shares_the_errors_of_its_reference():
    """Half the signal, so twice the error of a cell; the reference output adds its own to all others alike."""
    A = np.random.default_rng(8).normal(size=(200, 50))
    made = bank(A, design(Generic("g", 10e-6, 30e-6, sigma=0.01), tile=256, mapping="offset"))
    error, cell = made.dense() - A, 2 * 0.01 * np.abs(A).max()
    assert error.std() == pytest.approx(np.sqrt(2) * cell, rel=0.1)
    assert error.mean(axis=0).std() == pytest.approx(cell * np.sqrt(1 + 1 / 200), rel=0.25)
    single = bank(A, design(Generic("g", 10e-6, 30e-6, sigma=0.01), tile=256))
    assert (single.dense() - A).mean(axis=0).std() < 0.3 * cell


def test_offset_shares_the_read_noise_of_its_reference():
    """Over many reads: outputs with the same input are correlated by half, variances as by hand, either way round."""
    device, A, x = Generic("g", 10e-6, 30e-6, sigma=0.0, read=0.01), np.zeros((3, 4)), np.array([1.0, 0.5, -0.5, 0.2])
    A[0, 0] = A[1, 1] = 1e-9  # all cells at the middle of the range, as the reference is
    A[2, 3] = 1.0
    made, rng = bank(A, design(device, tile=8, mapping="offset")), reads(3)
    scale = 0.5 * 20e-6
    seen = np.array([made.product(x, rng, "p") for _ in range(4000)])[:, :2]
    one = (0.01 * 20e-6 / scale) ** 2 * (x**2).sum()
    np.testing.assert_allclose(np.cov(seen.T), one * np.array([[2.0, 1.0], [1.0, 2.0]]), rtol=0.15)
    y = np.array([1.0, 1.0, 0.5])
    back = np.array([made.product(y, rng, "p", transposed=True)[0] for _ in range(4000)])
    assert back.var() == pytest.approx((0.01 * 20e-6 / scale) ** 2 * ((y**2).sum() + y.sum() ** 2), rel=0.15)


# --- wires


def test_crosssim_wires():
    """A signed pair on wires of 1 ohm; they hold the pair in single precision (3e-8)."""
    rng = np.random.default_rng(20240602)
    rng.uniform(1e-4, 1e-3, (24, 16))
    A, X = rng.uniform(-1, 1, (24, 16)), rng.uniform(-1, 1, (4, 16))
    made = bank(A, design(Device("theirs", 1e-4, 1e-3), r_wire=1.0))
    got = np.array([made.product(x, reads(), "p") for x in X])
    expected = np.array(frozen("wires")["equal_1_ohm"]["pair_y"])
    assert relative(got, expected) < 1e-7
    assert relative(X @ A.T, expected) > 0.05  # and wires do matter here


def test_driven_from_the_other_side_an_array_is_the_transposed_one():
    """Reciprocity: outputs driven and inputs read, as nodal analysis of that circuit has it, tile by tile."""
    rng = np.random.default_rng(9)
    A, y = rng.normal(size=(12, 10)), rng.normal(size=12)
    made = bank(A, design(Generic(sigma=0.03), tile=6, r_wire=20.0))
    expected = np.zeros(12)  # padded to whole tiles
    for t, (i, j) in enumerate(zip(made.rows, made.columns, strict=True)):
        turned = [effective_exact(side[t].T[::-1, ::-1], 20.0, 20.0)[::-1, ::-1] for side in made.slices[0].sides]
        expected[6 * j : 6 * j + 6] += (turned[0] - turned[1]) / made.slices[0].scale[t] @ y[6 * i : 6 * i + 6]
    got = made.product(y, reads(), "p", transposed=True)
    np.testing.assert_allclose(got, expected[:10], rtol=1e-9)
    np.testing.assert_allclose(got, made.dense().T @ y, rtol=1e-9)
    assert relative(got, A.T @ y) > 0.01


# --- slices


@pytest.mark.parametrize(
    "sigma, table", [(0.01, [8e-2, 5e-3, 3e-4]), (0.024, [0.18, 0.03, 5e-3]), (0.05, [0.37, 0.13, 0.05])]
)
def test_residual_slices_gain_what_one_cell_is_accurate_to(sigma, table):
    """Every slice leaves sqrt(2) sigma times the largest number that it holds, to the sampling error of its cells; in
    all the errors are those of the table of the design notes (one draw of its own) within a factor of 2.5.
    """
    A = np.random.default_rng(10).normal(size=(128, 128))
    made = bank(A, design(Generic("g", 5e-6, 25e-6, sigma=sigma), slices=4))
    rest = A[None] - np.concatenate([np.zeros((1, 128, 128)), np.cumsum(made.decoded[:, 0], axis=0)])
    left = np.sqrt((rest[1:] ** 2).mean(axis=(1, 2)))
    largest = np.abs(rest[:-1]).max(axis=(1, 2))
    np.testing.assert_allclose(left, np.sqrt(2) * sigma * largest, rtol=4 / np.sqrt(2 * A.size))
    gained = left[:3] / np.sqrt((A**2).mean()) / table
    assert (gained > 0.4).all() and (gained < 2.5).all()


@pytest.mark.parametrize("mapping, gain", [("pair", 0.1), ("offset", 0.2)])
@pytest.mark.parametrize("tile", [20, 16])
def test_residual_slices_of_every_mapping_and_of_tiles_that_reach_over_the_edge(mapping, gain, tile):
    A, device = np.random.default_rng(11).normal(size=(20, 20)), Generic("g", 5e-6, 25e-6, sigma=0.01)
    errors = [relative(bank(A, design(device, slices=k, tile=tile, mapping=mapping)).dense(), A) for k in (1, 2, 3)]
    assert errors[1] < gain * errors[0] and errors[2] < gain * errors[1]


def test_residual_slices_take_back_what_wires_lose():
    A = np.random.default_rng(11).normal(size=(24, 24))
    errors = [relative(bank(A, design(r_wire=20.0, slices=k)).dense(), A) for k in (1, 2, 3)]
    assert errors[0] > 0.02 and errors[1] < 0.1 * errors[0] and errors[2] < 0.1 * errors[1]


def test_bit_slices_are_exact_digits():
    """8 levels, three of them: 512, and nothing is lost but what is beyond the last digit."""
    A = np.random.default_rng(12).normal(size=(20, 16))
    made = bank(A, design(Device("8 levels", 1e-6, 20e-6, levels=8), tile=8, slices=3, slicing="bits"))
    peak = np.abs(made.values).max(axis=(1, 2), keepdims=True)
    for k in range(3):
        digit = made.decoded[k] / (8 ** (2 - k) * peak / 511)
        np.testing.assert_allclose(digit, np.rint(digit), atol=1e-9)
        assert np.abs(digit).max() == pytest.approx(7)
    assert (np.abs(made.decoded.sum(axis=0) - made.values) <= 0.5 * peak / 511 * (1 + 1e-9)).all()
    one = bank(A, design(Device("8 levels", 1e-6, 20e-6, levels=8), tile=8))
    assert relative(made.dense(), A) < 0.03 * relative(one.dense(), A)


def test_bit_slices_add_levels_but_no_accuracy():
    A = np.random.default_rng(13).normal(size=(64, 64))
    device = Generic("8 levels", 5e-6, 25e-6, sigma=0.02, levels=8)
    errors = [relative(bank(A, design(device, slices=k, slicing="bits")).dense(), A) for k in (2, 4)]
    one = np.sqrt(2) * 0.02 * np.abs(A).max() / np.sqrt((A**2).mean())
    first = [7 / 8 / (1 - 8.0**-k) for k in (2, 4)]  # full scale of the first digit, over max|A|; the second adds 1/8
    assert errors == pytest.approx([one * share * np.hypot(1, 1 / 8) for share in first], rel=4 / np.sqrt(2 * A.size))


# --- time


@dataclasses.dataclass(frozen=True)
class Alike(Device):
    """Cells that all drift with one exponent."""

    def draw_drift(self, target, rng):
        return np.full(np.shape(target), 0.05)


def test_drift_that_all_cells_share_is_calibrated_away():
    """So is what it does to the spread of a read; without calibration a third would be gone after an hour."""
    A = np.random.default_rng(14).normal(size=(20, 20))
    fresh, aged = (bank(A, design(Alike("d", 1e-6, 20e-6, read=0.01), tile=8, age=age)) for age in (0.0, 3600.0))
    assert 3600.0**-0.05 < 0.67
    assert aged.seconds == 3600.0
    np.testing.assert_allclose(aged.dense(), fresh.dense(), rtol=1e-10, atol=1e-12)
    np.testing.assert_allclose(aged.noise, fresh.noise, rtol=1e-10)
    assert aged.row_load.sum() == pytest.approx(3600.0**-0.05 * fresh.row_load.sum())  # the currents do get smaller


def test_one_gain_for_each_tile_and_no_more():
    """Phase-change cells after a month: the conductances that drifted, times one factor a tile, the best one for
    the calibration product in the sense of least squares.
    """
    A, month = np.random.default_rng(15).normal(size=(20, 20)), 2.6e6
    made = bank(A, design("pcm", tile=8, age=month))
    part = made.slices[0]
    now = [side * (month / 20.0) ** -nu for side, nu in zip(part.sides, part.drift, strict=True)]
    plain, fresh = (now[0] - now[1]) / part.scale, (part.sides[0] - part.sides[1]) / part.scale
    gain = made.decoded[0].sum(axis=(1, 2)) / plain.sum(axis=(1, 2))
    np.testing.assert_allclose(made.decoded[0], gain[:, None, None] * plain, rtol=1e-10, atol=1e-14)
    assert ((gain > 1.3) & (gain < 2.5)).all()
    error, without = (np.linalg.norm(block - fresh, axis=(1, 2)) for block in (made.decoded[0], plain))
    assert (error < 0.6 * without).all()
    drive = np.cos(np.arange(8.0))
    for t in range(len(gain)):
        best = np.linalg.lstsq((plain[t] @ drive)[:, None], fresh[t] @ drive, rcond=None)[0]
        assert gain[t] == pytest.approx(best[0], rel=1e-9)


def test_drift_is_followed_when_the_clock_has_moved_enough():
    A = np.random.default_rng(16).normal(size=(8, 8))
    made, later = bank(A, design("pcm", age=1000.0)), bank(A, design("pcm", age=1500.0))
    before = made.dense()
    assert not made.advance(10.0)
    np.testing.assert_array_equal(made.dense(), before)
    assert made.advance(500.0)
    np.testing.assert_allclose(made.dense(), later.dense())
    assert not bank(A).advance(1e9)  # a device that does not drift


# --- stuck cells


def test_stuck_cells_stay_where_they_are():
    """Written again the same cells are stuck, in another array others; with what they do to the numbers."""
    A, stuck = np.random.default_rng(17).uniform(0.1, 0.9, (40, 40)), design(tile=16, stuck=Stuck(0.05, 0.05))
    wrong = [np.abs(bank(M, stuck, seed, k).dense() - M) > 1e-12 for M, seed, k in ((A, 0, 3), (A**2, 1, 3), (A, 0, 4))]
    # in the negative array a cell that is stuck low is no error, as all its cells are low
    assert wrong[0].mean() == pytest.approx(1 - (1 - 0.10) * (1 - 0.05), abs=4 * np.sqrt(0.15 * 0.85 / 1600))
    np.testing.assert_array_equal(wrong[0], wrong[1])
    assert (wrong[0] != wrong[2]).any()


@pytest.mark.parametrize("stuck, expected", [(Stuck(1.0, 0.0), 0.0), (Stuck(0.0, 1.0), 0.0)])
def test_all_cells_stuck(stuck, expected):
    np.testing.assert_allclose(bank(np.ones((4, 4)), design(stuck=stuck)).dense(), expected, atol=1e-12)


def test_a_second_slice_with_nothing_to_hold_does_no_harm():
    """Entries that one slice holds exactly, and a stuck cell in the second: it must not become an entry of size one."""
    A = 1e-3 * np.random.default_rng(0).choice([-1.0, 0.0, 1.0], (64, 64))
    made = bank(A, design(Device("open", 0.0, 20e-6), tile=8, slices=2, stuck=Stuck(0.002, 0.002)))
    assert np.abs(made.dense() - A).max() < 2e-3


# --- accounting


@pytest.mark.parametrize("transposed", [False, True])
def test_what_a_product_counts(transposed):
    """The energy of the cells is v^2 t sum G x^2; a dynamic range takes a ranging step first."""
    A = np.random.default_rng(18).normal(size=(20, 12))
    made = bank(A, design(tile=8, dac_bits=8, adc_bits=8, slices=2))
    x = np.full(20 if transposed else 12, 3.0)
    made.product(x, reads(), "here", transposed)
    tally, circuit = made.ledger["here"], made.design.circuit
    cells = sum(float(side.sum()) for part in made.slices for side in part.sides)
    assert tally.products == 1 and tally.rounds == 2
    assert tally.adc == 2 * 6 * 8 and tally.dac == 6 * 8
    assert tally.analog_seconds == pytest.approx(2 * circuit.read_seconds)
    assert tally.array_joules == pytest.approx(2 * circuit.read_seconds * circuit.v_read**2 * cells)
