"""Operators with structure worth keeping: products with a matrix variable, convolution."""

from __future__ import annotations

import numpy as np
import scipy.sparse as sp
from scipy import signal

from .base import Operator
from .matrices import Dense, Sparse


class LeftProduct(Operator):
    """vec(W) -> vec(X W) for W with `k` columns: I_k kron X, never formed. X: Dense or Sparse, (p, q)."""

    def __init__(self, factor: Operator, k: int):
        self.factor, self.k = factor, k
        p, q = factor.shape
        self.shape = (p * k, q * k)

    def matvec(self, x):
        return (self.factor.entries() @ x.reshape(-1, self.k, order="F")).ravel(order="F")

    def rmatvec(self, y):
        return (self.factor.entries().T @ y.reshape(-1, self.k, order="F")).ravel(order="F")

    def entries(self, limit=0):
        return None if self.nnz > limit else sp.kron(sp.eye_array(self.k), self.factor.entries(), format="csr")

    def squared(self):
        return LeftProduct(self.factor.squared(), self.k)

    @property
    def key(self):
        return ("left product", self.k, self.factor.key)

    @property
    def nnz(self):
        return self.k * self.factor.nnz

    def describe(self):
        return f"I_{self.k} kron {self.factor.describe()}"


class RightProduct(Operator):
    """vec(W) -> vec(W B) for W with `m` rows: B' kron I_m, never formed. B: Dense or Sparse, (p, q)."""

    def __init__(self, factor: Operator, m: int):
        self.factor, self.m = factor, m
        p, q = factor.shape
        self.shape = (m * q, m * p)

    def matvec(self, x):
        return (x.reshape(self.m, -1, order="F") @ self.factor.entries()).ravel(order="F")

    def rmatvec(self, y):
        return (y.reshape(self.m, -1, order="F") @ self.factor.entries().T).ravel(order="F")

    def entries(self, limit=0):
        return None if self.nnz > limit else sp.kron(self.factor.entries().T, sp.eye_array(self.m), format="csr")

    def squared(self):
        return RightProduct(self.factor.squared(), self.m)

    @property
    def key(self):
        return ("right product", self.m, self.factor.key)

    @property
    def nnz(self):
        return self.m * self.factor.nnz

    def describe(self):
        return f"{self.factor.describe()}' kron I_{self.m}"


class Convolution(Operator):
    """x -> kernel * x (full discrete convolution, length n + k - 1), by FFT where that is faster."""

    def __init__(self, kernel: np.ndarray, n: int):
        self.kernel = np.asarray(kernel, dtype=float).ravel()
        self.shape = (n + self.kernel.size - 1, n)
        self._method = signal.choose_conv_method(np.ones(n), self.kernel) if n else "direct"

    def matvec(self, x):
        return signal.convolve(x, self.kernel, method=self._method)

    def rmatvec(self, y):
        return signal.convolve(y, self.kernel[::-1], mode="valid", method=self._method)

    def squared(self):
        return Convolution(self.kernel**2, self.shape[1])

    @property
    def key(self):
        return ("convolution", self.kernel.tobytes(), self.shape)

    @property
    def nnz(self):
        return min(self.kernel.size, 64) * self.shape[1]


def left_product(factor: Operator, k: int) -> Operator:
    """I_k kron X in the cheapest form: X itself for k = 1, a sparse matrix for sparse X."""
    if k == 1:
        return factor
    if isinstance(factor, Dense):
        return LeftProduct(factor, k)
    return Sparse(sp.kron(sp.eye_array(k), factor.entries(), format="csr"))


def right_product(factor: Operator, m: int) -> Operator:
    """B' kron I_m in the cheapest form: B' itself for m = 1, a sparse matrix for sparse B."""
    if m == 1:
        return Dense(factor.matrix.T) if isinstance(factor, Dense) else Sparse(factor.entries().T)
    if isinstance(factor, Dense):
        return RightProduct(factor, m)
    return Sparse(sp.kron(factor.entries().T, sp.eye_array(m), format="csr"))
