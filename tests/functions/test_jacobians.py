"""Jacobians of proxes, one test for all functions: the conformance kit at random points of several scales, at points
where the prox has kinks, and beside such points. The kit itself against Jacobians that are wrong."""

from __future__ import annotations

import numpy as np
import pytest

from admmopt import functions as fn
from admmopt.functions.jacobian import Blocks, Jacobian, diagonal, low_rank, product
from admmopt.functions.norms import _Gauge
from admmopt.testing import check_jacobian
from admmopt.testing.jacobians import check_element

from .harness import check_torch

W2, W3 = np.array([0.5, 2.0]), np.array([0.5, 2.0, 1.3])
NORMAL = np.array([[1.0, -2.0, 0.5], [0.3, 0.2, -1.0]])
EQUATIONS = np.array([[1.0, 2.0, 3.0, 4.0], [1.0, 0.0, 0.0, -1.0]])

FUNCTIONS = [
    fn.EuclideanNorm(3, 2, W3),
    fn.EuclideanNorm(1, 5),
    fn.NormOne(3, 2, W3),
    fn.NormInf(3, 4, W3),
    fn.Maximum(3, 4, W3),
    fn.SumLargest(3, 5, 2, W3),
    fn.SumLargest(1, 5, 2.5),
    fn.SumLargest(2, 2, 2),
    fn.LogSumExp(3, 4, W3),
    fn.QuadOverLin(3, 3, W3),
    fn.Simplex(3, 4, W3),
    fn.L1Ball(3, 4, W3),
    fn.L2Ball(3, 4, W3),
    fn.HyperSlab(NORMAL, np.array([-1.0, 0.2]), np.array([0.5, np.inf])),
    fn.AffineSet.of(EQUATIONS, np.array([1.0, 2.0])),
    fn.SecondOrderCone(4, 4),
    fn.SecondOrderCone(4, 2),
    fn.ExponentialCone(20),
    fn.PowerCone(20, np.linspace(0.02, 0.98, 20)),
    fn.PowerConeND(np.array([[0.2, 0.5, 0.3], [0.6, 0.3, 0.1]])),
    fn.PSDCone(2, 3),
    fn.PSDCone(1, 6),
    fn.NuclearNorm(5, 3, 0.7),
    fn.NuclearNorm(2, 4, W2, count=2),
    fn.NuclearNorm(3, 3),
    fn.SpectralNorm(4, 3, 0.7),
    fn.SpectralNorm(2, 3, W2, count=2),
    fn.LambdaMax(5, 0.7),
    fn.LambdaMax(3, W2, count=2),
    fn.SumLargestEigenvalues(5, 2, 0.7),
    fn.NegLogDet(3, W2, count=2),
    fn.EigenvalueFunction(4, fn.Simplex(1, 4)),
    fn.EigenvalueFunction(4, fn.LogSumExp(1, 4)),
    fn.EigenvalueFunction(4, fn.Conjugate(fn.Maximum(1, 4))),
    fn.SingularValueFunction(3, 2, fn.EuclideanNorm(1, 2)),
    fn.SingularValueFunction(3, 4, fn.L1Ball(1, 3, 0.7)),
    fn.TotalVariation(1),
    fn.TotalVariation(7, 0.7),
    fn.TotalVariation(3, W2, count=2),
    fn.FusedLasso(7, 0.3, 0.4),
    fn.FusedLasso(3, W2, 0.3, count=2),
    fn.Monotone(6),
    fn.Monotone(6, increasing=False),
    # the calculus
    fn.DualCone(fn.ExponentialCone(5)),
    fn.Conjugate(fn.SecondOrderCone(2, 3)),
    fn.Conjugate(fn.NuclearNorm(3, 2)),
    fn.MoreauEnvelope(fn.SumLargest(2, 4, 2), 0.5),
    fn.MoreauEnvelope(fn.PSDCone(2, 2), 0.5),
    fn.PlusQuadratic(fn.EuclideanNorm(2, 2), W2, 0.3),
    fn.PlusQuadratic(fn.LambdaMax(3, W2, count=2), W2, 0.3),
    fn.Conjugate(fn.PlusQuadratic(fn.TotalVariation(3, W2, count=2), W2, 0.3)),
    fn.Precomposed(fn.SecondOrderCone(2, 3), np.array([-1.0, 2.0]), 0.3),
    fn.Scaled(fn.LambdaMax(3), 2.0),
    fn.Tilted(fn.EuclideanNorm(2, 2), 0.3),
    fn.SeparableSum((fn.EuclideanNorm(1, 3), fn.absolute(2), fn.TotalVariation(4), fn.PSDCone(1, 2))),
    fn.SeparableSum((fn.EuclideanNorm(2, 3), fn.SecondOrderCone(1, 3))),
    fn.Permuted(fn.EuclideanNorm(2, 3), np.array([3, 1, 2, 0, 5, 4])),
    fn.Permuted(fn.absolute(3), np.array([2, 0, 1])),
]

everyone = pytest.mark.parametrize("f", FUNCTIONS, ids=lambda f: f.describe())


def steps(f, rng):
    return float(np.exp(rng.uniform(-2, 2))), np.exp(rng.uniform(-2, 2, f.count))


@everyone
def test_at_random_points(f):
    rng = np.random.default_rng(0)
    seen = [check_jacobian(f, s * rng.standard_normal(f.size), t) for s in (0.3, 1, 5) for t in steps(f, rng)]
    assert np.mean(seen) > 0.9  # the prox is differentiable almost everywhere


