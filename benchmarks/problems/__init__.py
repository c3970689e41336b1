"""The nineteen problems of Epsilon's benchmark, and more: generators of our own, at its sizes."""

from . import classification, programs, regression, signals
from .base import REGISTRY, Benchmark, Instance, MissingData, build

NINETEEN = tuple(sorted(name for name, entry in REGISTRY.items() if entry.group == "nineteen"))
MORE = tuple(sorted(name for name, entry in REGISTRY.items() if entry.group == "more"))

__all__ = [
    "MORE",
    "NINETEEN",
    "REGISTRY",
    "Benchmark",
    "Instance",
    "MissingData",
    "build",
    "classification",
    "programs",
    "regression",
    "signals",
]
