"""Generalized Jacobians of proxes that couple the entries of a group.

The prox of a convex f is the gradient of a convex function with Lipschitz constant 1 (Moreau), so every element of its
generalized Jacobian is symmetric with 0 <= J <= I. That of an elementwise f is diagonal and is given as the plain array
of its diagonal; the classes here are for the others. `product`, `diagonal` and `affine` take either.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from .base import Array, namespace


class Jacobian(ABC):
    """A symmetric linear map J of R^size with 0 <= J <= I, on arrays of the library of the point it was taken at."""

    size: int
    exact_diagonal: bool = True  # is `diagonal` that of J, or an estimate?

    @abstractmethod
    def matvec(self, d: Array) -> Array:
        """J d. d: (size,), returns (size,)."""

    @abstractmethod
    def diagonal(self) -> Array:
        """The diagonal of J, or with `exact_diagonal` False an estimate of it, in [0, 1]: (size,)."""

    def affine(self, a: Array, b: Array) -> Jacobian:
        """a I + b J; a, b: numbers or (size,), constant on each group that J couples."""
        return Affine(self, a, b)


def product(jacobian: Array | Jacobian, d: Array) -> Array:
    """J d, J a Jacobian or the array of a diagonal one. d: (size,)."""
    return jacobian.matvec(d) if isinstance(jacobian, Jacobian) else jacobian * d


def diagonal(jacobian: Array | Jacobian) -> Array:
    """The diagonal of J (see `Jacobian.diagonal`): (size,)."""
    return jacobian.diagonal() if isinstance(jacobian, Jacobian) else jacobian


def affine(jacobian: Array | Jacobian | None, a: Array, b: Array):
    """a I + b J, and None where there is no J. a, b: numbers or (size,), constant on each group that J couples."""
    if jacobian is None:
        return None
    return jacobian.affine(a, b) if isinstance(jacobian, Jacobian) else a + b * jacobian


@dataclass(eq=False)
class Blocks(Jacobian):
    """One block per group, J_g = diag(base_g) + sum_k coefficients_gk u_gk u_gk', u_gk the rows of vectors_g.

    base: (count, dim); vectors: (count, rank, dim); coefficients: (count, rank).
    """

    base: Array
    vectors: Array
    coefficients: Array

    def __post_init__(self):
        self.count, self.rank, self.dim = self.vectors.shape
        self.size = self.count * self.dim

    def matvec(self, d: Array) -> Array:
        groups = d.reshape(self.count, self.dim)
        along = (self.vectors @ groups[:, :, None])[:, :, 0] * self.coefficients
        return (self.base * groups + (along[:, None, :] @ self.vectors)[:, 0, :]).reshape(-1)

    def diagonal(self) -> Array:
        return (self.base + (self.coefficients[:, None, :] @ self.vectors**2)[:, 0, :]).reshape(-1)

    def affine(self, a: Array, b: Array) -> Blocks:
        a, b = self._per_group(a), self._per_group(b)
        return Blocks(a + b * self.base, self.vectors, b * self.coefficients)

    def _per_group(self, number):
        return number if isinstance(number, float | int) else number.reshape(self.count, self.dim)[:, :1]


def low_rank(base: Array, *terms: tuple[Array, Array]) -> Array | Blocks:
    """J_g = diag(base_g) + sum_k c_gk u_gk u_gk'; the plain diagonal where groups have one entry.

    base: number, (count, 1) or (count, dim); terms: pairs of c, a number or (count,), and u (count, dim).
    """
    xp = namespace(terms[0][1])
    base = base + xp.zeros_like(terms[0][1])
    coefficients = xp.stack([c + 0.0 * base[:, 0] for c, _ in terms], axis=1)
    blocks = Blocks(base, xp.stack([u for _, u in terms], axis=1), coefficients)
    return blocks.diagonal() if blocks.dim == 1 else blocks


def unit(vectors: Array) -> Array:
    """Each row over its norm; rows of zeros stay. vectors: (count, dim)."""
    xp = namespace(vectors)
    norm = xp.linalg.vector_norm(vectors, axis=1)[:, None]
    return vectors / xp.where(norm > 0, norm, xp.ones_like(norm))


def ones_where(mask: Array, like: Array) -> Array:
    """1 where the mask holds and 0 elsewhere, in the type of `like`."""
    xp = namespace(like)
    return xp.where(mask, xp.ones_like(like), xp.zeros_like(like))


@dataclass(eq=False)
class Segments(Jacobian):
    """The mean over each segment of consecutive entries, times the segment's weight. On the host: numpy arrays only.

    size: entries; starts: (k,), the first entry of each segment, starts[0] == 0; weight: (k,), in [0, 1].
    """

    size: int
    starts: np.ndarray
    weight: np.ndarray

    def __post_init__(self):
        self.lengths = np.diff(self.starts, append=self.size)
        self.share = self.weight / self.lengths

    def matvec(self, d: np.ndarray) -> np.ndarray:
        return np.repeat(np.add.reduceat(d, self.starts) * self.share, self.lengths)

    def diagonal(self) -> np.ndarray:
        return np.repeat(self.share, self.lengths)


@dataclass(eq=False)
class Affine(Jacobian):
    """a I + b J; a, b: numbers or (size,), constant on each group that J couples, so that the two factors commute."""

    jacobian: Jacobian
    a: Array
    b: Array

    def __post_init__(self):
        self.size, self.exact_diagonal = self.jacobian.size, self.jacobian.exact_diagonal

    def matvec(self, d: Array) -> Array:
        return self.a * d + self.b * self.jacobian.matvec(d)

    def diagonal(self) -> Array:
        return self.a + self.b * self.jacobian.diagonal()

    def affine(self, a: Array, b: Array) -> Affine:
        return Affine(self.jacobian, a + b * self.a, b * self.b)


@dataclass(eq=False)
class Stacked(Jacobian):
    """Jacobians, or arrays of diagonal ones, of functions of consecutive slices."""

    parts: Sequence[Array | Jacobian]
    slices: Sequence[slice]

    def __post_init__(self):
        self.size = self.slices[-1].stop
        self.exact_diagonal = all(getattr(part, "exact_diagonal", True) for part in self.parts)

    def matvec(self, d: Array) -> Array:
        pieces = [product(part, d[rows]) for part, rows in zip(self.parts, self.slices, strict=True)]
        return namespace(d).concat(pieces)

    def diagonal(self) -> Array:
        pieces = [diagonal(part) for part in self.parts]
        return namespace(pieces[0]).concat(pieces)


@dataclass(eq=False)
class Reordered(Jacobian):
    """J in another order of the entries: (J d[order])[inverse]. order, inverse: (size,), each other's inverse."""

    jacobian: Jacobian
    order: Array
    inverse: Array

    def __post_init__(self):
        self.size, self.exact_diagonal = self.jacobian.size, self.jacobian.exact_diagonal

    def matvec(self, d: Array) -> Array:
        return self.jacobian.matvec(d[self.order])[self.inverse]

    def diagonal(self) -> Array:
        return self.jacobian.diagonal()[self.inverse]
