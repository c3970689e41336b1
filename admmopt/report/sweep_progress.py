"""Live progress of a sweep on a terminal."""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager


@contextmanager
def sweep_progress(verbose: bool | None, total: int, console=None) -> Iterator[Callable[[dict, int], None]]:
    """A context that yields ``show(point, done)``, called before each of the `total` solves.

    verbose: False shows nothing; True and None show a bar where stderr is a terminal. console: a rich Console to draw
    on instead of stderr.
    """
    if verbose is False or (console is None and not sys.stderr.isatty()):
        yield lambda point, done: None
        return
    from rich.console import Console
    from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn

    columns = (BarColumn(), MofNCompleteColumn(), TimeRemainingColumn(), TextColumn("{task.description}"))
    with Progress(*columns, console=console or Console(stderr=True), transient=True) as bar:
        task = bar.add_task("", total=total)

        def show(point: dict, done: int) -> None:
            shown = ", ".join(f"{name} {value}" for name, value in point.items())
            bar.update(task, completed=done, description=shown, refresh=True)

        yield show
