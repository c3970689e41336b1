"""Norms, sorting-based functions, balls, half-spaces, log-sum-exp: the common checks, conjugate pairs, equal pairs."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from admmopt.functions import (
    AffineSet,
    EuclideanNorm,
    HalfSpace,
    HyperSlab,
    L1Ball,
    L2Ball,
    LogSumExp,
    Maximum,
    NormInf,
    NormOne,
    QuadOverLin,
    SecondOrderCone,
    Simplex,
    SumLargest,
)
from admmopt.functions.omega import wright_omega
from admmopt.functions.threshold import threshold

from .harness import check, check_conjugate, check_same

WEIGHT = np.array([0.5, 2.0, 1.3])
NORMAL = np.array([[1.0, -2.0, 0.5], [0.3, 0.2, -1.0]])

FUNCTIONS = [
    EuclideanNorm(3, 2, WEIGHT),
    EuclideanNorm(1, 4),
    NormOne(3, 2, WEIGHT),
    NormInf(3, 2, WEIGHT),
    NormInf(1, 4, 0.7),
    Maximum(3, 2, WEIGHT),
    Maximum(1, 4),
    SumLargest(3, 3, 2, WEIGHT),
    SumLargest(1, 4, 2),
    SumLargest(2, 2, 2),
    SumLargest(1, 5, 2.5),
    LogSumExp(3, 2, WEIGHT),
    LogSumExp(1, 4),
    QuadOverLin(3, 3, WEIGHT),
    QuadOverLin(1, 2),
    Simplex(3, 2, WEIGHT),
    Simplex(1, 4),
    L1Ball(3, 2, WEIGHT),
    L1Ball(1, 4),
    L2Ball(3, 2, WEIGHT),
    L2Ball(1, 4, 1.5),
    HyperSlab(NORMAL, np.array([-1.0, 0.2]), np.array([0.5, np.inf])),
    HalfSpace(NORMAL, np.array([0.5, -0.3])),
    AffineSet.of(
        np.array([[1.0, 2.0, 3.0, 4.0], [1.0, 0.0, 0.0, -1.0], [2.0, 2.0, 3.0, 3.0]]), np.array([1.0, 2.0, 3.0])
    ),
]


@pytest.mark.parametrize("f", FUNCTIONS, ids=lambda f: f.describe())
def test_everything(f):
    check(f, trials=3)


@pytest.mark.parametrize("f", FUNCTIONS, ids=lambda f: f.describe())
@pytest.mark.parametrize("scale", [1e-6, 1e5])
def test_the_prox_satisfies_its_optimality_condition_at_any_scale(f, scale):
    """y = prox(v) means y = prox(y + (v - y)): exact, so it shows errors that a comparison of values cannot."""
    v = scale * np.random.default_rng(3).standard_normal(f.size)
    y = f.prox(v, 1.0)
    size = max(1.0, scale)
    np.testing.assert_allclose(f.prox(y + (v - y), 1.0), y, atol=1e-11 * size)
    z = f.prox(v + 1e-7 * size, 1.0)
    assert np.linalg.norm(z - y) <= 1e-7 * size * np.sqrt(f.size) * (1 + 1e-4)


@pytest.mark.parametrize(
    "f, conjugate",
    [
        (EuclideanNorm(3, 2, WEIGHT), L2Ball(3, 2, WEIGHT)),
        (NormInf(3, 2, WEIGHT), L1Ball(3, 2, WEIGHT)),
        (Maximum(3, 2, WEIGHT), Simplex(3, 2, WEIGHT)),
    ],
    ids=lambda f: f.describe(),
)
def test_norms_and_balls_are_conjugate(f, conjugate):
    check_conjugate(f, conjugate)


@pytest.mark.parametrize(
    "f, g",
    [
        (SumLargest(3, 4, 1, WEIGHT), Maximum(3, 4, WEIGHT)),
        (SumLargest(3, 1, 1, WEIGHT), Maximum(3, 1, WEIGHT)),
        (EuclideanNorm(3, 1, WEIGHT), NormOne(3, 1, WEIGHT)),
        (NormInf(3, 1, WEIGHT), NormOne(3, 1, WEIGHT)),
        (L2Ball(3, 1, WEIGHT), L1Ball(3, 1, WEIGHT)),
        (HalfSpace(NORMAL, WEIGHT[:2]), HyperSlab(NORMAL, np.full(2, -np.inf), WEIGHT[:2])),
        (AffineSet.of(NORMAL[:1], WEIGHT[:1]), HyperSlab(NORMAL[:1], WEIGHT[:1], WEIGHT[:1])),
    ],
    ids=lambda f: f.describe(),
)
def test_two_ways_to_the_same_function(f, g):
    check_same(f, g, values=not f.indicator)


def test_l1_ball_of_nonnegative_vectors_is_the_simplex():
    v = np.abs(np.random.default_rng(0).standard_normal(12)) + 1.0
    np.testing.assert_allclose(L1Ball(3, 4, WEIGHT).project(v), Simplex(3, 4, WEIGHT).project(v), atol=1e-13)


def test_second_order_cone_is_the_epigraph_of_the_norm_ball():
    """Minimizing ||y - v||^2 over ||x|| <= t for a fixed t is the projection onto a ball of radius t."""
    v = np.array([0.4, 3.0, -1.0, 2.0])
    y = SecondOrderCone(1, 4).project(v)
    np.testing.assert_allclose(L2Ball(1, 3, float(y[0])).project(v[1:]), y[1:], atol=1e-13)


@settings(max_examples=100, deadline=None)
@given(
    st.lists(st.floats(-1e6, 1e6), min_size=1, max_size=12),
    st.floats(0.0, 0.999),
    st.one_of(st.none(), st.floats(1e-3, 1e3)),
)
def test_threshold_meets_its_equation(values, share, cap):
    v = np.array([values, values[::-1]])
    total = np.full(2, share * (len(values) * cap if cap else 1e3))
    theta = threshold(v, total, cap)
    reached = np.clip(v - theta[:, None], 0, np.inf if cap is None else cap).sum(1)
    np.testing.assert_allclose(reached, total, atol=1e-12 * (np.abs(v).max() + total[0]) * len(values))


def test_log_sum_exp_prox_solves_its_equation_to_machine_precision():
    from scipy.special import softmax

    rng = np.random.default_rng(0)
    for scale in (1e-3, 1.0, 100.0, 1e4):
        for t in (1e-6, 1e-2, 1.0, 1e3, 1e6):
            v = scale * rng.standard_normal((50, 7))
            y = LogSumExp(50, 7).prox(v.reshape(-1), t).reshape(50, 7)
            p = (v - y) / t
            np.testing.assert_allclose(p.sum(1), 1.0, atol=1e-9 + 1e-14 * scale / t)
            error = y + t * softmax(y, axis=1) - v
            noise = 8 * np.finfo(float).eps * np.abs(y).max() * (1 + t)  # rounding y alone moves t softmax(y) by this
            assert np.abs(error).max() <= noise, (scale, t, np.abs(error).max())


def test_wright_omega_against_scipy():
    from scipy.special import wrightomega

    z = np.concatenate((np.linspace(-60, 60, 20001), np.logspace(1, 300, 500), -np.logspace(1, 2.8, 500)))
    np.testing.assert_allclose(wright_omega(z), wrightomega(z), rtol=2e-15 * 60)


def test_values_known_by_hand():
    y = np.array([3.0, -4.0, 1.0, 1.0])
    assert EuclideanNorm(2, 2, np.array([1.0, 2.0])).value(y) == pytest.approx(5 + 2 * np.sqrt(2))
    assert NormOne(1, 4).value(y) == 9
    assert NormInf(1, 4, 2.0).value(y) == 8
    assert Maximum(2, 2).value(y) == 4
    assert SumLargest(1, 4, 3).value(y) == 5
    assert SumLargest(1, 4, 1.5).value(y) == 3.5
    assert QuadOverLin(2, 2).value(np.array([2.0, 4.0, 3.0, 1.0])) == 10
    assert QuadOverLin(1, 2).value(np.array([1.0, 0.0])) == np.inf
    assert QuadOverLin(1, 2).value(np.array([0.0, 0.0])) == 0
    assert LogSumExp(1, 2).value(np.array([1000.0, 1000.0])) == pytest.approx(1000 + np.log(2))
    np.testing.assert_allclose(Simplex(1, 3).project(np.array([1.0, 1.0, -5.0])), [0.5, 0.5, 0])
    np.testing.assert_allclose(L1Ball(1, 2).project(np.array([0.2, -0.3])), [0.2, -0.3])


def test_bad_arguments_are_named():
    with pytest.raises(ValueError, match="k must lie"):
        SumLargest(1, 3, 4)
    with pytest.raises(ValueError, match="no solution"):
        AffineSet.of(np.ones((2, 2)), np.array([0.0, 1.0]))
    with pytest.raises(ValueError, match="lower bound"):
        HyperSlab(NORMAL, np.ones(2), np.zeros(2))
    with pytest.raises(ValueError, match="not zero"):
        HalfSpace(np.zeros((1, 2)), np.zeros(1))
