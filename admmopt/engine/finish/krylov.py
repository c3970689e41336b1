"""Preconditioned conjugate gradients (Hestenes & Stiefel, J. Res. NBS 49, 1952) for Newton systems in which the
Jacobian of a prox is not diagonal. The preconditioner is the system with its diagonal, which a backend can solve."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np


def conjugate_gradients(product: Callable, precondition: Callable, rhs: np.ndarray, tol: float, most: int):
    """(x, iterations) with |K x - rhs| <= tol |rhs|, or what `most` iterations (at least one) gave.

    product(d): K d, K symmetric positive definite; precondition(r): an approximate K^-1 r.
    """
    x, r = np.zeros_like(rhs), rhs
    z = precondition(r)
    d, along = z, float(r @ z)
    enough = tol * float(np.linalg.norm(rhs))
    for iteration in range(1, most + 1):
        Kd = product(d)
        curvature = float(d @ Kd)
        if not curvature > 0:  # rounding: what is there is a direction of descent
            return (x if iteration > 1 else z), iteration
        step = along / curvature
        x, r = x + step * d, r - step * Kd
        if iteration == most or np.linalg.norm(r) <= enough:
            break
        z = precondition(r)
        along, before = float(r @ z), along
        d = z + (along / before) * d
    return x, iteration
