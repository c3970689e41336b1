"""All reductions, in turn, until none finds anything; and back."""

from __future__ import annotations

from .activity import rows_by_activity
from .columns import fixed_columns
from .duplicates import duplicate_rows
from .program import Program
from .reduction import Contradiction, Point, Reduction
from .singletons import singleton_rows
from .slacks import slack_columns

REDUCTIONS = (singleton_rows, fixed_columns, rows_by_activity, duplicate_rows, slack_columns)
ROUNDS = 30


class Stack:
    """program: what is left; restore: from it to the first one. contradiction: a certificate of infeasibility of the
    first program, where one was found on the way."""

    def __init__(self, program: Program):
        self.program = program
        self.steps: list[Reduction] = []
        self.contradiction: Point | None = None
        try:
            for _ in range(ROUNDS):
                if not self._round():
                    break
        except Contradiction as found:
            self.contradiction = self.restore(found.point)

    def _round(self) -> bool:
        before = len(self.steps)
        for reduce in REDUCTIONS:
            found = reduce(self.program)
            if found is not None:
                step, self.program = found
                self.steps.append(step)
        return len(self.steps) > before

    def restore(self, point: Point) -> Point:
        for step in reversed(self.steps):
            point = step.restore(point)
        return point
