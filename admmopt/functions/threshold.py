"""One threshold search for every sorting-based prox: simplex, l1 ball, maximum, l-infinity norm, sum of the largest."""

from __future__ import annotations

from .base import Array, column, namespace


def threshold(v: Array, total: Array, cap: Array | None = None) -> Array:
    """theta with ``sum_j min(max(v_j - theta, 0), cap) == total`` for each row of v.

    v: (count, dim); total: float or (count,), nonnegative, below dim * cap; cap: None (no cap), float or (count,).
    The left side is piecewise linear and nonincreasing in theta with breakpoints v_j and v_j - cap: they are sorted,
    its values at them accumulated, and the segment that holds the total is solved, then corrected once for rounding
    (Held, Wolfe and Crowder, 1974, for the simplex). Returns (count,).
    """
    xp = namespace(v)
    count = v.shape[0]
    if cap is None:
        points = -xp.sort(-v, axis=1)
        slopes = xp.cumsum(xp.ones_like(points), axis=1)
    else:
        leaving = v - column(cap)
        points = xp.concat((v, leaving), axis=1)
        order = xp.argsort(-points, axis=1)
        row = xp.arange(count, device=v.device)[:, None]
        points = points[row, order]
        slopes = xp.cumsum(xp.concat((xp.ones_like(v), -xp.ones_like(v)), axis=1)[row, order], axis=1)
    sums = xp.cumsum(slopes[:, :-1] * (points[:, :-1] - points[:, 1:]), axis=1)
    # sums[:, i] is the left side at theta = points[:, i + 1]; at points[:, 0] it is zero
    segment = xp.sum(sums < column(total), axis=1)
    row = xp.arange(count, device=v.device)
    before = xp.concat((xp.zeros_like(v[:, :1]), sums), axis=1)[row, segment]
    slope = slopes[row, segment]
    slope = xp.where(slope > 0, slope, xp.ones_like(slope))
    theta = points[row, segment] - (total - before) / slope
    reached = v - theta[:, None]
    reached = xp.where(reached > 0, reached, xp.zeros_like(reached))
    if cap is not None:
        limit = column(cap) + xp.zeros_like(reached)
        reached = xp.where(reached < limit, reached, limit)
    return theta + (xp.sum(reached, axis=1) - total) / slope
