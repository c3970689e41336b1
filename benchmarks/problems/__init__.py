"""The nineteen problems of Epsilon's benchmark, and more: generators of our own, at its sizes."""

from . import classification, least_squares, portfolios, programs, regression, signals
from .base import REGISTRY, Benchmark, Instance, MissingData, build

GROUPS = {
    group: tuple(sorted(name for name, entry in REGISTRY.items() if entry.group == group))
    for group in ("nineteen", "more", "sslsq")
}

__all__ = [
    "GROUPS",
    "REGISTRY",
    "Benchmark",
    "Instance",
    "MissingData",
    "build",
    "classification",
    "least_squares",
    "portfolios",
    "programs",
    "regression",
    "signals",
]
