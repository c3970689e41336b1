"""The feedback circuit that solves M v = b in one step (Sun et al., PNAS 116, 2019), M = diag(d) + O.

O is on an array (a pair: the second array is driven by -v), d in dedicated conductances. With s siemens per unit of M,
G = s M as programmed, row i is the virtual ground of an amplifier whose output is v_i. With u the row voltages, L(s) =
L0 / (1 + s L0 / w0) the amplifiers' gain and l_i the sum of all conductances at row i,

    steady state   (G + diag(l) / L0) v = g_in V                              (finite gain: a shift of the diagonal)
    dynamics       dv/dt = -w0 (diag(1/l) (G v - g_in V) + v / L0)

so that the circuit settles if and only if every eigenvalue of diag(1/l) G + 1/L0 has a positive real part, and then to
half a code of its converter in t = ln(2^(bits + 1)) / (w0 times the smallest of them): the certificate of stability.
The amplifiers that invert v, or scale it for a further slice (whose numbers are smaller, at more siemens for a unit),
are taken to follow at once.
"""

from __future__ import annotations

import numpy as np
import scipy.linalg as la
import scipy.sparse as sp

from admmopt.backend_api import BackendError

from .array import SAME, Bank
from .compensation import compensated
from .converters import SIGMAS
from .ledger import Ledger

SINGULAR = 1e-9  # eigenvalue, relative to the largest, that may be a zero with its rounding
IDEAL_BITS = 16  # to which an output settles where its converter is ideal


