"""IR drop: the fast elimination against nodal analysis, against badcrossbar and CrossSim, and against the hand."""

import itertools
import json
import sys
from fractions import Fraction
from pathlib import Path

import numpy as np
import pytest

from admmopt_crossbar import wires
from admmopt_crossbar.nodal import effective_exact
from admmopt_crossbar.wires import effective, one_thread, rule_of_thumb

FIXTURES = Path(__file__).parent / "fixtures"
WAYS = [effective, effective_exact]
RANGES = [(0.0, 20e-6), (50e-6, 225e-6)]


def cells(shape, low=0.0, high=20e-6, seed=0, open_share=0.1):
    rng = np.random.default_rng(seed)
    return rng.uniform(low, high, shape) * (rng.random(shape) >= open_share)


def error(got, expected):
    return np.abs(got - expected).max() / np.abs(expected).max()


# --- the two ways agree


@pytest.mark.parametrize("low, high", RANGES)
@pytest.mark.parametrize("shape", [(1, 1), (1, 9), (9, 1), (1, 200), (16, 16), (40, 24), (24, 40)])
@pytest.mark.parametrize("r", [(0.1, 0.1), (1.0, 3.0), (20.0, 20.0), (1e4, 1e5), (1e-9, 1e-6), (0.0, 2.0), (2.0, 0.0)])
def test_agrees_with_nodal_analysis(shape, low, high, r):
    G = cells(shape, low, high)
    assert error(effective(G, *r), effective_exact(G, *r)) < 1e-11


@pytest.mark.parametrize("shape, r", [((128, 96), 0.1), ((128, 128), 20.0)])
def test_agrees_with_nodal_analysis_in_large_arrays(shape, r):
    G = cells(shape, 50e-6, 225e-6)
    assert error(effective(G, r), effective_exact(G, r)) < 1e-10


def test_256_by_256_agrees_with_a_fixed_point():
    """All inputs at 1 V: the drops iterated from Kirchhoff's laws wire by wire, instead of the slow factorization."""
    m = n = 256
    G, r = cells((m, n)), 0.2
    drop = np.ones((m, n))  # over each cell
    for _ in range(60):
        J = G * drop
        driven = np.cumsum(np.cumsum(J[::-1], axis=0)[::-1], axis=0)  # sums over the segments up to the cell
        read = np.cumsum(np.cumsum(J, axis=1)[:, ::-1], axis=1)[:, ::-1]
        drop = 1 - r * (driven + read)
    assert error(effective(G, r) @ np.ones(n), (G * drop).sum(axis=1)) < 1e-11


def test_batches_are_their_arrays():
    G = cells((2, 40, 20, 12))  # more arrays than are worked on at once
    together = effective(G, 1.0, 2.0)
    assert together.shape == G.shape
    for index in [(0, 0), (0, 39), (1, 17)]:
        np.testing.assert_allclose(together[index], effective(G[index], 1.0, 2.0), rtol=1e-13)
    assert effective(np.empty((0, 3, 4)), 1.0).shape == (0, 3, 4)


def test_input_is_left_alone():
    G = cells((8, 8))
    before = G.copy()
    for r in [(0.0, 0.0), (1.0, 2.0)]:
        effective(G, *r)[:] = 0
        np.testing.assert_array_equal(G, before)


def rational(G, r):
    """The circuit node by node in rational numbers: each node between terminals turned into branches (star-mesh)."""
    m, n = G.shape
    branches = {}

    def join(a, b, g):
        for pair in (a, b), (b, a):
            branches.setdefault(pair[0], {})
            branches[pair[0]][pair[1]] = branches[pair[0]].get(pair[1], 0) + g

    for i, j in np.ndindex(m, n):
        join(("U", i, j), ("W", i, j), Fraction(G[i, j]))
        join(("U", i, j), ("U", i - 1, j) if i else ("driver", j), 1 / Fraction(r))
        join(("W", i, j), ("W", i, j + 1) if j < n - 1 else ("ground", i), 1 / Fraction(r))
    for node in [node for node in branches if node[0] in "UW"]:
        star = branches.pop(node)
        for a in star:
            del branches[a][node]
        for a, b in itertools.combinations(star, 2):
            join(a, b, star[a] * star[b] / sum(star.values()))
    return np.array([[float(branches["ground", i]["driver", j]) for j in range(n)] for i in range(m)])


@pytest.mark.parametrize("r, digits", [(1e-6, 1e-14), (1e-2, 1e-14), (1.0, 1e-14), (1e3, 1e-12), (1e6, 1e-9)])
@pytest.mark.parametrize("way", WAYS)
def test_rational_arithmetic(way, r, digits):
    G = cells((5, 4), 0.0, 1.0)  # so that r runs from a millionth of a cell's resistance to a million times that
    assert error(way(G, r), rational(G, r)) < digits


