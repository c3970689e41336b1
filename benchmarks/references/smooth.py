"""References by Newton-type methods and exact active sets: Huber, multinomial, box QP, nonnegative LS, portfolio."""

from __future__ import annotations

import numpy as np
import scipy.sparse as sp
from scipy.optimize import minimize, nnls
from scipy.special import logsumexp, softmax

from .certified import Certified


def huber(A, b) -> Certified:
    """Newton on sum huber(A x - b), where CVXPY's huber(r) is r^2 up to 1 and 2|r| - 1 beyond, damped as much as it
    takes to descend (Levenberg and Marquardt): columns may depend on each other.

    Dual: max -b'y - 1/4 ||y||^2, A'y = 0, |y| <= 2.
    """
    A = A.toarray() if sp.issparse(A) else A
    x, damping = np.linalg.lstsq(A, b, rcond=None)[0], 1e-12
    for iteration in range(1, 400):  # noqa: B007
        r = A @ x - b
        gradient = A.T @ (2 * np.clip(r, -1, 1))
        if np.abs(gradient).max() < 1e-11 or damping > 1e6:
            break
        inner = A[np.abs(r) <= 1]
        hessian = 2 * inner.T @ inner
        hessian[np.diag_indices(x.size)] += damping * (1 + np.trace(hessian) / x.size)
        step = np.linalg.solve(hessian, gradient)
        descends = _huber(A @ (x - step) - b) <= _huber(r) - 1e-4 * gradient @ step
        x, damping = (x - step, max(0.1 * damping, 1e-12)) if descends else (x, 10 * damping)
    y = 2 * np.clip(A @ x - b, -1, 1)
    y -= A @ np.linalg.lstsq(A, y, rcond=None)[0]
    y *= min(1.0, 2 / np.abs(y).max())
    return Certified({"x": x}, float(-b @ y - 0.25 * y @ y), "semismooth Newton; dual point made feasible", iteration)


def _huber(r):
    return np.where(np.abs(r) <= 1, r**2, 2 * np.abs(r) - 1).sum()


def mnist(A, Y, lam) -> Certified:
    """L-BFGS; the objective is lam-strongly convex, so F - F* <= ||gradient||^2 / (2 lam)."""
    shape = (A.shape[1], Y.shape[1])

    def objective(flat):
        W = flat.reshape(shape)
        scores = A @ W
        value = logsumexp(scores, axis=1).sum() - (Y * scores).sum() + 0.5 * lam * flat @ flat
        return value, (A.T @ (softmax(scores, axis=1) - Y) + lam * W).ravel()

    x, iterations = np.zeros(shape[0] * shape[1]), 0
    for _ in range(5):
        options = {"maxiter": 20000, "maxfun": 40000, "ftol": 1e-16, "gtol": 1e-9, "maxcor": 50}
        result = minimize(objective, x, jac=True, method="L-BFGS-B", options=options)
        x, iterations = result.x, iterations + result.nit
        value, gradient = objective(x)
        if gradient @ gradient / (2 * lam) < 1e-9 * value:
            break
    bound = value - gradient @ gradient / (2 * lam)
    return Certified({"W": x.reshape(shape)}, float(bound), "L-BFGS; bound by strong convexity", iterations)


def qp(P, q, lower, upper) -> Certified:
    """Projected Newton (Bertsekas 1982); F(z) >= F(x) + min over the box of gradient'(z - x)."""

    def objective(x):
        return 0.5 * x @ P @ x + q @ x

    x = np.clip(np.linalg.solve(P, -q), lower, upper)
    for iteration in range(1, 300):  # noqa: B007
        gradient = P @ x + q
        held = ((x <= lower) & (gradient > 0)) | ((x >= upper) & (gradient < 0))
        free = ~held
        if np.abs(gradient[free]).max(initial=0) < 1e-12:
            break
        direction = np.zeros_like(x)
        direction[free] = -np.linalg.solve(P[np.ix_(free, free)], gradient[free])
        scale = 1.0
        while scale > 1e-8:
            trial = np.clip(x + scale * direction, lower, upper)
            if objective(trial) <= objective(x) + 1e-4 * gradient @ (trial - x):
                break
            scale /= 2
        x = trial
    gradient = P @ x + q
    fall = np.minimum(gradient * (lower - x), gradient * (upper - x)).sum()
    return Certified({"x": x}, float(objective(x) + fall), "projected Newton; linear bound", iteration)


def nonneg_ls(A, B) -> Certified:
    """SciPy's active-set NNLS, column by column.

    With A >= 0: at an optimum z, ||A z|| <= ||b||, so sum(z) <= sqrt(m) ||b|| / min(column sums); F is convex, so
    F(z) >= F(x) + gradient'(z - x) >= F(x) - gradient'x + min(0, min gradient) * that.
    """
    X = np.column_stack([nnls(A, b, maxiter=50 * A.shape[1])[0] for b in B.T])
    R = A @ X - B
    G = A.T @ R
    radius = np.sqrt(len(A)) * np.linalg.norm(B, axis=0) / A.sum(axis=0).min()
    bound = 0.5 * np.sum(R**2) - np.sum(G * X) + np.sum(np.minimum(G.min(axis=0), 0) * radius)
    return Certified({"X": X}, float(bound), "active-set NNLS; linear bound", 1)


def portfolio(F, deviation, returns) -> Certified:
    """Semismooth Newton on the dual in (factor prices v, budget price t), 501 numbers.

    min -r'x + ||f||^2 + ||d x||^2, f = F x, 1'x = 1, x >= 0 has the dual function (concave, piecewise quadratic)
    t - 1/4 ||v||^2 - sum_i max(0, s_i)^2 / (4 d_i^2), s = r - F'v + t, attained at x_i = max(0, s_i) / (2 d_i^2) and
    f = v / 2.
    """
    F_t = sp.csr_array(F.T)
    curvature = 2 * deviation**2
    z = np.zeros(F.shape[0] + 1)

    def dual(z):
        s = returns - F_t @ z[:-1] + z[-1]
        x = np.maximum(s, 0) / curvature
        value = z[-1] - 0.25 * z[:-1] @ z[:-1] - 0.5 * x @ (curvature * x)
        return value, x, np.append(F @ x - 0.5 * z[:-1], 1 - x.sum())

    value, x, gradient = dual(z)
    for iteration in range(1, 300):  # noqa: B007
        active = np.flatnonzero(x > 0)
        rows = sp.vstack([-F_t[active].T, np.ones((1, active.size))]).tocsr()
        hessian = (rows @ sp.diags_array(1 / curvature[active]) @ rows.T).toarray()
        hessian[np.arange(len(z) - 1), np.arange(len(z) - 1)] += 0.5
        hessian += 1e-14 * np.trace(hessian) / len(z) * np.eye(len(z))
        step, scale = np.linalg.solve(hessian, gradient), 1.0
        while scale > 1e-8:
            trial = dual(z + scale * step)
            if trial[0] >= value + 1e-4 * scale * gradient @ step:
                break
            scale /= 2
        z = z + scale * step
        value, x, gradient = trial
        if np.abs(gradient).max() < 1e-12:
            break
    return Certified({"x": x / x.sum()}, float(value), "semismooth Newton on the dual; duality gap", iteration)