class Feedback:
    """One circuit for one matrix that fits a tile."""

    def __init__(self, off: np.ndarray, d: np.ndarray, design, rng, ledger: Ledger, identity: int):
        """off: O, (N, N) with a zero diagonal; d: (N,)."""
        self.design, self.rng, self.ledger, self.identity = design, rng, ledger, identity
        self.amplitude = 1.0  # of the inputs, as a fraction of v_read; follows the outputs
        self.off: np.ndarray | None = None
        self.bank: Bank
        self.update(off, d)

    def update(self, off: np.ndarray, d: np.ndarray) -> None:
        """A new diagonal costs no writes; a new O does. Raises BackendError where the circuit is not stable."""
        self.order = d.size
        if self.design.mapping == "compensation":
            off, d = compensated(off + np.diag(d)), np.zeros(0)
        elif self.design.diagonal == "array":
            off, d = off + np.diag(d), np.zeros(0)
        if off.shape[0] > self.design.tile:
            raise _too_large(off.shape[0], self.design.tile)
        d = d if d.size else np.zeros(off.shape[0])
        if self.off is None or changed(off, self.off):
            self.bank = Bank(off, self.design, self.rng, self.ledger, self.identity)
            self.off = off
        self.d, self.meant = trimmed(d, self.design.circuit.trim_bits), d
        self.settle()

    def settle(self) -> None:
        """Steady state and stability of the circuit as it stands now."""
        circuit, bank = self.design.circuit, self.bank
        held = bank.dense() + np.diag(self.d)
        self.unit = float(bank.slices[0].scale.ravel()[0]) if bank.slices else self.design.device.g_max
        cells = bank.row_load.sum(axis=(0, 1))[: self.d.size] if bank.slices else np.zeros(self.d.size)
        self.load = cells + self.unit * (np.abs(self.d) + 1.0)  # the input conductance is one unit
        self.columns = self.unit * np.abs(self.d)
        for made, loads in zip(bank.slices, bank.column_load, strict=True):
            self.columns = self.columns + loads[0, : self.d.size] * float(self.unit / made.scale.item()) ** 2
        self.factor = la.lu_factor(held + np.diag(self.load / self.unit / circuit.gain), check_finite=False)
        rates = la.eigvals((self.unit / self.load)[:, None] * held, check_finite=False).real
        self.rate = float(rates.min(initial=1.0)) + 1.0 / circuit.gain
        if self.rate <= 0:
            raise BackendError(
                "the feedback circuit is unstable: its normalized conductance matrix has an eigenvalue with the real "
                f"part {self.rate:.2g}, and all must be positive. " + self._remedy()
            )
        bits = IDEAL_BITS if self.design.adc.bits is None else self.design.adc.bits
        self.seconds = (bits + 1) * np.log(2.0) / (circuit.radians * self.rate)
        self.calibrated = self._calibrate()

    def _remedy(self) -> str:
        intended = la.eigvals(self.off + np.diag(self.meant), check_finite=False)
        least, largest = float(intended.real.min()), float(np.abs(intended).max())
        if least > -SINGULAR * largest:
            return (
                f"Errors of the cells or of the diagonal have made it so (without them: {max(least, 0.0):.2g}): more "
                "slices, a larger penalty, a better device or more trim_bits would help, or mode='mvm'."
            )
        return (
            "So has the matrix that was meant: a symmetric indefinite one, such as the KKT matrix of Liu et al. "
            "(2018), or one with more rows for negative entries cannot settle. Use form='kkt' (its rows flipped), "
            "'reduced' or 'dual' with mapping='pair', or mode='mvm'."
        )

    def solve(self, b: np.ndarray, rng: np.random.Generator, phase: str) -> np.ndarray:
        """About M^-1 b, converted to a voltage, settled, and back."""
        design, circuit = self.design, self.design.circuit
        peak = float(np.abs(b).max(initial=0.0))
        if not 0 < peak < np.inf:
            return np.zeros_like(b) if peak == 0 else np.full_like(b, np.nan)
        inputs = np.zeros(self.d.size)
        inputs[: self.order] = design.dac.convert(b / peak, 1.0)
        v = la.lu_solve(self.factor, inputs, check_finite=False)
        if self.bank.slices and not self.bank.silent:
            noise = self.bank.read_noise(v[None, :], rng).sum(axis=(0, 1))
            v = v - la.lu_solve(self.factor, noise, check_finite=False)
        swing = circuit.v_read * float(np.abs(v).max())  # at full amplitude, in volts
        tries = 2 if self.amplitude * swing > circuit.v_dd else 1  # a clipped output is seen, and tried again with less
        self.amplitude = min(1.0, 0.8 * circuit.v_dd / swing) if tries == 2 or self.amplitude < 1.0 else self.amplitude
        volts = self.amplitude * circuit.v_read
        v = design.adc.convert(v, design.adc.full_scale(v, self.calibrated, circuit.v_dd / volts))
        self._count(phase, tries, volts, inputs, v)
        return peak * v[: self.order]

    def _calibrate(self) -> float:
        """Full scale for a calibrated converter: 4 standard deviations of outputs for inputs all over the range."""
        if self.design.adc.range != "calibrated":
            return 0.0
        inputs = np.random.default_rng(0).uniform(-1.0, 1.0, (self.d.size, 16))
        return SIGMAS * float(np.std(la.lu_solve(self.factor, inputs)))

    def _count(self, phase, tries, volts, inputs, v):
        tally, n = self.ledger[phase], self.d.size
        power = volts**2 * float((self.columns * v**2).sum() + self.unit * (inputs**2).sum())
        tally.inversions += 1
        tally.rounds += tries
        tally.dac += n * tries
        tally.adc += n
        tally.conversions_in_turn += min(self.design.columns_per_adc, n)
        tally.analog_seconds += tries * self.seconds
        tally.array_joules += tries * self.seconds * power
        # one sets a row's voltage; others drive the second array with its negative, further slices with a part of it
        tally.amp_seconds += tries * self.seconds * n * self.design.signed.arrays * max(len(self.bank.slices), 1)

    def advance(self, seconds: float) -> None:
        """Note how long the array has been in use, for its drift."""
        if self.bank.advance(seconds):
            self.settle()

    def parts(self):
        return [self]


class Divide:
    """A diagonal matrix needs no circuit: a digital division for each entry."""

    def __init__(self, off, d, ledger: Ledger):
        self.ledger = ledger
        self.update(off, d)

    def update(self, off, d):
        self.d = d

    def solve(self, b, rng, phase):
        self.ledger[phase].flops += b.size
        return b / self.d

    def parts(self):
        return []


