"""Scalar piecewise linear-quadratic functions: every named one, and what the class is closed under."""

from __future__ import annotations

import warnings

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from admmopt import functions as fn
from admmopt.functions import EmptyDomain, PiecewiseQuadratic

from . import harness

N = 3
INF = np.inf

# name -> (function of N elements, its formula)
NAMED = {
    "box": (fn.box(-1.0, 2.0, N), lambda y: np.where((y >= -1) & (y <= 2), 0, INF)),
    "half-open box": (fn.box([-INF, 0.0, 1.0], [0.0, INF, 1.0]), lambda y: _indicator([-INF, 0, 1], [0, INF, 1], y)),
    "zero": (fn.zero(N), lambda y: np.where(y == 0, 0, INF)),
    "free": (fn.free(N), lambda y: 0 * y),
    "nonneg": (fn.nonneg(N), lambda y: np.where(y >= 0, 0, INF)),
    "nonpos": (fn.nonpos(N), lambda y: np.where(y <= 0, 0, INF)),
    "linear": (fn.linear([1.0, -2.0, 0.0]), lambda y: y * [1, -2, 0]),
    "square": (fn.square(N, 3.0), lambda y: 1.5 * y**2),
    "absolute": (fn.absolute(N, [0.0, 1.0, 2.0]), lambda y: np.abs(y) * [0, 1, 2]),
    "positive": (fn.positive(N), lambda y: np.maximum(y, 0)),
    "negative": (fn.negative(N), lambda y: np.maximum(-y, 0)),
    "hinge": (fn.hinge(N, [1.0, 0.5, 2.0]), lambda y: np.maximum(1 - y, 0) * [1, 0.5, 2]),
    "squared hinge": (fn.squared_hinge(N), lambda y: np.maximum(1 - y, 0) ** 2),
    "quantile": (fn.quantile(N, [0.1, 0.5, 1.0]), lambda y: np.maximum([0.1, 0.5, 1] * y, [-0.9, -0.5, 0] * y)),
    "deadzone": (fn.deadzone(N, [0.0, 0.5, 1.0]), lambda y: np.maximum(np.abs(y) - [0, 0.5, 1], 0)),
    "huber": (fn.huber(N, 0.7), lambda y: np.where(np.abs(y) <= 0.7, y**2, 1.4 * np.abs(y) - 0.49)),
    "elastic net": (fn.elastic_net(N, 1.0, 0.5), lambda y: np.abs(y) + 0.25 * y**2),
    "max affine": (
        fn.max_affine([-1.0, 0.0, 0.5, 2.0, 0.4], [0.0, 0.3, 0.2, -1.0, -5.0], N),
        lambda y: np.max([-y, 0 * y + 0.3, 0.5 * y + 0.2, 2 * y - 1], axis=0),
    ),
}
FUNCTIONS = {name: function for name, (function, _) in NAMED.items()}


def _indicator(lower, upper, y):
    return np.where((y >= lower) & (y <= upper), 0.0, INF)


@pytest.mark.parametrize("name", NAMED)
def test_named_functions(name):
    function, formula = NAMED[name]
    for y in (*np.random.default_rng(0).uniform(-3, 3, (20, N)), np.zeros(N), np.ones(N), np.array([0.0, 2.0, 1.0])):
        np.testing.assert_allclose(function.value(y), np.sum(formula(y)), rtol=1e-12, atol=1e-12)
    harness.check(function, trials=3)


@pytest.mark.parametrize("name", NAMED)
def test_conjugates(name):
    function = FUNCTIONS[name]
    harness.check(function.conjugate(), trials=2)
    harness.check_conjugate(function, function.conjugate())
    harness.check_same(function, function.conjugate().conjugate())


