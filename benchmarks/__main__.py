"""python -m benchmarks run SUITE ...: run suites, keep a record of every instance; report: write the tables."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Annotated

import typer

from . import measure, records, suites
from .peers.solvers import OURS, SOLVERS, installed
from .problems import MissingData
from .runner import Job, console, run_jobs

app = typer.Typer(help=__doc__, no_args_is_help=True, add_completion=False, pretty_exceptions_enable=False)

Data = Annotated[str | None, typer.Option(envvar="ADMMOPT_DATA", help="The folder that holds the data sets.")]
Only = Annotated[list[str] | None, typer.Option(help="Run this instance only; may be given more than once.")]
Seed = Annotated[int, typer.Option(help="The seed of the random problems.")]


@app.command()
def run(
    suite: Annotated[list[str], typer.Argument(help=f"One or more of {', '.join(suites.SUITES)}.")],
    peers: Annotated[
        bool, typer.Option("--peers", help="Run also every other solver that takes these problems.")
    ] = False,
    solver: Annotated[
        list[str] | None, typer.Option(help=f"Run this solver: {', '.join(SOLVERS)}; repeatable.")
    ] = None,
    data: Data = None,
    only: Only = None,
    eps: Annotated[
        list[float] | None, typer.Option(help="The tolerance asked for, repeatable; by default the suite's own.")
    ] = None,
    time_limit: Annotated[
        float | None, typer.Option(help="Seconds for each solve; by default the suite's own.")
    ] = None,
    backend: Annotated[str | None, typer.Option(help="A backend's name, for our own solves.")] = None,
    seed: Seed = 0,
    out: Annotated[Path, typer.Option(help="Where the records go; what is in it is not run again.")] = records.PATH,
    again: Annotated[bool, typer.Option("--again", help="Run also what is recorded.")] = False,
) -> None:
    """Run suites, instance by instance and solver by solver, each solve in a process of its own and on one thread."""
    _known(suite, suites.SUITES, "suite")
    asked = [name if name == OURS else name.upper() for name in solver or ()]
    _known(asked, SOLVERS, "solver")
    _known(asked, installed(), "installed solver")
    jobs: list[Job] = []
    for each in suite:
        mine = suites.SUITES[each]
        chosen = asked or [OURS, *(name for name in mine.peers if peers and name in installed())]
        if not mine.compared and chosen != [OURS]:
            _refuse(f"{each} brings its own comparison: run it without --solver {chosen[-1]}.")
        for name in _instances(each, only, data):
            for tolerance in eps or mine.eps:
                options = {"eps": tolerance, "time_limit": time_limit or mine.limit, "data": data, "seed": seed}
                options["backend"] = backend or mine.backend
                jobs += [Job(each, name, {**options, "solver": one}) for one in chosen]
    found = run_jobs(jobs, out, again)
    for one in dict.fromkeys(record["solver"] for record in found):
        own = [record for record in found if record["solver"] == one]
        right = sum(record["verdict"] == "right" for record in own)
        wrong = [record["name"] for record in own if record["verdict"] == "wrong"]
        console.print(f"{one}: {right} of {len(own)} right; wrong: {', '.join(wrong) or 'none'}.")
    console.print(f"records in {out}; `python -m benchmarks report` makes the tables.")


def _instances(suite: str, only: list[str] | None, data: str | None) -> list[str]:
    try:
        if not only:
            return suites.names(suite, data)
        every = suites.every(suite, data)
    except MissingData as missing:
        _refuse(str(missing))
    _known(only, every, f"instance of {suite}")
    return [name for name in every if name in only]


def _known(given, known, what: str) -> None:
    strangers = [name for name in given if name not in known]
    if strangers:
        _refuse(f"no {what} {strangers[0]!r}; there are: {', '.join(known)}.")


def _refuse(sentence: str):
    console.print(sentence)
    raise typer.Exit(2)


@app.command("references")
def make_references(data: Data = None, only: Only = None, seed: Seed = 0) -> None:
    """Compute the independent references anew and store them in references.json."""
    from . import references
    from .references.solvers import SOLVERS

    for name in only or sorted(SOLVERS):
        try:
            entry = references.compute(name, "full", seed, data)
        except MissingData as missing:
            console.print(f"{name}: {missing}")
            continue
        references.save(name, entry)
        console.print(f"{name:22s} {entry['value']:.10g}  proved to {entry['relative_gap']:.1e}  {entry['seconds']} s")


@app.command("report")
def make_report(
    out: Annotated[Path, typer.Option(help="The file of records.")] = records.PATH,
) -> None:
    """Write RESULTS.md, and the pictures in it, from the records."""
    from . import report

    report.write(records.read(out))
    console.print(f"{report.PATH.name} written.")


@app.command("child", hidden=True)
def child(suite: str, name: str, options: str, answer: Path) -> None:
    """One instance in this process; what `run` starts."""
    record = measure.run_alone(suite, name, json.loads(options))
    answer.write_text(json.dumps(records.plain(record)))


if __name__ == "__main__":
    app()
