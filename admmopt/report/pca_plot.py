"""A picture of principal components: the samples in their plane, and what each explains."""

from __future__ import annotations

from pathlib import Path

import numpy as np
from matplotlib.ticker import PercentFormatter

from .plots import GREY, Picture
from .sweep_plot import MARKERS, PALETTE


def components(
    scores: np.ndarray, ratio: np.ndarray, labels: np.ndarray | None = None, path: str | Path | None = None
) -> Picture:
    """Scores on the first two components (on the only one: in the order of the samples), and explained variance.

    scores: (n, k); ratio: (k,), share of the total variance of each component; labels: (n,), a colour for each value,
    and from the eighth value on another marker; path: where to save the picture (the suffix gives the format). Returns
    the figure. Raises ValueError where there are not as many labels as samples.
    """
    if labels is not None and len(labels) != len(scores):
        raise ValueError(f"{len(labels)} labels for {len(scores)} samples.")
    figure = Picture(figsize=(8.6, 3.9), layout="constrained")
    left, right = figure.subplots(1, 2, width_ratios=(1.6, 1))
    draw_scores(left, scores, ratio, labels)
    draw_variance(right, ratio)
    for axes in (left, right):
        axes.spines[["top", "right"]].set_visible(False)
        axes.set_axisbelow(True)
    if path is not None:
        figure.savefig(path, dpi=160)
    return figure


def draw_scores(axes, scores: np.ndarray, ratio: np.ndarray, labels: np.ndarray | None) -> None:
    one = scores.shape[1] == 1
    x, y = (np.arange(len(scores)), scores[:, 0]) if one else (scores[:, 0], scores[:, 1])
    groups = [(None, np.full(len(scores), True))]
    if labels is not None:
        groups = [(value, np.asarray(labels) == value) for value in np.unique(labels)]
    for index, (value, members) in enumerate(groups):
        style = {"color": PALETTE[index % len(PALETTE)], "marker": MARKERS[index // len(PALETTE) % len(MARKERS)]}
        axes.scatter(x[members], y[members], s=16, **style, alpha=0.75, linewidths=0, label=value)
    axes.axhline(0, color=GREY, linewidth=0.7, zorder=0)
    names = [f"component {i + 1} ({share:.1%})" for i, share in enumerate(ratio[:2])]
    axes.set_xlabel("sample" if one else names[0])
    axes.set_ylabel(names[0] if one else names[1])
    if not one:
        axes.axvline(0, color=GREY, linewidth=0.7, zorder=0)
    if labels is not None:
        axes.legend(frameon=False, fontsize=9, loc="upper left", bbox_to_anchor=(1.0, 1.0), handletextpad=0.1)


def draw_variance(axes, ratio: np.ndarray) -> None:
    """A bar for each component and the running sum above them."""
    numbers = np.arange(1, len(ratio) + 1)
    axes.bar(numbers, ratio, color=PALETTE[0], width=0.6)
    axes.plot(numbers, np.cumsum(ratio), "o-", color=PALETTE[1], markersize=4, linewidth=1.4, label="sum")
    axes.set_xticks(numbers[:: max(1, len(numbers) // 8)])
    axes.set_ylim(0, 1.05)
    axes.yaxis.set_major_formatter(PercentFormatter(1.0))
    axes.set_xlabel("component")
    axes.set_ylabel("explained variance")
    axes.grid(True, axis="y", color="#e6e6e6", linewidth=0.7)
    axes.legend(frameon=False, fontsize=9)
