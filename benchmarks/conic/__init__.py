"""Conic programs as their files state them: readers, cones and a grader, with nothing of admmopt in them."""

from .files import READERS, entries, read
from .grade import grade_conic, proves_infeasible, proves_unbounded
from .program import Block, Conic

__all__ = ["READERS", "Block", "Conic", "entries", "grade_conic", "proves_infeasible", "proves_unbounded", "read"]
