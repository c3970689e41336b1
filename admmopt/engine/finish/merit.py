"""What Newton's method minimizes: the proximal augmented Lagrangian in x alone.

    phi(x) = 1/2 x'Px + q'x + sum_i rho_i env_{f_i/rho_i}(w_i) + sum_j sigma_j/2 (x_j - c_j)^2,   w = A x + b + y / rho,

is convex and once differentiable, with gradient P x + q + A'u + sigma (x - c), where u = rho (w - prox(w)) is the dual
that belongs to x. Its generalized Hessian P + sigma + A' rho (I - J) A, J the Jacobian of the prox, is one more
`System`, with weights rho (I - J) in place of rho (Li, Sun & Toh, SIAM J. Optim. 28, 2018; Hermans, Themelis &
Patrinos, Math. Prog. Comp. 14, 2022).
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from ...functions.jacobian import Jacobian, diagonal, product
from ..standard import Standard

ROUNDING = 1e-15  # error of rho (w - prox(w)) over rho w


@dataclass(frozen=True)
class At:
    """phi at x: w and z = prox(w) (m,), u the dual (m,), slope = phi'(x) (n,), size = |slope| over the dual's scale,
    floor: what of it may be rounding."""

    x: np.ndarray
    w: np.ndarray
    z: np.ndarray
    u: np.ndarray
    slope: np.ndarray
    size: float
    floor: float


@dataclass(frozen=True)
class Jacobians:
    """The Jacobian J of the prox of all rows: parts are pairs of rows and a diagonal or a `Jacobian`."""

    parts: list
    size: int

    @property
    def diagonal_only(self) -> bool:
        return not any(isinstance(part, Jacobian) for _, part in self.parts)

    def diagonal(self):
        """(size,), in [0, 1]."""
        return self._by_rows(lambda part, rows: diagonal(part))

    def matvec(self, d):
        """J d. d: (size,)."""
        return self._by_rows(lambda part, rows: product(part, d[rows]))

    def _by_rows(self, piece):
        result = np.empty(self.size)
        for rows, part in self.parts:
            result[rows] = piece(part, rows)
        return result


class Merit:
    """phi for a fixed center c (n,), dual y (m,), rho (m,) and sigma (n,). size (n,): of A'rho A, column by column."""

    def __init__(self, standard: Standard, center, y, rho, sigma, size):
        self.standard, self.center, self.rho, self.sigma, self.size = standard, center, rho, sigma, size
        self.shift = standard.b + y / rho
        self.parts = [
            (rows, function, 1.0 / rho[rows][:: function.dim])
            for rows, function in zip(standard.slices, standard.functions, strict=True)
        ]

    def prox(self, w):
        z = np.empty_like(w)
        for rows, function, t in self.parts:
            z[rows] = function.prox(w[rows], t)
        return z

    def jacobian(self, w) -> Jacobians:
        """That of the prox, function by function."""
        return Jacobians([(rows, function.prox_jacobian(w[rows], t)) for rows, function, t in self.parts], w.size)

    def at(self, x, z=None) -> At:
        """phi at x. z: the prox of its w, where that is known."""
        standard = self.standard
        w = standard.A.matvec(x) + self.shift
        z = self.prox(w) if z is None else z
        u = self.rho * (w - z)
        Px, Au = standard.quadratic(x)[0], standard.A.rmatvec(u)
        slope = Px + standard.q + Au + self.sigma * (x - self.center)
        scale = 1.0 + max(_size(Px), _size(Au), _size(standard.q))
        return At(x, w, z, u, slope, _size(slope) / scale, ROUNDING * _size(self.rho * w) / scale)


def _size(v):
    return float(np.abs(v).max()) if v.size else 0.0
