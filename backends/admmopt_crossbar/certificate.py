"""What can be said before a cell is written: will refinement contract, how fast, how far down?

A programmed matrix is M + E with independent errors E_ij of variance V_ij. One refinement step multiplies the residual
by E (M + E)^-1, to first order by E M^-1. Its mean square is known exactly: for a residual with independent entries of
variance p, that of E M^-1 r is V (B∘B) p with B = M^-1. So the root of the largest eigenvalue of V (B∘B) is the factor
by which a step contracts in root mean square (derived here; for constant V it is sqrt(V) ||M^-1||_F). Errors with a
mean (wires, the finite gain of amplifiers) are counted by their square, as if they were random: right for a first step,
too little for those that follow it in the same direction. Finite gain adds to the diagonal, which for a positive
definite M never makes a step worse than none: s B becomes s B (1 + s B)^-1, and its share g / (1 + g).
"""

from __future__ import annotations

from dataclasses import asdict, dataclass

import numpy as np
import scipy.linalg as la
import scipy.sparse as sp
from scipy.sparse.linalg import splu

from .array import cut, inside
from .wires import rule_of_thumb

HOPELESS = 1.5  # contraction above which a device is refused; between 1 and this a Krylov method still gets there
GOOD = 0.5  # contraction at which no further slice is added
MOST_SLICES = 6
PEAK = 4.5  # largest of some ten thousand Gaussian numbers, in standard deviations: what the next slice has to hold
CREST = 3.0  # largest of some hundred Gaussian numbers over their root mean square
FEW = 0.3  # stuck cells expected in an array from which one is reckoned with
PROBES, ROUNDS = 16, 6
DENSE = 0.1  # density above which the matrix is factorized as a dense one


@dataclass(frozen=True)
class Certificate:
    """contraction: predicted factor per step in root mean square; cells, converters, wires, amplifiers: its parts (they
    add up in squares); condition: about ||M|| ||M^-1|| (2-norm); floor: relative residual that double precision allows;
    steps: to 1e-6; slices: arrays for each number; order: of M."""

    contraction: float
    cells: float
    converters: float
    wires: float
    amplifiers: float
    condition: float
    floor: float
    steps: float
    slices: int
    order: int

    @property
    def hopeless(self) -> bool:
        return not self.contraction < HOPELESS

    def to_dict(self) -> dict:
        return {name: (value if np.isfinite(value) else None) for name, value in asdict(self).items()}

    @property
    def sentence(self) -> str:
        slices = f"{self.slices} slice" + ("s" if self.slices > 1 else "")
        if self.hopeless:
            return (
                f"refinement will not converge: with {slices} a step multiplies the residual by {self.contraction:.2g} "
                f"(cells {self.cells:.2g}, converters {self.converters:.2g}, wires {self.wires:.2g}, amplifiers "
                f"{self.amplifiers:.2g}; condition number about {self.condition:.0g}, order {self.order})"
            )
        steps = (
            f"{self.steps:.0f} steps to 1e-6" if np.isfinite(self.steps) else "Krylov steps to 1e-6, more than a few"
        )
        return (
            f"with {slices} a step multiplies the residual by {self.contraction:.2g}: {steps}, down to {self.floor:.0e}"
        )


