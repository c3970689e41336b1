"""The forms in which a system can be put on arrays, each scaled, with its diagonal kept apart.

A form is a square matrix M = diag(d) + O in unknowns u from which x follows. O goes on the arrays, d does not: it is
realized by dedicated conductances (feedback circuit) or digitally (products), so a penalty that enters d alone costs no
writes. With D the diagonal part of the system, R its coupling rows (weights W: penalties or fixed) and P the rest,

    reduced   S = D + P + R'W R                      symmetric positive definite, order n
    dual      W^-1 + R D^-1 R'                       symmetric positive definite, order k (P diagonal)
    kkt       [D + P, R'; -R, W^-1]                  rows flipped: every eigenvalue has a positive real part
    raw-kkt   [D + P, R'; R, -W^-1]                  indefinite, as in Liu et al. (2018), eq. 16: no circuit settles

The rows of every form are scaled once, when it is programmed. Later penalties are met, where that is possible, by
scalings that leave O as it is: a common factor (reduced, dual), a factor on x and its inverse on the multipliers (kkt).
"""

from __future__ import annotations

from functools import cached_property

import numpy as np
import scipy.sparse as sp
from scipy.sparse.linalg import splu

from admmopt.backend_api import System

from .parts import Parts

DENSE = 6_000  # order of the largest form that is multiplied out (300 MB)
CROWDED = 0.1  # density of a matrix from which it is multiplied as a dense one
HUGE = 1e12  # stands for 1 / weight where a weight is zero: such a row does not count


