"""Netlib's linear programs, feasible and infeasible, as files through the command line: `admmopt solve FILE --json`."""

from __future__ import annotations

import json
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import numpy as np

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
    kept = {part: answer.get(part) for part in ("iterations", "timings", "message")}
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
    """(x, y) of the rows from the JSON's `x` and `y`; where there is no y, only the primal can be graded."""
    x, y = answer.get("x"), answer.get("y")
    if x is None or y is None or len(x) != rows.q.size or len(y) != rows.l.size:
        return None, None
    return np.array(x, dtype=float), np.array(y, dtype=float)


def _solve_seconds(answer: dict, seconds: float) -> float:
    """Compile to values, as the command measured it: the start of Python is not the solver's."""
    timings = answer.get("timings")
    return sum(timings.values()) if timings else seconds
