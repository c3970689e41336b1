"""The Wright omega function: the prox of everything made of exponentials."""

from __future__ import annotations

from .base import Array, namespace


def wright_omega(z: Array) -> Array:
    """The solution w > 0 of w + log w = z, elementwise, to a few units in the last place. z: any shape.

    Three steps of the fourth-order iteration of Fritsch, Shafer and Crowley (Algorithm 443, 1973) from simple guesses.
    """
    xp = namespace(z)
    low = xp.exp(xp.where(z < 1.0, z, xp.ones_like(z)))
    above = xp.where(z > 1.0, z, xp.ones_like(z))
    w = xp.where(z < 1.0, low / (1.0 + 0.6 * low), above - xp.log(above) * above / (1.0 + above))
    tiny = z < -36.0  # there omega(z) = e^z to full precision
    w = xp.where(tiny, xp.ones_like(w), w)
    for _ in range(3):
        r = xp.where(tiny, xp.zeros_like(z), z - w - xp.log(w))
        a = 1.0 + w
        q = a + 2.0 * r / 3.0
        w = w * (1.0 + r / a * (q - 0.5 * r / a) / (q - r / a))
    return xp.where(tiny, low, w)
