"""What a re-solve keeps: the prepared backend solver, the scaling and the penalty."""

from __future__ import annotations

import numpy as np

from ..backend_api import System
from .equilibrate import copies, equilibrate
from .linearized import Linearized
from .penalty import SPREAD, Penalty, multipliers
from .standard import Standard


class Workspace:
    """Hand the same object to `solve` again: while P, F, A (by `System.key`) and the equality pattern are unchanged,
    nothing is equilibrated or factorized anew."""

    def __init__(self):
        self.key = None
        self.solver = None
        self.turned = None  # (key, solver): another one, of the same rows turned, where the finish has made it
        self.update_cost = 0.0  # of a change of penalties, in solves, as the backend reports it
        self.penalty: Penalty | None = None
        self.exact = True  # are the systems solved to about machine precision, whatever is asked?
        self.prepared = 0  # how often a backend had to prepare

    def prepare(self, standard: Standard, backend) -> bool:
        """Make `solver` and `penalty` fit the problem, reusing what still does; True where something had to be made."""
        system = System(standard.P, standard.F, standard.weight, standard.A, np.ones(standard.n), np.ones(standard.m))
        shape = [(f.count, f.dim) for f in standard.functions]
        key = (id(backend), system.key, tuple(shape), multipliers(standard).tobytes())
        if key == self.key:
            self.penalty.start(tuned=True)
            if self.penalty.base != self.penalty.initial and not all(f.convex for f in standard.functions):
                self.penalty.base = self.penalty.initial  # it has grown; the next start begins anew
                self.solver.update(rho=self.penalty.rho, sigma=self.penalty.sigma)
            return False
        self.turned = None
        scaling = equilibrate(standard)
        by_row = copies(standard) == 1 and mostly_elementwise(standard)
        self.penalty = Penalty(standard, scaling, SPREAD if by_row else 1.0)
        self.solver = backend.prepare(system.with_penalty(self.penalty.rho, self.penalty.sigma))
        report = self.solver.report()
        self.update_cost = float(report.get("update_cost", 0.0))
        direct = report.get("direct", backend.capabilities.exact)
        self.exact = backend.capabilities.exact and direct
        self.penalty.spread = min(self.penalty.spread, report.get("spread", SPREAD if direct else 1.0))
        if backend.capabilities.matrix_free and report.get("direct") is False:
            self._without_factors(standard, system, backend, report)
        self.key = key
        self.backend = backend  # kept alive, so that its id stays its own
        self.prepared += 1
        return True

    def _without_factors(self, standard: Standard, system: System, backend, report: dict) -> None:
        """Where the backend would iterate within each step. Without a quadratic, as in a linear program, linearized
        steps make more of as many products than accurate solves do; a quadratic asks for the solves (for a lasso with a
        long convolution ten times as many linearized steps are needed)."""
        self.penalty.confine(report.get("spread", 1.0))
        if standard.P is None and standard.F is None and standard.split.convex:
            system = system.with_penalty(self.penalty.rho, self.penalty.sigma)
            self.solver = Linearized(system, backend, report.get("reason", ""))
        else:
            self.solver.update(rho=self.penalty.rho, sigma=self.penalty.sigma)


def mostly_elementwise(standard: Standard) -> bool:
    """Do rows with a derivative of their own outnumber those of functions of groups? Where they do not (a nuclear norm
    beside an l1 norm), penalties by row pull the two apart: robust PCA takes 2.8 times the iterations."""
    known = sum(f.size for f in standard.functions if f.dim == 1)
    return 2 * known > sum(f.size for f in standard.functions if not hasattr(f, "is_point") or not np.all(f.is_point))
