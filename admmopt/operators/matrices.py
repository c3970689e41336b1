"""Operators that are a matrix: diagonal, dense, sparse."""

from __future__ import annotations

import numpy as np
import scipy.sparse as sp

from .base import Operator


class Diagonal(Operator):
    """x -> d * x, entry by entry; `Identity` is the one with d = 1."""

    def __init__(self, d: np.ndarray):
        self.d = np.asarray(d, dtype=float)
        self.shape = (self.d.size, self.d.size)

    def matvec(self, x):
        return self.d * x

    rmatvec = matvec

    def squared(self):
        return Diagonal(self.d**2)

    def entries(self, limit=0):
        return sp.diags_array(self.d, format="csr")

    @property
    def key(self):
        return ("diagonal", self.d.tobytes() if self.d.size <= 64 else hash(self.d.tobytes()))

    @property
    def single_entry_rows(self):
        return True

    @property
    def nnz(self):
        return self.d.size


class Identity(Diagonal):
    """x -> x."""

    def __init__(self, n: int):
        super().__init__(np.ones(n))

    def matvec(self, x):
        return x

    rmatvec = matvec

    def squared(self):
        return self

    @property
    def key(self):
        return ("identity", self.shape[0])


class Dense(Operator):
    """A dense matrix, kept as the array that the user gave."""

    def __init__(self, matrix: np.ndarray):
        self.matrix = np.asarray(matrix, dtype=float)
        self.shape = self.matrix.shape

    def matvec(self, x):
        return self.matrix @ x

    def rmatvec(self, y):
        return y @ self.matrix

    def squared(self):
        return Dense(self.matrix**2)

    def entries(self, limit=0):
        return self.matrix

    @property
    def key(self):
        return ("dense", id(self.matrix), self.shape)


class Sparse(Operator):
    """A sparse matrix in CSR form, with its transpose kept for A' y (the two passes cost the same)."""

    def __init__(self, matrix):
        self.matrix = sp.csr_array(matrix, dtype=float)
        self.matrix.sum_duplicates()
        self.shape = self.matrix.shape
        self._transpose = None
        self._key = None
        self._signed: tuple[np.ndarray, Sparse] | None = None

    def matvec(self, x):
        return self.matrix @ x

    def rmatvec(self, y):
        if self._transpose is None:
            self._transpose = self.matrix.T.tocsr()
        return self._transpose @ y

    def squared(self):
        return Sparse(self.matrix.power(2))

    def entries(self, limit=0):
        return self.matrix

    @property
    def key(self):
        if self._key is None:
            m = self.matrix
            self._key = ("sparse", m.shape, hash((m.data.tobytes(), m.indices.tobytes(), m.indptr.tobytes())))
        return self._key

    def signed(self) -> tuple[np.ndarray, Sparse]:
        """(s, B) with A = diag(s) B, s of +1 and -1, and the first entry of every row of B positive: two operators
        that differ in the signs of rows have one B, by its key."""
        if self._signed is None:
            m = self.matrix
            filled = np.diff(m.indptr) > 0
            signs = np.ones(self.shape[0])
            signs[filled] = np.where(m.data[m.indptr[:-1][filled]] < 0, -1.0, 1.0)
            turned = self if np.all(signs > 0) else Sparse(sp.diags_array(signs) @ m)
            self._signed = signs, turned
        return self._signed

    @property
    def single_entry_rows(self):
        return bool(np.all(np.diff(self.matrix.indptr) <= 1))

    @property
    def nnz(self):
        return self.matrix.nnz