class Inverse:
    """Solves with M and M', once it is factorized."""

    def __init__(self, off, d: np.ndarray):
        self.n = d.size
        self.matrix = sp.csr_array(off + sp.diags_array(d))
        if self.matrix.nnz > DENSE * self.n**2 or self.n < 200:
            factor = la.lu_factor(self.matrix.toarray(), check_finite=False)
            self.solve = lambda b, trans=0: la.lu_solve(factor, b, trans=trans, check_finite=False)
        else:
            sparse = splu(self.matrix.tocsc())
            self.solve = lambda b, trans=0: sparse.solve(np.ascontiguousarray(b), "T" if trans else "N")

    def condition(self) -> float:
        """About ||M|| ||M^-1|| in the 2-norm, by a few power steps each."""
        v = np.cos(np.arange(self.n, dtype=float))
        u = v
        for _ in range(ROUNDS):
            v = self.matrix.T @ (self.matrix @ (v / np.linalg.norm(v)))
            u = self.solve(self.solve(u / np.linalg.norm(u)), 1)
        return float(np.sqrt(np.linalg.norm(v) * np.linalg.norm(u)))

    def growth(self, errors) -> float:
        """Root of the largest eigenvalue of V (B∘B); errors(p) gives V p. (B∘B) p is a mean over random signs."""
        rng = np.random.default_rng(0)
        p, value = np.ones(self.n), 0.0
        for _ in range(ROUNDS):
            probes = np.sqrt(p)[:, None] * rng.choice([-1.0, 1.0], (self.n, PROBES))
            p = errors((self.solve(probes) ** 2).mean(axis=1))
            value = float(p.max(initial=0.0))
            if not 0 < value < np.inf:
                return value
            p = p / value
        return float(np.sqrt(value))

    def frobenius(self) -> float:
        """||M^-1||_F, estimated."""
        rng = np.random.default_rng(1)
        return float(np.sqrt((self.solve(rng.standard_normal((self.n, PROBES))) ** 2).sum() / PROBES))


def certify(form, design, slices: int, inverse: Inverse | None = None) -> Certificate:
    """form: of which M = diag(d) + off; design: a `Crossbar`; slices: arrays for each number."""
    inverse = inverse or Inverse(form.off, form.d)
    cells, wires, rows, columns = variances(on_arrays(form.off, form.d, design), design, slices)
    n = form.size

    def errors(values):
        return lambda p: _product(values, rows, columns, n, p)

    cells, wires = inverse.growth(errors(cells)), inverse.growth(errors(wires))
    spread = np.sqrt(float((form.d**2).sum() + (form.off.data**2).sum())) * inverse.frobenius() / n
    converters = CREST / np.sqrt(12.0) * float(np.hypot(design.dac.step, design.adc.step * spread))
    shift = gain_shift(form.off, form.d, design, slices)
    amplifiers = inverse.growth(lambda p: shift**2 * p)
    amplifiers /= 1.0 + amplifiers
    contraction = float(np.sqrt(cells**2 + wires**2 + converters**2 + amplifiers**2))
    condition = inverse.condition()
    steps = np.log(1e-6) / np.log(contraction) if 0 < contraction < 1 else (0.0 if contraction == 0 else np.inf)
    floor = condition * np.finfo(float).eps
    steps = max(float(steps), 1.0)
    return Certificate(contraction, cells, converters, wires, amplifiers, condition, floor, steps, slices, n)


def on_arrays(off, d: np.ndarray, design):
    """What is written: O, or M where the diagonal goes on the array with it."""
    apart = design.diagonal == "apart" and design.mapping != "compensation"
    return off if apart or not d.size else sp.csr_array(off + sp.diags_array(d))


def variances(off, design, slices: int):
    """Mean squares of what is wrong with every entry, by tile: (cells (T, m, n), wires (T, m, n), block rows, block
    columns). Cells: programming, levels, stuck ones, reads."""
    values, rows, columns = cut(off, design.tile)
    shape = values.shape[1:]
    if not values.size:
        return values, values, rows, columns
    device, signed = design.device, design.signed
    seconds = max(device.t0, design.age)
    there, peak = inside(rows, columns, shape, off.shape), np.abs(values).max(axis=(1, 2), keepdims=True)
    scale = signed.scale(peak, device)
    cells, means, middle = np.zeros(values.shape), [], np.zeros((values.shape[0], 1, 1))
    for target in signed.targets(values, scale, device):
        if target.shape == values.shape:
            means.append(target.mean(axis=(1, 2), keepdims=True))
        else:
            middle = target.mean(axis=(1, 2), keepdims=True)  # of a reference, which has an input wire of its own
        level = device.quantize(target)
        stuck = design.stuck.p_low * (target - device.g_min) ** 2 + design.stuck.p_high * (device.g_max - target) ** 2
        square = device.spread(level) ** 2 + (level - target) ** 2 + device.read_spread(level, seconds) ** 2
        device.require_finite("spread or read_spread", square)
        cells += there * (square + stuck + _drift(device, level, seconds)) / scale**2
    mean = np.mean(means, axis=0)
    loss = np.array([rule_of_thumb(shape[0], shape[1], g, design.r_wire) for g in mean.ravel()])[:, None, None]
    shared = np.array([rule_of_thumb(shape[0], shape[1], g, design.r_wire, 0.0) for g in middle.ravel()])[:, None, None]
    shared = shared * middle / scale / peak  # what the input wires take of the middle is not taken of the reference
    wires = there * ((loss * values) ** 2 + (shared * peak) ** 2)
    if design.slicing == "residual":
        relative = _relative(device) + 2.0 * design.stuck.p_high
        some_stuck = 2.0 * (design.stuck.p_low + design.stuck.p_high) * values[0].size > FEW
        read = 2.0 * (float(device.read_spread(np.asarray(mean.mean()), seconds)) * peak / device.range) ** 2
        held = peak**2
        for _ in range(slices - 1):  # each slice has to hold the largest number that the last one missed
            square = (cells + wires).sum(axis=(1, 2), keepdims=True) / there.sum(axis=(1, 2), keepdims=True)
            held = held if some_stuck else PEAK**2 * square
            cells = there * np.maximum(relative * held, read)
            wires = there * (loss**2 * square + shared**2 * held)
    return cells, wires, rows, columns


