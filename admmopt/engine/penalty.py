"""The penalties of a solve: rho_i = base * e_i^2 * m_i per row and sigma_j = sigma * / d_j^2, with one number adapted.

m_i is 1e3 for equality rows and tiny for rows without any constraint (OSQP's rule); `base` follows the ratio of the
relative residuals (Wohlberg, arXiv 1704.06209), at fixed iteration counts, so that a solve is deterministic.
"""

from __future__ import annotations

import numpy as np

from .equilibrate import Scaling
from .residuals import Measured
from .standard import Standard

EQUALITY = 1e3
FREE = 1e-3
SIGMA = 1e-6
START = 0.1
GAP = 1
BAND = 3.0
EVERY = 50
PATIENCE = 150  # iterations that a re-solve waits before it looks for a better penalty
HIST = 8
SMALLEST, LARGEST = 1e-6, 1e6  # of base * cost, the penalty of the scaled problem


class Penalty:
    def __init__(self, standard: Standard, scaling: Scaling):
        self.scaling = scaling
        self.shape = scaling.e**2 * multipliers(standard)
        self.base = START / scaling.cost
        self.sigma = SIGMA / scaling.cost / scaling.d**2
        self.last_change, self.logs = 0, list[float]()

    @property
    def rho(self) -> np.ndarray:
        return self.base * self.shape

    def start(self, tuned: bool) -> None:
        """Forget the course of the last solve. A penalty that an earlier solve has tuned gets more patience: new
        parameter values rarely ask for another one, and a change costs a factorization."""
        self.last_change, self.logs = (PATIENCE if tuned else 0), []

    def propose(self, measured: Measured, iteration: int) -> float | None:
        """A new base where the residuals have been out of balance since the last change, else None."""
        self.logs.append(np.log(self.ratio(measured)))
        if iteration - self.last_change < EVERY:
            return None
        factor = float(np.exp(0.5 * np.mean(self.logs[-int(HIST):])))
        low, high = SMALLEST / self.scaling.cost, LARGEST / self.scaling.cost
        base = float(np.clip(self.base * factor, low, high))
        if max(base / self.base, self.base / base) < BAND:
            return None
        return base

    def adopt(self, base: float, iteration: int) -> None:
        self.base, self.last_change, self.logs = base, iteration, []

    def ratio(self, measured: Measured) -> float:
        """Relative primal over relative dual residual, in the units of the scaled problem."""
        d, e = self.scaling.d, self.scaling.e
        primal = _relative(e * measured.primal, e * measured.Ax, e * (measured.Ax - measured.primal))
        q = measured.dual - measured.Px - measured.Ay
        # y / e, the scaled dual, stands in for |A|'|y|: where A'y cancels (no P, no q) it says how large the summands were
        dual = _relative(d * measured.dual, d * measured.Px, d * measured.Ay, d * q, measured.y / e)
        if GAP:
            size = 1.0 + measured.residuals.gap_scale
            primal = max(primal, abs(measured.primal_gap) / size)
            dual = max(dual, abs(measured.dual_gap) / size)
        return float(np.clip(primal / dual, 1e-12, 1e12))


def multipliers(standard: Standard) -> np.ndarray:
    """What a row's penalty is multiplied with: many for an equality, next to nothing for a free row."""
    m = np.ones(standard.m)
    for rows, function in zip(standard.slices, standard.functions, strict=True):
        part = m[rows]
        point = getattr(function, "is_point", None)
        if point is not None:
            part[np.broadcast_to(point, part.shape)] = EQUALITY
        free = getattr(function, "is_free", None)
        if free is not None:
            part[np.broadcast_to(free & function.is_affine, part.shape)] = FREE
    return m


def _relative(residual, *scales) -> float:
    size = max((float(np.abs(s).max()) if s.size else 0.0) for s in scales)
    return max(float(np.abs(residual).max()) if residual.size else 0.0, 1e-300) / max(size, 1e-10)
