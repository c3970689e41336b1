"""Conjugate gradients with a Jacobi preconditioner, for operators of which only products exist."""

from __future__ import annotations

import numpy as np

from admmopt.backend_api import LinearResult, System

from .residual import relative_residual


class ConjugateGradient:
    """S x = rhs from products alone, started from the guess, stopped at the relative residual `tol`."""

    form = "conjugate gradient"
    limit = 2000  # iterations per solve; what is missing then shows in the result's residual

    def __init__(self, system: System, pieces, reason: str):
        self.system, self.pieces, self.reason = system, pieces, reason
        self.factorizations = self.solves = self.iterations = 0
        self.update(rho=system.rho)

    def update(self, *, rho, sigma=None):
        self.system = self.system.with_penalty(rho, sigma)
        self.inverse_diagonal = 1.0 / diagonal(self.system)
        self.factorizations += 1

    def solve(self, r1, r2, *, guess=None, tol=None):
        system = self.system
        rhs = r1 + system.A.rmatvec(system.rho * r2)
        x = np.zeros_like(rhs) if guess is None else np.array(guess, dtype=float)
        r = rhs - system.product(x)
        target = (1e-10 if tol is None else tol) * np.linalg.norm(rhs)
        step = 0
        p, previous = None, 1.0
        while np.linalg.norm(r) > target and step < self.limit:
            s = self.inverse_diagonal * r
            inner = float(r @ s)
            p = s if p is None else s + (inner / previous) * p
            Kp = system.product(p)
            alpha = inner / float(p @ Kp)
            x += alpha * p
            r -= alpha * Kp
            previous = inner
            step += 1
        self.solves += 1
        self.iterations += step
        return LinearResult(x, system.A.matvec(x), lambda: relative_residual(system, x, rhs), step)

    def report(self):
        return {
            "form": self.form,
            "reason": self.reason,
            "factorizations": 0,
            "solves": self.solves,
            "iterations": self.iterations,
            "direct": False,
        }


def diagonal(system: System) -> np.ndarray:
    """The diagonal of the system's matrix (where entries of an operator overlap, an estimate of it)."""
    total = system.sigma + system.A.squared().rmatvec(system.rho)
    if system.F is not None:
        total = total + system.F.squared().rmatvec(system.weight)
    if system.P is not None and system.P.entries() is not None:
        total = total + system.P.entries().diagonal()
    return np.maximum(total, 1e-300)
