"""Running many instances, each in a process of its own, on one thread, with a limit on its time."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn

from . import records

ROOT = Path(__file__).resolve().parents[1]
THREADS = ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS", "NUMBA_NUM_THREADS", "VECLIB_MAXIMUM_THREADS")
console = Console()


def run_suite(
    suite: str, names: list[str], options: dict, out: Path, grace: float = 120.0, again: bool = False
) -> list[dict]:
    """Run every instance that has no record yet (or crashed); print a line each; return the records of all of them.

    options: what goes to the instance's process (eps, time_limit, data, backend, seed; solver, where it is not ours).
    grace: seconds beyond time_limit for building the problem and writing it down, before the process is ended and
    counted as a failure.
    """
    identity = {"suite": suite, "eps": options.get("eps"), "backend": options.get("backend")}
    identity["solver"] = options.get("solver", "admmopt")
    done = {records.key(record): record for record in records.read(out) if record.get("status") != "error"}
    results = []
    with _progress() as bar:
        task = bar.add_task(suite, total=len(names), instance="")
        for name in names:
            bar.update(task, instance=name)
            mine = {**identity, "name": name}
            record = None if again else done.get(records.key(mine))
            if record is None:
                record = {**mine, **run_one(suite, name, options, options["time_limit"] + grace), **records.machine()}
                records.append(record, out)
                bar.console.print(line(record), highlight=False, soft_wrap=True)
            results.append(record)
            bar.advance(task)
    return results


def run_one(suite: str, name: str, options: dict, limit: float) -> dict:
    """One instance in a child process; what it wrote, or why it wrote nothing."""
    started = time.perf_counter()
    with tempfile.TemporaryDirectory() as folder:
        answer = Path(folder) / "record.json"
        command = [sys.executable, "-m", "benchmarks", "child", suite, name, json.dumps(options), str(answer)]
        try:
            child = subprocess.run(command, env=environment(), timeout=limit, capture_output=True, text=True)
        except subprocess.TimeoutExpired:
            return {"status": "timeout", "verdict": "failed", "reason": f"ended after {limit:.0f} s", "seconds": limit}
        if answer.exists():
            return json.loads(answer.read_text())
    reason = child.stderr.strip().splitlines()[-1:] or [f"exit code {child.returncode}"]
    elapsed = time.perf_counter() - started
    return {"status": "error", "verdict": "failed", "reason": reason[0][:300], "seconds": elapsed}


def environment() -> dict[str, str]:
    """The child's environment: one thread everywhere, this clone's packages first."""
    own = [str(ROOT), str(ROOT / "backends")]
    path = os.pathsep.join(own + [part for part in os.environ.get("PYTHONPATH", "").split(os.pathsep) if part])
    return {**os.environ, **dict.fromkeys(THREADS, "1"), "PYTHONPATH": path}


def measured(work: Callable[[], dict]) -> dict:
    """Run, and add wall and CPU seconds where the work did not measure them itself."""
    wall, cpu = time.perf_counter(), time.process_time()
    record = work()
    return {"seconds": time.perf_counter() - wall, "cpu_seconds": time.process_time() - cpu, **record}


def line(record: dict) -> str:
    """One instance for the eye."""
    verdict = record.get("verdict", "")
    colour = {"right": "green", "wrong": "red", "failed": "yellow"}.get(verdict, "white")
    seconds, error = record.get("seconds"), record.get("error")
    parts = [
        f"[{colour}]{verdict:7s}[/]",
        f"{record['name']:22s}",
        *([f"{record['solver']:9s}"] if record.get("solver", "admmopt") != "admmopt" else []),
        f"{record.get('status', ''):11s}",
        f"{seconds:8.2f} s" if seconds is not None else " " * 10,
        f"{record.get('iterations', '') or '':>7}",
        f"{error:9.1e}" if error is not None else " " * 9,
        "" if record.get("reason") == record.get("status") else record.get("reason") or "",
    ]
    return "  ".join(str(part) for part in parts).rstrip()


def _progress() -> Progress:
    return Progress(
        TextColumn("{task.description}"),
        BarColumn(),
        MofNCompleteColumn(),
        TimeElapsedColumn(),
        TextColumn("{task.fields[instance]}"),
        console=console,
        disable=not console.is_terminal,
    )
