"""One instance by one solver, in this process: built, solved, graded, with its time and its peak memory."""

from __future__ import annotations

import os
import resource
import sys
import time
import warnings

from . import suites
from .peers.solvers import PACKAGES
from .records import version_of

SHARE = 0.6  # of the computer's memory that one process may have


def run(suite: str, name: str, options: dict) -> dict:
    """A record. seconds: from the problem to values; memory_mb: the largest resident size of the process,
    memory_before_mb: what of it the data and Python had taken before the solver began; load: processes that wanted a
    core during the last minute, ours among them."""
    task = suites.SUITES[suite].module.task(suite, name, options)
    before, elapsed = peak_memory(), stopwatch()
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # "solution may be inaccurate": that is graded
        record = task.solve(options["solver"], options)
    record = {**record, **elapsed(), "memory_mb": peak_memory(), "memory_before_mb": before}
    record = {**record, "version": version_of(PACKAGES[options["solver"]]), "load": os.getloadavg()[0]}
    if record["status"] == "unsuited":
        return {**record, "verdict": "unsuited"}
    graded = task.grade(record)
    return {**record, **graded, "reason": record.get("reason") or graded["reason"]}


def run_alone(suite: str, name: str, options: dict) -> dict:
    """The same in a process of its own, whose memory is bounded: a solver that runs out of it fails alone. A suite that
    is no comparison runs and grades itself."""
    bound_memory()
    module = suites.SUITES[suite].module
    return run(suite, name, options) if suites.SUITES[suite].compared else module.run(name, options)


def bound_memory() -> None:
    total = os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES")
    limit = int(SHARE * total)
    _, hard = resource.getrlimit(resource.RLIMIT_DATA)  # of the address space a GPU's driver reserves any amount
    if hard == resource.RLIM_INFINITY or hard > limit:
        resource.setrlimit(resource.RLIMIT_DATA, (limit, hard))


def peak_memory() -> float:
    """Megabytes, the largest resident size of this process so far."""
    unit = 2**20 if sys.platform == "darwin" else 2**10  # bytes there, kilobytes elsewhere
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / unit


def stopwatch():
    """A function that returns the wall and CPU seconds since this call."""
    wall, cpu = time.perf_counter(), time.process_time()
    return lambda: {"seconds": time.perf_counter() - wall, "cpu_seconds": time.process_time() - cpu}
