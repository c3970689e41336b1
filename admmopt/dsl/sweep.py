"""`sweep`: one problem at every point of a grid of backend options; errors are measured on the original problem."""

from __future__ import annotations

import inspect
import itertools
import math
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

import cvxpy as cp
import numpy as np

from ..backend_api import Backend, BackendError
from ..engine import Settings
from ..engine.status import Status
from ..report.save import plain
from ..report.sweep_progress import sweep_progress
from .fingerprint import fingerprint
from .problem import Problem, _restore, _snapshot
from .solution import Solution
from .solve import check_problem, session
from .sweep_file import SweepFile
from .sweep_table import MEASURED, SweepTable, label

REFERENCE_EPS = 1e-9


def sweep(
    problem: cp.Problem,
    make_backend: Callable[..., str | Backend],
    grid: Mapping[str, Iterable],
    *,
    repeats: int = 1,
    eps: float = 1e-6,
    reference: float | None = None,
    out: str | Path | None = None,
    verbose: bool | None = None,
    time_limit: float | None = None,
    max_iterations: int = 100_000,
    gp: bool = False,
) -> SweepTable:
    """Solve `problem` on ``make_backend(**options)`` for every combination of the options in `grid`.

    make_backend: called with the names of `grid` as keyword arguments; where it also takes `seed`, with
    seed = 0, 1, ..., repeats - 1, so that the repeats differ. grid: for each option its values; those that are neither
    numbers nor strings are shown by their `name` attribute, else by str(). reference: the optimal value, where it is
    known; else the problem is solved once on backend "cpu" at eps 1e-9. out: a file of JSON lines to which every
    finished row is added at once; the same sweep with the same file continues where it was stopped, and may have a
    larger grid or more repeats. verbose: False hides the progress bar, which is shown on terminals only.
    eps, time_limit (seconds, of one solve), max_iterations, gp: as in `ao.solve`.

    Each row of the table holds the options, `seed`, and

    - status, message: how the solve ended; `refused` with the backend's sentence where it raised BackendError;
    - value: the problem's own objective at the values that came back, whatever the status;
    - suboptimality: |value - reference| / max(1, |reference|);
    - violation: the largest entry of any constraint's violation, bounds and signs of variables included, as CVXPY
      measures it on the problem's own constraints;
    - iterations; seconds (of this computer, compilation left out); residual: the worst of the relative residuals;
    - energy (joules), latency (seconds): of the modelled hardware, from the backend's report;

    None where there is no finite number. No solve starts from what another left behind. Afterwards the variables and
    duals hold the reference solution, or, with `reference` given, what they held before. Ctrl-C returns the rows so
    far.

    >>> import numpy as np
    >>> import admmopt as ao
    >>> from admmopt_crossbar import Crossbar, Generic
    >>> rng = np.random.default_rng(0)
    >>> A, b = rng.standard_normal((20, 8)), rng.standard_normal(20)
    >>> x = ao.Variable(8, nonneg=True)
    >>> problem = ao.Problem(ao.Minimize(ao.sum_squares(A @ x - b)), [ao.sum(x) == 1])
    >>> def hardware(sigma, bits, seed):
    ...     return Crossbar(Generic(sigma=sigma), adc_bits=bits, slices=1, seed=seed)
    >>> grid = {"sigma": [1e-3, 1e-2, 1e-1, 0.3], "bits": [4, 8]}
    >>> table = ao.sweep(problem, hardware, grid, repeats=3, out="sweep.jsonl")
    >>> print(table)
    >>> print(table.where(bits=8).required("sigma", "suboptimality", 1e-3))
    >>> table.plot("sigma", by="bits", path="sweep.png")

    Raises ValueError with one sentence for a grid, a make_backend or a file that does not fit, and where the reference
    is not solved to optimality. Exceptions of the backend other than BackendError are passed on.
    """
    check_problem(problem)
    Settings(eps=eps, time_limit=time_limit, max_iterations=max_iterations)  # raises for what is out of range
    grid = _checked_grid(grid)
    seeded = _check_call(make_backend, grid, repeats)
    solving = {"eps": eps, "time_limit": time_limit, "max_iterations": max_iterations, "gp": gp}
    made_by = fingerprint(make_backend)
    head = {"problem": fingerprint(problem), "options": list(grid), **solving, "make_backend": made_by}
    file = SweepFile(out, head)
    twin = Problem(problem.objective, problem.constraints)  # the caller's problem keeps its own warm start
    before = _snapshot(twin)
    try:
        if reference is None:
            reference, before = _reference(twin, eps, gp)
        elif not math.isfinite(reference):
            raise ValueError(f"reference must be a finite number, got {reference!r}.")
        points = list(_points(grid, repeats, seeded))
        table = SweepTable([], {name: [label(v) for v in values] for name, values in grid.items()}, reference, eps)
        _fill(table, points, file, _Runner(twin, make_backend, solving, seeded), verbose)
    finally:
        _restore(twin, before)
    return table


