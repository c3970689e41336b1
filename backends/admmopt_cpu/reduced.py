"""Forms that eliminate everything but x: S x = r1 + A'(rho * r2), with S = P + sigma + F'WF + A' rho A."""

from __future__ import annotations

from dataclasses import dataclass, replace
from importlib.util import find_spec

import numpy as np
import scipy.linalg as la
import scipy.sparse as sp

from admmopt.backend_api import LinearResult, System

from .ldl import QuasiDefinite, inverse
from .pieces import Pieces, Rows, join, take_apart
from .residual import relative_residual

BLOCKED = 12.0  # speed of a matrix-matrix product over a matrix-vector one, per flop
SAME = 1e-6  # relative difference of two factors that count as one; `refine` makes it good
WORN = 100.0  # rounding that a Gram matrix may have kept of larger factors, over that of its own
CROWDED, CHUNK = 0.01, 4096  # density above which a sparse Gram matrix is faster by dense chunks of so many rows
SOON = 2e8  # products in an orthogonal factorization that takes no time
SPARSER, LONG = 0.02, 1e7  # products over those of dense chunks below which it is faster compiled; fewer take no time


class Reduced:
    """What these forms share: right-hand side, z = A x, one refinement step where a trial solve needs it."""

    form = "reduced"
    replaceable = True  # are rows with other values taken?
    turned = False  # have they been?

    def __init__(self, system: System, pieces: Pieces, reason: str):
        self.system, self.pieces, self.reason = system, pieces, reason
        self.factorizations = self.solves = 0
        self.refine = False
        self.update(rho=system.rho)

    def factorize(self) -> None:
        """Factorize for the penalties in self.system."""
        raise NotImplementedError

    def invert(self, rhs: np.ndarray) -> np.ndarray:
        """S^-1 rhs with the present factors. rhs: (n,), or (n, k) for several at once."""
        raise NotImplementedError

    def update(self, *, rho, sigma=None, A=None):
        self.system = self.system.with_penalty(rho, sigma)
        if A is not None:  # all that was formed of rows of terms is of no use
            counts, self.turned = (self.factorizations, self.solves), True
            self.__init__(system := replace(self.system, A=A), take_apart(system), self.reason)
            self.factorizations, self.solves = counts[0] + 1, counts[1]
            return
        self.factorize()
        self.factorizations += 1
        self.refine = self.inaccurate()

    def inaccurate(self) -> bool:
        """Does a trial solve, which is never refined, leave more than rounding does?"""
        trial = np.cos(np.arange(self.pieces.n, dtype=float))
        error = np.linalg.norm(self.system.product(self.invert(trial)) - trial)
        return bool(error > 1e-10 * np.linalg.norm(trial))

    def solve(self, r1, r2, *, guess=None, tol=None):
        system = self.system
        rhs = r1 + system.A.rmatvec(system.rho * r2)
        x = self.invert(rhs)
        if self.refine:
            x = x + self.invert(rhs - system.product(x))
        self.solves += 1
        return LinearResult(x, system.A.matvec(x), lambda: relative_residual(system, x, rhs))

    def report(self):
        return {
            "form": self.form,
            "reason": self.reason,
            "factorizations": self.factorizations,
            "solves": self.solves,
            "refinements": int(self.refine),
            "direct": True,
            "rows": self.replaceable,
            "update_cost": self.update_cost(),
        }

    def update_cost(self) -> float:
        """What `update` costs in solves, by a flop count: blocked factorizations run BLOCKED times faster per flop."""
        return 1.0


class Diagonal(Reduced):
    form = "diagonal"

    def factorize(self):
        self.inverse = 1.0 / self.pieces.shift(self.system)

    def invert(self, rhs):
        return (self.inverse * rhs.T).T


class Cholesky:
    """L L' = S for a dense S; two triangular solves (faster than `cho_solve`: no checks, no copies)."""

    def __init__(self, matrix: np.ndarray):
        self.lower = la.cholesky(matrix, lower=True, overwrite_a=True, check_finite=False)

    def solve(self, rhs):
        half = la.solve_triangular(self.lower, rhs, lower=True, check_finite=False)
        return la.solve_triangular(self.lower, half, lower=True, trans="T", overwrite_b=True, check_finite=False)


