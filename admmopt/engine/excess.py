"""What the objective gains by being taken at x itself, as a user's model takes it, and not at z = prox(...)."""

from __future__ import annotations

import numpy as np

from .standard import Standard


def excess(standard: Standard, x: np.ndarray, z: np.ndarray) -> float:
    """sum_i f_i(A_i x + b_i) - f_i(z_i) over the functions that are finite at both; indicators have no objective.

    Where x and z agree to eps, y'(A x + b - z) is in the duality gap, and this is more by what is curved: with kinks at
    most z_i (an l1 norm at zero), n times eps.
    """
    gained = 0.0
    seen = standard.A.matvec(x) + standard.b
    for function, rows in zip(standard.functions, standard.slices, strict=True):
        if not function.indicator:
            difference = function.value(seen[rows]) - function.value(z[rows])
            gained += difference if np.isfinite(difference) else 0.0
    return gained