# --- other people's programs


def test_badcrossbar_frozen():
    frozen = json.loads((FIXTURES / "wires_badcrossbar.json").read_text())
    assert len(frozen["cases"]) == 5
    for case in frozen["cases"]:
        G = np.array(frozen["cells_nanosiemens"][case["cells"]]) * 1e-9
        for way in WAYS:
            assert error(way(G, case["r_in_ohm"], case["r_out_ohm"]), np.array(case["g_eff_siemens"])) < 1e-12


def test_crosssim_frozen():
    """Another tool, which iterates to 1e-12 of the voltages; the recipe of its conductances is in the file."""
    frozen = json.loads((FIXTURES / "crosssim_wires.json").read_text())
    G = np.random.default_rng(20240602).uniform(1e-4, 1e-3, (24, 16))
    assert len(frozen["cases"]) == 2
    for case in frozen["cases"].values():
        got = effective(G, case["r_input_wire_ohm"], case["r_output_wire_ohm"])
        assert error(got, np.array(case["g_eff_siemens"])) < 1e-10


@pytest.mark.parametrize("m, n, r_in, r_out", [(16, 16, 1.0, 1.0), (64, 48, 1.0, 2.5), (128, 128, 1.0, 1.0)])
def test_badcrossbar_live(m, n, r_in, r_out):
    badcrossbar = pytest.importorskip("badcrossbar")
    G = cells((m, n), seed=m)
    with np.errstate(divide="ignore"):
        resistances = 1 / G.T  # its word lines are our inputs
    theirs = badcrossbar.compute(np.eye(n), resistances, r_i_word_line=r_in, r_i_bit_line=r_out).currents.output.T
    assert error(effective(G, r_in, r_out), theirs) < 1e-10


# --- by hand


@pytest.mark.parametrize("way", WAYS)
def test_one_cell_is_three_resistances_in_series(way):
    np.testing.assert_allclose(way([[1 / 700]], 100.0, 200.0), [[1 / 1000]], rtol=1e-14)


@pytest.mark.parametrize("way", WAYS)
def test_one_output_two_inputs(way):
    """One input at 1 V, the other at 0 V: series and parallel resistances, and a current divider."""
    r_in, r_out, R0, R1 = 2.0, 3.0, 50.0, 70.0
    first, second = r_in + R0, r_in + R1  # from a driver to the output wire
    ahead = r_out + 1 / (1 / second + 1 / r_out)  # what input 0 meets behind its cell
    share = (1 / r_out) / (1 / r_out + 1 / second)  # of the current that reaches ground, not the other driver
    behind = 1 / (1 / (first + r_out) + 1 / r_out)  # what input 1 meets
    expected = [share / (first + ahead), behind / (second + behind) / r_out]
    np.testing.assert_allclose(way([[1 / R0, 1 / R1]], r_in, r_out), [expected], rtol=1e-13)


@pytest.mark.parametrize("way", WAYS)
def test_uniform_input_wire_is_a_hyperbolic_ladder(way):
    """One input wire of m equal cells to ideal outputs: u_i = cosh((m - i - 1/2) k) / cosh((m + 1/2) k) with
    sinh(k/2)² = r g / 4.
    """
    m, g, r = 12, 1e-3, 25.0
    k = 2 * np.arcsinh(np.sqrt(r * g) / 2)
    expected = g * np.cosh((m - np.arange(m) - 0.5) * k) / np.cosh((m + 0.5) * k)
    np.testing.assert_allclose(way(np.full((m, 1), g), r, 0.0)[:, 0], expected, rtol=1e-12)


# --- laws of every resistive circuit


@pytest.mark.parametrize("way", WAYS)
def test_ideal_wires_change_nothing(way):
    G = cells((6, 9))
    np.testing.assert_array_equal(way(G, 0.0), G)
    assert error(way(G, 1e-7), G) < 1e-9


def test_first_order_in_the_resistance():
    """The loss of each entry: the current of its own cell times the segments that it shares with every other cell."""
    G, r = cells((7, 5)), 1e-3
    i, j = np.arange(7), np.arange(5)
    shared_in = np.minimum.outer(i, i) + 1  # from the driver to the nearer of two cells
    shared_out = 5 - np.maximum.outer(j, j)  # from the further of two cells to ground
    slope = -G * (shared_in @ G + G @ shared_out)
    assert error((effective(G, r) - G) / r, slope) < 1e-4


