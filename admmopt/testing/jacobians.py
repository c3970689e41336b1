"""The conformance kit for functions: what a generalized Jacobian of a prox must satisfy."""

from __future__ import annotations

import numpy as np

from ..functions.base import Function
from ..functions.jacobian import Jacobian, product

ROUNDING = 1e-9
STEP = 1e-6  # of the differences, relative to the point
SMOOTH = 1e-4  # largest difference of the two one-sided quotients where the prox counts as differentiable
ACCURACY = 1e-5


def check_jacobian(f: Function, v: np.ndarray, t, *, seed: int = 0) -> float:
    """Raise AssertionError with a sentence that says what is wrong with ``f.prox_jacobian(v, t)``.

    It must be what `check_element` asks, and equal the differences of the prox around v: choose v at random, so that
    the prox is smooth there. v: (size,); t: float or (count,). Returns the share of groups, over three random
    directions, whose prox looks smooth, so that the differences count; 0 where f has no Jacobian.
    """
    rng = np.random.default_rng(seed)
    jacobian = f.prox_jacobian(v, t)
    if jacobian is None:
        return 0.0
    check_element(f, v, t, seed=seed)
    return float(np.mean([_compare(f, v, t, jacobian, d) for d in rng.standard_normal((3, f.size))]))


def check_element(f: Function, v: np.ndarray, t, *, seed: int = 0) -> None:
    """What holds for every element of the generalized Jacobian at any v, kinks included: the right shape, linear,
    symmetric, for convex f between 0 and I, with the diagonal that it says it has."""
    jacobian, name = f.prox_jacobian(v, t), f.describe()
    if isinstance(jacobian, Jacobian):
        _require(jacobian.size == f.size, f"{name}: the Jacobian has size {jacobian.size}, not {f.size}")
        _check_matrix(name, jacobian, f.convex, np.random.default_rng(seed))
    else:
        _require(np.shape(jacobian) == (f.size,), f"{name}: the diagonal has shape {np.shape(jacobian)}")
        if f.convex:
            _require(_between(jacobian), f"{name}: the diagonal leaves [0, 1] at {v}")


def _check_matrix(name: str, jacobian: Jacobian, convex: bool, rng: np.random.Generator) -> None:
    """The promises of `Jacobian`, on its matrix."""
    J = np.stack([jacobian.matvec(unit) for unit in np.eye(jacobian.size)], axis=1)
    d = rng.standard_normal(jacobian.size)
    _require(np.allclose(jacobian.matvec(d), J @ d, rtol=ROUNDING, atol=ROUNDING), f"{name}: matvec is not linear")
    _require(np.abs(J - J.T).max() <= ROUNDING, f"{name}: the Jacobian is not symmetric")
    if convex:
        eigenvalues = np.linalg.eigvalsh(J)
        ends = f"{eigenvalues[0]:.3g} to {eigenvalues[-1]:.3g}"
        _require(_between(eigenvalues), f"{name}: the Jacobian has eigenvalues from {ends}")
    found = jacobian.diagonal()
    _require(found.shape == (jacobian.size,) and _between(found), f"{name}: the diagonal leaves [0, 1]")
    if jacobian.exact_diagonal:
        _require(np.allclose(found, np.diag(J), rtol=ROUNDING, atol=ROUNDING), f"{name}: not the diagonal of matvec")


def _compare(f: Function, v, t, jacobian, d) -> float:
    """Share of the groups in which both one-sided differences along d agree, and then with J d."""
    step = STEP * (1.0 + np.abs(v).max())
    here, ahead, behind = f.prox(v, t), f.prox(v + step * d, t), f.prox(v - step * d, t)
    apart = np.abs(ahead - 2 * here + behind) / step
    smooth = (apart < SMOOTH * (1.0 + np.abs(d))).reshape(f.count, f.dim).all(axis=1)
    error = np.abs(product(jacobian, d) - (ahead - behind) / (2 * step)).reshape(f.count, f.dim)[smooth]
    worst = error.max(initial=0.0)
    _require(
        worst <= ACCURACY * (1.0 + np.abs(d).max()), f"{f.describe()}: differs from the prox by {worst:.2g} at {v}"
    )
    return float(smooth.mean())


def _between(numbers) -> bool:
    return bool(np.all((numbers >= -ROUNDING) & (numbers <= 1.0 + ROUNDING)))


def _require(holds, sentence: str) -> None:
    if not holds:
        raise AssertionError(sentence)
