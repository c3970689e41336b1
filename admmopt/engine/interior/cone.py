"""What the interior point asks of a cone, and which functions are cones that can answer.

A block of groups g with s_g in K and its multiplier u_g in the dual cone K* (u = -y), complementary in the limit. Every
step linearizes s = goal * shadow(u), shadow(u) = -F'(u) for a barrier F of K*, at (s, u):

    ds + (M'M)^-1 du = aim = -s + goal * shadow(u) - (second order),

M'M the scaling. For symmetric cones that is Nesterov and Todd's (SIAM J. Optim. 8, 1998); the system sees the rows M A,
with weight one.
"""

from __future__ import annotations

from abc import ABC, abstractmethod

import numpy as np

from ...operators import Operator
from ..turned import Turned


class Cone(ABC):
    """A block of `count` groups of `dim` rows; arrays are (count, dim). `degree`: of the barrier, of all groups.
    `symmetric`: is it its own dual cone, and every point of its inside like every other?"""

    symmetric = True
    least = 0.0  # shift at the start

    def __init__(self, count: int, dim: int, degree: float):
        self.count, self.dim, self.degree = count, dim, degree
        self.turned = dim  # rows that are scaled together

    def work(self, vectors: int) -> float:
        """Products that it takes to scale so many vectors of a group."""
        return float(vectors * self.dim**2)

    @abstractmethod
    def inside(self, v: np.ndarray, shift: float) -> np.ndarray:
        """A point inside of K and K*, from v and by `shift` deep, where it is the larger of what is needed and that."""

    @abstractmethod
    def depth(self, v: np.ndarray) -> float:
        """How much of the middle has to be added to v for it to be in K, at least; negative inside. 0 where `inside`
        does not build on v."""

    @abstractmethod
    def scale(self, s: np.ndarray, u: np.ndarray) -> None:
        """Make M at this point. Raises LinAlgError where s or u is outside."""

    @abstractmethod
    def turn(self, rows: Turned) -> Operator:
        """M A."""

    @abstractmethod
    def weigh(self, v: np.ndarray) -> np.ndarray:
        """M v."""

    @abstractmethod
    def weigh_back(self, v: np.ndarray) -> np.ndarray:
        """M'v."""

    @abstractmethod
    def weight(self) -> np.ndarray:
        """(count,): the geometric mean of the eigenvalues of M'M."""

    @abstractmethod
    def aim(self, goal: float, ds: np.ndarray | None, du: np.ndarray | None) -> np.ndarray:
        """What ds + (M'M)^-1 du should be; ds, du: the step whose second order counts."""

    @abstractmethod
    def reach(self, ds: np.ndarray, du: np.ndarray) -> tuple[float, float]:
        """The largest steps up to 1 along ds and du that stay inside."""
