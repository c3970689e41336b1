"""The true objective and the constraint violation of a CVXPY problem at a point, in the problem's own, raw data."""

from __future__ import annotations

from dataclasses import dataclass

import cvxpy as cp
import numpy as np


@dataclass(frozen=True)
class Evaluation:
    """objective: as the user stated it; violation: the largest absolute residual of any constraint, infinity norm;
    relative: the same, each constraint divided by 1 + the largest number that its two sides are made of."""

    objective: float
    violation: float
    relative: float


def evaluate(problem: cp.Problem, point: dict[str, np.ndarray] | None = None) -> Evaluation:
    """Evaluate at the named values `point`, or at the values that the variables already have."""
    if point is not None:
        for variable in problem.variables():
            variable.save_value(np.asarray(point[variable.name()], dtype=float))
    if any(variable.value is None for variable in problem.variables()):
        return Evaluation(np.nan, np.inf, np.inf)
    violation = relative = 0.0
    for constraint in problem.constraints:
        residual = float(np.max(np.abs(constraint.violation()), initial=0.0))
        sides = [float(np.max(np.abs(side.value), initial=0.0)) for side in constraint.args]
        violation = max(violation, residual)
        relative = max(relative, residual / (1 + max(sides)))
    return Evaluation(float(problem.objective.value), violation, relative)
