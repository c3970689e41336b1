"""Devices of the crossbar: each law at values worked out by hand, samples against laws, and against aihwkit."""

from __future__ import annotations

import dataclasses
import importlib.util
import json
import math
from pathlib import Path

import numpy as np
import pytest

from admmopt.backend_api import BackendError
from admmopt_crossbar.aging import DAY
from admmopt_crossbar.device import Device, Generic
from admmopt_crossbar.faults import Stuck
from admmopt_crossbar.laws import Polynomial, Pulsed
from admmopt_crossbar.presets import names, preset
from admmopt_crossbar.table import Table
from admmopt_crossbar.verify import WriteVerify

FIXTURES = Path(__file__).parent / "fixtures"
US = 1e-6
N = 40_000


class Proportional(Device):
    """As the docstring of device.py tells a user to write it."""

    def spread(self, target):
        return 0.01 * target


@dataclasses.dataclass(frozen=True)
class Skewed(Device):
    """A user's device with a field, which is always too low."""

    low: float = 0.1

    def errors(self, target, rng):
        return -self.low * target


def agree(sample, mean, std, within=4.0):
    """Mean and standard deviation of Gaussian samples, in standard errors."""
    n = sample.size
    assert abs(sample.mean() - mean) <= within * std / math.sqrt(n) + 1e-15 * abs(mean)
    assert abs(sample.std(ddof=1) - std) <= within * std / math.sqrt(2 * n) + 1e-15 * abs(mean)


# The laws, by hand


@pytest.mark.parametrize(
    ("name", "g", "spread"),
    [
        ("pcm", 1, 0.34020304),  # 0.26348 + 0.0786 - 0.00187696
        ("pcm", 12.5, 0.952705),  # 0.26348 + 0.9825 - 0.293275
        ("pcm", 25, 1.05538),
        ("pcm-joshi", 1, 0.36045556),
        ("pcm-joshi", 12.5, 0.9552780525),
        ("pcm-joshi", 25, 1.06552324),
        ("rram-milo", 50, 4.326971),  # 4.782321 - 0.45535
        ("rram-milo", 225, 2.733246),
        ("rram-wan", 10, 2.4136),  # 0.1536 - 1.167 + 2.374 + 1.053
        ("rram-wan", 20, 2.3618),
        ("rram-wan-aihwkit", 20, 2.0229375),
        ("rram-wan-aihwkit", 40, 1.103),
        ("rram-cmo", 50, 0.7078660801),  # hypot(0.5757322481, 0.41183342)
        ("sonos", 1, 0.08608461099),  # 19.88665 nA (1 - exp(-100 / 176.3115)) at 0.1 V
        ("sonos", 16, 0.1988437278),
        ("generic", 5, 0.38),  # 2 % of 19 uS
        ("taox", 10, 34.5 / 42),
        ("taox-hfox", 5, 0.333),  # 3.7 % of 9 uS
        ("epiram", 5, 0.2419949636),  # 2 % of 12.09974818 uS
        ("alox-hfo2", 30, 2.29075),  # 5 % of 45.815 uS
        ("ag-asi", 0.02, 0.001238461538),  # 3.5 % of 35.38461538 nS
        ("ideal", 5, 0.0),
    ],
)
def test_spread_at_known_conductances(name, g, spread):
    assert preset(name).spread(np.array([g * US]))[0] == pytest.approx(spread * US, rel=1e-9)


