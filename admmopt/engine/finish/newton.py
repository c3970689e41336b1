"""Semismooth Newton: minimize the merit phi over x, one `System` and one exact line search a step.

Where the Jacobians of all proxes are diagonal, or can be made so (`rotation`), that system is solved; where some couple
their entries, conjugate gradients are preconditioned by it (as in SDPNAL: Zhao, Sun & Toh, SIAM J. Optim. 20, 2010).
"""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

from . import search
from .krylov import conjugate_gradients
from .merit import At, Merit

LEAST = 1e-9  # added to sigma in the Newton matrix, as a share of the penalty: without curvature steps have to end too
MOST = 40  # steps for one merit
INNER, FORCING = 60, 0.05  # conjugate gradients of one step: iterations, and residual left for a slope of order one
QUARTER = 4  # of them cost as much as a step


def minimize(merit: Merit, at: At, solve: Callable, tol: float, most: int) -> tuple[At, int]:
    """(the last point, steps made): at least one step, until |phi'| <= tol (1 + scale), or rounding, or `most` steps.

    solve(jacobian, rho, sigma): a function r -> (P + sigma + F'WF + A' rho (I - J) A)^-1 r, and whether it is that or
    only near it. Conjugate gradients count as steps too.
    """
    steps, made = 0, 0
    while made < MOST and steps < most:
        d, inner = _direction(merit, at, solve)
        first = float(d @ at.slope)
        steps, made = steps + 1 + inner // QUARTER, made + 1
        if not first < 0:  # converged to rounding, or a system that could not be solved
            break
        at = _step(merit, at, d, merit.standard.A.matvec(d), first)
        if at.size <= max(tol, at.floor):
            break
    return at, steps


def _direction(merit: Merit, at: At, solve: Callable) -> tuple[np.ndarray, int]:
    """Newton's direction at a point, and the conjugate gradient iterations that it took."""
    jacobian, sigma = merit.jacobian(at.w), merit.sigma + LEAST * merit.size
    invert, exact = solve(jacobian, merit.rho, sigma)
    if exact:
        return invert(-at.slope), 0

    def product(d):
        Ad = merit.standard.A.matvec(d)
        curved = merit.rho * (Ad - jacobian.matvec(Ad))
        return merit.standard.quadratic(d)[0] + sigma * d + merit.standard.A.rmatvec(curved)

    tol = FORCING * min(1.0, at.size) ** 0.5
    return conjugate_gradients(product, invert, -at.slope, tol, INNER)


def _step(merit: Merit, at: At, d, Ad, first: float) -> At:
    """The minimizer of phi along d from `at`. first: phi' along d at its start."""
    curvature = merit.standard.quadratic(d)[1] + float(d @ (merit.sigma * d))
    smooth = first - float(at.u @ Ad)
    weighed = merit.rho * Ad
    last = None

    def derivative(s: float) -> float:
        nonlocal last
        w = at.w + s * Ad
        z = merit.prox(w)
        last = (s, z)
        return smooth + s * curvature + float(weighed @ (w - z))

    s = search.zero(derivative, first)
    return merit.at(at.x + s * d, last[1] if last is not None and last[0] == s else None)
