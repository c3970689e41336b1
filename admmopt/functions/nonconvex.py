"""Nonconvex sets and penalties. A projection is a nearest point; ties go to the lowest index or the smallest value,
so that runs repeat. None of them has a recession function; a domain's support is that of its convex hull."""

from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np

from .base import Array, Function, namespace
from .host import on_host
from .sets import Set
from .spectral import _SingularValues


@dataclass(eq=False)
class Cardinality(Set):
    """Groups of n entries with at most k nonzeros: the k largest magnitudes are kept."""

    n: int
    k: int
    count: int = 1
    convex: bool = field(init=False, default=False)
    dim: int = field(init=False)

    def __post_init__(self):
        if not 0 <= self.k <= self.n:
            raise ValueError(f"k must lie between 0 and {self.n}, got {self.k}.")
        self.dim = self.n

    def project(self, v: Array) -> Array:
        xp = namespace(v)
        groups = v.reshape(self.count, self.n)
        kept = xp.argsort(-xp.abs(groups), axis=1, stable=True)[:, : self.k]
        row = xp.arange(self.count, device=v.device)[:, None]
        result = xp.zeros_like(groups)
        result[row, kept] = groups[row, kept]
        return result.reshape(-1)


@dataclass(eq=False)
class FiniteSet(Set):
    """Each of n entries takes one of the given values. values: (k,), increasing."""

    n: int
    values: np.ndarray
    convex: bool = field(init=False, default=False)
    count: int = field(init=False)
    dim: int = field(init=False, default=1)

    def __post_init__(self):
        if bool((self.values[1:] <= self.values[:-1]).any()) or self.values.shape[0] == 0:
            raise ValueError("the values of a FiniteSet must increase, and there must be at least one.")
        self.count = self.n

    def project(self, v: Array) -> Array:
        middles = 0.5 * (self.values[1:] + self.values[:-1])
        return self.values[namespace(v).searchsorted(middles, v)]

    def domain_support(self, y: Array) -> tuple[float, Array]:
        xp = namespace(y)
        return float(xp.sum(y * xp.where(y > 0, self.values[-1], self.values[0]))), y


def Boolean(n: int) -> FiniteSet:
    """Each of n entries is 0 or 1."""
    return FiniteSet(n, np.array([0.0, 1.0]))


@dataclass(eq=False)
class Integers(Set):
    """n integers (halves are rounded to the even one)."""

    n: int
    convex: bool = field(init=False, default=False)
    count: int = field(init=False)
    dim: int = field(init=False, default=1)

    def __post_init__(self):
        self.count = self.n

    def project(self, v: Array) -> Array:
        return namespace(v).round(v)


@dataclass(eq=False)
class Sphere(Set):
    """Groups with ||y||_2 = radius; the origin goes to the first axis. radius: positive, float or (count,)."""

    count: int
    dim: int
    radius: float | np.ndarray = 1.0
    convex: bool = field(init=False, default=False)

    def project(self, v: Array) -> Array:
        xp = namespace(v)
        groups = v.reshape(self.count, self.dim)
        norm = xp.linalg.vector_norm(groups, axis=1)
        somewhere = norm > 0
        scale = self.radius / xp.where(somewhere, norm, xp.ones_like(norm))
        axis = xp.where(xp.arange(self.dim, device=v.device) == 0, xp.ones_like(groups), xp.zeros_like(groups))
        return (scale[:, None] * xp.where(somewhere[:, None], groups, axis)).reshape(-1)

    def domain_support(self, y: Array) -> tuple[float, Array]:
        xp = namespace(y)
        return float(xp.sum(self.radius * xp.linalg.vector_norm(y.reshape(self.count, self.dim), axis=1))), y


@dataclass(eq=False)
class Permutation(Set):
    """Permutation matrices of the given order, vectorized column by column: linear assignment, on the host."""

    order: int
    convex: bool = field(init=False, default=False)
    count: int = field(init=False, default=1)
    dim: int = field(init=False)

    def __post_init__(self):
        self.dim = self.order**2

    def project(self, v: Array) -> Array:
        return on_host(self._assign, v)

    def _assign(self, v: np.ndarray) -> np.ndarray:
        from scipy.optimize import linear_sum_assignment

        result = np.zeros((self.order, self.order))
        result[linear_sum_assignment(v.reshape(self.order, self.order), maximize=True)] = 1.0
        return result.reshape(-1)

    def domain_support(self, y: Array) -> tuple[float, Array]:
        return float(y @ self.project(y)), y


@dataclass(eq=False)
class Rank(_SingularValues):
    """Matrices (rows, cols) of rank at most r: the r largest singular values are kept (Eckart and Young, 1936)."""

    rows: int
    cols: int
    r: int
    count: int = 1
    dim: int = field(init=False)

    def __post_init__(self):
        self.dim = self.rows * self.cols
        self._adopt(Cardinality(min(self.rows, self.cols), self.r, self.count))


@dataclass(eq=False)
class Stiefel(_SingularValues):
    """Matrices (rows, cols) with orthonormal columns (rows where cols > rows): all singular values are set to one."""

    rows: int
    cols: int
    count: int = 1
    dim: int = field(init=False)

    def __post_init__(self):
        self.dim = self.rows * self.cols
        self._adopt(FiniteSet(self.count * min(self.rows, self.cols), np.ones(1)))


@dataclass(eq=False)
class L0(Function):
    """sum_i weight_i [y_i != 0]: hard thresholding. weight: nonnegative, float or (n,)."""

    n: int
    weight: float | np.ndarray = 1.0
    convex: bool = field(init=False, default=False)
    count: int = field(init=False)
    dim: int = field(init=False, default=1)

    def __post_init__(self):
        self.count = self.n

    def value(self, y: Array) -> float:
        xp = namespace(y)
        return float(xp.sum(self.weight * xp.where(y != 0, xp.ones_like(y), xp.zeros_like(y))))

    def prox(self, v: Array, t: Array) -> Array:
        xp = namespace(v)
        return xp.where(v * v > 2.0 * t * self.weight, v, xp.zeros_like(v))


@dataclass(eq=False)
class MCP(Function):
    """The minimax concave penalty of n entries, weight |y| - y^2 / (2 gamma) up to |y| = gamma weight and constant
    beyond (Zhang, Nearly unbiased variable selection under minimax concave penalty, 2010). weight: float or (n,)."""

    n: int
    weight: float | np.ndarray = 1.0
    gamma: float = 3.0
    convex: bool = field(init=False, default=False)
    count: int = field(init=False)
    dim: int = field(init=False, default=1)

    def __post_init__(self):
        self.count = self.n

    def value(self, y: Array) -> float:
        xp = namespace(y)
        size, knee = xp.abs(y), self.gamma * self.weight
        rising = self.weight * size - size**2 / (2.0 * self.gamma)
        return float(xp.sum(xp.where(size < knee, rising, 0.5 * knee * self.weight + 0.0 * size)))

    def prox(self, v: Array, t: Array) -> Array:
        """Firm thresholding for t < gamma; from there on the penalty outweighs the square, and it is hard."""
        xp = namespace(v)
        t = t + xp.zeros_like(v)
        size, zero, firm = xp.abs(v), xp.zeros_like(v), t < self.gamma
        ratio = xp.where(firm, 1.0 - t / self.gamma, xp.ones_like(v))
        rest = size - self.weight * t
        shrunk = xp.sign(v) * xp.where(rest > 0, rest, zero) / ratio
        hard = xp.where(size > self.weight * xp.sqrt(self.gamma * t), v, zero)
        return xp.where(firm, xp.where(size < self.gamma * self.weight, shrunk, v), hard)
