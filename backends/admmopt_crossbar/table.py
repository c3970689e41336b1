"""A device from a table of measurements."""

from __future__ import annotations

import csv
import io
import math
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np

from admmopt.backend_api import BackendError

from .aging import Aging

_REQUIRED = ("g_target", "g_mean", "g_std")


@dataclass(frozen=True)
class Table(Aging):
    """Measured mean and standard deviation of the conductance at each target, in siemens, at one time or several.

    g_target: (K,) increasing; times: (N,) increasing, in seconds, the first is t0; g_mean, g_std: N rows of K. Linear
    in the target (no standard deviation outside those measured) and in ln t, nothing beyond: targets are kept within
    the table, times after the last are refused. Measured at one time, cells stay as they were programmed.
    """

    g_min: float = field(init=False)
    g_max: float = field(init=False)
    t0: float = field(init=False)
    g_target: tuple[float, ...]
    g_mean: tuple[tuple[float, ...], ...]
    g_std: tuple[tuple[float, ...], ...]
    times: tuple[float, ...] = (1.0,)

    def __post_init__(self):
        for name in ("g_target", "g_mean", "g_std", "times"):
            object.__setattr__(self, name, _tuples(getattr(self, name)))
        self._check()
        for name, value in (("g_min", self.g_target[0]), ("g_max", self.g_target[-1]), ("t0", self.times[0])):
            object.__setattr__(self, name, value)
        super().__post_init__()

    def _check(self):
        target, times = np.asarray(self.g_target, dtype=float), np.asarray(self.times, dtype=float)
        self._require(target.ndim == 1 and target.size >= 2, "a table needs at least two targets")
        self._require((np.diff(target) > 0).all(), "g_target must increase")
        self._require(times.size and (np.diff(times) > 0).all() and times[0] > 0, "times must be positive and increase")
        for column in ("g_mean", "g_std"):
            values = np.asarray(getattr(self, column), dtype=float)
            shape = (times.size, target.size)
            self._require(values.shape == shape, f"{column} must have the shape {shape}, got {values.shape}")
            self._require((values >= 0).all() and np.isfinite(values).all(), f"{column} must be finite, not negative")

    def law(self, target, t):
        now, log_times = math.log(max(t, self.t0)), np.log(self.times)
        mean = self.between(log_times, np.array(self.g_mean), t, now)
        std = self.between(log_times, np.array(self.g_std), t, now)
        return np.interp(target, self.g_target, mean), np.interp(target, self.g_target, std)

    def draw_drift(self, target, rng):
        return super().draw_drift(target, rng) if len(self.times) > 1 else None

    @classmethod
    def from_csv(cls, path_or_text: str | Path, name: str | None = None, **fields) -> Table:
        """Read columns g_target, g_mean, g_std in siemens and, for several times, t in seconds.

        path_or_text: a path, or the text itself (more than one line). Rows by time, then by target, and the same
        targets at every time. fields: of `Device` (source, write_voltage, ...). BackendError names row and column.
        """
        origin, text = _read(path_or_text)
        rows = _rows(origin, text)
        fields.setdefault("source", origin)
        times = sorted({row["t"] for row in rows})
        groups = [[row for row in rows if row["t"] == t] for t in times]
        target = tuple(row["g_target"] for row in groups[0])
        for t, group in zip(times, groups, strict=True):
            if tuple(row["g_target"] for row in group) != target:
                raise BackendError(f"{origin}: the targets at t = {t:g} s are not those at t = {times[0]:g} s.")
        mean, std = (tuple(tuple(row[column] for row in group) for group in groups) for column in ("g_mean", "g_std"))
        return cls(name or Path(origin).stem, target, mean, std, tuple(times), **fields)


def _tuples(value):
    """Nested sequences or an array as tuples, which can be compared and stored."""
    value = value.tolist() if isinstance(value, np.ndarray) else value
    return tuple(map(_tuples, value)) if isinstance(value, (list, tuple)) else value


def _read(path_or_text) -> tuple[str, str]:
    if isinstance(path_or_text, str) and "\n" in path_or_text:
        return "table", path_or_text
    try:
        return str(path_or_text), Path(path_or_text).read_text(encoding="utf-8-sig")
    except OSError as error:
        raise BackendError(f"the table {str(path_or_text)!r} cannot be read: {error.strerror}.") from error


def _rows(origin: str, text: str) -> list[dict[str, float]]:
    """One dict a line, checked; without a column t all rows are at 1 s."""
    reader = csv.DictReader(io.StringIO(text.strip()), skipinitialspace=True)
    header = [column.strip() for column in reader.fieldnames or ()]
    reader.fieldnames = header
    for column in _REQUIRED:
        if column not in header:
            raise BackendError(f"{origin}: the column {column} is missing; the header is {', '.join(header)}.")
    for column in header:
        if column not in (*_REQUIRED, "t"):
            raise BackendError(f"{origin}: the column {column} is unknown; there are {', '.join(_REQUIRED)} and t.")
    rows: list[dict[str, float]] = []
    for number, line in enumerate(reader, start=1):
        row = {"t": 1.0} | {column: _number(f"{origin}: row {number}", column, line[column]) for column in header}
        if rows:
            _check_order(f"{origin}: row {number}", rows[-1], row)
        rows.append(row)
    if len(rows) < 2:
        raise BackendError(f"{origin}: a table needs at least two rows, got {len(rows)}.")
    return rows


def _check_order(where: str, before: dict[str, float], row: dict[str, float]):
    """Rows go by time, then by target."""
    if row["t"] < before["t"]:
        raise BackendError(f"{where}, column t: {row['t']:g} follows {before['t']:g}, times must increase.")
    if row["t"] == before["t"] and row["g_target"] <= before["g_target"]:
        target, last = row["g_target"], before["g_target"]
        raise BackendError(f"{where}, column g_target: {target:g} follows {last:g}, targets must increase.")


def _number(where: str, column: str, text: str | None) -> float:
    try:
        value = float(text)  # type: ignore[arg-type]
    except (TypeError, ValueError):
        value = math.nan
    if not math.isfinite(value):
        raise BackendError(f"{where}, column {column}: {text!r} is not a number.")
    if value < 0:
        raise BackendError(f"{where}, column {column}: {value:g} must not be negative.")
    return value
