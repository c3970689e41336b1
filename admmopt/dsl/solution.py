"""What `solve` returns to a user."""

from __future__ import annotations

from dataclasses import dataclass

import cvxpy as cp
import numpy as np

from ..engine.history import History
from ..engine.solution import Residuals, SplitSolution
from ..engine.status import Status
from ..report import tables


@dataclass(frozen=True)
class Solution:
    """status (a string enum that carries a sentence), value, residuals on the original problem, iterations, timings in
    seconds (`compile`, `presolve` where there was one, `prepare`, `iterate`), history (a table), backend_report (plain
    data), certificate (for `infeasible` (one number per row; by constraint in their dual values) and `unbounded` (a
    direction; by variable in `direction`)), message. Values and duals are in the CVXPY objects themselves."""

    status: Status
    value: float
    residuals: Residuals
    iterations: int
    timings: dict[str, float]
    history: History
    backend_report: dict
    eps: float
    certificate: np.ndarray | None = None
    message: str = ""
    direction: dict[cp.Variable, np.ndarray] | None = None

    @classmethod
    def of(
        cls, raw: SplitSolution, problem: cp.Problem, compile_seconds: float, eps: float, direction=None
    ) -> Solution:
        """From the engine's solution, after it was written back into `problem`."""
        timings = {"compile": compile_seconds, **raw.timings}
        return cls(
            raw.status,
            float(problem.value),
            raw.residuals,
            raw.iterations,
            timings,
            raw.history,
            raw.backend_report,
            eps,
            raw.certificate,
            raw.message,
            direction,
        )

    @property
    def seconds(self) -> float:
        """End to end: from the problem object to values in its variables."""
        return sum(self.timings.values())

    def __str__(self) -> str:
        return tables.summary(self)

    def plot(self, path=None):
        """Residuals against iterations as a matplotlib Figure; saved as an image when a path is given."""
        from ..report.plots import convergence

        return convergence(self.history, eps=self.eps, path=path)