class Form:
    """A scaled matrix M = diag(d) + O of order `size`: the unscaled one between diag(scale) on both sides, in unknowns
    u = unscaled / scale.

    off: O, (size, size), CSR, as it goes on the arrays; d: (size,), its diagonal under the present penalties.
    Subclasses give the unscaled matrix; this class scales it, finds out what new penalties change, and multiplies.
    """

    name = ""
    symmetric = True
    system: System
    inverse_weight: np.ndarray

    def __init__(self, parts: Parts, system: System):
        self.parts = parts
        self.matrix = self.assemble(system)
        self.size = self.matrix.shape[0]
        self.scale = self.first_scale()
        self.off = _off_diagonal(self._scaled(self.scale))
        self.fit(self.scale)

    def assemble(self, system: System) -> sp.csr_array:
        """The unscaled matrix, (size, size), under the system's penalties; sets what rhs and solution need."""
        raise NotImplementedError

    def first_scale(self) -> np.ndarray:
        return 1.0 / np.sqrt(np.abs(self.matrix.diagonal()))

    def _scaled(self, scale) -> sp.csr_array:
        S = sp.diags_array(scale)
        return sp.csr_array(S @ self.matrix @ S)

    def fit(self, scale: np.ndarray) -> None:
        self.scale = scale
        self.d = scale**2 * self.matrix.diagonal()

    def update(self, system: System) -> bool:
        """Take new penalties; True where O had to change with them, so that the arrays are programmed anew."""
        self.matrix = self.assemble(system)
        scale = self.rescale()
        if scale is not None:
            self.fit(scale)
            return False
        self.scale = self.first_scale()
        self.off = _off_diagonal(self._scaled(self.scale))
        self.fit(self.scale)
        return True

    def rescale(self) -> np.ndarray | None:
        """A scale under which the new matrix has the programmed O, or None: here the old one with a common factor."""
        new, old = _off_diagonal(self._scaled(self.scale)), self.off
        if old.nnz == 0 and new.nnz == 0:
            return self.first_scale()
        if new.nnz != old.nnz or old.nnz == 0:
            return None
        place = int(np.argmax(np.abs(old.data)))
        factor = new.data[place] / old.data[place]
        same = factor > 0 and np.all(np.abs(new.data - factor * old.data) <= 1e-9 * abs(factor * old.data[place]))
        return self.scale / np.sqrt(factor) if same else None

    def product(self, u: np.ndarray) -> np.ndarray:
        """M u in double precision: what an exact residual is measured with."""
        return self.d * u + self.off @ u

    @property
    def macs(self) -> int:
        """Multiply-adds of one digital product with M."""
        return self.size + self.off.nnz

    @cached_property
    def factor_entries(self) -> int | None:
        """Entries of the triangular factor of a sparse factorization, its diagonal included, in an order that keeps
        them few; None where the matrix is crowded. They depend on the places of the entries alone."""
        if self.off.nnz > CROWDED * self.size**2:
            return None
        places = abs(self.off) + abs(self.off).T
        dominant = sp.csc_array(places + sp.diags_array(places.sum(axis=1) + 1.0))
        options = {"permc_spec": "MMD_AT_PLUS_A", "diag_pivot_thresh": 0.0, "options": {"SymmetricMode": True}}
        return int(splu(dominant, **options).L.nnz)

    @property
    def overhead(self) -> int:
        """Multiply-adds of a right-hand side and a solution, which a digital solver of this form needs as well."""
        return 2 * (self.parts.R.nnz + self.size + self.parts.n)

    def rhs(self, r1: np.ndarray, r2: np.ndarray) -> np.ndarray:
        """The scaled right-hand side (size,) for r1 (n,) and r2 (m,)."""
        raise NotImplementedError

    def solution(self, u: np.ndarray, r1: np.ndarray, r2: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """x (n,) and z = A x (m,) from u."""
        raise NotImplementedError

    def _rows(self, x, nu, r2) -> np.ndarray:
        """z = A x, in the coupling rows as r2 + nu / rho: an error of nu there is one of the multiplier itself, where
        A x would have multiplied an error of x by the penalty."""
        p, z = self.parts, self.system.A.matvec(x)
        free = p.index >= 0
        z[p.index[free]] = r2[p.index[free]] + self.inverse_weight[free] * nu[free]
        return z

    def start(self, x: np.ndarray, r2: np.ndarray) -> np.ndarray:
        """The u that belongs to an x, to start from."""
        raise NotImplementedError

    def _targets(self, r2) -> np.ndarray:
        """r2 in the coupling rows, 0 in rows of fixed weight."""
        return np.where(self.parts.index >= 0, r2[self.parts.index] if r2.size else 0.0, 0.0)

    def _add_single(self, r1, r2, system) -> np.ndarray:
        """r1 + the single-entry rows' part of A'(rho r2)."""
        p = self.parts
        values = p.coefficient * system.rho[p.place] * r2[p.place]
        return r1 + np.bincount(p.column, weights=values, minlength=p.n)


class Reduced(Form):
    name = "reduced"

    def assemble(self, system):
        self.system, p = system, self.parts
        D, W = p.shift(system), p.weights(system)
        S = sp.diags_array(D) + (sp.csr_array((p.n, p.n)) if p.P is None else p.P)
        return sp.csr_array(S + gram(p.R.T, W)) if W.size else sp.csr_array(S)

    def rhs(self, r1, r2):
        return self.scale * (r1 + self.system.A.rmatvec(self.system.rho * r2))

    def solution(self, u, r1, r2):
        x = self.scale * u
        return x, self.system.A.matvec(x)

    def start(self, x, r2):
        return x / self.scale


class Dual(Form):
    """Unknowns nu = W (R x - r2): (W^-1 + R D^-1 R') nu = R D^-1 r - r2, x = D^-1 (r - R' nu)."""

    name = "dual"

    def assemble(self, system):
        self.system, p = system, self.parts
        self.D, W = p.shift(system), p.weights(system)
        self.inverse_weight = _inverse(W)
        return sp.csr_array(sp.diags_array(self.inverse_weight) + gram(p.R, 1.0 / self.D))

    def rhs(self, r1, r2):
        r = self._add_single(r1, r2, self.system)
        return self.scale * (self.parts.R @ (r / self.D) - self._targets(r2))

    def solution(self, u, r1, r2):
        nu = self.scale * u
        x = (self._add_single(r1, r2, self.system) - self.parts.R.T @ nu) / self.D
        return x, self._rows(x, nu, r2)

    def start(self, x, r2):
        return (self.parts.R @ x - self._targets(r2)) / (self.inverse_weight * self.scale)


class KKT(Form):
    """Unknowns (x, nu), nu as in `Dual`: D x + P x + R'nu = r, -R x + nu / W = -r2."""

    name, symmetric = "kkt", False
    sign = -1.0

    def assemble(self, system):
        self.system, p = system, self.parts
        D, self.inverse_weight = p.shift(system), _inverse(p.weights(system))
        top = sp.diags_array(D) + (sp.csr_array((p.n, p.n)) if p.P is None else p.P)
        lower = sp.diags_array(-self.sign * self.inverse_weight)
        return sp.block_array([[top, p.R.T], [self.sign * p.R, lower]], format="csr")

    def first_scale(self):
        """Unit diagonal for x, unit Euclidean norm of the rows of R after that for the multipliers, then balanced."""
        p = self.parts
        x = 1.0 / np.sqrt(self.matrix.diagonal()[: p.n])
        norms = np.sqrt(np.asarray((p.R @ sp.diags_array(x)).power(2).sum(axis=1)).ravel())
        return self._balanced(np.concatenate([x, 1.0 / np.maximum(norms, 1e-12)]))

    def rescale(self):
        return self._balanced(self.scale)

    def _balanced(self, scale):
        """x times a, multipliers over a: O stays. a makes the two diagonals alike in geometric mean, which for a common
        factor on all penalties undoes it."""
        d, n = np.abs(scale**2 * self.matrix.diagonal()), self.parts.n
        if self.parts.P is not None or n == self.size:
            return scale  # P would change with a
        a = np.exp(-np.mean(np.log(d[:n])) / 2)
        return np.concatenate([scale[:n] * a, scale[n:] / a])

    def rhs(self, r1, r2):
        return self.scale * np.concatenate([self._add_single(r1, r2, self.system), self.sign * self._targets(r2)])

    def solution(self, u, r1, r2):
        n = self.parts.n
        x, nu = np.split(self.scale * u, [n])
        return x, self._rows(x, nu, r2)

    def start(self, x, r2):
        nu = (self.parts.R @ x - self._targets(r2)) / self.inverse_weight
        return np.concatenate([x, nu]) / self.scale


class RawKKT(KKT):
    """The symmetric indefinite matrix that the rows of `KKT` are flipped from."""

    name, symmetric = "raw-kkt", True
    sign = 1.0


FORMS = {form.name: form for form in (Reduced, Dual, KKT, RawKKT)}


def gram(R: sp.csr_array, weight: np.ndarray) -> sp.csr_array:
    """R diag(weight) R', by dense arithmetic where R is dense."""
    if R.nnz > CROWDED * np.prod(R.shape):
        dense = R.toarray()
        return sp.csr_array((dense * weight) @ dense.T)
    return sp.csr_array(R @ (sp.diags_array(weight) @ R.T))


def _off_diagonal(matrix: sp.csr_array) -> sp.csr_array:
    off = sp.csr_array(matrix - sp.diags_array(matrix.diagonal(), format="csr"))
    off.eliminate_zeros()
    off.sort_indices()
    return off


def _inverse(weight: np.ndarray) -> np.ndarray:
    with np.errstate(divide="ignore"):
        return np.minimum(1.0 / weight, HUGE)
