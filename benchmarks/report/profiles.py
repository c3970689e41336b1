"""Performance profiles (Dolan and More, 2002): for each solver the share of instances that it solves within a factor
of the fastest."""

from __future__ import annotations

from pathlib import Path

import numpy as np

from ..suites import SUITES
from .families import picture
from .levels import Level, cpu, levels

FOLDER = Path(__file__).resolve().parents[2] / "docs" / "images"
FLOOR = 0.01  # seconds; below it a clock says nothing


def ratios(level: Level) -> dict[str, np.ndarray]:
    """solver -> for each common instance its CPU seconds over those of the fastest; infinite where it is not right.
    An instance that nobody solves counts for nobody."""

    def seconds(record: dict) -> float:
        return max(cpu(record), FLOOR) if level.solved(record) else np.inf

    times = np.array([[seconds(level.found[name, s]) for name in level.common] for s in level.solvers])
    with np.errstate(invalid="ignore"):
        factors = np.where(np.isfinite(times), times / times.min(axis=0), np.inf)
    return dict(zip(level.solvers, factors, strict=True))


def share(factors: np.ndarray, within: np.ndarray) -> np.ndarray:
    """The share of instances solved within each factor of the fastest."""
    return (factors[None, :] <= within[:, None] * (1 + 1e-12)).mean(axis=1)


def draw(title: str, found: list[Level], path: Path):
    """The profiles of one suite as a picture, a panel for each accuracy."""
    from admmopt.report.plots import Picture
    from admmopt.report.sweep_plot import PALETTE

    figure = Picture(figsize=(1.8 + 4.4 * len(found), 3.6), layout="constrained")
    colors: dict = {}
    panels = np.atleast_1d(figure.subplots(1, len(found), sharey=True))
    for axes, level in zip(panels, found, strict=True):
        factors = ratios(level)
        finite = [f[np.isfinite(f)] for f in factors.values()]
        within = np.geomspace(1.0, max([10.0, *(float(f.max()) for f in finite if f.size)]) * 1.3, 400)
        for solver, mine in factors.items():
            color = colors.setdefault(solver, PALETTE[len(colors) % len(PALETTE)])
            axes.step(within, share(mine, within), where="post", label=solver, color=color, linewidth=1.8)
        axes.set_xscale("log")
        axes.set_ylim(-0.02, 1.02)
        axes.set_title(f"at {level.accuracy:.0e} ({len(level.common)} instances)", loc="left", fontsize=10)
        axes.spines[["top", "right"]].set_visible(False)
        axes.grid(True, axis="y", color="#e6e6e6", linewidth=0.7)
    panels[0].set_ylabel("share of instances solved")
    figure.suptitle(title, fontsize=11)
    figure.supxlabel("CPU seconds, relative to the fastest solver of the instance", fontsize=10)
    panels[-1].legend(frameon=False, fontsize=9, loc="upper left", bbox_to_anchor=(1.0, 1.0))
    figure.savefig(path, dpi=130)
    return figure


def write(records: list[dict], folder: Path = FOLDER) -> None:
    """profile_SUITE.png for every suite that more than one solver ran on."""
    for name, suite in SUITES.items():
        if suite.compared:
            found = levels([r for r in records if r["suite"] == name], suite.limit)
            found = [level for level in found if len(level.solvers) > 1 and level.common]
            if found:
                draw(suite.title, found, folder / picture(name))