@pytest.mark.parametrize("name", NAMED)
def test_scale_shift_and_tilt(name):
    function = FUNCTIONS[name]
    a, d, b, c = (
        np.array([1.0, 2.0, 0.3]),
        np.array([-2.0, 1.0, 0.5]),
        np.array([0.3, 0.0, -1.0]),
        np.array([0.1, -4, 0]),
    )
    changed = function.precompose(d, b).scaled(a).tilt(c)
    harness.check(changed, trials=2)
    for y in np.random.default_rng(0).uniform(-3, 3, (20, N)):
        parts = [function.take([i]).value((d * y + b)[[i]]) for i in range(N)]
        np.testing.assert_allclose(changed.value(y), np.sum(a * parts) + c @ y, rtol=1e-10, atol=1e-10)


@pytest.mark.parametrize("first", NAMED)
def test_sums(first):
    rng = np.random.default_rng(1)
    for second in NAMED:
        other = FUNCTIONS[second].precompose([1.0, -1.0, 2.0], [0.0, 0.2, -0.1])
        try:
            total = FUNCTIONS[first] + other
        except EmptyDomain as error:
            (lo, hi), (lo2, hi2) = FUNCTIONS[first].domain(), other.domain()
            assert np.maximum(lo, lo2)[error.element] > np.minimum(hi, hi2)[error.element]
            continue
        for y in (*rng.uniform(-3, 3, (5, N)), *harness.feasible_points(total, rng, 3)):
            together = FUNCTIONS[first].value(y) + other.value(y)
            np.testing.assert_allclose(total.value(y), together, rtol=1e-9, atol=1e-9)
        for t in (0.1, 1.0, 10.0):
            harness.check_prox(total, rng.standard_normal(N), t, rng, minimizer=False)


# ---- random functions -------------------------------------------------------------------------------------------

numbers = st.floats(-5, 5, allow_nan=False).map(lambda x: round(x, 2))
positives = st.floats(0.05, 5).map(lambda x: round(x, 2))


@st.composite
def piecewise(draw, n=2):
    """A sum of one to three scaled, shifted, tilted named functions (an absolute value where domains are disjoint)."""
    total = fn.free(n)
    for _ in range(draw(st.integers(1, 3))):
        part = FUNCTIONS[draw(st.sampled_from(sorted(FUNCTIONS)))].take(draw(st.permutations(range(N)))[:n])
        d = draw(positives) * draw(st.sampled_from([-1, 1]))
        part = part.precompose(d, draw(numbers)).scaled(draw(positives)).tilt(draw(numbers))
        try:
            total = total + part
        except EmptyDomain:
            total = total + fn.absolute(n, draw(positives))
    return total


@settings(max_examples=60, deadline=None)
@given(piecewise(), st.floats(0.01, 100), st.lists(numbers, min_size=2, max_size=2))
def test_random_function(f, t, v):
    v = np.array(v)
    harness.check_prox(f, v, t, minimizer=False)
    harness.check_jacobian(f, v, t)
    p, q = f.prox(v, t), f.conjugate().prox(v / t, 1 / t)
    np.testing.assert_allclose(p + t * q, v, rtol=1e-9, atol=1e-9 * (1 + t))
    lo, hi = f.subdifferential(p, 1e-9)
    y = (v - p) / t
    assert np.all(lo <= y + 1e-7 * (1 + abs(y))) and np.all(y <= hi + 1e-7 * (1 + abs(y)))
    back = f.conjugate().conjugate()
    np.testing.assert_allclose(back.prox(v, t), p, rtol=1e-8, atol=1e-8)
    np.testing.assert_allclose(back.value(p), f.value(p), rtol=1e-8, atol=1e-8)
    assert np.all(f.breaks[1:] >= f.breaks[:-1]) and f.pieces <= 12


