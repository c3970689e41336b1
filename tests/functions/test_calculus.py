"""The calculus: every wrapper against brute force, and against the closed form where there is one."""

from __future__ import annotations

import numpy as np
import pytest

from admmopt import functions as fn
from admmopt.operators import Dense

from . import harness

W = np.array([1.0, 0.4, 2.0, 0.7])
D = np.array([2.0, -1.0, 0.5, -0.3])
B = np.array([0.2, -0.4, 0.0, 1.0])
C = np.array([0.5, -1.0, 0.0, 0.3])

BASES = {
    "logistic": fn.Logistic(W),
    "neg_log": fn.NegLog(W),
    "entropy": fn.Entropy(W),
    "norm2": fn.EuclideanNorm(2, 2, np.array([1.0, 0.5])),
    "soc": fn.SecondOrderCone(1, 4),
    "ball": fn.L2Ball(2, 2, 1.5),
    "sum_largest": fn.SumLargest(1, 4, 2, 0.8),
    "huber": fn.huber(4, 0.8),
    "box": fn.box(-1.0, 0.5, 4),
}


def per_group(f, numbers):
    return numbers[: f.count]


@pytest.mark.parametrize("name", BASES)
def test_wrappers_against_brute_force(name):
    f = BASES[name]
    d = per_group(f, D)
    wrapped = [
        fn.Scaled(f, 2.5),
        fn.Precomposed(f, -0.7, 0.3),
        fn.Precomposed(f, d, B),
        fn.Tilted(f, C),
        fn.PlusQuadratic(f, 0.6, B),
        fn.PlusQuadratic(f, per_group(f, W), 0.0),
        fn.Conjugate(f),
        fn.MoreauEnvelope(f, 0.5),
        fn.scaled(fn.tilt(fn.precompose(f, d, B), C), 1.7),
    ]
    for g in wrapped:
        harness.check(g, trials=2, far=1e8)


def test_conjugate_by_moreau_is_the_closed_one():
    for f in (fn.huber(3, 0.8), fn.absolute(3, [0.5, 1.0, 2.0]) + fn.box(-1.0, 2.0, 3), fn.quantile(3, 0.2)):
        harness.check_same(f.conjugate(), fn.Conjugate(f), values=False)
        y = np.array([0.1, -0.2, 0.15])
        np.testing.assert_allclose(fn.Conjugate(f).value(y), f.conjugate().value(y), atol=1e-6)
        assert fn.Conjugate(f).value(100 * y) == pytest.approx(f.conjugate().value(100 * y), rel=1e-6)


def test_conjugates_from_the_book():
    """exp* = entropy - identity; (-log)* (y) = -1 - log(-y); norm* = ball; f** = f."""
    one = np.ones(4)
    harness.check_conjugate(fn.Exp(one), fn.tilt(fn.Entropy(one), -1.0))
    harness.check_same(fn.Conjugate(fn.Exp(one)), fn.tilt(fn.Entropy(one), -1.0), values=False)
    harness.check_same(fn.Conjugate(fn.NegLog(one)), fn.precompose(fn.NegLog(one), -1.0), values=False)
    y = np.array([-1.0, -0.5, -2.0, -3.0])
    np.testing.assert_allclose(fn.Conjugate(fn.NegLog(one)).value(y), np.sum(-1 - np.log(-y)), rtol=1e-6)
    harness.check_same(fn.Conjugate(fn.EuclideanNorm(2, 2)), fn.L2Ball(2, 2, 1.0), values=False)
    f = fn.Logistic(W)
    assert fn.conjugate(fn.conjugate(f)) is f
    harness.check_same(fn.Conjugate(fn.Conjugate(f)), f, values=False)


def test_wrappers_agree_with_the_closed_forms():
    f = fn.huber(4, 0.8) + fn.box(-2.0, 1.0, 4)
    harness.check_same(fn.Precomposed(f, D, B), f.precompose(D, B))
    harness.check_same(fn.Scaled(f, 2.5), f.scaled(2.5))
    harness.check_same(fn.Tilted(f, C), f.tilt(C))
    harness.check_same(fn.PlusQuadratic(f, W, B), fn.plus_quadratic(f, W, B))
    harness.check_same(fn.Restricted(fn.huber(4, 0.8), -2.0, 1.0), f)
    harness.check_same(fn.MoreauEnvelope(fn.absolute(4), 0.8), fn.huber(4, 0.8).scaled(1 / 1.6))
    harness.check_same(fn.squared_distance(fn.nonneg(4), 3.0), fn.squared_hinge(4, 1.5).precompose(1.0, 1.0))
    harness.check_same(fn.SeparableSum((fn.absolute(2), fn.hinge(2))), _concatenated())


def _concatenated():
    return fn.PiecewiseQuadratic.concatenate([fn.absolute(2), fn.hinge(2)])


