"""What every reduction is: a step from a program to a smaller one, with the way back for points and for proofs."""

from __future__ import annotations

from abc import ABC, abstractmethod
from dataclasses import dataclass

import numpy as np

from .program import Program

TOLERANCE = 1e-9  # relative to 1 + |bound|: what differs by less is called equal
CONTRADICTION = 1e-7  # likewise: a program that misses by less is left to the engine


@dataclass(frozen=True)
class Point:
    """Of a program: x (n,), multipliers y (m,) of rows and r (n,) of bounds.

    homogeneous: a proof instead. Either x is a direction, along which the objective falls, or (y, r) with A'y + r = 0 a
    certificate of infeasibility; what does not apply is zero. It goes back as a point does, with constants left out.
    """

    x: np.ndarray
    y: np.ndarray
    r: np.ndarray
    homogeneous: bool = False


@dataclass(frozen=True)
class Reduction(ABC):
    """From `before` to a smaller program."""

    before: Program

    @abstractmethod
    def restore(self, point: Point) -> Point:
        """The point of `before` that belongs to a point of the smaller program."""

    def slack_in_dual(self, point: Point, x: np.ndarray, y: np.ndarray) -> np.ndarray:
        """(n,): the r that x and y leave no choice in."""
        before = self.before
        gradient = 0.0 if point.homogeneous else before.hessian(x) + before.q
        return -(gradient + before.transpose @ y)


class Contradiction(Exception):
    """The program has no feasible point; y, r: the certificate, with A'y + r = 0."""

    def __init__(self, program: Program, y: np.ndarray, r: np.ndarray):
        super().__init__("infeasible")
        self.point = Point(np.zeros(program.n), y, r, homogeneous=True)
