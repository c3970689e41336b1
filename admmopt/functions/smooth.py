"""Smooth elementwise functions made of exponentials and logarithms."""

from __future__ import annotations

from dataclasses import dataclass

from .base import Array, namespace
from .elementwise import INF, Elementwise, descend, exp_or_inf, log_or
from .omega import wright_omega


@dataclass(eq=False)
class Exp(Elementwise):
    """sum_i weight_i exp(y_i). The prox is v - omega(v + log tau), omega the Wright function."""

    weight: Array
    recession_down = 0.0

    def phi(self, y):
        return exp_or_inf(y)

    curvature = phi

    def root(self, v, tau):
        xp = namespace(v)
        log_tau = xp.log(tau)
        omega = wright_omega(v + log_tau)  # = tau exp(p); the two forms of p below are equal, one of them cancels
        return xp.where(omega > 1, log_or(omega, 0.0) - log_tau, v - omega)


@dataclass(eq=False)
class Logistic(Elementwise):
    """sum_i weight_i log(1 + exp(y_i))."""

    weight: Array
    recession_down = 0.0
    recession_up = 1.0

    def phi(self, y):
        xp = namespace(y)
        return xp.where(y > 0, y, 0 * y) + xp.log1p(xp.exp(-abs(y)))

    def curvature(self, y):
        e = namespace(y).exp(-abs(y))
        return e / ((1 + e) * (1 + e))

    def root(self, v, tau):
        """Halley's method on q + tau sigma(q) = u, q <= 0; p > 0 is the same equation for -p and tau - v.

        There e^q/2 <= sigma(q) <= e^q, so that the root of q + tau e^q/1.3 = u is never far from q.
        """
        xp = namespace(v)
        mirrored = v > 0.5 * tau
        u = xp.where(mirrored, tau - v, v)
        q = u - _rough_omega(u + xp.log(tau) - 0.26)
        for _ in range(12):
            e = xp.exp(xp.where(q < 0, q, 0 * q))
            sigma = e / (1 + e)
            bend = tau * sigma / (1 + e)  # tau sigma'
            value, slope = q + tau * sigma - u, 1 + bend
            step = value / (slope - 0.5 * value * bend * (1 - 2 * sigma) / slope)
            q = q - step
            if bool((abs(step) <= 1e-6 + 1e-14 * abs(q)).all()):  # cubic: the next step would be below rounding
                break
        return xp.where(mirrored, -q, q)


def _rough_omega(z: Array) -> Array:
    """The Wright omega function to about a tenth."""
    xp = namespace(z)
    low = xp.exp(xp.where(z < 1, z, 1 + 0 * z))
    above = xp.where(z > 1, z, 1 + 0 * z)
    return xp.where(z < 1, low / (1 + 0.6 * low), above - xp.log(above) * above / (1 + above))


@dataclass(eq=False)
class NegLog(Elementwise):
    """-sum_i weight_i log(y_i), y > 0."""

    weight: Array
    lower = 0.0
    recession_up = 0.0

    def phi(self, y):
        return -log_or(y, -INF)

    def curvature(self, y):
        xp = namespace(y)
        return xp.where(y > 1e-150, 1 / xp.where(y > 1e-150, y * y, 1 + 0 * y), 0 * y + INF)

    def root(self, v, tau):
        """The positive root of p^2 - v p - tau = 0, in the form that does not cancel."""
        xp = namespace(v)
        far = 0.5 * (abs(v) + xp.hypot(v, 2 * xp.sqrt(tau)))
        return xp.where(v > 0, far, tau / far)


@dataclass(eq=False)
class Entropy(Elementwise):
    """sum_i weight_i y_i log(y_i), y >= 0 (the negative of CVXPY's entr)."""

    weight: Array
    lower = 0.0

    def phi(self, y):
        return y * log_or(y, 0.0)

    def curvature(self, y):
        xp = namespace(y)
        return xp.where(y > 1e-300, 1 / xp.where(y > 1e-300, y, 1 + 0 * y), 0 * y + INF)

    def root(self, v, tau):
        """p/tau + log(p/tau) = v/tau - 1 - log tau, so that p = tau omega(...)."""
        return tau * wright_omega(v / tau - 1 - namespace(v).log(tau))


@dataclass(eq=False)
class Xexp(Elementwise):
    """sum_i weight_i y_i exp(y_i), y >= 0."""

    weight: Array
    lower = 0.0

    def phi(self, y):
        return y * exp_or_inf(y)

    def curvature(self, y):
        return (2 + y) * exp_or_inf(y)

    def prox_jacobian(self, v, t):
        jacobian = super().prox_jacobian(v, t)
        return namespace(v).where(v > t * self.weight, jacobian, 0 * jacobian)

    def root(self, v, tau):
        """p = 0 up to v = tau; then p + tau (1 + p) e^p = v, convex: from min(v - tau, omega(1 + log(v/tau)) - 1)."""
        xp = namespace(v)
        inside = v > tau
        u, tau = xp.where(inside, v, 2 + 0 * v), xp.where(inside, tau, 1 + 0 * v)
        by_exp = wright_omega(1 + xp.log(u) - xp.log(tau)) - 1
        start = xp.where(by_exp < u - tau, by_exp, u - tau)

        def residual(p):
            e = tau * xp.exp(p)
            return (p + tau - u) + (e * p + tau * xp.expm1(p)), 1 + (2 + p) * e

        return xp.where(inside, descend(residual, start), 0 * v)