@settings(max_examples=30, deadline=None)
@given(piecewise(), piecewise(), st.lists(numbers, min_size=2, max_size=2))
def test_dual_of_a_sum_splits(f, h, z):
    """The subdifferential of a sum is the sum of the subdifferentials, where the domains meet in their interiors."""
    try:
        total = f + h
    except EmptyDomain:
        return
    z = total.prox(np.array(z), 1e-3)
    width = np.subtract(*total.domain()[::-1])
    lo, hi = total.subdifferential(z)
    (lo1, hi1), (lo2, hi2) = f.subdifferential(z), h.subdifferential(z)
    wide = width > 1e-6
    scale = 1e-7 * (1 + abs(z) + np.where(np.isfinite(lo), abs(lo), 0))
    for whole, parts in ((lo, lo1 + lo2), (hi, hi1 + hi2)):
        with np.errstate(invalid="ignore"):
            close = (whole == parts) | (abs(whole - parts) <= scale)
        assert np.all(close | ~wide), (whole, parts, z)


@settings(max_examples=30, deadline=None)
@given(
    st.lists(numbers, min_size=2, max_size=6), st.lists(numbers, min_size=6, max_size=6), st.lists(numbers, max_size=3)
)
def test_max_affine(slopes, intercepts, ys):
    K = len(slopes)
    f = fn.max_affine(slopes, intercepts[:K])
    for y in ys:
        expected = max(s * y + c for s, c in zip(slopes, intercepts[:K], strict=True))
        np.testing.assert_allclose(f.value(np.array([y])), expected, rtol=1e-9, atol=1e-9)


# ---- corners ----------------------------------------------------------------------------------------------------


def test_prox_returns_the_breakpoint_itself():
    b = np.array([0.1, 1 / 3, 1e10, -7e-11])
    v = b + np.array([0.3, 0.4, 0.2, 0.1])
    for f in (fn.absolute(4).precompose(1.0, -b), fn.box(b, b), fn.positive(4).precompose(1.0, -b)):
        kink = f.breaks[1] if f.pieces > 1 else f.breaks[0]
        assert np.array_equal(f.prox(v, 0.7), kink)
    assert np.array_equal(fn.box(-b - 1, b).prox(b + 1, 0.3), b)
    assert np.array_equal(fn.absolute(4).prox(0.5 * np.sign(v), 0.7), np.zeros(4))


def test_far_bounds_leave_small_numbers_alone():
    v = np.array([1e-7, -3.7, 1e-3])
    assert np.array_equal(fn.box(-1e10, 1e10, 3).prox(v, 1e-3), v)
    assert np.array_equal(fn.box(-1e10, INF, 3).prox(v, np.full(3, 2.0)), v)
    f = fn.absolute(3) + fn.box(-1e10, 1e10, 3)
    np.testing.assert_allclose(f.prox(v, 1.0), [0, -2.7, 0], rtol=1e-15)
    shifted = fn.square(3, 2.0).precompose(1.0, -1e6)  # (y - 1e6)^2 does not cancel near 1e6
    np.testing.assert_allclose(shifted.value(np.full(3, 1e6 + 1e-3)), 3e-6, rtol=1e-6)
    both = shifted + fn.absolute(3)
    np.testing.assert_allclose(both.value(np.full(3, 1e6 + 1e-3)), 3e6 + 3e-3 + 3e-6, rtol=1e-14)


def test_identity_of_steps_and_new_steps():
    f, v = fn.huber(5), np.linspace(-4, 4, 5)
    t = np.full(5, 0.5)
    first = f.prox(v, t)
    assert np.array_equal(f.prox(v, t), first)  # from the kept lines
    assert np.array_equal(f.prox(v, 0.5), first)
    assert not np.allclose(f.prox(v, np.full(5, 2.0)), first)
    assert np.array_equal(f.prox(v, np.full(5, 0.5)), first)