@dataclass(frozen=True)
class _Point:
    options: dict  # as the user gave them
    seed: int

    @property
    def shown(self) -> dict:
        return {**{name: label(value) for name, value in self.options.items()}, "seed": self.seed}

    @property
    def key(self) -> str:
        return fingerprint([self.options, self.seed])


@dataclass(frozen=True)
class _Runner:
    """Runs one point from a cold start and measures what came back."""

    problem: Problem
    make_backend: Callable[..., str | Backend]
    solving: dict
    seeded: bool

    def __call__(self, point: _Point) -> dict:
        self._forget()
        try:
            backend = self.make_backend(**point.options, **({"seed": point.seed} if self.seeded else {}))
            self.problem.solve(backend, **self.solving)
        except BackendError as refusal:
            return {"status": "refused", **dict.fromkeys(MEASURED), "message": str(refusal)}
        solution = self.problem.details
        if solution.message == "interrupted":  # the engine keeps its best iterate: not a row of this sweep
            raise KeyboardInterrupt
        return plain(measure(self.problem, solution))

    def _forget(self) -> None:
        """The compiled problem is kept; what an earlier solve found, tuned or programmed is not."""
        kept = session(self.problem, self.solving["gp"])
        kept.state = None
        kept.workspaces.clear()
        for variable in self.problem.variables():
            variable.save_value(None)


def measure(problem: cp.Problem, solution: Solution) -> dict:
    """The row of a finished solve, from the values that are now in the problem's variables."""
    report = solution.backend_report
    return {
        "status": str(solution.status),
        "value": _objective(problem),
        "suboptimality": None,
        "violation": violation(problem),
        "iterations": solution.iterations,
        "seconds": solution.seconds - solution.timings.get("compile", 0.0),
        "residual": solution.residuals.worst,
        "energy": report.get("energy"),
        "latency": report.get("latency"),
        "message": solution.message,
    }


def violation(problem: cp.Problem) -> float | None:
    """The largest entry of `constraint.violation()` over the problem's constraints and the domains of its variables
    (signs, bounds, definiteness); 0 without any, None where a variable has no value."""
    if any(variable.value is None for variable in problem.variables()):
        return None
    constraints = [*problem.constraints, *(c for v in problem.variables() for c in v.domain)]
    return max((float(np.max(np.abs(c.violation()), initial=0.0)) for c in constraints), default=0.0)


def _objective(problem: cp.Problem) -> float | None:
    with np.errstate(all="ignore"):  # outside its domain an objective is infinite or NaN
        value = problem.objective.value
    return None if value is None else float(np.real(value))


def _suboptimality(value: float | None, reference: float) -> float | None:
    return None if value is None else abs(value - reference) / max(1.0, abs(reference))


