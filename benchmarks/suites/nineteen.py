"""The nineteen problems and the others: ao.solve at full size, graded by the true objective at the returned point."""

from __future__ import annotations

import math

import cvxpy as cp

from .. import references
from ..evaluate import evaluate
from ..grade import RIGHT, WRONG, judge
from ..problems import build
from ..runner import measured

TOLERANCE = 1e-4  # relative objective error, and relative violation of the constraints


def run(name: str, options: dict) -> dict:
    """Build, solve, grade one problem. The time is end to end: from the CVXPY problem to values in its variables."""
    import admmopt as ao

    instance = build(name, options.get("size", "full"), options.get("seed", 0), options.get("data"))
    reference = references.lookup(instance)

    def solve() -> dict:
        solution = ao.solve(
            instance.problem, backend=options["backend"], eps=options["eps"], time_limit=options["time_limit"]
        )
        return {
            "status": str(solution.status),
            "iterations": solution.iterations,
            "timings": solution.timings,
            "residuals": list(solution.residuals.relative),
            "factorizations": (solution.backend_report or {}).get("factorizations"),
            "form": (solution.backend_report or {}).get("form"),
        }

    record = measured(solve)
    return {**record, **verdict(instance.problem, record["status"], reference), "meta": instance.meta}


def verdict(problem: cp.Problem, status: str, reference: dict | None) -> dict:
    """Compare the point in the variables with the reference.

    error: (ours - reference) / max(|reference|, 1e-12), signed so that positive is worse; a negative error is possible
    only for a point that violates constraints.
    """
    found = evaluate(problem)
    record = {"value": found.objective, "violation": found.violation, "relative_violation": found.relative}
    if reference is None:
        return {**record, "reference": None, "error": None, "verdict": "ungraded", "reason": "no reference"}
    sign = -1.0 if isinstance(problem.objective, cp.Maximize) else 1.0
    error = sign * (found.objective - reference["value"]) / max(abs(reference["value"]), 1e-12)
    correct = math.isfinite(error) and abs(error) <= TOLERANCE and found.relative <= TOLERANCE
    verdict, reason = judge(status, "optimal", correct)
    if verdict == WRONG and status == "optimal":
        reason = f"false optimal: objective off by {error:.1e}, violation {found.relative:.1e}"
    if verdict == RIGHT and status != "optimal":
        reason = f"right to 1e-4, though it stopped with {status}"
    return {**record, "reference": reference["value"], "error": error, "verdict": verdict, "reason": reason}
