"""One whole solve on a backend: a problem with a known answer, and one without a solution."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from ..backend_api import Backend
from ..engine import Settings, solve
from ..engine.problem import LeastSquares, SplitProblem, Term
from ..functions.piecewise_library import box
from ..operators import Dense, Identity


@dataclass(frozen=True)
class Planted:
    """A bounded least-squares problem built backwards from its solution (KKT conditions by construction)."""

    split: SplitProblem
    x: np.ndarray


def planted(n: int = 12, m: int = 30, seed: int = 3) -> Planted:
    """1/2 |F x - g|^2 subject to 0 <= x <= 1, with some entries of the solution at each bound."""
    rng = np.random.default_rng(seed)
    F = rng.normal(size=(m, n))
    x = np.clip(rng.uniform(-0.5, 1.5, n), 0.0, 1.0)
    y = np.where(x <= 0, -1.0, np.where(x >= 1, 1.0, 0.0)) * rng.uniform(0.5, 2.0, n)
    residual = np.linalg.lstsq(F.T, -y, rcond=None)[0]  # F'(F x - g) + y = 0
    square = LeastSquares(Dense(F), F @ x - residual, np.ones(m), "fit")
    term = Term(box(np.zeros(n), np.ones(n)), Identity(n), np.zeros(n), "bounds")
    return Planted(SplitProblem(n=n, q=np.zeros(n), squares=[square], terms=[term]), x)


def check_solve(backend: Backend) -> None:
    """The engine on this backend finds a known solution, and a proof of infeasibility where there is none."""
    eps = 1e-7 if backend.capabilities.exact else 1e-4
    problem = planted()
    solution = solve(problem.split, backend, Settings(eps=eps, max_iterations=5000))
    if solution.status != "optimal":
        raise AssertionError(f"backend check failed: a small bounded least-squares problem ends as {solution.status}.")
    error = float(np.abs(solution.x - problem.x).max())
    if error > 1e3 * eps:
        raise AssertionError(f"backend check failed: the engine's solution on this backend is off by {error:.1e}.")
    n = problem.split.n
    conflict = Term(box(np.full(1, n + 1.0), np.full(1, np.inf)), Dense(np.ones((1, n))), np.zeros(1), "sum > n")
    infeasible = SplitProblem(n=n, q=np.zeros(n), terms=[*problem.split.terms, conflict])
    solution = solve(infeasible, backend, Settings(eps=eps, max_iterations=5000))
    if solution.status != "infeasible":
        raise AssertionError(f"backend check failed: an infeasible problem ends as {solution.status}.")
