"""Independent references: specialised solvers whose answers carry their own proof."""

from .store import compute, load, lookup, save

__all__ = ["compute", "load", "lookup", "save"]
