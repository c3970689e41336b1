"""What every proximable function must satisfy, checked by brute force: used for all functions of the library.

``check(f)`` runs everything that applies to `f`; each check can also be called on its own. All of them work from
the definition of a function (its value) and know nothing of how its prox is computed:

* `check_prox`: no sampled point, near or far, and no point found by a numerical minimizer beats the prox;
* `check_steps`: a float step and an array of equal steps agree, and an array of different steps is optimal too;
* `check_nonexpansive` (convex): <prox u - prox v, u - v> >= ||prox u - prox v||^2;
* `check_torch`: numpy arrays and torch tensors give the same numbers;
* `check_jacobian` (of `admmopt.testing`): prox_jacobian symmetric, between 0 and I, and equal to differences;
* `check_domain_support`, `check_recession`: the certificates' functions against sampling;
* `check_conjugate(f, g)`: Moreau's identity and Fenchel's equality, where g is an independent f*;
* `check_same(f, g)`: two ways of building one function agree.
"""

from __future__ import annotations

import numpy as np
from scipy.optimize import minimize

from admmopt.functions.jacobian import Segments, product
from admmopt.testing import check_jacobian

TOLERANCE = 1e-7


def check(
    f, *, seed: int = 0, scale: float = 2.0, trials: int = 4, torch: bool = True, tolerance: float = TOLERANCE, far=1e7
):
    """Everything that applies to f. `scale`: how large the sampled arguments are; `far`: see `check_recession`."""
    rng = np.random.default_rng(seed)
    for trial, t in enumerate(np.exp(rng.uniform(-2.5, 2.5, trials))):
        v = scale * rng.standard_normal(f.size)
        check_prox(f, v, float(t), rng, tolerance, minimizer=trial == 0)
        check_steps(f, v, rng, tolerance)
        check_jacobian(f, v, float(t))
        if f.convex:
            check_nonexpansive(f, v, v + scale * rng.standard_normal(f.size), float(t))
        if torch:
            check_torch(f, v, float(t))
        check_domain_support(f, scale * rng.standard_normal(f.size), rng)
        check_recession(f, scale * rng.standard_normal(f.size), rng, far)


def spread(t, f):
    """A step, float or (count,), as one number per entry."""
    return np.repeat(np.broadcast_to(np.asarray(t, dtype=float), (f.count,)), f.dim)


def proximal_objective(f, y, v, t) -> float:
    """f(y) + sum_i (y_i - v_i)^2 / (2 t_i)."""
    return f.value(y) + float(np.sum((y - v) ** 2 / (2 * spread(t, f))))


def feasible_points(f, rng, number: int = 8, scale: float = 3.0) -> list[np.ndarray]:
    """Points of dom f: proxes of random points."""
    steps = np.exp(rng.uniform(-3, 3, number))
    return [f.prox(scale * rng.standard_normal(f.size), float(t)) for t in steps]


def check_prox(f, v, t, rng=None, tolerance: float = TOLERANCE, minimizer: bool = True):
    """No point has a smaller proximal objective than p = prox(v, t): far, near, between, and by a minimizer (slow)."""
    rng = np.random.default_rng(0) if rng is None else rng
    p = f.prox(v, t)
    assert p.shape == (f.size,) and np.all(np.isfinite(p)), f"{f.describe()}: prox({v}, {t}) = {p}"
    best = proximal_objective(f, p, v, t)
    assert np.isfinite(best), f"{f.describe()}: the prox {p} of {v} lies outside the domain"
    slack = tolerance * (1 + abs(best) + float(np.sum((p - v) ** 2 / spread(t, f))))
    far = feasible_points(f, rng)
    candidates = [v, *far]
    candidates += [p + lam * (q - p) for q in far for lam in (1e-4, 1e-2, 0.3)]
    candidates += [p + size * rng.standard_normal(f.size) for size in (1e-4, 1e-3, 1e-2, 0.1, 1) for _ in range(3)]
    candidates += [f.prox(p + size * rng.standard_normal(f.size), t) for size in (1e-3, 1e-1) for _ in range(2)]
    for q in candidates:
        found = proximal_objective(f, q, v, t)
        assert best <= found + slack, f"{f.describe()}: {q} ({found}) beats the prox {p} ({best}) of {v}, t={t}"
    if minimizer and f.size <= 4:
        _check_by_minimizer(f, v, t, p, best, slack, far)


