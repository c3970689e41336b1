"""Functions of matrices through their singular values or eigenvalues, each built once from a function of a vector.

For a symmetric function f of a vector, F(X) = f(lambda(X)) has the prox V diag(prox f(lambda)) V' (Lewis, The convex
analysis of unitarily invariant matrix functions, 1995), and its domain and recession function transform in the same
way; likewise for singular values and absolutely symmetric f.
"""

from __future__ import annotations

from copy import copy
from dataclasses import dataclass, field

import numpy as np

from .base import Array, Function, column, namespace
from .jacobian import Blocks, Jacobian
from .jacobian_spectral import rectangular_jacobian, symmetric_jacobian
from .norms import Maximum, NormInf, NormOne, SumLargest
from .smooth import NegLog
from .svec import smat, svec, svec_size


class _Spectral(Function):
    """f of the spectrum of each of `count` matrices. Subclasses give `_factors`, the way back and `_jacobian`."""

    vector: Function  # of count * k spectrum entries

    def _factors(self, y: Array) -> tuple[Array, Array, Array]:
        """left (count, p, k), spectra (count, k) and right (count, k, q) with matrices left diag(spectrum) right."""
        raise NotImplementedError

    def _vectorize(self, matrices: Array) -> Array:
        """Matrices (count, p, q) as the argument of f, (size,)."""
        return matrices.reshape(-1)

    def _jacobian(self, left, right, spectrum, moved, slope, rest) -> Jacobian:
        raise NotImplementedError

    def _adopt(self, vector: Function) -> None:
        self.vector = vector
        self.convex, self.indicator, self.cone = vector.convex, vector.indicator, vector.cone

    def on(self, asarray) -> Function:
        moved = copy(self)
        moved._adopt(self.vector.on(asarray))
        return moved

    def value(self, y: Array) -> float:
        return self.vector.value(self._factors(y)[1].reshape(-1))

    def _back(self, left: Array, spectrum: Array, right: Array) -> Array:
        """The vectorized matrices left diag(spectrum) right. spectrum: (count * k,)."""
        return self._vectorize((left * spectrum.reshape(self.count, 1, -1)) @ right)

    def _steps(self, t: Array, spectrum: Array) -> Array:
        if self.vector.count == self.count or isinstance(t, float | int):
            return t
        return (column(t) + 0.0 * spectrum).reshape(-1)  # an elementwise f: every entry of a spectrum has its step

    def prox(self, v: Array, t: Array) -> Array:
        left, spectrum, right = self._factors(v)
        return self._back(left, self.vector.prox(spectrum.reshape(-1), self._steps(t, spectrum)), right)

    def prox_jacobian(self, v: Array, t: Array) -> Jacobian | None:
        left, spectrum, right = self._factors(v)
        flat, steps = spectrum.reshape(-1), self._steps(t, spectrum)
        inner = self.vector.prox_jacobian(flat, steps)
        if inner is None or (isinstance(inner, Jacobian) and not isinstance(inner, Blocks)):
            return None
        moved = self.vector.prox(flat, steps).reshape(spectrum.shape)
        if not isinstance(inner, Blocks):
            return self._jacobian(left, right, spectrum, moved, inner.reshape(spectrum.shape), None)
        xp = namespace(v)
        vectors = [self._back(left, inner.vectors[:, k, :], right).reshape(self.count, -1) for k in range(inner.rank)]
        rest = Blocks(xp.zeros_like(vectors[0]), xp.stack(vectors, axis=1), inner.coefficients)
        return self._jacobian(left, right, spectrum, moved, inner.base, rest)

    def domain_support(self, y: Array) -> tuple[float, Array] | None:
        return self._through(self.vector.domain_support, y)

    def recession(self, d: Array) -> tuple[float, Array] | None:
        return self._through(self.vector.recession, d)

    def _through(self, method, y):
        left, spectrum, right = self._factors(y)
        answer = method(spectrum.reshape(-1))
        return None if answer is None else (answer[0], self._back(left, answer[1], right))


class _SingularValues(_Spectral):
    """Matrices (rows, cols), vectorized column by column: read row by row, that is their transpose."""

    rows: int
    cols: int

    def _factors(self, y):
        return namespace(y).linalg.svd(y.reshape(self.count, self.cols, self.rows), full_matrices=False)

    def _jacobian(self, left, right, spectrum, moved, slope, rest):
        return rectangular_jacobian(left, right, spectrum, moved, slope, rest)

    def describe(self) -> str:
        return f"{type(self).__name__}({f'{self.count} of ' if self.count > 1 else ''}{self.rows} x {self.cols})"


class _Eigenvalues(_Spectral):
    """Symmetric matrices in `svec` form. Eigenvalues come in increasing order."""

    order: int

    def _factors(self, y):
        eigenvalues, V = namespace(y).linalg.eigh(smat(y.reshape(self.count, self.dim), self.order))
        return V, eigenvalues, V.mT

    def _vectorize(self, matrices):
        return svec(matrices).reshape(-1)

    def _jacobian(self, left, right, spectrum, moved, slope, rest):
        return symmetric_jacobian(left, spectrum, moved, slope, rest)

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
