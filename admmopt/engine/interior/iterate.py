"""What the interior point moves."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np


@dataclass
class Iterate:
    """x (n,); s, z_l, z_u (S,) by segment; y (m,), which counts in equal and kinked rows and those of cones only."""

    x: np.ndarray
    s: np.ndarray
    z_l: np.ndarray
    z_u: np.ndarray
    y: np.ndarray
