"""Quadratic forms that are known to be semidefinite before CVXPY asks ARPACK."""

import cvxpy as cp
import numpy as np
import pytest
import scipy.sparse as sp
from cvxpy.utilities import linalg as cvxpy_linalg

import admmopt as ao
from admmopt.splitting.definite import certify, has_factor


def matrix(smallest: float, n: int = 60) -> np.ndarray:
    """Symmetric, eigenvalues from `smallest` to 1."""
    Q = np.linalg.qr(np.random.default_rng(0).normal(size=(n, n)))[0]
    A = Q @ np.diag(np.linspace(smallest, 1.0, n)) @ Q.T
    return 0.5 * (A + A.T)


@pytest.mark.parametrize("form", [np.array, sp.csc_array])
@pytest.mark.parametrize(("smallest", "semidefinite"), [(1e-3, True), (-1e-6, False), (-0.5, False)])
def test_a_factor_exists_where_no_eigenvalue_is_negative(form, smallest, semidefinite):
    assert has_factor(form(matrix(smallest)), 1e-10) is semidefinite


@pytest.mark.parametrize(
    "A", [np.full((2, 2), np.nan), sp.csc_array(np.array([[0.0, 1.0], [1.0, 0.0]])), 1j * np.eye(2)]
)
def test_what_cannot_be_factorized_has_none(A):
    assert not has_factor(A, 1e-10)


def test_cvxpy_is_spared_its_test(monkeypatch):
    x = cp.Variable(60)
    problem = cp.Problem(cp.Minimize(cp.quad_form(x, matrix(1e-3)) + cp.sum(x)), [cp.quad_form(x, matrix(0.1)) <= 1])

    def asked(*_):
        raise AssertionError("CVXPY's own test was run")

    monkeypatch.setattr(cvxpy_linalg, "is_psd_within_tol", asked)
    certify(problem)
    assert problem.is_dcp()
    highest = cp.Problem(cp.Maximize(cp.quad_form(x, -matrix(1e-3))))
    certify(highest)
    assert highest.is_dcp()


def test_an_indefinite_form_is_refused_as_before():
    x = cp.Variable(60)
    with pytest.raises(cp.error.DCPError):
        ao.solve(cp.Problem(cp.Minimize(cp.quad_form(x, matrix(-0.5)))))
