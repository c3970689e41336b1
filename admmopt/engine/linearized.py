"""Linearized ADMM: a proximal term makes the system diagonal, so that a step needs products with A alone.

To the x-update of ADMM add 1/2 |x+ - x|^2 in the metric M - K, with K the matrix of the system and M >= K diagonal:

    x+ = x + M^-1 (rhs - K x),   M = lambda diag(K),   lambda = the largest eigenvalue of diag(K)^-1/2 K diag(K)^-1/2.

This is the primal-dual method of Chambolle & Pock (J. Math. Imaging Vis. 40, 2011) with diagonal step sizes M^-1 and
rho: an ADMM step of its own, with M - K added to sigma, solved exactly.
"""

from __future__ import annotations

import numpy as np

from ..backend_api import LinearResult, System

POWER = 25  # iterations for lambda
MARGIN = 1.02  # by which lambda is larger than any Rayleigh quotient seen


class Linearized:
    """The solver of a system without P and F, from the products that a backend places on its device."""

    form = "linearized"

    def __init__(self, system: System, backend, reason: str):
        self.system, self.backend, self.reason = system, backend, reason
        self.A = backend.place(system.A)
        self.squared = system.A.squared()
        self.solves = 0
        self.quotient = 1.0  # largest Rayleigh quotient so far, a lower bound of lambda
        self.update(rho=system.rho)
        self._iterate()

    def update(self, *, rho, sigma=None):
        self.system = self.system.with_penalty(np.asarray(rho), sigma)
        self.rho, self.sigma = self.backend.asarray(self.system.rho), self.backend.asarray(self.system.sigma)
        self.on_host = np.maximum(self.system.sigma + self.squared.rmatvec(self.system.rho), 1e-300)
        self.diagonal = self.backend.asarray(self.on_host)

    @property
    def metric(self) -> np.ndarray:
        """M (n,), on the host: the weight of x where lengths of w are measured."""
        return MARGIN * self.quotient * self.on_host

    def solve(self, r1, r2, *, guess=None, tol=None):
        """One step from `guess`, which has to be the x that `r1` = sigma x - q was made with."""
        x, Ax = guess, self.A.matvec(guess)
        gradient = self.sigma * x - r1 - self.A.rmatvec(self.rho * (r2 - Ax))
        moved = gradient / (-MARGIN * self.quotient * self.diagonal)
        z = self.A.matvec(x + moved)
        self._see(moved, z - Ax)
        self.solves += 1
        return LinearResult(x + moved, z, lambda: 0.0, 1)

    def report(self):
        return {
            "form": self.form,
            "reason": self.reason,
            "factorizations": 0,
            "solves": self.solves,
            "direct": False,
        }

    def _see(self, d, Ad) -> float:
        """Keep lambda above the Rayleigh quotient of d, which every step gives for two inner products."""
        size = float(d @ (self.diagonal * d))
        if size > 0:
            self.quotient = max(self.quotient, float(d @ (self.sigma * d) + Ad @ (self.rho * Ad)) / size)
        return size

    def _iterate(self) -> None:
        """The power iteration, from the same start always."""
        d = self.backend.asarray(np.random.default_rng(0).standard_normal(self.system.sigma.size))
        for _ in range(POWER):
            Ad = self.A.matvec(d)
            size = self._see(d, Ad)
            if not size > 0:
                return
            d = (self.sigma * d + self.A.rmatvec(self.rho * Ad)) / (size**0.5 * self.diagonal)
