"""Conic programs from files, without CVXPY: CBLIB (second-order, exponential and power cones) and SDPLIB."""

from __future__ import annotations

from pathlib import Path

from ..conic import READERS, entries, grade_conic, proves_infeasible, proves_unbounded, read
from ..conic.program import Conic
from ..peers.conic import interface
from ..task import Task
from .programs import files
from .rows import graded

FOLDERS = {"cblib": ("cblib/socp", "cblib/exp", "cblib/pow"), "sdplib": ("sdplib",)}
MOST = 100_000  # entries of A in the file; larger programs run only when they are named
TRUTH = {"infd1": "unbounded", "infd2": "unbounded"}  # SDPLIB's own words: their duals are infeasible


def paths(suite: str, data) -> dict[str, Path]:
    """Every instance: "socp/NAME" and the like in CBLIB, "NAME" in SDPLIB; by family, the smallest file first."""
    found, endings = {}, tuple(READERS)
    for folder in FOLDERS[suite]:
        for path in files(data, folder, endings):
            ending = next(e for e in endings if path.name.lower().endswith(e))
            found["/".join([*folder.split("/")[1:], path.name[: -len(ending)]])] = path
    return found


def every(suite: str, data) -> list[str]:
    return list(paths(suite, data))


def names(suite: str, data) -> list[str]:
    """Those with fewer than MOST entries."""
    return [name for name, path in paths(suite, data).items() if entries(path) < MOST]


def task(suite: str, name: str, options: dict) -> Task:
    """The file's reading is not part of the time. Clarabel and SCS start from the raw c, A, b and cones, ours from the
    split problem that `admmopt solve FILE` makes of the file."""
    path = paths(suite, options["data"])[name]
    program = read(path)
    solve, answer = interface(options["solver"], path, program, options)
    return Task(lambda solver, options: solve(), lambda record: verdict(program, *answer(), record, options, name))


def verdict(program: Conic, x, z, record: dict, options: dict, name: str = "") -> dict:
    """A certificate is believed where it is one, to eps."""
    status, eps = record["status"], options["eps"]
    truth = TRUTH.get(name, "optimal")
    if status == "infeasible" and proves_infeasible(program, z, eps):
        truth = "infeasible"
    if status == "unbounded" and proves_unbounded(program, x, eps):
        truth = "unbounded"
    found = graded(grade_conic(program, x, z), status, eps, truth)
    size = {"rows": program.A.shape[0], "columns": program.A.shape[1], "entries": program.A.nnz}
    return {**found, "value": program.sense * (found["value"] + program.constant), **size}