@pytest.mark.parametrize("name", names())
def test_programmed_cells_have_the_spread_that_is_promised(name):
    device = preset(name)
    target = device.quantize(np.full((2, N // 2), device.g_min + 0.7 * device.range))
    programmed = device.program(target, np.random.default_rng(1))
    assert programmed.g.shape == target.shape
    agree(programmed.g.ravel(), target[0, 0], device.spread(target[:1, :1])[0, 0])


@pytest.mark.parametrize("name", names())
def test_conductances_are_never_negative_and_spread_bounds_the_error(name):
    device = preset(name)
    target = np.full(N, device.g_min)
    g = device.program(target, np.random.default_rng(2)).g
    assert g.min() >= 0
    assert np.sqrt(np.mean((g - target) ** 2)) <= 1.02 * device.spread(target[:1])[0]


@pytest.mark.parametrize("law", ["gaussian", "uniform"])
@pytest.mark.parametrize("scaling", ["independent", "proportional"])
def test_generic_laws(law, scaling):
    device = Generic(sigma=0.1, law=law, scaling=scaling, g_min=2 * US, g_max=12 * US)
    width = {"independent": US, "proportional": 0.8 * US}[scaling]
    std = width / math.sqrt(3) if law == "uniform" else width
    errors = device.program(np.full(N, 8 * US), np.random.default_rng(3)).g - 8 * US
    assert device.spread(np.array([8 * US]))[0] == pytest.approx(std)
    agree(errors, 0.0, std)
    assert (np.abs(errors).max() <= width) == (law == "uniform")


def test_levels():
    device = Device("d", 1 * US, 8 * US, levels=8)
    np.testing.assert_allclose(device.quantize(np.array([0, 1.4, 1.6, 4.4, 7.7, 99]) * US) / US, [1, 1, 2, 4, 8, 8])
    free = Device("d", 1 * US, 8 * US)
    np.testing.assert_allclose(free.quantize(np.array([0, 1.4, 99]) * US) / US, [1, 1.4, 8])


# Drift and reading


def test_phase_change_drifts_by_a_power_of_time():
    device = preset("pcm")
    g, nu = np.array([10.0, 20.0]) * US, np.array([0.05, 0.1])
    np.testing.assert_allclose(device.drifted(g, nu, 2000.0), g * np.array([100**-0.05, 100**-0.1]))
    assert device.drifted(g, nu, 20.0) is g


def test_phase_change_drift_exponents():
    device = preset("pcm")
    for z, mean, std in ((1.0, 0.049, 0.008), (0.1, 0.0600900687, 0.0228823136)):  # clipped; by the formula
        agree(device.draw_drift(np.full(N, 25 * US * z), np.random.default_rng(4)), mean, std, within=6.0)


def test_read_noise_by_hand():
    g = np.array([25.0, 5.0, 0.05]) * US
    growth = math.sqrt(math.log((20 + 250e-9) / 500e-9))
    expected = g * np.array([0.0088, 0.02505031405, 0.2]) * growth
    np.testing.assert_allclose(preset("pcm").read_spread(g, 20.0), expected, rtol=1e-9)
    assert preset("pcm").read_spread(g, 0.0).max() == 0
    assert preset("sonos").read_spread(US, 1.0) == pytest.approx(0.0467287621508 * US)
    assert preset("rram-cmo").read_spread(50 * US, 1.0) == pytest.approx(0.170674029326 * US)
    assert dataclasses.replace(preset("rram-wan"), read=0.01).read_spread(10 * US, 1.0) == pytest.approx(0.1 * US)


@pytest.mark.parametrize("name", names())
def test_read_noise_of_the_user_comes_on_top(name):
    g = np.array([0.5 * preset(name).g_max])
    own, both = (dataclasses.replace(preset(name), read=read).read_spread(g, 100.0)[0] for read in (0.0, 0.01))
    assert both == pytest.approx(math.hypot(own, 0.01 * g[0]))
    assert float(preset(name).spread(g[0])) == preset(name).spread(g)[0]  # numbers as well as arrays


@pytest.mark.parametrize(
    ("days", "mean", "std"),
    [
        (1, [99.30061841, 775.1482871], [10.54954572, 25.1869404]),
        (5, [101.2222089, 762.137513], [13.35658603, 33.70317153]),
    ],
)
def test_sonos_by_hand(days, mean, std):
    law = preset("sonos").law(np.array([1.0, 8.0]) * US, days * DAY)
    np.testing.assert_allclose(law, np.array([mean, std]) * 1e-8, rtol=1e-8)


@pytest.mark.parametrize(("name", "t"), [("sonos", 2.5 * DAY), ("rram-wan-aihwkit", DAY), ("rram-cmo", 3600.0)])
def test_aged_cells_follow_the_law_of_their_age(name, t):
    device, rng = preset(name), np.random.default_rng(5)
    target = np.full(N, device.g_min + 0.3 * device.range)
    g = device.program(target, rng).g
    mean, std = device.law(target[:1], t)
    aged = device.drifted(g, device.draw_drift(target, rng), t)
    assert aged.mean() == pytest.approx(mean[0], rel=1e-3)
    assert aged.std() == pytest.approx(std[0], rel=0.03)  # the law is taken at g, not at the target
    assert device.drifted(g, None, t) is g


def test_nothing_is_said_of_times_after_the_data():
    device = preset("sonos")
    with pytest.raises(BackendError, match=r"nothing is known 518400 s after programming"):
        device.law(np.array([US]), 6 * DAY)


# Against aihwkit


def _aihwkit(live):
    if not live:
        return json.loads((FIXTURES / "aihwkit_noise.json").read_text())
    pytest.importorskip("aihwkit")
    spec = importlib.util.spec_from_file_location("make_aihwkit", FIXTURES / "make_aihwkit.py")
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return {"n": module.N} | module.measure()


@pytest.mark.parametrize("live", [False, True], ids=["frozen", "live"])
def test_laws_against_aihwkit(live):
    theirs = _aihwkit(live)
    pcm, n = preset("pcm"), theirs["n"]
    expected = []
    for row in theirs["pcm"]:
        g = np.array([row["g"] * US])
        if row["kind"] == "nu":
            nu = pcm.draw_drift(np.full(5 * n, g[0]), np.random.default_rng(6))
            expected.append((row, nu.mean(), nu.std()))
        elif row["kind"] == "read":
            expected.append((row, row["g"], pcm.read_spread(g, row["t"] + pcm.t0)[0] / US))
        else:
            expected.append((row, row["g"], pcm.spread(g)[0] / US))
    for key, name in (("wan", "rram-wan-aihwkit"), ("cmo", "rram-cmo")):
        for row in theirs[key]:
            mean, std = preset(name).law(np.array([row["g"] * US]), row["t"])
            expected.append((row, mean[0] / US, std[0] / US))
    assert len(expected) == 25 + 15 + 9
    for row, mean, std in expected:
        assert abs(row["mean"] - mean) < 3.3 * std / math.sqrt(n), row  # 98 comparisons
        assert abs(row["std"] - std) < 3.3 * std / math.sqrt(2 * n), row


# Writing


def test_one_pulse_a_cell_costs_its_joule_heat():
    device = Device("d", 0, 10 * US, write_voltage=2.0, write_seconds=10e-9)
    done = device.program(np.array([[1.0, 2.0], [3.0, 4.0]]) * US, np.random.default_rng(0))
    assert (done.pulses, done.joules, done.seconds) == (4, pytest.approx(4 * 10e-9 * 10 * US), pytest.approx(40e-9))


@pytest.mark.parametrize(
    ("name", "g", "joules"),
    [("taox-hfox", 5, 0.64e-12), ("epiram", 6, 750e-12), ("alox-hfo2", 36, 2.916e-9), ("ag-asi", 0.02, 61.44e-12)],
)
def test_energy_of_one_pulse(name, g, joules):
    device = preset(name)
    assert device.write_voltage**2 * device.write_seconds * g * US == pytest.approx(joules)


def test_pulses_climb_from_the_erased_state():
    device = Pulsed("p", 1 * US, 5 * US, levels=5, sigma=0.0, write_voltage=1.0, write_seconds=1e-6)
    done = device.program(np.array([1, 3, 5.0]) * US, np.random.default_rng(0))
    assert done.pulses == 0 + 2 + 4
    assert done.joules == pytest.approx((2 * (1 + 3) / 2 + 4 * (1 + 5) / 2) * US * 1e-6)
    assert done.seconds == pytest.approx(6e-6)


def test_a_target_that_is_no_number():
    with pytest.raises(BackendError, match="target conductance is not finite"):
        preset("generic").program(np.array([US, np.nan]), np.random.default_rng(0))


# Write-verify


@pytest.mark.parametrize(("tolerance", "tries"), [(0.01, 1), (0.01, 3), (0.002, 5), (0.03, 2), (0.2, 4)])
def test_write_verify_spread_and_pulses_in_closed_form(tolerance, tries):
    device = WriteVerify(Generic(sigma=0.02), tolerance, tries)
    target = np.full(10 * N, 10 * US)
    done = device.program(target, np.random.default_rng(7))
    squares = (done.g - target) ** 2
    assert abs(squares.mean() - device.spread(target[:1])[0] ** 2) < 4 * squares.std() / math.sqrt(target.size)
    r = math.erfc(tolerance / 0.02 / math.sqrt(2))  # one try fails; the mean number of tries is (1 - r^K) / (1 - r)
    assert done.pulses / target.size == pytest.approx((1 - r**tries) / (1 - r), rel=0.01)
    assert done.seconds == pytest.approx(done.pulses * 10e-9)


def test_write_verify_at_its_limits():
    base = Generic(sigma=0.02)
    g = np.array([10 * US])
    for tolerance, tries in ((1e-7, 1), (0.01, 1), (1.0, 5)):  # one try, or always accepted: the device itself
        assert WriteVerify(base, tolerance, tries).spread(g) == pytest.approx(base.spread(g), rel=1e-6)
    many = WriteVerify(base, 0.001, 2000).spread(g)  # accepted for sure: nearly uniform
    assert many == pytest.approx(0.001 * base.range / math.sqrt(3), rel=1e-3)
    assert WriteVerify(preset("ideal"), 0.01, 3).spread(g) == 0
    assert np.all(np.diff([WriteVerify(base, 0.005, k).spread(g)[0] for k in range(1, 12)]) < 0)


def test_write_verify_keeps_every_cell_in_tolerance_and_relaxes():
    target = np.full((3, 20, 500), 10 * US)
    device = WriteVerify(Generic(sigma=0.02), 0.01, 60)
    g = device.program(target, np.random.default_rng(8)).g
    assert g.shape == target.shape
    assert np.abs(g - target).max() <= 0.01 * device.range
    relaxed = dataclasses.replace(device, relaxation=0.005)
    errors = relaxed.program(target, np.random.default_rng(8)).g - target
    assert errors.std() == pytest.approx(relaxed.spread(target[:1, :1, :1])[0, 0, 0], rel=0.02)
    assert errors.std() > 1.1 * (g - target).std()


def test_write_verify_passes_on_what_it_does_not_change():
    device, base = WriteVerify(preset("pcm"), 0.01, 5), preset("pcm")
    g = np.array([5 * US])
    assert (device.t0, device.g_max, device.source) == (20.0, 25e-6, base.source)
    assert device.read_spread(g, 100.0) == base.read_spread(g, 100.0)
    nu = device.draw_drift(g, np.random.default_rng(9))
    assert device.drifted(g, nu, 1e5) == base.drifted(g, base.draw_drift(g, np.random.default_rng(9)), 1e5)


# Tables

CSV = "g_target,g_mean,g_std\n1e-6,1e-6,1e-8\n3e-6,3.1e-6,3e-8\n9e-6,8.8e-6,2e-8\n"
AGED = "t,g_target,g_mean,g_std\n1,1e-6,1e-6,1e-8\n1,9e-6,9e-6,1e-8\n100,1e-6,.8e-6,3e-8\n100,9e-6,8e-6,3e-8\n"


def test_a_table_gives_its_rows_and_lines_between_them(tmp_path):
    (tmp_path / "mine.csv").write_text(CSV)
    table = Table.from_csv(tmp_path / "mine.csv", write_voltage=1.5)
    assert (table.name, table.g_min, table.g_max, table.write_voltage) == ("mine", 1e-6, 9e-6, 1.5)
    assert table.source == str(tmp_path / "mine.csv")
    mean, std = table.law(np.array([1, 2, 3, 6, 9]) * US, 1.0)
    np.testing.assert_allclose(mean / US, [1, 2.05, 3.1, 5.95, 8.8])
    np.testing.assert_allclose(std / US, [0.01, 0.02, 0.03, 0.025, 0.02])
    assert table.spread(np.array([9 * US])) == pytest.approx(math.hypot(0.2, 0.02) * US)  # about the target
    agree(table.program(np.full(N, 6 * US), np.random.default_rng(10)).g, 5.95 * US, 0.025 * US)
    assert table.draw_drift(np.array([US]), np.random.default_rng(0)) is None


def test_a_table_of_a_law_is_that_law():
    law = preset("rram-milo")  # linear: exact between rows
    g = np.linspace(law.g_min, law.g_max, 5)
    rows = [f"{x!r},{x!r},{s!r}" for x, s in zip(g.tolist(), law.spread(g).tolist(), strict=True)]
    table = Table.from_csv("\n".join(["g_target,g_mean,g_std", *rows]))
    between = np.linspace(law.g_min, law.g_max, 97)
    np.testing.assert_allclose(table.spread(between), law.spread(between), rtol=1e-12)
    ours, theirs = (d.program(between, np.random.default_rng(11)).g for d in (table, law))
    np.testing.assert_allclose(ours, theirs, rtol=1e-12)


def test_a_table_with_times_ages_in_the_logarithm_of_time():
    table, rng = Table.from_csv(AGED), np.random.default_rng(12)
    mean, std = table.law(np.array([1, 9]) * US, 10.0)
    np.testing.assert_allclose([mean / US, std / US], [[0.9, 8.5], [0.02, 0.02]])
    target = np.full(N, 5 * US)
    aged = table.drifted(table.program(target, rng).g, table.draw_drift(target, rng), 100.0)
    assert aged.mean() == pytest.approx(4.4 * US, rel=1e-3)
    assert aged.std() == pytest.approx(0.03 * US, rel=0.03)
    with pytest.raises(BackendError, match="nothing is known 101 s after"):
        table.law(target, 101.0)


@pytest.mark.parametrize(
    ("text", "sentence"),
    [
        ("g_target,g_mean\n1e-6,1e-6\n", "the column g_std is missing; the header is g_target, g_mean"),
        (CSV.replace("g_std", "g_std,sigma"), "the column sigma is unknown"),
        ("g_target,g_mean,g_std\n1e-6,1e-6,0\n", "at least two rows, got 1"),
        ("\n", "the column g_target is missing"),
        (CSV.replace("3.1e-6", "nan"), "row 2, column g_mean: 'nan' is not a number"),
        (CSV.replace("3.1e-6", "three"), "row 2, column g_mean: 'three' is not a number"),
        (CSV.replace(",2e-8", ""), "row 3, column g_std: None is not a number"),
        (CSV.replace("2e-8", "-2e-8"), "row 3, column g_std: -2e-08 must not be negative"),
        (CSV.replace("3e-6,3.1", "1e-6,3.1"), "row 2, column g_target: 1e-06 follows 1e-06, targets must increase"),
        (CSV.replace("9e-6,", "2e-6,"), "row 3, column g_target: 2e-06 follows 3e-06"),
        (CSV.replace("9e-6,", "9,"), "conductances are in siemens"),
        (AGED.replace("100,", ".5,"), "row 3, column t: 0.5 follows 1, times must increase"),
        (AGED.replace("1,1e-6", "0,1e-6").replace("1,9e-6", "0,9e-6"), "times must be positive"),
        (AGED.replace("100,9e-6", "100,8e-6"), "the targets at t = 100 s are not those at t = 1 s"),
    ],
)
def test_bad_tables(text, sentence):
    with pytest.raises(BackendError, match=sentence):
        Table.from_csv(text)


def test_a_table_that_is_not_there():
    with pytest.raises(BackendError, match=r"the table 'no.csv' cannot be read: No such file"):
        Table.from_csv("no.csv")


def test_a_table_by_hand_says_which_array_is_wrong():
    with pytest.raises(BackendError, match=r"g_std must have the shape \(1, 2\), got \(1, 3\)"):
        Table("t", (1e-6, 2e-6), ((1e-6, 2e-6),), ((0, 0, 0),))


# Stuck cells


def test_stuck_cells_stay_stuck():
    rng = np.random.default_rng(13)
    cells = Stuck(p_low=0.02, p_high=0.05).draw((4, 100, 200), rng)
    n = 80_000
    for mask, p in ((cells.low, 0.02), (cells.high, 0.05)):
        assert abs(mask.sum() - n * p) < 4 * math.sqrt(n * p * (1 - p))
    assert not (cells.low & cells.high).any()
    g = rng.uniform(2, 3, cells.low.shape)
    stuck = cells.apply(g, 1.0, 9.0)
    assert (stuck[cells.low] == 1).all()
    assert (stuck[cells.high] == 9).all()
    assert (stuck != g).sum() == cells.count == cells.low.sum() + cells.high.sum()


def test_none_or_all_stuck():
    rng = np.random.default_rng(14)
    assert Stuck().draw((50, 50), rng).count == 0
    assert Stuck(p_high=1.0).draw((50, 50), rng).high.all()


@pytest.mark.parametrize(
    ("p", "sentence"),
    [
        ({"p_low": -0.1}, "p_low is a probability, got -0.1"),
        ({"p_high": 1.1}, "p_high is a probability, got 1.1"),
        ({"p_low": float("nan")}, "p_low is a probability, got nan"),
        ({"p_low": 0.6, "p_high": 0.5}, "must not exceed 1"),
    ],
)
def test_bad_probabilities(p, sentence):
    with pytest.raises(BackendError, match=sentence):
        Stuck(**p)


# Storing


@pytest.mark.parametrize(
    "device",
    [
        *(preset(name) for name in names()),
        Generic(sigma=np.float64(0.01), law="uniform", levels=np.int64(4)),
        WriteVerify(preset("taox"), 0.01, 5, relaxation=0.005),
        WriteVerify(WriteVerify(Generic(), 0.02, 2), 0.01, 5),
        Table.from_csv(CSV, name="mine"),
        Table.from_csv(AGED),
        Table("arrays", np.array([1e-6, 2e-6]), np.array([[1e-6, 2e-6]]), np.zeros((1, 2))),
        Proportional("mine", 1e-6, 1e-4),
        Skewed("mine", 1e-6, 1e-4, low=0.2),
    ],
    ids=lambda device: f"{type(device).__name__}-{device.name}",
)
def test_devices_come_back_from_json(device):
    again = Device.from_dict(json.loads(json.dumps(device.to_dict())))
    assert type(again) is type(device)
    assert again == device
    target = np.linspace(device.g_min, device.g_max, 50)
    ours, theirs = (d.program(target, np.random.default_rng(15)) for d in (device, again))
    np.testing.assert_array_equal(ours.g, theirs.g)


def test_a_user_overrides_the_spread_alone():
    device = Proportional("mine", 1 * US, 100 * US)
    agree(device.program(np.full(N, 50 * US), np.random.default_rng(16)).g, 50 * US, 0.5 * US)


def test_what_cannot_be_stored_or_read():
    class Inner(Device):
        pass

    with pytest.raises(BackendError, match=r"Inner must be defined at the top of a module"):
        Inner("inner", 0, US).to_dict()
    with pytest.raises(BackendError, match="field low cannot be stored"):
        Skewed("s", 0, US, low=object()).to_dict()
    stored = Generic().to_dict()
    for path in ("no_such_module:Device", "admmopt_crossbar.device:Gone", "nothing", None):
        with pytest.raises(BackendError, match="cannot be imported"):
            Device.from_dict(stored | {"class": path})
    with pytest.raises(BackendError, match="is no Device"):
        Device.from_dict(stored | {"class": "collections:OrderedDict"})
    with pytest.raises(BackendError, match=r"does not fit its class admmopt_crossbar.device:Generic"):
        Device.from_dict(stored | {"colour": "red"})


# Bad input


@pytest.mark.parametrize(
    ("make", "sentence"),
    [
        (lambda: Device("d", 2 * US, 1 * US), "device 'd': g_max must exceed g_min, got 1e-06 and 2e-06"),
        (lambda: Device("d", US, US), "g_max must exceed g_min"),
        (lambda: Device("d", 0, float("nan")), "g_max must exceed g_min, got nan"),
        (lambda: Device("d", -US, US), "g_min must be a finite number, not negative, got -1e-06"),
        (lambda: Device("d", "0", US), "g_min must be a finite number, not negative, got '0'"),
        (lambda: Device("d", 0, 25.0), r"in siemens \(25 uS is 25e-6\), got g_max = 25.0"),
        (lambda: Device("d", 0, US, levels=1), "levels must be None or a whole number of at least 2, got 1"),
        (lambda: Device("d", 0, US, levels=2.5), "levels must be None or a whole number"),
        (lambda: Device("d", 0, US, write_voltage=float("inf")), "write_voltage must be a finite number"),
        (lambda: Device("d", 0, US, t0=-1.0), "t0 must be a finite number, not negative"),
        (lambda: Device("d", 0, US, read=-0.1), "read must be a finite number, not negative, got -0.1"),
        (lambda: Generic(sigma=-0.1), "sigma must be a finite number, not negative, got -0.1"),
        (lambda: Generic(law="cauchy"), "law must be gaussian or uniform, got 'cauchy'"),
        (lambda: Generic(scaling="inverse"), "scaling must be independent or proportional, got 'inverse'"),
        (lambda: Polynomial("p", 0, US), r"coefficients must be finite numbers, got \(\)"),
        (lambda: Pulsed("p", 0, US, levels=None, sigma=0.1), "pulses need a number of levels"),
        (lambda: dataclasses.replace(preset("pcm"), t0=0.0), "t_read and t0 must be positive"),
        (lambda: WriteVerify(Generic(), 0.0, 3), "tolerance must be positive, got 0.0"),
        (lambda: WriteVerify(Generic(), 0.1, 0), "max_tries must be a whole number of at least 1, got 0"),
        (lambda: WriteVerify(Generic(), 0.1, 3, relaxation=-1.0), "relaxation must be a finite number"),
        (lambda: WriteVerify(Generic(law="uniform"), 0.1, 3), "write-verify is for Gaussian errors"),
        (lambda: preset("unobtainium"), "no device is called 'unobtainium'; there are ideal, generic, pcm, "),
    ],
)
def test_bad_input_names_the_culprit(make, sentence):
    with pytest.raises(BackendError, match=sentence):
        make()


def test_every_preset_names_its_source():
    assert all(preset(name).source and preset(name).name == name for name in names())