def _check_by_minimizer(f, v, t, p, best, slack, starts):
    """Nelder-Mead on the proximal objective, from the prox itself and from a feasible point."""
    worst = best + 1e3 * (1 + abs(best))

    def objective(y):
        found = proximal_objective(f, y, v, t)
        return found if np.isfinite(found) else worst

    for start in (p, 0.5 * (p + starts[0])):
        with np.errstate(all="ignore"):
            found = minimize(objective, start, method="Nelder-Mead", options={"maxfev": 150, "xatol": 1e-9})
        assert best <= found.fun + slack, f"{f.describe()}: {found.x} beats the prox {p} of {v}, t={t}"


def check_steps(f, v, rng, tolerance: float = TOLERANCE):
    """t as a float equals t as a constant array; different steps for different groups are optimal."""
    np.testing.assert_allclose(f.prox(v, np.full(f.count, 0.7)), f.prox(v, 0.7), rtol=1e-9, atol=1e-9)
    if f.count > 1:
        check_prox(f, v, np.exp(rng.uniform(-2, 2, f.count)), rng, tolerance, minimizer=False)


def check_nonexpansive(f, u, v, t):
    """The prox of a convex function is firmly nonexpansive (in the metric of the step, here a float)."""
    gap = f.prox(u, t) - f.prox(v, t)
    assert float(gap @ (u - v)) >= float(gap @ gap) - 1e-8 * (1 + float(gap @ gap)), f.describe()


def check_torch(f, v, t, rtol: float = 1e-9):
    """The same numbers on torch tensors, from a function moved there by `on`, with a float and an array step."""
    import torch

    from admmopt_torch import Torch

    moved = f.on(Torch("cpu").asarray)
    tensor = torch.asarray(np.array(v))
    for step in (t, np.full(f.count, t)):
        p = f.prox(v, step)
        p_torch = moved.prox(tensor, step if isinstance(step, float) else torch.asarray(step))
        assert isinstance(p_torch, torch.Tensor), f"{f.describe()}: prox of a tensor is a {type(p_torch).__name__}"
        np.testing.assert_allclose(p_torch.numpy(), p, rtol=rtol, atol=rtol, err_msg=f.describe())
    np.testing.assert_allclose(float(moved.value(p_torch)), float(f.value(p)), rtol=1e-8, atol=1e-8)
    jacobian = f.prox_jacobian(v, t)
    if jacobian is not None and not isinstance(jacobian, Segments):
        image = product(moved.prox_jacobian(tensor, t), tensor)
        np.testing.assert_allclose(image.numpy(), product(jacobian, v), rtol=1e-8, atol=1e-8)
    for name in ("domain_support", "recession"):
        expected = getattr(f, name)(v)
        if expected is not None:
            number, nearest = getattr(moved, name)(tensor)
            np.testing.assert_allclose(float(number), float(expected[0]), rtol=1e-8, atol=1e-8)
            np.testing.assert_allclose(nearest.numpy(), expected[1], rtol=1e-8, atol=1e-8)


