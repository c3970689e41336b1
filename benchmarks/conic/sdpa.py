"""SDPA sparse files: minimize c'x subject to sum_i x_i F_i - F_0 positive semidefinite, block by block."""

from __future__ import annotations

from math import sqrt
from pathlib import Path

import numpy as np
import scipy.sparse as sp

from .cones import triangle
from .program import Block, Conic

PUNCTUATION = str.maketrans("{}(),", "     ")


def read_sdpa(path: Path) -> Conic:
    """Rows: svec of every block in turn; a diagonal block (negative size) has its diagonal only."""
    lines = [line for line in path.read_text(errors="replace").splitlines() if line.strip()]
    lines = [line.translate(PUNCTUATION) for line in lines if not line.startswith(("*", '"'))]
    m, count = (int(line.split()[0]) for line in lines[:2])
    numbers = " ".join(lines[2:]).split()
    sizes = np.array(numbers[:count], dtype=float).astype(int)
    c = np.array(numbers[count : count + m], dtype=float)
    table = np.array(numbers[count + m :], dtype=float).reshape(-1, 5)
    lengths = np.where(sizes < 0, -sizes, sizes * (sizes + 1) // 2)
    start = np.concatenate([[0], np.cumsum(lengths)])
    matrix, block = table[:, 0].astype(int), table[:, 1].astype(int) - 1
    i, j = np.maximum(table[:, 2], table[:, 3]).astype(int) - 1, np.minimum(table[:, 2], table[:, 3]).astype(int) - 1
    side, diagonal = sizes[block], sizes[block] < 0
    place = np.where(diagonal, i, j * side - j * (j - 1) // 2 + i - j)
    value = table[:, 4] * np.where(i == j, 1.0, sqrt(2.0))
    whole = sp.csr_array((value, (start[block] + place, matrix)), shape=(int(start[-1]), m + 1))
    names, unit, blocks = [], [], []
    for k, size in enumerate(sizes):
        rows = np.arange(start[k], start[k + 1])
        if size < 0:
            names += [f"block {k + 1}[{r + 1}]" for r in range(-size)]
            unit.append(np.ones(-size))
            blocks.append(Block("nonneg", rows[:, None]))
        else:
            r, s = triangle(size)
            names += [f"block {k + 1}[{a + 1},{b + 1}]" for a, b in zip(r.tolist(), s.tolist(), strict=True)]
            unit.append(np.where(r == s, 1.0, sqrt(0.5)))
            blocks.append(Block("psd", rows[None, :]))
    columns = [f"x{k + 1}" for k in range(m)]
    b = -whole[:, [0]].toarray().ravel()
    return Conic(c, whole[:, 1:].tocsr(), b, blocks, columns, names, np.concatenate(unit))
