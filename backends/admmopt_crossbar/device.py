"""What a cell does: programmed, read and left alone.

Units are SI throughout: siemens, volt, second, joule. A device is a frozen dataclass, so that it can be compared,
printed in a report and stored as JSON. A device of your own is a subclass that overrides `spread`, or another method:

    class Mine(Device):
        def spread(self, target):
            return 0.01 * target

    Mine("mine", g_min=1e-6, g_max=1e-4)
"""

from __future__ import annotations

import importlib
from dataclasses import KW_ONLY, dataclass, fields
from typing import Any, Literal

import numpy as np

from admmopt.backend_api import BackendError

Array = np.ndarray


@dataclass(frozen=True)
class Programmed:
    """An array after programming. g: conductances in siemens; pulses: write pulses over all cells; joules: their
    energy; seconds: their duration, one after another (how many cells are written at once is the array's matter)."""

    g: Array
    pulses: int
    joules: float
    seconds: float


@dataclass(frozen=True)
class Device:
    """A cell whose conductance is programmed between `g_min` and `g_max`. As it stands it has no error of any kind.

    levels: programmable levels, evenly spaced on [g_min, g_max]; None: continuous. source: where the numbers are from,
    printed in reports. t0: seconds after programming at which `spread` holds; drift counts from there. write_voltage,
    write_seconds: one write pulse, for its energy V^2 g t. read: standard deviation of one read as a fraction of the
    conductance, on top of what the device's own law says of reads. Raises BackendError at construction for numbers that
    are no device.
    """

    name: str
    g_min: float
    g_max: float
    _: KW_ONLY
    levels: int | None = None
    source: str = ""
    t0: float = 1.0
    write_voltage: float = 2.0
    write_seconds: float = 10e-9
    read: float = 0.0

    def __post_init__(self):
        for field in ("g_min", "t0", "write_voltage", "write_seconds", "read"):
            self._require_nonnegative(field)
        self._require(self.g_max > self.g_min, f"g_max must exceed g_min, got {self.g_max} and {self.g_min}")
        self._require(self.g_max < 1, f"conductances are in siemens (25 uS is 25e-6), got g_max = {self.g_max}")
        whole = self.levels is None or (isinstance(self.levels, (int, np.integer)) and self.levels >= 2)
        self._require(whole, f"levels must be None or a whole number of at least 2, got {self.levels}")

    def _require(self, condition, sentence: str):
        if not condition:
            raise BackendError(f"device {self.name!r}: {sentence}.")

    def _require_nonnegative(self, field: str):
        value = getattr(self, field)
        ok = isinstance(value, (int, float, np.number)) and np.isfinite(value) and value >= 0
        self._require(ok, f"{field} must be a finite number, not negative, got {value!r}")

    def require_finite(self, what: str, values: Array) -> None:
        """Raise BackendError where a device of the user's own gives something that is negative or not finite."""
        self._require(bool((np.isfinite(values) & (values >= 0)).all()), f"{what} is negative or not finite")

    @property
    def range(self) -> float:
        """g_max - g_min."""
        return self.g_max - self.g_min

    # programming

    def quantize(self, target: Array) -> Array:
        """The nearest level to each target (any shape), within [g_min, g_max]."""
        target = np.clip(target, self.g_min, self.g_max)
        if self.levels is None:
            return target
        step = self.range / (self.levels - 1)
        return self.g_min + step * np.rint((target - self.g_min) / step)

    def spread(self, target: Array) -> Array:
        """Root mean square of programmed conductance minus target at time t0, one value per target.

        Conductances are cut off at 0, so that close to 0 the true value is smaller: this one is a bound.
        """
        return np.zeros_like(target, dtype=float)

    def errors(self, target: Array, rng: np.random.Generator) -> Array:
        """Programmed conductance minus target, drawn for each cell: Gaussian with standard deviation `spread`."""
        return self.spread(target) * rng.standard_normal(target.shape)

    def program(self, target: Array, rng: np.random.Generator) -> Programmed:
        """Program cells of any shape: to the nearest level plus `errors`, never negative."""
        target = np.asarray(target, dtype=float)
        self._require(np.isfinite(target).all(), "a target conductance is not finite")
        target = self.quantize(target)
        return self.record(target, np.maximum(target + self.errors(target, rng), 0.0))

    def record(self, target: Array, g: Array) -> Programmed:
        """Pulses and their energy V^2 g t for cells that ended at g: one pulse a cell."""
        joules = self.write_voltage**2 * self.write_seconds * float(g.sum())
        return Programmed(g, g.size, joules, g.size * self.write_seconds)

    # reading and waiting

    def read_spread(self, g: Array, t: float) -> Array:
        """Standard deviation of the conductance that one read sees, t seconds after programming."""
        return self.read * np.asarray(g)

    def draw_drift(self, target: Array, rng: np.random.Generator) -> Array | None:
        """What `drifted` needs to know of each cell, here its drift exponent; None: cells do not drift."""
        return None

    def drifted(self, g: Array, nu: Array | None, t: float) -> Array:
        """Conductance t seconds after programming of cells programmed to g: g (t / t0)^-nu, from t0 on."""
        return g if nu is None or t <= self.t0 else g * (t / self.t0) ** -nu

    # storing

    def to_dict(self) -> dict[str, Any]:
        """Plain data for JSON: the class by its import path, and the fields."""
        kind = type(self)
        importable = "<locals>" not in kind.__qualname__
        self._require(importable, f"{kind.__qualname__} must be defined at the top of a module to be stored")
        names = [field.name for field in fields(self) if field.init]
        stored = {name: self._plain(name, getattr(self, name)) for name in names}
        return {"class": f"{kind.__module__}:{kind.__qualname__}", **stored}

    def _plain(self, field: str, value):
        if isinstance(value, Device):
            return value.to_dict()
        if isinstance(value, (np.ndarray, np.generic)):
            value = value.tolist()
        if isinstance(value, (list, tuple)):
            return [self._plain(field, item) for item in value]
        self._require(value is None or isinstance(value, (bool, int, float, str)), f"field {field} cannot be stored")
        return value

    @staticmethod
    def from_dict(stored: dict[str, Any]) -> Device:
        """The device that `to_dict` stored; lists come back as tuples.

        Imports the module that the class is in: read only what you trust.
        """
        given = {key: _loaded(value) for key, value in stored.items() if key != "class"}
        kind = _imported(stored.get("class"))
        try:
            return kind(**given)
        except TypeError as error:
            raise BackendError(f"a stored device does not fit its class {stored['class']}: {error}.") from error


