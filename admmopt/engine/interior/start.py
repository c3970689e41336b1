"""Where the interior point starts: least squares for x and y, shifted inside by Mehrotra's rule, in scaled units."""

from __future__ import annotations

import numpy as np

from ..equilibrate import Scaling
from ..standard import Standard
from .iterate import Iterate
from .rows import Rows
from .system import Newton

EQUAL = 1e3  # weight of equal rows in the least squares for x
INSIDE = 0.25  # of an interval's width that a start may be shifted by
LEAST = 1e-2  # shift, in scaled units


def starting_point(standard: Standard, rows: Rows, scaling: Scaling, newton: Newton) -> Iterate:
    unit_s, unit_z = rows.each(1.0 / scaling.e), rows.each(scaling.e / scaling.cost)  # of a value and of a multiplier
    e2 = scaling.e**2 / scaling.cost
    sigma = 1e-6 / scaling.cost / scaling.d**2
    lowest, highest = rows.lower[rows.first], rows.upper[rows.last]
    aim = np.where(rows.kinked, rows.upper[rows.first], np.clip(0.0, lowest, highest))
    newton.prepare(e2 * np.where(rows.equal, EQUAL, np.where(rows.free, 1e-6, 1.0)), sigma)
    x, _ = newton.plain(np.zeros(standard.n), aim - standard.b)
    weight = e2 * np.where(rows.free, 1e-6, 1.0)
    newton.prepare(weight, sigma)
    _, falling = newton.plain(-standard.q, np.zeros(standard.m))
    y = weight * falling
    y = np.where(rows.kinked, np.clip(y, *_multipliers(rows)), y)
    s = np.where(rows.each(rows.equal), rows.lower, rows.each(standard.A.matvec(x) + standard.b))
    lower, upper = rows.lower.copy(), rows.upper.copy()
    lower[rows.first], upper[rows.last] = -np.inf, np.inf
    s = np.clip(s, lower, upper)  # no kink is ever violated: there one segment ends and the next one begins

    low = np.where(rows.low, (s - rows.lower) / unit_s, np.inf)
    high = np.where(rows.high, (rows.upper - s) / unit_s, np.inf)
    net = (rows.each(y) - rows.gradient(s)) / unit_z
    z_l = np.where(rows.low, np.where(rows.high, np.maximum(-net, 0.0), -net), 0.0)
    z_u = np.where(rows.high, np.where(rows.low, np.maximum(net, 0.0), net), 0.0)
    cones = []
    for _, place, cone, _ in rows.cones:
        units = (unit[rows.first[place]].reshape(cone.count, cone.dim) for unit in (unit_s, unit_z))
        values = (v.reshape(cone.count, cone.dim) for v in (s[rows.first[place]], -y[place]))
        cones.append((place, cone, *(v / unit for v, unit in zip(values, units, strict=True))))
    shift = max(-1.5 * float(np.minimum(low, high).min(initial=0.0)), LEAST)
    shift = max(shift, *(max(1.5 * cone.depth(v), cone.least) for _, cone, v, _ in cones), LEAST)
    push = max(-1.5 * float(min(z_l.min(initial=0.0), z_u.min(initial=0.0))), LEAST)
    push = max(push, *(max(1.5 * cone.depth(v), cone.least) for _, cone, _, v in cones), LEAST)
    low, high = (np.where(np.isfinite(gap), np.maximum(gap, 0.0) + shift, 0.0) for gap in (low, high))
    z_l, z_u = np.where(rows.low, z_l + push, 0.0), np.where(rows.high, z_u + push, 0.0)
    cones = [(place, cone, cone.inside(v, shift), cone.inside(u, push)) for place, cone, v, u in cones]
    products = float((low * z_l + high * z_u).sum()) + sum(float(np.sum(v * u)) for _, _, v, u in cones)
    sums = [float(low.sum() + high.sum()), float(z_l.sum() + z_u.sum())]
    for _, cone, v, u in cones:
        middle = cone.inside(np.zeros_like(v), 1.0)
        sums = [sums[0] + float(np.sum(middle * v)), sums[1] + float(np.sum(middle * u))]
    more, further = (0.5 * products / max(of, 1e-300) for of in (sums[1], sums[0]))
    shift, push = shift + more, push + further
    inside = np.minimum(shift * unit_s, INSIDE * (rows.upper - rows.lower))
    s = np.where(rows.low, np.maximum(s, rows.lower + inside), s)
    s = np.where(rows.high, np.minimum(s, rows.upper - inside), s)
    z_l, z_u = np.where(rows.low, (z_l + further) * unit_z, 0.0), np.where(rows.high, (z_u + further) * unit_z, 0.0)
    for place, cone, v, u in cones:
        s[rows.first[place]] = cone.inside(v, more).reshape(-1) * unit_s[rows.first[place]]
        y[place] = -cone.inside(u, further).reshape(-1) * unit_z[rows.first[place]]
    return Iterate(x, s, z_l, z_u, np.where(rows.own, y, 0.0))


def _multipliers(rows: Rows) -> tuple[np.ndarray, np.ndarray]:
    """The ends of what can be a multiplier of each row: the slopes of its cost at infinity."""
    lowest, highest = rows.first, rows.last
    no_least = np.isfinite(rows.lower[lowest]) | (rows.curvature[lowest] > 0)
    no_most = np.isfinite(rows.upper[highest]) | (rows.curvature[highest] > 0)
    return np.where(no_least, -np.inf, rows.slope[lowest]), np.where(no_most, np.inf, rows.slope[highest])
