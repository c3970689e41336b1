"""Running many instances, each in a process of its own, on one thread, with a limit on its time."""

from __future__ import annotations

import json
import os
import resource
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn

from . import records
from .peers.solvers import OURS

ROOT = Path(__file__).resolve().parents[1]
THREADS = ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS", "NUMBA_NUM_THREADS", "VECLIB_MAXIMUM_THREADS")
MOST = 3.0  # how far a busy machine stretches a time limit
GRACE = 120.0  # seconds beyond the time limit for building and compiling, before a process is ended
console = Console()


@dataclass(frozen=True)
class Job:
    """One instance for one solver. options: what goes to its process (solver, eps, time_limit, data, backend, seed)."""

    suite: str
    name: str
    options: dict

    @property
    def identity(self) -> dict:
        """What its record is known by; a backend is ours alone."""
        mine = self.options["solver"] == OURS
        return {
            "suite": self.suite,
            "name": self.name,
            "eps": self.options["eps"],
            "backend": self.options["backend"] if mine else None,
            "solver": self.options["solver"],
        }


def run_jobs(jobs: list[Job], out: Path, again: bool = False) -> list[dict]:
    """Run every job that has no record yet (or crashed), each in its own process; print a line each; return the records
    of all of them. On a busy machine a time limit is stretched by the processes that share a core, up to MOST times:
    solvers watch the wall clock."""
    done = {records.key(record): record for record in records.read(out) if record.get("status") != "error"}
    results = []
    with _progress() as bar:
        task = bar.add_task("", total=len(jobs), instance="")
        for job in jobs:
            bar.update(task, description=job.suite, instance=f"{job.name}, {job.options['solver']}")
            record = None if again else done.get(records.key(job.identity))
            if record is None:
                limit = job.options["time_limit"] * stretch()
                found = run_one(job.suite, job.name, {**job.options, "time_limit": limit}, limit + GRACE)
                record = {
                    **job.identity,
                    "seed": job.options["seed"],
                    "time_limit": limit,
                    **found,
                    **records.machine(),
                }
                records.append(record, out)
                bar.console.print(line(record), highlight=False, soft_wrap=True)
            results.append(record)
            bar.advance(task)
    return results


def stretch() -> float:
    """Processes that want a core, for each core, ours counted too: 1 on a quiet machine, at most MOST."""
    return min(MOST, max(1.0, (os.getloadavg()[0] + 1) / (os.cpu_count() or 1)))


def run_one(suite: str, name: str, options: dict, limit: float) -> dict:
    """One instance in a child process; what it wrote, or why it wrote nothing."""
    started, used = time.perf_counter(), _children()
    with tempfile.TemporaryDirectory() as folder:
        answer = Path(folder) / "record.json"
        command = [sys.executable, "-m", "benchmarks", "child", suite, name, json.dumps(options), str(answer)]
        try:
            child = subprocess.run(command, env=environment(), timeout=limit, capture_output=True, text=True)
        except subprocess.TimeoutExpired:
            ended = {"status": "timeout", "verdict": "failed", "reason": f"ended after {limit:.0f} s"}
            return {**ended, "seconds": limit, "cpu_seconds": _children() - used}
        if answer.exists():
            return json.loads(answer.read_text())
    reason = child.stderr.strip().splitlines()[-1:] or [f"exit code {child.returncode}"]
    ended = {"status": "error", "verdict": "failed", "reason": reason[0][:300]}
    return {**ended, "seconds": time.perf_counter() - started, "cpu_seconds": _children() - used}


def _children() -> float:
    """CPU seconds of all children that have ended."""
    usage = resource.getrusage(resource.RUSAGE_CHILDREN)
    return usage.ru_utime + usage.ru_stime


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
        f"{record['name']:24s}",
        f"{record['solver']:9s}",
        f"{record.get('status', ''):12s}",
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
