"""Rows that are multiples of one another are one row."""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np

from .program import Program
from .reduction import Contradiction, Point, Reduction
from .tightest import OWN, Tightest

SAME = 1e-13  # relative difference of entries that rounding may have made


@dataclass(frozen=True)
class DuplicateRows(Reduction):
    """Row `copies[k]` = ratio[k] times another one, which keeps the tightest of both intervals."""

    keep: np.ndarray
    copies: np.ndarray
    ratio: np.ndarray
    ends: Tightest

    def restore(self, point: Point) -> Point:
        y = np.zeros(self.before.m)
        y[self.keep] = point.y
        rows, sources = self.ends.share(y)
        y[self.copies[sources]] = y[rows] / self.ratio[sources]
        y[rows] = 0.0
        return replace(point, y=y)


def duplicate_rows(program: Program) -> tuple[Reduction, Program] | None:
    copies, originals = _pairs(program)
    if not copies.size:
        return None
    first = program.A.data[program.A.indptr[:-1]]
    ratio = first[copies] / first[originals]
    ends = program.lower[copies] / ratio, program.upper[copies] / ratio
    tightest = Tightest.of(program.lower, program.upper, originals, np.minimum(*ends), np.maximum(*ends))
    crossed = tightest.crossed
    if crossed is not None:
        y = np.zeros(program.m)
        for sign, source in ((1.0, tightest.high_from[crossed]), (-1.0, tightest.low_from[crossed])):
            if source == OWN:
                y[crossed] += sign
            else:
                y[copies[source]] += sign / ratio[source]
        raise Contradiction(program, y, np.zeros(program.n))
    keep = np.ones(program.m, dtype=bool)
    keep[copies] = False
    lower, upper = tightest.ordered()
    smaller = replace(program, lower=lower, upper=upper).take_rows(keep)
    return DuplicateRows(program, keep, copies, ratio, tightest), smaller


def _pairs(program: Program) -> tuple[np.ndarray, np.ndarray]:
    """(copies, originals): rows that are multiples of earlier ones. Found by a random functional of the rows divided by
    their first entries, and then compared entry by entry."""
    A, lengths = program.A, program.row_lengths
    A.sort_indices()
    full = np.flatnonzero(lengths > 0)
    if full.size < 2:
        return np.zeros(0, dtype=int), np.zeros(0, dtype=int)
    scaled = A.data / A.data[A.indptr[:-1][program.rows]]
    probe = np.random.default_rng(0).uniform(1.0, 2.0, program.n)
    size = np.bincount(program.rows, np.abs(scaled) * probe[A.indices], program.m)
    mark = np.bincount(program.rows, scaled * probe[A.indices], program.m)
    order = full[np.lexsort((mark[full], lengths[full]))]
    a, b = order[:-1], order[1:]
    close = (lengths[a] == lengths[b]) & (np.abs(mark[a] - mark[b]) <= SAME * size[b])
    starts = np.flatnonzero(np.concatenate([[True], ~close]))
    leaders = np.repeat(order[starts], np.diff([*starts, order.size]))
    copies = [(j, i) for j, i in zip(order, leaders, strict=True) if j != i and _alike(A, scaled, i, j)]
    found = np.array(copies, dtype=int).reshape(-1, 2)
    return found[:, 0], found[:, 1]


def _alike(A, scaled: np.ndarray, i, j) -> bool:
    one, other = (slice(A.indptr[k], A.indptr[k + 1]) for k in (i, j))
    if not np.array_equal(A.indices[one], A.indices[other]):
        return False
    return bool(np.all(np.abs(scaled[one] - scaled[other]) <= SAME * np.abs(scaled[one])))
