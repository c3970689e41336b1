"""Several arrays for one matrix, for more accuracy than one cell has.

residual   slice k holds what the slices before it, as they were measured, missed (Song et al., Science 383, 2024):
           every slice gains a factor of about 1 / (4 times the relative error of a cell)
bits       slice k holds the k-th digit of the number written in the base of the device's levels, shifted and
           added: more levels, but no less error than that of the first slice
"""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

SLICINGS = ("residual", "bits")


def residual_slices(values: np.ndarray, count: int, program: Callable) -> list:
    """values: (T, m, n); program(block) -> (slice, what it holds as measured). Returns the slices."""
    slices, rest = [], values
    for _ in range(count):
        made, held = program(rest)
        slices.append(made)
        rest = rest - held
    return slices


def digits(values: np.ndarray, peak: np.ndarray, levels: int, count: int) -> list[tuple[np.ndarray, np.ndarray]]:
    """values: (T, m, n) with magnitudes up to peak (T, 1, 1), in `count` signed digits of base `levels`, highest first:
    (block, its full scale (T, 1, 1)) each; the blocks add up to values rounded to the last digit."""
    base = float(levels)
    unit = np.where(peak > 0, peak, 1.0) / (base**count - 1)
    whole, parts = np.rint(np.abs(values) / unit), []
    for place in reversed(range(count)):
        weight = base**place
        digit = np.floor(whole / weight)
        whole = whole - digit * weight
        parts.append((np.sign(values) * digit * weight * unit, (base - 1) * weight * unit))
    return parts
