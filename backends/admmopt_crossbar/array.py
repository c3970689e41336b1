"""A bank of arrays that holds one matrix: tiles, programmed once, driven many times. All tiles work at the same time,
here as there: every operation below is one on stacks (T, m, n) of tiles."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import scipy.sparse as sp

from admmopt.backend_api import BackendError

from .converters import SIGMAS
from .ledger import Ledger
from .slicing import digits, residual_slices
from .wires import effective

CALIBRATION = 16  # random vectors from which a calibrated range is taken
SAME = 1e-9  # change of an entry, relative to the largest, up to which an array is not written again
PATIENCE = 1.05  # drift is brought up to date when the time since programming has grown by this factor


@dataclass
class Slice:
    """One programmed slice of all tiles. sides: conductances right after programming, one stack (T, m, n), or (T, 1, n)
    for a reference output, for each side of the mapping; drift: what `Device.drifted` needs for each; scale: (T, 1, 1),
    siemens per unit; held: (T, m, n), the numbers that it holds right after programming, as measured."""

    sides: list[np.ndarray]
    drift: list[np.ndarray | None]
    scale: np.ndarray
    held: np.ndarray


class Bank:
    """O (M, N) on arrays. `decoded`: (K, T, m, n), the numbers that slice k of tile t holds with everything that is
    wrong with it and fixed (programming, stuck cells, wires, drift); `noise`: their variances in one read; `common`:
    (K, T, n), those of a reference output, whose noise all outputs share."""

    def __init__(self, matrix, design, rng: np.random.Generator, ledger: Ledger, identity: int = 0):
        """matrix: dense or sparse; design: a `Crossbar`; rng: draws the programming errors; identity: which physical
        arrays these are: the same cells are stuck whenever they are written."""
        self.design, self.ledger, self.shape = design, ledger, matrix.shape
        self.stuck_rng = np.random.default_rng([design.seed, identity])
        self.values, self.rows, self.columns = cut(matrix, design.tile)
        self.cells = inside(self.rows, self.columns, self.values.shape[1:], self.shape)
        check_bank(self.arrays, design)
        self.rng = rng
        self.slices = self._slices() if self.values.size else []
        self.seconds = 0.0
        self.at(design.device.t0)
        self.reference = [self._response(k) for k in range(len(self.slices))]
        if design.age > design.device.t0:
            self.at(design.age)
        self.calibrated = self._calibrate(self.decoded), self._calibrate(self.decoded.swapaxes(2, 3))

    @property
    def arrays(self) -> int:
        """Physical arrays: tiles, times slices, times arrays of the mapping."""
        return len(self.rows) * self.design.slices * self.design.signed.arrays

    # programming

    def _slices(self) -> list[Slice]:
        design = self.design
        peak = np.abs(self.values).max(axis=(1, 2), keepdims=True)
        if design.slicing == "bits" and design.device.levels is not None:
            parts = digits(self.values, peak, design.device.levels, design.slices)
            return [self._program(block, full)[0] for block, full in parts]

        def program(block):
            return self._program(block, np.abs(block).max(axis=(1, 2), keepdims=True))

        return residual_slices(self.values, design.slices, program)

    def _program(self, block, peak) -> tuple[Slice, np.ndarray]:
        """Write `block` (T, m, n), whose full scale is `peak`; returns the slice and what it holds, as measured."""
        design, tally = self.design, self.ledger["programming"]
        scale = design.signed.scale(peak, design.device)
        sides, drift = [], []
        for target in design.signed.targets(block, scale, design.device):
            used = design.signed.used(self.cells, block, target)
            done = design.device.program(target[used], self.rng)
            design.device.require_finite("a programmed conductance", done.g)
            g, nu = np.zeros(target.shape), np.zeros(target.shape)
            g[used] = done.g
            drawn = design.device.draw_drift(target[used], self.rng)
            if drawn is not None:
                nu[used] = drawn
            stuck = design.stuck.draw(g.shape, self.stuck_rng)
            sides.append(np.where(used, stuck.apply(g, design.device.g_min, design.device.g_max), 0.0))
            drift.append(None if drawn is None else nu)
            tally.pulses += done.pulses
            tally.write_joules += done.joules
            tally.write_seconds += done.seconds / max(
                target.shape[0] * target.shape[2], 1
            )  # a row of all tiles at once
        made = Slice(sides, drift, scale, self._held(sides, scale))
        return made, made.held

    def _held(self, sides, scale) -> np.ndarray:
        """The numbers that conductances stand for, behind their wires, inside the matrix: (T, m, n)."""
        return self.cells * self.design.signed.decode([effective(g, self.design.r_wire) for g in sides], scale)

    # the state at a time

    def at(self, seconds: float) -> None:
        """Bring conductances to `seconds` after programming, and correct every tile by one common factor, from one
        calibration product compared with what it gave right after programming."""
        device = self.design.device
        self.seconds = seconds
        shape = (len(self.slices), *self.values.shape)
        self.decoded, self.noise, self.common = np.zeros(shape), np.zeros(shape), np.zeros((*shape[:2], shape[3]))
        self.row_load, self.column_load = np.zeros(shape[:3]), np.zeros((*shape[:2], shape[3]))
        for k, made in enumerate(self.slices):
            now = [device.drifted(g, nu, seconds) for g, nu in zip(made.sides, made.drift, strict=True)]
            for g in now:
                device.require_finite(f"a conductance {seconds:g} s after programming", g)
                variance = (device.read_spread(g, seconds) / made.scale) ** 2
                if g.shape == self.values.shape:
                    self.noise[k] += self.cells * variance
                    self.row_load[k] += g.sum(axis=2)
                else:
                    self.common[k] += variance[:, 0]
                self.column_load[k] += g.sum(axis=1)
            self.decoded[k] = made.held if seconds <= device.t0 else self._held(now, made.scale)
            if seconds > device.t0:
                response, before = self._response(k), self.reference[k]
                gain = (response * before).sum(axis=1) / np.maximum((response**2).sum(axis=1), 1e-300)
                gain = np.where(gain > 0, gain, 1.0)[:, None, None]
                self.decoded[k] *= gain
                self.noise[k] *= gain**2
                self.common[k] *= gain[:, 0] ** 2
        self.silent = not (self.noise.any() or self.common.any())

    def _response(self, k: int) -> np.ndarray:
        """What slice k gives for the calibration input, alternating full-scale voltages: (T, m)."""
        return self.decoded[k] @ np.cos(np.arange(self.values.shape[2], dtype=float))

    def _calibrate(self, decoded: np.ndarray) -> np.ndarray:
        """Full scale of a calibrated converter for inputs up to 1, for products with `decoded` (K, T, ..., ...):
        (K, T, 1). The two directions have one each."""
        if self.design.adc.range != "calibrated" or not self.slices:
            return np.zeros((len(self.slices), len(self.rows), 1))
        inputs = np.random.default_rng(0).uniform(-1.0, 1.0, (decoded.shape[3], CALIBRATION))
        return SIGMAS * np.std(decoded @ inputs, axis=3).max(axis=2, keepdims=True)

    def dense(self) -> np.ndarray:
        """The matrix that the bank holds, all slices added: (M, N)."""
        m, n = self.values.shape[1:]
        full = np.zeros((-(-self.shape[0] // m) * m, -(-self.shape[1] // n) * n)) if m and n else np.zeros(self.shape)
        for held, i, j in zip(self.decoded.sum(axis=0), self.rows, self.columns, strict=True):
            full[i * m : (i + 1) * m, j * n : (j + 1) * n] = held
        return full[: self.shape[0], : self.shape[1]]

    # products

    def product(self, x: np.ndarray, rng: np.random.Generator, phase: str, transposed: bool = False) -> np.ndarray:
        """O x, or O'x: driven with the digital vector x, converted back. rng: draws the read noise."""
        design = self.design
        size = self.shape[0] if transposed else self.shape[1]
        out = self.shape[1] if transposed else self.shape[0]
        peak = float(np.abs(x).max(initial=0.0))
        if not self.slices or peak == 0.0:
            return np.zeros(out)
        if not np.isfinite(peak):
            return np.full(out, np.nan)
        decoded = self.decoded.swapaxes(2, 3) if transposed else self.decoded
        drive, collect = (self.rows, self.columns) if transposed else (self.columns, self.rows)
        length = decoded.shape[3]
        codes = design.dac.convert(x / peak, 1.0)
        padded = np.zeros(-(-size // length) * length)
        padded[:size] = codes
        inputs = padded.reshape(-1, length)[drive]
        outputs = (decoded @ inputs[..., None])[..., 0]
        outputs = outputs + self.read_noise(inputs, rng, transposed)
        scale = np.concatenate([made.scale[:, :, 0][None] for made in self.slices])
        fixed = length * design.signed.span(design.device) / scale
        outputs = design.adc.convert(outputs, design.adc.full_scale(outputs, self.calibrated[transposed], fixed))
        self._count(phase, inputs, transposed, outputs.size)
        result = np.zeros((-(-out // decoded.shape[2]), decoded.shape[2]))
        np.add.at(result, collect, outputs.sum(axis=0))
        return peak * result.ravel()[:out]

    def read_noise(self, inputs: np.ndarray, rng: np.random.Generator, transposed: bool = False):
        """What one read adds to the outputs (K, T, m) for inputs (T, n): a sum over independent cells, so that one
        number drawn for each output has its distribution. A reference's is the same for all outputs; where these are
        driven instead, it is driven with minus their sum."""
        if self.silent:
            return 0.0
        if transposed:
            variance = (self.noise.swapaxes(2, 3) @ (inputs**2)[..., None])[..., 0]
            variance = variance + self.common * inputs.sum(axis=1)[:, None] ** 2
            return np.sqrt(variance) * rng.standard_normal(variance.shape)
        variance = (self.noise @ (inputs**2)[..., None])[..., 0]
        noise = np.sqrt(variance) * rng.standard_normal(variance.shape)
        if not self.common.any():
            return noise
        shared = (self.common * inputs**2).sum(axis=2)
        return noise + (np.sqrt(shared) * rng.standard_normal(shared.shape))[..., None]

    def _count(self, phase, inputs, transposed, conversions):
        design, tally = self.design, self.ledger[phase]
        rounds = 2 if design.adc.range == "dynamic" and design.adc.bits is not None else 1  # ranging comes first
        load = (self.row_load if transposed else self.column_load).sum(axis=0)
        tally.products += 1
        tally.rounds += rounds
        tally.dac += inputs.size
        tally.adc += conversions
        tally.conversions_in_turn += min(design.columns_per_adc, self.values.shape[1])
        tally.analog_seconds += rounds * design.circuit.read_seconds
        tally.array_joules += (
            rounds * design.circuit.read_seconds * design.circuit.v_read**2 * float((inputs**2 * load).sum())
        )
        tally.flops += conversions

    def advance(self, seconds: float) -> bool:
        """Note that the arrays have been in use for `seconds`; True where drift had to be followed."""
        now = max(self.design.device.t0, self.design.age) + seconds
        drifts = any(nu is not None for made in self.slices for nu in made.drift)
        if not drifts or now <= PATIENCE * self.seconds:
            return False
        self.at(now)
        return True


def cut(matrix, tile: int):
    """The tiles of a matrix that hold anything: (values (T, m, n), block rows (T,), block columns (T,)). Tiles are no
    larger than the matrix; what reaches over its edge is zero and has no cells."""
    M, N = matrix.shape
    m, n = min(tile, M), min(tile, N)
    coo = sp.coo_array(matrix)
    keep = coo.data != 0
    row, col, data = coo.row[keep], coo.col[keep], coo.data[keep]
    if not data.size:
        return np.zeros((0, m, n)), np.zeros(0, int), np.zeros(0, int)
    across = -(-N // n)
    place = (row // m) * across + col // n
    known, tile_of = np.unique(place, return_inverse=True)
    values = np.zeros((known.size, m, n))
    np.add.at(values, (tile_of, row % m, col % n), data)
    return values, known // across, known % across


def inside(rows, columns, tile: tuple[int, int], shape: tuple[int, int]) -> np.ndarray:
    """Which entries of tiles (m, n) at those block rows and columns lie inside a matrix of that shape: (T, m, n)."""
    down = rows[:, None] * tile[0] + np.arange(tile[0]) < shape[0]
    across = columns[:, None] * tile[1] + np.arange(tile[1]) < shape[1]
    return down[:, :, None] & across[:, None, :]


def count_arrays(matrix, design) -> int:
    """Physical arrays that a matrix needs: tiles that hold anything, times slices, times arrays of the mapping."""
    return cut(matrix, design.tile)[1].size * design.slices * design.signed.arrays


def check_bank(arrays: int, design) -> None:
    """Raise BackendError where more arrays are needed than there are."""
    if design.bank is not None and arrays > design.bank:
        raise BackendError(
            f"the matrix needs {arrays} arrays of {design.tile} x {design.tile} cells ({design.slices} slices, mapping "
            f"{design.signed.name!r}), and the declared bank has {design.bank}."
        )
