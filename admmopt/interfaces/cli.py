"""The command line: `admmopt solve`, `explain`, `backends`, `demo`.

Exit codes of `solve`: 0 optimal, 1 limit (iterations or time ran out), 2 bad input or usage, 3 infeasible, 4 unbounded,
5 local, 6 inaccurate backend, 130 interrupted with Ctrl-C (the best iterate is still printed and written).
"""

from __future__ import annotations

import functools
import time
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Annotated

import typer

from .. import backend_api
from ..engine import Settings, Workspace
from ..engine.solution import SplitSolution
from ..engine.status import Status
from ..presolve import solve as run_engine
from ..report import tables
from ..report.progress import progress
from ..report.save import whole_file, write_json
from .readers import FileError, ProblemFile, read

EXIT_CODES = {
    Status.OPTIMAL: 0,
    Status.LIMIT: 1,
    Status.INFEASIBLE: 3,
    Status.UNBOUNDED: 4,
    Status.LOCAL: 5,
    Status.INACCURATE_BACKEND: 6,
}
BAD_INPUT = 2
INTERRUPTED = 130
CODES = "Exit code: " + ", ".join(f"{code} {status.value}" for status, code in EXIT_CODES.items())
CODES += f", {BAD_INPUT} bad input, {INTERRUPTED} interrupted (the best iterate is still written)."

app = typer.Typer(
    name="admmopt",
    help="Solve convex problems by splitting, on the backend you name.",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
    rich_markup_mode=None,
)

ProblemPath = Annotated[Path, typer.Argument(help="MPS, QPS, LP, CBF or SDPA file, gzipped or not.", metavar="FILE")]
BackendName = Annotated[str, typer.Option(help="Which backend solves the linear systems; see `admmopt backends`.")]


def readable(command: Callable) -> Callable:
    """Bad input ends with one sentence on stderr and exit code 2, never with a traceback."""

    @functools.wraps(command)
    def guarded(*args, **kwargs):
        try:
            return command(*args, **kwargs)
        except KeyboardInterrupt:
            complain("interrupted.")
            raise typer.Exit(INTERRUPTED) from None
        except OSError as error:
            place = f"{error.filename}: " if error.filename else ""
            complain(f"{place}{error.strerror or error}.")
        except (ValueError, TypeError, backend_api.BackendError) as error:
            complain(str(error))
        raise typer.Exit(BAD_INPUT)

    return guarded


def complain(sentence: str) -> None:
    typer.echo(f"admmopt: {sentence}", err=True)


@app.command(epilog=CODES)
@readable
def solve(
    file: ProblemPath,
    backend: BackendName = "cpu",
    eps: Annotated[float, typer.Option(help="Tolerance on the relative primal, dual and gap residuals.")] = 1e-6,
    time_limit: Annotated[float | None, typer.Option(help="Seconds after which the best iterate is returned.")] = None,
    max_iterations: Annotated[int, typer.Option(help="Iterations after which the best iterate is returned.")] = 100_000,
    json: Annotated[Path | None, typer.Option(help="Write status, values, duals and history here.")] = None,
    plot: Annotated[Path | None, typer.Option(help="Draw the convergence here (.png, .pdf, .svg).")] = None,
    history: Annotated[bool, typer.Option("--history", help="Print the history of the residuals.")] = False,
    quiet: Annotated[bool, typer.Option("--quiet", "-q", help="Print nothing but errors.")] = False,
) -> None:
    """Solve a problem file; print status, objective, residuals and seconds."""
    settings = Settings(eps=eps, time_limit=time_limit, max_iterations=max_iterations)
    check_outputs(json, plot)
    device = backend_api.resolve(backend)
    started = time.perf_counter()
    problem = read(file)
    read_in = time.perf_counter() - started
    if not quiet:
        typer.echo(problem.describe())
    with progress(False if quiet else None, eps) as watch:
        found = run_engine(problem.split, device, settings, callback=watch)
    found.timings = {"read": read_in, **found.timings}
    found = replace(found, value=problem.objective(found.value))
    if not quiet:
        typer.echo(tables.summary(found, eps))
        if history:
            typer.echo(tables.history(found.history))
    if json is not None:
        write_json(json, as_data(problem, found, backend, eps))
    if plot is not None:
        draw(found, eps, plot, problem.name)
    raise typer.Exit(INTERRUPTED if found.message == "interrupted" else EXIT_CODES[found.status])


