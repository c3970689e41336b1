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

from ..standard import Standard


@dataclass(frozen=True)
class At:
    """phi at x: w and z = prox(w) (m,), u the dual (m,), slope = phi'(x) (n,), size = |slope| over the dual's scale."""

    x: np.ndarray
    w: np.ndarray
    z: np.ndarray
    u: np.ndarray
    slope: np.ndarray
    size: float


class Merit:
    """phi for a fixed center c (n,), dual y (m,), rho (m,) and sigma (n,). size (n,): of A'rho A, column by column."""

    def __init__(self, standard: Standard, center, y, rho, sigma, size):
        self.standard, self.center, self.rho, self.sigma, self.size = standard, center, rho, sigma, size
        self.shift = standard.b + y / rho
        self.parts = [
            (rows, function, 1.0 / rho[rows])
            for rows, function in zip(standard.slices, standard.functions, strict=True)
        ]

    def prox(self, w):
        z = np.empty_like(w)
        for rows, function, t in self.parts:
            z[rows] = function.prox(w[rows], t)
        return z

    def jacobian(self, w):
        """The diagonal of the Jacobian of the prox: (m,), entries in [0, 1]."""
        J = np.empty_like(w)
        for rows, function, t in self.parts:
            J[rows] = function.prox_jacobian(w[rows], t)
        return J

    def at(self, x) -> At:
        standard = self.standard
        w = standard.A.matvec(x) + self.shift
        z = self.prox(w)
        u = self.rho * (w - z)
        Px, Au = standard.quadratic(x)[0], standard.A.rmatvec(u)
        slope = Px + standard.q + Au + self.sigma * (x - self.center)
        scale = 1.0 + max(_size(Px), _size(Au), _size(standard.q))
        return At(x, w, z, u, slope, _size(slope) / scale)


def _size(v):
    return float(np.abs(v).max()) if v.size else 0.0
