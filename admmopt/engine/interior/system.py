"""Newton systems of the interior point, sent to the backend as it solves any other: same structure, changing weights.

    P dx + A'dy = -r_d,   dy = weight (A dx - t),   in equal rows A dx = t,

is the backend's (P + sigma + A' diag(weight) A) dx = -r_d + A'(weight t) but for sigma, and for the finite weight of
equal rows. Both are regularizations in the sense of the proximal method of multipliers (Friedlander & Orban, Math.
Program. Comput. 4, 2012; Schwan et al., PIQP, 2023): refinement is against the system without them, and where it does
not converge they grow.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import scipy.sparse as sp

from ...backend_api import System
from ...operators import Operator, Stack
from ..equilibrate import Scaling
from ..standard import Standard
from ..turned import Turned
from .cone import Cone
from .rows import Rows
from .second_order import Long

SMALLEST, FIRST, LARGEST = 1e-9, 1e-8, 1e-3  # regularization, relative to the weights
GROW, SHRINK = 30.0, 3.0
STEPS = 12  # of refinement
SLOW = 0.7  # factor per step above which it is given up
DRIFT = 100.0  # how far the size of the weights may move from its first value


class Newton:
    """Factorizes for weights, solves for right-hand sides."""

    def __init__(self, standard: Standard, rows: Rows, scaling: Scaling, backend):
        self.standard, self.rows, self.scaling, self.backend = standard, rows, scaling, backend
        self.regularization = FIRST
        self.first_size: float | None = None
        self.solver: Any = None
        blocks = standard.A.blocks
        self.turned = {
            i: Turned(sp.csr_array(blocks[i].entries()), cone.turned, not cone.symmetric)
            for i, _, cone, _ in rows.cones
        }
        self.A = self.sent = self._rows(lambda cone, turned: turned.plain)
        self.long = [(place, cone) for _, place, cone, _ in rows.cones if isinstance(cone, Long)]
        self.scaled = len(rows.cones) > len(self.long)
        self.border: tuple[np.ndarray, ...] | None = None

    def _rows(self, of: Callable[[Cone, Turned], Operator]) -> Stack:
        """The rows, with other ones in place of those of cones."""
        blocks = list(self.standard.A.blocks)
        for i, _, cone, _ in self.rows.cones:
            blocks[i] = of(cone, self.turned[i])
        return Stack(blocks, self.standard.n)

    def prepare(self, weight: np.ndarray, sigma: np.ndarray) -> None:
        """Factorize for these weights (m,) and sigma (n,)."""
        if self.solver is None:
            s = self.standard
            self.solver = self.backend.prepare(System(s.P, s.F, s.weight, self.A, sigma, weight))
            if self.scaled and not self.solver.report().get("rows"):
                raise np.linalg.LinAlgError("the backend does not take other values of the rows in this form.")
        elif self.scaled and self.A is not self.sent:
            self.solver.update(rho=weight, sigma=sigma, A=self.A)
            self.sent = self.A
        else:
            self.solver.update(rho=weight, sigma=sigma)
        self.weight = weight

    def factorize(self, weight: np.ndarray) -> None:
        """weight: (m,), of the inequality rows; what equal and free rows get follows from their size, and those of
        cones that are scaled have weight one. Raises LinAlgError where no regularization makes the matrix definite."""
        rows, scaling = self.rows, self.scaling
        self.A = self._rows(lambda cone, turned: cone.turn(turned))
        weight = weight.copy()
        for _, place, cone, _ in rows.cones:
            weight[place] = np.repeat(cone.weight(), cone.dim)
        e2, bounded = scaling.e**2, rows.bounded | rows.conic
        size = float(np.exp(np.mean(np.log(weight[bounded] / e2[bounded])))) if bounded.any() else 1.0 / scaling.cost
        if self.first_size is None:
            self.first_size = size
        size = float(np.clip(size, self.first_size / DRIFT, self.first_size * DRIFT))
        if self.standard.P is not None or self.standard.F is not None:
            size = float(np.clip(size, 1e-4 / scaling.cost, 1e4 / scaling.cost))
        turned = rows.conic.copy()
        for place, _ in self.long:
            turned[place] = False
        while True:
            r = self.regularization
            weighed = np.where(rows.equal, size * e2 / r, np.where(rows.free, 1e-10 * size * e2, weight))
            try:
                weighed = np.where(turned, 1.0, np.clip(weighed, 1e-16 * size * e2, 1e16 * size * e2))
                self.prepare(weighed, r * size / scaling.d**2)
                self._make_border()
                return
            except np.linalg.LinAlgError:  # a dense factor met a pivot that rounding made negative
                if not self.stronger():
                    raise

    def solve(self, r_d: np.ndarray, target: np.ndarray, dual_limit: float, primal_limit: float):
        """(dx, dy, accurate), target and dy in rows of cones as they are scaled: refined until the residuals of the
        system without regularization are below the limits, as far as that goes. accurate: did they come down to a
        hundredth of the right-hand side at least?"""
        standard, rows, weight = self.standard, self.rows, self.weight
        asked = max(_size(r_d) / dual_limit, _size(target[~rows.free]) / primal_limit, 100.0)
        dx, dy = self._once(-r_d, target)
        best, error = (dx, dy), np.inf
        for _ in range(STEPS):
            e1 = -r_d - standard.quadratic(dx)[0] - self.A.rmatvec(dy)
            missed = target - self.A.matvec(dx)
            e2 = np.where(rows.equal, missed, missed + self._long(dy, dy / weight, Long.light))
            now = max(_size(e1) / dual_limit, _size(e2[~rows.free]) / primal_limit)
            if not now < error:
                break
            best, slow, error = (dx, dy), now > SLOW * error, now
            if error < 1 or slow:
                break
            ddx, ddy = self._once(e1, e2)
            dx, dy = dx + ddx, dy + ddy
        return *best, bool(error <= 1e-2 * asked)

    def _once(self, r1, target):
        x, z = self.plain(r1, self._long(target, target, Long.heavy, self.weight))
        if self.border is not None:
            vectors, solved, seen, inner = self.border
            y = np.linalg.solve(inner, vectors @ x)
            x, z = x - y @ solved, z - y @ seen
        z = z - target
        return x, np.where(self.rows.free, 0.0, self._long(z, self.weight * z, Long.heavy))

    def _long(self, v: np.ndarray, result: np.ndarray, of: Callable, over: np.ndarray | None = None) -> np.ndarray:
        """`result` with of(cone, v) (over some weight) in the rows of every long cone."""
        if self.long:
            result = result.copy()
        for place, cone in self.long:
            part = of(cone, v[place].reshape(cone.count, cone.dim)).reshape(-1)
            result[place] = part if over is None else part / over[place]
        return result

    def _make_border(self) -> None:
        """What the weights of long cones are more than multiples of I, by Woodbury's formula."""
        if not self.long:
            return
        vectors, factors = [], []
        for place, cone in self.long:
            over_rows, factor = cone.border()
            factors.append(factor)
            for v in over_rows:
                whole = np.zeros(self.standard.m)
                whole[place] = v
                vectors.append(self.A.rmatvec(whole))
        U, factor, none = np.array(vectors), np.concatenate(factors), np.zeros(self.standard.m)
        solved, seen = (np.array(part) for part in zip(*(self.plain(u, none) for u in U), strict=True))
        self.border = (U, solved, seen, np.diag(1.0 / factor) + U @ solved.T)

    def plain(self, r1: np.ndarray, r2: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """x and A x of the system as it was prepared, on the host."""
        on, host = self.backend.asarray, self.backend.to_numpy
        found = self.solver.solve(on(r1), on(r2))
        return host(found.x), host(found.z)

    def stronger(self) -> bool:
        """More regularization; False where there is no more."""
        if self.regularization >= LARGEST:
            return False
        self.regularization = min(GROW * self.regularization, LARGEST)
        return True

    def weaker(self) -> None:
        self.regularization = max(self.regularization / SHRINK, SMALLEST)


def _size(v: np.ndarray) -> float:
    return float(np.abs(v).max()) if v.size else 0.0
