"""Pictures of a hardware report. They make matplotlib figures of their own: nothing global is touched."""

from __future__ import annotations

import io

import numpy as np
from matplotlib.figure import Figure
from matplotlib.ticker import EngFormatter, MaxNLocator

from .energy_model import PARTS

COLORS = dict(zip(PARTS, ("#0072b2", "#56b4e9", "#009e73", "#e69f00", "#d55e00", "#7f7f7f"), strict=True))


class Picture(Figure):
    """A figure that a notebook shows by itself, without pyplot."""

    def _repr_png_(self) -> bytes:
        stream = io.BytesIO()
        self.savefig(stream, format="png", dpi=110)
        return stream.getvalue()


def overview(report, path=None) -> Picture:
    """Conductances of the first array and its partner, error budget, energy by part under every price list."""
    figure = Picture(figsize=(11.5, 3.6), layout="constrained")
    maps = report.maps[:2]
    axes = figure.subplots(1, len(maps) + 2, width_ratios=[1.0] * len(maps) + [0.9, 1.3])
    ends = {"vmin": 1e6 * min(g.min() for _, g in maps), "vmax": 1e6 * max(g.max() for _, g in maps)} if maps else {}
    for place, (title, conductances) in zip(axes, maps, strict=False):
        image = place.imshow(1e6 * conductances, cmap="viridis", interpolation="nearest", **ends)
        place.set_title(title, loc="left", fontsize=10)
        place.set_xlabel("input", fontsize=9)
        place.tick_params(labelsize=8)
    if maps:
        axes[0].set_ylabel("output", fontsize=9)
        figure.colorbar(image, ax=list(axes[: len(maps)]), orientation="horizontal", shrink=0.5, label="µS")
    budget(axes[-2], report)
    energy(axes[-1], report)
    if path is not None:
        figure.savefig(path, dpi=160)
    return figure


def budget(axes, report) -> None:
    """Predicted contraction by cause, and what was measured."""
    certificate = report["certificate"]
    parts = ["cells", "wires", "converters", "amplifiers"]
    names = [*parts, "predicted", "measured"]
    values = [*(certificate[part] for part in parts), certificate["contraction"] or np.nan, report["contraction"]]
    colors = ["#56b4e9"] * len(parts) + ["#0072b2", "#d55e00"]
    axes.barh(names[::-1], values[::-1], color=colors[::-1])
    for row, value in enumerate(values[::-1]):
        axes.annotate(f" {value:.2g}", (value, row), va="center", fontsize=8)
    axes.axvline(1.0, color="#7f7f7f", linewidth=1, linestyle=(0, (5, 3)))
    axes.set_xlim(0, max(1.15, 1.25 * np.nanmax(values)))
    axes.set_title("contraction per step", loc="left", fontsize=10)
    clean(axes)


def energy(axes, report) -> None:
    """Energy by part, without programming, and that of a digital factorization: one bar for each price list."""
    names = list(report["presets"])
    left = np.zeros(len(names))
    for part in PARTS:
        joules = np.array([report["presets"][name]["energy_by_part"].get(part, 0.0) for name in names])
        if joules.any():
            axes.barh(names, joules, left=left, color=COLORS[part], label=part)
            left += joules
    for place, name in enumerate(names):  # a black mark: the same solves on a computer, by the same list
        digital = report["presets"][name]["digital"]
        cached = digital["factorization"] + report["solves"] * digital["solve"]
        axes.plot([cached, cached], [place - 0.45, place + 0.45], color="black", linewidth=2, solid_capstyle="butt")
        if place == 0:
            axes.annotate(" digital, cached factor", (cached, -0.5), va="bottom", fontsize=8)
    axes.set_title("energy of solving, by price list", loc="left", fontsize=10)
    axes.xaxis.set_major_locator(MaxNLocator(4))
    axes.xaxis.set_major_formatter(EngFormatter("J"))
    axes.set_ylim(len(names) - 0.4, -1.1)
    axes.legend(frameon=False, fontsize=8, ncols=3, loc="upper center", bbox_to_anchor=(0.5, -0.12))
    clean(axes)


def clean(axes) -> None:
    axes.spines[["top", "right"]].set_visible(False)
    axes.tick_params(labelsize=8)
    axes.set_axisbelow(True)
    axes.grid(True, axis="x", color="#e6e6e6", linewidth=0.7)
