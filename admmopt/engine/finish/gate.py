"""When to try: counted in iterations, so that the same problem is always solved in the same way.

All tries together may cost a twelfth of what the iteration has cost so far, up to twice that while it looks far from
its end, and beyond that only what they earn: each time the residual falls by a factor of ten, the try may take as many
steps again.
"""

from __future__ import annotations

import numpy as np

SHARE = 0.08  # of the work done so far, and of as much of what is left, that tries may cost
AGAIN = 1.25  # times as many iterations before another try
OVERHEAD = 8.0  # of a Newton step beside the update, in iterations
FEWEST = 3  # Newton steps with which a try is worth while
NEAR = 1e-4  # worst relative residual of a point to start from, or ten times the tolerance
GAIN = 0.1  # residual over the residual before that earns the same number of steps once more


class Gate:
    """Remembers the residuals of the iteration and decides on tries. update_cost: of one update, in iterations."""

    def __init__(self, update_cost: float, eps: float):
        self.cost, self.eps = OVERHEAD + update_cost, eps
        self.due = self.spent = 0.0
        self.iterations: list[int] = []
        self.logs: list[float] = []

    def steps(self, iteration: int, worst: float, reached: float) -> int:
        """Newton steps that a try at this check may take; 0: no try now.

        worst: residual of the iteration at this check; reached: of the best point, from which a try starts.
        """
        self.iterations.append(iteration)
        self.logs.append(float(np.log(max(worst, 1e-300))))
        if iteration < self.due or not reached < max(NEAR, 10 * self.eps):
            return 0
        remaining = self.remaining()
        budget = SHARE * (iteration + min(remaining, iteration)) - self.spent
        if budget < FEWEST * self.cost or remaining < budget:
            return 0
        self.due = AGAIN * iteration
        allowed = int(budget / self.cost)
        self.spent += allowed * self.cost
        return allowed

    def unused(self, steps: int) -> None:
        """The last try took so many steps less than it was allowed."""
        self.spent -= max(steps, 0) * self.cost

    def remaining(self) -> float:
        """Iterations to go, were the residual to fall on as in the last quarter of them."""
        now = self.iterations[-1]
        then = int(np.searchsorted(self.iterations, 0.75 * now))
        best = min(self.logs)
        before = min(self.logs[: then + 1])
        fallen, needed = before - best, self.logs[-1] - np.log(self.eps)
        return needed / fallen * (now - self.iterations[then]) if fallen > 0 else np.inf
