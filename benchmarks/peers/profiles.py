"""Performance profiles (Dolan and More, 2002): for each solver the share of instances that it solves within a factor
of the fastest."""

from __future__ import annotations

from pathlib import Path

import numpy as np

from .solvers import SOLVERS
from .tables import TITLES, common, picture

FOLDER = Path(__file__).resolve().parents[2] / "docs" / "images"
FLOOR = 0.01  # seconds; below it a clock says nothing


def ratios(own: list[dict]) -> dict[str, np.ndarray]:
    """solver -> for each common instance its CPU seconds over those of the fastest; infinite where it is not right.
    An instance that nobody solves counts for nobody."""
    names = common(own)
    solvers = [s for s in SOLVERS if any(r["solver"] == s for r in own)]
    found = {(r["name"], r["solver"]): r for r in own}
    seconds = np.array([[_seconds(found[name, s]) for name in names] for s in solvers])
    fastest = seconds.min(axis=0)
    with np.errstate(invalid="ignore"):
        factors = np.where(np.isfinite(seconds), seconds / fastest, np.inf)
    return dict(zip(solvers, factors, strict=True))


def _seconds(record: dict) -> float:
    return max(record["cpu_seconds"], FLOOR) if record["verdict"] == "right" else np.inf


def share(factors: np.ndarray, within: np.ndarray) -> np.ndarray:
    """The share of instances solved within each factor of the fastest."""
    return (factors[None, :] <= within[:, None] * (1 + 1e-12)).mean(axis=1)


def draw(suite: str, own: list[dict], path: Path):
    """The profile of one suite as a picture."""
    from admmopt.report.plots import Picture
    from admmopt.report.sweep_plot import PALETTE

    factors = ratios(own)
    finite = [f[np.isfinite(f)] for f in factors.values()]
    last = max([10.0, *(float(f.max()) for f in finite if f.size)]) * 1.3
    within = np.geomspace(1.0, last, 400)
    figure = Picture(figsize=(7.2, 3.9), layout="constrained")
    axes = figure.add_subplot()
    for (solver, mine), color in zip(factors.items(), PALETTE, strict=False):
        axes.step(within, share(mine, within), where="post", label=solver, color=color, linewidth=1.8)
    axes.set_xscale("log")
    axes.set_ylim(-0.02, 1.02)
    axes.set_xlabel("CPU seconds, relative to the fastest solver of the instance")
    axes.set_ylabel("share of instances solved")
    axes.set_title(f"{TITLES[suite]} ({len(common(own))} instances)", loc="left", fontsize=10)
    axes.spines[["top", "right"]].set_visible(False)
    axes.grid(True, axis="y", color="#e6e6e6", linewidth=0.7)
    axes.legend(frameon=False, fontsize=9, loc="upper left", bbox_to_anchor=(1.0, 1.0))
    figure.savefig(path, dpi=130)
    return figure


def write(records: list[dict], folder: Path = FOLDER) -> None:
    """profile_SUITE.png for every suite with more than one common instance."""
    for suite in TITLES:
        own = [r for r in records if r["suite"] == suite]
        for eps in {r["eps"] for r in own}:
            mine = [r for r in own if r["eps"] == eps]
            if len(common(mine)) > 1:
                draw(suite, mine, folder / picture(suite))
