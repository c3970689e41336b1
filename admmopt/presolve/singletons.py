"""Rows with a single entry are bounds."""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np

from .program import Program
from .reduction import Contradiction, Point, Reduction
from .tightest import OWN, Tightest


@dataclass(frozen=True)
class SingletonRows(Reduction):
    """low <= a x_j <= high became a bound; a multiplier of x_j's bound goes to the row that gave it, divided by a."""

    keep: np.ndarray
    singles: np.ndarray
    entry: np.ndarray
    bounds: Tightest

    def restore(self, point: Point) -> Point:
        y, r = np.zeros(self.before.m), point.r.copy()
        y[self.keep] = point.y
        columns, sources = self.bounds.share(r)
        y[self.singles[sources]] = r[columns] / self.entry[sources]
        r[columns] = 0.0
        return replace(point, y=y, r=r)


def singleton_rows(program: Program) -> tuple[Reduction, Program] | None:
    single = program.row_lengths == 1
    if not single.any():
        return None
    rows = np.flatnonzero(single)
    at = program.A.indptr[rows]
    columns, a = program.A.indices[at], program.A.data[at]
    ends = program.lower[rows] / a, program.upper[rows] / a
    bounds = Tightest.of(program.l, program.u, columns, np.minimum(*ends), np.maximum(*ends))
    crossed = bounds.crossed
    if crossed is not None:
        y, r = np.zeros(program.m), np.zeros(program.n)
        for sign, source in ((1.0, bounds.high_from[crossed]), (-1.0, bounds.low_from[crossed])):
            if source == OWN:
                r[crossed] += sign
            else:
                y[rows[source]] += sign / a[source]
        raise Contradiction(program, y, r)
    l, u = bounds.ordered()
    return SingletonRows(program, ~single, rows, a, bounds), replace(program.take_rows(~single), l=l, u=u)
