"""When to try: counted in iterations, so that the same problem is always solved in the same way.

A try may cost a tenth of what the iteration has cost so far, more only while it gains a factor of ten each time; the
next comes after twice the iterations. So what tries cost in vain stays a small share of the solve.
"""

from __future__ import annotations

import numpy as np

SHARE = 0.1  # of the work done so far that a try may cost
AGAIN = 2.0  # times as many iterations, and there is another try
OVERHEAD = 8.0  # of a Newton step beside the update, in iterations
FEWEST = 4  # Newton steps with which a try is worth while
NEAR = 1e-4  # worst relative residual of a point to start from, or ten times the tolerance
GAIN = 0.1  # residual over the residual before that earns the same number of steps once more


class Gate:
    """Remembers the residuals of the iteration and decides on tries. update_cost: of one update, in iterations."""

    def __init__(self, update_cost: float, eps: float):
        self.cost, self.eps = OVERHEAD + update_cost, eps
        self.due = 0.0
        self.iterations: list[int] = []
        self.logs: list[float] = []

    def steps(self, iteration: int, worst: float) -> int:
        """Newton steps that a try at this check may take; 0: no try now."""
        self.iterations.append(iteration)
        self.logs.append(float(np.log(max(worst, 1e-300))))
        if iteration < self.due or not worst < max(NEAR, 10 * self.eps):
            return 0
        remaining = self.remaining()
        budget = SHARE * (iteration + min(remaining, iteration))
        if budget < FEWEST * self.cost or remaining < budget:
            return 0
        self.due = AGAIN * iteration
        return int(budget / self.cost)

    def remaining(self) -> float:
        """Iterations to go, were the residual to fall on as in the last quarter of them."""
        now = self.iterations[-1]
        then = int(np.searchsorted(self.iterations, 0.75 * now))
        best = min(self.logs)
        before = min(self.logs[: then + 1])
        fallen, needed = before - best, self.logs[-1] - np.log(self.eps)
        return needed / fallen * (now - self.iterations[then]) if fallen > 0 else np.inf