def _loaded(value):
    if isinstance(value, dict):
        return Device.from_dict(value)
    return tuple(map(_loaded, value)) if isinstance(value, list) else value


def _imported(path) -> type[Device]:
    try:
        module, qualname = path.split(":")
        kind: Any = importlib.import_module(module)
        for part in qualname.split("."):
            kind = getattr(kind, part)
    except (AttributeError, ImportError, ValueError) as error:
        raise BackendError(f"the class of a stored device, {path!r}, cannot be imported: {error}.") from error
    if not (isinstance(kind, type) and issubclass(kind, Device)):
        raise BackendError(f"the class of a stored device, {path!r}, is no Device.")
    return kind


@dataclass(frozen=True)
class Generic(Device):
    """Any cell with a programming error of one of four kinds.

    law "gaussian": sigma is the standard deviation. law "uniform": sigma is the half width, errors lie within +-sigma
    ("a variation of x %"), the standard deviation is sigma/sqrt(3). scaling "independent": sigma is a fraction of the
    range g_max - g_min; "proportional": of the target itself. The default range is an assumption: only the ratio
    g_max/g_min enters results other than energy and IR drop.
    """

    name: str = "generic"
    g_min: float = 1e-6
    g_max: float = 20e-6
    _: KW_ONLY
    sigma: float = 0.02
    law: Literal["gaussian", "uniform"] = "gaussian"
    scaling: Literal["independent", "proportional"] = "independent"
    source: str = "generic law; write pulse 2 V, 10 ns assumed (NeuroSim's ideal device)"

    def __post_init__(self):
        super().__post_init__()
        self._require_nonnegative("sigma")
        self._require(self.law in ("gaussian", "uniform"), f"law must be gaussian or uniform, got {self.law!r}")
        known = self.scaling in ("independent", "proportional")
        self._require(known, f"scaling must be independent or proportional, got {self.scaling!r}")

    def _width(self, target):
        return self.sigma * (np.full_like(target, self.range) if self.scaling == "independent" else target)

    def spread(self, target):
        width = self._width(np.asarray(target, dtype=float))
        return width if self.law == "gaussian" else width / np.sqrt(3)

    def errors(self, target, rng):
        if self.law == "gaussian":
            return super().errors(target, rng)
        return self._width(target) * rng.uniform(-1, 1, target.shape)
