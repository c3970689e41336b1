"""Nonconvex sets and penalties: nearest points by enumeration, the common checks, ties."""

from __future__ import annotations

import itertools

import numpy as np
import pytest

from admmopt.functions import (
    L0,
    MCP,
    Boolean,
    Cardinality,
    FiniteSet,
    Integers,
    NormOne,
    Permutation,
    Rank,
    Sphere,
    Stiefel,
)

from .harness import check, check_prox, check_same

FUNCTIONS = [
    Cardinality(5, 2),
    Cardinality(3, 1, count=2),
    FiniteSet(3, np.array([-1.0, 0.5, 2.0])),
    Boolean(4),
    Integers(3),
    Sphere(2, 3, np.array([0.5, 2.0])),
    Permutation(3),
    Rank(4, 3, 2),
    Rank(2, 3, 1, count=2),
    Stiefel(4, 2),
    L0(4, np.array([0.1, 0.5, 1.0, 3.0])),
    MCP(4, 0.7, 2.0),
]


@pytest.mark.parametrize("f", FUNCTIONS, ids=lambda f: f.describe())
def test_everything(f):
    assert not f.convex
    check(f, trials=3)


@pytest.mark.parametrize("t", [0.3, 1.9, 2.0, 5.0])
def test_mcp_is_optimal_below_and_above_gamma(t):
    f = MCP(1, 0.7, 2.0)
    grid = np.linspace(-8, 8, 20001)
    penalty = np.where(np.abs(grid) < 1.4, 0.7 * np.abs(grid) - grid**2 / 4, 0.49)
    for v in np.linspace(-4, 4, 41):
        best = np.min(penalty + (grid - v) ** 2 / (2 * t))
        y = f.prox(np.array([v]), t)
        assert f.value(y) + (y[0] - v) ** 2 / (2 * t) <= best + 1e-12


def test_cardinality_against_all_supports():
    v = np.random.default_rng(0).standard_normal(6)
    distance = min(np.linalg.norm(np.delete(v, kept)) for kept in itertools.combinations(range(6), 3))
    assert np.linalg.norm(v - Cardinality(6, 3).project(v)) == pytest.approx(distance)


def test_permutation_against_all_permutations():
    M = np.random.default_rng(1).standard_normal((4, 4))
    best = max(itertools.permutations(range(4)), key=lambda p: sum(M[i, p[i]] for i in range(4)))
    found = Permutation(4).project(M.reshape(-1, order="F")).reshape(4, 4, order="F")
    np.testing.assert_array_equal(found, np.eye(4)[list(best)])


def test_rank_is_the_truncated_singular_value_decomposition():
    M = np.random.default_rng(2).standard_normal((5, 3))
    U, s, Vt = np.linalg.svd(M, full_matrices=False)
    found = Rank(5, 3, 1).prox(M.reshape(-1, order="F"), 1.0).reshape(5, 3, order="F")
    np.testing.assert_allclose(found, s[0] * np.outer(U[:, 0], Vt[0]), atol=1e-13)


@pytest.mark.parametrize("rows, cols", [(5, 3), (3, 5)])
def test_stiefel_gives_orthonormal_columns_or_rows(rows, cols):
    M = np.random.default_rng(3).standard_normal((rows, cols))
    Q = Stiefel(rows, cols).prox(M.reshape(-1, order="F"), 1.0).reshape(rows, cols, order="F")
    gram = Q.T @ Q if rows >= cols else Q @ Q.T
    np.testing.assert_allclose(gram, np.eye(3), atol=1e-13)


def test_ties_are_broken_the_same_way_everywhere():
    import torch

    ones = np.array([1.0, -1.0, 1.0, 1.0])
    np.testing.assert_array_equal(Cardinality(4, 2).project(ones), [1, -1, 0, 0])
    np.testing.assert_array_equal(Cardinality(4, 2).project(torch.asarray(ones)).numpy(), [1, -1, 0, 0])
    np.testing.assert_array_equal(Boolean(3).project(np.array([0.5, 0.49, 0.51])), [0, 0, 1])
    np.testing.assert_array_equal(Sphere(1, 3, 2.0).project(np.zeros(3)), [2, 0, 0])


def test_two_ways_to_the_same_function():
    check_same(Cardinality(3, 3), zero_function(3), values=False)
    check_same(FiniteSet(3, np.array([-1.0, 1.0])), Sphere(3, 1), values=False)


def zero_function(n):
    """The zero function: a norm without weight."""
    return NormOne(1, n, 0.0)


def test_a_worse_point_is_noticed():
    """The harness itself must be able to fail: a projection that keeps the smallest entries is caught."""

    class Wrong(Cardinality):
        def project(self, v):
            return v - Cardinality(self.n, self.n - self.k).project(v)

    with pytest.raises(AssertionError):
        check_prox(Wrong(5, 2), np.arange(1.0, 6.0), 1.0)


def test_bad_arguments_are_named():
    with pytest.raises(ValueError, match="k must lie"):
        Cardinality(3, 4)
    with pytest.raises(ValueError, match="must increase"):
        FiniteSet(2, np.array([1.0, 1.0]))
