"""The forms a system is solved in on the device: diagonal, dense Cholesky, Woodbury, conjugate gradients."""

from __future__ import annotations

import numpy as np
import torch

from admmopt.backend_api import LinearResult, System
from admmopt.operators import Stack

from .place import place

DENSE_LIMIT = 20_000  # order of the largest dense factor
SPARSE_LIMIT = 3_000  # a sparse system up to this order is factorized as a dense one: GPUs are good at it


def choose(backend, system: System):
    """The prepared solver, in the form that suits the rows that are not single entries."""
    n = system.A.shape[1]
    blocks: list = [(block, None, rows) for block, rows in zip(system.A.blocks, system.A.slices, strict=True)]
    if system.F is not None:
        F = system.F if isinstance(system.F, Stack) else Stack([system.F], n)
        blocks += [(block, rows, None) for block, rows in zip(F.blocks, F.slices, strict=True)]
    coupling = [item for item in blocks if not item[0].single_entry_rows]
    P_is_diagonal = system.P is None or system.P.single_entry_rows
    if not coupling and P_is_diagonal:
        return Diagonal(backend, system, coupling, "every row has a single entry and the quadratic is diagonal")
    known = [item[0].entries() for item in coupling] + ([] if system.P is None else [system.P.entries()])
    if any(matrix is None for matrix in known):
        return ConjugateGradient(backend, system, coupling, "some operators have products only")
    rows = sum(item[0].shape[0] for item in coupling)
    dense = any(not hasattr(matrix, "tocsr") for matrix in known)
    limit = DENSE_LIMIT if dense else SPARSE_LIMIT
    if P_is_diagonal and rows < n and rows <= limit:
        return Woodbury(backend, system, coupling, f"{rows} rows beside a diagonal over {n} columns")
    if n <= limit:
        return DenseCholesky(backend, system, coupling, f"{rows} rows over {n} columns fit a dense factor")
    return ConjugateGradient(backend, system, coupling, f"{rows} rows over {n} columns are too many for a dense factor")


class Solver:
    """Right-hand side, z = A x and one step of refinement, common to all forms."""

    form = ""
    direct = True  # a factorization: the spread of the penalties does not slow it down

    def __init__(self, backend, system: System, coupling: list, reason: str):
        self.backend, self.system, self.coupling, self.reason = backend, system, coupling, reason
        self.A = place(system.A, backend)
        self.P = None if system.P is None else place(system.P, backend)
        self.F = None if system.F is None else place(system.F, backend)
        self.weight = backend.asarray(system.weight)
        self.factorizations = self.solves = self.iterations = 0
        self.update(rho=system.rho)

    def update(self, *, rho, sigma=None):
        self.system = self.system.with_penalty(np.asarray(rho), sigma)
        self.rho, self.sigma = self.backend.asarray(self.system.rho), self.backend.asarray(self.system.sigma)
        self.factorize()
        self.factorizations += 1

    def factorize(self):
        raise NotImplementedError

    def invert(self, rhs, guess, tol):
        """(x, iterations)"""
        raise NotImplementedError

    def product(self, x):
        """The system's matrix times x."""
        y = self.sigma * x + self.A.rmatvec(self.rho * self.A.matvec(x))
        if self.P is not None:
            y = y + self.P.matvec(x)
        if self.F is not None:
            y = y + self.F.rmatvec(self.weight * self.F.matvec(x))
        return y

    def solve(self, r1, r2, *, guess=None, tol=None):
        rhs = r1 + self.A.rmatvec(self.rho * r2)
        x, iterations = self.invert(rhs, guess, tol)
        self.solves += 1
        self.iterations += iterations
        return LinearResult(x, self.A.matvec(x), lambda: self.residual(x, rhs), iterations)

    def residual(self, x, rhs) -> float:
        size = float(torch.linalg.vector_norm(rhs))
        error = float(torch.linalg.vector_norm(self.product(x) - rhs))
        return error / size if size > 0 else float(error > 0)

    def report(self):
        return {
            "form": f"{self.form} on {self.backend.device}",
            "reason": self.reason,
            "factorizations": self.factorizations,
            "solves": self.solves,
            "iterations": self.iterations,
            "direct": self.direct,
            "update_cost": self.update_cost(),
        }

    def update_cost(self) -> float:
        """What `update` costs in solves, roughly: blocked factorizations run fast on a device."""
        return 1.0

    def diagonal(self):
        """The part of the system's matrix that is surely diagonal: sigma, P where diagonal, rows of one entry."""
        system = self.system
        total = np.array(system.sigma)
        if system.P is not None and system.P.single_entry_rows:
            total += system.P.matvec(np.ones(total.size))
        for block, rows in zip(system.A.blocks, system.A.slices, strict=True):
            if block.single_entry_rows:
                total += block.squared().rmatvec(system.rho[rows])
        if system.F is not None:
            F = system.F if isinstance(system.F, Stack) else Stack([system.F], total.size)
            for block, rows in zip(F.blocks, F.slices, strict=True):
                if block.single_entry_rows:
                    total += block.squared().rmatvec(system.weight[rows])
        return self.backend.asarray(total)

    def rows(self):
        """The rows that are not single entries as one dense tensor (k, n), kept."""
        if not hasattr(self, "_rows"):
            parts = [self.backend.asarray(_array(block)) for block, _, _ in self.coupling]
            n = self.system.A.shape[1]
            self._rows = torch.cat(parts) if parts else self.backend.asarray(np.zeros((0, n)))
        return self._rows

    def row_weights(self):
        """(k,): the penalty or fixed weight of each of those rows."""
        parts = [self.weight[fixed] if fixed is not None else self.rho[free] for _, fixed, free in self.coupling]
        return torch.cat(parts) if parts else self.rho[:0]


