"""What `explain` returns: how a problem was split, and how its linear system will be solved."""

from __future__ import annotations

from dataclasses import dataclass

from ..engine.problem import SplitProblem
from ..engine.standard import Standard
from ..report import tables


@dataclass(frozen=True)
class Explanation:
    """unknowns: entries of x; terms: (label, function, operator) of each; quadratic: what enters the system without a
    copy; system: the backend's report (`form`, `reason`, ...). `print` it, or read the fields."""

    unknowns: int
    rows: int
    terms: list[tuple[str, str, str]]
    quadratic: list[str]
    backend: str
    system: dict

    @classmethod
    def of(cls, split: SplitProblem, backend, workspace) -> Explanation:
        terms = [(t.label, t.function.describe(), t.operator.describe()) for t in split.terms]
        quadratic = [] if split.P is None else [f"P: {split.P.describe()}"]
        quadratic += [f"{s.label}: {s.operator.describe()}, fixed weight" for s in split.squares]
        workspace.prepare(Standard(split), backend)
        rows = sum(t.function.size for t in split.terms)
        return cls(split.n, rows, terms, quadratic, backend.name, workspace.solver.report())

    def __str__(self) -> str:
        return tables.explanation(self)
