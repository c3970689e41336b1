"""The nineteen problems and the others: CVXPY models at full size, graded by the true objective at their values."""

from __future__ import annotations

import math

import cvxpy as cp
import numpy as np

from admmopt.backend_api import resolve

from .. import references
from ..evaluate import evaluate
from ..grade import RIGHT, WRONG, judge
from ..peers.solvers import OURS, solve
from ..problems import GROUPS, build
from ..task import Task

TOLERANCE = 1e-4  # relative objective error, and relative violation of the constraints


def names(suite: str, data=None) -> list[str]:
    return list(GROUPS[suite])


every = names


def task(suite: str, name: str, options: dict) -> Task:
    """The time is end to end: from the CVXPY problem to values in its variables."""
    instance = build(name, options.get("size", "full"), options.get("seed", 0), options.get("data"))
    reference = references.lookup(instance)
    meta = instance.meta
    if options["solver"] == OURS and options.get("backend"):
        backend = resolve(options["backend"])
        backend.asarray(np.zeros(1))  # a device's driver starts once a process, not once a solve
        meta = {**meta, "device": backend.available()[1]}

    def grade(record: dict) -> dict:
        return {**verdict(instance.problem, record["status"], reference), "meta": meta}

    return Task(lambda solver, options: solve(instance.problem, solver, options), grade)


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
