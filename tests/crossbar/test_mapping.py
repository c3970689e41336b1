"""Numbers to cells and back: mappings, the compensation form, slices."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra.numpy import array_shapes, arrays

from admmopt_crossbar.compensation import compensated
from admmopt_crossbar.device import Device
from admmopt_crossbar.mapping import MAPPINGS
from admmopt_crossbar.slicing import digits, residual_slices

few = settings(max_examples=40, deadline=None, derandomize=True)
DEVICES = [Device("closed range", 50e-6, 225e-6), Device("open cells", 0.0, 20e-6)]
ENTRIES = st.floats(-1e3, 1e3).map(lambda a: 0.0 if abs(a) < 1e-6 else a)
TILES = arrays(float, array_shapes(min_dims=3, max_dims=3, max_side=5), elements=ENTRIES)
SQUARE = st.integers(1, 7).flatmap(lambda n: arrays(float, (n, n), elements=st.floats(-10, 10)))


def peaks(values):
    return np.abs(values).max(axis=(1, 2), keepdims=True)


# --- mappings


@pytest.mark.parametrize("device", DEVICES, ids=lambda d: d.name)
@pytest.mark.parametrize("name", ["pair", "offset"])
@few
@given(TILES)
def test_cells_stand_for_the_numbers(name, device, values):
    mapping, peak = MAPPINGS[name], peaks(values)
    scale = mapping.scale(peak, device)
    sides = mapping.targets(values, scale, device)
    for side in sides:
        assert (side >= device.g_min - 1e-12 * device.g_max).all() and (side <= device.g_max * (1 + 1e-12)).all()
    error = np.abs(mapping.decode(sides, scale) - values)
    assert (error <= 1e-14 * peak * device.g_max / device.range).all()
    full = np.maximum.reduce([np.broadcast_to(side, values.shape) for side in sides])
    if name == "pair":  # the largest entry of every tile uses the whole range
        used = peak[:, 0, 0] > 0
        assert full.max(axis=(1, 2))[used] == pytest.approx(device.g_max)


@few
@given(TILES)
def test_a_pair_is_one_sided(values):
    """One cell of every pair is at its lowest: the least current, and the least noise."""
    positive, negative = MAPPINGS["pair"].targets(values, np.ones((len(values), 1, 1)), DEVICES[0])
    np.testing.assert_array_equal(np.minimum(positive, negative), DEVICES[0].g_min)
    np.testing.assert_array_equal(positive > negative, values > 0)


def test_offset_by_hand():
    """One array around the middle of the range, half the signal, and one reference output."""
    device, values = DEVICES[0], np.array([[[2.0, -1.0, 0.0]]])
    scale = MAPPINGS["offset"].scale(peaks(values), device)
    cells, reference = MAPPINGS["offset"].targets(values, scale, device)
    np.testing.assert_allclose(cells, [[[225e-6, 93.75e-6, 137.5e-6]]])
    np.testing.assert_allclose(reference, np.full((1, 1, 3), 137.5e-6))


@pytest.mark.parametrize("name", MAPPINGS)
def test_what_is_wrong_with_a_tile_that_holds_nothing_counts_for_nothing(name):
    """A slice that is left with no residual: a stuck cell there must not become an entry."""
    scale = MAPPINGS[name].scale(np.zeros((1, 1, 1)), DEVICES[1])
    assert np.isfinite(scale).all()
    sides = [np.full((1, 2, 2), 20e-6), np.zeros((1, 2, 2))][: len(MAPPINGS[name].signs)]
    assert np.abs(MAPPINGS[name].decode(sides, scale)).max() < 1e-250


@pytest.mark.parametrize("name, cells", [("pair", 6 + 6), ("offset", 6 + 2), ("compensation", 4)])
def test_cells_that_are_formed(name, cells):
    """Of a tile that reaches over the edge: 3 of 4 rows and 2 of 3 columns are inside, two entries are zero."""
    inside, values = np.zeros((1, 4, 3), bool), np.zeros((1, 4, 3))
    inside[0, :3, :2] = True
    values[0, :3, :2] = [[1, 0], [2, 3], [0, 4]]
    mapping = MAPPINGS[name]
    sides = mapping.targets(values, np.full((1, 1, 1), 1e-6), DEVICES[0])
    assert sum(int(mapping.used(inside, values, side).sum()) for side in sides) == cells


# --- the compensation form


@few
@given(SQUARE)
def test_compensation_form(M):
    """Nonnegative, no larger than need be, and a solution of M v = i with w = -D v."""
    n, big = len(M), compensated(M)
    columns = (M < 0).any(axis=0)
    assert (big >= 0).all() and big.shape == (n + columns.sum(),) * 2
    v = np.arange(1.0, n + 1.0)
    stacked = np.concatenate([v, -v[columns]])
    np.testing.assert_allclose(big @ stacked, np.concatenate([M @ v, np.zeros(columns.sum())]), atol=1e-12 * (1 + n**2))


def test_compensation_form_by_hand():
    M = [[1, -2, 0], [0, 4, -5], [0, 0, 0]]
    big = compensated(np.array(M, dtype=float))
    np.testing.assert_array_equal(
        big, [[1, 0, 0, 2, 0], [0, 4, 0, 0, 5], [0, 0, 0, 0, 0], [0, 1, 0, 1, 0], [0, 0, 1, 0, 1]]
    )


# --- slices


@few
@given(TILES, st.integers(2, 16), st.integers(1, 4))
def test_digits(values, levels, count):
    """Whole signed digits of base `levels`, that add up to the number rounded to the last one."""
    peak = peaks(values)
    parts = digits(values, peak, levels, count)
    unit = np.where(peak > 0, peak, 1.0) / (levels**count - 1)
    assert len(parts) == count
    for k, (block, full) in enumerate(parts):
        weight = levels ** (count - 1 - k) * unit
        np.testing.assert_allclose(full, (levels - 1) * weight)
        digit = block / weight
        np.testing.assert_allclose(digit, np.rint(digit), atol=1e-6)
        assert (np.abs(digit) <= levels - 1 + 1e-6).all()
        assert (block * values >= 0).all()
    total = sum(block for block, _ in parts)
    assert (np.abs(total - values) <= 0.5 * unit * (1 + 1e-6)).all()


def test_digits_by_hand():
    parts = digits(np.array([[[63.0, -42.0, 7.0]]]), np.array([[[63.0]]]), 8, 2)
    np.testing.assert_array_equal([block[0, 0] for block, _ in parts], [[56, -40, 0], [7, -2, 7]])


@pytest.mark.parametrize("count", [1, 2, 5])
def test_residual_slices_hold_what_the_ones_before_missed(count):
    """Arrays that hold nine tenths of what they are given: a tenth is left, a tenth of that, and so on."""
    values, given_blocks = np.random.default_rng(0).normal(size=(2, 3, 4)), []

    def program(block):
        given_blocks.append(block)
        return len(given_blocks), 0.9 * block

    assert residual_slices(values, count, program) == list(range(1, count + 1))
    for k, block in enumerate(given_blocks):
        np.testing.assert_allclose(block, 0.1**k * values)
