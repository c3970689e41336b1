"""The loop: iterate the step, look at the residuals, adapt the penalty, end with a status that is true."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from . import certificates
from .anderson import Anderson, Plain
from .excess import excess
from .finish import Finish
from .halpern import Halpern
from .history import Check, History
from .interior import InteriorFinish
from .linearized import Linearized
from .problem import SplitProblem
from .residuals import Measured, measure
from .settings import Settings
from .snap import snap
from .solution import SMALL, SplitSolution
from .standard import Standard
from .status import Status
from .step import Step
from .workspace import Workspace

CHECK_COST = 2.0  # of a look at the residuals, in iterations
CLOSEST = 4  # iterations between two looks
SOONEST = 2  # the same where the end is expected
AT_ONCE = 0.3  # of eps, what a start may have left that is not iterated from: a path goes on from it, and errors grow
STALLED = 40  # checks without progress after which the backend is asked how well it solved
EXACT = 1e-6  # relative residual that is expected of the linear systems of an exact backend
NEARLY = 1e-4  # relative primal residual of a point from which a problem may be called unbounded
TIGHTEST = 1e-12  # relative residual that an inexact backend is ever asked for


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
        fresh = workspace.prepare(self.standard, backend)
        self.workspace, self.penalty = workspace, workspace.penalty
        n, m = self.standard.n, self.standard.m
        linearized = isinstance(workspace.solver, Linearized)
        memory = min(settings.memory, n + m) if split.convex and not linearized else 0
        relaxation = 1.0 if memory or linearized else settings.relaxation
        self.step = Step(self.standard, backend, workspace.solver, relaxation)
        self.accelerator = Halpern() if linearized else Anderson(memory, n + m, backend) if memory else Plain()
        self.exact = workspace.exact
        self.closing = self.interior = None
        if settings.finish and split.convex:
            self.interior = InteriorFinish(self.standard, backend, workspace, settings.eps)
            self.closing = Finish(self.standard, backend, workspace, settings.eps, self.interior.first, fresh)
        self.history, self.iteration = History(), 0
        self.next_check = 1
        self.expected, self.between = 0, False  # an iteration at which the end may have come; is this one?
        self.looked: tuple[int, float] | None = None  # iteration and worst residual of the last look
        self.idle = 0  # checks since the last progress
        self.reached = 0  # the iteration whose residuals were the first below eps
        self.certificate: np.ndarray | None = None
        self.message = ""
        self.prepared_at = time.perf_counter()

    def solve(self, warm_start: State | None) -> SplitSolution:
        w = self.start(warm_start)
        try:
            with np.errstate(over="ignore", invalid="ignore"):  # an iterate that is no longer finite ends with a status
                done = warm_start is not None and self.solved_already()
                status = Status.OPTIMAL if done else self.iterate(w)
        except KeyboardInterrupt:
            status, self.message = Status.LIMIT, "interrupted"
        return self.finish(status)

    def start(self, warm_start: State | None):
        """The first w; the point itself is the best one so far, whatever happens next."""
        n, m = self.standard.n, self.standard.m
        x, z, y = np.zeros(n), np.zeros(m), np.zeros(m)
        if warm_start is not None:
            if warm_start.x.shape != (n,) or warm_start.z.shape != (m,):
                raise ValueError(
                    f"the warm start is of a problem with {warm_start.x.size} unknowns and {warm_start.z.size} rows; "
                    f"this one has {n} and {m}."
                )
            x, z, y = warm_start.x, warm_start.z, warm_start.y
        w = self.set_penalties(x, z, y)
        self.best = self.point(w)
        self.worst = np.inf  # of the best point: the first that is iterated to replaces the start
        return w

    def solved_already(self) -> bool:
        """Is the warm start a solution, as it is between two kinks of a path?"""
        worst = self.best.measured.residuals.worst
        if not self.split.convex or not worst <= AT_ONCE * self.settings.eps or not self.settled(self.best):
            return False
        row = self.record(self.best.measured, str(Status.OPTIMAL))
        if self.callback is not None:
            self.callback(row)
        return True

    def point(self, w) -> Point:
        """x, z = prox(v), and the y that is a subgradient there, of w = (x, v) on the device; measured."""
        n, host = self.standard.n, self.backend.to_numpy
        x, v, z = np.array(host(w[:n])), host(w[n:]), np.array(host(self.step.prox(w[n:])))
        y = self.penalty.rho * (v - z)
        return Point(x, z, y, measure(self.standard, x, z, y))

    def set_penalties(self, x, z, y):
        """Bring the step to the present penalties; returns the w of x, z, y under them."""
        self.step.penalties(self.penalty.rho, self.penalty.sigma)
        self.accelerator.restart(self.step.metric)
        return self.backend.asarray(np.concatenate([x, z + y / self.penalty.rho]))

    def iterate(self, w) -> Status:
        n, step, accelerator, limit = self.standard.n, self.step, self.accelerator, self.settings.max_iterations
        z = step.prox(w[n:])
        while self.iteration < limit:
            Tw = step.apply(w, z)
            self.iteration += 1
            if self.is_check():
                status, moved = self.check(w, z, Tw)
                if status is not None:
                    return status
                w = accelerator.next(w, Tw, plain=not self.between) if moved is None else moved
            else:
                w = accelerator.next(w, Tw)
            z = step.prox(w[n:])
        return self.unfinished(f"{limit} iterations were not enough")

    def is_check(self) -> bool:
        """Is it time for a look? Looks that cost c iterations each and come g apart spend c k / g up to iteration k,
        and find the end g / 2 too late: together least at g = sqrt(2 c k)."""
        k, settings = self.iteration, self.settings
        if k == self.next_check:
            self.next_check += int(min(max((2 * CHECK_COST * k) ** 0.5, CLOSEST), settings.check_every))
            return True
        return k in (self.expected, settings.max_iterations) or self.out_of_time()

    def expect(self, worst: float) -> None:
        """Have a look between where the residual, falling as it did since the last look, will be below eps."""
        before, self.looked = self.looked, (self.iteration, worst)
        if before is not None and self.settings.eps < worst < before[1]:
            pace = np.log(before[1] / worst) / (self.iteration - before[0])
            left = np.log(worst / self.settings.eps) / pace
            expected = self.iteration + max(int(np.ceil(left)), SOONEST)
            self.expected = expected if expected < self.next_check else 0

    def out_of_time(self) -> bool:
        limit = self.settings.time_limit
        return limit is not None and time.perf_counter() - self.started > limit

    def check(self, w, z, Tw):
        """Measure T(w); returns (status or None, the w to go on from where it is not T(w) itself)."""
        n, host, rho = self.standard.n, self.backend.to_numpy, self.penalty.rho
        point = self.point(Tw)
        self.keep(point)
        measured = point.measured
        between = self.between = self.iteration == self.expected  # then nothing changes course
        self.expect(measured.residuals.worst)
        status = self.verdict(point, point.x - host(w[:n]), point.y - rho * host(w[n:] - z))
        event, moved = str(status or ""), None
        if status is None and not between:
            moved = self.adapt(measured, w, Tw, point.x, point.z, point.y)
            event = "penalty" if moved is not None else ""
        row = self.record(measured, event)
        if status is None and self.callback is not None and self.callback(row):
            self.message = "stopped by the callback"
            status = Status.LIMIT
        if status is None and self.closing is not None and not between:
            return self.close(point, moved)
        return status, moved

    def close(self, point: Point, moved):
        """Let the finish try, where it thinks that it is time; (status, w) as `check` returns them."""
        worst = point.measured.residuals.worst
        if self.interior.attempt(self.iteration, worst, self.watch) is not None:
            return Status.OPTIMAL, None
        if self.message:
            return Status.LIMIT, None
        start = self.best  # of the iteration or of an earlier try
        found = self.closing.attempt(start, worst, self.iteration, self.watch)
        if self.message:
            return Status.LIMIT, None
        if found is None:
            return None, moved
        x, z, y, measured = found
        if measured.residuals.worst <= self.settings.eps and self.settled(Point(x, z, y, measured)):
            return Status.OPTIMAL, None
        return None, self.set_penalties(x, z, y)

    def watch(self, x, z, y, measured) -> bool:
        """A point of the finish is kept and recorded like any other; True where the solve is to stop."""
        if measured.residuals.worst < self.worst:
            self.keep(Point(x, z, y, measured))
        row = self.record(measured, "finish")
        if self.callback is not None and self.callback(row):
            self.message = "stopped by the callback"
        return bool(self.message) or self.out_of_time()

    def keep(self, point: Point) -> None:
        """Remember the best point by its worst relative residual."""
        worst = point.measured.residuals.worst
        self.idle = 0 if worst < 0.9 * self.worst else self.idle + 1
        if worst < self.worst:
            self.best, self.worst = point, worst

    def verdict(self, point: Point, dx, dy) -> Status | None:
        """What is known now, None to go on. dx, dy: how x and y moved in the last plain step."""
        worst = point.measured.residuals.worst
        if worst <= self.settings.eps and not self.split.convex:
            return Status.LOCAL
        if worst <= self.settings.eps and self.settled(point):
            return Status.OPTIMAL
        if not np.isfinite(worst):
            reason = "the iterate is no longer finite: the linear system could not be solved"
            return self.unfinished(reason, Status.INACCURATE_BACKEND)
        solved = self.worst <= self.settings.eps  # by an earlier point
        found = self.certify(point, dx, dy) if self.split.convex and not solved else None
        if found is not None:
            return found
        if self.out_of_time():
            return self.unfinished(f"the time limit of {self.settings.time_limit:g} s ran out", Status.LIMIT)
        if self.idle and self.idle % STALLED == 0 and not solved:
            status = self.limit()
            return status if status is Status.INACCURATE_BACKEND else None
        return None

    def settled(self, point: Point) -> bool:
        """Is the objective at x as good as it is at z? Looked at for as many iterations again as it took to get here;
        residuals below eps are what a status promises. The point that is settled is the best one."""
        x, measured = snap(self.standard, point.x, point.z, point.y, point.measured, self.settings.eps)
        gained = abs(excess(self.standard, x, point.z)) / (SMALL + measured.residuals.gap_scale)
        self.reached = self.reached or self.iteration
        if gained > self.settings.eps and not self.iteration >= 2 * self.reached > 0:
            return False
        self.best, self.worst = Point(x, point.z, point.y, measured), measured.residuals.worst
        return True

    def unfinished(self, message: str, status: Status | None = None) -> Status:
        """The status where iterations or time ran out: a point that is solved to eps may have been there before."""
        if self.split.convex and self.worst <= self.settings.eps:
            return Status.OPTIMAL
        self.message = message
        return status or self.limit()

    def limit(self) -> Status:
        """The status where no progress is left: is it the backend that holds it up?"""
        asked = EXACT if self.exact else max(10 * self.step.tol, TIGHTEST)
        reached = self.step.last.residual
        if reached <= asked or reached <= 0.1 * self.settings.eps:
            return Status.LIMIT
        self.message = f"the linear systems are solved to {reached:.0e} only, {asked:.0e} was asked"
        return Status.INACCURATE_BACKEND

    def certify(self, point: Point, dx, dy) -> Status | None:
        """Try the last step and the iterate itself as certificates; what is found has been checked."""
        certainty = self.settings.certainty
        x_size, y_size = float(np.linalg.norm(point.x)), float(np.linalg.norm(point.y))
        for direction in (dy, point.y):
            if not certificates.separates(self.standard, direction, point.measured.primal, x_size):
                continue
            self.certificate = certificates.infeasibility(self.standard, direction, x_size, certainty)
            if self.certificate is not None:
                return Status.INFEASIBLE
        if point.measured.residuals.relative[0] > max(NEARLY, self.settings.eps):
            return None
        for direction in (dx, point.x):
            if not certificates.descends(direction, point.measured.dual):
                continue
            self.certificate = certificates.unboundedness(self.standard, direction, x_size, y_size, certainty)
            if self.certificate is not None:
                self.best = point  # unbounded from here: a point that is nearly feasible
                return Status.UNBOUNDED
        return None

    def adapt(self, measured, w, Tw, x, z, y):
        """New penalties where they are due: the w of x, z, y under them, else None."""
        if not self.exact:
            primal, dual, _ = measured.residuals.relative
            self.step.tol = float(np.clip(0.1 * min(primal, dual), TIGHTEST, self.step.tol))
        penalty = self.penalty
        if not self.standard.m or not self.backend.capabilities.refactor:
            return None
        if not self.split.convex:
            changed = penalty.settle(measured, self.settings.eps, self.iteration)
        elif isinstance(self.accelerator, Halpern):
            changed = self.accelerator.due(w, Tw) and penalty.balance(*self.moves(self.accelerator.anchor, x, y))
        else:
            derivative = self.step.derivative(Tw[self.standard.n :])
            changed = penalty.adapt(measured, derivative, self.iteration, self.workspace.update_cost)
        if not changed:
            return None
        self.workspace.solver.update(rho=penalty.rho, sigma=penalty.sigma)
        return self.set_penalties(x, z, y)

    def moves(self, anchor, x, y) -> tuple[float, float]:
        """How far x and y are from those of `anchor`, a w, in the metric of the step."""
        n, host, step, rho = self.standard.n, self.backend.to_numpy, self.step, self.penalty.rho
        dx = x - host(anchor[:n])
        dy = y - host(step.dual(anchor[n:], step.prox(anchor[n:])))
        return float(dx @ (host(step.metric)[:n] * dx)) ** 0.5, float(dy @ (dy / rho)) ** 0.5

    def record(self, measured, event) -> Check:
        primal, dual, gap = measured.residuals.relative
        seconds = time.perf_counter() - self.started
        row = Check(self.iteration, measured.objective, primal, dual, gap, self.penalty.base, seconds, event)
        self.history.add(row)
        return row

    def finish(self, status: Status) -> SplitSolution:
        standard, best = self.standard, self.best
        x, measured = snap(standard, best.x, best.z, best.y, best.measured, self.settings.eps)
        best = self.best = Point(x, best.z, best.y, measured)
        ended = time.perf_counter()
        finish = sum(closing.seconds for closing in (self.closing, self.interior) if closing is not None)
        iterate = ended - self.prepared_at - finish
        timings = {"prepare": self.prepared_at - self.started, "iterate": iterate, "finish": finish}
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
        return self.best.measured.objective