class Triangle:
    """R'R = S with R from an orthogonal factorization of rows whose Gram matrix S is: of twice the range of condition
    numbers that a Cholesky factor of S stands (with a step of refinement: Bjorck, Linear Algebra Appl. 88/89, 1987)."""

    def __init__(self, rows: np.ndarray):
        self.upper = la.qr(rows, mode="r", overwrite_a=True, check_finite=False)[0][: rows.shape[1]]

    def solve(self, rhs):
        half = la.solve_triangular(self.upper, rhs, trans="T", check_finite=False)
        return la.solve_triangular(self.upper, half, overwrite_b=True, check_finite=False)


class DenseCholesky(Reduced):
    """S formed as a dense n x n matrix. The fixed part is formed once; A' rho A is reused, scaled, while the
    penalties change by a common factor only."""

    form = "dense Cholesky"

    def __init__(self, system, pieces, reason):
        self.kinds = [rows for rows in (pieces.sparse, pieces.dense) if rows is not None]
        if not self.turned:
            self._form_fixed(pieces)
        self.grams: list[tuple[np.ndarray, np.ndarray] | None] = [None] * len(self.kinds)
        super().__init__(system, pieces, reason)

    def _form_fixed(self, pieces):
        self.fixed = np.zeros((pieces.n, pieces.n))
        if pieces.P is not None:
            self.fixed += pieces.P.toarray() if sp.issparse(pieces.P) else pieces.P
        for rows in self.kinds:
            kept = ~np.isnan(rows.weight)
            if kept.any():
                self.fixed += gram(rows.matrix[kept], rows.weight[kept])

    def factorize(self):
        if self.turned and self.pieces.P is None and sum(r.weight.size for r in self.kinds) * self.pieces.n**2 < SOON:
            self._factorize_rows()
            return
        S, self.counted = self.fixed.copy(), 0
        for i, rows in enumerate(self.kinds):
            free = np.isnan(rows.weight)
            if not free.any():
                continue
            scale = np.where(free, rows.scale(self.system.rho), 0.0)
            active = np.flatnonzero(scale)
            if self.turned or active.size < free.sum():  # rows that change or, in Newton steps, drop out: not kept
                few = active if 2 * active.size < free.size else slice(None)
                S += gram(rows.matrix[few], scale[few])
                self.counted += active.size
                continue
            known = self.grams[i]
            ratio = common_factor(scale[free], known[0][free]) if known is not None else None
            if ratio is None:
                known, ratio = (scale, gram(rows.matrix, scale)), 1.0
                self.grams[i] = known
            S += ratio * known[1]
            self.counted += int(free.sum())
        S[np.diag_indices_from(S)] += self.pieces.shift(self.system)
        self.factor = Cholesky(S)

    def _factorize_rows(self):
        """Rows that are replaced serve a few solves, as accurate ones as can be had."""
        scaled = []
        for rows in self.kinds:
            root = np.sqrt(rows.scale(self.system.rho))[:, None]
            scaled.append(rows.matrix.multiply(root).toarray() if sp.issparse(rows.matrix) else root * rows.matrix)
        scaled.append(np.diag(np.sqrt(self.pieces.shift(self.system))))
        rows = np.concatenate(scaled)
        order = np.argsort(-np.abs(rows).max(axis=1))  # large rows first: what is small keeps its digits
        self.factor = Triangle(rows[order])
        self.counted = sum(rows.shape[0] for rows in scaled)

    def invert(self, rhs):
        return self.factor.solve(rhs)

    def update_cost(self):
        n = self.pieces.n
        rows = sum(np.isnan(kind.weight).sum() for kind in self.kinds)
        return float((n**3 / 3 + self.counted * n**2) / (BLOCKED * (2 * n**2 + 4 * rows * n)))


@dataclass(frozen=True)
class Known:
    """product (k, k): R diag(factors) R'. peak: the largest factor that was ever in it, whose rounding still is."""

    factors: np.ndarray
    product: np.ndarray
    peak: float

    def changes(self, factors: np.ndarray) -> tuple[float, np.ndarray]:
        """The factor by which most columns have changed, and the columns that have changed by another (to SAME)."""
        ratio = factors / self.factors
        common = float(np.median(ratio))
        return common, np.flatnonzero(np.abs(ratio - common) > SAME * common)


