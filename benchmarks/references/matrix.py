"""References of the signal and matrix problems, each with a dual feasible point."""

from __future__ import annotations

import numpy as np

from .certified import Certified
from .taut_string import tv_prox


def tv_1d(b, lam) -> Certified:
    """Exact dynamic programming; dual: max 1/2||b||^2 - 1/2||b - D'u||^2, |u| <= lam, attained at u = cumsum(b - x)."""
    x = tv_prox(b, lam)
    u = np.clip(np.cumsum(x - b)[:-1], -lam, lam)
    shift = np.diff(u, prepend=0.0, append=0.0)  # x - b, were u exact
    bound = 0.5 * b @ b - 0.5 * (b + shift) @ (b + shift)
    return Certified({"x": x}, float(bound), "dynamic programming; dual point made feasible", 1)


def tv_2d(B, lam, target=2e-8, limit=40000) -> Certified:
    """Accelerated projected gradient on the dual (Beck and Teboulle 2009) of CVXPY's tv.

    cp.tv of an (r, c) matrix sums, over the (r-1)(c-1) inner pixels, the norm of (down, right) differences.
    min_X 1/2||X - B||^2 + lam sum ||D X||_2 has the dual max 1/2||B||^2 - 1/2||B - D'p||^2, ||p_ij|| <= lam.
    """

    def D(X):
        corner = X[:-1, :-1]
        return np.stack([X[1:, :-1] - corner, X[:-1, 1:] - corner])

    def D_t(p):
        out = np.zeros_like(B)
        out[1:, :-1] += p[0]
        out[:-1, 1:] += p[1]
        out[:-1, :-1] -= p[0] + p[1]
        return out

    p = v = np.zeros((2, B.shape[0] - 1, B.shape[1] - 1))
    momentum, bound, best_value, best = 1.0, -np.inf, np.inf, B
    for iteration in range(1, limit + 1):
        new = v + D(B - D_t(v)) / 8
        new *= np.minimum(1.0, lam / np.maximum(np.sqrt((new**2).sum(axis=0)), 1e-300))
        if ((v - new) * (new - p)).sum() > 0:
            momentum = 1.0
        ahead = (1 + np.sqrt(1 + 4 * momentum**2)) / 2
        v = new + (momentum - 1) / ahead * (new - p)
        p, momentum = new, ahead
        if iteration % 100 == 0:
            X = B - D_t(p)
            bound = max(bound, 0.5 * np.sum(B**2) - 0.5 * np.sum(X**2))
            value = 0.5 * np.sum((X - B) ** 2) + lam * np.sqrt((D(X) ** 2).sum(axis=0)).sum()
            if value < best_value:
                best_value, best = value, X
            if best_value - bound <= target * best_value:
                break
    return Certified({"X": best}, float(bound), "accelerated projected gradient on the dual; duality gap", iteration)


def robust_pca(M, bound, target=1e-9, limit=20000) -> Certified:
    """Douglas-Rachford on L + S = M; dual: max <Y, M> - bound max|Y|, spectral norm of Y <= 1."""
    S, Y, rho = np.zeros_like(M), np.zeros_like(M), 1.0 / np.abs(M).mean()
    lower, best_value, best = -np.inf, np.inf, S
    for iteration in range(1, limit + 1):
        U, s, V = np.linalg.svd(M - S + Y / rho, full_matrices=False)
        L = (U * np.maximum(s - 1 / rho, 0)) @ V
        relaxed = 1.6 * L + 0.6 * (S - M)
        S_new = _l1_ball(M - relaxed + Y / rho, bound)
        Y = Y + rho * (M - relaxed - S_new)
        S = S_new
        if iteration % 20 == 0:
            dual = Y / max(1.0, np.linalg.norm(Y, 2))
            lower = max(lower, np.sum(dual * M) - bound * np.abs(dual).max())
            value = np.linalg.norm(M - S, "nuc")
            if value < best_value:
                best_value, best = value, S
            if best_value - lower <= target * best_value:
                break
    return Certified({"L": M - best, "S": best}, float(lower), "Douglas-Rachford; dual point made feasible", iteration)


def _l1_ball(V, radius):
    """Euclidean projection on ||.||_1 <= radius (Duchi et al. 2008)."""
    a = np.sort(np.abs(V).ravel())[::-1]
    excess = np.cumsum(a) - radius
    if excess[-1] <= 0:
        return V
    k = np.flatnonzero(a * np.arange(1, a.size + 1) > excess)[-1]
    return np.sign(V) * np.maximum(np.abs(V) - excess[k] / (k + 1), 0)


def covsel(S, lam, target=1e-9, limit=20000) -> Certified:
    """ADMM with one eigendecomposition a step; dual: max log det(S + U) + n, |U| <= lam off the diagonal, 0 on it."""
    n = len(S)
    off = 1.0 - np.eye(n)
    Z, U, rho = np.eye(n), np.zeros((n, n)), 1.0
    lower, best_value, best = -np.inf, np.inf, Z
    for iteration in range(1, limit + 1):
        w, Q = np.linalg.eigh(rho * (Z - U) - S)
        Theta = (Q * ((w + np.sqrt(w**2 + 4 * rho)) / (2 * rho))) @ Q.T
        old, relaxed = Z, 1.6 * Theta - 0.6 * Z
        V = relaxed + U
        Z = np.sign(V) * np.maximum(np.abs(V) - lam / rho * off, 0)
        U = V - Z
        if iteration % 10:
            continue
        sign, logdet = np.linalg.slogdet(Z)
        if sign > 0 and np.linalg.eigvalsh(Z)[0] > 0:
            value = -logdet + np.sum(S * Z) + lam * np.abs(off * Z).sum()
            if value < best_value:
                best_value, best = value, Z
        W = S + np.clip(rho * U, -lam, lam) * off
        if np.linalg.eigvalsh(W)[0] > 0:
            lower = max(lower, np.linalg.slogdet(W)[1] + n)
        if best_value - lower <= target * abs(best_value):
            break
        ratio = np.linalg.norm(Theta - Z) / max(rho * np.linalg.norm(Z - old) / rho, 1e-300)
        if iteration % 50 == 0 and iteration <= 500 and not 0.2 < ratio < 5:
            factor = 2.0 if ratio > 1 else 0.5
            rho, U = rho * factor, U / factor
    return Certified({"Theta": best}, float(lower), "ADMM of its own; dual point made feasible", iteration)
