"""The other finish: linear, quadratic and piecewise quadratic problems that take many iterations end with an interior
point.

`InteriorFinish.attempt` is all that the loop calls. It tries once, when the iteration has cost about as much as half of
an interior point does, and hands back an accurate point or nothing: one that failed has often run far away, and the
iteration is better off where it was.
"""

from __future__ import annotations

import time
from collections.abc import Callable

import numpy as np

from ..standard import Standard
from .barrier import Barrier
from .rows import Rows

WORK = 10.0  # steps of an interior point, of the 20 or so that it takes, that the iteration may cost before it is tried
SOLVES = 6.0  # of a step beside its factorization
NEAR, LONGER = 100.0, 4.0  # residual over eps below which the iteration gets so many times as long to end by itself


class InteriorFinish:
    """The interior point of one solve. `usable`: for a problem of this kind; `first`: before semismooth Newton, which
    does well where costs have kinks; `seconds`, `steps`: spent in it so far."""

    def __init__(self, standard: Standard, backend, workspace, eps: float):
        self.standard, self.scaling, self.backend, self.eps = standard, workspace.penalty.scaling, backend, eps
        rows = Rows.of(standard) if workspace.exact and backend.capabilities.refactor else None
        self.rows = rows if rows is not None and rows.bounds else None
        self.usable = self.rows is not None
        self.first = self.usable and not self.rows.kinked.any()
        self.due = WORK * (SOLVES + workspace.update_cost) if self.usable else np.inf
        self.seconds, self.steps = 0.0, 0

    def attempt(self, iteration: int, worst: float, watch: Callable) -> tuple | None:
        """(x, z, y, measured) below eps, or None. worst: residual of the iterate; it starts from the middle, not from
        there. watch(x, z, y, measured) sees every step and ends the attempt by returning True."""
        if iteration < self.due * (LONGER if worst < NEAR * self.eps else 1.0):
            return None
        self.due, started, found = np.inf, time.perf_counter(), None

        def report(*point) -> bool:
            nonlocal found
            self.steps += 1
            if point[3].residuals.worst <= self.eps:
                found = point
            return bool(watch(*point)) or found is not None

        try:
            Barrier(self.standard, self.rows, self.scaling, self.backend).run(self.eps, report)
        finally:
            self.seconds += time.perf_counter() - started
        return found
