"""`solve_path`: a problem at every value of a parameter, compiled once, factorized once where the structure allows."""

from __future__ import annotations

import math
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field

import cvxpy as cp
import numpy as np
import scipy.sparse as sp

from ..backend_api import Backend
from ..engine import Settings, State
from ..report.sweep_progress import sweep_progress
from .path_result import Path, Point, put_back, take
from .problem import Problem, _polished
from .solution import Solution
from .solve import backend_named, check_problem, session, solve

STRAIGHT = 1e-6  # how far the next step may turn from the last one, relative, for the two to be on one line
FARTHEST = 2.0  # times the last step: a guess over a longer one is worth no more than the last solution
PERIOD = 0.1  # seconds between two pictures of the progress


def solve_path(
    problem: cp.Problem,
    parameter: cp.Parameter | Mapping[cp.Parameter, Sequence],
    values: Sequence | None = None,
    backend: str | Backend = "cpu",
    *,
    eps: float = 1e-6,
    time_limit: float | None = None,
    max_iterations: int = 100_000,
    warm_start: bool = True,
    callback: Callable[[int, Solution], object] | None = None,
    verbose: bool | None = None,
    gp: bool = False,
) -> Path:
    """Solve `problem` for each of `values` of `parameter`, in the order given: a regularization path, a frontier, any
    sweep of a parameter.

    parameter, values: a cvxpy.Parameter of the problem and its values, one for each point; or, for several parameters
    at once, a dict parameter -> values, all of one length, and no `values`. Neighbouring points should be near each
    other; a penalty is best followed from large to small. warm_start: start each point from the last one or, where the
    values lie on a line, from the straight continuation of the last two (exact between two kinks of a path that is
    piecewise linear, as the lasso's is). callback(k, solution): called after point k, ends the path by returning True.
    time_limit: seconds, for the whole path. verbose: False hides the progress bar, which is shown on terminals only.
    backend, eps, max_iterations (of one point), gp: as in `ao.solve`.

    Ctrl-C and the time limit end the path: the points that are done are returned, the one under way is dropped.
    Afterwards the parameter has the value of the last point that was done, and the problem's variables, duals, value
    and status are of that point, as after a loop written by hand; ``path.load(k)`` puts them at any other. Where there
    is no such point, and where an error is raised, all is as it was before.

    >>> import numpy as np
    >>> import admmopt as ao
    >>> rng = np.random.default_rng(0)
    >>> A, b = rng.standard_normal((30, 10)), rng.standard_normal(30)
    >>> x, lam = ao.Variable(10), ao.Parameter(nonneg=True)
    >>> lasso = ao.Problem(ao.Minimize(0.5 * ao.sum_squares(A @ x - b) + lam * ao.norm1(x)))
    >>> largest = np.abs(A.T @ b).max()
    >>> path = ao.solve_path(lasso, lam, np.geomspace(largest, 0.01 * largest, 50))
    >>> path[x].shape
    (50, 10)
    >>> print(path)  # doctest: +SKIP
    >>> path.plot(path="lasso.png")  # doctest: +SKIP

    Raises ValueError, in one sentence and before anything is solved, for a parameter that is not one of the problem's
    and for values that are missing, not finite, of a wrong shape or not what the parameter was declared to be; and
    what `ao.solve` raises.
    """
    started = time.perf_counter()
    Settings(eps=eps, time_limit=time_limit, max_iterations=max_iterations)  # raises for what is out of range
    device = backend_named(backend)
    check_problem(problem)
    grid = _checked(problem, parameter, values)
    before = take(problem, problem.parameters())
    total = len(next(iter(grid.values())))
    options = {"eps": eps, "max_iterations": max_iterations, "gp": gp}
    walk = _Walk(problem, device, options, warm_start, started, time_limit)
    points: list[Point] = []
    note = ""
    try:
        with _shown(verbose, total) as show:
            for k in range(total):
                show(grid, k)
                solution = walk.point({p: v[k] for p, v in grid.items()})
                points.append(Point(solution, take(problem, grid)))
                if callback is not None and callback(k, solution) and k + 1 < total:
                    note = f"stopped by the callback after {k + 1} of {total} points"
                    break
    except KeyboardInterrupt:
        note = f"interrupted after {len(points)} of {total} points"
    except _OutOfTime:
        note = f"the time limit of {time_limit:g} s ran out after {len(points)} of {total} points"
    except BaseException:
        put_back(problem, before)
        raise
    put_back(problem, points[-1].held if points else before)
    done = {p: v[: len(points)] for p, v in grid.items()}
    single = not isinstance(parameter, Mapping)
    return Path(problem, done, points, eps, time.perf_counter() - started, note, single)


