"""Conic programs from files: CBLIB (second-order, exponential and power cones) and SDPLIB."""

from __future__ import annotations

import time
from pathlib import Path

from ..conic import READERS, entries, grade_conic, proves_infeasible, proves_unbounded, read
from ..conic.program import Conic
from ..grade import judge
from ..peers import conic as solvers
from .programs import files

FOLDERS = {"cblib": ("cblib/socp", "cblib/exp", "cblib/pow"), "sdplib": ("sdplib",)}
ENDINGS = tuple(READERS)
MOST = 100_000  # entries of A in the file; larger programs run only when they are named
TRUTH = {"infd1": "unbounded", "infd2": "unbounded"}  # SDPLIB's own words: their duals are infeasible


def paths(suite: str, data) -> dict[str, Path]:
    """Every instance: "socp/NAME" and the like in CBLIB, "NAME" in SDPLIB; by family, the smallest file first."""
    found = {}
    for folder in FOLDERS[suite]:
        for path in files(data, folder, ENDINGS):
            ending = next(e for e in ENDINGS if path.name.endswith(e))
            found["/".join([*folder.split("/")[1:], path.name.removesuffix(ending)])] = path
    return found


def names(suite: str, data) -> list[str]:
    """Those with fewer than MOST entries."""
    return [name for name, path in paths(suite, data).items() if entries(path) < MOST]


def run(suite: str, name: str, options: dict) -> dict:
    """The file's reading is not part of the time; ours starts from the split problem that our reader makes of it."""
    path = paths(suite, options["data"])[name]
    solve, answer = solvers.ours(path, options["backend"], options["eps"], options["time_limit"])
    wall, cpu = time.perf_counter(), time.process_time()
    record, found = solve()
    record = {**record, "seconds": time.perf_counter() - wall, "cpu_seconds": time.process_time() - cpu}
    program = read(path)
    return {**record, **graded(program, *answer(program, found), record["status"], options["eps"], name)}


def graded(program: Conic, x, z, status: str, eps: float, name: str) -> dict:
    """The independent residuals and the verdict at eps. A certificate is believed where it is one, to eps."""
    grade = grade_conic(program, x, z)
    truth = TRUTH.get(name, "optimal")
    if status == "infeasible" and proves_infeasible(program, z, eps):
        truth = "infeasible"
    if status == "unbounded" and proves_unbounded(program, x, eps):
        truth = "unbounded"
    verdict, reason = judge(status, truth, grade.right(eps))
    if verdict == "wrong" and status == "optimal" and truth == "optimal":
        reason = "false optimal: relative residuals " + ", ".join(f"{r:.1e}" for r in grade.relative)
    return {
        "grade": grade.as_dict(),
        "value": program.sense * (grade.objective + program.constant),
        "error": grade.worst,
        "right_1e-4": grade.right(1e-4),
        "right_1e-6": grade.right(1e-6),
        "verdict": verdict,
        "reason": reason,
        "rows": program.A.shape[0],
        "columns": program.A.shape[1],
    }
