"""What the bounds alone say of a row: that it always holds, never, or only with every column at one bound."""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np

from .program import Program
from .reduction import CONTRADICTION, TOLERANCE, Contradiction, Point, Reduction


@dataclass(frozen=True)
class RedundantRows(Reduction):
    """Rows that hold whatever x is within its bounds."""

    keep: np.ndarray

    def restore(self, point: Point) -> Point:
        y = np.zeros(self.before.m)
        y[self.keep] = point.y
        return replace(point, y=y)


@dataclass(frozen=True)
class ForcingRows(Reduction):
    """Rows that hold only where each of their columns is at the bound that makes the row largest (sign -1: it just
    reaches its lower end) or smallest (sign 1). Then those bounds are fixed. The row's multiplier is the smallest for
    which all reduced costs have the sign that their bounds ask for."""

    forcing: np.ndarray
    sign: np.ndarray

    def restore(self, point: Point) -> Point:
        A, y, r = self.before.A, point.y.copy(), point.r.copy()
        for i, sign in zip(self.forcing, self.sign, strict=True):
            entries = slice(A.indptr[i], A.indptr[i + 1])
            columns, a = A.indices[entries], A.data[entries]
            # with y_i = sign t, t >= 0, r_j - a_j sign t must have the sign of -a_j sign
            t = max(float((r[columns] * sign / a).max()), 0.0)
            y[i] += sign * t
            r[columns] -= a * sign * t
        return replace(point, y=y, r=r)


def activity(program: Program, l: np.ndarray, u: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """(least, most) that A x can be for l <= x <= u, (m,) each."""
    data, columns = program.A.data, program.A.indices
    low, high = data * l[columns], data * u[columns]
    low, high = np.where(data > 0, low, high), np.where(data > 0, high, low)
    return (np.bincount(program.rows, end, program.m) for end in (low, high))  # type: ignore[return-value]


def rows_by_activity(program: Program) -> tuple[Reduction, Program] | None:
    """The redundant rows, or where there are none the forcing ones; raises Contradiction."""
    if not program.m:
        return None
    least, most = activity(program, program.l, program.u)
    lower, upper = program.lower, program.upper
    with np.errstate(invalid="ignore"):
        low_miss, high_miss = (lower - most) / (1 + np.abs(lower)), (least - upper) / (1 + np.abs(upper))
        for miss, sign in ((low_miss, -1.0), (high_miss, 1.0)):
            worst = int(np.argmax(np.where(np.isnan(miss), -np.inf, miss)))
            if miss[worst] > CONTRADICTION:
                y = np.zeros(program.m)
                y[worst] = sign
                raise Contradiction(program, y, -(program.transpose @ y))
        keep = ~((least >= lower - TOLERANCE * (1 + np.abs(lower))) | (lower == -np.inf))
        keep |= ~((most <= upper + TOLERANCE * (1 + np.abs(upper))) | (upper == np.inf))
        at_most = low_miss >= -TOLERANCE
        at_least = (high_miss >= -TOLERANCE) & ~at_most
    if not keep.all():
        return RedundantRows(program, keep), program.take_rows(keep)
    return _force(program, at_most, at_least)


def _force(program: Program, at_most: np.ndarray, at_least: np.ndarray) -> tuple[Reduction, Program] | None:
    A, l, u = program.A, program.l.copy(), program.u.copy()
    taken = np.zeros(program.n, dtype=bool)
    rows, signs = [], []
    for i in np.flatnonzero(at_most | at_least):
        entries = slice(A.indptr[i], A.indptr[i + 1])
        columns, a = A.indices[entries], A.data[entries]
        if taken[columns].any():
            continue  # its turn comes when these are gone
        taken[columns] = True
        up = (a > 0) == bool(at_most[i])
        value = np.where(up, u[columns], l[columns])
        l[columns] = u[columns] = value
        rows.append(i)
        signs.append(-1.0 if at_most[i] else 1.0)
    if not rows:
        return None
    return ForcingRows(program, np.array(rows), np.array(signs)), replace(program, l=l, u=u)
