"""All cones of a problem together, on arrays of rows (m,) and of segments (S,), as the interior point has them."""

from __future__ import annotations

import numpy as np

from .cone import Cone


class Conic:
    """blocks: (places among the segments, rows, cone) of each. Of a row of a cone the segment is s; y is minus its
    multiplier."""

    def __init__(self, blocks: list[tuple[np.ndarray, slice, Cone]]):
        self.blocks = blocks
        self.symmetric = all(cone.symmetric for _, _, cone in blocks)

    def __bool__(self):
        return bool(self.blocks)

    def product(self, s: np.ndarray, y: np.ndarray) -> float:
        """What s and the multipliers are away from complementary."""
        return -sum(float(s[places] @ y[rows]) for places, rows, _ in self.blocks)

    def scale(self, s: np.ndarray, y: np.ndarray) -> None:
        """Make the scaling of every cone. Raises LinAlgError where a point has left one."""
        for places, rows, cone in self.blocks:
            cone.scale(_grouped(cone, s[places]), _grouped(cone, -y[rows]))

    def aim(self, target: np.ndarray, r_p: np.ndarray, goal: float, ds=None, dy=None) -> None:
        """Write into `target` (m,), as it is scaled, where A dx should be for s and y to come to the goal. r_p (m,): of
        the residual what is to go; ds, dy: a step whose second order counts."""
        for places, rows, cone in self.blocks:
            step = (None, None) if ds is None else (_grouped(cone, ds[places]), _grouped(cone, -dy[rows]))
            target[rows] = cone.weigh(cone.aim(goal, *step) - _grouped(cone, r_p[rows])).reshape(-1)

    def unscale(self, dy: np.ndarray) -> None:
        """dy of the rows as they are, in place of that of scaled rows."""
        for _, rows, cone in self.blocks:
            dy[rows] = cone.weigh_back(_grouped(cone, dy[rows])).reshape(-1)

    def reach(self, ds: np.ndarray, dy: np.ndarray) -> tuple[float, float]:
        """The largest steps up to 1 along ds and dy that stay inside."""
        steps = [
            cone.reach(_grouped(cone, ds[places]), _grouped(cone, -dy[rows])) for places, rows, cone in self.blocks
        ]
        lengths = np.nan_to_num(np.array(steps).reshape(-1, 2))  # NaN: rounding has left the cone
        return float(lengths[:, 0].min(initial=1.0)), float(lengths[:, 1].min(initial=1.0))


def _grouped(cone: Cone, v: np.ndarray) -> np.ndarray:
    return v.reshape(cone.count, cone.dim)
