"""Cones: the common checks, Moreau's decomposition at every scale, equal pairs, Clarabel's projections."""

from __future__ import annotations

import cvxpy as cp
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from admmopt.functions import DualCone, ExponentialCone, PowerCone, PowerConeND, PSDCone, SecondOrderCone

from .harness import check, check_same

ALPHAS = np.array([[0.2, 0.5, 0.3], [0.6, 0.3, 0.1]])

CONES = [
    SecondOrderCone(3, 1),
    SecondOrderCone(2, 2),
    SecondOrderCone(1, 4),
    PSDCone(2, 2),
    PSDCone(1, 3),
    ExponentialCone(1),
    ExponentialCone(3),
    PowerCone(1, np.array([0.3])),
    PowerCone(2, np.array([0.5, 0.9])),
    PowerConeND(ALPHAS),
    PowerConeND(np.array([[1.0]])),
    DualCone(ExponentialCone(1)),
    DualCone(PowerCone(1, np.array([0.3]))),
]


@pytest.mark.parametrize("cone", CONES, ids=lambda f: f.describe())
def test_everything(cone):
    assert cone.cone and cone.indicator and cone.convex
    check(cone, trials=3)


def decomposition_error(cone, v):
    """Largest of <p, v - p>, ||P(p) - p|| and ||P(v - p)||, per group, relative to the group: p is the projection and
    v - p lies in the polar cone exactly when all three vanish."""
    groups = v.reshape(cone.count, cone.dim)
    size = np.maximum(np.abs(groups).max(axis=1), 1e-300)
    p = cone.project(v)
    rest = v - p

    def norms(x):
        return np.abs(x.reshape(groups.shape)).max(axis=1) / size

    inner = np.abs((p.reshape(groups.shape) / size[:, None] * (rest.reshape(groups.shape) / size[:, None])).sum(axis=1))
    return max(inner.max(), norms(cone.project(p) - p).max(), norms(cone.project(rest)).max())


@pytest.mark.parametrize("spread", [0, 1, 4, 12])
@pytest.mark.parametrize(
    "make",
    [
        lambda n, rng: ExponentialCone(n),
        lambda n, rng: PowerCone(n, rng.uniform(0.01, 0.99, n)),
        lambda n, rng: PowerConeND((lambda a: a / a.sum(1, keepdims=True))(rng.uniform(0.01, 1, (n, 5)))),
        lambda n, rng: SecondOrderCone(n, 3),
    ],
    ids=["exponential", "power", "power-nd", "second-order"],
)
def test_moreau_at_all_scales(make, spread):
    """Entries of one group may differ by 10^24."""
    rng = np.random.default_rng(spread)
    cone = make(2000, rng)
    v = rng.standard_normal(cone.size) * 10 ** rng.uniform(-spread, spread, cone.size)
    assert decomposition_error(cone, v) <= 1e-13


LEVELS = (-1e8, -1.0, -1e-9, -1e-200, 0.0, 1e-200, 1e-9, 1.0, 1e8)
CORNERS = np.array([[x, y, z] for x in LEVELS for y in LEVELS for z in LEVELS]).reshape(-1)


@pytest.mark.parametrize(
    "cone", [ExponentialCone(729), PowerCone(729, np.full(729, 0.3))], ids=["exponential", "power"]
)
def test_degenerate_rays(cone):
    assert decomposition_error(cone, CORNERS) <= 1e-13


@settings(max_examples=200, deadline=None)
@given(st.lists(st.floats(-1e6, 1e6), min_size=3, max_size=3))
def test_exponential_cone_by_hypothesis(v):
    assert decomposition_error(ExponentialCone(1), np.array(v)) <= 1e-13


def test_exponential_cone_boundary_rays_are_recovered():
    """v = s (r, 1, e^r) + m (e^r, (1 - r) e^r, -1) has the first part as its projection."""
    rng = np.random.default_rng(0)
    r = np.concatenate((rng.uniform(-30, 30, 500), [0.0, 1.0, -1.0]))
    s, m = np.exp(rng.uniform(-3, 3, (2, r.size)))
    point = (s * np.exp(-np.maximum(r, 0)))[:, None] * np.stack((r, np.ones_like(r), np.exp(r)), axis=1)
    polar = (m * np.exp(-np.maximum(r, 0)))[:, None] * np.stack((np.exp(r), (1 - r) * np.exp(r), -np.ones_like(r)), 1)
    found = ExponentialCone(r.size).project((point + polar).reshape(-1)).reshape(-1, 3)
    error = np.linalg.norm(found - point, axis=1) / (1 + np.linalg.norm(point + polar, axis=1))
    assert error.max() <= 1e-14


