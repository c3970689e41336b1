"""The affine walk against CVXPY's own values: every affine atom, every shape; nothing dense becomes triplets."""

import cvxpy as cp
import numpy as np
import pytest
import scipy.sparse as sp
from hypothesis import given, settings
from hypothesis import strategies as st

from admmopt.operators import Convolution, Dense, Identity, LeftProduct, RightProduct, Sparse
from admmopt.splitting.affine import AffineWalk

rng = np.random.default_rng(0)
A, B, S = rng.standard_normal((4, 3)), rng.standard_normal((2, 5)), sp.random_array((6, 3), density=0.4, rng=rng)
x, y, X, N = cp.Variable(3), cp.Variable(3), cp.Variable((3, 2)), cp.Variable((2, 3, 4))

EXPRESSIONS = {
    "sum": x + y + 1,
    "difference with a broadcast": X - cp.reshape(x, (3, 1), order="F"),
    "scalar broadcast": x - y[0],
    "negation": -(2 * x - 3),
    "dense product": A @ x - 1,
    "sparse product": S @ x,
    "row vector": A[0] @ X,
    "left product": A @ X,
    "right product": X @ B,
    "both sides": A @ X @ B,
    "vector times matrix": x @ A.T,
    "elementwise": cp.multiply(A[:3, :2], X),
    "elementwise broadcast": cp.multiply(A[:3, :1], cp.reshape(x, (3, 1), order="F")),
    "division": X / 4 + x[0] / 2,
    "index": X[1:, ::-1],
    "special index": x[[2, 0, 0]],
    "boolean index": x[np.array([True, False, True])],
    "transpose": X.T,
    "reshape C": cp.reshape(X, (2, 3), order="C"),
    "vstack": cp.vstack([x, y, np.ones(3)]),
    "hstack": cp.hstack([x, 2 * y, 7]),
    "concatenate": cp.concatenate([X, 2 * X], axis=1),
    "bmat": cp.bmat([[X, X], [X, np.zeros((3, 2))]]),
    "sum over an axis": cp.sum(X, axis=0, keepdims=True) + cp.sum(x),
    "N-d sum": cp.sum(N, axis=1),
    "N-d transpose": cp.permute_dims(N, [2, 0, 1]),
    "diagonal of a matrix": cp.diag(X[:2, :]),
    "diagonal matrix": cp.diag(x) + 1,
    "trace": cp.trace(X[:2, :]),
    "upper triangle": cp.upper_tri(cp.reshape(cp.hstack([x, y, x]), (3, 3), order="F")),
    "convolution": cp.convolve(np.array([1.0, -2, 3]), x),
    "kron": cp.kron(A[:2, :2], X) + cp.kron(X, A[:2, :2])[:6, :4],
    "differences": cp.diff(x),
    "promote": cp.promote(x[0], (2, 2)) + 1,
    "partial trace": cp.partial_trace(cp.kron(X[:2, :], np.eye(2)), (2, 2), 0),
    "constant": cp.Constant(A) + 1,
    "empty": x[:0],
}


def apply(map, variables):
    total = map.constant.copy()
    for variable in variables:
        if variable.id in map.parts:
            total = total + map.parts[variable.id].matvec(variable.value.ravel(order="F"))
    return total


@pytest.mark.parametrize("name", EXPRESSIONS)
def test_the_walk_agrees_with_cvxpy(name):
    expr, walk = EXPRESSIONS[name], AffineWalk()
    for seed in range(2):
        draw = np.random.default_rng(seed)
        for variable in (x, y, X, N):
            variable.value = draw.standard_normal(variable.shape)
        map = walk.map(expr)
        np.testing.assert_allclose(apply(map, (x, y, X, N)), np.ravel(expr.value, order="F"), atol=1e-12)
        for op in map.parts.values():
            u, v = draw.standard_normal(op.shape[1]), draw.standard_normal(op.shape[0])
            assert v @ op.matvec(u) == pytest.approx(op.rmatvec(v) @ u, abs=1e-10)
            entries = op.entries()
            if entries is not None:
                np.testing.assert_allclose(entries @ u, op.matvec(u), atol=1e-12)
                if name not in ("sum", "both sides", "kron"):  # where entries overlap, squared() is an estimate
                    np.testing.assert_allclose(op.squared().matvec(u), (entries**2) @ u, atol=1e-10)


def test_structure_stays_structure():
    walk = AffineWalk()
    kept = cp.Constant(A)
    assert walk.map(kept @ x - 1).parts[x.id].matrix is kept.value  # the array itself, not a copy
    assert isinstance(walk.map(x - 1).parts[x.id], Identity)
    assert isinstance(walk.map(A @ X).parts[X.id], LeftProduct)
    assert walk.map(kept @ X).parts[X.id].factor.matrix is kept.value
    assert isinstance(walk.map(X @ B).parts[X.id], RightProduct)
    assert isinstance(walk.map(cp.convolve(np.ones(3), x)).parts[x.id], Convolution)
    assert isinstance(walk.map(S @ x).parts[x.id], Sparse)
    assert isinstance(walk.map((A @ x)[:2]).parts[x.id].inner, Dense)
    rows = A @ X  # selections of one product are added up in front of it
    difference = walk.map(rows[:, 1:] - rows[:, :-1]).parts[X.id]
    assert isinstance(difference.outer, Sparse) and isinstance(difference.inner, LeftProduct)


@settings(max_examples=30, deadline=None)
@given(st.integers(1, 5), st.integers(1, 4), st.integers(1, 4), st.booleans(), st.integers(0, 2**31))
def test_products_of_any_shape(m, n, k, sparse, seed):
    draw = np.random.default_rng(seed)
    W = cp.Variable((n, k), value=draw.standard_normal((n, k)))
    C, D = draw.standard_normal((m, n)), draw.standard_normal((k, m))
    if sparse:
        C, D = sp.csr_array(C * (C > 0)), sp.csc_array(D * (D > 0))
    for expr in (C @ W, W @ D, C @ W @ D, -(C @ W) / 2):
        map = AffineWalk().map(expr)
        np.testing.assert_allclose(apply(map, [W]), expr.value.ravel(order="F"), atol=1e-12)


def test_values_that_are_not_finite_are_named():
    bad = cp.Constant(np.array([1.0, np.nan]), name="prices")
    with pytest.raises(ValueError, match="prices"):
        AffineWalk().map(cp.multiply(bad, cp.Variable(2)))


def test_a_parameter_without_value_is_named():
    p = cp.Parameter(3, name="demand")
    with pytest.raises(ValueError, match="demand"):
        AffineWalk().map(x + p)
