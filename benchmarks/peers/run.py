"""One instance by one solver, in this process: built, solved, graded, with its time and its peak memory."""

from __future__ import annotations

import os
import resource
import sys
import warnings
from collections.abc import Callable
from pathlib import Path

import cvxpy as cp

from .. import references
from ..problems import build
from ..records import version_of
from ..suites import lp, nineteen, qp
from ..suites.programs import from_mat, from_mps, to_cvxpy
from .solvers import PACKAGES, solve, stopwatch

SUITES = ("nineteen", "more", "qp", "lp")
SHARE = 0.6  # of the computer's memory that one process may have


def run(suite: str, name: str, options: dict) -> dict:
    """A record. seconds: from the CVXPY problem to values in its variables; memory_mb: the largest resident size of the
    process, memory_before_mb: what of it the data and Python had taken before the solver began; load: processes that
    wanted a core during the last minute, ours among them."""
    problem, grade = TASKS[suite](name, options)
    before, elapsed = peak_memory(), stopwatch()
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # "solution may be inaccurate": that is graded
        record = solve(problem, options["solver"], options)
    record = {**record, **elapsed(), "memory_mb": peak_memory(), "memory_before_mb": before}
    record = {**record, "version": version_of(PACKAGES[options["solver"]]), "load": os.getloadavg()[0]}
    if record["status"] == "unsuited":
        return {**record, "verdict": "unsuited"}
    verdict = grade(record["status"])
    return {**record, **verdict, "reason": record.get("reason") or verdict["reason"]}


def _model(name: str, options: dict) -> tuple[cp.Problem, Callable[[str], dict]]:
    instance = build(name, options.get("size", "full"), options.get("seed", 0), options.get("data"))
    reference = references.lookup(instance)
    return instance.problem, lambda status: nineteen.verdict(instance.problem, status, reference)


def _rows(rows, options: dict) -> tuple[cp.Problem, Callable[[str], dict]]:
    model = to_cvxpy(rows)
    return model.problem, lambda status: qp.graded(rows, *model.answer(), status, options["eps"])


def _qp(name: str, options: dict):
    return _rows(from_mat(Path(options["data"]) / "maros_meszaros" / f"{name}.mat"), options)


def _lp(name: str, options: dict):
    return _rows(from_mps(Path(options["data"]) / lp.FOLDERS["lp"] / name), options)


TASKS = {"nineteen": _model, "more": _model, "qp": _qp, "lp": _lp}


def peak_memory() -> float:
    """Megabytes, the largest resident size of this process so far."""
    unit = 2**20 if sys.platform == "darwin" else 2**10  # bytes there, kilobytes elsewhere
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / unit


def run_alone(suite: str, name: str, options: dict) -> dict:
    """The same in a process of its own, whose memory is bounded: a solver that runs out of it fails alone."""
    total = os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES")
    limit = int(SHARE * total)
    _, hard = resource.getrlimit(resource.RLIMIT_AS)
    if hard == resource.RLIM_INFINITY or hard > limit:
        resource.setrlimit(resource.RLIMIT_AS, (limit, hard))
    return run(suite, name, options)
