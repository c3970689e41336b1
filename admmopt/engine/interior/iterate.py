"""What the interior point moves."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np


@dataclass
class Iterate:
    """x (n,); s, z_l, z_u, y (m,): y counts in equal rows only."""

    x: np.ndarray
    s: np.ndarray
    z_l: np.ndarray
    z_u: np.ndarray
    y: np.ndarray
