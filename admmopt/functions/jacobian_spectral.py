"""Jacobians of spectral maps: what the eigenvalues or singular values do, carried to the matrices.

For X = Q diag(x) Q' and G(X) = Q diag(g(x)) Q', g a symmetric map, the derivative is H -> Q (Omega o Q'HQ) Q' plus
what g does to the diagonal beyond Omega, with Omega_ij = (g_i - g_j) / (x_i - x_j) (Loewner's matrix; Lewis and Sendov,
Quadratic expansions of spectral functions, 2001). For singular values, X = U diag(x) V' and g absolutely symmetric:
with A = U'HV, the symmetric part of A meets Omega, the antisymmetric one (g_i + g_j) / (x_i + x_j), and the rows and
columns of H outside of U and V are scaled by g_i / x_i (Ding, Sun, Sun and Toh, Spectral operators of matrices, 2018).

The prox on the spectrum moves each entry by a scalar function, of derivative `slope`, and by its common threshold or
scale, of low rank; the latter makes a low-rank term of matrices, `rest`.
"""

from __future__ import annotations

from dataclasses import dataclass

from .base import Array, namespace
from .jacobian import Blocks, Jacobian
from .svec import smat, svec

TIE = 1e-8  # gap, over the largest of a spectrum, below which a difference quotient loses more digits than the slope


def quotients(x: Array, g: Array, other_x: Array, other_g: Array, slope: Array) -> Array:
    """(g_i - other_g_j) / (x_i - other_x_j), and the mean slope of i and j where these nearly meet. All (count, k);
    returns (count, k, k) in [0, 1]."""
    xp = namespace(x)
    gap = x[:, :, None] - other_x[:, None, :]
    tie = xp.abs(gap) <= TIE * xp.max(xp.abs(x), axis=1)[:, None, None]
    ratio = (g[:, :, None] - other_g[:, None, :]) / xp.where(tie, xp.ones_like(gap), gap)
    return _into_unit(xp.where(tie, 0.5 * (slope[:, :, None] + slope[:, None, :]), ratio))


def _into_unit(numbers: Array) -> Array:
    xp = namespace(numbers)
    return xp.where(numbers > 0, xp.where(numbers < 1, numbers, xp.ones_like(numbers)), xp.zeros_like(numbers))


def symmetric_jacobian(Q: Array, x: Array, g: Array, slope: Array, rest: Blocks | None = None) -> SymmetricSpectral:
    """At X = Q diag(x) Q', moved to Q diag(g) Q'. Q: (count, n, n); x, g, slope: (count, n)."""
    return SymmetricSpectral(Q, quotients(x, g, x, g, slope), rest)


def rectangular_jacobian(U, Vt, x, g, slope, rest: Blocks | None = None) -> RectangularSpectral:
    """At X = U diag(x) V', moved to U diag(g) V'. U: (count, p, k); Vt: (count, k, q); x, g, slope: (count, k)."""
    return RectangularSpectral(U, Vt, quotients(x, g, x, g, slope), quotients(x, g, -x, -g, slope), rest)


class _Form(Jacobian):
    """What both forms share: the low-rank term, and a diagonal that is an estimate."""

    rest: Blocks | None
    exact_diagonal = False

    def _with_rest(self, result: Array, d: Array) -> Array:
        return result if self.rest is None else result + self.rest.matvec(d)

    def diagonal(self) -> Array:
        """An estimate: the exact diagonal takes about k times as long as `matvec`. Only the squares of entries of the
        singular vectors are summed; what is left out is at most as large."""
        result = self._main_diagonal()
        return result if self.rest is None else _into_unit(result + self.rest.diagonal())

    def _main_diagonal(self) -> Array:
        raise NotImplementedError


@dataclass(eq=False)
class SymmetricSpectral(_Form):
    """svec H -> svec Q (omega o Q'HQ) Q' + rest. Q, omega: (count, n, n)."""

    Q: Array
    omega: Array
    rest: Blocks | None = None

    def __post_init__(self):
        self.count, self.order, _ = self.Q.shape
        self.size = self.count * self.order * (self.order + 1) // 2

    def matvec(self, d: Array) -> Array:
        H = smat(d.reshape(self.count, -1), self.order)
        inner = self.omega * (self.Q.mT @ H @ self.Q)
        return self._with_rest(svec(self.Q @ inner @ self.Q.mT).reshape(-1), d)

    def _main_diagonal(self) -> Array:
        squares = self.Q**2
        return _lower(squares @ self.omega @ squares.mT)


def _lower(matrices: Array) -> Array:
    """The lower triangles without svec's scale: (count, n, n) to a flat array."""
    xp = namespace(matrices)
    ones = svec(xp.ones_like(matrices))
    return (svec(matrices) / ones).reshape(-1)


@dataclass(eq=False)
class RectangularSpectral(_Form):
    """H -> U (minus o (A + A')/2 + plus o (A - A')/2) V' + (I - UU') H V r V' + U r U'H (I - VV') + rest, A = U'HV and
    r the diagonal of plus. U: (count, p, k); Vt: (count, k, q), k = min(p, q); minus, plus: (count, k, k)."""

    U: Array
    Vt: Array
    minus: Array
    plus: Array
    rest: Blocks | None = None

    def __post_init__(self):
        self.sizes = (self.U.shape[0], self.U.shape[1], self.Vt.shape[2])
        self.ratio = namespace(self.U).linalg.diagonal(self.plus)
        self.size = self.sizes[0] * self.sizes[1] * self.sizes[2]

    def matvec(self, d: Array) -> Array:
        U, Vt = self.U, self.Vt
        H = d.reshape(self.sizes)
        left, right = U.mT @ H, H @ Vt.mT
        A = left @ Vt.mT
        inner = 0.5 * (self.minus * (A + A.mT) + self.plus * (A - A.mT))
        # one of the two complements is empty: k = min(p, q)
        above = inner @ Vt + self.ratio[:, :, None] * (left - A @ Vt)
        beside = (right - U @ A) * self.ratio[:, None, :]
        return self._with_rest((U @ above + beside @ Vt).reshape(-1), d)

    def _main_diagonal(self) -> Array:
        rows, columns = self.U**2, self.Vt**2
        xp = namespace(rows)
        mean = 0.5 * (self.minus + self.plus)
        same = 0.5 * (xp.linalg.diagonal(self.minus) - self.ratio)  # products of an entry with itself
        result = rows @ mean @ columns + (rows * same[:, None, :]) @ columns
        outside = (1.0 - xp.sum(rows, axis=2))[:, :, None] * (self.ratio[:, None, :] @ columns)
        outside = outside + (rows @ self.ratio[:, :, None]) * (1.0 - xp.sum(columns, axis=1))[:, None, :]
        return (result + outside).reshape(-1)