class _OutOfTime(Exception):
    """The time limit of the path has passed."""


@dataclass
class _Walk:
    """Goes from point to point; remembers the last two for a guess at the next."""

    problem: cp.Problem
    backend: Backend
    options: dict
    warm_start: bool
    started: float
    time_limit: float | None
    trail: list[tuple[np.ndarray, State]] = field(default_factory=list)  # at most two: where, and the iterate there

    def point(self, values: dict[cp.Parameter, np.ndarray]) -> Solution:
        """Set the parameters, solve. Raises KeyboardInterrupt or _OutOfTime where the solve did not come to its end."""
        left = None if self.time_limit is None else self.time_limit - (time.perf_counter() - self.started)
        if left is not None and left <= 0:
            raise _OutOfTime
        for parameter, value in values.items():
            parameter.value = value
        kept = session(self.problem, self.options["gp"])
        where = np.concatenate([np.ravel(v) for v in values.values()])
        if self.warm_start and self.trail:
            kept.state = self.guess(where)
        options = {**self.options, "time_limit": left, "warm_start": self.warm_start}
        found = solve(self.problem, self.backend, **options)
        if found.message == "interrupted":  # the engine keeps its best iterate: not a point of this path
            raise KeyboardInterrupt
        if self.out_of_time() and found.status == "limit":
            raise _OutOfTime
        if isinstance(self.problem, Problem) and self.problem.nonconvex_sets:
            self.trail.clear()  # no guess: the last solution as it is
            found = _polished(self.problem, found, self.backend, options)
        elif kept.state is not None:
            self.trail = [*self.trail[-1:], (where, kept.state)]
        return found

    def out_of_time(self) -> bool:
        return self.time_limit is not None and time.perf_counter() - self.started > self.time_limit

    def guess(self, where: np.ndarray) -> State:
        """The last iterate, or the straight continuation of the last two where the parameters go on in a line.

        With p the parameters and t = (p - p1) / (p1 - p0), (x, z, y) = (1 + t) (x1, z1, y1) - t (x0, z0, y0).
        """
        p1, last = self.trail[-1]
        if len(self.trail) < 2:
            return last
        p0, earlier = self.trail[0]
        t = _ratio(where - p1, p1 - p0)
        if t is None or last.x.shape != earlier.x.shape or last.z.shape != earlier.z.shape:
            return last
        return State(*(a + t * (a - b) for a, b in zip(_parts(last), _parts(earlier), strict=True)))


def _parts(state: State) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    return state.x, state.z, state.y


def _ratio(step: np.ndarray, last: np.ndarray) -> float | None:
    """t with step = t * last; None where there is none, or where t is too large to extrapolate over."""
    length = float(np.real(np.vdot(last, last)))
    if length == 0:
        return None
    t = float(np.real(np.vdot(last, step))) / length
    aside = np.linalg.norm(step - t * last)
    return t if aside <= STRAIGHT * np.linalg.norm(step) and abs(t) <= FARTHEST else None


