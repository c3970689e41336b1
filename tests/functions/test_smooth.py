"""Smooth elementwise functions: against brute force, known values, and CVXPY's own atoms."""

from __future__ import annotations

import warnings

import cvxpy as cp
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.special import expit

from admmopt import functions as fn

from . import harness

WEIGHTS = np.array([1.0, 0.3, 0.0, 2.0])
POSITIVE = np.array([0.3, 1.0, 2.5, 4.0])
ANY = np.array([-2.0, -0.1, 0.5, 3.0])


def make(weight):
    """Every smooth function: name -> (function, derivative of phi, CVXPY expression of phi or None, a point)."""
    return {
        "exp": (fn.Exp(weight), np.exp, cp.exp, ANY),
        "logistic": (fn.Logistic(weight), expit, cp.logistic, ANY),
        "neg_log": (fn.NegLog(weight), lambda p: -1 / p, lambda y: -cp.log(y), POSITIVE),
        "entropy": (fn.Entropy(weight), lambda p: np.log(p) + 1, lambda y: -cp.entr(y), POSITIVE),
        "xexp": (fn.Xexp(weight), lambda p: (1 + p) * np.exp(p), cp.xexp, POSITIVE),
        "inv_pos": (fn.InversePositive(weight), lambda p: -1 / p**2, cp.inv_pos, POSITIVE),
        "inverse 2.5": (fn.InversePower(weight, 2.5), lambda p: -2.5 * p**-3.5, lambda y: cp.power(y, -2.5), POSITIVE),
        "inverse 0.3": (fn.InversePower(weight, 0.3), lambda p: -0.3 * p**-1.3, lambda y: cp.power(y, -0.3), POSITIVE),
        "neg_sqrt": (fn.NegSqrt(weight), lambda p: -0.5 / np.sqrt(p), lambda y: -cp.sqrt(y), POSITIVE),
        "concave 0.8": (fn.ConcavePower(weight, 0.8), lambda p: -0.8 * p**-0.2, lambda y: -cp.power(y, 0.8), POSITIVE),
        "concave 0.1": (fn.ConcavePower(weight, 0.1), lambda p: -0.1 * p**-0.9, lambda y: -cp.power(y, 0.1), POSITIVE),
        "half-line 2.5": (fn.Power(weight, 2.5, True), lambda p: 2.5 * p**1.5, lambda y: cp.power(y, 2.5), POSITIVE),
        **{
            f"power {p}": (fn.Power(weight, p), _power_slope(p), lambda y, p=p: cp.power(cp.abs(y), p), ANY)
            for p in (1.1, 1.5, 1.8, 2.0, 2.3, 3.0, 4.0, 6.0)
        },
    }


def _power_slope(p):
    return lambda y: p * np.sign(y) * np.abs(y) ** (p - 1)


NAMES = list(make(WEIGHTS))


@pytest.mark.parametrize("name", NAMES)
def test_against_brute_force(name):
    function = make(WEIGHTS)[name][0]
    harness.check(function, trials=3, far=1e30)


@pytest.mark.parametrize("name", NAMES)
def test_value_is_that_of_the_cvxpy_atom(name):
    function, _, atom, point = make(WEIGHTS)[name]
    expected = float(WEIGHTS @ atom(cp.Constant(point)).value)
    np.testing.assert_allclose(function.value(point), expected, rtol=1e-12)


