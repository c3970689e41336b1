"""Netlib's linear programs, feasible and infeasible, as files through the command line: `admmopt solve FILE --json`."""

from __future__ import annotations

import json
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import numpy as np

from ..grade import proves_infeasible
from .programs import Rows, files, from_mps
from .qp import graded

FOLDERS = {"lp": "netlib", "infeasible": "netlib_infeas"}
TRUTH = {"lp": "optimal", "infeasible": "infeasible"}


def names(suite: str, data) -> list[str]:
    return [path.name for path in files(data, FOLDERS[suite], (".mps.gz", ".mps"))]


def run(suite: str, name: str, options: dict) -> dict:
    """Solve one file as a stranger would, and grade what came back from the file itself."""
    path = Path(options["data"]) / FOLDERS[suite] / name
    started = time.perf_counter()
    answer = command_line(path, options)
    seconds = time.perf_counter() - started
    rows = from_mps(path)
    status = answer.get("status", "error")
    x, y = solution(answer, rows)
    record = graded(rows, x, y, status, options["eps"], TRUTH[suite])
    kept = {"iterations": answer.get("iterations"), "timings": answer.get("seconds"), "message": answer.get("message")}
    if status == "infeasible":
        y = multipliers(answer.get("certificate"), answer, rows)
        kept["certificate_holds"] = y is not None and proves_infeasible(rows.A, rows.l, rows.u, y, options["eps"])
    if status == "error":
        record["reason"] = answer.get("message", "")
    return {"status": status, "seconds": _solve_seconds(answer, seconds), "process_seconds": seconds, **kept, **record}


def command_line(path: Path, options: dict) -> dict:
    """The JSON object that the command writes; an empty one, with the reason, where it writes none."""
    with tempfile.TemporaryDirectory() as folder:
        out = Path(folder) / "solution.json"
        command = [sys.executable, "-m", "admmopt.interfaces.cli", "solve", str(path), "--json", str(out)]
        command += ["--backend", options["backend"], "--eps", str(options["eps"])]
        command += ["--time-limit", str(options["time_limit"])]
        child = subprocess.run(command, capture_output=True, text=True, timeout=options["time_limit"] + 60)
        if out.exists():
            return json.loads(out.read_text())
    reason = (child.stderr or child.stdout).strip().splitlines()[-1:]
    return {"status": "error", "message": reason[0] if reason else f"exit code {child.returncode}"}


def solution(answer: dict, rows: Rows) -> tuple[np.ndarray | None, np.ndarray | None]:
    """(x, y) of the rows from the JSON's `x` (by column name) and `duals` (by row and bound name), or None.

    The command's duals are the rates at which the file's objective changes with the right-hand side, so y is minus them
    for a file that minimizes.
    """
    x = answer.get("x")
    if x is None or len(x) != rows.q.size:
        return None, None
    return np.array(list(x.values()), dtype=float), multipliers(answer.get("duals"), answer, rows)


def multipliers(duals: dict | None, answer: dict, rows: Rows) -> np.ndarray | None:
    """y of the rows and, below them, of the bounds; zeros for the bounds of a file that has none."""
    if duals is None:
        return None
    n = rows.q.size
    parts = [list(duals.get("rows", {}).values()), list(duals.get("bounds", {}).values()) or [0.0] * n]
    y = np.array([*parts[0], *parts[1]], dtype=float)
    return None if y.size != rows.l.size else (y if answer.get("sense") == "maximize" else -y)


def _solve_seconds(answer: dict, seconds: float) -> float:
    """Compile to values, as the command measured it: the start of Python is not the solver's."""
    timings = answer.get("seconds")
    return sum(timings.values()) if timings else seconds
