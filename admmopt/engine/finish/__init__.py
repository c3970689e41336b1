"""The finish: from a moderately accurate iterate to an accurate one, by semismooth Newton on systems like its own.

`Finish.attempt` is all that the loop calls. It decides whether it is time (`gate`), makes rounds of the proximal method
of multipliers (`multipliers`), each of which minimizes one merit (`merit`) by Newton's method (`newton`, `search`), and
hands back a better point or nothing. When it returns, the solver has the penalties of the iteration again.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import Any

import numpy as np

from ...functions.jacobian import Jacobian
from ..equilibrate import copies
from ..standard import Standard
from .gate import EAGER, EARLIEST, LATER, PATIENT, Gate
from .merit import Jacobians
from .multipliers import FEW, Rounds
from .rotation import Rotation

BETTER = 0.02  # residual over that of the iteration below which it goes on from the finish's point
CLEAR = 0.01  # residual over eps of a point that is not only just solved
AHEAD = 0.5  # residual of the iteration over the best of the last rounds below which new rounds begin


def jacobians(standard: Standard, backend, report: dict) -> list | None:
    """Jacobians of all proxes at zero, which show their kinds; None where the finish cannot treat the problem: it needs
    them all, and exact factorizations."""
    able = backend.capabilities
    if not (able.exact and able.refactor and report.get("direct", able.exact) and standard.m):
        return None
    if copies(standard) != 1 or not all(function.convex for function in standard.functions):
        return None
    found = [f.prox_jacobian(np.zeros(f.size), np.ones(f.count)) for f in standard.functions]
    return found if all(jacobian is not None for jacobian in found) else None


class Finish:
    """The finish of one solve. `seconds`, `steps`: spent in it so far."""

    def __init__(self, standard, backend, workspace, eps: float, patient: bool = False, fresh: bool = True):
        """patient: another finish will be tried, so that this one has to be more sure of itself; fresh: not a re-solve,
        which is mostly short and should leave the factorization as it is."""
        self.standard, self.backend, self.eps = standard, backend, eps
        self.workspace, self.penalty = workspace, workspace.penalty
        report = workspace.solver.report()
        kinds = jacobians(standard, backend, report)
        self.usable = kinds is not None
        coupled = any(isinstance(kind, Jacobian) for kind in kinds or ())
        self.rotation = Rotation(standard, kinds) if coupled and report.get("rows") else None
        coupled = coupled and not (self.rotation and self.rotation.complete)
        temper, earliest = PATIENT if patient else EAGER, EARLIEST if fresh else LATER
        self.gate = Gate(workspace.update_cost, eps, temper, earliest, coupled)
        self.seconds, self.steps = 0.0, 0
        self.turned: Any = None
        self.lent = False  # has the iteration's own solver other penalties than the iteration's?
        self.rounds: Rounds | None = None

    def attempt(self, start, worst: float, iteration: int, watch: Callable) -> tuple | None:
        """(x, z, y, measured) of a point that is solved, or so much better that the iteration should go on from it.

        start: the best point so far (x, y, measured); worst: residual of the iteration itself, whose pace decides
        whether it is time. watch(x, z, y, measured) sees every round and ends the attempt by returning True.
        """
        reached = start.measured.residuals.worst
        allowed = self.gate.steps(iteration, worst, reached) if self.usable else 0
        if not allowed:
            return None
        started = time.perf_counter()
        rounds = self._rounds_from(start)
        before, self.lent = rounds.steps, False
        try:
            self.turned = self._turned()
            return self._run(rounds, worst, allowed, watch)
        except np.linalg.LinAlgError:  # a system that rounding does not let be factorized: no step from there
            return None
        finally:
            steps = rounds.steps - before
            self.steps += steps
            self.gate.learned(allowed, steps, self.update_cost())
            if self.lent:
                self.workspace.solver.update(rho=self.penalty.rho, sigma=self.penalty.sigma)
            self.seconds += time.perf_counter() - started

    def _rounds_from(self, start) -> Rounds:
        """The rounds of the last try, with the penalties they have come to; new ones where the best point is by now
        clearly better than all that they knew."""
        reached = start.measured.residuals.worst
        if self.rounds is None or reached < AHEAD * self.rounds.best:
            self.rounds = Rounds(self.standard, self.penalty, self.eps, start.x, start.y, reached)
        return self.rounds

    def _run(self, rounds: Rounds, worst: float, allowed: int, watch: Callable) -> tuple | None:
        solved, found, bound, before = False, None, max(BETTER * worst, self.eps), rounds.steps
        most = before + allowed
        gain = self.gate.temper.gain
        milestone = gain * rounds.best
        while rounds.steps < most:
            point = rounds.next(self.solve, most - rounds.steps)
            stopped = watch(*point)
            if not np.isfinite(rounds.worst):
                break
            if rounds.worst <= bound:
                found, bound = point, rounds.worst
            if rounds.worst <= CLEAR * self.eps or stopped:
                break
            if rounds.worst <= self.eps:  # one more round, since the last ones are short and gain most
                most = min(most, rounds.steps + FEW) if not solved else rounds.steps
                solved = True
            elif rounds.worst <= milestone:
                ceiling = before + self.gate.ceiling(self.update_cost())
                milestone, most = gain * rounds.worst, min(rounds.steps + allowed, ceiling)
        return found

    def _turned(self):
        """The solver of the turned rows, where there are such; None where the iteration's own is used."""
        if not self.rotation:
            return None
        key, solver = self.workspace.turned or (None, None)
        if key != self.rotation.key:
            solver = self.backend.prepare(self.rotation.system(self.penalty.rho, self.penalty.sigma))
            self.workspace.turned = self.rotation.key, solver
        return solver if solver.report().get("rows") else None

    def update_cost(self) -> float:
        return (self.turned or self.workspace.solver).report().get("update_cost", 0.0)

    def solve(self, jacobian: Jacobians, rho, sigma) -> tuple[Callable, bool]:
        """(r -> (P + sigma + F'WF + A' rho (I - J) A)^-1 r, by the backend; is it that?): where it is not, the diagonal
        stands in for J."""
        solver = self.turned
        if solver is None:
            solver, exact, self.lent = self.workspace.solver, jacobian.diagonal_only, True
            solver.update(rho=rho * (1.0 - jacobian.diagonal()), sigma=sigma)
        else:
            (A, share), exact = self.rotation.turn(jacobian.parts), self.rotation.complete
            solver.update(rho=rho * share, sigma=sigma, A=A)
        zero = self.backend.asarray(np.zeros(self.standard.m))
        return lambda r: self.backend.to_numpy(solver.solve(self.backend.asarray(r), zero).x), exact
