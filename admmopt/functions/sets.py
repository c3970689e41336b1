"""Indicators of closed sets: the base of cones, balls and nonconvex sets."""

from __future__ import annotations

from abc import abstractmethod

from .base import Array, Function, namespace

TOLERANCE = 1e-9  # relative distance up to which a point still counts as a member of a set


class Set(Function):
    """Indicator of a closed set, given by its projection."""

    indicator = True

    @abstractmethod
    def project(self, v: Array) -> Array:
        """A point of the set nearest to v (the only one where the set is convex). v: (size,). Returns (size,)."""

    def prox(self, v: Array, t: Array) -> Array:
        return self.project(v)

    def value(self, y: Array) -> float:
        """0 within a distance of 1e-9 max(1, ||y||) of the set, else inf."""
        xp = namespace(y)
        distance = float(xp.linalg.vector_norm(y - self.project(y)))
        return 0.0 if distance <= TOLERANCE * max(1.0, float(xp.linalg.vector_norm(y))) else float("inf")
