"""The penalties of a solve: rho_i = base * e_i^2 * m_i per row and sigma_j = sigma / d_j^2.

`base` follows the ratio of the relative residuals (Wohlberg, arXiv 1704.06209), where a residual also counts with its
share of the duality gap, x'r_dual - y'r_primal. The multiplier m_i is 1e3 for equality rows (OSQP's rule) and follows
the activity of the others: where the prox holds an entry at a bound or a kink (derivative 0) the row acts as an
equality and m_i grows step by step, where it leaves the entry alone (derivative 1) m_i falls, and a row that changes
sides goes half the way back. On linear and quadratic programs this takes 4 times fewer iterations than one base alone.
Everything happens at fixed iteration counts, so that a solve is deterministic.
"""

from __future__ import annotations

import math

import numpy as np

from .equilibrate import Scaling
from .residuals import Measured
from .standard import Standard

EQUALITY = 1e3
FREE = 1e-3
SIGMA = 1e-6
START = 0.1
GROW_EVERY, GROWTH = 100, 2.0  # nonconvex problems
SMALLEST, LARGEST = 1e-6, 1e6  # of base * cost, the penalty of the scaled problem
BAND = 3.0  # a base closer than this factor to the present one is not worth an update
STEP = 4.0  # growth and decay of a multiplier per adaptation
SPREAD = 1e3  # a multiplier lies between 1 / SPREAD and SPREAD, or what the backend can stand
PATIENCE = 150  # iterations that a re-solve waits before it looks for better penalties
EVERY = 25  # fewest iterations between two adaptations
FIRST = 50  # iterations before the first, however dear
SLOWER = 20  # adaptations after which that interval has doubled


