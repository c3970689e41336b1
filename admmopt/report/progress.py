"""Live progress of a solve on a terminal: how far each residual has come on its way down to the tolerance."""

from __future__ import annotations

import math
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager

from ..engine.history import Check

WIDTH = 40  # characters of a bar
PERIOD = 0.1  # seconds between two pictures: a terminal is slower than an iteration


@contextmanager
def progress(verbose: bool | None, eps: float, console=None) -> Iterator[Callable[[Check], None] | None]:
    """A context that yields a callback for the engine, which draws every `Check` row; or None where nothing is shown.

    verbose: False shows nothing; True and None (the command line's default) show progress where stderr is a terminal.
    eps: the tolerance, at which a bar is full. console: a rich Console to draw on instead of stderr.
    """
    if verbose is False or (console is None and not sys.stderr.isatty()):
        yield None
        return
    from rich.console import Console
    from rich.live import Live

    console = console or Console(stderr=True)
    with Live(console=console, transient=True, auto_refresh=False) as live:
        yield Watch(live, eps)


class Watch:
    """Draws a check, at most ten times a second."""

    def __init__(self, live, eps: float):
        self.live, self.eps = live, eps
        self.last = -math.inf
        self.start: dict[str, float] = {}

    def __call__(self, check: Check) -> None:
        for name in ("primal", "dual", "gap"):
            self.start.setdefault(name, max(getattr(check, name), 1.0))
        now = time.monotonic()
        if now - self.last >= PERIOD:
            self.last = now
            self.live.update(self.picture(check), refresh=True)

    def picture(self, check: Check):
        from rich.table import Table
        from rich.text import Text

        table = Table.grid(padding=(0, 1))
        for name in ("primal", "dual", "gap"):
            residual = getattr(check, name)
            done = share(residual, self.start[name], self.eps)
            full = round(WIDTH * done)
            bar = Text("━" * full, style="green" if done >= 1 else "cyan") + Text("━" * (WIDTH - full), style="dim")
            table.add_row(Text(f"{name:>7}"), Text(f"{residual:8.1e}"), bar, Text(f"{self.eps:.0e}", style="dim"))
        headline = f"iteration {check.iteration}, {check.seconds:.1f} s, objective {check.objective:.6g}"
        outer = Table.grid()
        outer.add_row(Text(headline, style="bold"))
        outer.add_row(table)
        return outer


def share(residual: float, start: float, eps: float) -> float:
    """How much of the way from `start` down to `eps` is done, on a logarithmic scale: 0 to 1."""
    if residual <= eps:
        return 1.0
    if not math.isfinite(residual) or residual >= start or not math.isfinite(start):
        return 0.0
    return math.log(start / residual) / math.log(start / eps)
