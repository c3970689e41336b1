"""Proximal interior point for programs of bounds, quadratics, kinks and cones: Mehrotra's predictor-corrector (SIAM J.
Optim. 2, 1992).

    minimize 1/2 x'P x + q'x + sum_j (c_j s_j + k_j s_j^2 / 2),   lower <= s <= upper,

where the segments s_j of row i add up to (A x + b)_i + shift_i (`rows.py`; most rows have one, and no shift), with
multipliers z_l, z_u >= 0 of the bounds, y_i = c_j + k_j s_j + z_u - z_l for every segment (in equal rows y is free),
and complementarity (s - lower) z_l = (upper - s) z_u = mu on the way to 0. A segment gives way by dy over its weight

    k + z_l / (s - lower) + z_u / (upper - s),

a row by the sum: eliminating all but dx leaves the system of `system.py`, with the harmonic sum of these weights. The
rows of cones have one segment without bounds and a scaling of their own (`cone.py`).
"""

from __future__ import annotations

from collections.abc import Callable
from copy import copy

import numpy as np

from ...functions import PiecewiseQuadratic
from ..equilibrate import Scaling
from ..residuals import Measured, measure
from ..solution import SMALL
from ..standard import Standard
from .conic import Conic
from .iterate import Iterate
from .rows import Rows
from .start import starting_point
from .system import Newton

STEPS = 120
PATIENCE = 40  # steps without a better point after which it is given up
CRAWL, STUCK = 0.05, 8  # a step so short leads nowhere; after so many in a row among cones it is given up
BOUNDARY = 0.995  # of the way to the boundary that a step may go
FAR, NEARER = 0.9, 0.09  # the same where there are cones, and how much further after a long step
SHORT = 0.1  # a step shorter than this is tried again with more centring
CENTRING = (0.5, 0.9)
NEAR = 0.1  # of the primal residual that is allowed, the distance at which a segment is on its bound


