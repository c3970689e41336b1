"""Total variation, fused lasso, monotone sequences: the common checks, a conic solver, compiled against plain."""

from __future__ import annotations

import cvxpy as cp
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from admmopt.functions import FusedLasso, Monotone, NormOne, TotalVariation, variation

from .harness import check, check_same

FUNCTIONS = [
    TotalVariation(1),
    TotalVariation(4, 0.7),
    TotalVariation(3, np.array([0.5, 2.0]), count=2),
    FusedLasso(4, 0.7, 0.4),
    FusedLasso(3, np.array([0.5, 2.0]), 0.3, count=2),
    Monotone(4),
    Monotone(4, increasing=False),
]


@pytest.mark.parametrize("f", FUNCTIONS, ids=lambda f: f.describe())
def test_everything(f):
    check(f, trials=3)


@pytest.mark.parametrize("weight, l1", [(0.05, 0.0), (1.0, 0.0), (20.0, 0.0), (1.0, 0.3)])
def test_against_a_quadratic_program(weight, l1):
    v = np.cumsum(np.random.default_rng(0).standard_normal(60))
    y = cp.Variable(60)
    cp.Problem(cp.Minimize(0.5 * cp.sum_squares(y - v) + weight * cp.tv(y) + l1 * cp.norm1(y))).solve(
        solver=cp.CLARABEL, tol_gap_abs=1e-11, tol_gap_rel=1e-11, tol_feas=1e-11
    )
    np.testing.assert_allclose(FusedLasso(60, weight, l1).prox(v, 1.0), y.value, atol=1e-5)


def optimality(v, x, step):
    """How far x is from minimizing 1/2 ||x - v||^2 + step TV(x): v - x = D'u with |u| <= step, u = step sign(Dx)."""
    u = -np.cumsum(v - x)
    jumps = np.diff(x)
    signs = np.where(jumps != 0, u[:-1] - step * np.sign(jumps), 0.0)
    return max(np.abs(u[:-1]).max() - step, np.abs(signs).max(), abs(u[-1]))


@settings(max_examples=150, deadline=None)
@given(st.lists(st.floats(-100, 100), min_size=2, max_size=40), st.floats(1e-9, 1e3))
def test_optimality_condition(values, step):
    v = np.array(values)
    assert optimality(v, TotalVariation(v.size).prox(v, step), step) <= 1e-11 * (np.abs(v).sum() + step)


@pytest.mark.parametrize("step", [1e-17, 0.0, 1e9])
def test_extreme_steps(step):
    v = 1e3 * np.random.default_rng(1).standard_normal(50)
    y = TotalVariation(50).prox(v, step)
    np.testing.assert_allclose(y, v if step < 1 else np.full(50, v.mean()), rtol=1e-12)


def test_compiled_and_plain_agree_to_the_last_bit(monkeypatch):
    v = np.cumsum(np.random.default_rng(2).standard_normal(3000))
    f = TotalVariation(3000)
    found = [f.prox(v, step) for step in (0.1, 3.0, 100.0)]
    monkeypatch.setattr(variation, "_kernel", lambda: (variation._dynamic_program, False))
    for step, expected in zip((0.1, 3.0, 100.0), found, strict=True):
        np.testing.assert_array_equal(f.prox(v, step), expected)


def test_two_ways_to_the_same_function():
    check_same(FusedLasso(5, 0.0, 0.4), NormOne(1, 5, 0.4))
    check_same(FusedLasso(5, 0.4, 0.0), TotalVariation(5, 0.4))


def test_values_known_by_hand():
    np.testing.assert_allclose(TotalVariation(2).prox(np.array([0.0, 10.0]), 1.0), [1, 9])
    assert TotalVariation(3, 2.0).value(np.array([0.0, 3.0, 1.0])) == 10
    np.testing.assert_allclose(Monotone(3).project(np.array([3.0, 1.0, 5.0])), [2, 2, 5])
    np.testing.assert_allclose(Monotone(3, increasing=False).project(np.array([3.0, 1.0, 5.0])), [3, 3, 3])
