"""The exponential cone."""

from __future__ import annotations

from dataclasses import dataclass, field

from .base import Array, namespace
from .curved import CurvedCone
from .jacobian import low_rank, ones_where
from .roots import bracketed_newton, widen

FAR = 1e100  # beyond it a ray is an axis to any precision, and squares would overflow


@dataclass(eq=False)
class ExponentialCone(CurvedCone):
    """Triples (x, y, z) with y exp(x / y) <= z, y > 0, and their limits x <= 0, y = 0, z >= 0 (CVXPY's order).

    Outside the cone, its polar and the quadrant x, y <= 0, v is the sum of a point of the ray (r, 1, e^r) and one of
    the polar ray (e^r, (1 - r) e^r, -1), orthogonal to it; r is the root of one scalar equation (Friberg, Projection
    onto the exponential cone: a univariate root-finding problem, 2021).
    """

    count: int
    dim: int = field(init=False, default=3)

    def _at_unit_scale(self, v: Array) -> tuple[Array, Array]:
        """v as (count, 3) with largest entries 1, and what it was divided by."""
        xp = namespace(v)
        groups = v.reshape(self.count, 3)
        size = xp.max(xp.abs(groups), axis=1)[:, None]
        groups = groups / xp.where(size > 0, size, xp.ones_like(size))  # a cone: at unit scale squares are harmless,
        return xp.where(xp.abs(groups) < 1e-150, xp.zeros_like(groups), groups), size  # and without dust so are ratios

    def project(self, v: Array) -> Array:
        xp = namespace(v)
        groups, size = self._at_unit_scale(v)
        inside, flat, curved = _cases(groups)
        x, z = groups[:, 0], groups[:, 2]
        result = xp.where(inside[:, None], groups, xp.zeros_like(groups))
        edge = xp.stack((x, xp.zeros_like(x), xp.where(z > 0, z, xp.zeros_like(z))), axis=1)
        result = xp.where(flat[:, None], edge, result)
        if bool(xp.any(curved)):
            result[curved] = _nearest_on_ray(groups[curved], self._root(groups, curved))[0]
        return (size * result).reshape(-1)

    def prox_jacobian(self, v: Array, t: Array):
        """On the curved part, 1 along the projection, 0 along the rest of v, and across both what `_across` says."""
        xp = namespace(v)
        groups, _ = self._at_unit_scale(v)
        inside, flat, curved = _cases(groups)
        zero = xp.zeros_like(groups[:, 0])
        edge = xp.stack((zero + 1.0, zero, ones_where(groups[:, 2] > 0, zero)), axis=1)
        base = xp.where(inside[:, None], xp.ones_like(groups), xp.where(flat[:, None], edge, xp.zeros_like(groups)))
        ray, across, share = xp.zeros_like(groups), xp.zeros_like(groups), xp.zeros_like(zero)
        if bool(xp.any(curved)):
            ray[curved], across[curved], share[curved] = _across(groups[curved], self._root(groups, curved))
        return low_rank(base, (1.0, ray), (share, across))

    def _root(self, groups, curved):
        """r of each group that is projected onto the curved part."""
        x, y, z = (groups[curved, k] for k in range(3))
        return self._solve(curved, _equation, (x, y, z), _search, _both_nonnegative)


def _cases(groups):
    """Which of the groups lie inside, which are projected onto the face y = 0, and which onto the curved part."""
    x, y, z = groups[:, 0], groups[:, 1], groups[:, 2]
    inside, polar = _inside(x, y, z), _in_polar(x, y, z)
    quadrant = (x <= 0) & (y <= 0)
    return inside, quadrant & ~inside & ~polar, ~(inside | polar | quadrant)


def _log(xp, x):
    return xp.log(xp.where(x > 0, x, xp.ones_like(x)))


def _inside(x, y, z):
    """In the cone: compared in logarithms, which cannot overflow."""
    xp = namespace(x)
    both = (y > 0) & (z > 0)
    ratio = x / xp.where(y > 0, y, xp.ones_like(y))
    return (both & (ratio <= _log(xp, z) - _log(xp, y))) | ((y == 0) & (x <= 0) & (z >= 0))


def _in_polar(x, y, z):
    """-v in K*: x > 0 and x exp(y / x) <= -e z, or x = 0, y <= 0, z <= 0."""
    xp = namespace(x)
    both = (x > 0) & (z < 0)
    ratio = y / xp.where(x > 0, x, xp.ones_like(x))
    return (both & (ratio - 1.0 <= _log(xp, -z) - _log(xp, x))) | ((x == 0) & (y <= 0) & (z <= 0))


