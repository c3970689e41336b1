"""What the split costs: compile time of the lasso against CVXPY's own, and a re-solve for a new lambda."""

from __future__ import annotations

import time

import cvxpy as cp

from ..evaluate import evaluate
from ..problems import build

NAMES = ["lasso"]


def run(name: str, options: dict) -> dict:
    """Solve the lasso with lambda a Parameter, change lambda, solve again; time CVXPY's get_problem_data beside it."""
    import admmopt as ao

    data = build("lasso", options.get("size", "full"), options.get("seed", 0)).data
    A, b = data["A"], data["b"]
    lam = cp.Parameter(nonneg=True, value=data["lam"])
    x = cp.Variable(A.shape[1])
    problem = cp.Problem(cp.Minimize(0.5 * cp.sum_squares(A @ x - b) + lam * cp.norm1(x)))
    settings = {"backend": options["backend"], "eps": options["eps"], "time_limit": options["time_limit"]}
    first = ao.solve(problem, **settings)
    solves = []
    for factor in (0.9, 0.7, 0.5):
        lam.value = factor * data["lam"]
        solves.append(ao.solve(problem, **settings))
    again = solves[-1]
    warm_value = evaluate(problem).objective
    fixed = cp.Problem(cp.Minimize(0.5 * cp.sum_squares(A @ x - b) + lam.value * cp.norm1(x)))
    fresh = ao.solve(fixed, **settings)
    started = time.perf_counter()
    fixed.get_problem_data(cp.CLARABEL)
    theirs = time.perf_counter() - started
    agree = abs(warm_value - evaluate(fixed).objective) / abs(warm_value)
    return {
        "status": str(again.status),
        "verdict": "right" if agree <= 1e-4 else "wrong",
        "error": agree,
        "seconds": first.seconds,
        "compile_ms": 1e3 * fresh.timings["compile"],
        "compile_parametrized_ms": 1e3 * first.timings["compile"],
        "cvxpy_compile_ms": 1e3 * theirs,
        "resolve_compile_ms": [1e3 * solve.timings["compile"] for solve in solves],
        "resolve_seconds": [solve.seconds for solve in solves],
        "resolve_iterations": [solve.iterations for solve in solves],
        "factorizations": [solve.backend_report.get("factorizations") for solve in (first, *solves)],
    }