def gain_shift(off, d: np.ndarray, design, slices: int) -> np.ndarray:
    """What the finite gain of amplifiers adds to the diagonal: (N,), all conductance at a row in units of M over the
    gain. Where circuits are partitioned, that of the tiles on the diagonal. Zero where arrays only multiply."""
    written = on_arrays(off, d, design)
    values, rows, columns = cut(written, design.tile)
    shift = np.zeros(d.size)
    if design.mode != "inv" or not values.size:
        return shift
    scale = design.signed.scale(np.abs(values).max(axis=(1, 2), keepdims=True), design.device)
    there = inside(rows, columns, values.shape[1:], written.shape)
    sides = design.signed.targets(values, scale, design.device)
    cells = sum((there * side / scale).sum(axis=2) for side in sides if side.shape == values.shape)
    dedicated = 1.0 + (np.abs(d) if written is off else 0.0 * d)  # 1: the input
    for k in np.flatnonzero(rows == columns):
        place = slice(rows[k] * values.shape[1], min((rows[k] + 1) * values.shape[1], d.size))
        shift[place] = slices * cells[k][: place.stop - place.start] + dedicated[place]
    return shift / design.circuit.gain


def _drift(device, level: np.ndarray, seconds: float) -> np.ndarray | float:
    """Squares of what drift does to cells by then, one drawn for each, less the common factor that is calibrated."""
    nu = device.draw_drift(level, np.random.default_rng(0)) if seconds > device.t0 else None
    if nu is None:
        return 0.0
    now = device.drifted(level, nu, seconds)
    energy = np.maximum((now**2).sum(axis=(1, 2), keepdims=True), 1e-300)
    gain = (now * level).sum(axis=(1, 2), keepdims=True) / energy
    return (gain * now - level) ** 2


def product_error(off, d: np.ndarray, design) -> float:
    """Root mean square error of an analog product with diag(d) + off, relative to ||M||_F ||x||_2 / sqrt(N). An empty d
    stands for no diagonal."""
    cells, wires, *_ = variances(on_arrays(off, d, design), design, design.slices)
    entries = float((cells + wires).sum())
    size = float((d**2).sum() + (off.data**2).sum())
    return float(np.sqrt(entries / size) + 0.5 * (design.dac.step + design.adc.step)) if size > 0 else 0.0


def _relative(device) -> float:
    """Mean square error of a pair of cells for small numbers, in units of the range."""
    low = np.asarray(device.g_min + 0.1 * device.range)
    steps = 0.0 if device.levels is None else (device.range / (device.levels - 1)) ** 2 / 12.0
    return 2.0 * (float(device.spread(low)) ** 2 + steps) / device.range**2


def _product(variance, rows, columns, n, p):
    """V p: (n,), for V in tiles (T, m, n)."""
    m, width = variance.shape[1:]
    padded = np.zeros(-(-n // width) * width)
    padded[:n] = p
    result = np.zeros((-(-n // m), m))
    np.add.at(result, rows, (variance @ padded.reshape(-1, width)[columns][..., None])[..., 0])
    return result.ravel()[:n]
