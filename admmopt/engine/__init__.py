"""The engine: one step, one loop, one stopping test."""

from .loop import State, solve
from .settings import Settings
from .workspace import Workspace

__all__ = ["Settings", "State", "Workspace", "solve"]