def _equation(r, x, y, z):
    """Friberg's h(r) = ((r-1) x + y) e^r - (x - r y) e^-r - (r^2 - r + 1) z, times e^-|r| so that it cannot overflow,
    and its derivative."""
    xp = namespace(r)
    small = xp.exp(-xp.abs(r))
    right = r > 0
    up, down = xp.where(right, xp.ones_like(r), small**2), xp.where(right, small**2, xp.ones_like(r))
    a, b, q = (r - 1.0) * x + y, x - r * y, (r - 1.0) * r + 1.0
    h = a * up - b * down - q * z * small
    slope = (a + x) * up + (b + y) * down - (2.0 * r - 1.0) * z * small  # e^-|r| h'(r)
    return h, slope - xp.where(right, h, -h)


def _bracket(x, y, z):
    """low <= r <= high: both rays' multiples are nonnegative there, and h changes sign.

    The multiples allow r > 1 - y / x where x > 0, and r < x / y where y > 0. One of these ends is never huge: from it
    the other side is searched in doubling steps.
    """
    xp = namespace(x)
    up = x > y  # then x > 0, else y > 0: both cannot be negative here
    one = xp.ones_like(x)
    left = xp.where(x > 0, 1.0 - y / xp.where(x > 0, x, one), -FAR)
    right = xp.where(y > 0, x / xp.where(y > 0, y, one), FAR)
    left, right = xp.where(left > FAR, FAR, left), xp.where(right < -FAR, -FAR, right)
    near, end, sign = xp.where(up, left, right), xp.where(up, right, left), xp.where(up, one, -one)
    far = widen(lambda r: (sign * (r - end) >= 0) | (sign * _equation(r, x, y, z)[0] >= 0), near, sign)
    far = xp.where(sign * (far - end) > 0, end, far)
    return xp.where(up, near, far), xp.where(up, far, near)


def _search(x, y, z):
    """The root of `_equation`, from nothing known."""
    low, high = _bracket(x, y, z)
    return bracketed_newton(_equation, low, high, low + 0.5 * (high - low), (x, y, z), floor=1.0)


def _both_nonnegative(r, x, y, z):
    """Are the multiples of both rays nonnegative at r? At one root of `_equation` only."""
    return ((r - 1.0) * x + y >= 0) & (x - r * y >= 0)


def _nearest_on_ray(v, r):
    """The multiple of (r, 1, e^r) nearest to v (n, 3), and the unit ray: by the ray's largest entry, which is stable
    where e^r is huge, unlike the multiple ((r-1) x + y) / (r^2 - r + 1), which cancels there."""
    xp = namespace(v)
    scale = xp.exp(xp.where(r > 0, -r, xp.zeros_like(r)))
    ray = xp.stack((r * scale, scale, xp.exp(xp.where(r > 0, xp.zeros_like(r), r))), axis=1)
    ray = ray / xp.linalg.vector_norm(ray, axis=1)[:, None]
    multiple = xp.sum(ray * v, axis=1)
    return xp.where(multiple > 0, multiple, xp.zeros_like(multiple))[:, None] * ray, ray


def _across(v, r):
    """The unit ray of the projection, the unit vector orthogonal to it and to v, and the derivative along that.

    Of v = m p + n q, p = (r, 1, e^r) and q = (e^r, (1 - r) e^r, -1), a change of r moves m p' + n q' and its projection
    m p'. Along p x q these are m |q|^2 and n e^r |p|^2, both negative. v: (n, 3), on the curved part; r: (n,).
    """
    xp = namespace(v)
    point, ray = _nearest_on_ray(v, r)
    small = xp.exp(-xp.abs(r))
    right = r > 0
    up, down = xp.where(right, xp.ones_like(r), small), xp.where(right, small, xp.ones_like(r))
    # p and q over max(1, e^r)
    p = xp.stack((r * down, down, up), axis=1)
    q = xp.stack((up, (1.0 - r) * up, -down), axis=1)
    length_p, length_q = xp.linalg.vector_norm(p, axis=1), xp.linalg.vector_norm(q, axis=1)
    own = xp.linalg.vector_norm(point, axis=1) * length_q**3 * down
    other = xp.linalg.vector_norm(v - point, axis=1) * length_p**3 * up
    across = xp.linalg.cross(p, q) / (length_p * length_q)[:, None]
    return ray, across, own / xp.where(own + other > 0, own + other, xp.ones_like(own))
