"""A conic program:  minimize c'x + constant  subject to  A x + b in K,  a product of cones, block by block.

Its dual is  maximize constant - b'z  subject to  A'z = c,  z in the dual cone K*.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field

import numpy as np
import scipy.sparse as sp

from .cones import project


@dataclass(frozen=True)
class Block:
    """Cones of one kind and size. rows: (count, dim) row numbers, in the order of `cones.project`; alpha: exponents of
    power cones, (count, dim - 1)."""

    kind: str
    rows: np.ndarray
    alpha: np.ndarray | None = None


@dataclass
class Conic:
    """c: (n,), A: (m, n), b: (m,); the blocks share out the m rows. columns, rows: the names that the file's format
    gives to the entries of x and to the rows; unit: what an entry of a column or row is multiplied with to give the
    number in the file's own terms (sqrt(1/2) off the diagonal of an svec). sense: -1 where the file maximizes."""

    c: np.ndarray
    A: sp.csr_array
    b: np.ndarray
    blocks: list[Block]
    columns: list[str] = field(default_factory=list)
    rows: list[str] = field(default_factory=list)
    unit: np.ndarray | None = None
    constant: float = 0.0
    sense: float = 1.0

    def nearest(self, s: np.ndarray) -> np.ndarray:
        """The projection of s (m,) on K."""
        return _by_block(self.blocks, s, lambda block, part: project(block.kind, part, block.alpha))

    def nearest_dual(self, z: np.ndarray) -> np.ndarray:
        """The projection of z (m,) on K*: by Moreau, z plus the projection of -z on K."""
        return z + self.nearest(-z)


def _by_block(blocks: Iterable[Block], s: np.ndarray, change) -> np.ndarray:
    result = np.empty_like(s)
    for block in blocks:
        result[block.rows] = change(block, s[block.rows])
    return result
