"""Functions of matrices through their singular values or eigenvalues, each built once from a function of a vector.

For a symmetric function f of a vector, F(X) = f(lambda(X)) has the prox V diag(prox f(lambda)) V' (Lewis, The convex
analysis of unitarily invariant matrix functions, 1995), and its domain and recession function transform in the same
way; likewise for singular values and absolutely symmetric f.
"""

from __future__ import annotations

from collections.abc import Callable
from copy import copy
from dataclasses import dataclass, field

import numpy as np

from .base import Array, Function, column, namespace
from .norms import Maximum, NormInf, NormOne, SumLargest
from .semidefinite import smat, svec, svec_size
from .smooth import NegLog


class _Spectral(Function):
    """f of the spectrum of each of `count` matrices. Subclasses give `_spectrum` and a way back from it."""

    vector: Function  # of count * k spectrum entries

    def _spectrum(self, y: Array) -> tuple[Array, Callable[[Array], Array]]:
        """The spectra (count, k), and the map from new spectra (count * k,) to the vectorized matrices (size,)."""
        raise NotImplementedError

    def _adopt(self, vector: Function) -> None:
        self.vector = vector
        self.convex, self.indicator, self.cone = vector.convex, vector.indicator, vector.cone

    def on(self, asarray) -> Function:
        moved = copy(self)
        moved._adopt(self.vector.on(asarray))
        return moved

    def value(self, y: Array) -> float:
        return self.vector.value(self._spectrum(y)[0].reshape(-1))

    def prox(self, v: Array, t: Array) -> Array:
        spectrum, back = self._spectrum(v)
        if self.vector.count != self.count and not isinstance(t, float | int):
            t = (column(t) + 0.0 * spectrum).reshape(-1)  # an elementwise f: every entry of a spectrum has its step
        return back(self.vector.prox(spectrum.reshape(-1), t))

    def domain_support(self, y: Array) -> tuple[float, Array] | None:
        return self._through(self.vector.domain_support, y)

    def recession(self, d: Array) -> tuple[float, Array] | None:
        return self._through(self.vector.recession, d)

    def _through(self, method, y):
        spectrum, back = self._spectrum(y)
        answer = method(spectrum.reshape(-1))
        return None if answer is None else (answer[0], back(answer[1]))


class _SingularValues(_Spectral):
    """Matrices (rows, cols), vectorized column by column: read row by row, that is their transpose."""

    rows: int
    cols: int

    def _spectrum(self, y):
        xp = namespace(y)
        U, s, Vt = xp.linalg.svd(y.reshape(self.count, self.cols, self.rows), full_matrices=False)
        return s, lambda new: ((U * new.reshape(s.shape)[:, None, :]) @ Vt).reshape(-1)

    def describe(self) -> str:
        return f"{type(self).__name__}({f'{self.count} of ' if self.count > 1 else ''}{self.rows} x {self.cols})"


class _Eigenvalues(_Spectral):
    """Symmetric matrices in `svec` form. Eigenvalues come in increasing order."""

    order: int

    def _spectrum(self, y):
        xp = namespace(y)
        eigenvalues, V = xp.linalg.eigh(smat(y.reshape(self.count, self.dim), self.order))
        return eigenvalues, lambda new: svec((V * new.reshape(eigenvalues.shape)[:, None, :]) @ V.mT).reshape(-1)

    def describe(self) -> str:
        return f"{type(self).__name__}({f'{self.count} of ' if self.count > 1 else ''}order {self.order})"


@dataclass(eq=False)
class SingularValueFunction(_SingularValues):
    """f(sigma(X)) for one (rows, cols) matrix; vector: an absolutely symmetric f of size min(rows, cols)."""

    rows: int
    cols: int
    vector: Function
    count: int = field(init=False, default=1)
    dim: int = field(init=False)

    def __post_init__(self):
        self.dim = self.rows * self.cols
        if self.vector.size != min(self.rows, self.cols):
            raise ValueError(f"the function of the singular values must have size {min(self.rows, self.cols)}.")
        self._adopt(self.vector)


@dataclass(eq=False)
class EigenvalueFunction(_Eigenvalues):
    """f(lambda(X)) for one symmetric matrix in `svec` form; vector: a symmetric f of size `order`."""

    order: int
    vector: Function
    count: int = field(init=False, default=1)
    dim: int = field(init=False)

    def __post_init__(self):
        self.dim = svec_size(self.order)
        if self.vector.size != self.order:
            raise ValueError(f"the function of the eigenvalues must have size {self.order}.")
        self._adopt(self.vector)


@dataclass(eq=False)
class NuclearNorm(_SingularValues):
    """sum_g weight_g times the sum of the singular values. weight: float or (count,)."""

    rows: int
    cols: int
    weight: float | np.ndarray = 1.0
    count: int = 1
    dim: int = field(init=False)

    def __post_init__(self):
        self.dim = self.rows * self.cols
        self._adopt(NormOne(self.count, min(self.rows, self.cols), self.weight))


@dataclass(eq=False)
class SpectralNorm(_SingularValues):
    """sum_g weight_g times the largest singular value. weight: float or (count,)."""

    rows: int
    cols: int
    weight: float | np.ndarray = 1.0
    count: int = 1
    dim: int = field(init=False)

    def __post_init__(self):
        self.dim = self.rows * self.cols
        self._adopt(NormInf(self.count, min(self.rows, self.cols), self.weight))


@dataclass(eq=False)
class LambdaMax(_Eigenvalues):
    """sum_g weight_g times the largest eigenvalue of a symmetric matrix. weight: nonnegative, float or (count,)."""

    order: int
    weight: float | np.ndarray = 1.0
    count: int = 1
    dim: int = field(init=False)

    def __post_init__(self):
        self.dim = svec_size(self.order)
        self._adopt(Maximum(self.count, self.order, self.weight))


@dataclass(eq=False)
class SumLargestEigenvalues(_Eigenvalues):
    """sum_g weight_g times the sum of the k largest eigenvalues of a symmetric matrix. weight: nonnegative."""

    order: int
    k: float
    weight: float | np.ndarray = 1.0
    count: int = 1
    dim: int = field(init=False)

    def __post_init__(self):
        self.dim = svec_size(self.order)
        self._adopt(SumLargest(self.count, self.order, self.k, self.weight))


@dataclass(eq=False)
class NegLogDet(_Eigenvalues):
    """-sum_g weight_g log det of a symmetric positive definite matrix. weight: positive, float or (count,)."""

    order: int
    weight: float | np.ndarray = 1.0
    count: int = 1
    dim: int = field(init=False)

    def __post_init__(self):
        self.dim = svec_size(self.order)
        weight = np.broadcast_to(np.asarray(self.weight, dtype=float), (self.count,))
        self._adopt(NegLog(np.repeat(weight, self.order)))
