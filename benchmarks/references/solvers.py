"""Which specialised solver is the reference of which problem."""

from __future__ import annotations

from ..problems.least_squares import HUBER, MATRICES
from . import composite, interior_point, linear, matrix, portfolios, proximal_newton, smooth, svm
from .certified import Certified


def _lasso(A, b, lam) -> Certified:
    return composite.solve(composite.squared(A, b), composite.l1(lam), A.shape[1:] + b.shape[1:])


def _lasso_ill(A, b, lam) -> Certified:
    return composite.solve(composite.squared(A, b), composite.l1(lam), A.shape[1], limit=500_000)


def _fused(A, b, lam) -> Certified:
    return composite.solve(composite.squared(A, b), composite.fused(lam, lam), A.shape[1])


def _groups(A, b, lam, length) -> Certified:
    return composite.solve(composite.squared(A, b), composite.groups(lam, length), A.shape[1])


def _elastic(A, b, lam) -> Certified:
    return composite.solve(composite.squared(A, b), composite.elastic(0.9 * lam, 0.1 * lam), A.shape[1], limit=100000)


SOLVERS = {
    "basis_pursuit": linear.basis_pursuit,
    "cvar_simulator": portfolios.cvar,
    "cvar_sp500": portfolios.cvar,
    "covsel": matrix.covsel,
    "enet_colon": _elastic,
    "enet_leukemia": _elastic,
    "fused_lasso": _fused,
    "group_lasso": _groups,
    "hinge_l1": interior_point.hinge_l1,
    "hinge_l1_sparse": interior_point.hinge_l1,
    "hinge_l2": svm.hinge_l2,
    "hinge_l2_sparse": svm.hinge_l2,
    "huber": smooth.huber,
    "lasso": _lasso,
    "lasso_sparse": _lasso,
    "least_abs_dev": linear.least_abs_dev,
    "logreg_l1": proximal_newton.logistic_l1,
    "logreg_l1_sparse": proximal_newton.logistic_l1,
    "logreg_rcv1": proximal_newton.logistic_l1,
    "logreg_spambase": proximal_newton.logistic_l1,
    "lp": linear.lp,
    "mnist": smooth.mnist,
    "mv_lasso": _lasso,
    "nonneg_ls": smooth.nonneg_ls,
    "portfolio": smooth.portfolio,
    "qp": smooth.qp,
    "quantile": linear.quantile,
    "quantile_noncrossing": linear.quantile_noncrossing,
    "robust_pca": matrix.robust_pca,
    **dict.fromkeys((f"markowitz_port{k}" for k in (1, 2, 3, 5)), portfolios.markowitz),
    **dict.fromkeys((f"lasso_{name}" for name in MATRICES), _lasso_ill),
    **dict.fromkeys((f"huber_{name}" for name in HUBER), smooth.huber),
    "svm_a9a": svm.hinge_l2,
    "svm_magic": svm.hinge_l2,
    "svm_w8a": svm.hinge_l2,
    "tv_1d": matrix.tv_1d,
    "tv_2d": matrix.tv_2d,
}