@contextmanager
def _shown(verbose: bool | None, total: int) -> Iterator[Callable[[dict, int], None]]:
    """A progress bar on a terminal, drawn at most ten times a second."""
    drawn = -math.inf
    with sweep_progress(verbose, total) as show:

        def at_most(grid: dict[cp.Parameter, np.ndarray], k: int) -> None:
            nonlocal drawn
            now = time.monotonic()
            if now - drawn >= PERIOD:
                drawn = now
                show({p.name(): f"{v[k]:.4g}" for p, v in grid.items() if v.ndim == 1}, k)

        yield at_most


# ---- what comes in --------------------------------------------------------------------------------------------


def _checked(problem: cp.Problem, parameter, values) -> dict[cp.Parameter, np.ndarray]:
    """parameter -> array (points, *shape of the parameter); refuses what would fail on the way."""
    if isinstance(parameter, Mapping):
        if values is not None:
            raise ValueError(
                f"with a dict of parameters their values are in the dict and values is left out, got {_short(values)}."
            )
        if not parameter:
            raise ValueError("the dict of parameters is empty: give at least one parameter and its values.")
        asked = dict(parameter)
    else:
        asked = {parameter: values}
    for p in asked:
        _check_parameter(problem, p)
    fixed = [p for p in problem.parameters() if p not in asked and p.value is None]
    if fixed:
        raise ValueError(f"parameter {fixed[0].name()} is not on the path and has no value: give it one.")
    grid = {p: _array(p, v) for p, v in asked.items()}
    lengths = {p.name(): len(v) for p, v in grid.items()}
    if len(set(lengths.values())) > 1:
        each = ", ".join(f"{name} {length}" for name, length in lengths.items())
        raise ValueError(f"all parameters need the same number of values, one for each point, got {each}.")
    for p, array in grid.items():
        _check_declared(p, array)
    return grid


def _check_parameter(problem: cp.Problem, parameter) -> None:
    if not isinstance(parameter, cp.Parameter):
        raise ValueError(f"parameter must be a cvxpy.Parameter (or a dict of them), got {_short(parameter)}.")
    own = problem.parameters()
    if not any(p is parameter for p in own):
        names = ", ".join(p.name() for p in own)
        known = f"it has {names}" if own else "it has none"
        raise ValueError(f"parameter {parameter.name()} is not a parameter of this problem; {known}.")


def _array(parameter: cp.Parameter, values) -> np.ndarray:
    """The values stacked, (points, *shape)."""
    name = parameter.name()
    several = isinstance(values, Sequence) or (isinstance(values, np.ndarray) and values.ndim > 0)
    if isinstance(values, str) or not several:
        raise ValueError(f"parameter {name} needs a sequence of values, one for each point, got {_short(values)}.")
    if len(values) == 0:
        raise ValueError(f"the path is empty: parameter {name} has no values.")
    kind = complex if parameter.is_complex() else float
    rows = []
    for k, value in enumerate(values):
        try:
            row = np.asarray(value.toarray() if sp.issparse(value) else value, dtype=kind)
        except (TypeError, ValueError):
            raise ValueError(f"values[{k}] of parameter {name} is no array of numbers: {_short(value)}.") from None
        if row.shape != parameter.shape:
            raise ValueError(f"values[{k}] of parameter {name} has shape {row.shape}, the parameter {parameter.shape}.")
        if not np.all(np.isfinite(row)):
            raise ValueError(f"values[{k}] of parameter {name} is not finite.")
        rows.append(row)
    return np.array(rows)


def _check_declared(parameter: cp.Parameter, array: np.ndarray) -> None:
    """Refuse values that are not what the parameter was declared to be (nonneg, PSD, ...), by CVXPY's own test."""
    held = parameter.value
    for k, value in enumerate(array):
        try:
            parameter.value = value
        except ValueError as refusal:
            raise ValueError(f"values[{k}] of parameter {parameter.name()} does not fit: {refusal}") from None
        finally:
            parameter.save_value(held)


def _short(value) -> str:
    shown = repr(value)
    return shown if len(shown) <= 40 else f"{shown[:37]}..."
