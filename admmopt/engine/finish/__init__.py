"""The finish: from a moderately accurate iterate to an accurate one, by semismooth Newton on the same systems.

`Finish.attempt` is all that the loop calls. It decides whether it is time (`gate`), makes rounds of the proximal method
of multipliers (`multipliers`), each of which minimizes one merit (`merit`) by Newton's method (`newton`, `search`), and
hands back a better point or nothing. When it returns, the solver has the penalties of the iteration again.
"""

from __future__ import annotations

import time
from collections.abc import Callable

import numpy as np

from ..equilibrate import copies
from ..standard import Standard
from .gate import GAIN, Gate
from .multipliers import Rounds

BETTER = 0.2  # residual over the start's below which a point is handed back to the iteration


def fits(standard: Standard, backend, report: dict) -> bool:
    """Can the finish treat this problem? It needs the diagonal Jacobian of every prox, and exact factorizations."""
    able = backend.capabilities
    if not (able.exact and able.refactor and report.get("direct", able.exact) and standard.m):
        return False
    return copies(standard) == 1 and all(_diagonal(function) for function in standard.functions)


def _diagonal(function) -> bool:
    if not (function.convex and function.dim == 1):
        return False
    v = np.zeros(function.size)
    return getattr(function.prox_jacobian(v, np.ones(function.count)), "shape", None) == v.shape


class Finish:
    """The finish of one solve. `seconds`, `steps`: spent in it so far."""

    def __init__(self, standard: Standard, backend, workspace, eps: float):
        self.standard, self.backend, self.eps = standard, backend, eps
        self.solver, self.penalty = workspace.solver, workspace.penalty
        self.usable = fits(standard, backend, self.solver.report())
        self.gate = Gate(workspace.update_cost, eps)
        self.seconds, self.steps = 0.0, 0

    def attempt(self, x, y, worst: float, iteration: int, watch: Callable) -> tuple | None:
        """(x, z, y, measured) where it got clearly further than `worst`, the residual of x, y; else None.

        watch(x, z, y, measured) sees every round and ends the attempt by returning True.
        """
        allowed = self.gate.steps(iteration, worst) if self.usable else 0
        if not allowed:
            return None
        started = time.perf_counter()
        rounds = Rounds(self.standard, self.penalty, self.eps, x, y, worst)
        try:
            return self._rounds(rounds, worst, allowed, watch)
        finally:
            self.solver.update(rho=self.penalty.rho, sigma=self.penalty.sigma)
            self.steps += rounds.steps
            self.seconds += time.perf_counter() - started

    def _rounds(self, rounds: Rounds, worst: float, allowed: int, watch: Callable) -> tuple | None:
        best, reached, milestone, most = None, BETTER * worst, GAIN * worst, allowed
        while rounds.steps < most:
            left = most - rounds.steps
            point = rounds.next(self.solve, _Countdown(left))
            stopped = watch(*point)
            if not np.isfinite(rounds.worst):
                break
            if rounds.worst < reached:
                best, reached = point, rounds.worst
            if rounds.worst <= self.eps or stopped:
                break
            if rounds.worst <= milestone:
                milestone, most = GAIN * rounds.worst, rounds.steps + allowed
        return best

    def solve(self, weight, sigma, rhs):
        """(P + sigma + F'WF + A' weight A)^-1 rhs by the backend."""
        self.solver.update(rho=weight, sigma=sigma)
        zero = self.backend.asarray(np.zeros(self.standard.m))
        return self.backend.to_numpy(self.solver.solve(self.backend.asarray(rhs), zero).x)


class _Countdown:
    """True after `left` calls."""

    def __init__(self, left: int):
        self.left = left

    def __call__(self) -> bool:
        self.left -= 1
        return self.left < 0