def check_domain_support(f, y, rng):
    """sup over dom f of <y', u> is at least every sample's, finite, attained in the limit, and y' is a fixed point."""
    answer = f.domain_support(y)
    if answer is None:
        return
    support, moved = float(answer[0]), answer[1]
    assert moved.shape == y.shape and np.isfinite(support), f.describe()
    samples = feasible_points(f, rng, 12) + feasible_points(f, rng, 12, scale=300.0)
    if np.any(moved):
        samples.append(f.prox(1e6 * moved, 1.0))
    for u in samples:
        bound = support + 1e-6 * (1 + abs(support) + np.linalg.norm(moved) * np.linalg.norm(u))
        assert float(moved @ u) <= bound, f"{f.describe()}: <y', u> > support at u = {u}, y' = {moved}"
    if f.indicator:  # the prox is the projection whatever the step: far along y' the supremum is nearly attained
        reached = max(float(moved @ u) for u in samples)
        assert reached >= support - 1e-3 * (1 + abs(support)), f"{f.describe()}: support {support}, reached {reached}"
    again = f.domain_support(moved)
    np.testing.assert_allclose(again[1], moved, rtol=1e-6, atol=1e-6, err_msg=f.describe())
    np.testing.assert_allclose(float(again[0]), support, rtol=1e-6, atol=1e-6, err_msg=f.describe())


def check_recession(f, d, rng, far: float = 1e7):
    """(f(u + s d') - f(u)) / s increases with s towards f_inf(d'), which is finite; d' is a fixed point."""
    answer = f.recession(d)
    if answer is None:
        return
    limit, moved = float(answer[0]), answer[1]
    assert moved.shape == d.shape and np.isfinite(limit), f.describe()
    for u in feasible_points(f, rng, 4):
        base = f.value(u)
        for s in (1.0, 100.0, far):
            slope = (f.value(u + s * moved) - base) / s
            bound = limit + 1e-6 * (1 + abs(limit) + np.linalg.norm(moved)) + 1e-7 * abs(base)
            assert slope <= bound, f"{f.describe()}: slope {slope} beyond the recession {limit} along {moved}"
    slack = 1e-2 * (1 + abs(limit) + np.linalg.norm(moved))
    assert slope >= limit - slack, f"{f.describe()}: slope {slope} far below the recession {limit} along {moved}"
    again = f.recession(moved)
    np.testing.assert_allclose(again[1], moved, rtol=1e-6, atol=1e-6, err_msg=f.describe())


def check_conjugate(f, conjugate, *, seed: int = 0, scale: float = 2.0, trials: int = 5, tolerance: float = 1e-7):
    """prox_{t f}(v) + t prox_{f*/t}(v/t) = v, and f(p) + f*(y) = <p, y> with y = (v - p)/t in the subdifferential."""
    rng = np.random.default_rng(seed)
    for t in np.exp(rng.uniform(-2, 2, trials)):
        v, t = scale * rng.standard_normal(f.size), float(t)
        p, y = f.prox(v, t), conjugate.prox(v / t, 1 / t)
        np.testing.assert_allclose(p + t * y, v, rtol=tolerance, atol=tolerance * (1 + t), err_msg=f.describe())
        total = f.value(p) + conjugate.value(y)
        np.testing.assert_allclose(total, float(p @ y), rtol=1e-6, atol=1e-6 * (1 + abs(f.value(p))))


def check_same(
    f, g, *, seed: int = 0, scale: float = 2.0, trials: int = 5, tolerance: float = 1e-8, values: bool = True
):
    """f and g are the same function: prox everywhere, value at proxes and at random points."""
    rng = np.random.default_rng(seed)
    assert (f.count, f.dim) == (g.count, g.dim), f"{f.describe()} and {g.describe()} differ in shape"
    for t in np.exp(rng.uniform(-2.5, 2.5, trials)):
        v = scale * rng.standard_normal(f.size)
        for step in (float(t), np.exp(rng.uniform(-1, 1, f.count))):
            p = f.prox(v, step)
            np.testing.assert_allclose(g.prox(v, step), p, rtol=tolerance, atol=tolerance)
        if values:
            np.testing.assert_allclose(g.value(p), f.value(p), rtol=1e-7, atol=1e-7)
            np.testing.assert_allclose(g.value(v), f.value(v), rtol=1e-7, atol=1e-7)