class Woodbury(Reduced):
    """Few rows R of weight W beside a diagonal D. With u = W (R x - r2): D x + R'u = r1, R x - u/W = r2;
    eliminating x leaves (W^-1 + R D^-1 R') u = R D^-1 r1 - r2, k x k, and R x = r2 + u/W for free: a solve passes over
    R twice. Rows without weight drop out. R D^-1 R' of all rows is kept, the first one and the last: for a new D only
    the columns count in which that has changed by another factor than most, a few from one Newton step to the next."""

    form = "Woodbury"

    def __init__(self, system, pieces, reason):
        self.rows = joined(pieces)
        self.R, self.RT = self.rows.matrix, transpose(self.rows.matrix)
        self.free = np.flatnonzero(np.isnan(self.rows.weight))
        self.places = self.rows.index[self.free]
        self.known: list[Known] = []
        super().__init__(system, pieces, reason)

    def factorize(self):
        self.inverse = 1.0 / self.pieces.shift(self.system)
        weight = self.rows.scale(self.system.rho)
        active = np.flatnonzero(weight)
        self.complete = active.size == weight.size
        self.active = slice(None) if self.complete else active
        inner = self._gram(active.size)
        self.slack = inverse(weight[self.active])
        inner[np.diag_indices_from(inner)] += self.slack
        self.factor = Cholesky(inner)

    def inaccurate(self):
        return not self.complete or super().inaccurate()  # Newton steps, of one solve each, are not worth a trial

    def _gram(self, active: int):
        """R D^-1 R' of so many active rows, a new array."""
        (k, n), largest = self.R.shape, float(self.inverse.max())
        options = [(known, *known.changes(self.inverse)) for known in self.known]
        options = [option for option in options if option[1] * option[0].peak <= WORN * largest]
        if not options or (self.complete and min(4 * other.size for _, _, other in options) >= n):
            self.known, self.counted = [Known(self.inverse, gram(self.RT, self.inverse), largest)], n
            return self._among(self.known[0].product)
        known, common, other = min(options, key=lambda option: option[2].size)
        self.counted = other.size
        kept, change = common * known.factors, self.inverse[other] - common * known.factors[other]
        if k**2 * other.size > active**2 * n:  # among few rows it is cheaper without what the next step could use
            return common * self._among(known.product) + changed(self.RT[other][:, self.active], change)
        total = common * known.product
        if other.size:
            total += changed(self.RT[other], change)
        kept[other] = self.inverse[other]
        self.known[1:] = [Known(kept, total, max(common * known.peak, largest))]
        return self._among(total)

    def _among(self, product):
        """Of the active rows, a new array. product: (k, k)."""
        return product.copy() if self.complete else product[np.ix_(self.active, self.active)]

    def _from_rows(self, u):
        """R'u. u: one entry, or one row of several columns, for each active row."""
        if not self.complete:
            few, u = u, np.zeros((self.R.shape[0], *u.shape[1:]))
            u[self.active] = few
        return self.RT @ u

    def solve(self, r1, r2, *, guess=None, tol=None):
        system = self.system
        rhs = r1.copy()
        for rows in self.pieces.single:
            rows.add_adjoint(system.rho * r2, rhs)
        target = np.zeros(self.R.shape[0])
        target[self.free] = r2[self.places]
        x, u = self._solve(rhs, target[self.active])
        z = np.empty(r2.size)
        for rows in self.pieces.single:
            rows.forward(x, z)
        if self.complete:
            target += self.slack * u
        else:
            target = self.R @ x
        z[self.places] = target[self.free]
        self.solves += 1
        full = lambda: relative_residual(system, x, r1 + system.A.rmatvec(system.rho * r2))  # noqa: E731
        return LinearResult(x, z, full)

    def _solve(self, rhs, target):
        """x and u. A step of refinement is one of the k x k system, whose residual is R x - u / W - r2: two passes."""
        u = self.factor.solve((self.R @ (self.inverse * rhs))[self.active] - target)
        x = self.inverse * (rhs - self._from_rows(u))
        if self.refine:
            u += self.factor.solve((self.R @ x)[self.active] - self.slack * u - target)
            x = self.inverse * (rhs - self._from_rows(u))
        return x, u

    def invert(self, rhs):
        x = (self.inverse * rhs.T).T
        return x - (self.inverse * self._from_rows(self.factor.solve((self.R @ x)[self.active])).T).T

    def update_cost(self):
        k, n = self.R.shape
        active = self.slack.size
        return float((active**3 / 3 + active**2 * self.counted) / (BLOCKED * (2 * k**2 + 4 * k * n)))


