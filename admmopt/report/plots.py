"""Pictures of a solve. Figures are matplotlib `Figure` objects of their own: nothing global is touched."""

from __future__ import annotations

import io
import math
from pathlib import Path

from matplotlib.figure import Figure

from ..engine.history import History

COLORS = {"primal": "#0072b2", "dual": "#d55e00", "gap": "#009e73"}  # told apart by colour-blind readers too
GREY = "#7f7f7f"
FLOOR = 1e-17  # a residual of exactly zero still has a place on a logarithmic axis


class Picture(Figure):
    """A Figure that a notebook shows by itself, without pyplot."""

    def _repr_png_(self) -> bytes:
        stream = io.BytesIO()
        self.savefig(stream, format="png", dpi=110)
        return stream.getvalue()


def convergence(history: History, eps: float | None = None, path: str | Path | None = None, title: str = "") -> Picture:
    """Relative residuals against iterations, with the tolerance, the penalty changes and the end of the solve.

    history: of a solution; eps: the tolerance, drawn as a line; path: where to save the picture (the suffix gives the
    format); title: written above. Returns the figure. Raises ValueError for an empty history.
    """
    if len(history) == 0:
        raise ValueError("there is nothing to plot: the history holds no checks.")
    figure = Picture(figsize=(7.2, 3.9), layout="constrained")
    axes = figure.add_subplot()
    draw_residuals(axes, history)
    draw_events(axes, history)
    if eps is not None:
        draw_tolerance(axes, eps)
    axes.legend(loc="lower right", bbox_to_anchor=(1, 1), frameon=False, ncols=3, fontsize=9, borderaxespad=0.2)
    last = history[-1]
    style(axes)
    axes.set_title(title or f"{last.event or 'stopped'} after {last.iteration} iterations, {last.seconds:.2f} s",
                   loc="left", fontsize=10)  # fmt: skip
    if path is not None:
        figure.savefig(path, dpi=160)
    return figure


def draw_residuals(axes, history: History) -> None:
    """One line per residual, named at its end."""
    iterations = positions(history)
    marker = "o" if len(history) < 30 else None
    for name, color in COLORS.items():
        values = [max(r, FLOOR) if math.isfinite(r) else math.nan for r in history[name]]
        axes.semilogy(iterations, values, color=color, label=name, linewidth=1.6, marker=marker, markersize=3.5)


def positions(history: History) -> list[int]:
    """Where each check stands on the axis of iterations. Steps of a finish, which the iteration does not count, stand
    one after the other instead of on one place."""
    places: list[int] = []
    for iteration in history["iteration"]:
        places.append(max(iteration, places[-1] + 1) if places else iteration)
    return places


def draw_events(axes, history: History) -> None:
    """A tick at the foot for every check at which something happened: penalty changes, restarts, ..."""
    events: dict[str, list[int]] = {}
    for check, place in zip(history, positions(history), strict=True):
        if check.event and check is not history[-1]:
            events.setdefault(check.event, []).append(place)
    for row, (event, iterations) in enumerate(sorted(events.items())):
        for iteration in iterations:
            axes.axvline(iteration, color=GREY, linewidth=0.6, alpha=0.35, zorder=0)
        axes.plot(iterations, [0.02 + 0.05 * row] * len(iterations), "|" if row == 0 else "^", color="black",
                  markersize=7, transform=axes.get_xaxis_transform(), clip_on=False)  # fmt: skip
        label = {"penalty": "penalty changed"}.get(event, event)
        axes.annotate(label, (iterations[-1], 0.02 + 0.05 * row), xycoords=axes.get_xaxis_transform(),
                      xytext=(6, 0), textcoords="offset points", fontsize=8, va="center")  # fmt: skip


def draw_tolerance(axes, eps: float) -> None:
    axes.axhline(eps, color=GREY, linewidth=1, linestyle=(0, (5, 3)), zorder=1)
    axes.annotate(f"eps {eps:g}", (0, eps), xycoords=("axes fraction", "data"), xytext=(4, 3),
                  textcoords="offset points", color=GREY, fontsize=8)  # fmt: skip


def gallery(
    panels: list[tuple[str, History, float, str, float]], eps: float, path: str | Path | None = None
) -> Picture:
    """Several solves side by side. panels: (title, history, seconds, name of the peer, its seconds) of each; under each
    title the seconds of both. Returns the figure; saved when a path is given."""
    columns = min(3, len(panels))
    rows = math.ceil(len(panels) / columns)
    figure = Picture(figsize=(4.1 * columns, 2.9 * rows + 0.4), layout="constrained")
    grid = figure.subplots(rows, columns, squeeze=False).flat
    for axes, (title, history, seconds, peer, peer_seconds) in zip(grid, panels, strict=False):
        draw_residuals(axes, history)
        draw_tolerance(axes, eps)
        style(axes)
        axes.set_title(title, loc="left", fontsize=10, fontweight="bold", pad=18)
        times = f"{seconds:.2f} s ({history[-1].iteration} iterations); {peer} {peer_seconds:.2f} s"
        axes.annotate(times, (0, 1), xycoords="axes fraction", xytext=(0, 5), textcoords="offset points", fontsize=9)
    for axes in list(figure.axes)[len(panels) :]:
        axes.remove()
    handles, names = figure.axes[0].get_legend_handles_labels()
    figure.legend(handles, names, loc="outside lower center", ncols=3, frameon=False)
    if path is not None:
        figure.savefig(path, dpi=130)
    return figure


def style(axes) -> None:
    axes.set_xlabel("iteration")
    axes.set_ylabel("relative residual")
    axes.grid(True, which="major", axis="y", color="#e6e6e6", linewidth=0.7)
    axes.spines[["top", "right"]].set_visible(False)
    axes.margins(x=0.02)
    axes.set_axisbelow(True)
