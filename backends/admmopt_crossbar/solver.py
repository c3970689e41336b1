"""One prepared system on the crossbar: choose a form, certify it, write it, then solve with exact residuals."""

from __future__ import annotations

import itertools

import numpy as np

from admmopt.backend_api import BackendError, LinearResult, System

from .array import Bank, check_bank, count_arrays
from .certificate import MOST_SLICES, certify
from .choose import WORTH, choose, with_slices
from .inverse import Divide, inverter
from .krylov import Krylov
from .ledger import Ledger
from .refine import Refinement
from .report import MEASURED, SWITCHED_OFF, hardware_report

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
        self.programmings = self.solves = self.steps = self.updates = 0
        self.spread = SPREAD if design.refine else 1.0
        self.amplified = 1.0  # residual of the system over that of the form, as last seen
        self.switched_off: str | None = None  # why no circuit is in use
        self.first_writing()
        self.measured = self.contraction  # of the first writing, to be held against the certificate

    # preparing

    def first_writing(self) -> None:
        """In the cheapest form; in the next one where its circuits turn out not to be stable. Raises BackendError for a
        hopeless system, and what was wrong with the first form where none works."""
        failed: dict[str, BackendError] = {}
        while True:
            try:
                self.form, self.certificate, self.reason = choose(self.system, self.asked, tuple(failed))
            except BackendError:
                if failed:
                    raise next(iter(failed.values())) from None
                raise
            if self.certificate.hopeless and self.asked.refine:
                sentence = f"device {self.asked.device.name!r} cannot solve this system: {self.certificate.sentence}."
                raise next(iter(failed.values()), BackendError(sentence))
            try:
                return self.program()
            except BackendError as error:
                failed[self.form.name] = error

    def program(self) -> None:
        """Write all arrays, and again with more slices where that turns out not to contract or not to be stable."""
        while True:
            slices = self.certificate.slices
            try:
                self.write(slices)
                if self.contraction < ACCEPTED or not self.more():
                    return
            except BackendError:
                if not self.more():
                    raise

    def more(self) -> bool:
        """Certify with more slices than there are; False where none are left, or they would not help."""
        slices = self.design.slices
        if self.asked.slices != "auto" or not self.asked.refine or slices >= MOST_SLICES:
            return False
        now = certify(self.form, self.asked, slices)
        certificate = with_slices(self.form, self.asked, slices + 1)
        design = self.asked.with_slices(certificate.slices)
        room = design.bank is None or count_arrays(self.form.off, design) <= design.bank
        if not (room and certificate.cells < WORTH * max(now.cells, now.converters)):
            return False
        self.certificate = certificate
        return True

    def reconsider(self) -> bool:
        """Certify another form, or more slices, for penalties under which the present arrays do not contract."""
        now = certify(self.form, self.asked, self.design.slices)
        try:
            form, certificate, reason = choose(self.system, self.asked)
        except BackendError:  # more arrays than there are
            return self.more()
        if form.name != self.form.name and certificate.contraction < WORTH * now.contraction:
            self.form, self.certificate, self.amplified = form, certificate, 1.0
            alone = f"order {form.size}, a step alone multiplies the residual by {certificate.contraction:.2g}"
            self.reason = f"{alone if certificate.hopeless else reason}; taken up when penalties changed"
            return True
        return self.more()

    def write(self, slices: int) -> None:
        form, design, counter = self.form, self.asked.with_slices(slices), itertools.count()
        self.design = design
        self.programmings += 1
        if design.mode == "mvm":
            self.inverse = Krylov(form.off, form.d, design, self.write_rng, self.ledger, counter)
        else:
            self.inverse = inverter(form.off.toarray(), form.d, design, self.write_rng, self.ledger, counter)
        check_bank(sum(bank.arrays for bank in self.banks()), design)  # a partition has more of them than its matrix
        self.written, self.written_form = self.inverse, form
        self.restart()

    def banks(self) -> list[Bank]:
        """All arrays that there are."""
        return [part.bank if hasattr(part, "bank") else part for part in self.inverse.parts()]

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
        refinement would no longer contract. A solve under way is not given up: where no circuit is stable, what is left
        of the preconditioner is the diagonal, and results say how far that got."""
        self.system = self.system.with_penalty(rho, sigma)
        self.form.update(self.system)
        self.updates += 1
        unstable = None
        try:
            self.follow()
            well = self.contraction < ACCEPTED
        except BackendError as error:
            well, unstable = False, error
        if not well and self.asked.refine and self.reconsider():
            try:
                self.program()
                unstable = None
            except BackendError as error:
                unstable = error
        self.switched_off = unstable and f"{SWITCHED_OFF}, only the digital diagonal is left: {unstable}"
        if unstable is not None:
            self.inverse = Divide(self.form.off, self.form.d, self.ledger)
            self.restart()

    def follow(self) -> None:
        """Bring the arrays, also those that were switched off, to the form's present entries."""
        if self.written_form is not self.form:  # the circuits of this one have not settled yet
            return self.write(self.design.slices)
        pulses, self.inverse = self.ledger["programming"].pulses, self.written
        try:
            self.inverse.update(self.form.off.toarray() if self.design.mode == "inv" else self.form.off, self.form.d)
        finally:
            self.programmings += self.ledger["programming"].pulses > pulses
        self.restart()

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
            self.steps += 1
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
