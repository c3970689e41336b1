"""`solve` and `explain`: from a CVXPY problem object to values in its variables, and how it got there."""

from __future__ import annotations

import time
import weakref
from collections.abc import Callable

import cvxpy as cp

from .. import engine, presolve
from ..backend_api import Backend, resolve
from ..engine import Settings, State, Workspace
from ..engine.status import Status
from ..report.progress import progress
from ..splitting import Compiled
from .explanation import Explanation
from .solution import Solution


class Session:
    """What is kept between two solves of one problem: the split, the factorization, the last iterate."""

    def __init__(self, gp: bool):
        self.gp = gp
        self.compiled: Compiled | None = None
        self.workspaces: dict[object, Workspace] = {}
        self.state: State | None = None

    def compile(self, problem: cp.Problem):
        """The split problem at the current parameter values."""
        if self.compiled is None or not self.compiled.dpp:
            self.compiled = Compiled(problem, self.gp)
        return self.compiled.update()

    def workspace(self, backend: Backend) -> Workspace:
        return self.workspaces.setdefault((backend.name, id(backend)), Workspace())


_SESSIONS: weakref.WeakKeyDictionary[cp.Problem, Session] = weakref.WeakKeyDictionary()
_BACKENDS: dict[str, Backend] = {}


def session(problem: cp.Problem, gp: bool) -> Session:
    """The problem's session; a new one when it is solved for the first time, or as another kind."""
    known = _SESSIONS.get(problem)
    if known is None or known.gp != gp:
        known = _SESSIONS[problem] = Session(gp)
    return known


def backend_named(backend: str | Backend) -> Backend:
    """Resolve a backend; one object per name, so that a re-solve finds its factorization."""
    if not isinstance(backend, str):
        return resolve(backend)
    if backend not in _BACKENDS:
        _BACKENDS[backend] = resolve(backend)
    return _BACKENDS[backend]


def check_problem(problem) -> None:
    """Refuse what is not a continuous CVXPY problem, in one sentence that names the culprit."""
    if not isinstance(problem, cp.Problem):
        raise TypeError(f"solve takes a CVXPY problem, got {type(problem).__name__}.")
    for variable in problem.variables():
        if variable.attributes["boolean"] or variable.attributes["integer"]:
            kind = "boolean" if variable.attributes["boolean"] else "integer"
            raise ValueError(
                f"variable {variable.name()} is {kind}: declare it continuous and add ao.Boolean(x) or "
                "ao.FiniteSet(x, values) to an ao.Problem (solved locally), or use a mixed-integer solver."
            )


def solve(
    problem: cp.Problem,
    backend: str | Backend = "cpu",
    *,
    eps: float = 1e-6,
    time_limit: float | None = None,
    max_iterations: int = 100_000,
    warm_start: bool = True,
    callback: Callable | None = None,
    verbose: bool = False,
    gp: bool = False,
    finish: bool = True,
) -> Solution:
    """Solve a CVXPY problem; values and duals land in its variables and constraints.

    backend: a name (``"cpu"``, ``"torch:cuda:0"``) or a configured backend; eps: tolerance on the relative primal, dual
    and gap residuals of the original problem; time_limit: seconds; callback(check): called with every row of the
    history, stops the solve by returning True; warm_start: start from the last solution of this problem object; finish:
    end with Newton steps where that looks faster, semismooth ones or those of an interior point.

    Raises cvxpy.error.DCPError with CVXPY's reason for a non-DCP problem, BackendError for a backend that is not there,
    ValueError for data that is not finite or an option out of range.
    """
    settings = Settings(eps=eps, time_limit=time_limit, max_iterations=max_iterations, finish=finish)
    device = backend_named(backend)
    check_problem(problem)
    started = time.perf_counter()
    kept = session(problem, gp)
    split = kept.compile(problem)
    compiled_in = time.perf_counter() - started
    state = kept.state if warm_start and kept.state is not None and kept.state.fits(split) else None
    # A problem with parameters will be solved again: the factorization to keep is that of the whole problem.
    run = engine.solve if problem.parameters() else presolve.solve
    with progress(verbose, eps) as watch:
        raw = run(
            split,
            device,
            settings,
            workspace=kept.workspace(device),
            warm_start=state,
            callback=_chain(watch, callback),
        )
    kept.state = None if raw.status in (Status.INFEASIBLE, Status.UNBOUNDED) else raw.state
    kept.compiled.invert(raw)
    direction = kept.compiled.direction(raw) if raw.status == Status.UNBOUNDED and not gp else None
    return Solution.of(raw, problem, compiled_in, eps, direction)


def solve_method(problem: cp.Problem, *, enforce_dpp: bool = False, ignore_dpp: bool = False, **options) -> float:
    """What ``problem.solve(method="admm", ...)`` runs: `solve`, returning the optimal value as CVXPY does.

    CVXPY's own two switches are understood: `enforce_dpp` raises for a problem that is not DPP; with `ignore_dpp` each
    solve compiles anew.
    """
    if enforce_dpp and not problem.is_dpp("dgp" if options.get("gp") else "dcp", quad_form_dpp="qp"):
        raise cp.error.DPPError("the problem is not DPP.")
    if ignore_dpp:
        _SESSIONS.pop(problem, None)
    solve(problem, **options)
    return problem.value


def _chain(watch: Callable | None, callback: Callable | None) -> Callable | None:
    """Progress first, then the user's callback, whose answer counts."""
    if watch is None or callback is None:
        return watch or callback

    def both(check):
        watch(check)
        return callback(check)

    return both


def explain(problem: cp.Problem, backend: str | Backend = "cpu", *, gp: bool = False) -> Explanation:
    """How the problem is split: terms, operators, the system's form and why the backend chose it. Nothing is solved."""
    device = backend_named(backend)
    check_problem(problem)
    kept = session(problem, gp)
    return Explanation.of(kept.compile(problem), device, kept.workspace(device))
