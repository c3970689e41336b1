"""The contract between the engine and whatever solves its linear systems.

A backend is found through the entry-point group ``admmopt.backends`` (ours are found the same way). The
engine hands it a `System` and asks for `prepare` (factorize, program the array) once and `solve` many times:

    given r1, r2 find  x, z = A x  with  (P + diag(sigma) + F' diag(weight) F + A' diag(rho) A) x = r1 + A'(rho * r2).

How the system is solved (reduced, dual, quasi-definite KKT, matrix-free, tiles) is the backend's choice.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Callable
from dataclasses import dataclass
from importlib.metadata import entry_points
from typing import Any, Protocol, runtime_checkable

import numpy as np

from .operators import Operator, Stack

ENTRY_POINT_GROUP = "admmopt.backends"


class BackendError(RuntimeError):
    """A backend could not be found, loaded, or could not do what was asked; the message says why."""


@dataclass(frozen=True)
class System:
    """The structured linear system of one ADMM step. All arrays are numpy arrays of float64.

    P: symmetric positive semidefinite operator (n, n) or None; F: rows of fixed weight (p, n) or None (least-squares
    terms: they are not multiplied out unless the backend wants to), weight: (p,); A: the terms' rows, a `Stack` (m, n);
    sigma: (n,) positive; rho: (m,) positive, and zero in rows that do not count (only ever after an `update`).
    """

    P: Operator | None
    F: Operator | None
    weight: np.ndarray
    A: Stack
    sigma: np.ndarray
    rho: np.ndarray

    @property
    def key(self):
        """Identity of everything that stays fixed while sigma and rho change."""
        F_key = None if self.F is None else (self.F.key, self.weight.tobytes())
        return (None if self.P is None else self.P.key, F_key, self.A.key)

    def product(self, x: np.ndarray) -> np.ndarray:
        """The system's matrix times x, on the host, in double precision: what a residual is measured with."""
        y = self.sigma * x + self.A.rmatvec(self.rho * self.A.matvec(x))
        if self.P is not None:
            y = y + self.P.matvec(x)
        if self.F is not None:
            y = y + self.F.rmatvec(self.weight * self.F.matvec(x))
        return y

    def with_penalty(self, rho: np.ndarray, sigma: np.ndarray | None = None) -> System:
        return dataclasses.replace(self, rho=rho, sigma=self.sigma if sigma is None else sigma)


@dataclass
class LinearResult:
    """x (n,), z = A x (m,), and the relative residual reached (measured when it is first asked for)."""

    x: Any
    z: Any
    measure: Callable[[], float]
    iterations: int = 0

    @property
    def residual(self) -> float:
        """||K x - rhs|| / ||rhs||, Euclidean, in the system's own arithmetic."""
        return self.measure()


@dataclass(frozen=True)
class Capabilities:
    """What a backend promises. `exact`: ignores `tol`, reaches about machine precision; `refactor`: a change
    of rho costs seconds, not minutes of reprogramming; `matrix_free`: works from products alone."""

    exact: bool = True
    refactor: bool = True
    matrix_free: bool = False
    summary: str = ""


@runtime_checkable
class LinearSolver(Protocol):
    """One prepared system."""

    def solve(self, r1, r2, *, guess=None, tol: float | None = None) -> LinearResult:
        """r1: (n,), r2: (m,) on the backend's device. `guess`: an x to start from; `tol`: relative residual asked."""

    def update(self, *, rho: np.ndarray, sigma: np.ndarray | None = None, A: Stack | None = None) -> None:
        """New penalties, same structure: refactorize in place. Raises NumPy's LinAlgError where rounding leaves a
        matrix that cannot be factorized. A: other values in the same places of the rows; given only to solvers whose
        report has `rows`."""

    def report(self) -> dict:
        """Plain data: at least `form` (how the system is solved), `reason` (why), `factorizations`, `solves`.

        What the engine reads, where it is there: `direct` (a factorization, whose accuracy does not suffer from a wide
        spread of penalties; default: `capabilities.exact`), `spread` (the factor by which the penalties of rows may
        differ from the common one; default 1000 where `direct`, else 1), `update_cost` (of one `update`, in solves;
        default 0) and `rows` (`update` takes other values of A; default no). Where a `matrix_free` backend says that it
        is not `direct`, a problem without P and F is solved with products of the placed A alone.
        """


@runtime_checkable
class Backend(Protocol):
    """An installed backend, configured."""

    name: str
    capabilities: Capabilities

    @classmethod
    def from_name(cls, detail: str) -> Backend:
        """Build from what follows the first colon of its name: ``"cuda:0"`` of ``"torch:cuda:0"``, else ``""``."""

    @classmethod
    def available(cls) -> tuple[bool, str]:
        """Can it run here? The second item says why not, or on what."""

    def asarray(self, array: np.ndarray):
        """A float64 (or the backend's precision) copy on the backend's device."""

    def to_numpy(self, array) -> np.ndarray:
        """Back to the host."""

    def prepare(self, system: System) -> LinearSolver:
        """Factorize, or program the array."""

    def place(self, operator: Operator) -> Operator:
        """The same operator with matvec and rmatvec running on the backend's device and arrays.

        Where its products carry errors, it says so: `product_error`, root mean square, relative to
        ||A||_F ||x|| / sqrt(n).
        """


def installed() -> dict[str, Any]:
    """Entry points of every installed backend, by name."""
    return {point.name: point for point in sorted(entry_points(group=ENTRY_POINT_GROUP), key=lambda p: p.name)}


def resolve(backend: str | Backend) -> Backend:
    """A configured backend from a name such as ``"cpu"`` or ``"torch:cuda:0"``; an object passes through.

    Raises BackendError, naming what is installed, when the name is unknown or the backend cannot run here.
    """
    if not isinstance(backend, str):
        if isinstance(backend, Backend):
            return backend
        raise BackendError(f"backend must be a name or a configured backend, got {type(backend).__name__}.")
    name, _, detail = backend.partition(":")
    points = installed()
    if name not in points:
        raise BackendError(f"unknown backend {name!r}; installed: {', '.join(points) or 'none'}.")
    cls = points[name].load()
    usable, reason = cls.available()
    if not usable:
        raise BackendError(f"backend {name!r} is not available here: {reason}.")
    return cls.from_name(detail)
