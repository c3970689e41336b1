"""Power cones, three-dimensional and with any number of factors."""

from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np

from .base import Array, namespace
from .curved import CurvedCone
from .jacobian import low_rank, ones_where, unit
from .roots import bracketed_newton, widen

NEARLY_FLAT = 1e-12  # |z| over the group's largest entry, below which the derivative is taken there instead


class _PowerCones(CurvedCone):
    """What both forms share: groups (w, z) with prod_i w_i^alpha_i >= |z| and w >= 0.

    Where neither v nor its polar part decides, the projection is w_i = (v_i + sqrt(v_i^2 + 4 alpha_i s (|z| - s))) / 2,
    |z_new| = s, with s the root of prod w_i^alpha_i = s (Hien, Differential properties of Euclidean projection onto
    power cone, 2015, prop. 2.2).
    """

    alphas: Array  # (count, dim - 1)

    def _split(self, v: Array) -> tuple[Array, Array, Array, Array, Array]:
        """v as (count, dim), its w and z, and which groups lie inside and in the polar cone."""
        xp = namespace(v)
        groups = v.reshape(self.count, self.dim)
        w, z = groups[:, :-1], groups[:, -1]
        inside = xp.all(w >= 0, axis=1) & (_geometric_mean(w, self.alphas) >= xp.abs(z))
        polar = xp.all(w <= 0, axis=1) & (_geometric_mean(-w / self.alphas, self.alphas) >= xp.abs(z))
        return groups, w, z, inside, polar

    def project(self, v: Array) -> Array:
        xp = namespace(v)
        groups, w, z, inside, polar = self._split(v)
        flat = xp.concat((xp.where(w > 0, w, xp.zeros_like(w)), xp.zeros_like(z)[:, None]), axis=1)
        result = xp.where(inside[:, None], groups, xp.where(polar[:, None], xp.zeros_like(groups), flat))
        deep = xp.abs(z) > 1e-40 * xp.max(xp.abs(groups), axis=1)  # below that: flat, to any precision
        curved = ~inside & ~polar & deep
        if bool(xp.any(curved)):
            result[curved] = self._project_curved(w[curved], z[curved], curved)
        return result.reshape(-1)

    def prox_jacobian(self, v: Array, t: Array):
        """On the curved part by the implicit function theorem (`_derivative`)."""
        xp = namespace(v)
        groups, w, z, inside, polar = self._split(v)
        base = xp.zeros_like(groups) + ones_where(inside, z)[:, None]
        bent, flat = xp.zeros_like(groups), xp.zeros_like(groups)
        curved = ~inside & ~polar
        if bool(xp.any(curved)):
            base[curved], bent[curved], flat[curved] = self._derivative(w[curved], z[curved], curved)
        squares = (xp.sum(bent**2, axis=1), xp.sum(flat**2, axis=1))
        return low_rank(base, (squares[0], unit(bent)), (-squares[1], unit(flat)))

    def _project_curved(self, w, z, curved):
        """Projection onto the curved part of the boundary. w: (n, k), z: (n,) nonzero, of the groups `curved`."""
        xp = namespace(w)
        depth = xp.abs(z)
        size = xp.maximum(depth, xp.max(xp.abs(w), axis=1))  # a cone: at unit scale squares cannot overflow
        factors, _, share, _ = self._factors(w / size[:, None], depth / size, curved)
        return xp.concat((factors * size[:, None], (z * share)[:, None]), axis=1)

    def _derivative(self, w, z, curved):
        """base, b and c, all (n, k + 1), of the derivative diag(base) + b b' - c c' of `_project_curved`.

        With r_i the square roots, dw_i = (w_i dv_i + alpha_i dp) / r_i, p = s (|z| - s), in
        sum alpha_i log w_i = log s. Put g_i = alpha_i / r_i and B = sum alpha_i g_i / w_i; then
        1 - B p = sum alpha_i w_i / r_i, and solving for ds gives c = (g / sqrt(B), 0) and
        b = (g / sqrt(B), sqrt(B) s sign z) / sqrt(1 - B p + B s^2).
        """
        xp, alphas = namespace(w), self.alphas[curved]
        size = xp.max(xp.abs(xp.concat((w, z[:, None]), axis=1)), axis=1)
        depth = xp.abs(z) / size
        depth = xp.where(depth > NEARLY_FLAT, depth, xp.full_like(depth, NEARLY_FLAT))
        factors, root, share, _ = self._factors(w / size[:, None], depth, curved)
        factors, root = (
            xp.where(x > 1e-150, x, xp.full_like(x, 1e-150)) for x in (factors, root)
        )  # 1 / (w_i r_i) is finite
        B = xp.sqrt(xp.sum(alphas**2 / (factors * root), axis=1))[:, None]
        slack = xp.sum(alphas * factors / root, axis=1)[:, None]
        along, zero = alphas / root / B, xp.zeros_like(B)
        s = B * (depth * share)[:, None]
        sign = xp.where(z < 0, -xp.ones_like(z), xp.ones_like(z))[:, None]
        bent = xp.concat((along, s * sign), axis=1) / xp.sqrt(slack + s**2)
        return xp.concat((factors / root, zero), axis=1), bent, xp.concat((along, zero), axis=1)

    def _factors(self, unit, depth, curved):
        """w_i, the square roots, and s and |z| - s over |z|, at unit scale. unit: (n, k); depth: (n,) positive."""
        alphas = self.alphas[curved]
        theta = self._solve(curved, _equation, (unit, depth, alphas), _search, _increasing)
        share, rest = _shares(theta)
        return *_factors(unit, alphas, depth**2 * share * rest), share, rest


