"""One prepared system on the crossbar: choose a form, certify it, program it, then solve, refined with exact residuals."""

from __future__ import annotations

import itertools

import numpy as np

from admmopt.backend_api import BackendError, LinearResult, System

from .certificate import MOST_SLICES, certify
from .choose import choose
from .inverse import inverter
from .krylov import Krylov
from .ledger import Ledger
from .refine import Refinement
from .report import hardware_report

DEEPEST = 200  # steps of refinement for one solve
MEASURED = 4  # solves by which contraction is measured after programming
EXACT = 1e-10  # relative residual where none is asked
SPREAD = 100.0  # by which the penalties of rows may differ: more is not faster, and worse conditioned
ACCEPTED = 0.7  # measured contraction above which arrays are written anew, with one slice more


class CrossbarSolver:
    """Solves one system; `report()` says how, how well and at what cost."""

    def __init__(self, system: System, design):
        self.system, self.ledger, self.asked = system, Ledger(), design
        self.write_rng, self.read_rng = np.random.default_rng([design.seed, 1]), np.random.default_rng([design.seed, 2])
        self.programmings = self.solves = self.steps = 0
        self.spread = SPREAD if design.refine else 1.0
        self.update_cost = 10.0
        self.amplified = 1.0  # residual of the system over that of the form, as last seen
        self.form, self.certificate, self.reason = choose(system, design)
        if self.certificate.hopeless and design.refine:
            raise BackendError(f"device {design.device.name!r} cannot solve this system: {self.certificate.sentence}.")
        self.program(self.certificate.slices)

    # preparing

    def program(self, slices: int) -> None:
        """Write all arrays, with this many slices."""
        form, design, counter = self.form, self.asked.with_slices(slices), itertools.count()
        self.design = design
        if design.mode == "mvm":
            self.inverse = Krylov(form.off, form.d, design, self.write_rng, self.ledger, counter)
        else:
            self.inverse = inverter(form.off.toarray(), form.d, design, self.write_rng, self.ledger, counter)
        self.programmings += 1
        self.restart()

    def restart(self) -> None:
        """Forget what was learned about a matrix that is no longer there, and measure the new one."""
        self.refinement = Refinement(self.form.product, self.approximate, self.form.size)
        self.u = np.zeros(self.form.size)
        self.measure()

    def measure(self) -> None:
        """The contraction that the arrays give as they are now: of a random residual, after a few steps."""
        self.phase, r, factor = "certificate", np.random.default_rng(3).standard_normal(self.form.size), 0.0
        for _ in range(MEASURED):
            rest = r - self.form.product(self.approximate(r))
            factor = float(np.linalg.norm(rest) / np.linalg.norm(r))
            if factor == 0.0:
                break
            r = rest / np.linalg.norm(rest)
        self.contraction = factor
        self.ledger["certificate"].macs += MEASURED * self.form.macs
        self.phase = "solve"

    def approximate(self, r: np.ndarray) -> np.ndarray:
        return self.inverse.solve(r, self.read_rng, self.phase)

    def update(self, *, rho, sigma=None):
        """New penalties. Arrays are written again where their entries have changed, and with one slice more where
        refinement would no longer contract."""
        self.system = self.system.with_penalty(rho, sigma)
        self.form.update(self.system)
        pulses = self.ledger["programming"].pulses
        try:
            off = self.form.off.toarray() if self.design.mode == "inv" else self.form.off
            self.inverse.update(off, self.form.d)
            self.programmings += self.ledger["programming"].pulses > pulses
            self.restart()
            well = self.contraction < ACCEPTED
        except BackendError:  # no longer stable
            well = False
        if not well and self.asked.slices == "auto" and self.asked.refine and self.design.slices < MOST_SLICES:
            self.certificate = certify(self.form, self.asked, self.design.slices + 1)
            self.program(self.certificate.slices)

    # solving

    def solve(self, r1, r2, *, guess=None, tol=None):
        system, form = self.system, self.form
        rhs = r1 + system.A.rmatvec(system.rho * r2)
        b = form.rhs(r1, r2)
        self.solves += 1
        if not self.design.refine:
            x, z = form.solution(self.approximate(b), r1, r2)
            return LinearResult(x, z, lambda: relative(system, x, rhs), 1)
        wanted, size, steps = EXACT if tol is None else tol, float(np.linalg.norm(b)), 0
        for _ in range(4):  # the form's residual is not the system's: their ratio is learned
            target = wanted * size / max(self.amplified, 1e-3)
            self.u, reached, taken = self.refinement.solve(b, self.u, target, DEEPEST - steps)
            steps += taken
            x, z = form.solution(self.u, r1, r2)
            error = relative(system, x, rhs)
            if reached > 0 and error > 0:
                self.amplified = error * size / reached
            if error <= wanted or taken == 0 or steps >= DEEPEST:
                break
        self.steps += steps
        self.ledger["solve"].macs += form.macs * (steps + 1)
        return LinearResult(x, z, lambda: error, steps)

    def report(self):
        return hardware_report(self)


def relative(system: System, x: np.ndarray, rhs: np.ndarray) -> float:
    """||K x - rhs|| / ||rhs|| in double precision."""
    size = float(np.linalg.norm(rhs))
    return float(np.linalg.norm(system.product(x) - rhs)) / size if size > 0 else float(np.linalg.norm(x) > 0)