def test_verbs_choose_closed_forms_and_collapse():
    pieces, smooth, norm = fn.absolute(4), fn.Logistic(W), BASES["norm2"]
    for verb in (lambda f: fn.scaled(f, 2.0), lambda f: fn.precompose(f, 2.0, 1.0), lambda f: fn.tilt(f, 1.0)):
        assert isinstance(verb(pieces), fn.PiecewiseQuadratic)
    assert isinstance(fn.clipped(pieces, -1.0, 1.0), fn.PiecewiseQuadratic)
    assert isinstance(fn.scaled(smooth, 2.0), fn.Logistic)
    twice = fn.precompose(fn.precompose(norm, 2.0, B), -0.5, 1.0)
    assert isinstance(twice, fn.Precomposed) and twice.f is norm
    y = np.array([0.3, -1.0, 0.7, 2.0])
    np.testing.assert_allclose(twice.value(y), norm.value(2 * (-0.5 * y + 1) + B))
    assert fn.scaled(fn.scaled(norm, 2.0), 3.0).a == 6.0
    both = fn.tilt(fn.tilt(norm, C), C)
    assert both.f is norm and np.array_equal(both.c, 2 * C)
    cone = BASES["soc"]
    assert fn.scaled(cone, 3.0) is cone and fn.precompose(cone, 2.0) is cone and fn.tilt(cone, 0.0) is cone
    assert isinstance(fn.precompose(cone, -1.0), fn.Precomposed)
    nested = fn.clipped(fn.clipped(smooth, -1.0, 2.0), 0.0, 3.0)
    assert nested.f is smooth and np.array_equal(nested.lower, np.zeros(4)) and np.array_equal(nested.upper, 2 + 0 * W)


@pytest.mark.parametrize("f", [fn.Logistic(W), fn.NegLog(W), fn.Exp(W), fn.precompose(fn.Entropy(W), abs(D), abs(B))])
def test_restricted(f):
    lower, upper = np.array([-0.5, 0.3, -np.inf, -np.inf]), np.array([1.0, 0.3, 0.8, np.inf])
    harness.check(fn.clipped(f, lower, upper), trials=3)
    harness.check(fn.tilt(fn.scaled(fn.clipped(f, lower, upper), 2.0), C), trials=2)


def test_restricted_to_nothing():
    with pytest.raises(fn.EmptyDomain, match="element 2 "):
        fn.clipped(fn.NegLog(W), -np.inf, [1.0, 1.0, -1.0, 1.0])
    with pytest.raises(ValueError, match="elementwise"):
        fn.clipped(BASES["norm2"], 0.0, 1.0)


def test_envelope_gradient():
    e = fn.MoreauEnvelope(fn.NegLog(W), 0.7)
    y = np.array([0.3, -1.0, 0.7, 2.0])
    steps = 1e-6 * np.eye(4)
    numeric = [(e.value(y + h) - e.value(y - h)) / 2e-6 for h in steps]
    np.testing.assert_allclose(e.gradient(y), numeric, rtol=1e-6, atol=1e-6)


def test_squared_distance():
    ball = fn.L2Ball(1, 3, 2.0)
    f = fn.squared_distance(ball, 3.0)
    y = np.array([3.0, 0.0, 4.0])
    np.testing.assert_allclose(f.value(y), 1.5 * 9.0)
    harness.check(f, trials=2)
    with pytest.raises(ValueError, match="not the indicator"):
        fn.squared_distance(fn.absolute(3))


def test_separable_sum():
    even = fn.SeparableSum((fn.Logistic(W), fn.absolute(2), fn.nonneg(3)))
    assert (even.count, even.dim) == (9, 1)
    harness.check(even, trials=2)
    groups = fn.SeparableSum((fn.EuclideanNorm(2, 3), fn.SecondOrderCone(1, 3)))
    assert (groups.count, groups.dim) == (3, 3)
    harness.check(groups, trials=2)
    mixed = fn.SeparableSum((fn.EuclideanNorm(1, 3), fn.absolute(2)))
    assert (mixed.count, mixed.dim) == (1, 5)
    harness.check(mixed, trials=2)


def test_semi_orthogonal():
    rng = np.random.default_rng(0)
    Q = np.linalg.qr(rng.standard_normal((4, 4)))[0]
    square, wide = 1.5 * Q, 2.0 * Q[:2]
    for f, L in (
        (fn.absolute(4), square),
        (fn.Logistic(W), square),
        (fn.box(-1.0, 0.5, 2), wide),
        (fn.nonneg(2), wide),
    ):
        harness.check(fn.SemiOrthogonal(f, L), trials=2, far=1e5)
    by_operator = fn.SemiOrthogonal(fn.absolute(2), Dense(wide))
    harness.check_same(by_operator, fn.SemiOrthogonal(fn.absolute(2), wide))
    with pytest.raises(ValueError, match="not a positive multiple"):
        fn.SemiOrthogonal(fn.absolute(2), rng.standard_normal((2, 4)))
    with pytest.raises(ValueError, match="2 rows"):
        fn.SemiOrthogonal(fn.absolute(3), wide)


def test_bad_arguments():
    norm = BASES["norm2"]
    with pytest.raises(ValueError, match="one scale for all"):
        fn.scaled(BASES["norm2"], np.array([1.0, 2.0]))
    with pytest.raises(ValueError, match="positive and finite"):
        fn.Scaled(norm, 0.0)
    with pytest.raises(ValueError, match="nonzero"):
        fn.Precomposed(norm, np.array([1.0, 0.0]))
    with pytest.raises(ValueError, match="one for each of 2 groups"):
        fn.Precomposed(norm, D)
    with pytest.raises(ValueError, match="mu > 0"):
        fn.PlusQuadratic(norm, 0.0)