def test_reciprocity():
    """Outputs driven and inputs read: the transpose."""
    G = cells((20, 13))
    other = effective(G.T[::-1, ::-1], 5.0, 2.0)[::-1, ::-1].T
    for way in WAYS:
        assert error(way(G, 2.0, 5.0), other) < 1e-12


def test_loss_grows_with_the_resistance_and_the_cells_further_along():
    G = cells((24, 24))
    totals = [effective(G, r).sum() for r in (0.0, 0.5, 1.0, 5.0, 50.0)]
    assert np.all(np.diff(totals) < 0)
    uniform = effective(np.full((24, 24), 20e-6), 5.0)
    assert np.all(np.diff(uniform, axis=0) < 0)  # further from the driver
    assert np.all(np.diff(uniform, axis=1) > 0)  # nearer to the end that is read


def test_open_cells_and_dead_arrays():
    G = cells((12, 10), open_share=0.0)
    G[3], G[:, 4] = 0, 0
    for way in WAYS:
        result = way(G, 4.0)
        assert not result[3].any() and not result[:, 4].any()
        assert (np.delete(np.delete(result, 3, axis=0), 4, axis=1) > 0).all()
        assert not way(np.zeros((3, 2)), 4.0).any()


def test_shorted_cells_do_not_overflow():
    """Cells of 10 S on wires of 20 ohm: the voltage falls by e^5.3 at every cell, beyond the range of floats."""
    G = np.full((150, 3), 10.0)
    with np.errstate(all="raise", under="ignore"):
        result = effective(G, 20.0)
    assert error(result, effective_exact(G, 20.0)) < 1e-9
    assert error(effective(G, 20.0, 0.0), effective_exact(G, 20.0, 0.0)) < 1e-9


# --- the rule of thumb


@pytest.mark.parametrize("low, high", RANGES)
@pytest.mark.parametrize("shape, r", [((16, 16), 1.0), ((64, 64), 1.0), ((128, 32), 5.0), ((32, 128), 3.0)])
def test_rule_of_thumb(low, high, shape, r):
    G = cells(shape, low, high, open_share=0.0)
    measured = np.linalg.norm(effective(G, r) - G) / np.linalg.norm(G)
    assert rule_of_thumb(*shape, (low + high) / 2, r) == pytest.approx(measured, rel=0.1)


def test_rule_of_thumb_tells_the_wires_apart():
    G = cells((96, 16), open_share=0.0)
    for r in [(4.0, 0.1), (0.1, 4.0)]:
        measured = np.linalg.norm(effective(G, *r) - G) / np.linalg.norm(G)
        assert rule_of_thumb(96, 16, G.mean(), *r) == pytest.approx(measured, rel=0.1)


# --- bad input


@pytest.mark.parametrize("way", WAYS)
@pytest.mark.parametrize(
    "G, r_in, r_out, culprit",
    [
        ([[-1e-6]], 1.0, 1.0, "conductances must be finite and not negative"),
        ([[np.nan]], 1.0, 1.0, "conductances must be finite"),
        ([[np.inf]], 1.0, 1.0, "conductances must be finite"),
        ([1e-6], 1.0, 1.0, r"shape \(1,\)"),
        ([[1e-6]], -1.0, None, "r_in .* -1.0"),
        ([[1e-6]], 1.0, np.nan, "r_out .* nan"),
        ([[1e-6]], np.inf, 1.0, "r_in .* inf"),
    ],
)
def test_bad_input(way, G, r_in, r_out, culprit):
    with pytest.raises(ValueError, match=culprit):
        way(G, r_in, r_out)


def test_nodal_analysis_takes_one_array():
    with pytest.raises(ValueError, match=r"one array .* \(2, 3, 4\)"):
        effective_exact(np.zeros((2, 3, 4)), 1.0)


def test_one_thread_inside_and_the_users_number_after():
    threadpoolctl = pytest.importorskip("threadpoolctl")

    def threads():
        return [pool["num_threads"] for pool in threadpoolctl.threadpool_info() if pool["user_api"] == "blas"]

    with threadpoolctl.threadpool_limits(2, user_api="blas"):
        before = threads()
        with one_thread():
            assert set(threads()) == {1}
        assert threads() == before


def test_without_threadpoolctl(monkeypatch):
    monkeypatch.setitem(sys.modules, "threadpoolctl", None)  # its import fails
    wires._thread_pools.cache_clear()
    try:
        assert effective([[1.0]], 1.0)[0, 0] == pytest.approx(1 / 3)
        assert wires._thread_pools() is None
    finally:
        wires._thread_pools.cache_clear()
