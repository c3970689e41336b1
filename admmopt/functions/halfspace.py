"""Sets cut out by linear equations and inequalities."""

from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np
import scipy.linalg

from .base import Array, namespace
from .jacobian import Blocks, low_rank, ones_where, unit
from .sets import Set


@dataclass(eq=False)
class HyperSlab(Set):
    """Groups with lower <= <normal, y> <= upper. normal: (count, dim), rows not zero; lower, upper: (count,), may be
    infinite."""

    normal: np.ndarray
    lower: np.ndarray
    upper: np.ndarray
    count: int = field(init=False)
    dim: int = field(init=False)

    def __post_init__(self):
        self.count, self.dim = self.normal.shape
        if bool((self.lower > self.upper).any()):
            raise ValueError("HyperSlab is empty: a lower bound exceeds its upper bound.")
        self._square = (self.normal**2).sum(1)
        if bool((self._square == 0).any()):
            raise ValueError("HyperSlab needs normals that are not zero.")

    def _level(self, y: Array) -> tuple[Array, Array]:
        groups = y.reshape(self.count, self.dim)
        return groups, (self.normal * groups).sum(1)

    def project(self, v: Array) -> Array:
        xp = namespace(v)
        groups, level = self._level(v)
        wanted = xp.where(level < self.lower, self.lower, xp.where(level > self.upper, self.upper, level))
        return (groups + ((wanted - level) / self._square)[:, None] * self.normal).reshape(-1)

    def prox_jacobian(self, v: Array, t: Array):
        """Where a bound is active, the projection onto its plane."""
        _, level = self._level(v)
        active = ones_where((level <= self.lower) | (level >= self.upper), level)
        return low_rank(1.0, (-active, unit(self.normal)))

    def domain_support(self, y: Array) -> tuple[float, Array]:
        """Finite only on multiples m of the normals, and not towards an infinite bound."""
        xp = namespace(y)
        _, level = self._level(y)
        multiple = level / self._square
        bound = xp.where(multiple > 0, self.upper, self.lower)
        finite = xp.isfinite(bound) & (multiple != 0)
        zero = xp.zeros_like(multiple)
        multiple = xp.where(finite, multiple, zero)
        return float(xp.sum(multiple * xp.where(finite, bound, zero))), (multiple[:, None] * self.normal).reshape(-1)

    def recession(self, d: Array) -> tuple[float, Array]:
        """The recession cone has the same normals, with 0 for every finite bound."""
        xp = namespace(d)
        groups, level = self._level(d)
        bounded = ((level < 0) & xp.isfinite(self.lower)) | ((level > 0) & xp.isfinite(self.upper))
        excess = xp.where(bounded, level / self._square, xp.zeros_like(level))
        return 0.0, (groups - excess[:, None] * self.normal).reshape(-1)


class HalfSpace(HyperSlab):
    """Groups with <normal, y> <= upper. normal: (count, dim); upper: (count,)."""

    def __init__(self, normal: np.ndarray, upper: np.ndarray, lower: np.ndarray | None = None):
        super().__init__(normal, -np.inf + 0.0 * upper if lower is None else lower, upper)


@dataclass(eq=False)
class AffineSet(Set):
    """The affine set {point + u : basis' u = 0}; `AffineSet.of(A, b)` builds it from the equations A y = b.

    basis: (n, r), orthonormal columns; point: (n,), orthogonal to the directions of the set.
    """

    basis: np.ndarray
    point: np.ndarray
    count: int = field(init=False, default=1)
    dim: int = field(init=False)

    def __post_init__(self):
        self.dim = self.basis.shape[0]

    @classmethod
    def of(cls, A: np.ndarray, b: np.ndarray) -> AffineSet:
        """{y : A y = b}, by a QR factorization with pivoting, made once. A: (m, n) dense; b: (m,).
        Raises ValueError where the equations have no solution."""
        Q, R, order = scipy.linalg.qr(A.T, mode="economic", pivoting=True)
        diagonal = np.abs(np.diag(R))
        rank = int(np.sum(diagonal > max(A.shape) * np.finfo(float).eps * diagonal.max(initial=0.0)))
        basis = Q[:, :rank]
        point = basis @ scipy.linalg.solve_triangular(R[:rank, :rank], b[order[:rank]], trans="T")
        if np.linalg.norm(A @ point - b) > 1e-9 * (1.0 + np.linalg.norm(b)):
            raise ValueError("the equations A y = b have no solution.")
        return cls(basis, point)

    def _along(self, y: Array) -> Array:
        return self.basis @ (self.basis.T @ y)

    def project(self, v: Array) -> Array:
        return v - self._along(v) + self.point

    def prox_jacobian(self, v: Array, t: Array) -> Blocks:
        xp = namespace(v)
        return Blocks(xp.ones_like(v)[None, :], self.basis.T[None], -xp.ones_like(self.basis[:1]))

    def domain_support(self, y: Array) -> tuple[float, Array]:
        along = self._along(y)
        return float(along @ self.point), along

    def recession(self, d: Array) -> tuple[float, Array]:
        return 0.0, d - self._along(d)
