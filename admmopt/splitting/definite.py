"""Is the matrix of a quadratic form positive semidefinite? CVXPY asks ARPACK, which takes seconds for a thousand
columns; a Cholesky factor of the matrix answers in milliseconds where the answer is yes."""

from __future__ import annotations

import cvxpy as cp
import numpy as np
import qdldl
import scipy.linalg as la
import scipy.sparse as sp
from cvxpy import settings

SMALL = 50  # columns below which CVXPY's own test is as fast


def certify(problem: cp.Problem) -> None:
    """Let the constants in the quadratic forms of `problem` know that they are semidefinite, where a factor of
    A + tol I exists (tol is CVXPY's own). Where none exists nothing is said, and CVXPY makes its own test."""
    seen, stack = set(), [problem.objective.expr, *(arg for c in problem.constraints for arg in c.args)]
    while stack:
        node = stack.pop()
        if id(node) in seen:
            continue
        seen.add(id(node))
        stack.extend(node.args)
        if isinstance(node, cp.QuadForm) and isinstance(node.args[1], cp.Constant):
            _certify(node.args[1])


def _certify(constant: cp.Constant) -> None:
    """Both answers, since CVXPY asks for both: a positive entry of the diagonal says that not all are negative."""
    if getattr(constant, "_psd_test", True) is not None or getattr(constant, "_nsd_test", True) is not None:
        return  # known, or a CVXPY that keeps its answers elsewhere
    A, tol = constant.value, settings.EIGVAL_TOL
    if A.shape[0] < SMALL:
        return
    diagonal = np.real(A.diagonal())
    if diagonal.max() > tol and has_factor(A, tol):
        constant._psd_test, constant._nsd_test = True, False
    elif diagonal.min() < -tol and has_factor(-A, tol):
        constant._psd_test, constant._nsd_test = False, True


def has_factor(A, tol: float) -> bool:
    """Does A + tol I, A real and symmetric (n, n), dense or sparse, have a Cholesky factor?"""
    if not np.isrealobj(A) or not np.all(np.isfinite(A.data if sp.issparse(A) else A)):
        return False
    if sp.issparse(A):
        shifted = sp.csc_matrix(A + tol * sp.eye_array(A.shape[0]))
        try:
            return bool(np.all(qdldl.Solver(shifted).factors()[1] > 0))
        except RuntimeError:  # a zero pivot
            return False
    shifted = np.array(A, dtype=float, order="F")
    shifted[np.diag_indices_from(shifted)] += tol
    return la.lapack.dpotrf(shifted, lower=1, overwrite_a=1, clean=0)[1] == 0
