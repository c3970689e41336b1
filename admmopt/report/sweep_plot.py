"""A sweep as text and as a picture, from its rows (plain dicts, one for each solve)."""

from __future__ import annotations

import math
import re
from collections.abc import Sequence
from pathlib import Path
from statistics import median

import numpy as np
from matplotlib import colormaps
from matplotlib.lines import Line2D
from matplotlib.patches import Rectangle
from matplotlib.ticker import EngFormatter, FixedLocator, NullFormatter, NullLocator

from .plots import GREY, Picture
from .tables import count, grid

# Okabe & Ito's palette, told apart by colour-blind readers too; its yellow is too pale for lines
PALETTE = ("#0072b2", "#d55e00", "#009e73", "#cc79a7", "#56b4e9", "#e69f00", "#000000")
MARKERS = "osD^vPX"
NUMBER = re.compile(r"\d[\d.]*(?:e[+-]?\d+)?")
SOLVED = ("optimal", "local")
TITLES = {
    "value": "objective",
    "suboptimality": "suboptimality  |f − f*| / max(1, |f*|)",
    "violation": "largest constraint violation",
    "iterations": "ADMM iterations",
    "seconds": "solve time on this computer",
    "residual": "worst relative residual",
    "energy": "energy of the modelled hardware",
    "latency": "latency of the modelled hardware",
}
ERRORS = ("suboptimality", "violation", "residual")  # measured against eps
UNITS = {"seconds": "s", "energy": "J", "latency": "s"}
COLUMNS = {"suboptimality": "suboptimality", "violation": "violation", "iterations": "iterations",
           "seconds": "seconds", "residual": "residual", "energy": "energy [J]", "latency": "latency [s]"}  # fmt: skip


# ---- text -----------------------------------------------------------------------------------------------------


def text(rows: Sequence[dict], options: Sequence[str], reference: float, eps: float, note: str = "") -> str:
    """Medians over the repeats, one line for each point; below, what the backends said of solves that went wrong."""
    points: dict[tuple, list[dict]] = {}
    for row in rows:
        points.setdefault(tuple(row[name] for name in options), []).append(row)
    repeats = max((len(group) for group in points.values()), default=0)
    lines = [
        f"{count(len(points), 'point')}, {count(repeats, 'repeat')} each (medians); reference value {reference:.10g}, "
        f"eps {eps:g}"
    ]
    if points:
        lines += _body(points, options, rows)
    lines += _said(rows)
    return "\n".join([*lines, note] if note else lines)


def _said(rows: Sequence[dict]) -> list[str]:
    """What was said of unsolved points; sentences that differ in numbers only are one, shown as it was first said."""
    said: dict[tuple[str, str], list[str]] = {}
    for row in rows:
        if _failed(row) and row["message"]:
            said.setdefault((row["status"], NUMBER.sub("#", row["message"])), []).append(row["message"])
    lines = []
    for (status, _), messages in said.items():
        first = messages[0] if len(set(messages)) == 1 else f"for example, {messages[0]}"
        lines.append(f"{status}, {count(len(messages), 'solve')}: {first}")
    return lines


def _body(points: dict[tuple, list[dict]], options: Sequence[str], rows: Sequence[dict]) -> list[str]:
    hardware = ("energy", "latency")
    metrics = [m for m in COLUMNS if m not in hardware or any(row[m] is not None for row in rows)]
    header = (*options, "status", *(COLUMNS[m] for m in metrics))
    body = []
    for labels, group in points.items():
        statuses = [row["status"] for row in group]
        each = {s: statuses.count(s) for s in statuses}
        status = statuses[0] if len(each) == 1 else ", ".join(f"{n} {s}" for s, n in each.items())
        cells = [_cell(m, [row[m] for row in group if row[m] is not None]) for m in metrics]
        body.append((*(f"{v:g}" if isinstance(v, float) else str(v) for v in labels), status, *cells))
    numbers = {j for j, value in enumerate(next(iter(points))) if not isinstance(value, str)}
    right = [*numbers, *range(len(options) + 1, len(header))]
    return ["  " + line for line in grid([header, *body], right=right)]


def _cell(metric: str, numbers: list[float]) -> str:
    if not numbers:
        return "-"
    middle = median(numbers)
    return f"{middle:.0f}" if metric == "iterations" else f"{middle:.2g}" if metric == "seconds" else f"{middle:.1e}"