class Penalty:
    """rho and sigma of one problem, adapted during its solves and kept between them."""

    def __init__(self, standard: Standard, scaling: Scaling, spread: float):
        """spread: by how much the penalty of a row may differ from the common one; 1: by nothing."""
        self.scaling, self.spread = scaling, min(spread, SPREAD)
        self.multiplier = multipliers(standard)
        self.settled = self.multiplier != 1.0
        self.base = self.initial = START / scaling.cost
        self.sigma = SIGMA / scaling.cost / scaling.d**2
        self.side = np.zeros(standard.m)
        self.last = self.seen = 0.0
        self.shortest, self.resolved = math.inf, False  # iterations of re-solves; was the last solve one?
        self.start(tuned=False)

    @property
    def rho(self) -> np.ndarray:
        return self.base * self.scaling.e**2 * self.multiplier

    def confine(self, spread: float) -> None:
        """No penalty differs from the common one by more than this factor, that of an equality row neither."""
        self.spread = min(self.spread, spread)
        self.multiplier = np.clip(self.multiplier, 1 / spread, spread)

    def start(self, tuned: bool) -> None:
        """Forget the course of the last solve. Penalties that an earlier solve has tuned get more patience: new
        parameter values rarely ask for others, and a change costs a factorization. But what re-solves take longer than
        the shortest of them is added up, so that a long row of them may follow where its solutions go."""
        if tuned and self.resolved:
            since = self.seen - max(self.last, 0)  # the last change, or the beginning
            self.shortest = min(self.shortest, since)
            self.last, self.patience = min(self.last, 0) - (since - self.shortest), PATIENCE
        else:
            self.last, self.patience, self.shortest = 0, PATIENCE if tuned else 0, math.inf
        self.resolved = tuned
        self.seen, self.changes, self.logs = 0, 0, list[float]()

    def settle(self, measured: Measured, eps: float, iteration: int) -> bool:
        """For nonconvex problems: a base that grows while x and its set disagree, which makes the iteration settle on
        one point of the set, and falls back once they agree, so that what is left of the dual residual can go (it
        falls at the rate 1/base where the set leaves x free). True where it changed."""
        self.seen = iteration
        if iteration - self.last < GROW_EVERY:
            return False
        primal, dual, _ = measured.residuals.relative
        factor = GROWTH if primal > eps else 1 / GROWTH if dual > eps else 1.0
        base = float(np.clip(factor * self.base, self.initial, LARGEST / self.scaling.cost))
        if base == self.base:
            return False
        self.base, self.last = base, iteration
        return True

    def balance(self, dx: float, dy: float) -> bool:
        """For linearized steps: the base at which x and y, whose moves since the last restart are dx in the metric of x
        and dy in that of 1 / rho, move equally far; half the way there on a logarithmic scale (PDLP's primal weight).
        From 20 % on it has changed: True."""
        if not (dx > 0 and dy > 0):
            return False
        base = float(np.clip(self.base * (dy / dx) ** 0.5, SMALLEST / self.scaling.cost, LARGEST / self.scaling.cost))
        if max(base / self.base, self.base / base) < 1.2:
            return False
        self.base = base
        return True

    def adapt(self, measured: Measured, derivative: np.ndarray, iteration: int, update_cost: float) -> bool:
        """Adapt to what was measured; True where the penalties changed.

        derivative: (m,), of the prox at the point, NaN where unknown. update_cost: of one update, in solves.
        """
        self.logs.append(np.log(self.ratio(measured)))
        self.seen = iteration
        earned = min(update_cost, FIRST * 2.0**self.changes)  # the first update may come before it has paid for itself
        interval = max(EVERY, earned) * (1.0 + self.changes / SLOWER)
        if iteration - self.last < interval + self.patience:
            return False
        base = self.proposed_base()
        multiplier = self.proposed_multiplier(derivative) if self.spread > 1 else self.multiplier
        rebased = max(base / self.base, self.base / base) >= BAND
        if not rebased and np.array_equal(multiplier, self.multiplier):
            return False
        self.base = base if rebased else self.base
        self.logs = [] if rebased else self.logs
        self.multiplier, self.last, self.patience = multiplier, iteration, 0
        self.changes += 1
        return True

    def proposed_base(self) -> float:
        low, high = SMALLEST / self.scaling.cost, LARGEST / self.scaling.cost
        return float(np.clip(self.base * np.exp(0.5 * np.mean(self.logs[-8:])), low, high))

    def proposed_multiplier(self, derivative: np.ndarray) -> np.ndarray:
        side = np.sign(0.5 - np.nan_to_num(derivative, nan=0.5))  # +1 held, -1 loose, 0 unknown
        stayed = (side == self.side) & ~self.settled
        turned = (side != self.side) & ~self.settled
        self.side = side
        m = self.multiplier.copy()
        m[stayed] *= STEP ** side[stayed]
        m[turned] = np.sqrt(m[turned])
        return np.where(self.settled, m, np.clip(m, 1 / self.spread, self.spread))

    def ratio(self, measured: Measured) -> float:
        """Relative primal over relative dual residual, in the units of the scaled problem."""
        d, e = self.scaling.d, self.scaling.e
        primal = _relative(e * measured.primal, e * measured.Ax, e * (measured.Ax - measured.primal))
        q = measured.dual - measured.Px - measured.Ay
        # y / e, the scaled dual, stands in for |A|'|y|: where A'y cancels (no P, no q) it tells the summands' size
        dual = _relative(d * measured.dual, d * measured.Px, d * measured.Ay, d * q, measured.y / e)
        size = 1.0 + measured.residuals.gap_scale
        primal = max(primal, abs(measured.primal_gap) / size)
        dual = max(dual, abs(measured.dual_gap) / size)
        return float(np.clip(primal / dual, 1e-6, 1e6))


def multipliers(standard: Standard) -> np.ndarray:
    """What a row's penalty starts with: many for an equality, next to nothing for a free row, 1 for the others."""
    m = np.ones(standard.m)
    for rows, function in zip(standard.slices, standard.functions, strict=True):
        part = m[rows]
        point = getattr(function, "is_point", None)
        if point is not None:
            part[np.broadcast_to(point, part.shape)] = EQUALITY
        free = getattr(function, "is_free", None)
        if free is not None:
            part[np.broadcast_to(free & function.is_affine, part.shape)] = FREE  # type: ignore[attr-defined]
    return m


def _relative(residual, *scales) -> float:
    size = max((float(np.abs(s).max()) if s.size else 0.0) for s in scales)
    return max(float(np.abs(residual).max()) if residual.size else 0.0, 1e-300) / max(size, 1e-10)
