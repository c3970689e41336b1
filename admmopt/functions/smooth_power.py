"""Powers: |y|^p for p > 1, y^-q on y > 0, -y^p on y >= 0 for 0 < p < 1.

Each prox is one increasing equation, written in the variable in which it is convex (or concave) and started within
about a factor two of its root, on the side from which Newton's method is monotone.
"""

from __future__ import annotations

from dataclasses import dataclass

from .base import Array, namespace
from .elementwise import INF, Elementwise, descend


def power(x: Array, a: float) -> Array:
    """x**a for x >= 0, by multiplications and square roots where that is possible."""
    if a == 0.5:
        return namespace(x).sqrt(x)
    if a == 1.5:
        return x * namespace(x).sqrt(x)
    if a in (1, 2, 3, 4):
        return (x, x * x, x * x * x, x * x * x * x)[int(a) - 1] if a > 1 else x
    return x**a


def power_or(x: Array, a: float, otherwise: float) -> Array:
    """x**a for x > 0 and a < 0, `otherwise` where x is (nearly) 0."""
    xp = namespace(x)
    used = x > 1e-300 ** (1 / max(1.0, -a))
    return xp.where(used, xp.where(used, x, 1 + 0 * x) ** a, 0 * x + otherwise)


@dataclass(eq=False)
class Power(Elementwise):
    """sum_i weight_i |y_i|^p, p > 1; with `nonneg` also y >= 0 (CVXPY's power for p that are not even integers)."""

    weight: Array
    p: float = 2.0
    nonneg: bool = False

    def __post_init__(self):
        super().__post_init__()
        if not 1 < self.p < INF:
            raise ValueError(f"Power needs a finite exponent above 1, got {self.p}.")
        if self.nonneg:
            self.lower = 0.0  # type: ignore[misc]

    def phi(self, y):
        return power(abs(y), self.p)

    def curvature(self, y):
        p, size = self.p, abs(y)
        if p == 2:
            return 2 + 0 * y
        return p * (p - 1) * (power(size, p - 2) if p > 2 else power_or(size, p - 2, INF))

    def prox_jacobian(self, v, t):
        jacobian = super().prox_jacobian(v, t)
        return namespace(v).where(v > 0, jacobian, 0 * jacobian) if self.nonneg else jacobian

    def root(self, v, tau):
        xp = namespace(v)
        size = self._size(abs(v), tau)
        return xp.where(v > 0, size, 0 * v if self.nonneg else -size)

    def _size(self, m, tau):
        """r >= 0 with r + c r^(p - 1) = m, c = tau p: m >= 0."""
        xp, p, c = namespace(m), self.p, self.p * tau
        if p == 2:
            return m / (1 + c)
        if p == 3:
            return 2 * m / (1 + xp.sqrt(1 + 4 * c * m))
        if p == 1.5:
            root = 2 * m / (c + xp.sqrt(c * c + 4 * m) + 1e-300)
            return root * root
        used = m > 0
        m = xp.where(used, m, 1 + 0 * m)
        if p > 2:  # convex in r

            def residual(r):
                slope = c * power(r, p - 2)
                return r + slope * r - m, 1 + (p - 1) * slope

            bound = (m / c) ** (1 / (p - 1))
            r = descend(residual, xp.where(bound < m, bound, m))
        else:  # convex in s = r^(p - 1)
            beta = 1 / (p - 1)

            def residual(s):
                slope = power(s, beta - 1)
                return slope * s + c * s - m, beta * slope + c

            bound = m ** (p - 1)
            s = descend(residual, xp.where(bound < m / c, bound, m / c))
            r = xp.where(c * s < 0.5 * m, m - c * s, power(s, beta))
        return xp.where(used, r, 0 * m)


@dataclass(eq=False)
class InversePower(Elementwise):
    """sum_i weight_i y_i^(-q), y > 0, q > 0."""

    weight: Array
    q: float = 1.0
    lower = 0.0
    recession_up = 0.0

    def __post_init__(self):
        super().__post_init__()
        if not 0 < self.q < INF:
            raise ValueError(f"InversePower needs a finite positive exponent, got {self.q}.")

    def phi(self, y):
        return power_or(y, -self.q, INF)

    def curvature(self, y):
        return self.q * (self.q + 1) * power_or(y, -self.q - 2, INF)

    def root(self, v, tau):
        """p - v = c p^(-q-1), c = tau q: concave, so from below; each side bounds the root where it dominates."""
        xp, q, c = namespace(v), self.q, self.q * tau
        balanced = c ** (1 / (q + 2))
        steep = (0.5 * c / xp.where(v < 0, -v, 1 + 0 * v)) ** (1 / (q + 1))
        below = 0.5 ** (1 / (q + 2)) * balanced
        below = xp.where(steep < below, steep, below)
        above = xp.where(v > balanced, v, balanced)

        def residual(p):
            force = c * power(1 / p, q + 1)
            return p - v - force, 1 + (q + 1) * force / p

        return descend(residual, xp.where(v < 0, below, above))


@dataclass(eq=False)
class InversePositive(InversePower):
    """sum_i weight_i / y_i, y > 0 (CVXPY's inv_pos)."""

    q: float = 1.0


@dataclass(eq=False)
class ConcavePower(Elementwise):
    """-sum_i weight_i y_i^p, y >= 0, 0 < p < 1."""

    weight: Array
    p: float = 0.5
    lower = 0.0
    recession_up = 0.0

    def __post_init__(self):
        super().__post_init__()
        if not 0 < self.p < 1:
            raise ValueError(f"ConcavePower needs an exponent between 0 and 1, got {self.p}.")

    def phi(self, y):
        return -power(y, self.p)

    def curvature(self, y):
        return self.p * (1 - self.p) * power_or(y, self.p - 2, INF)

    def root(self, v, tau):
        """With s = p^(1 - exponent), beta = 1/(1 - exponent): s^(beta + 1) - v s = c is convex, so from above."""
        xp, beta, c = namespace(v), 1 / (1 - self.p), self.p * tau
        balanced = c ** (1 / (beta + 1))
        steep = c / xp.where(v < 0, -v, 1 + 0 * v)
        below = xp.where(steep < balanced, steep, balanced)
        forward = (2 * xp.where(v > 0, v, 0 * v)) ** (1 / beta)
        doubled = 2 ** (1 / (beta + 1)) * balanced
        above = xp.where(forward > doubled, forward, doubled)

        def residual(s):
            lead = power(s, beta)
            return s * (lead - v) - c, (beta + 1) * lead - v

        return power(descend(residual, xp.where(v < 0, below, above)), beta)


@dataclass(eq=False)
class NegSqrt(ConcavePower):
    """-sum_i weight_i sqrt(y_i), y >= 0."""

    p: float = 0.5