@settings(max_examples=120, deadline=None)
@given(
    st.sampled_from(NAMES),
    st.floats(-8, 8),
    st.floats(-8, 8),
    st.sampled_from([-1.0, 1.0]),
)
def test_optimality_from_anywhere(name, log_v, log_t, sign):
    """p + t phi'(p) = v to rounding, for v and t over sixteen orders of magnitude, without a warning."""
    v, t = np.array([sign * 10.0**log_v]), 10.0**log_t
    function, slope, _, _ = make(np.ones(1))[name]
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        p = function.prox(v, t)
        assert np.isfinite(function.value(p))
        jacobian = function.prox_jacobian(v, t)
    assert 0 <= jacobian[0] <= 1
    if p[0] == 0 and name in ("xexp", "half-line 2.5"):
        assert v[0] <= t  # the end of the domain
        return
    if abs(p[0]) < 1e-250:
        return
    force = t * slope(p)
    # one rounding of p moves the residual by |p| / jacobian
    rounding = abs(p) / max(jacobian[0], 1e-300) + abs(v) + abs(force)
    assert abs(p + force - v) <= 2e-14 * rounding, (name, v, t, p)


def test_known_values():
    one = np.ones(1)
    np.testing.assert_allclose(fn.NegLog(one).prox(np.array([0.0]), 4.0), [2.0], rtol=1e-15)
    np.testing.assert_allclose(fn.Exp(one).prox(np.array([1.0]), 1.0), [0.0], atol=1e-15)
    np.testing.assert_allclose(fn.Entropy(one).prox(np.array([2.0]), 1.0), [1.0], rtol=1e-15)
    np.testing.assert_allclose(fn.InversePositive(one).prox(np.array([0.0]), 8.0), [2.0], rtol=1e-15)
    np.testing.assert_allclose(fn.Logistic(one).prox(np.array([1.0]), 2.0), [0.0], atol=1e-15)
    np.testing.assert_allclose(fn.NegSqrt(one).prox(np.array([0.0]), 2.0), [1.0], rtol=1e-15)


@pytest.mark.parametrize(("general", "special"), [(1.5, 1.5 + 1e-13), (3.0, 3.0 + 1e-13), (2.0, 2.0 + 1e-13)])
def test_closed_forms_agree_with_newton(general, special):
    harness.check_same(fn.Power(WEIGHTS, general), fn.Power(WEIGHTS, special), tolerance=1e-9)


def test_square_two_ways():
    harness.check_same(fn.Power(WEIGHTS, 2.0), fn.square(4, 2 * WEIGHTS))


def test_weights():
    with pytest.raises(ValueError, match="weight must be finite and nonnegative"):
        fn.Exp(np.array([1.0, -1.0]))
    with pytest.raises(ValueError, match="exponent above 1"):
        fn.Power(np.ones(2), 0.5)
    with pytest.raises(ValueError, match="between 0 and 1"):
        fn.ConcavePower(np.ones(2), 1.5)
    harness.check_same(fn.Logistic(WEIGHTS).scaled(2.0), fn.Logistic(2 * WEIGHTS))
    assert fn.NegLog(2.0).count == 1
    harness.check_same(fn.NegLog(WEIGHTS).take([3, 0]), fn.NegLog(WEIGHTS[[3, 0]]))
    cubes = [fn.Power(WEIGHTS, 3.0), fn.Power(np.ones(2), 3.0)]
    assert cubes[0].kind == cubes[1].kind != fn.Power(WEIGHTS, 4.0).kind
    harness.check_same(fn.Power.concatenate(cubes), fn.Power(np.concatenate([WEIGHTS, np.ones(2)]), 3.0))


def test_weight_zero_keeps_the_closed_domain():
    f = fn.NegLog(np.zeros(2))
    np.testing.assert_array_equal(f.prox(np.array([-1.0, 2.0]), 1.0), [0.0, 2.0])
    assert f.value(np.array([0.0, 1.0])) == 0 and f.value(np.array([-1.0, 1.0])) == np.inf


def test_outside_the_domain():
    assert fn.NegLog(np.ones(1)).value(np.zeros(1)) == np.inf
    assert fn.Entropy(np.ones(1)).value(np.array([-1e-3])) == np.inf
    assert fn.Entropy(np.ones(1)).value(np.zeros(1)) == 0
    assert fn.InversePositive(np.ones(1)).value(np.zeros(1)) == np.inf
    assert fn.Exp(np.ones(1)).value(np.array([1e4])) == np.inf