class Partition:
    """A matrix larger than a tile, in blocks (BlockAMC: Pan et al., arXiv 2401.10042): with S = M22 - M21 M11^-1 M12,

        y = M11^-1 b1,  x2 = S^-1 (b2 - M21 y),  x1 = M11^-1 (b1 - M12 x2),

    M11 and S again so, down to circuits that fit a tile; M12 and M21 are products on tiles. S is computed digitally
    when it is programmed. It depends on the whole diagonal, so that here a new diagonal does cost writes.
    """

    def __init__(self, off, d, design, rng, ledger, counter):
        self.make = lambda o, e: inverter(o, e, design, rng, ledger, counter)
        self.write = lambda o, identity: Bank(o, design, rng, ledger, identity)
        self.rng, self.ledger = rng, ledger
        self.cut = leading_diagonal(off) or (d.size + 1) // 2
        self.identities = next(counter), next(counter)
        self.off = self.first = self.second = None
        self.update(off, d)

    def update(self, off, d):
        k = self.cut
        M = off + np.diag(d)
        S = M[k:, k:] - M[k:, :k] @ la.solve(M[:k, :k], M[:k, k:], check_finite=False)
        self.ledger["programming"].macs += k**3 // 3 + k**2 * S.shape[0] + k * S.shape[0] ** 2
        diagonal = S.diagonal().copy()
        S = S - np.diag(diagonal)
        if self.off is None or changed(off, self.off):
            self.upper, self.lower = map(self.write, (off[:k, k:], off[k:, :k]), self.identities)
            self.off = off
        self.first = self._renewed(self.first, off[:k, :k], d[:k])
        self.second = self._renewed(self.second, S, diagonal)

    def _renewed(self, part, off, d):
        """`part` with new entries, or another kind of it where it was a division and no longer can be."""
        if part is None or (isinstance(part, Divide) and off.any()):
            return self.make(off, d)
        part.update(off, d)
        return part

    def solve(self, b, rng, phase):
        k = self.cut
        y = self.first.solve(b[:k], rng, phase)
        x = self.second.solve(b[k:] - self.lower.product(y, rng, phase), rng, phase)
        self.ledger[phase].flops += b.size
        return np.concatenate([self.first.solve(b[:k] - self.upper.product(x, rng, phase), rng, phase), x])

    def parts(self):
        return [*self.first.parts(), self.upper, self.lower, *self.second.parts()]


def inverter(off: np.ndarray, d: np.ndarray, design, rng, ledger: Ledger, counter):
    """What solves with diag(d) + off: a division, a circuit, or a partition into circuits. counter: numbers arrays."""
    if not off.any():
        return Divide(off, d, ledger)
    if d.size <= design.tile:
        return Feedback(off, d, design, rng, ledger, next(counter))
    if design.mapping == "compensation":  # whose single array has no sign for the products between circuits
        raise _too_large(d.size, design.tile)
    return Partition(off, d, design, rng, ledger, counter)


def _too_large(rows: int, tile: int) -> BackendError:
    return BackendError(
        f"the compensation form needs one array of {rows} rows, and tiles have {tile}: "
        "use a larger tile, or mapping='pair'."
    )


def changed(off: np.ndarray, before: np.ndarray) -> bool:
    """Whether the array of `before` has to be written again to hold `off`."""
    if off.shape != before.shape:
        return True
    return bool(np.abs(off - before).max(initial=0.0) > SAME * np.abs(before).max(initial=0.0))


def leading_diagonal(off: np.ndarray) -> int:
    """Order of the largest leading block of O without entries, if it is a quarter of the matrix or more; else 0."""
    coo = sp.coo_array(off)
    order = int(np.maximum(coo.row, coo.col).min(initial=off.shape[0]))
    return order if 4 * order >= off.shape[0] and order < off.shape[0] else 0


def trimmed(d: np.ndarray, bits: int | None) -> np.ndarray:
    """d to `bits` significant binary digits: dedicated conductances are trimmed, not exact. None: exact."""
    if bits is None:
        return d
    mantissa, exponent = np.frexp(d)
    return np.ldexp(np.rint(mantissa * 2.0**bits) / 2.0**bits, exponent)
