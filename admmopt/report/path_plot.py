"""A picture of a path: how the entries of variables move with a parameter."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import numpy as np
from matplotlib.collections import LineCollection

from .plots import GREY, Picture
from .sweep_plot import PALETTE

WIDE = 20.0  # values that reach over this factor get a logarithmic axis
FAINT = "#b5b5b5"


def coefficients(
    name: str, along: np.ndarray, variables: Sequence[tuple[str, np.ndarray]], path: str | Path | None = None
) -> Picture:
    """One line for each entry; those that grow largest are coloured and named, the others grey.

    name: of the axis; along: (k,), the place of each point on it; variables: name and values (k, *shape) of each, of
    complex ones the real part; path: where to save the picture (the suffix gives the format). Returns the figure.
    """
    along = np.asarray(along, dtype=float)
    order = np.argsort(along, kind="stable")
    along = along[order]
    entries = [np.real(values).reshape(len(along), -1)[order] for _, values in variables]
    labels = [label for (title, values) in variables for label in names(title, values.shape[1:])]
    lines = np.concatenate(entries, axis=1) if entries else np.zeros((len(along), 0))
    peak = np.max(np.abs(np.nan_to_num(lines)), axis=0, initial=0.0)
    largest = [j for j in np.argsort(-peak, kind="stable")[: len(PALETTE)] if peak[j] > 0]
    figure = Picture(figsize=(7.2, 4.0), layout="constrained")
    axes = figure.add_subplot()
    others = np.setdiff1d(np.flatnonzero(peak > 0), largest)
    segments = [np.column_stack([along, lines[:, j]]) for j in others]
    axes.add_collection(LineCollection(segments, colors=FAINT, linewidths=0.6, zorder=1))
    marker = "o" if len(along) < 12 else None
    look = {"marker": marker, "markersize": 3.5, "linewidth": 1.6, "zorder": 3}
    for color, j in zip(PALETTE, largest, strict=False):
        axes.plot(along, lines[:, j], label=labels[j], color=color, **look)  # type: ignore[arg-type]
    axes.axhline(0, color=GREY, linewidth=0.7, zorder=0)
    if logarithmic(along):
        axes.set_xscale("log")
    axes.set_xlabel(name)
    axes.set_ylabel(variables[0][0] if len(variables) == 1 else "")
    axes.spines[["top", "right"]].set_visible(False)
    axes.margins(x=0.02)
    axes.autoscale_view()
    if largest:
        axes.legend(frameon=False, fontsize=9, loc="upper left", bbox_to_anchor=(1.0, 1.0))
    if path is not None:
        figure.savefig(path, dpi=160)
    return figure


def logarithmic(along: np.ndarray) -> bool:
    """Positive, and over more than a factor of 20?"""
    return bool(along.min() > 0 and along.max() > WIDE * along.min())


def names(title: str, shape: tuple[int, ...]) -> list[str]:
    """``x[0]``, ``x[1]``, ... in the order of the flattened entries; a scalar keeps its name."""
    return [title] if not shape else [f"{title}[{', '.join(map(str, index))}]" for index in np.ndindex(*shape)]
