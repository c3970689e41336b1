"""What a solve returns, before and after it goes back to the user's own variables."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

import numpy as np

from .history import History
from .status import Status

SMALL = 1e-3  # an objective that is smaller counts as this large: where it vanishes no gap is small beside it


@dataclass(frozen=True)
class Residuals:
    """Residuals on the original, unscaled problem, infinity norm, each with the scale it is measured against.

    primal = ||A x - z||, dual = ||P x + q + A'y||, gap = |primal value - dual value|. The relative ones are what is
    compared with eps: residual / (1 + scale), as OSQP and SCS have it, but gap / (SMALL + scale). To first order the
    gap is the error of the objective (the violation of every constraint times its multiplier), and a user who asks for
    six digits of an objective of 0.1, in whatever unit it is, wants six that count.
    """

    primal: float = np.inf
    dual: float = np.inf
    gap: float = np.inf
    primal_scale: float = 0.0
    dual_scale: float = 0.0
    gap_scale: float = 0.0

    @property
    def relative(self) -> tuple[float, float, float]:
        return (
            self.primal / (1 + self.primal_scale),
            self.dual / (1 + self.dual_scale),
            self.gap / (SMALL + self.gap_scale),
        )

    @property
    def worst(self) -> float:
        return max(self.relative)


@dataclass
class SplitSolution:
    """Of a SplitProblem. x: (n,); z[i] = A_i x + b_i as the functions see it (in dom f_i); y[i] in the subdifferential
    of f_i at z[i], each (m_i,). `certificate`: for `infeasible` a y (all terms stacked, (m,)), for `unbounded` a
    direction (n,)."""

    status: Status
    x: np.ndarray
    z: list[np.ndarray]
    y: list[np.ndarray]
    value: float
    residuals: Residuals
    iterations: int
    history: History
    timings: dict[str, float] = field(default_factory=dict)
    certificate: np.ndarray | None = None
    message: str = ""
    backend_report: dict = field(default_factory=dict)
    state: Any = None  # what a warm start needs: handed back to the engine as it is
