"""`solve` as the engine's, by way of a smaller problem; what is said of it in the end is measured on the one given."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass, replace

import numpy as np

from .. import engine
from ..engine import Settings, State, Workspace, certificates
from ..engine.history import Check, History
from ..engine.problem import SplitProblem
from ..engine.residuals import Measured, measure
from ..engine.snap import snap
from ..engine.solution import SplitSolution
from ..engine.standard import Standard
from ..engine.status import Status
from .program import Source
from .reduction import Point
from .stack import Stack

WORTH = 0.95  # of rows and columns: where more are left, the problem is solved as it is


def solve(
    split: SplitProblem,
    backend,
    settings: Settings | None = None,
    *,
    workspace: Workspace | None = None,
    warm_start: State | None = None,
    callback: Callable[[Check], object] | None = None,
) -> SplitSolution:
    """What `engine.solve` does; sparse linear and quadratic programs go through presolve where it makes them smaller.

    A re-solve, with a warm start or a factorization in `workspace`, goes to the engine at once. Rows of the history
    are of the smaller problem, but for the last one.
    """
    settings, workspace = settings or Settings(), workspace or Workspace()
    started = time.perf_counter()
    source = Source.of(split) if warm_start is None and workspace.key is None else None
    if source is not None:
        stack = Stack(source.program)
        if stack.contradiction is not None or stack.program.size <= WORTH * source.program.size:
            run = Presolved(split, source, stack, backend, settings, workspace, callback, started)
            if (found := run.solve()) is not None:
                return found
            settings = replace(settings, time_limit=run.time_left())
    return engine.solve(split, backend, settings, workspace=workspace, warm_start=warm_start, callback=callback)


@dataclass
class Presolved:
    """One solve through presolve."""

    split: SplitProblem
    source: Source
    stack: Stack
    backend: object
    settings: Settings
    workspace: Workspace  # of the problem given, where the solve has to end there
    callback: Callable[[Check], object] | None
    started: float

    def __post_init__(self):
        self.standard = Standard(self.split)
        self.presolved_in = time.perf_counter() - self.started

    def solve(self) -> SplitSolution | None:
        """None where a proof did not hold on the problem given: then nothing is known."""
        program = self.stack.program
        if self.stack.contradiction is not None:
            start = self.measured(Point(np.zeros(program.n), np.zeros(program.m), np.zeros(program.n)))
            return self.proved(nothing(Status.INFEASIBLE), start, self.stack.contradiction)
        small = nothing(Status.OPTIMAL)
        if program.n:
            settings = replace(self.settings, time_limit=self.time_left())
            small = engine.solve(program.split(), self.backend, settings, callback=self.callback)
        at = self.measured(Point(small.x, *program.multipliers(np.concatenate([*small.y, np.zeros(0)]))))
        if small.status is Status.INFEASIBLE:
            y, r = program.multipliers(small.certificate)
            certificate = Point(np.zeros(program.n), y, r, homogeneous=True)
            return self.proved(small, at, self.stack.restore(certificate))
        if small.status is Status.UNBOUNDED:
            direction = Point(small.certificate, np.zeros(program.m), np.zeros(program.n), homogeneous=True)
            return self.proved(small, at, self.stack.restore(direction))
        if at.measured.residuals.worst <= self.settings.eps:
            return self.solution(small, at, Status.OPTIMAL, at.measured.objective)
        if small.status is not Status.OPTIMAL:
            return self.solution(small, at, small.status, at.measured.objective)
        return self.continued(small, at)

    def measured(self, point: Point) -> Restored:
        """The point of the smaller problem on the one given."""
        point = self.stack.restore(point)
        z, y = self.source.point(point.x, point.y)
        x, found = snap(self.standard, point.x, z, y, measure(self.standard, point.x, z, y), self.settings.eps)
        return Restored(x, z, y, found)

    def proved(self, small: SplitSolution, at: Restored, proof: Point) -> SplitSolution | None:
        """The proof, if it is one on the problem given. How far it reaches, relative to the size of the iterate, the
        engine has seen on the smaller problem, whose iterate was another one; here the way back is checked."""
        certainty = self.settings.certainty
        if small.status is Status.INFEASIBLE:
            certificate = certificates.infeasibility(self.standard, proof.y, 0.0, certainty)
        else:
            certificate = certificates.unboundedness(self.standard, proof.x, 0.0, 0.0, certainty)
        if certificate is None:
            return None
        value = np.inf if small.status is Status.INFEASIBLE else -np.inf
        return replace(self.solution(small, at, small.status, value), certificate=certificate)

    def continued(self, small: SplitSolution, at: Restored) -> SplitSolution:
        """The restored point is less accurate than the one it came from: the engine goes on from it."""
        begun, first, callback = time.perf_counter() - self.started, small.iterations, None
        if self.callback is not None:

            def callback(check: Check):
                return self.callback(_later(check, first, begun))

        left = max(self.settings.max_iterations - first, 1)
        settings = replace(self.settings, time_limit=self.time_left(), max_iterations=left)
        found = engine.solve(
            self.split, self.backend, settings, workspace=self.workspace, warm_start=at.state, callback=callback
        )
        timings = {phase: seconds + small.timings.get(phase, 0.0) for phase, seconds in found.timings.items()}
        history = History()
        history.rows = small.history.rows + [_later(check, first, begun) for check in found.history]
        timings = {"presolve": self.presolved_in, **timings}
        return replace(found, iterations=first + found.iterations, history=history, timings=timings)

    def solution(self, small: SplitSolution, at: Restored, status: Status, value: float) -> SplitSolution:
        seconds = time.perf_counter() - self.started
        primal, dual, gap = at.measured.residuals.relative
        penalty = small.history[-1].penalty if len(small.history) else 0.0
        small.history.add(
            Check(small.iterations, at.measured.objective, primal, dual, gap, penalty, seconds, "restored")
        )
        message = status.sentence if small.status is not status or not small.message else small.message
        return replace(
            small,
            status=status,
            x=at.x,
            z=self.standard.by_term(at.z),
            y=self.standard.by_term(at.y),
            value=value,
            residuals=at.measured.residuals,
            timings={"presolve": seconds - sum(small.timings.values()), **small.timings},
            message=message,
            state=at.state,
        )

    def time_left(self) -> float | None:
        """Of the time limit; never nothing at all, so that a status comes of it."""
        limit = self.settings.time_limit
        return None if limit is None else max(limit - (time.perf_counter() - self.started), 1e-3)


@dataclass(frozen=True)
class Restored:
    """A point of the problem given: x (n,), z and y (m,), measured."""

    x: np.ndarray
    z: np.ndarray
    y: np.ndarray
    measured: Measured

    @property
    def state(self) -> State:
        return State(self.x, self.z, self.y)


def nothing(status: Status) -> SplitSolution:
    """The solution of a problem of which nothing is left."""
    timings = {"prepare": 0.0, "iterate": 0.0, "finish": 0.0}
    return SplitSolution(status, np.zeros(0), [], [], 0.0, None, 0, History(), timings)


def _later(check: Check, iterations: int, seconds: float) -> Check:
    return replace(check, iteration=check.iteration + iterations, seconds=check.seconds + seconds)
