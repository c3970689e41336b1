"""A hundred lassos along a regularization path: ao.solve_path, and CVXPY with OSQP, a Parameter and its own warm start.

Every point of both is graded by its distance to a lower bound of the optimal value: with r = b - A x and t as large as
|A't r| <= lambda allows, b'(t r) - 1/2 |t r|^2 is one, whatever x is. The best bound of all runs counts for all.
"""

from __future__ import annotations

import os
import time
from collections.abc import Iterator

import cvxpy as cp
import numpy as np

from ..problems import build

SIZES = {"lasso-300x1000": {"m": 300, "n": 1000}, "lasso-1500x5000": {"m": 1500, "n": 5000}}
NAMES = list(SIZES)
POINTS, SMALLEST = 100, 0.01  # of the path; its last lambda, relative to the smallest that gives zero
TOLERANCE = 1e-4  # relative duality gap of a point that is right


def run(name: str, options: dict) -> dict:
    """Ours, theirs, and ours once more, so that a machine that grew busier shows. The verdict is on the first.
    options["points"]: of a shorter path."""
    data = build("lasso", SIZES.get(name, options.get("size")), options.get("seed", 0)).data
    A, b = data["A"], data["b"]
    largest = float(np.abs(A.T @ b).max())
    lambdas = np.geomspace(largest, SMALLEST * largest, options.get("points", POINTS))
    runs = [ours(A, b, lambdas, options), peer(A, b, lambdas, options), ours(A, b, lambdas, options)]
    bounds = np.full(len(lambdas), -np.inf)
    for _, points in runs:
        bounds[: len(points)] = np.maximum(bounds[: len(points)], list(lower_bounds(A, b, lambdas, points)))
    mine, theirs, again = (
        {**measured, **graded(list(relative_gaps(A, b, lambdas, points, bounds)))} for measured, points in runs
    )
    worst = mine["worst_gap"]
    whole = mine["points"] == len(lambdas)
    return {
        "status": "optimal" if whole else "limit",
        "verdict": "failed" if not whole else "right" if worst <= TOLERANCE else "wrong",
        "reason": "" if whole and worst <= TOLERANCE else f"{mine['points']} points, largest gap {worst:.1e}",
        "error": worst,
        "seconds": mine["seconds"],
        "cpu_seconds": mine["cpu_seconds"],
        "iterations": mine["iterations"],
        "asked": len(lambdas),
        "ours": mine,
        "peer": theirs,
        "again": again,
    }


def stated(A: np.ndarray, b: np.ndarray) -> tuple[cp.Problem, cp.Parameter, cp.Variable]:
    lam, x = cp.Parameter(nonneg=True), cp.Variable(A.shape[1])
    return cp.Problem(cp.Minimize(0.5 * cp.sum_squares(A @ x - b) + lam * cp.norm1(x))), lam, x


def ours(A, b, lambdas, options: dict) -> tuple[dict, np.ndarray]:
    """What it took, and the points."""
    import admmopt as ao

    problem, lam, x = stated(A, b)
    wall, cpu = time.perf_counter(), time.process_time()
    settings = {"backend": options["backend"], "eps": options["eps"], "time_limit": options["time_limit"]}
    path = ao.solve_path(problem, lam, lambdas, verbose=False, **settings)
    seconds = elapsed(wall, cpu)
    iterations = sum(s.iterations for s in path.solutions)
    factorizations = path.solutions[-1].backend_report.get("factorizations") if len(path) else None
    points = path[x]
    return {**seconds, "factorizations": factorizations, "points": len(points), "iterations": iterations}, points


def peer(A, b, lambdas, options: dict) -> tuple[dict, np.ndarray]:
    """The loop that CVXPY's documentation shows. OSQP's limit on iterations is raised, so that only time binds."""
    problem, lam, x = stated(A, b)
    eps, limit = options.get("peer_eps", options["eps"]), options["time_limit"]
    points, iterations = [], []
    wall, cpu = time.perf_counter(), time.process_time()
    for value in lambdas:
        lam.value = value
        problem.solve(solver=cp.OSQP, warm_start=True, eps_abs=eps, eps_rel=eps, max_iter=10**9)
        points.append(x.value)
        iterations.append(problem.solver_stats.num_iters)
        if time.perf_counter() - wall > limit:
            break
    seconds = elapsed(wall, cpu)
    taken = {"solver": "OSQP", "eps": eps, **seconds, "points": len(points), "iterations": sum(iterations)}
    return taken, np.array(points)


def elapsed(wall: float, cpu: float) -> dict:
    """Since these two clocks were read; load: processes that wanted a core in the last minute."""
    seconds = {"seconds": time.perf_counter() - wall, "cpu_seconds": time.process_time() - cpu}
    return {**seconds, "load": os.getloadavg()[0]}


def graded(gaps: list[float]) -> dict:
    return {
        "worst_gap": max(gaps, default=float("inf")),
        "median_gap": float(np.median(gaps)) if gaps else float("inf"),
    }


def lower_bounds(A, b, lambdas, points) -> Iterator[float]:
    """Of the optimal value for each lambda, from any point."""
    for x, lam in zip(points, lambdas, strict=False):
        r = b - A @ x
        reach = lam / max(float(np.abs(A.T @ r).max()), 1e-300)
        t = float(np.clip(b @ r / (r @ r), -reach, reach))
        yield float(t * (b @ r) - 0.5 * t * t * (r @ r))


def relative_gaps(A, b, lambdas, points, bounds) -> Iterator[float]:
    """(f(x) - lower bound) / f(x) at each point."""
    for x, lam, bound in zip(points, lambdas, bounds, strict=False):
        r = b - A @ x
        value = 0.5 * float(r @ r) + lam * float(np.abs(x).sum())
        yield float((value - bound) / value)
