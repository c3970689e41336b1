"""The crossbar as a backend: a frozen configuration, and the contract of `admmopt.backend_api` on top of it."""

from __future__ import annotations

import dataclasses
from dataclasses import dataclass
from typing import Any

import numpy as np

from admmopt.backend_api import BackendError, Capabilities, System

from .converters import Converter
from .device import Device
from .energy import PRESETS
from .faults import Stuck
from .forms import FORMS
from .mapping import MAPPINGS, Mapping
from .presets import preset
from .slicing import SLICINGS

MODES = ("inv", "mvm")
NUMBER = int | float | np.integer | np.floating


@dataclass(frozen=True)
class Circuit:
    """Amplifiers and drivers. gain: open-loop gain L0; bandwidth: unity-gain frequency in Hz; v_read: largest input
    voltage; v_dd: where amplifier outputs clip; read_seconds: one product, inputs to settled currents; trim_bits:
    significant bits of the dedicated diagonal conductances, None for exact ones.

    The defaults of gain and bandwidth are common values of CMOS amplifiers, not those of a published design.
    """

    gain: float = 1e4
    bandwidth: float = 100e6
    v_read: float = 0.2
    v_dd: float = 1.0
    read_seconds: float = 10e-9
    trim_bits: int | None = 10

    def __post_init__(self):
        for name in ("gain", "bandwidth", "v_read", "v_dd", "read_seconds"):
            value = getattr(self, name)
            if not (isinstance(value, NUMBER) and 0 < value < np.inf):
                raise BackendError(f"circuit: {name} must be a positive number, got {value!r}.")
            object.__setattr__(self, name, float(value))
        if self.trim_bits is not None:
            if not isinstance(self.trim_bits, int | np.integer) or not 1 <= self.trim_bits <= 52:
                raise BackendError(f"circuit: trim_bits must lie between 1 and 52, or be None; got {self.trim_bits!r}.")
            object.__setattr__(self, "trim_bits", int(self.trim_bits))

    @property
    def radians(self) -> float:
        """w0 = 2 pi times the bandwidth."""
        return 2.0 * np.pi * self.bandwidth


NONE_STUCK, CIRCUIT = Stuck(), Circuit()


