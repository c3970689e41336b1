"""`ao.Problem`: a CVXPY problem whose `.solve()` is this engine, and which may hold nonconvex sets."""

from __future__ import annotations

from dataclasses import replace

import cvxpy as cp
import numpy as np

from ..engine.status import Status
from .sets import NonconvexSet
from .solution import Solution
from .solve import session, solve


class Problem(cp.Problem):
    """Like cvxpy.Problem; constraints may include `Cardinality`, `Rank`, `Boolean`, `FiniteSet`, `Sphere` and
    `Permutation`.

    A nonconvex problem is solved locally: `starts` runs from different points (the first from zero or, warm, from the
    last solution, the others random under `seed`), each made exactly feasible by a convex solve that keeps the sets'
    structure (support, column space, values); the best is kept and its status is `local`.
    """

    details: Solution | None = None  # of the last solve

    @property
    def nonconvex_sets(self) -> list[NonconvexSet]:
        return [c for c in self.constraints if isinstance(c, NonconvexSet)]

    def solve(self, backend="cpu", *, starts: int = 1, seed: int = 0, **options) -> float:
        """Solve with this engine; options as in `ao.solve`. Returns the value; the `Solution` is `self.details`."""
        if "solver" in options or "method" in options:
            return super().solve(**options)
        if not self.nonconvex_sets:
            self.details = solve(self, backend, **options)
        else:
            self.details = solve_locally(self, backend, starts=starts, seed=seed, **options)
        return self.value


def solve_locally(problem: Problem, backend="cpu", *, starts: int = 1, seed: int = 0, **options) -> Solution:
    """The best of several local solutions of a problem with nonconvex sets; values are those of the best."""
    if starts < 1:
        raise ValueError(f"starts must be at least 1, got {starts!r}.")
    rng = np.random.default_rng(seed)
    sense = -1.0 if isinstance(problem.objective, cp.Maximize) else 1.0
    best: tuple[float, Solution, dict] | None = None
    for start in range(starts):
        if start:
            _randomize(problem, options.get("gp", False), rng)
        rough = solve(problem, backend, **options)
        kept = session(problem, options.get("gp", False))
        found = _polished(problem, rough, backend, options)
        score = sense * found.value if found.status == Status.LOCAL else np.inf
        if best is None or score < best[0]:
            best = (score, found, {**_snapshot(problem), "state": kept.state})
    _, found, values = best
    _restore(problem, values)
    kept.state = values["state"]  # the next solve starts from the best, not from the last
    return found


def _polished(problem: Problem, found: Solution, backend, options: dict) -> Solution:
    """A convex solve that keeps the structure found (support, values, ...); `found` itself where there is none."""
    restrictions = [c for s in problem.nonconvex_sets for c in s.restrict()]
    if not restrictions or problem.variables()[0].value is None:
        return found
    before = _snapshot(problem)
    convex = [c for c in problem.constraints if not isinstance(c, NonconvexSet)]
    restricted = cp.Problem(problem.objective, convex + restrictions)
    polished = solve(restricted, backend, **options)
    if polished.status != Status.OPTIMAL:
        _restore(problem, before)
        return found
    problem._value, problem._status = problem.objective.value, str(Status.LOCAL)
    iterations = found.iterations + polished.iterations
    timings = {phase: found.timings.get(phase, 0.0) + seconds for phase, seconds in polished.timings.items()}
    return replace(
        polished,
        status=Status.LOCAL,
        value=float(problem.value),
        iterations=iterations,
        timings=timings,
        history=found.history,
        message=Status.LOCAL.sentence,
    )


def _randomize(problem: Problem, gp: bool, rng: np.random.Generator) -> None:
    """Replace the kept iterate by a random one of about its size."""
    kept = session(problem, gp)
    state = kept.state
    size = max(float(np.abs(state.x).max(initial=0.0)), 1.0)
    x = size * rng.standard_normal(state.x.shape)
    z = size * rng.standard_normal(state.z.shape)
    kept.state = replace(state, x=x, z=z, y=np.zeros_like(state.y))


def _snapshot(problem: Problem) -> dict:
    return {
        "values": [(v, v.value) for v in problem.variables()],
        "duals": [(d, d.value) for c in problem.constraints for d in c.dual_variables],
        "outcome": (problem._value, problem._status),
    }


def _restore(problem: Problem, kept: dict) -> None:
    for leaf, value in kept["values"] + kept["duals"]:
        leaf.save_value(value)
    problem._value, problem._status = kept["outcome"]
