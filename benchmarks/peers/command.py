"""python -m benchmarks peers SUITE: instance by instance, every solver in turn, each in a process of its own."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Annotated

import cvxpy as cp
import typer

from .. import suites
from ..problems import MissingData
from ..runner import console, run_suite
from .run import SUITES
from .solvers import OURS, SOLVERS

PATH = Path(__file__).resolve().parents[1] / "peers.jsonl"
EPS = {"nineteen": 1e-6, "more": 1e-6, "qp": 1e-4, "lp": 1e-4}
MOST = 3.0  # how far a busy machine stretches the time limit
GRACE = 60.0  # seconds beyond the time limit for building and compiling, before a process is ended


def peers(
    suite: Annotated[str, typer.Argument(help=f"One of {', '.join(SUITES)}.")],
    solver: Annotated[list[str] | None, typer.Option(help=f"One of {', '.join(SOLVERS)}; may be repeated.")] = None,
    data: Annotated[
        str | None, typer.Option(envvar="ADMMOPT_DATA", help="The folder that holds the data sets.")
    ] = None,
    only: Annotated[list[str] | None, typer.Option(help="Run this instance only; may be given more than once.")] = None,
    eps: Annotated[float | None, typer.Option(help="The tolerance asked for; by default the suite's own.")] = None,
    time_limit: Annotated[float, typer.Option(help="Seconds for each solve.")] = 60.0,
    seed: Annotated[int, typer.Option(help="The seed of the random problems.")] = 0,
    out: Annotated[Path, typer.Option(help="Where the records go; runs that are in it are not run again.")] = PATH,
    again: Annotated[bool, typer.Option("--again", help="Run also what is recorded.")] = False,
) -> None:
    """The same instances by Clarabel, OSQP, SCS, HiGHS, PIQP and ProxQP, through CVXPY, graded as ours are. On a busy
    machine the limit is stretched, up to three times, by the processes that share a core: solvers watch the wall clock.
    """
    if suite not in SUITES:
        _refuse(f"peers run on {', '.join(SUITES)}, not on {suite!r}.")
    chosen = [name if name == OURS else name.upper() for name in solver or _installed()]
    unknown = [name for name in chosen if name not in SOLVERS]
    if unknown:
        _refuse(f"no solver {unknown[0]!r}; there are: {', '.join(SOLVERS)}.")
    missing = [name for name in chosen if name not in _installed()]
    if missing:
        _refuse(f"{missing[0]} is not installed: pip install 'admmopt[bench]'.")
    try:
        names = suites.names(suite, data)
    except MissingData as absent:
        _refuse(str(absent))
    strangers = sorted(set(only or ()) - set(names))
    if strangers:
        _refuse(f"no instance {strangers[0]!r} in {suite}; there are: {', '.join(names)}.")
    options = {"data": data, "eps": eps or EPS[suite], "seed": seed}
    for name in names:
        if not only or name in only:
            for each in chosen:
                mine = {**options, "solver": each, "time_limit": time_limit * stretch()}
                run_suite(suite, [name], mine, out, grace=GRACE, again=again)
    console.print(f"records in {out}; `python -m benchmarks report` makes the tables.")


def stretch() -> float:
    """Processes that want a core, for each core, ours counted too: 1 on a quiet machine, at most MOST."""
    return min(MOST, max(1.0, (os.getloadavg()[0] + 1) / (os.cpu_count() or 1)))


def _installed() -> list[str]:
    return [name for name in SOLVERS if name == OURS or name in cp.installed_solvers()]


def _refuse(sentence: str):
    console.print(sentence)
    raise typer.Exit(2)
