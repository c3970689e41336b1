"""The loop: iterate the step, look at the residuals, adapt the penalty, end with a status that is true."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from ..functions.base import namespace
from . import certificates
from .anderson import Anderson
from .history import Check, History
from .problem import SplitProblem
from .residuals import Measured, measure
from .settings import Settings
from .solution import SplitSolution
from .standard import Standard
from .status import Status
from .step import Step
from .workspace import Workspace

EARLY = (1, 5, 10, 15, 20)  # checks before the first regular one: easy problems stop here
SAFEGUARD = 1.0  # an accelerated step may not let the fixed-point residual grow beyond this factor


@dataclass
class State:
    """A warm start: x (n,), z and y (m,) on the host."""

    x: np.ndarray
    z: np.ndarray
    y: np.ndarray

    def fits(self, split: SplitProblem) -> bool:
        """Has `split` as many unknowns and rows as the problem this state is of?"""
        return self.x.size == split.n and self.z.size == sum(term.function.size for term in split.terms)


@dataclass
class Point:
    """One checked point on the host."""

    x: np.ndarray
    z: np.ndarray
    y: np.ndarray
    measured: Measured


def solve(
    split: SplitProblem,
    backend,
    settings: Settings | None = None,
    *,
    workspace: Workspace | None = None,
    warm_start: State | None = None,
    callback: Callable[[Check], object] | None = None,
) -> SplitSolution:
    """Solve a split problem. `backend`: a configured backend object; `workspace`: kept between re-solves;
    `warm_start`: the `state` of an earlier solution; `callback(check)`: called at every check, stops by returning True.
    """
    return Run(split, backend, settings or Settings(), workspace or Workspace(), callback).solve(warm_start)


class Run:
    """One solve."""

    def __init__(self, split, backend, settings, workspace, callback):
        self.started = time.perf_counter()
        self.split, self.backend, self.settings, self.callback = split, backend, settings, callback
        self.standard = Standard(split)
        workspace.prepare(self.standard, backend)
        self.workspace, self.penalty = workspace, workspace.penalty
        like = backend.asarray(np.zeros(self.standard.n + self.standard.m))
        self.xp = namespace(like)
        self.step = Step(self.standard, backend, workspace.solver, self.xp, settings.relaxation)
        self.step.penalties(self.penalty.rho, self.penalty.sigma)
        memory = settings.memory if split.convex else 0
        self.anderson = Anderson(memory, self.standard.n + self.standard.m, self.xp, like) if memory else None
        self.history, self.iteration = History(), 0
        self.best: Point | None = None
        self.certificate: np.ndarray | None = None
        self.message = ""
        self.prepared_at = time.perf_counter()

    def solve(self, warm_start: State | None) -> SplitSolution:
        try:
            status = self.iterate(self.start(warm_start))
        except KeyboardInterrupt:
            status, self.message = Status.LIMIT, "interrupted"
        return self.finish(status)

    def start(self, warm_start: State | None):
        n, m = self.standard.n, self.standard.m
        w = np.zeros(n + m)
        if warm_start is not None:
            if warm_start.x.shape != (n,) or warm_start.z.shape != (m,):
                raise ValueError(
                    f"the warm start is of a problem with {warm_start.x.size} unknowns and {warm_start.z.size} rows; "
                    f"this one has {n} and {m}."
                )
            w[:n] = warm_start.x
            w[n:] = warm_start.z + warm_start.y / self.penalty.rho
        return self.backend.asarray(w)

    def iterate(self, w) -> Status:
        n, settings, step = self.standard.n, self.settings, self.step
        z = step.prox(w[n:])
        fallback, limit = None, np.inf
        while self.iteration < settings.max_iterations:
            Tw = step.apply(w, z)
            self.iteration += 1
            out_of_time = self.out_of_time()
            check = out_of_time or self.is_check()
            if self.anderson is None:
                new = Tw
            else:
                f = self.root_metric() * (Tw - w)
                length = float(f @ f) ** 0.5
                if fallback is not None and not length <= SAFEGUARD * limit:
                    w, fallback = fallback, None
                    z = step.prox(w[n:])
                    self.anderson.reset()
                    if not check:
                        continue
                    Tw = step.apply(w, z)
                    f = self.root_metric() * (Tw - w)
                    length = float(f @ f) ** 0.5
                new = self.anderson.next(Tw, f)
                fallback, limit = (Tw, length) if new is not Tw else (None, np.inf)
            if not check:
                w = new
                z = step.prox(w[n:])
                continue
            z_new = step.prox(Tw[n:])
            status, changed = self.check(w, z, Tw, z_new, out_of_time)
            if status is not None:
                return status
            w, z, fallback = Tw, z_new, None
            if changed is not None:
                w = changed
                z = step.prox(w[n:])
                if self.anderson is not None:
                    self.anderson.reset()
        self.message = f"{settings.max_iterations} iterations were not enough"
        return Status.LIMIT

    def root_metric(self):
        if getattr(self, "_metric_of", None) is not self.step.metric:
            self._metric_of, self._root = self.step.metric, self.step.metric**0.5
        return self._root

    def is_check(self) -> bool:
        return (
            self.iteration % self.settings.check_every == 0
            or self.iteration in EARLY
            or self.iteration == self.settings.max_iterations
        )

    def out_of_time(self) -> bool:
        limit = self.settings.time_limit
        return limit is not None and time.perf_counter() - self.started > limit

    def check(self, w, z, Tw, z_new, out_of_time):
        """Measure T(w); returns (status or None, new w where the penalty changed or None)."""
        n, host = self.standard.n, self.backend.to_numpy
        x, v, zh, rho = host(Tw[:n]), host(Tw[n:]), host(z_new), self.penalty.rho
        y = rho * (v - zh)
        measured = measure(self.standard, x, zh, y)
        worst = measured.residuals.worst
        if self.best is None or worst < self.best.measured.residuals.worst:
            self.best = Point(np.array(x), np.array(zh), y, measured)
        status = None
        if worst <= self.settings.eps:
            status = Status.OPTIMAL if self.split.convex else Status.LOCAL
        elif self.split.convex:
            status = self.certify(x, y, x - host(w[:n]), y - rho * host(w[n:] - z), measured)
        event, changed = "", None
        if status is None and not out_of_time:
            changed = self.adapt(measured, x, Tw[n:], zh, y)
            event = "penalty" if changed is not None else ""
        row = self.record(measured, event if status is None else str(status))
        if status is None and self.callback is not None and self.callback(row):
            self.message = "stopped by the callback"
            status = Status.LIMIT
        if status is None and out_of_time:
            self.message = f"the time limit of {self.settings.time_limit:g} s ran out"
            status = Status.LIMIT
        return status, changed

    def certify(self, x, y, dx, dy, measured) -> Status | None:
        certainty = self.settings.certainty
        x_size, y_size = float(np.linalg.norm(x)), float(np.linalg.norm(y))
        for direction in (dy, y):
            found = certificates.infeasibility(self.standard, direction, x_size, certainty)
            if found is not None:
                self.certificate = found
                return Status.INFEASIBLE
        if measured.residuals.relative[0] <= max(1e-4, self.settings.eps):
            for direction in (dx, x):
                found = certificates.unboundedness(self.standard, direction, x_size, y_size, certainty)
                if found is not None:
                    self.certificate = found
                    return Status.UNBOUNDED
        return None

    def adapt(self, measured, x, v, z, y):
        """New penalties where they are due: the iterate with the same x, z, y under them, else None."""
        penalty = self.penalty
        if not self.standard.m or not self.backend.capabilities.refactor:
            return None
        if not self.split.convex:
            changed = penalty.grow(self.iteration)
        else:
            cost = self.workspace.update_cost
            changed = penalty.adapt(measured, self.step.derivative(v), self.iteration, cost)
        if not changed:
            return None
        rho = penalty.rho
        self.workspace.solver.update(rho=rho, sigma=penalty.sigma)
        self.step.penalties(rho, penalty.sigma)
        return self.backend.asarray(np.concatenate([x, z + y / rho]))

    def record(self, measured, event) -> Check:
        primal, dual, gap = measured.residuals.relative
        seconds = time.perf_counter() - self.started
        row = Check(self.iteration, measured.objective, primal, dual, gap, self.penalty.base, seconds, event)
        self.history.add(row)
        return row

    def finish(self, status: Status) -> SplitSolution:
        standard, best = self.standard, self.best
        ended = time.perf_counter()
        timings = {"prepare": self.prepared_at - self.started, "iterate": ended - self.prepared_at}
        value = self.value(status)
        return SplitSolution(
            status=status,
            x=best.x,
            z=standard.by_term(best.z),
            y=standard.by_term(best.y),
            value=value,
            residuals=best.measured.residuals,
            iterations=self.iteration,
            history=self.history,
            timings=timings,
            certificate=self.certificate,
            message=self.message or status.sentence,
            backend_report=self.workspace.solver.report(),
            state=State(best.x, best.z, best.y),
        )

    def value(self, status: Status) -> float:
        if status in (Status.INFEASIBLE, Status.UNBOUNDED):
            return np.inf if status is Status.INFEASIBLE else -np.inf
        total = self.best.measured.objective
        for function, z in zip(self.standard.functions, self.standard.by_term(self.best.z), strict=True):
            total += function.value(z)
        return float(total)
