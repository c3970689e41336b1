"""Closed convex cones: what all of them share, the second-order cone, and dual cones by Moreau's decomposition."""

from __future__ import annotations

from dataclasses import dataclass, field

from .base import Array, Function, namespace
from .jacobian import affine, low_rank, ones_where, unit
from .sets import Set


class Cone(Set):
    """Indicator of a closed convex cone K. Its support function is the indicator of the polar cone, and it is its own
    recession function; both projections come from the one onto K (Moreau: v = P_K(v) + P_polar(v))."""

    cone = True

    def domain_support(self, y: Array) -> tuple[float, Array]:
        return 0.0, y - self.project(y)

    def recession(self, d: Array) -> tuple[float, Array]:
        return 0.0, self.project(d)


@dataclass(eq=False)
class SecondOrderCone(Cone):
    """Groups (t, x) of `dim` entries with ||x||_2 <= t; the projection is closed-form (Parikh and Boyd, sec. 6.3.2)."""

    count: int
    dim: int

    def project(self, v: Array) -> Array:
        xp = namespace(v)
        groups = v.reshape(self.count, self.dim)
        t, x = groups[:, 0], groups[:, 1:]
        norm = xp.linalg.vector_norm(x, axis=1)
        zero = xp.zeros_like(t)
        middle = 0.5 * (norm + t)
        inside, polar = norm <= t, norm <= -t
        new_t = xp.where(inside, t, xp.where(polar, zero, middle))
        scale = xp.where(inside, zero + 1, xp.where(polar, zero, middle / xp.where(norm > 0, norm, zero + 1)))
        return xp.concat((new_t[:, None], scale[:, None] * x), axis=1).reshape(-1)

    def prox_jacobian(self, v: Array, t: Array):
        """Between the cone and its polar, with w = x/||x|| and r = t/||x||: 1 along (1, w), 0 along (1, -w), and
        (1 + r)/2 across both (Kanzow, Ferenczi and Fukushima, SIAM J. Optim. 20, 2009, lemma 2.5)."""
        xp = namespace(v)
        groups = v.reshape(self.count, self.dim)
        top, x = groups[:, 0], groups[:, 1:]
        norm = xp.linalg.vector_norm(x, axis=1)
        inside, polar = norm <= top, norm <= -top
        between = ones_where(~inside & ~polar, top)
        across = 0.5 * between * (1.0 + top / xp.where(norm > 0, norm, xp.ones_like(norm)))
        one, w = xp.ones_like(groups[:, :1]), unit(x)
        near, far = (unit(xp.concat((one, sign * w), axis=1)) for sign in (1.0, -1.0))
        base = across + ones_where(inside, top)
        return low_rank(base[:, None], (between - across, near), (-across, far))


@dataclass(eq=False)
class DualCone(Cone):
    """The dual cone K* = {y : <y, u> >= 0 for all u in K} of any cone: P_K*(v) = v + P_K(-v) (Moreau)."""

    primal: Function
    count: int = field(init=False)
    dim: int = field(init=False)

    def __post_init__(self):
        if not self.primal.cone:
            raise ValueError(f"DualCone needs a cone, got {type(self.primal).__name__}.")
        self.count, self.dim = self.primal.count, self.primal.dim

    def project(self, v: Array) -> Array:
        return v + self.primal.prox(-v, 1.0)

    def prox_jacobian(self, v: Array, t: Array):
        return affine(self.primal.prox_jacobian(-v, t), 1.0, -1.0)

    def describe(self) -> str:
        return f"dual of {self.primal.describe()}"
