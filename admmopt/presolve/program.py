"""Linear and quadratic programs in rows form, as the reductions see them, and the way to and from a split problem."""

from __future__ import annotations

from dataclasses import dataclass, replace
from functools import cached_property

import numpy as np
import scipy.sparse as sp

from ..engine.problem import LeastSquares, SplitProblem, Term
from ..functions import PiecewiseQuadratic, box
from ..operators import Diagonal, Operator, Sparse


@dataclass(frozen=True)
class Program:
    """minimize 1/2 x'P x + 1/2 |F x|^2_weight + q'x + constant  subject to  lower <= A x <= upper,  l <= x <= u.

    P: (n, n), F: (k, n) or None; A: (m, n) without stored zeros; bounds may be infinite. The multipliers y (m,) of the
    rows and r (n,) of the bounds obey  P x + F'(weight F x) + q + A'y + r = 0,  positive at upper bounds and negative
    at lower ones.
    """

    P: sp.csr_array | None
    F: sp.csr_array | None
    weight: np.ndarray
    q: np.ndarray
    constant: float
    A: sp.csr_array
    lower: np.ndarray
    upper: np.ndarray
    l: np.ndarray
    u: np.ndarray

    @property
    def n(self) -> int:
        return self.q.size

    @property
    def m(self) -> int:
        return self.lower.size

    @cached_property
    def size(self) -> int:
        """Columns and rows, rows that are bounds left out."""
        return self.n + int((self.row_lengths > 1).sum())

    @cached_property
    def transpose(self) -> sp.csr_array:
        return self.A.T.tocsr()

    @cached_property
    def rows(self) -> np.ndarray:
        """(nnz,): the row of every stored entry of A."""
        return np.repeat(np.arange(self.m), self.row_lengths)

    @cached_property
    def row_lengths(self) -> np.ndarray:
        return np.diff(self.A.indptr)

    @cached_property
    def column_lengths(self) -> np.ndarray:
        return np.bincount(self.A.indices, minlength=self.n)

    @cached_property
    def curved(self) -> np.ndarray:
        """(n,) bool: does x_j enter the quadratic part?"""
        found = np.zeros(self.n, dtype=bool)
        for matrix in (self.P, self.F):
            if matrix is not None:
                found[matrix.indices] = True
        return found

    def hessian(self, x: np.ndarray) -> np.ndarray:
        """(P + F' weight F) x."""
        product = np.zeros(self.n) if self.P is None else self.P @ x
        return product if self.F is None else product + self.F.T @ (self.weight * (self.F @ x))

    def take_rows(self, keep: np.ndarray) -> Program:
        return replace(self, A=self.A[keep], lower=self.lower[keep], upper=self.upper[keep])

    def without_columns(self, gone: np.ndarray, values: np.ndarray) -> Program:
        """The program of the other columns where x = values (of the columns gone, (n,) bool) is settled."""
        x, keep = np.zeros(self.n), ~gone
        x[gone] = values
        moved, Ax = self.hessian(x), self.A @ x
        P = None if self.P is None else self.P[keep][:, keep]
        F = None if self.F is None else self.F[:, keep]
        constant = self.constant + 0.5 * float(x @ moved) + float(self.q @ x)
        lower, upper = self.lower - Ax, self.upper - Ax
        q = (self.q + moved)[keep]
        return Program(P, F, self.weight, q, constant, self.A[:, keep], lower, upper, self.l[keep], self.u[keep])

    def split(self) -> SplitProblem:
        """As the engine wants it: a term of the rows, then one of the bounds; either is left out where it is empty."""
        found = SplitProblem(self.n, self.q, constant=self.constant)
        if self.P is not None and self.P.nnz:
            found.P = Sparse(self.P)
        if self.F is not None and self.F.nnz:
            found.squares = [LeastSquares(Sparse(self.F), np.zeros(self.F.shape[0]), self.weight)]
        if self.m:
            found.terms.append(Term(box(self.lower, self.upper), Sparse(self.A), np.zeros(self.m), "rows"))
        bounded = self.bounded
        if bounded.size:
            place = sp.eye_array(self.n, format="csr")[bounded]
            function = box(self.l[bounded], self.u[bounded])
            found.terms.append(Term(function, Sparse(place), np.zeros(bounded.size), "bounds"))
        return found

    @cached_property
    def bounded(self) -> np.ndarray:
        """The columns that have a bound."""
        return np.flatnonzero(np.isfinite(self.l) | np.isfinite(self.u))

    def multipliers(self, stacked: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """(y, r) from the rows of all terms of `split`, one after the other."""
        r = np.zeros(self.n)
        r[self.bounded] = stacked[self.m :]
        return stacked[: self.m], r


@dataclass(frozen=True)
class Source:
    """A split problem that is a program: all its rows, in order, as rows; what rows cost went into q and P.

    A row i costs slope[i] z + curvature[i] z^2 / 2 within low <= z <= high, z = A x + b.
    """

    program: Program
    b: np.ndarray
    low: np.ndarray
    high: np.ndarray
    slope: np.ndarray
    curvature: np.ndarray

    @classmethod
    def of(cls, split: SplitProblem) -> Source | None:
        """None where it is none: a function with kinks or of groups, a matrix that is not sparse, a cost of a row of
        several entries (there the row is in the system already, and would be there twice)."""
        if split.n == 0 or not split.terms:
            return None
        if not all(isinstance(t.function, PiecewiseQuadratic) and t.function.pieces == 1 for t in split.terms):
            return None
        operators = [t.operator for t in split.terms] + [s.operator for s in split.squares]
        operators += [] if split.P is None else [split.P]
        if not all(isinstance(operator, Sparse | Diagonal) for operator in operators):
            return None
        A = sp.csr_array(sp.vstack([_matrix(t.operator) for t in split.terms]))
        A.eliminate_zeros()
        data = [_parabola(t.function) for t in split.terms]
        low, high, slope, curvature = (np.concatenate([part[i] for part in data]) for i in range(4))
        b = np.concatenate([np.asarray(t.offset, dtype=float) for t in split.terms])
        costs = (slope != 0) | (curvature != 0)
        if np.any(np.diff(A.indptr)[costs] > 1):
            return None
        if not all(np.isfinite(data).all() for data in (A.data, b, split.q)):
            return None  # the engine says what is wrong
        return cls(_program(split, A, b, low, high, slope, curvature), b, low, high, slope, curvature)

    def point(self, x: np.ndarray, multiplier: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """(z, y) of all rows at x, y exactly a subgradient at z, as the engine measures. A multiplier belongs to a
        bound: of moving z there and of dropping the multiplier, what costs less relative to its scale is done."""
        program = self.program
        Ax = program.A @ x + self.b
        z = np.clip(Ax, self.low, self.high)
        primal = 1 + np.abs(Ax).max(initial=0.0)
        dual = 1 + max(np.abs(v).max(initial=0.0) for v in (program.q, program.hessian(x)))
        bound = np.where(multiplier > 0, self.high, self.low)
        with np.errstate(invalid="ignore"):
            far = np.abs(bound - z) / primal > np.abs(multiplier) / dual
        kept = np.where(far | (multiplier == 0), 0.0, multiplier)
        z = np.where(kept != 0, bound, z)
        return z, kept + self.slope + self.curvature * z


def _matrix(operator: Operator) -> sp.csr_array:
    return sp.csr_array(operator.entries())


def _parabola(f):
    anchor = np.where(np.isfinite(f.anchor[0]), f.anchor[0], 0.0)
    return f.breaks[0], f.breaks[-1], f.slope[0] - f.curvature[0] * anchor, f.curvature[0]


def _program(split: SplitProblem, A, b, low, high, slope, curvature) -> Program:
    n = split.n
    q = np.array(split.q, dtype=float) + A.T @ (slope + curvature * b)
    P = None if split.P is None else _matrix(split.P)
    if np.any(curvature):
        diagonal = sp.diags_array(A.power(2).T @ curvature, format="csr")
        P = diagonal if P is None else P + diagonal
    constant = split.constant + float(slope @ b) + 0.5 * float(curvature @ b**2)
    F, weight = None, np.zeros(0)
    if split.squares:
        F = sp.csr_array(sp.vstack([_matrix(s.operator) for s in split.squares]))
        weight = np.concatenate([np.broadcast_to(s.weight, s.operator.shape[:1]) for s in split.squares])
        target = np.concatenate([np.ravel(s.target) for s in split.squares]).astype(float)
        q = q - F.T @ (weight * target)
        constant += 0.5 * float(target @ (weight * target))
    if P is not None:
        P = sp.csr_array(P)
        P.eliminate_zeros()
    return Program(P, F, weight, q, constant, A, low - b, high - b, np.full(n, -np.inf), np.full(n, np.inf))