@pytest.mark.parametrize("seed", range(3))
def test_against_clarabel(seed):
    rng = np.random.default_rng(seed)
    v = 2 * rng.standard_normal(6)
    x = cp.Variable(6)
    r = 0.5**0.5
    A = cp.bmat([[x[0], r * x[1], r * x[2]], [r * x[1], x[3], r * x[4]], [r * x[2], r * x[4], x[5]]])
    cases = [
        (ExponentialCone(2), [cp.ExpCone(x[0], x[1], x[2]), cp.ExpCone(x[3], x[4], x[5])]),
        (PowerCone(2, np.array([0.3, 0.8])), [cp.PowCone3D(x[0::3], x[1::3], x[2::3], np.array([0.3, 0.8]))]),
        (SecondOrderCone(2, 3), [cp.SOC(x[0], x[1:3]), cp.SOC(x[3], x[4:6])]),
        (PSDCone(1, 3), [(A + A.T) / 2 >> 0]),
        (PowerConeND(np.full((1, 5), 0.2)), [cp.PowConeND(x[:5], x[5], np.full(5, 0.2))]),
    ]
    for cone, constraints in cases:
        cp.Problem(cp.Minimize(cp.sum_squares(x - v)), constraints).solve(solver=cp.CLARABEL)
        np.testing.assert_allclose(cone.project(v), x.value, atol=2e-4, err_msg=cone.describe())
        assert np.linalg.norm(cone.project(v) - v) <= np.linalg.norm(x.value - v) + 1e-6


def test_two_ways_to_the_same_cone():
    """A rotated quadrant, the square root cone, and self-dual cones."""
    v = np.random.default_rng(0).standard_normal((50, 2))
    turn = np.array([[1, 1], [1, -1]]) / np.sqrt(2)
    quadrant = np.maximum(v @ turn, 0) @ turn
    np.testing.assert_allclose(SecondOrderCone(50, 2).project(v.reshape(-1)).reshape(50, 2), quadrant, atol=1e-14)
    check_same(PowerCone(2, np.array([0.3, 0.6])), PowerConeND(np.array([[0.3, 0.7], [0.6, 0.4]])), values=False)
    check_same(SecondOrderCone(2, 3), DualCone(SecondOrderCone(2, 3)), values=False)
    check_same(PSDCone(1, 3), DualCone(PSDCone(1, 3)), values=False)
    check_same(ExponentialCone(2), DualCone(DualCone(ExponentialCone(2))), values=False)


def test_half_power_cone_is_a_second_order_cone():
    """sqrt(x y) >= |z| is ||(x - y, 2 z)|| <= x + y: checked in the coordinates (x + y, x - y) / sqrt 2."""
    v = np.random.default_rng(1).standard_normal((40, 3))
    p = PowerCone(40, np.full(40, 0.5)).project(v.reshape(-1)).reshape(40, 3)
    turned = np.stack((v[:, 0] + v[:, 1], v[:, 0] - v[:, 1]), axis=1) / np.sqrt(2)
    # there the cone is u0^2 >= u1^2 + 2 z^2: membership and complementarity
    w = np.stack((p[:, 0] + p[:, 1], p[:, 0] - p[:, 1]), axis=1) / np.sqrt(2)
    assert np.all(w[:, 0] ** 2 + 1e-12 >= w[:, 1] ** 2 + 2 * p[:, 2] ** 2)
    assert np.all(np.einsum("ij,ij->i", turned - w, w) + (v[:, 2] - p[:, 2]) * p[:, 2] <= 1e-12)


def test_membership():
    assert ExponentialCone(1).value(np.array([1.0, 2.0, 2 * np.exp(0.5)])) == 0
    assert ExponentialCone(1).value(np.array([1.0, 2.0, 2 * np.exp(0.5) - 1e-3])) == np.inf
    assert ExponentialCone(1).value(np.array([-1.0, 0.0, 0.0])) == 0
    assert PSDCone(1, 2).value(np.array([1.0, np.sqrt(2), 1.0])) == 0
    assert PSDCone(1, 2).value(np.array([1.0, np.sqrt(2) * 1.01, 1.0])) == np.inf


def test_bad_exponents_are_named():
    with pytest.raises(ValueError, match="strictly between 0 and 1"):
        PowerCone(1, np.array([1.0]))
    with pytest.raises(ValueError, match="sum to one"):
        PowerConeND(np.array([[0.5, 0.4]]))
    with pytest.raises(ValueError, match="needs a cone"):
        DualCone(DualConeless())


class DualConeless:
    """Anything that is not a cone."""

    cone = False


@pytest.mark.parametrize("kind", [lambda: ExponentialCone(40), lambda: PowerCone(40, np.linspace(0.05, 0.95, 40))])
def test_what_the_last_projection_left_behind_changes_nothing_but_the_time(kind):
    rng = np.random.default_rng(7)
    used, v = kind(), 10.0 ** rng.uniform(-3, 3, 40).repeat(3) * rng.normal(size=120)
    for size in (1e-8, 1e-3, 1.0, 1e3):  # ever farther from where the last roots were found
        v = v * (1 + size * rng.normal(size=120))
        fresh = kind().project(v)
        assert np.abs(used.project(v) - fresh).max() <= 1e-13 * np.abs(v).max()
    used.forget()
    assert np.array_equal(used.project(v), fresh)