def check_outputs(json: Path | None, plot: Path | None) -> None:
    """Refuse a place that cannot be written to before the work is done, not after."""
    for option, path in (("--json", json), ("--plot", plot)):
        if path is None:
            continue
        if path.is_dir():
            raise FileError(path, f"{option} needs a file name, this is a folder")
        if not path.absolute().parent.is_dir():
            raise FileError(path, f"{option} cannot be written, there is no folder {path.parent}")
    if plot is not None:
        from matplotlib.backend_bases import FigureCanvasBase

        known = FigureCanvasBase.get_supported_filetypes()
        if plot.suffix.lower().removeprefix(".") not in known:
            raise FileError(plot, f"--plot needs an ending that says the format, one of {', '.join(sorted(known))}")


def as_data(problem: ProblemFile, found: SplitSolution, backend: str, eps: float) -> dict:
    """Everything about a solve as plain data, in the names of the file."""
    data = {
        "file": str(problem.path),
        "name": problem.name,
        "kind": problem.kind,
        "sense": problem.sense,
        "relaxed_integers": problem.relaxed,
        "status": found.status.value,
        "sentence": found.status.sentence,
        "message": found.message,
        "objective": found.value,
        "eps": eps,
        "relative_residuals": dict(zip(("primal", "dual", "gap"), found.residuals.relative, strict=True)),
        "iterations": found.iterations,
        "seconds": found.timings,
        "backend": backend,
        "backend_report": found.backend_report,
        "x": problem.primal(found.x),
        "duals": problem.duals(found.y),
        "history": found.history.to_dict(),
    }
    if found.certificate is not None and found.status is Status.INFEASIBLE:
        data["certificate"] = problem.duals(problem.by_term(found.certificate))
    elif found.certificate is not None:
        data["certificate"] = problem.primal(found.certificate)
    return data


def draw(found: SplitSolution, eps: float, path: Path, name: str) -> None:
    from ..report.plots import convergence

    with whole_file(path) as temporary:
        convergence(found.history, eps, temporary, title=f"{name}: {found.status.value}, {found.iterations} iterations")


@app.command()
@readable
def explain(file: ProblemPath, backend: BackendName = "cpu") -> None:
    """Show the terms and operators of a problem file, and how its linear system will be solved."""
    from ..dsl.explanation import Explanation

    device = backend_api.resolve(backend)
    problem = read(file)
    typer.echo(problem.describe())
    typer.echo(str(Explanation.of(problem.split, device, Workspace())))


@app.command()
@readable
def backends() -> None:
    """List the installed backends: what each can do, and why one is unavailable."""
    typer.echo(backends_table())


def backends_table() -> str:
    rows = [("backend", "usable", "what it does, or why it is unavailable")]
    for name, point in backend_api.installed().items():
        rows.append((name, *describe_backend(point)))
    if len(rows) == 1:
        return f"no backend is installed (none registers under {backend_api.ENTRY_POINT_GROUP!r})"
    return "\n".join(tables.grid(rows))


def describe_backend(point) -> tuple[str, str]:
    """("yes" or "no", a sentence) for an entry point; a package that cannot be imported is a reason, not a crash."""
    try:
        cls = point.load()
        usable, why = cls.available()
    except Exception as error:  # a stranger's package may fail in any way
        return "no", f"it cannot be loaded: {type(error).__name__}: {error}"
    if not usable:
        return "no", why
    can = cls.capabilities
    kinds = ["exact" if can.exact else "approximate, says which residual it reached"]
    kinds.append("refactorizes when penalties change" if can.refactor else "one penalty per solve")
    kinds += ["works from products alone"] if can.matrix_free else []
    return "yes", f"{why}; {can.summary}; {', '.join(kinds)}"


@app.command()
@readable
def demo(
    folder: Annotated[Path, typer.Argument(help="Where the table and the picture are written.")] = Path("demo"),
    backend: BackendName = "cpu",
) -> None:
    """Solve real data with this engine and with CVXPY's default solver; show the table, draw the convergence."""
    from .demo import run

    run(folder, backend)


@app.callback(invoke_without_command=True)
def root(version: Annotated[bool, typer.Option("--version", help="Print the version.", is_eager=True)] = False) -> None:
    if version:
        from .. import __version__

        typer.echo(f"admmopt {__version__}")
        raise typer.Exit


def main() -> None:
    """Entry point of the `admmopt` command."""
    app(prog_name="admmopt")


if __name__ == "__main__":
    main()
