"""When to try: counted in iterations, so that the same problem is always solved in the same way.

A try is made where the iteration looks far from its end: the first one early, with as many steps as a solution mostly
takes, if those cost less than what seems to be left. After it all tries together may cost a share of what the iteration
has cost so far; beyond that only what they earn: each time the residual falls by a factor, the try may take as many
steps again. Where an interior point will be tried too that is the better finish: then this one is patient, its share is
small and nothing comes before it.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np


@dataclass(frozen=True)
class Temper:
    """first: Newton steps of the early try, 0 for none; share: of the work done so far, and of as much of what is left,
    that tries may cost; again: times as many iterations before another try; near: worst relative residual of a point to
    start from; gain: residual over the residual before that earns the same number of steps once more."""

    first: int
    share: float
    again: float
    near: float
    gain: float


EAGER = Temper(first=40, share=0.4, again=1.5, near=np.inf, gain=0.5)
PATIENT = Temper(first=0, share=0.08, again=1.25, near=1e-4, gain=0.1)
OVERHEAD, COUPLED = 3.0, 7.0  # of a Newton step beside the update, in iterations; with conjugate gradients
MORE = 2.5  # times as many steps make up a solution where conjugate gradients, which count as steps, are needed
FEWEST = 16  # Newton steps with which a try is worth while
LONGEST = 2.0  # what one try may cost, over what was left when it began
HORIZON = 10.0  # times the iterations so far: what is left is never thought to be more
EARLIEST, LATER = 25, 100  # iterations that come before any try, and in a re-solve


class Gate:
    """Remembers the residuals of the iteration and decides on tries. update_cost: of one update, in iterations;
    earliest: iterations that come before any try; coupled: conjugate gradients are needed."""

    def __init__(self, update_cost: float, eps: float, temper: Temper, earliest: int = EARLIEST, coupled: bool = False):
        self.overhead, self.eps, self.temper = COUPLED if coupled else OVERHEAD, eps, temper
        self.cost = self.overhead + update_cost
        self.first = MORE * temper.first if coupled else temper.first
        self.due, self.spent, self.left = float(earliest), 0.0, np.inf
        self.iterations: list[int] = []
        self.logs: list[float] = []

    def steps(self, iteration: int, worst: float, reached: float) -> int:
        """Newton steps that a try at this check may take; 0: no try now.

        worst: residual of the iteration at this check; reached: of the best point, from which a try starts.
        """
        self.iterations.append(iteration)
        self.logs.append(float(np.log(max(worst, 1e-300))))
        if iteration < self.due or not reached < max(self.temper.near, 10 * self.eps):
            return 0
        remaining = min(self.remaining(), HORIZON * iteration)
        first = 0.0 if self.spent else self.first * self.cost
        share = self.temper.share * (iteration + min(remaining, iteration)) - self.spent
        budget = max(share, first if first < remaining else 0.0)
        if budget < FEWEST * self.cost or remaining < budget:
            return 0
        self.due, self.left = self.temper.again * iteration, remaining
        allowed = int(budget / self.cost)
        self.spent += allowed * self.cost
        return allowed

    def ceiling(self, update_cost: float) -> int:
        """Steps beyond which the iteration by itself would have been done long ago, whatever they have earned."""
        return int(min(LONGEST * self.left / (self.overhead + update_cost), 1e9))

    def learned(self, allowed: int, used: int, update_cost: float) -> None:
        """The last try used so many of its steps, and its last update cost so many iterations."""
        self.spent -= allowed * self.cost
        self.cost = self.overhead + update_cost
        self.spent += used * self.cost

    def remaining(self) -> float:
        """Iterations to go, were the residual to fall on as in the last quarter of them."""
        now = self.iterations[-1]
        then = max(int(np.searchsorted(self.iterations, 0.75 * now, side="right")) - 1, 0)
        best = min(self.logs)
        before = min(self.logs[: then + 1])
        fallen, needed = before - best, self.logs[-1] - np.log(self.eps)
        return needed / fallen * (now - self.iterations[then]) if fallen > 0 else np.inf