class Bordered(Reduced):
    """Few dense rows R beside a sparse rest B: S^-1 = B^-1 - B^-1 R' (W^-1 + R B^-1 R')^-1 R B^-1, B by sparse LDL'."""

    form = "sparse LDL' bordered by dense rows"

    def __init__(self, system, pieces, reason):
        self.rows = pieces.dense
        rest = replace(pieces, dense=None)
        self.base = QuasiDefinite(system, rest, reason)
        super().__init__(system, pieces, reason)

    def factorize(self):
        self.base.update(rho=self.system.rho, sigma=self.system.sigma)
        self.columns = np.stack([self.base.invert(row) for row in self.rows.matrix], axis=1)
        inner = self.rows.matrix @ self.columns
        inner[np.diag_indices_from(inner)] += inverse(self.rows.scale(self.system.rho))
        self.factor = Cholesky(0.5 * (inner + inner.T))

    def invert(self, rhs):
        x = self.base.invert(rhs)
        return x - self.columns @ self.factor.solve(self.rows.matrix @ x)

    def update_cost(self):
        return self.base.update_cost() + self.rows.matrix.shape[0]


def transpose(matrix):
    """R' as it is fast to multiply with and to take rows of: a copy of a sparse R, a view of a dense one."""
    return matrix.T.tocsr() if sp.issparse(matrix) else matrix.T


def joined(pieces: Pieces) -> Rows:
    """All rows that are not single entries, as one group: sparse where all are, else dense."""
    kinds = [rows for rows in (pieces.sparse, pieces.dense) if rows is not None]
    if pieces.dense is None:
        return pieces.sparse
    return join([Rows(r.matrix.toarray() if sp.issparse(r.matrix) else r.matrix, r.index, r.weight) for r in kinds])


def gram(matrix, weight: np.ndarray) -> np.ndarray:
    """matrix' diag(weight) matrix as a dense array (weights may not be negative)."""
    if sp.issparse(matrix):
        matrix = sp.csr_array(matrix)
        counts = np.diff(matrix.indptr).astype(float)
        if LONG < counts @ counts < SPARSER * matrix.shape[0] * matrix.shape[1] ** 2 and find_spec("numba") is not None:
            from .sparse_gram import outer_products

            return outer_products(matrix, weight)
        if matrix.nnz < CROWDED * matrix.shape[0] * matrix.shape[1]:
            return (matrix.T @ (sp.diags_array(weight) @ matrix)).toarray()
        total = np.zeros((matrix.shape[1],) * 2)
        for start in range(0, matrix.shape[0], CHUNK):
            part = slice(start, start + CHUNK)
            total = total + gram(matrix[part].toarray(), weight[part])
        return total
    if weight.size and np.all(weight == weight[0]):
        return weight[0] * (matrix.T @ matrix)
    scaled = np.sqrt(weight)[:, None] * matrix
    return scaled.T @ scaled


def changed(matrix, change: np.ndarray) -> np.ndarray:
    """matrix' diag(change) matrix for changes of both signs."""
    gained, lost = (gram(matrix[part], np.abs(change[part])) for part in (change > 0, change < 0))
    return gained - lost


def common_factor(new: np.ndarray, old: np.ndarray) -> float | None:
    """c with new = c * old to rounding, or None."""
    ratio = new / old
    return float(ratio[0]) if ratio.size and np.ptp(ratio) <= 1e-12 * abs(ratio[0]) else None
