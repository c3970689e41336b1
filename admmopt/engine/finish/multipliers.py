"""The outer iteration: after each minimization u becomes the new y and x the new center, with larger penalties.

This is the proximal method of multipliers (Rockafellar, Math. Oper. Res. 1, 1976): a contraction whose rate falls with
sigma and 1 / rho, and for polyhedral problems one that ends after finitely many rounds.
"""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

from ..penalty import Penalty
from ..residuals import Measured, measure
from ..solution import SMALL
from ..standard import Standard
from .merit import Merit
from .newton import minimize

SHARE = 1e-6  # sigma over rho at the start, both of the equilibrated problem
RAISE = 10.0  # rho, and fall of sigma, after a round that took Newton few steps
FEW, MANY = 3, 12  # Newton steps for one round
GENTLY = 3.0  # the same after a round that took some
HIGHEST, LOWEST = 1e5, 1e-9  # of rho and sigma over the penalty that the iteration came with
SPREAD = (0.01, 30.0)  # what is kept of the iteration's own penalties by row
INEXACT = 0.1  # accuracy of a round over the accuracy reached


class Rounds:
    """Points (x, z, y, measured), each from one minimization. `steps`: Newton steps so far; `worst`, `best`: relative
    residual of the last and of the best point."""

    def __init__(self, standard: Standard, penalty: Penalty, eps: float, x, y, worst: float):
        self.standard, self.eps, self.x, self.y = standard, eps, x, y
        self.worst = self.best = worst
        self.rows = penalty.scaling.e**2 * np.clip(penalty.multiplier, *SPREAD)
        self.columns = penalty.scaling.d**-2.0
        self.rho, self.sigma = penalty.base, SHARE * penalty.base
        self.highest, self.lowest = HIGHEST * penalty.base, LOWEST * penalty.base
        self.steps = 0

    def next(self, solve: Callable, most: int):
        """x, z, y and their `Measured` after one more round, of about `most` Newton steps at most."""
        rho, sigma, size = self.rho * self.rows, self.sigma * self.columns, self.rho * self.columns
        merit = Merit(self.standard, self.x, self.y, rho, sigma, size)
        tol = max(INEXACT * min(self.worst, 0.01), 0.03 * self.eps)
        at, steps = minimize(merit, merit.at(self.x), solve, tol, most)
        self.steps += steps
        self.x, self.y = at.x, at.u
        measured = measure(self.standard, at.x, at.z, at.u)
        self.worst = measured.residuals.worst
        self.best = min(self.best, self.worst)
        if steps <= MANY:
            self._sharpen(measured, RAISE if steps <= FEW else GENTLY)
        return at.x, at.z, at.u, measured

    def _sharpen(self, measured: Measured, by: float) -> None:
        """More of rho while the primal side lags, less of sigma while the dual side does."""
        primal, dual, _ = measured.residuals.relative
        size = SMALL + measured.residuals.gap_scale
        primal = max(primal, abs(measured.primal_gap) / size)
        dual = max(dual, abs(measured.dual_gap) / size)
        if primal > 0.1 * self.eps:
            self.rho = min(by * self.rho, self.highest)
        elif primal < 1e-3 * dual:
            self.rho /= by
        if dual > 0.1 * self.eps:
            self.sigma = max(self.sigma / by, self.lowest)
