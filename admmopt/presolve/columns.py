"""Columns whose value is known before anything is solved."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from .program import Program
from .reduction import Point, Reduction


@dataclass(frozen=True)
class FixedColumns(Reduction):
    """x = values in the columns gone; their reduced costs follow from stationarity."""

    gone: np.ndarray
    values: np.ndarray

    def restore(self, point: Point) -> Point:
        x, r = np.zeros(self.before.n), np.zeros(self.before.n)
        x[~self.gone] = point.x
        x[self.gone] = 0.0 if point.homogeneous else self.values
        r[~self.gone] = point.r
        r[self.gone] = self.slack_in_dual(point, x, point.y)[self.gone]
        return Point(x, point.y, r, point.homogeneous)


def fixed_columns(program: Program) -> tuple[Reduction, Program] | None:
    """Columns whose bounds agree, and those that nothing keeps from the bound that the cost drives them to: lowering
    x_j of cost q_j >= 0 helps, or does not hurt, where every row of it is bounded on the other side only."""
    l, u, q = program.l, program.u, program.q
    value = np.where(l == u, l, np.nan)
    A, rows = program.A, program.rows
    rising = A.data > 0
    held_low = np.where(rising, np.isfinite(program.lower[rows]), np.isfinite(program.upper[rows]))
    held_high = np.where(rising, np.isfinite(program.upper[rows]), np.isfinite(program.lower[rows]))
    falls, rises = (np.bincount(A.indices, held, program.n) == 0 for held in (held_low, held_high))
    empty = program.column_lengths == 0
    straight = ~program.curved & np.isnan(value)
    value = np.where(straight & falls & (q >= 0) & np.isfinite(l), l, value)
    value = np.where(straight & rises & (q <= 0) & np.isfinite(u) & np.isnan(value), u, value)
    value = np.where(straight & empty & (q == 0) & np.isnan(value), np.clip(0.0, l, u), value)
    gone = ~np.isnan(value)
    if not gone.any():
        return None
    return FixedColumns(program, gone, value[gone]), program.without_columns(gone, value[gone])