# ---- picture --------------------------------------------------------------------------------------------------


def plot(
    rows: Sequence[dict],
    option: tuple[str, list],
    by: tuple[str | None, list],
    metrics: Sequence[str],
    eps: float | None = None,
    path: str | Path | None = None,
) -> Picture:
    """One panel for each metric. option: name and values along the axis; by: name and values, a line for each (name
    None: one line); eps: the tolerance of the solves, drawn where the metric is measured against it."""
    columns = len(metrics) if len(metrics) <= 3 else 2
    height = math.ceil(len(metrics) / columns)
    figure = Picture(figsize=(4.4 * columns + 0.4, 3.1 * height + 0.5), layout="constrained")
    panels = figure.subplots(height, columns, squeeze=False).flat
    name, values = option
    where, styles = _places(values), _styles(by[1])
    lines = [[row for row in rows if by[0] is None or row[by[0]] == line] for line in by[1]]
    groups = [[[row for row in line if row[name] == v] for v in values] for line in lines]
    for axes, metric in zip(panels, metrics, strict=False):
        for k, (line, style) in enumerate(zip(groups, styles, strict=True)):
            aside = 0.0 if _numeric(values) else 0.5 * ((k + 0.5) / len(styles) - 0.5)  # names: lines side by side
            _draw_line(axes, line, [x + aside for x in where], metric, style, joined=_numeric(values))
        _scale_x(axes, name, values, where)
        if eps is not None and metric in ERRORS:
            _draw_eps(axes, eps)
        _scale_y(axes, [row[metric] for row in rows], metric)
        _draw_failures(axes, groups, where, metric, styles)
    for axes in list(figure.axes)[len(metrics) :]:
        axes.remove()
    _legend(figure, rows, by, styles)
    if path is not None:
        figure.savefig(path, dpi=160)
    return figure


def _draw_line(axes, groups: list[list[dict]], where: list[float], metric: str, style: dict, joined: bool) -> None:
    """Median and range over each group of repeats; a hollow mark where not all of them were solved to eps."""
    middle, low, high = [], [], []
    for x, group in zip(where, groups, strict=True):
        numbers = [row[metric] for row in group if row[metric] is not None]
        middle.append(median(numbers) if numbers else math.nan)
        low.append(min(numbers, default=math.nan))
        high.append(max(numbers, default=math.nan))
        solved = not any(_failed(row) and row[metric] is not None for row in group)
        axes.plot(x, middle[-1], **style, linestyle="", markeredgewidth=1.3, zorder=3,
                  markerfacecolor=style["color"] if solved else "white")  # fmt: skip
    if joined:
        axes.plot(where, middle, color=style["color"], linewidth=1.6, zorder=2)
        axes.fill_between(where, low, high, color=style["color"], alpha=0.16, linewidth=0, zorder=1)
    else:
        axes.vlines(where, low, high, color=style["color"], linewidth=5, alpha=0.3, zorder=1)


def _draw_failures(axes, groups: list[list[list[dict]]], where: list[float], metric: str, styles: list[dict]) -> None:
    """A cross, in a strip above the data with a lane for each line, where a solve that failed left no number."""
    failed = [
        [x for x, group in zip(where, line, strict=True) if any(_failed(row) and row[metric] is None for row in group)]
        for line in groups
    ]
    lanes = [(places, style) for places, style in zip(failed, styles, strict=True) if places]
    if not lanes:
        return
    strip = min(0.06 * len(lanes) + 0.02, 0.5)
    scale = axes.yaxis.get_transform()
    bottom, top = axes.get_ylim()
    for minor in (False, True):  # the strip is no part of the scale
        ticks = axes.get_yticks(minor=minor)
        axes.set_yticks(ticks[(ticks >= bottom) & (ticks <= top)], minor=minor)
    low, high = scale.transform(np.array([bottom, top]))
    axes.set_ylim(bottom, scale.inverted().transform(high + (high - low) * strip / (1 - strip)))
    axes.add_patch(Rectangle((0, 1 - strip), 1, strip, transform=axes.transAxes, color="#efefef", zorder=0.9))
    for lane, (places, style) in enumerate(lanes):
        y = 1 - strip * (lane + 0.5) / len(lanes)
        axes.plot(places, [y] * len(places), "x", color=style["color"], markersize=6, markeredgewidth=1.8,
                  transform=axes.get_xaxis_transform(), zorder=4)  # fmt: skip


