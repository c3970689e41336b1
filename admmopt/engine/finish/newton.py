"""Semismooth Newton: minimize the merit phi over x, one `System` and one exact line search a step."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

from . import search
from .merit import At, Merit

LEAST = 1e-9  # added to sigma in the Newton matrix, as a share of the penalty: without curvature steps have to end too
MOST = 40  # steps for one merit


def minimize(merit: Merit, at: At, solve: Callable, tol: float, stop: Callable[[], bool]) -> tuple[At, int]:
    """(the last point, steps made): at least one step, until |phi'| <= tol (1 + scale) or `stop()`.

    solve(weight, sigma, rhs): (P + sigma + F'WF + A' weight A)^-1 rhs.
    """
    standard, steps = merit.standard, 0
    while steps < MOST and not stop():
        weight = merit.rho * (1.0 - merit.jacobian(at.w))
        d = solve(weight, merit.sigma + LEAST * merit.size, -at.slope)
        first = float(d @ at.slope)
        steps += 1
        if not first < 0:  # converged to rounding, or a system that could not be solved
            break
        at = _step(merit, at, d, standard.A.matvec(d), first)
        if at.size <= tol:
            break
    return at, steps


def _step(merit: Merit, at: At, d, Ad, first: float) -> At:
    """The minimizer of phi along d from `at`. first: phi' along d at its start."""
    curvature = merit.standard.quadratic(d)[1] + float(d @ (merit.sigma * d))
    smooth = first - float(at.u @ Ad)
    weighed = merit.rho * Ad

    def derivative(s: float) -> float:
        w = at.w + s * Ad
        return smooth + s * curvature + float(weighed @ (w - merit.prox(w)))

    s = search.zero(derivative, first)
    return merit.at(at.x + s * d)
