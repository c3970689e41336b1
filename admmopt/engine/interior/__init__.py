"""The other finish: linear, quadratic and piecewise quadratic problems and those with cones end with an interior point
where they take many iterations.

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
from .semidefinite import Semidefinite

WORK = 10.0  # steps of an interior point, of the 20 or so that it takes, that the iteration may cost before it is tried
SOLVES = 6.0  # of a step beside its factorization
CROWDED = 0.2  # density above which scaled rows are taken for dense
FASTER = 10.0  # of products of matrices than of what an iteration does, for each product of numbers
NEAR, NEARER = 100.0, 10.0  # residual over eps, without cones and with them, below which the iteration seems near its
LONGER = 4.0  # end and gets so many times as long for it


class InteriorFinish:
    """The interior point of one solve. `usable`: for a problem of this kind; `first`: before semismooth Newton, which
    does well where costs have kinks and with matrices; `seconds`, `steps`: spent in it so far."""

    def __init__(self, standard: Standard, backend, workspace, eps: float):
        self.standard, self.scaling, self.backend, self.eps = standard, workspace.penalty.scaling, backend, eps
        rows = Rows.of(standard) if workspace.exact and backend.capabilities.refactor else None
        scaled = rows is not None and any(cone.turned > 1 for _, _, cone, _ in rows.cones)
        if scaled and not workspace.solver.report().get("rows"):
            rows = None
        self.rows = rows if rows is not None and rows.bounds else None
        self.usable = self.rows is not None
        kinked = self.usable and self.rows.kinked.any()
        self.first = (
            self.usable and not kinked and not any(isinstance(c, Semidefinite) for _, _, c, _ in self.rows.cones)
        )
        self.due = WORK * self._step_cost(workspace.update_cost) if self.usable else np.inf
        self.near = NEAR if self.usable and not self.rows.cones else NEARER
        self.seconds, self.steps = 0.0, 0

    def _step_cost(self, update_cost: float) -> float:
        """Of a step, in iterations: by products where rows of cones get many more entries than they had."""
        if not self.rows.cones:
            return SOLVES + update_cost
        n, before = self.standard.n, max(self.standard.A.nnz, 1)
        iteration, scaling, filled, dense = 4.0 * before, 0.0, float(before), 0.0
        for i, _, cone, columns in self.rows.cones:
            entries = cone.turned * columns
            scaling += cone.work(columns)
            iteration += cone.work(cone.count)
            if entries > CROWDED * cone.count * cone.dim * n:
                dense += entries * n
            else:
                filled += entries - self.standard.A.blocks[i].nnz
        dense += n**3 / 3 if dense else 0.0
        border = sum(2.0 * cone.count for _, _, cone, _ in self.rows.cones if cone.turned == 1)
        return SOLVES + border + update_cost * filled / before + (scaling + dense) / (FASTER * iteration)

    def attempt(self, iteration: int, worst: float, watch: Callable) -> tuple | None:
        """(x, z, y, measured) below eps, or None. worst: residual of the iterate; it starts from the middle, not from
        there. watch(x, z, y, measured) sees every step and ends the attempt by returning True."""
        if iteration < self.due * (LONGER if worst < self.near * self.eps else 1.0):
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
