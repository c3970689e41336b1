"""Columns that stand in one row only: the row does without them."""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np

from .activity import activity
from .program import Program
from .reduction import Point, Reduction

PIVOT = 0.1  # of the largest entry of its row that such a column's must have
GROWTH = 10.0  # of the largest cost that is put up with: dual residuals are relative to it


@dataclass(frozen=True)
class SlackColumns(Reduction):
    """lower <= a x_j + rest <= upper: x_j went into the interval of the rest and, at the price c_j / a, into its cost.

    Where c_j is not zero the row holds as an equation, lower == upper: it is one, or no bound of x_j can ever hold it
    back, and its cost pulls the row to one end.
    """

    rows: np.ndarray
    columns: np.ndarray
    entry: np.ndarray
    price: np.ndarray
    lower: np.ndarray
    upper: np.ndarray

    def restore(self, point: Point) -> Point:
        before, i, j, a = self.before, self.rows, self.columns, self.entry
        keep = np.ones(before.n, dtype=bool)
        keep[j] = False
        x, r, y = np.zeros(before.n), np.zeros(before.n), point.y.copy()
        x[keep], r[keep] = point.x, point.r
        r[j] = -a * y[i]
        y[i] -= 0.0 if point.homogeneous else self.price
        ends = [self.lower, self.upper, before.l[j], before.u[j]]
        if point.homogeneous:
            ends = [np.where(np.isfinite(end), 0.0, end) for end in ends]
        lower, upper, l, u = ends
        rest = (before.A @ x)[i]
        pulled = y[i] > 0, y[i] < 0  # to the row's upper, lower end; else x_j has a choice, and stays near 0
        low, high = np.where(pulled[0], upper, lower), np.where(pulled[1], lower, upper)
        low, high = (low - rest) / a, (high - rest) / a
        x[j] = np.clip(np.clip(0.0, np.minimum(low, high), np.maximum(low, high)), l, u)
        return Point(x, y, r, point.homogeneous)


def slack_columns(program: Program) -> tuple[Reduction, Program] | None:
    """At most one column for a row."""
    A, q = program.A, program.q
    single = (program.column_lengths == 1) & ~program.curved
    entries = np.flatnonzero(single[A.indices])
    rows, columns, a = program.rows[entries], A.indices[entries], A.data[entries]
    lower, upper = program.lower[rows], program.upper[rows]
    price = q[columns] / a
    costly = (price != 0) & (lower < upper)
    end = np.where(price > 0, lower, upper)  # where the cost pulls the row to
    free = costly & np.isfinite(end) & _implied_free(program, rows, columns, a, end)
    largest = np.zeros(program.m)
    np.maximum.at(largest, program.rows, np.abs(A.data))
    cheap = np.abs(price) * largest[rows] <= GROWTH * (1 + np.abs(q).max(initial=0.0))
    good = np.flatnonzero((np.abs(a) >= PIVOT * largest[rows]) & cheap & (free | ~costly))
    if not good.size:
        return None
    rows, first = np.unique(rows[good], return_index=True)
    good = good[first]
    columns, a, price, free = columns[good], a[good], price[good], free[good]
    lower, upper = np.where(free, end[good], lower[good]), np.where(free, end[good], upper[good])
    ends = a * program.l[columns], a * program.u[columns]
    new_lower, new_upper, weights = program.lower.copy(), program.upper.copy(), np.zeros(program.m)
    new_lower[rows] = np.where(free, -np.inf, lower - np.maximum(*ends))
    new_upper[rows] = np.where(free, np.inf, upper - np.minimum(*ends))
    weights[rows] = price
    gone = np.zeros(program.n, dtype=bool)
    gone[columns] = True
    constant = program.constant + float(price[price != 0] @ lower[price != 0])
    smaller = replace(program, q=q - program.transpose @ weights, constant=constant, lower=new_lower, upper=new_upper)
    smaller = smaller.without_columns(gone, np.zeros(columns.size))
    return SlackColumns(program, rows, columns, a, price, lower, upper), smaller


def _implied_free(program: Program, rows, columns, a, end) -> np.ndarray:
    """Does x_j keep its bounds wherever a x_j + rest = end, whatever the rest is within its own bounds?"""
    l, u = program.l[columns], program.u[columns]
    ends = a * l, a * u
    free = (l == -np.inf) & (u == np.inf)
    with np.errstate(invalid="ignore"):
        least, most = activity(program, program.l, program.u)
        low, high = (end - (most[rows] - np.maximum(*ends))) / a, (end - (least[rows] - np.minimum(*ends))) / a
        within = (np.minimum(low, high) >= l) & (np.maximum(low, high) <= u)  # False where an infinity cancels
    return free | within
