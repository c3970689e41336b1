"""The open Maros-Meszaros problems as CVXPY problems through ao.solve, graded in rows form from the raw data."""

from __future__ import annotations

from pathlib import Path

from ..grade import grade_rows, judge
from ..runner import measured
from .programs import files, from_mat, to_cvxpy


def names(data) -> list[str]:
    return [path.stem for path in files(data, "maros_meszaros", (".mat",))]


def run(name: str, options: dict) -> dict:
    """Read, state, solve and grade one QP. The file's reading is not part of the time, CVXPY's compilation is."""
    import admmopt as ao

    rows = from_mat(Path(options["data"]) / "maros_meszaros" / f"{name}.mat")
    model = to_cvxpy(rows)

    def solve() -> dict:
        solution = ao.solve(
            model.problem, backend=options["backend"], eps=options["eps"], time_limit=options["time_limit"]
        )
        return {
            "status": str(solution.status),
            "iterations": solution.iterations,
            "timings": solution.timings,
            "residuals": list(solution.residuals.relative),
        }

    record = measured(solve)
    return {**record, **graded(rows, *model.answer(), record["status"], options["eps"])}


def graded(rows, x, y, status: str, eps: float, truth: str = "optimal") -> dict:
    """The independent residuals and the verdict at eps, and whether it would also be right at 1e-4 and 1e-6."""
    grade = grade_rows(*rows.raw, x, y)
    verdict, reason = judge(status, truth, grade.right(eps))
    if verdict == "wrong" and status == "optimal" and truth == "optimal":
        reason = "false optimal: relative residuals " + ", ".join(f"{r:.1e}" for r in grade.relative)
    return {
        "grade": grade.as_dict(),
        "value": grade.objective + rows.constant,
        "error": grade.worst,
        "right_1e-4": grade.right(1e-4),
        "right_1e-6": grade.right(1e-6),
        "verdict": verdict,
        "reason": reason,
        "rows": rows.A.shape[0],
        "columns": rows.A.shape[1],
    }
