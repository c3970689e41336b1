"""Linear and quadratic programs from files, stated in CVXPY, graded in rows form from the raw data: Maros-Meszaros,
Netlib, its infeasible programs, Kennington, the relaxations of MIPLIB, and predictive control."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from ..grade import Grade, grade_rows, judge, proves_infeasible
from ..peers.solvers import solve
from ..task import Task
from .programs import files, read, to_cvxpy


@dataclass(frozen=True)
class Source:
    """Where a suite's files are, and how their names end: of a name that is in two folders the first counts."""

    folders: tuple[str, ...]
    endings: tuple[str, ...]
    truth: str = "optimal"


MPS = (".mps.gz", ".mps")
SOURCES = {
    "qp": Source(("maros_meszaros",), (".mat",)),
    "lp": Source(("netlib",), MPS),
    "infeasible": Source(("netlib_infeas",), MPS, truth="infeasible"),
    "kennington": Source(("kennington",), MPS),
    "relaxations": Source(("lp_relax_miplib3",), (".gz",)),
    "mpc": Source(("qpb_mpc", "qpb_free_for_all"), (".npz",)),
}


def paths(suite: str, data) -> dict[str, Path]:
    source, found = SOURCES[suite], {}
    for folder in source.folders:
        for path in files(data, folder, source.endings):
            ending = next(e for e in source.endings if path.name.lower().endswith(e))
            found.setdefault(path.name[: -len(ending)], path)
    return found


def names(suite: str, data) -> list[str]:
    return list(paths(suite, data))


every = names


def task(suite: str, name: str, options: dict) -> Task:
    """The file's reading is not part of the time, CVXPY's compilation is."""
    rows = read(paths(suite, options["data"])[name])
    model = to_cvxpy(rows)
    truth = SOURCES[suite].truth

    def grade(record: dict) -> dict:
        x, y = model.answer()
        found = graded(grade_rows(*rows.raw, x, y), record["status"], options["eps"], truth)
        if record["status"] == "infeasible" and y is not None:  # a certificate, where the solver gives one
            found["certificate_holds"] = proves_infeasible(rows.A, rows.l, rows.u, y, options["eps"])
        size = {"rows": rows.A.shape[0], "columns": rows.A.shape[1], "entries": rows.A.nnz}
        return {**found, "value": found["value"] + rows.constant, **size}

    return Task(lambda solver, options: solve(model.problem, solver, options), grade)


def graded(grade: Grade, status: str, eps: float, truth: str) -> dict:
    """The independent residuals and the verdict at eps, and whether it would also be right at 1e-4 and 1e-6."""
    verdict, reason = judge(status, truth, grade.right(eps))
    if verdict == "wrong" and status == "optimal" and truth == "optimal":
        reason = "false optimal: relative residuals " + ", ".join(f"{r:.1e}" for r in grade.relative)
    return {
        "grade": grade.as_dict(),
        "value": grade.objective,
        "error": grade.worst,
        "right_1e-4": grade.right(1e-4),
        "right_1e-6": grade.right(1e-6),
        "verdict": verdict,
        "reason": reason,
    }
