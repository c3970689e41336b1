"""python -m benchmarks SUITE: run it, keep a record of every instance, and write the tables."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Annotated

import typer

from . import records, report, suites
from .peers.command import peers
from .peers.run import run_alone as run_peer
from .problems import MissingData
from .runner import console, run_suite

app = typer.Typer(help=__doc__, no_args_is_help=True, add_completion=False, pretty_exceptions_enable=False)

Data = Annotated[str | None, typer.Option(envvar="ADMMOPT_DATA", help="The folder that holds the data sets.")]
Only = Annotated[list[str] | None, typer.Option(help="Run this instance only; may be given more than once.")]
Eps = Annotated[float, typer.Option(help="The tolerance asked for.")]
TimeLimit = Annotated[float, typer.Option(help="Seconds for each solve.")]
Backend = Annotated[str, typer.Option(help="A backend's name.")]
Seed = Annotated[int, typer.Option(help="The seed of the random problems.")]
Out = Annotated[Path, typer.Option(help="Where the records go; runs that are in it are not run again.")]
Again = Annotated[bool, typer.Option("--again", help="Run also what is recorded.")]


def _run(suite: str, only, out: Path, again: bool, **options) -> None:
    try:
        names = suites.names(suite, options["data"])
    except MissingData as missing:
        console.print(str(missing))
        raise typer.Exit(2) from None
    unknown = sorted(set(only or ()) - set(names))
    if unknown:
        console.print(f"no instance {unknown[0]!r} in {suite}; there are: {', '.join(names)}.")
        raise typer.Exit(2)
    chosen = [name for name in names if not only or name in only]
    results = run_suite(suite, chosen, options, out, again=again)
    right = sum(record["verdict"] == "right" for record in results)
    wrong = [record["name"] for record in results if record["verdict"] == "wrong"]
    console.print(f"{right} of {len(results)} right; wrong: {', '.join(wrong) or 'none'}; records in {out}.")


def _command(suite: str, eps: float, time_limit: float, text: str, backend: str = "cpu"):
    def command(
        data: Data = None,
        only: Only = None,
        eps: Eps = eps,
        time_limit: TimeLimit = time_limit,
        backend: Backend = backend,
        seed: Seed = 0,
        out: Out = records.PATH,
        again: Again = False,
    ) -> None:
        _run(suite, only, out, again, data=data, eps=eps, time_limit=time_limit, backend=backend, seed=seed)

    app.command(suite, help=text)(command)


_command("nineteen", 1e-6, 120.0, "Epsilon's nineteen problems, at full size.")
_command("more", 1e-6, 120.0, "Eleven more problems, at full size; six of them read data.")
_command("qp", 1e-4, 20.0, "The open Maros-Meszaros problems, through CVXPY and ao.solve.")
_command("lp", 1e-4, 20.0, "Netlib's linear programs, through `admmopt solve FILE --json`.")
_command("infeasible", 1e-4, 20.0, "Netlib's infeasible programs, likewise: is each one called infeasible?")
_command("cblib", 1e-4, 20.0, "CBLIB's second-order, exponential and power cone programs.")
_command("sdplib", 1e-4, 20.0, "SDPLIB's semidefinite programs.")
_command("compile", 1e-6, 120.0, "Compile time of the lasso against CVXPY's own, and re-solves for a new lambda.")
_command("path", 1e-6, 1800.0, "A hundred lassos along a path, against CVXPY with OSQP and its warm start.")
_command("crossbar", 1e-6, 120.0, "Problems of every kind on memristor arrays, against Clarabel.", "crossbar")
_command("paper", 1e-6, 900.0, "The memristor paper's experiments, and ours on the same cells.", "crossbar:rram-milo")


app.command("peers")(peers)


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
def make_report(out: Out = records.PATH) -> None:
    """Write RESULTS.md from the records."""
    report.write(records.read(out))
    console.print(f"{report.PATH.name} written.")


@app.command("child", hidden=True)
def child(suite: str, name: str, options: str, answer: Path) -> None:
    """One instance in this process; what `run_suite` starts."""
    given = json.loads(options)
    record = run_peer(suite, name, given) if "solver" in given else suites.run(suite, name, given)
    answer.write_text(json.dumps(records.plain(record)))


if __name__ == "__main__":
    app()
