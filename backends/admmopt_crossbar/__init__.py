"""The memristor crossbar backend: declare any convex problem, learn how well, how fast and at what energy a device
solves it."""

from __future__ import annotations

from .backend import Circuit, Crossbar
from .device import Device, Generic
from .faults import Stuck

__all__ = ["Circuit", "Crossbar", "Device", "Generic", "Stuck"]
