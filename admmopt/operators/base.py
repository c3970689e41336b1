"""Linear operators as the user wrote them: dense stays dense, sparse stays sparse, structure stays structure.

An operator maps a flat vector to a flat vector. Its ``key`` says what it is made of (by identity of the
data arrays): equal keys mean the same operator, which is how a re-solve knows that nothing changed.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Hashable

import numpy as np
import scipy.sparse as sp


class Operator(ABC):
    """A linear map R^n -> R^m with ``shape == (m, n)``."""

    shape: tuple[int, int]

    @abstractmethod
    def matvec(self, x: np.ndarray) -> np.ndarray:
        """A x. x: (n,), returns (m,)."""

    @abstractmethod
    def rmatvec(self, y: np.ndarray) -> np.ndarray:
        """A' y. y: (m,), returns (n,)."""

    @abstractmethod
    def squared(self) -> Operator:
        """The operator of the squared entries, for row and column norms (exact unless entries overlap)."""

    def entries(self, limit: int = 0) -> np.ndarray | sp.csr_array | None:
        """The matrix, dense or sparse as it was written, or None where only products exist. limit: stored entries up to
        which structure that is known is written out."""
        return None

    @property
    @abstractmethod
    def key(self) -> Hashable:
        """Structural identity: equal keys, equal operators."""

    @property
    def single_entry_rows(self) -> bool:
        """Does every row hold at most one nonzero? Then A' diag(r) A is diagonal for any r."""
        return False

    @property
    def nnz(self) -> int:
        """Stored entries, a measure of what one product costs."""
        return int(np.prod(self.shape))

    def describe(self) -> str:
        return f"{type(self).__name__.lower()} {self.shape[0]}x{self.shape[1]}"

    def __matmul__(self, other):
        if isinstance(other, Operator):
            from .compose import compose

            return compose(self, other)
        return self.matvec(other)

    def __repr__(self) -> str:
        return f"<{self.describe()}>"


def entries(operator: Operator, limit: int) -> np.ndarray | sp.csr_array | None:
    """The operator's matrix; one known by products alone is written out up to `limit` entries, and None beyond."""
    matrix = operator.entries(limit)
    if matrix is None and operator.shape[0] * operator.shape[1] <= limit:
        columns = [operator.matvec(unit) for unit in np.eye(operator.shape[1])]
        matrix = np.stack(columns, axis=1) if columns else np.zeros(operator.shape)
    return matrix
