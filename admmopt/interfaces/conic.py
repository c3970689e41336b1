"""`ao.ADMM()`: the engine as a CVXPY conic solver, for code that expects a solver object.

CVXPY canonicalizes to  minimize 1/2 x'P x + c'x  subject to  A x + s = b, s in K;  here that is one term per cone.
"""

from __future__ import annotations

import time

import cvxpy.settings as cps
import numpy as np
from cvxpy.constraints import SOC, ExpCone, NonNeg, PowCone3D, PowConeND, SvecPSD, Zero
from cvxpy.reductions.solution import Solution, failure_solution
from cvxpy.reductions.solvers import utilities
from cvxpy.reductions.solvers.conic_solvers.conic_solver import ConicSolver
from cvxpy.utilities.psd_utils import TriangleKind

from .. import functions as fn
from ..backend_api import Backend
from ..dsl.solve import backend_named
from ..engine import Settings, Workspace
from ..engine.problem import SplitProblem
from ..engine.status import Status
from ..operators import Sparse
from ..presolve import solve as run_engine
from ..report.progress import progress
from ..splitting.affine import AffineMap
from ..splitting.assemble import assemble
from ..splitting.fuse import piece_duals
from ..splitting.pieces import Piece

_STATUS = {
    Status.OPTIMAL: cps.OPTIMAL,
    Status.INFEASIBLE: cps.INFEASIBLE,
    Status.UNBOUNDED: cps.UNBOUNDED,
    Status.LIMIT: cps.USER_LIMIT,
    Status.INACCURATE_BACKEND: cps.USER_LIMIT,
}


class ADMM(ConicSolver):
    """CVXPY solver object. Keep one instance: CVXPY caches compiled problems by instance, and so the factorization.

    backend: name or configured backend; other options as in `ao.solve`, also accepted by ``problem.solve(solver=...,
    eps=...)``.
    """

    MIP_CAPABLE = False
    BOUNDED_VARIABLES = True
    SUPPORTED_CONSTRAINTS = [Zero, NonNeg, SOC, SvecPSD, ExpCone, PowCone3D, PowConeND]
    EXP_CONE_ORDER = [0, 1, 2]
    PSD_TRIANGLE_KIND = TriangleKind.LOWER
    PSD_SQRT2_SCALING = True
    OPTIONS = ("eps", "time_limit", "max_iterations")

    def __init__(self, backend: str | Backend = "cpu", **options):
        super().__init__()
        self.backend = backend
        self.options = self._checked(options)

    def _checked(self, options: dict) -> dict:
        """Accept CVXPY's own switches silently, refuse what nobody reads."""
        known = {key: value for key, value in options.items() if key in self.OPTIONS}
        unknown = [key for key in options if key not in (*self.OPTIONS, "use_quad_obj", "backend")]
        if unknown:
            raise ValueError(f"unknown option {unknown[0]!r} for ADMM; options: backend, {', '.join(self.OPTIONS)}.")
        return known

    def name(self) -> str:
        return "ADMM"

    def import_solver(self) -> None:
        """Nothing to import: the engine is here."""

    def supports_quad_obj(self) -> bool:
        return True

    def cite(self, data) -> str:
        return "@misc{admmopt, title={admmopt: ADMM for problems declared in CVXPY}}"

    def solve_via_data(self, data, warm_start: bool, verbose: bool, solver_opts, solver_cache=None):
        """Solve CVXPY's cone data; the solver cache keeps the workspace and the last iterate."""
        options = {**self.options, **self._checked(solver_opts)}
        device = backend_named(solver_opts.get("backend", self.backend))
        settings = Settings(**options)
        cache = solver_cache if solver_cache is not None else {}
        kept = cache.setdefault(self.name(), {"workspace": Workspace(), "state": None})
        started = time.perf_counter()
        split, fused = split_cone_program(data)
        compiled = time.perf_counter() - started
        state = kept["state"]
        fits = warm_start and state is not None and state.fits(split)
        with progress(verbose, settings.eps) as watch:
            raw = run_engine(
                split,
                device,
                settings,
                workspace=kept["workspace"],
                warm_start=state if fits else None,
                callback=watch,
            )
        kept["state"] = raw.state
        y = np.zeros(data[cps.A].shape[0]) if cps.A in data else np.zeros(0)
        if raw.status != Status.UNBOUNDED:
            y = cone_duals(fused, raw, y.size)
        return {"solution": raw, "duals": y, "compile": compiled}

    def invert(self, solution, inverse_data) -> Solution:
        """CVXPY's Solution, with duals by constraint."""
        raw = solution["solution"]
        status = _STATUS[raw.status]
        attr = {
            cps.SOLVE_TIME: raw.timings["iterate"] + raw.timings["finish"],
            cps.SETUP_TIME: raw.timings["prepare"] + solution["compile"],
            cps.NUM_ITERS: raw.iterations,
            cps.EXTRA_STATS: raw,
        }
        zero = inverse_data[self.DIMS].zero
        y = solution["duals"]
        duals = utilities.get_dual_values(y[:zero], utilities.extract_dual_value, inverse_data[self.EQ_CONSTR])
        duals.update(utilities.get_dual_values(y[zero:], utilities.extract_dual_value, inverse_data[self.NEQ_CONSTR]))
        if status in cps.SOLUTION_PRESENT:
            value = raw.value + inverse_data[cps.OFFSET]
            return Solution(status, value, {inverse_data[self.VAR_ID]: raw.x}, duals, attr)
        return failure_solution(status, attr, duals if raw.status == Status.INFEASIBLE else None)