def kinks(f):
    """Zero, ties, whole numbers, and points of sets and of their normal cones."""
    rng = np.random.default_rng(1)
    units = np.zeros((f.count, f.dim))
    units[:, 0] = 1.0
    yield from (np.zeros(f.size), np.ones(f.size), -np.ones(f.size), units.reshape(-1), -units.reshape(-1))
    for v in rng.standard_normal((3, f.size)):
        yield f.prox(v, 1.0)
        yield v - f.prox(v, 1.0)
        yield np.round(v)


@everyone
def test_at_kinks(f):
    for v in kinks(f):
        for t in (1.0, np.linspace(0.3, 2.0, f.count)):
            check_element(f, v, t)


@everyone
def test_beside_kinks(f):
    """prox(v + h) - prox(v) = J(v + h) h + o(h) at any v: the prox is semismooth, which Newton's method lives on."""
    rng = np.random.default_rng(2)
    curved = any(name in f.describe() for name in ("Exponential", "Power"))  # there o(h) is slower than a power of h
    for v in kinks(f):
        for h in 1e-7 * rng.standard_normal((3, f.size)):
            moved = f.prox(v + h, 1.0) - f.prox(v, 1.0)
            error = moved - product(f.prox_jacobian(v + h, 1.0), h)
            assert np.linalg.norm(error) <= (1e-2 if curved else 1e-4) * np.linalg.norm(h), v


@pytest.mark.parametrize("f", [f for f in FUNCTIONS if isinstance(f, _Gauge)], ids=lambda f: f.describe())
def test_a_step_of_zero_leaves_every_point(f):
    for v in kinks(f):
        np.testing.assert_array_equal(product(f.prox_jacobian(v, 0.0), v), v)


@everyone
def test_the_same_numbers_on_torch(f):
    check_torch(f, np.random.default_rng(3).standard_normal(f.size), 0.7)


def test_elementwise_functions_keep_plain_arrays():
    alone = [fn.EuclideanNorm(3, 1), fn.SecondOrderCone(3, 1), fn.NormInf(3, 1), fn.Maximum(3, 1), fn.L2Ball(3, 1)]
    for f in [*alone, fn.NormOne(1, 3), fn.Conjugate(fn.SeparableSum((fn.absolute(1), fn.EuclideanNorm(2, 1))))]:
        assert isinstance(f.prox_jacobian(np.array([0.3, -2.0, 1.5]), 0.7), np.ndarray)


def test_none_stays_none():
    unknown = fn.Rank(2, 2, 1)
    v = np.arange(4.0)
    wrapped = [
        fn.Precomposed(unknown, 2.0),
        fn.SeparableSum((unknown, fn.absolute(1))),
        fn.Permuted(unknown, v.astype(int)),
    ]
    for f in [unknown, *wrapped]:
        assert f.prox_jacobian(np.arange(f.size, dtype=float), 1.0) is None


def test_blocks_stay_blocks_under_the_calculus():
    """So that their low rank can be used."""
    f = fn.Conjugate(fn.PlusQuadratic(fn.EuclideanNorm(2, 3), W2))
    J = f.prox_jacobian(np.arange(6.0), np.array([0.5, 1.0]))
    assert isinstance(J, Blocks) and J.vectors.shape == (2, 1, 3)
    np.testing.assert_allclose(diagonal(J), [product(J, e)[i] for i, e in enumerate(np.eye(6))])


def test_estimated_diagonals_are_near():
    """The spectral ones: at least half of the exact diagonal, in the mean closer."""
    rng = np.random.default_rng(4)
    for f in (fn.PSDCone(1, 8), fn.NuclearNorm(7, 5), fn.LambdaMax(8, 3.0)):
        J = f.prox_jacobian(3 * rng.standard_normal(f.size), 1.0)
        exact = np.array([J.matvec(e)[i] for i, e in enumerate(np.eye(f.size))])
        assert not J.exact_diagonal
        assert np.all(J.diagonal() >= 0.5 * exact - 1e-12) and np.mean(np.abs(J.diagonal() - exact)) < 0.1


class Wrong(Jacobian):
    """A Jacobian of size 2 with a given matrix and diagonal."""

    size = 2

    def __init__(self, matrix, diagonal):
        self.matrix, self._diagonal = np.array(matrix), np.array(diagonal)

    def matvec(self, d):
        return self.matrix @ d

    def diagonal(self):
        return self._diagonal


@pytest.mark.parametrize(
    ("jacobian", "sentence"),
    [
        (Wrong([[0.5, 0.2], [0.1, 0.5]], [0.5, 0.5]), "not symmetric"),
        (Wrong([[0.5, 0.6], [0.6, 0.5]], [0.5, 0.5]), "eigenvalues from -0.1 to 1.1"),
        (Wrong([[0.5, 0.0], [0.0, 0.5]], [0.5, 0.4]), "not the diagonal"),
        (Wrong([[0.5, 0.0], [0.0, 0.5]], [0.5, 0.5]), "differs from the prox"),
        (np.array([0.5, 0.5]), "differs from the prox"),
        (np.array([1.0, 1.5]), r"leaves \[0, 1\]"),
        (low_rank(0.0, (1.0, np.eye(3)[:1])), "size 3"),
        (np.eye(2), "shape"),
    ],
)
def test_the_kit_finds_what_is_wrong(jacobian, sentence, monkeypatch):
    f = fn.SecondOrderCone(1, 2)
    monkeypatch.setattr(fn.SecondOrderCone, "prox_jacobian", lambda self, v, t: jacobian)
    with pytest.raises(AssertionError, match=sentence):
        check_jacobian(f, np.array([0.5, 2.0]), 1.0)
