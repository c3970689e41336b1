"""What an independent reference is: a point, its objective, and a lower bound that was proved, not claimed."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np


@dataclass(frozen=True)
class Certified:
    """point: values of the model's variables by name; bound: a lower bound on the optimal value of the *minimization*
    (of minus the objective where the model maximizes), from a dual feasible point; how: one sentence on both."""

    point: dict[str, np.ndarray]
    bound: float
    how: str
    iterations: int = 0
