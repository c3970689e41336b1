"""How well a system was solved."""

from __future__ import annotations

import numpy as np

from admmopt.backend_api import System


def relative_residual(system: System, x: np.ndarray, rhs: np.ndarray) -> float:
    """||S x - rhs|| / ||rhs||, the rounding floor of a zero right-hand side taken as exact."""
    size = float(np.linalg.norm(rhs))
    return float(np.linalg.norm(system.product(x) - rhs)) / size if size > 0 else float(np.linalg.norm(x) > 0)