def _failed(row: dict) -> bool:
    return row["status"] not in SOLVED


def _styles(lines: list) -> list[dict]:
    """Color and marker of each line; later ones have smaller marks, so that lines on top of each other show."""
    last = max(len(lines) - 1, 1)
    colors = PALETTE if len(lines) <= len(PALETTE) else [colormaps["cividis"](k / last) for k in range(len(lines))]
    return [
        {"color": colors[k], "marker": MARKERS[k % len(MARKERS)], "markersize": 8 - 3 * k / last}
        for k in range(len(lines))
    ]


def _numeric(values: Sequence) -> bool:
    return all(isinstance(v, int | float) and not isinstance(v, bool) for v in values)


def _places(values: list) -> list[float]:
    """Where the values stand along the axis: numbers at themselves, names side by side."""
    return [float(v) for v in values] if _numeric(values) else [float(k) for k in range(len(values))]


def _scale_x(axes, name: str, values: list, where: list[float]) -> None:
    """Logarithmic from a factor of ten on; a tick at every value of the grid as long as there is room."""
    axes.set_xlabel(name)
    if _numeric(values) and min(where) > 0 and max(where) >= 10 * min(where):
        axes.set_xscale("log")
    few = len(values) <= 8
    if few or not _numeric(values):
        labels = [f"{v:g}" if isinstance(v, float) else str(v) for v in values]
        long = sum(map(len, labels)) > 28
        axes.xaxis.set_major_locator(FixedLocator(where))
        axes.xaxis.set_minor_locator(NullLocator())
        axes.set_xticks(where, labels, rotation=25 if long else 0, ha="right" if long else "center")
    axes.margins(x=0.06)


def _scale_y(axes, numbers: list[float | None], metric: str) -> None:
    """Logarithmic for errors and for what spans a factor of ten; zeros get a place at the foot of such an axis."""
    known = [v for v in numbers if v is not None]
    positive = [v for v in known if v > 0]
    zeros = len(positive) < len(known)
    wide = metric in ERRORS or (positive and max(known) >= 10 * min(known) and metric != "value")
    if wide and positive and min(known) >= 0:
        least = 10.0 ** math.floor(math.log10(min(positive)))
        axes.set_yscale("symlog", linthresh=least, linscale=0.4) if zeros else axes.set_yscale("log")
        if zeros:
            axes.set_ylim(bottom=-0.2 * least)
    if metric in UNITS:
        axes.yaxis.set_major_formatter(EngFormatter(UNITS[metric]))
        axes.yaxis.set_minor_formatter(NullFormatter())
    axes.set_title(TITLES[metric], loc="left", fontsize=10)
    axes.grid(True, which="major", color="#e6e6e6", linewidth=0.7)
    axes.spines[["top", "right"]].set_visible(False)
    axes.set_axisbelow(True)


def _draw_eps(axes, eps: float) -> None:
    axes.axhline(eps, color=GREY, linewidth=1, linestyle=(0, (5, 3)), zorder=1)
    axes.annotate("eps", (1, eps), xycoords=("axes fraction", "data"), xytext=(3, 0), textcoords="offset points",
                  color=GREY, fontsize=8, va="center")  # fmt: skip


def _legend(figure: Picture, rows: Sequence[dict], by: tuple[str | None, list], styles: list[dict]) -> None:
    """The lines, and the meaning of the marks that occur."""
    name, lines = by
    handles = []
    if name is not None:
        for line, style in zip(lines, styles, strict=True):
            shown = f"{line:g}" if isinstance(line, float) else str(line)
            handles.append(Line2D([], [], **style, linewidth=1.6, label=f"{name} {shown}"))
    if any(_failed(row) and row["value"] is not None for row in rows):
        handles.append(Line2D([], [], marker="o", color=GREY, markerfacecolor="white", markersize=6, linestyle="",
                              markeredgewidth=1.3, label="eps not reached in every repeat"))  # fmt: skip
    if any(_failed(row) and row["value"] is None for row in rows):
        handles.append(Line2D([], [], marker="x", color=GREY, markersize=6.5, markeredgewidth=1.8, linestyle="",
                              label="refused or without a solution"))  # fmt: skip
    if handles:
        figure.legend(
            handles=handles, loc="outside lower center", ncols=min(len(handles), 4), frameon=False, fontsize=9
        )
