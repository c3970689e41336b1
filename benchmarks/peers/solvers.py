"""The peers and their settings: the same tolerance for all, and no limit on iterations, so that only time binds."""

from __future__ import annotations

from contextlib import contextmanager

import cvxpy as cp
import numpy as np
from cvxpy.utilities import bounds

OURS = "admmopt"
SOLVERS = (OURS, "CLARABEL", "OSQP", "SCS", "HIGHS", "PIQP", "PROXQP")
PACKAGES = {
    OURS: "admmopt",
    "CLARABEL": "clarabel",
    "OSQP": "osqp",
    "SCS": "scs",
    "HIGHS": "highspy",
    "PIQP": "piqp",
    "PROXQP": "proxsuite",
}
UNLIMITED = 10**9


def settings(solver: str, eps: float, time_limit: float) -> dict:
    """Keyword arguments of problem.solve. PIQP and ProxQP have no limit on time: their process is ended.

    HiGHS and Clarabel, which find vertices and central paths, keep their own tighter tolerances (1e-7, 1e-8) where
    those are tighter than eps: stopping earlier saves them next to nothing.
    """
    tight = min(eps, 1e-7)
    return {
        "CLARABEL": {
            **dict.fromkeys(("tol_gap_abs", "tol_gap_rel", "tol_feas"), min(eps, 1e-8)),
            "max_iter": 10_000,
            "max_threads": 1,
            "time_limit": time_limit,
        },
        "OSQP": {"eps_abs": eps, "eps_rel": eps, "max_iter": UNLIMITED, "time_limit": time_limit},
        "SCS": {"eps_abs": eps, "eps_rel": eps, "max_iters": UNLIMITED, "time_limit_secs": time_limit},
        "HIGHS": {
            "primal_feasibility_tolerance": tight,
            "dual_feasibility_tolerance": tight,
            "threads": 1,
            "qp_nullspace_limit": 20_000,  # dimensions; 4,000 by default
            "time_limit": time_limit,
        },
        "PIQP": {"eps_abs": eps, "eps_rel": eps, "max_iter": 10_000},
        "PROXQP": {
            "eps_abs": eps,
            "eps_rel": eps,
            "max_iter": UNLIMITED,
            "backend": "dense",  # CVXPY 1.9.3 cannot make a sparse one: it hands over an argument too many
        },
    }[solver]


def solve(problem: cp.Problem, solver: str, options: dict) -> dict:
    """status ("unsuited" where the solver takes no such problem), iterations, reason; values are in `problem`."""
    eps, limit = options["eps"], options["time_limit"]
    if solver == OURS:
        import admmopt as ao

        given = {"eps": eps, "time_limit": limit, "max_iterations": UNLIMITED}
        return engine_record(ao.solve(problem, backend=options.get("backend") or "cpu", **given))
    try:
        with mended_bounds():
            problem.solve(solver=solver, **settings(solver, eps, limit))
    except (cp.SolverError, ValueError) as error:
        sentence = str(error).splitlines()[0]
        unsuited = "cannot solve this problem" in sentence
        return {"status": "unsuited" if unsuited else "broke down", "reason": sentence}
    except MemoryError:
        return {"status": "out of memory", "reason": "more memory than a process may have"}
    stats = problem.solver_stats
    return {"status": problem.status, "iterations": stats.num_iters, "timings": {"solver": stats.solve_time}}


def engine_record(solution) -> dict:
    """What ours says of itself."""
    report = solution.backend_report or {}
    return {
        "status": str(solution.status),
        "iterations": solution.iterations,
        "timings": solution.timings,
        "residuals": list(solution.residuals.relative),
        "factorizations": report.get("factorizations"),
        "form": report.get("form"),
    }


def installed() -> list[str]:
    return [name for name in SOLVERS if name == OURS or name in cp.installed_solvers()]


@contextmanager
def mended_bounds():
    """CVXPY 1.9.3 hands bounds of auxiliary variables to HiGHS, PIQP and ProxQP. Of A @ x with a dense A and a free x
    it works them out as NaN (zero times infinity), and then fixes max(1 - A @ x, 0) at 1: these solvers are given
    another problem. Here such a bound is infinite, as it should be."""
    original = bounds.matmul_bounds

    def matmul_bounds(*operands):
        with np.errstate(invalid="ignore"):
            low, high = original(*operands)
        if not (isinstance(low, np.ndarray) and isinstance(high, np.ndarray)):
            return low, high
        return np.where(np.isnan(low), -np.inf, low), np.where(np.isnan(high), np.inf, high)

    bounds.matmul_bounds = matmul_bounds
    try:
        yield
    finally:
        bounds.matmul_bounds = original