def test_flags_and_domain():
    f = fn.box([-INF, 0.0, 2.0], [INF, INF, 2.0])
    np.testing.assert_array_equal(f.is_free, [True, False, False])
    np.testing.assert_array_equal(f.is_point, [False, False, True])
    assert f.indicator and not f.cone and fn.nonneg(2).cone and fn.zero(2).cone and not fn.absolute(2).indicator
    np.testing.assert_array_equal((fn.absolute(3) + f).domain(), f.domain())
    np.testing.assert_array_equal(fn.absolute(2).is_affine, [False, False])
    np.testing.assert_array_equal(fn.linear([1.0, 2.0]).is_affine, [True, True])
    assert fn.free(2).conjugate().is_point.all() and fn.zero(2).conjugate().is_free.all()


def test_sum_of_disjoint_domains_names_the_element():
    with pytest.raises(EmptyDomain, match="element 1 "):
        fn.box([0.0, 0.0], [1.0, 1.0]) + fn.box([0.5, 2.0], [3.0, 3.0])
    with pytest.raises(EmptyDomain, match="element 0 "):
        fn.box([1.0], [0.0])
    touching = fn.box([0.0], [1.0]) + fn.box([1.0], [2.0])
    assert touching.is_point.all() and touching.value(np.ones(1)) == 0


def test_bad_parameters():
    with pytest.raises(ValueError, match="tau"):
        fn.quantile(2, 1.5)
    with pytest.raises(ValueError, match="w must be finite and nonnegative"):
        fn.absolute(2, [1.0, -1.0])
    with pytest.raises(ValueError, match="element 1"):
        fn.absolute(2).precompose([1.0, 0.0])
    with pytest.raises(ValueError, match="scale"):
        fn.absolute(2).scaled(-1.0)
    with pytest.raises(ValueError, match="2 and 3 elements"):
        fn.absolute(2) + fn.absolute(3)


def test_zero_scale_keeps_the_domain():
    f = (fn.absolute(2) + fn.box(-1.0, 1.0, 2)).scaled([0.0, 1.0])
    np.testing.assert_allclose(f.prox(np.array([3.0, 0.5]), 1.0), [1.0, 0.0])
    assert f.take([0]).indicator


def test_concatenate_and_take_undo_each_other():
    parts = [fn.huber(2), fn.zero(1), fn.absolute(3) + fn.box(-1.0, 1.0, 3), fn.linear([2.0])]
    whole = PiecewiseQuadratic.concatenate(parts)
    harness.check(whole, trials=2)
    start = 0
    for part in parts:
        harness.check_same(whole.take(slice(start, start + part.count)), part, trials=2)
        start += part.count
    assert whole.take(np.array([3])).pieces == parts[2].pieces


def test_values_near_the_domain():
    f = fn.box(0.0, 1e6, 2)
    assert f.value(np.array([-1e-12, 1e6 + 1e-5])) == 0
    assert f.value(np.array([-1e-6, 0.0])) == INF
    assert fn.absolute(0).value(np.zeros(0)) == 0 and fn.absolute(0).prox(np.zeros(0), 1.0).size == 0


def test_extreme_steps_raise_no_warning():
    rng = np.random.default_rng(0)
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        for f in FUNCTIONS.values():
            for t in (1e-8, 1e8):
                for v in (1e8 * rng.standard_normal(N), 1e-8 * rng.standard_normal(N), np.zeros(N)):
                    p = f.prox(v, t)
                    assert np.isfinite(f.value(p))
                    q = f.conjugate().prox(v / t, 1 / t)
                    np.testing.assert_allclose(p + t * q, v, rtol=1e-9, atol=1e-9 * (1 + t))


@pytest.mark.parametrize("shift", [[0.0, -1.0, 1.0], [3.0, 4.0, 5.0], [3.0, 0.0, 5.0]])
def test_curvatures_that_rise_and_fall(shift):
    """Two parabolas that overlap, or leave a gap, or both: the pieces join in different ways."""
    f = fn.squared_hinge(N) + fn.squared_hinge(N).precompose(-1.0, np.array(shift))
    harness.check(f, trials=3)
    harness.check_conjugate(f, f.conjugate())
