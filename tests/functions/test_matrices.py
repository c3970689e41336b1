"""Spectral functions and the vectorization of symmetric matrices."""

from __future__ import annotations

import cvxpy as cp
import numpy as np
import pytest

from admmopt.functions import (
    EigenvalueFunction,
    EuclideanNorm,
    LambdaMax,
    NegLogDet,
    NormOne,
    NuclearNorm,
    PSDCone,
    SingularValueFunction,
    SpectralNorm,
    SumLargestEigenvalues,
    nonneg,
)
from admmopt.functions.svec import smat, svec, svec_pattern

from .harness import check, check_same

WEIGHT = np.array([0.5, 2.0])

FUNCTIONS = [
    NuclearNorm(3, 2, 0.7),
    NuclearNorm(2, 3, WEIGHT, count=2),
    SpectralNorm(2, 3, 0.7),
    SpectralNorm(2, 2, WEIGHT, count=2),
    LambdaMax(3, 0.7),
    LambdaMax(2, WEIGHT, count=2),
    SumLargestEigenvalues(3, 2, 0.7),
    NegLogDet(2, 0.7),
    NegLogDet(2, WEIGHT, count=2),
]


@pytest.mark.parametrize("f", FUNCTIONS, ids=lambda f: f.describe())
def test_everything(f):
    check(f, trials=3)


@pytest.mark.parametrize(
    "f, g",
    [
        (SumLargestEigenvalues(3, 1, 0.7), LambdaMax(3, 0.7)),
        (SingularValueFunction(3, 2, EuclideanNorm(1, 2)), EuclideanNorm(1, 6)),
        (SingularValueFunction(3, 2, NormOne(1, 2)), NuclearNorm(3, 2)),
        (SingularValueFunction(3, 1, NormOne(1, 1)), EuclideanNorm(1, 3)),
        (EigenvalueFunction(3, EuclideanNorm(1, 3)), EuclideanNorm(1, 6)),
        (EigenvalueFunction(3, nonneg(3)), PSDCone(1, 3)),
        (NuclearNorm(4, 1), SpectralNorm(4, 1)),
    ],
    ids=lambda f: f.describe(),
)
def test_two_ways_to_the_same_function(f, g):
    check_same(f, g, values=not g.indicator)


def test_neg_log_det_prox_is_stationary():
    """X - t weight X^-1 = V."""
    rng = np.random.default_rng(0)
    V = 100 * rng.standard_normal((8, 8))
    V = V + V.T
    X = smat(NegLogDet(8, 0.5).prox(svec(V[None]).reshape(-1), 0.3).reshape(1, -1), 8)[0]
    assert np.linalg.eigvalsh(X).min() > 0
    U = np.linalg.eigh(V)[1]  # in V's own basis the equation is diagonal
    x = np.diag(U.T @ X @ U)
    np.testing.assert_allclose(x * (x - np.diag(U.T @ V @ U)), 0.15, rtol=1e-8)


def test_svec_keeps_inner_products_and_the_order_of_the_lower_triangle():
    rng = np.random.default_rng(0)
    A, B = (M + M.transpose(0, 2, 1) for M in rng.standard_normal((2, 5, 4, 4)))
    np.testing.assert_allclose((svec(A) * svec(B)).sum(1), np.einsum("gij,gji->g", A, B))
    np.testing.assert_allclose(smat(svec(A), 4), A, rtol=1e-15)
    rows, cols = svec_pattern(3)
    assert list(zip(rows.tolist(), cols.tolist(), strict=True)) == [(0, 0), (1, 0), (2, 0), (1, 1), (2, 1), (2, 2)]


def test_matrices_are_vectorized_column_by_column():
    M = np.random.default_rng(0).standard_normal((4, 3))
    vec = M.reshape(-1, order="F")
    assert NuclearNorm(4, 3).value(vec) == pytest.approx(cp.normNuc(M).value)
    assert SpectralNorm(4, 3).value(vec) == pytest.approx(cp.sigma_max(M).value)
    U, s, Vt = np.linalg.svd(M, full_matrices=False)
    expected = U @ np.diag(np.maximum(s - 0.8, 0)) @ Vt
    np.testing.assert_allclose(NuclearNorm(4, 3).prox(vec, 0.8).reshape(4, 3, order="F"), expected, atol=1e-13)


def test_sizes_are_checked():
    with pytest.raises(ValueError, match="size 2"):
        SingularValueFunction(3, 2, NormOne(1, 3))
    with pytest.raises(ValueError, match="size 3"):
        EigenvalueFunction(3, NormOne(1, 2))
