"""What `solve_path` returns: the points that were solved, stacked, printed, plotted, and put back into the problem."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from functools import cached_property

import cvxpy as cp
import numpy as np
import scipy.sparse as sp

from ..engine.status import Status
from ..report.save import plain
from ..report.tables import count, grid
from .solution import Solution

MEASURED = ("status", "value", "primal", "dual", "gap", "iterations", "seconds", "message")
ROWS = 20  # of the printed table


@dataclass(frozen=True)
class Held:
    """Values in CVXPY objects, and the outcome of a problem, at one time."""

    parameters: list[tuple[cp.Parameter, object]]
    variables: list[tuple[cp.Variable, np.ndarray | None]]
    duals: list[tuple[cp.Variable, np.ndarray | None]]
    outcome: tuple


@dataclass(frozen=True)
class Point:
    """A solved point: how it went, and what was in the problem afterwards."""

    solution: Solution
    held: Held


def take(problem: cp.Problem, parameters: Iterable[cp.Parameter]) -> Held:
    """What the problem and these parameters hold now. Arrays are not copied: a solve puts new ones in their place."""
    return Held(
        [(p, p.value) for p in parameters],
        [(v, v.value) for v in problem.variables()],
        [(d, d.value) for c in problem.constraints for d in c.dual_variables],
        (problem._value, problem._status),
    )


def put_back(problem: cp.Problem, held: Held) -> None:
    for leaf, value in [*held.parameters, *held.variables, *held.duals]:
        leaf.save_value(value)
    problem._value, problem._status = held.outcome


@dataclass(repr=False)
class Path:
    """The points of a path in the order in which they were solved.

    solutions: a `Solution` for each (status, value, residuals, iterations, timings, ...); values: those of the
    parameter, (points, *its shape), and for several parameters a dict of such arrays; variables: variable -> its
    values, (points, *its shape), ``path[x]`` for short, NaN where a point has none (infeasible, unbounded); duals:
    likewise constraint -> its dual values, a list of arrays where a constraint has several; seconds: of the whole path;
    note: why points are missing, if any are.
    """

    problem: cp.Problem
    by_parameter: dict[cp.Parameter, np.ndarray]  # the values, also of a single parameter
    points: list[Point]
    eps: float
    seconds: float = 0.0
    note: str = ""
    single: bool = True

    def __len__(self) -> int:
        return len(self.points)

    @property
    def values(self) -> np.ndarray | dict[cp.Parameter, np.ndarray]:
        return next(iter(self.by_parameter.values())) if self.single else self.by_parameter

    @property
    def solutions(self) -> list[Solution]:
        return [point.solution for point in self.points]

    @cached_property
    def variables(self) -> dict[cp.Variable, np.ndarray]:
        held = [point.held.variables for point in self.points]
        return {v: _stacked(v, [values[j][1] for values in held]) for j, v in enumerate(self.problem.variables())}

    @cached_property
    def duals(self) -> dict[cp.Constraint, np.ndarray | list[np.ndarray]]:
        """Stacked when first asked for; NaN where a point has no solution (`solutions[k]` holds its certificate)."""
        none = (Status.INFEASIBLE, Status.UNBOUNDED)
        held = [({} if p.solution.status in none else {d.id: y for d, y in p.held.duals}) for p in self.points]
        found = {}
        for c in self.problem.constraints:
            parts = [_stacked(d, [duals.get(d.id) for duals in held]) for d in c.dual_variables]
            found[c] = parts[0] if len(parts) == 1 else parts
        return found

    def __getitem__(self, variable: cp.Variable) -> np.ndarray:
        if variable not in self.variables:
            name = variable.name() if isinstance(variable, cp.Variable) else repr(variable)
            known = ", ".join(v.name() for v in self.variables)
            raise KeyError(f"{name} is not a variable of this path; it has {known or 'none'}.")
        return self.variables[variable]

    def load(self, k: int) -> Solution:
        """Put the parameters, variables and duals of point k (negative: from the end) into the CVXPY objects, as if it
        had just been solved; returns its solution. Raises IndexError where there is no such point."""
        if not -len(self) <= k < len(self):
            raise IndexError(f"there is no point {k}: the path has {count(len(self), 'point')}.")
        put_back(self.problem, self.points[k].held)
        return self.points[k].solution

    def to_dict(self, variables: bool = False) -> dict[str, list]:
        """Columns of plain data, as pandas.DataFrame and JSON take them: the parameters by name, status, value, the
        relative residuals, iterations, seconds, message; with `variables` also each variable's values by its name.
        Numbers that are not finite are None."""
        columns: dict[str, object] = {}
        arrays = {**self.by_parameter, **(self.variables if variables else {})}
        reserved = set(MEASURED)
        for leaf, array in arrays.items():
            name = leaf.name() if leaf.name() not in reserved else f"{leaf.name()}_{leaf.id}"
            reserved.add(name)
            columns[name] = array
        solutions = self.solutions
        residuals = [s.residuals.relative for s in solutions]
        measured = {
            "status": [str(s.status) for s in solutions],
            "value": [s.value for s in solutions],
            **{name: [r[i] for r in residuals] for i, name in enumerate(("primal", "dual", "gap"))},
            "iterations": [s.iterations for s in solutions],
            "seconds": [s.seconds for s in solutions],
            "message": [s.message for s in solutions],
        }
        return {name: plain(column) for name, column in {**columns, **measured}.items()}

    def plot(self, variables=None, against=None, path=None):
        """The entries of variables against the parameter, as a matplotlib Figure; the seven largest are named.

        variables: one, or a list; all of the problem's by default. against: the parameter on the axis, or one number
        for each point; by default the first scalar parameter of the path, else the number of the point. The axis is
        logarithmic where the values are positive and reach over a factor of 20. path: where to save the picture.
        Raises ValueError where there is nothing to plot, KeyError for what is not of this path.
        """
        from ..report import path_plot  # matplotlib: not before something is drawn

        if not self.points:
            raise ValueError("there is nothing to plot: the path has no points.")
        chosen = [variables] if isinstance(variables, cp.Variable) else list(variables or self.variables)
        name, along = self._axis(against)
        return path_plot.coefficients(name, along, [(v.name(), self[v]) for v in chosen], path=path)

    def _axis(self, against) -> tuple[str, np.ndarray]:
        if isinstance(against, cp.Parameter):
            if against not in self.by_parameter:
                raise KeyError(f"{against.name()} is not a parameter of this path.")
            if against.ndim:
                raise ValueError(f"{against.name()} is no scalar: give against= one number for each point.")
            return against.name(), self.by_parameter[against]
        if against is not None:
            along = np.asarray(against, dtype=float)
            if along.shape != (len(self),):
                raise ValueError(f"against needs {len(self)} numbers, one for each point, got shape {along.shape}.")
            return "", along
        scalar = next((p for p in self.by_parameter if not p.ndim and not p.is_complex()), None)
        return ("point", np.arange(len(self))) if scalar is None else (scalar.name(), self.by_parameter[scalar])

    def __str__(self) -> str:
        """At most 20 of the points, evenly spread, below a line on the whole."""
        statuses = [str(s.status) for s in self.solutions]
        each = {s: statuses.count(s) for s in statuses}
        ended = f"all {statuses[0]}" if len(each) == 1 else ", ".join(f"{n} {s}" for s, n in each.items()) or "none"
        iterations = count(sum(s.iterations for s in self.solutions), "iteration")
        head = f"{count(len(self), 'point')}: {ended}; {iterations}, {self.seconds:.3g} s, eps {self.eps:g}"
        lines = ["  " + line for line in self._table()] if self.points else []
        return "\n".join([head, *lines, *([self.note] if self.note else [])])

    __repr__ = __str__

    def _table(self) -> list[str]:
        scalars = [p for p in self.by_parameter if not p.ndim]
        rows = [("point", *(p.name() for p in scalars), "status", "value", "residual", "iterations", "seconds")]
        total, status = len(self), 1 + len(scalars)
        spread = sorted({round(i * (total - 1) / (ROWS - 1)) for i in range(ROWS)})
        for k in spread if total > ROWS else range(total):
            s = self.solutions[k]
            where = (f"{self.by_parameter[p][k]:.6g}" for p in scalars)
            worst = f"{s.residuals.worst:.1e}" if np.isfinite(s.value) else "-"
            numbers = (f"{s.value:.8g}", worst, str(s.iterations), f"{s.seconds:.2g}")
            rows.append((str(k), *where, str(s.status), *numbers))
        return grid(rows, right=[j for j in range(len(rows[0])) if j != status])


def _stacked(leaf: cp.Variable, values: list) -> np.ndarray:
    """The values of one leaf at all points, (points, *shape); NaN where it has none."""
    stacked = np.full((len(values), *leaf.shape), np.nan, dtype=complex if leaf.is_complex() else float)
    for k, value in enumerate(values):
        if value is not None:
            stacked[k] = value.toarray() if sp.issparse(value) else value
    return stacked
