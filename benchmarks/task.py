"""What a comparison needs of one instance: how a solver is set to work on it, and how what came back is graded."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass


@dataclass(frozen=True)
class Task:
    """solve(solver, options): the part that is timed; a record with `status` ("unsuited" where the solver takes no such
    problem) and what else is known. grade(record): verdict, reason, error and the like, from the raw data."""

    solve: Callable[[str, dict], dict]
    grade: Callable[[dict], dict]