@dataclass(frozen=True)
class Crossbar:
    """A simulated memristor crossbar, ``backend=Crossbar(...)`` or ``backend="crossbar:rram-milo"``.

    device: a preset's name or a `Device`; mode: "inv" (feedback circuits solve) or "mvm" (arrays multiply, a Krylov
    method solves); form: "auto", "reduced", "dual", "kkt" or "raw-kkt" (see `forms`); tile: rows and columns of an
    array; mapping: "pair", "offset" or "compensation"; slices: arrays for each number, or "auto": as many as refinement
    needs; slicing: "residual" or "bits"; diagonal: "apart" (dedicated conductances) or "array"; refine: correct analog
    solves with exact residuals; dac_bits, adc_bits: None for ideal ones (inputs are always scaled to full range);
    adc_range: "dynamic", "calibrated" or "fixed" (see `converters`); columns_per_adc: outputs that share a converter;
    r_wire: ohm per cell; stuck: probabilities of stuck cells; age: seconds between programming and use (drift);
    circuit: amplifiers and drivers; bank: physical arrays there are, None: as many as needed; energy: the price list
    that comes first in reports; seed: of programming errors, stuck cells and read noise.

    Raises BackendError, naming the option, for anything out of range.
    """

    device: str | Device = "rram-milo"
    mode: str = "inv"
    _: dataclasses.KW_ONLY
    form: str = "auto"
    tile: int = 128
    mapping: str = "pair"
    slices: int | str = "auto"
    slicing: str = "residual"
    diagonal: str = "apart"
    refine: bool = True
    dac_bits: int | None = 8
    adc_bits: int | None = 8
    adc_range: str = "dynamic"
    columns_per_adc: int = 8
    r_wire: float = 0.0
    stuck: Stuck = NONE_STUCK
    age: float = 0.0
    circuit: Circuit = CIRCUIT
    bank: int | None = None
    energy: str = "isaac"
    seed: int = 0

    name = "crossbar"
    capabilities = Capabilities(
        exact=False,
        refactor=True,
        matrix_free=False,
        summary="simulated memristor crossbar: analog solves, or products, refined with exact residuals",
    )

    def __post_init__(self):
        if isinstance(self.device, str):
            object.__setattr__(self, "device", preset(self.device))
        if not isinstance(self.device, Device):
            raise BackendError(f"device must be a preset's name or a Device, got {type(self.device).__name__}.")
        _one_of("mode", self.mode, MODES)
        _one_of("form", self.form, ("auto", *FORMS))
        _one_of("mapping", self.mapping, tuple(MAPPINGS))
        _one_of("slicing", self.slicing, SLICINGS)
        _one_of("diagonal", self.diagonal, ("apart", "array"))
        if self.mapping == "compensation":
            if self.mode != "inv":
                raise BackendError("mapping 'compensation' is a feedback circuit's: use mode='inv', or mapping='pair'.")
            if self.slices == "auto":
                object.__setattr__(self, "slices", 1)
            if self.slices != 1:
                raise BackendError("mapping 'compensation' has no sign for what a slice missed: use slices=1.")
        if self.slicing == "bits" and (self.device.levels is None or self.mapping != "pair"):
            raise BackendError(
                "slicing 'bits' needs a device with levels and mapping='pair'; "
                + ("this device is continuous." if self.device.levels is None else f"got mapping {self.mapping!r}.")
            )
        if self.energy not in PRESETS:
            raise BackendError(f"energy must be one of {', '.join(PRESETS)}; got {self.energy!r}.")
        _whole("tile", self.tile, 2)
        _whole("columns_per_adc", self.columns_per_adc, 1)
        if self.slices != "auto":
            _whole("slices", self.slices, 1)
        if self.bank is not None:
            _whole("bank", self.bank, 1)
        for name in ("r_wire", "age"):
            value = getattr(self, name)
            if not (isinstance(value, NUMBER) and 0 <= value < np.inf):
                raise BackendError(f"{name} must be a finite number, not negative; got {value!r}.")
            object.__setattr__(self, name, float(value))
        _whole("seed", self.seed, 0)
        for name, kind in (("stuck", Stuck), ("circuit", Circuit), ("refine", bool | np.bool_)):
            value = getattr(self, name)
            if not isinstance(value, kind):
                what = "True or False" if name == "refine" else f"a {kind.__name__}"
                raise BackendError(f"{name} must be {what}, got {value!r}.")
        object.__setattr__(self, "refine", bool(self.refine))
        _ = self.dac, self.adc  # raise for bits and ranges
        for name in ("tile", "slices", "dac_bits", "adc_bits", "columns_per_adc", "bank", "seed"):
            if isinstance(getattr(self, name), np.integer):  # JSON knows no numpy
                object.__setattr__(self, name, int(getattr(self, name)))

    # what the parts of the simulation read

    @property
    def dac(self) -> Converter:
        return Converter(self.dac_bits, "dynamic")

    @property
    def adc(self) -> Converter:
        return Converter(self.adc_bits, self.adc_range)

    @property
    def signed(self) -> Mapping:
        return MAPPINGS[self.mapping]

    def with_slices(self, slices: int) -> Crossbar:
        return dataclasses.replace(self, slices=slices)

    # the contract

    @classmethod
    def from_name(cls, detail: str) -> Crossbar:
        """``"crossbar"``, ``"crossbar:pcm"`` or ``"crossbar:pcm:mvm"``."""
        device, _, mode = detail.partition(":")
        return cls(device or "rram-milo", mode or "inv")

    @classmethod
    def available(cls) -> tuple[bool, str]:
        return True, "a simulation with NumPy and SciPy on the host"

    def asarray(self, array):
        return np.asarray(array, dtype=float)

    def to_numpy(self, array) -> np.ndarray:
        return array

    def prepare(self, system: System):
        from .solver import CrossbarSolver

        return CrossbarSolver(system, self)

    def place(self, operator):
        """operator: an `Operator`, or a dense or sparse matrix."""
        from .product import Placed

        return Placed(operator, self)

    # storing

    def to_dict(self) -> dict[str, Any]:
        """Plain data for JSON, from which `from_dict` makes the same backend: the same results, seed and all."""
        plain = {f.name: getattr(self, f.name) for f in dataclasses.fields(self) if f.init}
        plain["device"] = self.device.to_dict()
        return {k: dataclasses.asdict(v) if isinstance(v, Stuck | Circuit) else v for k, v in plain.items()}

    @classmethod
    def from_dict(cls, stored: dict[str, Any]) -> Crossbar:
        known = {f.name for f in dataclasses.fields(cls)}
        unknown = sorted(set(stored) - known)
        if unknown:
            raise BackendError(f"a stored crossbar has an option {unknown[0]!r} that is not known here.")
        given = dict(stored, device=Device.from_dict(stored["device"]))
        for name, kind in (("stuck", Stuck), ("circuit", Circuit)):
            if name in given:
                given[name] = kind(**given[name])
        return cls(**given)


def _one_of(name: str, value, allowed: tuple[str, ...]) -> None:
    if value not in allowed:
        raise BackendError(f"{name} must be one of {', '.join(allowed)}; got {value!r}.")


def _whole(name: str, value, least: int) -> None:
    if isinstance(value, bool) or not isinstance(value, int | np.integer) or value < least:
        raise BackendError(f"{name} must be a whole number of at least {least}; got {value!r}.")
