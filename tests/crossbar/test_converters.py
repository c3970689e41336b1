"""Converters: what a quantizer must satisfy for any input, its ranges, and CrossSim's outputs code for code."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from admmopt.backend_api import BackendError
from admmopt_crossbar.converters import Converter

CROSSSIM = Path(__file__).parent / "fixtures" / "crosssim_converters.json"
few = settings(max_examples=60, deadline=None, derandomize=True)
BITS = st.integers(2, 24)
NUMBERS = st.floats(-1e3, 1e3, allow_subnormal=False)
SCALES = st.floats(1e-9, 1e9)


@pytest.mark.parametrize("bits", [2, 3, 8])
def test_codes(bits):
    """2^b - 1 of them, evenly spaced, symmetric, zero and full scale among them."""
    got = np.unique(Converter(bits).convert(np.linspace(-5.0, 5.0, 200_001), 2.5))
    np.testing.assert_allclose(got, np.linspace(-2.5, 2.5, 2**bits - 1), atol=1e-15)
    assert np.diff(got) == pytest.approx(2.5 * Converter(bits).step)


@few
@given(BITS, st.lists(NUMBERS, min_size=1, max_size=5), SCALES)
def test_nearest_code_within_the_range_and_the_end_of_it_outside(bits, numbers, scale):
    x = np.array(numbers)
    got = Converter(bits).convert(x, scale)
    assert (np.abs(got - np.clip(x, -scale, scale)) <= 0.5 * Converter(bits).step * scale * (1 + 1e-9)).all()


@few
@given(BITS, NUMBERS, NUMBERS, SCALES)
def test_odd_monotone_and_settled(bits, x, y, scale):
    converter = Converter(bits)
    low, high = converter.convert(np.sort([x, y]), scale)
    assert low <= high
    np.testing.assert_array_equal(converter.convert(np.array([-x]), scale), -converter.convert(np.array([x]), scale))
    np.testing.assert_allclose(converter.convert(np.array([low, high]), scale), [low, high], rtol=1e-12)


@few
@given(BITS, st.lists(NUMBERS, min_size=1, max_size=5), st.integers(-40, 40))
def test_dynamic_range_makes_the_scale_of_a_vector_irrelevant(bits, numbers, power):
    """Block floating point: without this a residual that shrinks to 1e-12 would end as zero."""
    converter, x, factor = Converter(bits), np.array(numbers), 2.0**power

    def convert(v):
        return converter.convert(v, converter.full_scale(v, np.nan, np.nan))

    np.testing.assert_array_equal(convert(factor * x), factor * convert(x))
    assert np.abs(convert(x)).max() == pytest.approx(np.abs(x).max(), rel=1e-12)


def test_ranges():
    x = np.array([[1.0, -4.0, 2.0], [0.5, 0.25, 0.0], [0.0, 0.0, 0.0]])
    np.testing.assert_array_equal(Converter(8, "dynamic").full_scale(x, 7.0, 9.0), [[4.0], [0.5], [0.0]])
    assert Converter(8, "calibrated").full_scale(x, 7.0, 9.0) == 7.0
    assert Converter(8, "fixed").full_scale(x, 7.0, 9.0) == 9.0
    np.testing.assert_array_equal(Converter(8).convert(x[2], np.array([0.0])), 0.0)  # nothing in, nothing out


def test_ideal():
    x = np.random.default_rng(0).normal(size=50)
    np.testing.assert_array_equal(Converter(None).convert(x, 0.1), x)
    assert Converter(None).step == 0.0


@pytest.mark.parametrize("bits", [1, 0, 25, 8.0, "8", True])
def test_refused_bits(bits):
    with pytest.raises(BackendError, match=r"2 to 24 bits, or None .*got " + repr(bits)):
        Converter(bits)


def test_refused_range():
    with pytest.raises(BackendError, match="dynamic, calibrated, fixed; got 'auto'"):
        Converter(8, "auto")


@pytest.mark.parametrize("case, limit", [("adc_max", 48.0), ("adc_calibrated_8", 8.0)])
def test_crosssim_code_for_code(case, limit):
    """Its converters have 2^b - 1 codes as well. limit: of the current, over Gmax times the largest input."""
    stored = json.loads(CROSSSIM.read_text())["cases"][case]
    rng = np.random.default_rng(20240601)
    A, X = rng.uniform(-1, 1, (64, 48)), rng.uniform(-1, 1, (4, 48))
    full_scale = limit * np.abs(A).max() / (1 - stored["Rmin_ohm"] / stored["Rmax_ohm"])
    got = Converter(8, "fixed").convert(Converter(8).convert(X, 1.0) @ A.T, full_scale)
    np.testing.assert_allclose(got, stored["y"], rtol=1e-9)
    assert np.unique(np.rint(got / (full_scale / 127))).size > 10  # it is a quantizer that agrees, not a constant