class Diagonal(Solver):
    form = "diagonal"

    def factorize(self):
        self.inverse = 1.0 / self.diagonal()

    def invert(self, rhs, guess, tol):
        return self.inverse * rhs, 0


class DenseCholesky(Solver):
    form = "dense Cholesky"

    def factorize(self):
        S = self.rows().T @ (self.row_weights()[:, None] * self.rows())
        if self.P is not None and not self.system.P.single_entry_rows:
            S = S + self.backend.asarray(_array(self.system.P))
        S.diagonal().add_(self.diagonal())
        self.factor = cholesky(S)

    def invert(self, rhs, guess, tol):
        x = torch.cholesky_solve(rhs[:, None], self.factor)[:, 0]
        return x + torch.cholesky_solve((rhs - self.product(x))[:, None], self.factor)[:, 0], 0

    def update_cost(self):
        return self.system.A.shape[1] / 24.0


class Woodbury(Solver):
    """S^-1 = D^-1 - D^-1 R' (W^-1 + R D^-1 R')^-1 R D^-1 for few rows R beside a diagonal D."""

    form = "Woodbury"

    def factorize(self):
        self.inverse = 1.0 / self.diagonal()
        inner = (self.rows() * self.inverse) @ self.rows().T
        inner.diagonal().add_(torch.clamp(1.0 / self.row_weights(), max=1e300))
        self.factor = cholesky(inner)

    def once(self, rhs):
        x = self.inverse * rhs
        return x - self.inverse * (self.rows().T @ torch.cholesky_solve((self.rows() @ x)[:, None], self.factor)[:, 0])

    def invert(self, rhs, guess, tol):
        x = self.once(rhs)
        return x + self.once(rhs - self.product(x)), 0

    def update_cost(self):
        return self.rows().shape[0] / 24.0


class ConjugateGradient(Solver):
    """Jacobi-preconditioned, started from the guess, stopped at the relative residual `tol` (1e-10 where none is)."""

    form = "conjugate gradient"
    direct = False
    limit = 2000

    def factorize(self):
        system = self.system
        total = system.sigma + system.A.squared().rmatvec(system.rho)
        if system.F is not None:
            total = total + system.F.squared().rmatvec(system.weight)
        if system.P is not None and system.P.entries() is not None:
            total = total + system.P.entries().diagonal()
        self.inverse = self.backend.asarray(1.0 / np.maximum(total, 1e-300))

    def invert(self, rhs, guess, tol):
        x = torch.zeros_like(rhs) if guess is None else guess.clone()
        r = rhs - self.product(x)
        target = (1e-10 if tol is None else tol) * float(torch.linalg.vector_norm(rhs))
        p, previous, step = None, 1.0, 0
        while float(torch.linalg.vector_norm(r)) > target and step < self.limit:
            s = self.inverse * r
            inner = torch.dot(r, s)
            p = s if p is None else s + (inner / previous) * p
            Kp = self.product(p)
            alpha = inner / torch.dot(p, Kp)
            x = x + alpha * p
            r = r - alpha * Kp
            previous, step = inner, step + 1
        return x, step


def cholesky(matrix):
    """Its factor; raises NumPy's LinAlgError where it is not positive definite, as the contract has it."""
    factor, failed = torch.linalg.cholesky_ex(matrix)
    if int(failed):
        raise np.linalg.LinAlgError(f"the leading minor of order {int(failed)} is not positive")
    return factor


def _array(operator) -> np.ndarray:
    matrix = operator.entries()
    return matrix.toarray() if hasattr(matrix, "toarray") else matrix
