"""Where an entry of a symmetric matrix lies in `svec`: lower triangle, column by column, sqrt(2) off the diagonal."""

from __future__ import annotations

from math import sqrt

import numpy as np

from ...functions.svec import svec_pattern


def svec_position(i: np.ndarray, j: np.ndarray, order: int | np.ndarray) -> np.ndarray:
    """Positions of the entries (i, j), i >= j, indices from 0; order: one for all, or one for each."""
    return j * order - j * (j - 1) // 2 + (i - j)


def svec_unit(order: int) -> np.ndarray:
    """What an entry of svec is multiplied with to give the matrix entry: 1 on the diagonal, sqrt(1/2) off it."""
    rows, cols = svec_pattern(order)
    return np.where(rows == cols, 1.0, sqrt(0.5))


def svec_names(name: str, order: int) -> list[str]:
    """``name[i,j]`` of every entry of svec, indices from 1."""
    rows, cols = svec_pattern(order)
    return [f"{name}[{i + 1},{j + 1}]" for i, j in zip(rows.tolist(), cols.tolist(), strict=True)]
