"""From signed numbers to cells: the conductances that stand for a block of a matrix, and how they are read back.

    pair           two arrays, G+- = g_min + s max(+-a, 0): an entry is their difference over s (default)
    offset         one array, G = g_mid + s a / 2, with one output more whose cells are at g_mid, subtracted from every
                   other output: half the cells, half the signal, and the errors of the reference are shared
    compensation   one array, G = s a, zeros left open: for the nonnegative matrix of `compensation`, feedback circuits;
                   what is smaller than g_min / g_max of the largest entry is raised to that

with s = (g_max - g_min) / max|a|, and g_max / max|a| in compensation.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from .device import Device

NOTHING = 1e-300


@dataclass(frozen=True)
class Mapping:
    """How a tile's numbers become conductances. signs: what the cells of each side count as; a side is an array of
    cells for each tile, or the cells of one output that is subtracted from all others. arrays: for each tile."""

    name: str
    signs: tuple[float, ...]
    arrays: int

    def targets(self, values: np.ndarray, scale: np.ndarray, device: Device) -> list[np.ndarray]:
        """values: (T, m, n); scale: (T, 1, 1), siemens per unit. One stack of target conductances for each side."""
        if self.name == "pair":
            return [device.g_min + scale * np.maximum(sign * values, 0.0) for sign in self.signs]
        if self.name == "compensation":
            return [scale * np.abs(values)]
        middle = 0.5 * (device.g_min + device.g_max)
        return [middle + scale * values, np.full((values.shape[0], 1, values.shape[2]), middle)]

    def scale(self, peak: np.ndarray, device: Device) -> np.ndarray:
        """Siemens per unit for the largest magnitude `peak` of a tile; of one without entries, whatever is there counts
        for nothing."""
        return self.span(device) / np.where(peak > 0, peak, NOTHING)

    def span(self, device: Device) -> float:
        """Siemens that stand for the largest magnitude of a tile."""
        return {"pair": device.range, "offset": 0.5 * device.range, "compensation": device.g_max}[self.name]

    def used(self, cells: np.ndarray, values: np.ndarray, side: np.ndarray) -> np.ndarray:
        """Which cells of a side are formed: those inside the matrix; in compensation, those that hold anything."""
        if side.shape != cells.shape:
            return np.asarray(cells.any(axis=1, keepdims=True))
        return cells & (values != 0) if self.name == "compensation" else cells

    def decode(self, sides: list[np.ndarray], scale: np.ndarray) -> np.ndarray:
        """The numbers that conductances stand for."""
        return sum(sign * g for sign, g in zip(self.signs, sides, strict=True)) / scale


MAPPINGS = {
    "pair": Mapping("pair", (1.0, -1.0), 2),
    "offset": Mapping("offset", (1.0, -1.0), 1),
    "compensation": Mapping("compensation", (1.0,), 1),
}