def split_cone_program(data):
    """(SplitProblem, fused terms) of CVXPY's cone data; piece rows are the rows of A, in CVXPY's order."""
    A, b, c = data[cps.A].tocsr(), np.asarray(data[cps.B], dtype=float), np.asarray(data[cps.C], dtype=float)
    dims, n = data["dims"], c.size
    pieces, start = [], 0
    for function in cone_functions(dims):
        rows = slice(start, start + function.size)
        map = AffineMap({0: Sparse(-A[rows])}, b[rows])
        pieces.append(Piece(function, map, type(function).__name__, constraint=start))
        start += function.size
    lower, upper = data.get(cps.LOWER_BOUNDS), data.get(cps.UPPER_BOUNDS)
    if lower is not None or upper is not None:
        lower = np.full(n, -np.inf) if lower is None else lower
        upper = np.full(n, np.inf) if upper is None else upper
        pieces.append(Piece(fn.box(lower, upper), AffineMap({0: Sparse(_identity(n))}, np.zeros(n)), "bounds"))
    split = SplitProblem(n, c)
    if data.get(cps.P) is not None and data[cps.P].nnz:
        split.P = Sparse(data[cps.P])
    fused, _ = assemble(pieces, [], {0: slice(0, n)}, n)
    split.terms = [item.term for item in fused]
    return split, fused


def _identity(n: int):
    import scipy.sparse as sp

    return sp.eye_array(n, format="csr")


def cone_functions(dims) -> list[fn.base.Function]:
    """One function per block of rows: zero, nonneg, second-order, semidefinite, exponential, power cones."""
    found: list[fn.base.Function] = []
    if dims.zero:
        found.append(fn.zero(dims.zero))
    if dims.nonneg:
        found.append(fn.nonneg(dims.nonneg))
    found += [fn.SecondOrderCone(count, dim) for dim, count in _runs(dims.soc)]
    found += [fn.PSDCone(count, order) for order, count in _runs(dims.psd)]
    if dims.exp:
        found.append(fn.ExponentialCone(dims.exp))
    if dims.p3d:
        found.append(fn.PowerCone(len(dims.p3d), np.asarray(dims.p3d, dtype=float)))
    found += [fn.PowerConeND(np.asarray(alpha, dtype=float)[None, :]) for alpha in dims.pnd]
    return found


def _runs(sizes) -> list[tuple[int, int]]:
    """Consecutive equal sizes as (size, how many)."""
    runs: list[tuple[int, int]] = []
    for size in sizes:
        if runs and runs[-1][0] == size:
            runs[-1] = (size, runs[-1][1] + 1)
        else:
            runs.append((size, 1))
    return runs


def cone_duals(fused, raw, m: int) -> np.ndarray:
    """CVXPY's dual vector (in K*) from the engine's y, or from its certificate of infeasibility."""
    y = np.zeros(m)
    found = piece_duals(fused, raw.z, raw.y, raw.certificate)
    for piece in {id(s.piece): s.piece for item in fused for s in item.shares}.values():
        if piece.constraint is not None:
            y[piece.constraint : piece.constraint + piece.map.size] = -found[id(piece)]
    return y