class Barrier:
    """One run of the interior point."""

    def __init__(self, standard: Standard, rows: Rows, scaling: Scaling, backend):
        self.standard, self.rows, self.scaling = standard, rows, scaling
        self.conic = Conic([(rows.first[place], place, cone) for _, place, cone, _ in rows.cones])
        self.newton = Newton(standard, rows, scaling, backend)

    def run(self, eps: float, report: Callable[[np.ndarray, np.ndarray, np.ndarray, Measured], bool]) -> None:
        """Iterate until nothing is gained any more. report(x, z, y, measured) is called with every point, as the
        engine wants it: y a subgradient at z, or of a cone inside of its polar cone; it returns True to stop."""
        best, idle, stuck, before, near = np.inf, 0, 0, None, 0.0
        with np.errstate(all="ignore"):  # an iterate that is no longer finite ends the run
            try:
                it = starting_point(self.standard, self.rows, self.scaling, self.newton)
            except np.linalg.LinAlgError:
                return
            for _ in range(STEPS):
                point = self.snapped(it, before, near)
                worst = point[3].residuals.worst
                if not np.isfinite(worst) or report(*point):
                    return
                idle = 0 if worst < 0.9 * best else idle + 1
                best, before = min(best, worst), copy(it)
                near = NEAR * eps * (1 + point[3].residuals.primal_scale)
                try:
                    length = self.step(it, eps, point[3]) if idle <= PATIENCE else 0.0
                    stuck = stuck + 1 if self.conic and length < CRAWL else 0
                    if not length > 0 or stuck >= STUCK:
                        return
                except np.linalg.LinAlgError:  # not to be factorized, whatever the regularization
                    return

    def multiplier(self, it: Iterate) -> np.ndarray:
        rows = self.rows
        return np.where(rows.own, it.y, (rows.gradient(it.s) + it.z_u - it.z_l)[rows.first])

    def snapped(self, it: Iterate, before: Iterate | None, near: float):
        """(x, z, y, measured): every row on the bound or kink that it is going to, or off all; y a subgradient there.
        A bound of a segment holds if the distance to it falls faster than its multiplier (Tapia's indicators: El-Bakry,
        Tapia & Zhang, SIAM Review 36, 1994), which needs no idea of their sizes; or if it is `near`: then z moves by
        less than matters, while multipliers that are left out add up over the rows of a column."""
        rows, y = self.rows, self.multiplier(it)
        low, high = it.s - rows.lower, rows.upper - it.s
        if before is None:
            on_low, on_high = rows.low & (it.z_l > low), rows.high & (it.z_u > high)
        else:
            on_low = rows.low & (low * before.z_l < it.z_l * (before.s - rows.lower))
            on_high = rows.high & (high * before.z_u < it.z_u * (rows.upper - before.s))
        on_low |= rows.low & (low <= near)
        on_high |= rows.high & (high <= near)
        on_low &= ~(on_high & (high < low))
        on_high &= ~on_low
        z = (rows.total(it.s) - rows.shift).clip(rows.lower[rows.first], rows.upper[rows.last])
        filled = np.minimum.reduceat(np.where(on_high, it.s.size, np.arange(it.s.size)), rows.first)  # all before are
        z = np.where(rows.total((~(on_low | on_high)).astype(float)) > 0, z, self._end(filled))
        for place, function in zip(self.standard.slices, self.standard.functions, strict=True):
            if isinstance(function, PiecewiseQuadratic):  # else z and y are inside of a cone and of its polar cone
                y[place] = np.clip(y[place], *function.subdifferential(z[place], 0.0))
        return it.x, z, y, measure(self.standard, it.x, z, y)

    def _end(self, segment):
        """Where each row is whose segments before this one are full and the others empty."""
        rows = self.rows
        return np.where(segment > rows.last, rows.upper[rows.last], rows.lower[np.minimum(segment, rows.last)])

    def weight(self, it: Iterate) -> np.ndarray:
        """(S,): positive everywhere; of no account in equal rows."""
        rows = self.rows
        w = rows.curvature + np.where(rows.low, it.z_l / (it.s - rows.lower), 0.0)
        w = w + np.where(rows.high, it.z_u / (rows.upper - it.s), 0.0)
        w = np.where(w > 0, w, 1e-10 * rows.each(self.scaling.e**2) / self.scaling.cost)
        return np.where(rows.each(rows.conic), 1.0, w)

    def step(self, it: Iterate, eps: float, measured: Measured) -> float:
        """Move `it`; the longer of the two lengths of the step, 0 where none is to be had."""
        rows, standard, newton, conic = self.rows, self.standard, self.newton, self.conic
        low = np.where(rows.low, it.s - rows.lower, 1.0)
        high = np.where(rows.high, rows.upper - it.s, 1.0)
        y = self.multiplier(it)
        r_d = standard.quadratic(it.x)[0] + standard.q + standard.A.rmatvec(y)
        r_p = standard.A.matvec(it.x) + standard.b + rows.shift - rows.total(it.s)
        apart = np.where(rows.each(rows.kinked), rows.gradient(it.s) + it.z_u - it.z_l - rows.each(y), 0.0)
        total = (low * it.z_l)[rows.low].sum() + (high * it.z_u)[rows.high].sum() + conic.product(it.s, it.y)
        mu = float(total) / rows.bounds
        conic.scale(it.s, it.y)
        residuals = measured.residuals
        limits = [0.01 * eps * (1 + scale) for scale in (residuals.dual_scale, residuals.primal_scale)]
        if conic:  # of which x and y may run off; then it is the gap that suffers, x'r_d - y'r_p
            size = 0.01 * eps * (SMALL + residuals.gap_scale)
            limits = [min(limit, size / np.abs(v).sum()) for limit, v in zip(limits, (it.x, y), strict=True)]

        def direction(aim_low, aim_high, goal, second=None, part=1.0):
            """Towards (s - lower) z_l = aim_low, (upper - s) z_u = aim_high, and what cones make of the goal; second:
            the move whose second order they take into account; part: of the residuals that is to go."""
            g = np.where(rows.high, aim_high / high - it.z_u, 0.0) - np.where(rows.low, aim_low / low - it.z_l, 0.0)
            g += part * apart
            target = -(part * r_p + rows.total(g / weight))
            second_ds, second_dy = (None, None) if second is None else second[1:3]
            conic.aim(target, part * r_p, goal, second_ds, second_dy)
            dual = max(limits[0], 1e-8 * float(np.abs(r_d).max(initial=0.0)))
            primal = max(limits[1], 1e-8 * float(np.abs(target[~rows.free]).max(initial=0.0)))
            dx, dy, accurate = newton.solve(part * r_d, target, dual, primal)
            conic.unscale(dy)
            of_row = rows.each(dy)
            loose = rows.each(rows.free | rows.conic)
            ds = np.where(loose, rows.each(standard.A.matvec(dx) + part * r_p), (of_row - g) / weight)
            ds = np.where(rows.each(rows.equal), 0.0, ds)
            dz = self._multipliers(it, ds, of_row - part * apart, low, high, aim_low, aim_high)
            return (dx, ds, dy, *dz), accurate

        def lengths(move):
            _, ds, dy, dz_l, dz_u = move
            primal = min(_reach(low, ds, rows.low), _reach(high, -ds, rows.high))
            dual = min(_reach(it.z_l, dz_l, rows.low), _reach(it.z_u, dz_u, rows.high))
            primal, dual = (min(pair) for pair in zip((primal, dual), conic.reach(ds, dy), strict=True))
            return (primal, dual) if apart_steps else (min(primal, dual),) * 2

        apart_steps = standard.P is None and standard.F is None and not rows.curvature.any() and not conic
        symmetric = bool(conic) and conic.symmetric
        first = True
        while True:
            weight = self.weight(it)
            of_rows = 1.0 / rows.total(1.0 / weight)
            newton.factorize(of_rows)
            weight = weight * rows.each(newton.weight / of_rows)  # as far as it was regularized
            predictor, accurate = direction(0.0, 0.0, 0.0)
            if accurate or not newton.stronger():
                break
            first = False
        if accurate and first:
            newton.weaker()
        primal, dual = lengths(predictor)
        _, ds, dy, dz_l, dz_u = predictor
        ahead = ((low + primal * ds) * (it.z_l + dual * dz_l))[rows.low].sum()
        ahead += ((high - primal * ds) * (it.z_u + dual * dz_u))[rows.high].sum()
        ahead += conic.product(it.s + primal * ds, it.y + dual * dy)
        power = max(1.0, 3.0 * min(primal, dual) ** 2) if symmetric else 3.0
        aim = mu * np.clip(float(ahead) / rows.bounds / mu, 0.0, 1.0) ** power
        moves = []
        for centring, (second_low, second_high) in (
            (None, (ds * dz_l, -ds * dz_u)),
            *((c, (0.0, 0.0)) for c in CENTRING),
        ):
            goal = aim if centring is None else centring * mu
            second = predictor if centring is None else None
            part = 1.0 - goal / mu if conic and (newton.long or not symmetric) else 1.0
            move, _ = direction(goal - second_low, goal - second_high, goal, second, part)
            moves.append((lengths(move), move))
            if min(moves[-1][0]) > SHORT:
                break
        reached, move = max(moves, key=lambda item: min(item[0]))
        boundary = FAR + NEARER * min(reached) if conic else BOUNDARY
        primal, dual = (min(1.0, boundary * length) for length in reached)
        dx, ds, dy, dz_l, dz_u = move
        it.x, it.s = it.x + primal * dx, it.s + primal * ds
        it.z_l, it.z_u = it.z_l + dual * dz_l, it.z_u + dual * dz_u
        it.y = it.y + dual * np.where(rows.own, dy, 0.0)
        return max(primal, dual) if np.isfinite(it.x).all() else 0.0

    def _multipliers(self, it, ds, dy, low, high, aim_low, aim_high):
        """(dz_l, dz_u) of a move. What y = c + k s + z_u - z_l leaves no choice in is taken from there: then the dual
        residual falls exactly by the step, whatever the weights. dy: (S,)."""
        rows = self.rows
        dz_l = np.where(rows.low, aim_low / low - it.z_l - it.z_l / low * ds, 0.0)
        dz_u = np.where(rows.high, aim_high / high - it.z_u + it.z_u / high * ds, 0.0)
        curved = rows.curvature * ds
        from_low = rows.low & (~rows.high | (low < high))
        from_high = rows.high & ~from_low
        return np.where(from_low, curved + dz_u - dy, dz_l), np.where(from_high, dy - curved + dz_l, dz_u)


def _reach(value: np.ndarray, change: np.ndarray, counts: np.ndarray) -> float:
    """The largest step up to 1 that keeps value + step * change >= 0 where it counts."""
    falls = counts & (change < 0)
    return min(1.0, float((-value[falls] / change[falls]).min(initial=np.inf)))