def _reference(problem: Problem, eps: float, gp: bool) -> tuple[float, dict]:
    """The optimal value, and the values and duals that go with it."""
    problem.solve("cpu", eps=min(eps, REFERENCE_EPS), gp=gp)
    found = problem.details
    if found.message == "interrupted":
        raise KeyboardInterrupt
    if found.status != Status.OPTIMAL:
        raise ValueError(
            f"the reference solve on backend 'cpu' ended as {found.status}, not optimal: give the optimal value as "
            "reference=."
        )
    return _objective(problem), _snapshot(problem)


def _fill(table: SweepTable, points: list[_Point], file: SweepFile, run: _Runner, verbose: bool | None) -> None:
    """Run, or read back, every point; Ctrl-C leaves the rows so far and a note."""
    with sweep_progress(verbose, len(points)) as show:
        for point in points:
            key = point.key
            if key not in file.rows:
                show(point.shown, len(table.rows))
                try:
                    row = run(point)
                except KeyboardInterrupt:
                    table.note = f"interrupted after {len(table.rows)} of {len(points)} solves"
                    return
                row["suboptimality"] = _suboptimality(row["value"], table.reference)
                file.add(key, {**point.shown, **row})
            row = file.rows[key]
            table.rows.append({**row, "suboptimality": _suboptimality(row["value"], table.reference)})


def _points(grid: dict[str, list], repeats: int, seeded: bool) -> Iterator[_Point]:
    """The last option changes fastest, and the repeats of a point follow each other."""
    for values in itertools.product(*grid.values()):
        options = dict(zip(grid, values, strict=True))
        for seed in range(repeats):
            yield _Point(options, seed)


def _checked_grid(grid) -> dict[str, list]:
    if not isinstance(grid, Mapping) or not grid:
        raise ValueError("the grid is empty: give at least one option and its values, as in {'sigma': [1e-3, 1e-2]}.")
    lists = {}
    for name, values in grid.items():
        if name == "seed" or name in MEASURED or name in ("status", "message"):
            raise ValueError(f"{name!r} is a column of the table and cannot be an option of the grid: rename it.")
        if isinstance(values, str) or not isinstance(values, Iterable):
            raise ValueError(f"the grid needs a list of values for {name!r}, got {values!r}.")
        lists[name] = list(values)
        if not lists[name]:
            raise ValueError(f"the grid has no values for {name!r}.")
        labels = [label(value) for value in lists[name]]
        twice = next((shown for k, shown in enumerate(labels) if shown in labels[:k]), None)
        if twice is not None:
            raise ValueError(f"the grid has {twice!r} twice for {name!r}: a table could not tell the two apart.")
    return lists


def _check_call(make_backend, grid: dict[str, list], repeats: int) -> bool:
    """Refuse what would fail at the first point; returns whether make_backend takes a seed."""
    if not callable(make_backend):
        raise ValueError(f"make_backend must be a function that returns a backend, got {make_backend!r}.")
    if isinstance(repeats, bool) or not isinstance(repeats, int) or repeats < 1:
        raise ValueError(f"repeats must be a whole number of at least 1, got {repeats!r}.")
    parameters = inspect.signature(make_backend).parameters.values()
    named = {p.name for p in parameters if p.kind in (p.POSITIONAL_OR_KEYWORD, p.KEYWORD_ONLY)}
    anything = any(p.kind == p.VAR_KEYWORD for p in parameters)
    unknown = [name for name in grid if name not in named and not anything]
    if unknown:
        raise ValueError(f"make_backend does not take {unknown[0]!r}, an option of the grid.")
    needed = [p.name for p in parameters if p.default is p.empty and p.name in named and p.name not in {*grid, "seed"}]
    if needed:
        raise ValueError(f"make_backend needs {needed[0]!r}, which the grid does not give.")
    seeded = "seed" in named or anything
    if repeats > 1 and not seeded:
        raise ValueError(
            f"make_backend takes no seed, so that all {repeats} repeats would be the same: let it take one."
        )
    return seeded
