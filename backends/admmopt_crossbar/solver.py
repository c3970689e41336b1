"""One prepared system on the crossbar: choose a form, certify it, write it, then solve with exact residuals."""

from __future__ import annotations

import itertools

import numpy as np

from admmopt.backend_api import BackendError, LinearResult, System

from .array import check_bank, count_arrays
from .certificate import MOST_SLICES
from .choose import choose
from .inverse import inverter
from .krylov import Krylov
from .ledger import Ledger
from .refine import Refinement
from .report import MEASURED, hardware_report

KEPT, SHARE = 20, 4  # directions kept, a quarter of the order at most: all of them would be a digital inverse
DEEPEST = 200  # steps of refinement for one solve
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
        self.amplified = 1.0  # residual of the system over that of the form, as last seen
        self.form, self.certificate, self.reason = choose(system, design)
        if self.certificate.hopeless and design.refine:
            raise BackendError(f"device {design.device.name!r} cannot solve this system: {self.certificate.sentence}.")
        self.program(self.certificate.slices)
        self.measured = self.contraction  # of the first writing, to be held against the certificate

    # preparing

    def program(self, slices: int) -> None:
        """Write all arrays, with this many slices, or more where that turns out not to contract or not to be stable."""
        most = MOST_SLICES if self.asked.slices == "auto" and self.asked.refine else slices
        for count in range(slices, most + 1):
            try:
                self.write(count)
            except BackendError:
                if count == most:
                    raise
                continue
            if self.contraction < ACCEPTED:
                break

    def write(self, slices: int) -> None:
        form, design, counter = self.form, self.asked.with_slices(slices), itertools.count()
        check_bank(count_arrays(form.off, design), design)
        self.design = design
        self.programmings += 1
        if design.mode == "mvm":
            self.inverse = Krylov(form.off, form.d, design, self.write_rng, self.ledger, counter)
        else:
            self.inverse = inverter(form.off.toarray(), form.d, design, self.write_rng, self.ledger, counter)
        self.restart()

    def restart(self) -> None:
        """Forget what was learned about a matrix that is no longer there, and measure the new one."""
        keep = min(KEPT, self.form.size // SHARE)
        self.refinement = Refinement(self.form.product, self.approximate, self.form.size, self.form.macs, keep)
        self.u = np.zeros(self.form.size)
        self.since = 0
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
        """New penalties. Arrays are written again where their entries have changed, and with more slices where
        refinement would no longer contract."""
        self.system = self.system.with_penalty(rho, sigma)
        self.form.update(self.system)
        pulses = self.ledger["programming"].pulses
        try:
            off = self.form.off.toarray() if self.design.mode == "inv" else self.form.off
            self.inverse.update(off, self.form.d)
            self.restart()
            stable = True
        except BackendError:
            stable = False
        self.programmings += self.ledger["programming"].pulses > pulses
        more = self.asked.slices == "auto" and self.asked.refine and self.design.slices < MOST_SLICES
        if not (stable and self.contraction < ACCEPTED) and more:
            self.program(self.design.slices + 1)
        elif not stable:
            self.write(self.design.slices)  # raises what is wrong, unless a fresh writing is stable

    # solving

    def solve(self, r1, r2, *, guess=None, tol=None):
        system, form = self.system, self.form
        b = form.rhs(r1, r2)
        self.solves += 1
        tally, macs = self.ledger["solve"], self.refinement.macs
        tally.macs += form.overhead
        self.keep_time()

        def error(x):
            return relative(system, x, r1 + system.A.rmatvec(system.rho * r2))

        if not self.design.refine:
            x, z = form.solution(self.approximate(b), r1, r2)
            return LinearResult(x, z, lambda: error(x), 1)
        wanted, size, steps = EXACT if tol is None else tol, float(np.linalg.norm(b)), 0
        self.since += 1
        for _ in range(4):
            self.u, reached, taken = self.refinement.solve(b, self.u, wanted * size / self.amplified, DEEPEST - steps)
            steps += taken
            x, z = form.solution(self.u, r1, r2)
            if self.since & (self.since - 1):  # the ratio of the two residuals is looked at in solves 1, 2, 4, 8, ...
                break
            tally.macs += 2 * system.A.nnz + (0 if system.F is None else 2 * system.F.nnz)
            reached, measured = reached / max(size, 1e-300), error(x)
            if reached > 0 and measured > 0:
                self.amplified = max(measured / reached, 1e-3)
            if measured <= wanted or taken == 0 or steps >= DEEPEST:
                break
        self.steps += steps
        tally.macs += self.refinement.macs - macs
        return LinearResult(x, z, lambda: error(x), steps)

    def keep_time(self) -> None:
        """Drift goes on while the arrays are in use."""
        seconds = sum(tally.analog_seconds for phase, tally in self.ledger.phases.items() if phase != "programming")
        for part in self.inverse.parts():
            part.advance(seconds)

    def report(self):
        return hardware_report(self)


def relative(system: System, x: np.ndarray, rhs: np.ndarray) -> float:
    """||K x - rhs|| / ||rhs|| in double precision."""
    size = float(np.linalg.norm(rhs))
    return float(np.linalg.norm(system.product(x) - rhs)) / size if size > 0 else float(np.linalg.norm(x) > 0)