@dataclass(eq=False)
class PowerConeND(_PowerCones):
    """Groups (w, z) with prod_i w_i^alpha_i >= |z| and w >= 0, z last (CVXPY's PowConeND, one column a group).

    alphas: (count, dim - 1), positive, each row summing to one.
    """

    alphas: np.ndarray
    count: int = field(init=False)
    dim: int = field(init=False)

    def __post_init__(self):
        if self.alphas.ndim != 2 or bool((self.alphas <= 0).any()):
            raise ValueError("alphas must be a (count, k) array of positive exponents.")
        if bool((abs(self.alphas.sum(1) - 1.0) > 1e-6).any()):
            raise ValueError("each row of alphas must sum to one.")
        self.count, self.dim = self.alphas.shape[0], self.alphas.shape[1] + 1


@dataclass(eq=False)
class PowerCone(_PowerCones):
    """Triples (x, y, z) with x^alpha y^(1 - alpha) >= |z| and x, y >= 0 (CVXPY's PowCone3D).

    alpha: (count,), strictly between 0 and 1.
    """

    count: int
    alpha: np.ndarray
    dim: int = field(init=False, default=3)

    def __post_init__(self):
        if tuple(self.alpha.shape) != (self.count,) or bool(((self.alpha <= 0) | (self.alpha >= 1)).any()):
            raise ValueError(f"alpha must hold {self.count} exponents strictly between 0 and 1.")
        self.alphas = namespace(self.alpha).stack((self.alpha, 1.0 - self.alpha), axis=1)


def _geometric_mean(w, alphas):
    """prod_i w_i^alpha_i of each row, 0 where an entry is not positive."""
    xp = namespace(w)
    positive = xp.all(w > 0, axis=1)
    logs = xp.log(xp.where(w > 0, w, xp.ones_like(w)))
    return xp.where(positive, xp.exp(xp.sum(alphas * logs, axis=1)), xp.zeros_like(w[:, 0]))


def _factors(w, alphas, product):
    """(v + sqrt(v^2 + 4 alpha p)) / 2 without cancellation for negative v, and the square root."""
    xp = namespace(w)
    four = 4.0 * alphas * product[:, None]
    root = xp.sqrt(w * w + four)
    tiny = xp.full_like(w, 1e-300)
    lifted = 0.5 * four / xp.where(root - w > 0, root - w, tiny)
    return xp.where(w > 0, 0.5 * (w + root), lifted), xp.where(root > 0, root, tiny)


def _shares(theta):
    """1 / (1 + e^-theta) and 1 / (1 + e^theta), each to full relative precision."""
    xp = namespace(theta)
    small = xp.exp(-xp.abs(theta))
    near, far = 1.0 / (1.0 + small), small / (1.0 + small)
    return xp.where(theta > 0, near, far), xp.where(theta > 0, far, near)


def _equation(theta, w, depth, alphas):
    """log s - sum alpha_i log w_i(s) with s = |z| / (1 + e^-theta): increasing in theta, and resolved at both ends."""
    xp = namespace(theta)
    share, rest = _shares(theta)
    product = depth**2 * share * rest
    factors, root = _factors(w, alphas, product)
    value = xp.log(depth * share) - xp.sum(alphas * xp.log(factors), axis=1)
    # dp / dtheta = p (rest - share), and alpha_i p d log w_i / dp = alpha_i (root_i - v_i) / (2 root_i)
    change = xp.sum(alphas * (0.5 - 0.5 * w / root), axis=1) * (rest - share)
    return value, rest - change


def _increasing(theta, *data):
    """A root of an increasing function is the only one."""
    return theta == theta


def _search(w, depth, alphas):
    """The root of `_equation`, from nothing known. w: (n, k); depth: (n,) positive; both at unit scale."""
    xp = namespace(w)
    data, zero = (w, depth, alphas), xp.zeros_like(depth)
    up = _equation(zero, *data)[0] < 0
    sign = xp.where(up, zero + 1, zero - 1)
    end = widen(lambda theta: sign * _equation(theta, *data)[0] >= 0, zero, sign, 10)
    low, high = xp.where(up, zero, end), xp.where(up, end, zero)
    return bracketed_newton(_equation, low, high, 0.5 * end, data, floor=1.0)
