"""The pictures of the section in RESULTS.md."""

from __future__ import annotations

import math
from pathlib import Path

from matplotlib.figure import Figure
from matplotlib.lines import Line2D

FOLDER = Path(__file__).resolve().parents[2] / "docs" / "images"
VARIATION, OTHERS = "paper_variation.png", "paper_others.png"
# Okabe & Ito's palette, told apart by colour-blind readers too
COLORS = ("#0072b2", "#d55e00", "#009e73", "#cc79a7", "#e69f00", "#56b4e9")
GREY = "#7f7f7f"
METRICS = {"objective": "objective", "x": "x", "violation": "constraints"}
AXES = {"lp": 0.006, "socp": 0.04}  # where the paper's axes of the objective's error end
STYLES = {("naive", "uniform"): "-", ("naive", "gaussian"): "--", ("refined", "uniform"): ":"}
BELOW = {"frameon": False, "fontsize": 8, "loc": "upper center", "bbox_to_anchor": (0.5, -0.16), "ncols": 2}


def write(records: list[dict], folder: Path = FOLDER) -> list[Path]:
    """Both pictures, from what is in the records; nothing where there is nothing."""
    rows = {record["name"]: record["rows"] for record in records if record.get("rows")}
    folder.mkdir(parents=True, exist_ok=True)
    written = []
    for name, draw in ((VARIATION, variation), (OTHERS, others)):
        figure = draw(rows)
        if figure is not None:
            figure.savefig(folder / name, dpi=130)
            written.append(folder / name)
    return written


def variation(rows: dict) -> Figure | None:
    """Errors against fixed variation: a row of panels for each kind, a panel for each error."""
    kinds = [kind for kind in AXES if any(name.startswith(f"{kind}-") for name in rows)]
    if not kinds:
        return None
    figure = Figure(figsize=(10.5, 3.1 * len(kinds) + 0.7), layout="constrained")
    panels = figure.subplots(len(kinds), len(METRICS), squeeze=False, sharex=True, sharey=True)
    sizes = sorted({int(name.rpartition("-")[2]) for name in rows if name.rpartition("-")[0] in kinds})
    for kind, line in zip(kinds, panels, strict=True):
        for metric, axes in zip(METRICS, line, strict=True):
            for size, color in zip(sizes, COLORS, strict=False):
                for (mapping, law), style in STYLES.items():
                    points = _fixed(rows.get(f"{kind}-{size}", []), mapping, law, metric)
                    marker = "o" if mapping == "naive" else "."
                    axes.plot(*points, color=color, linestyle=style, marker=marker, markersize=4, linewidth=1.4)
            if metric == "objective":
                axes.axhline(100 * AXES[kind], color=GREY, linewidth=1, linestyle=(0, (5, 3)))
                axes.annotate("end of the paper's axis", (0.02, 100 * AXES[kind]), xycoords=("axes fraction", "data"),
                              xytext=(0, 3), textcoords="offset points", fontsize=8, color=GREY)  # fmt: skip
            _style(axes, f"{kind.upper()}: error of {METRICS[metric]}, %")
            axes.set_xscale("log")
            axes.set_xticks([1, 3, 10], ["1", "3", "10"], minor=False)
            axes.set_xticks([], minor=True)
    for axes in panels[-1]:
        axes.set_xlabel("variation, %")
    handles = [Line2D([], [], color=color, label=f"n = {n}") for n, color in zip(sizes, COLORS, strict=False)]
    handles += [
        Line2D([], [], color="black", linestyle=style, label=f"{mapping}, {law}")
        for (mapping, law), style in STYLES.items()
    ]
    figure.legend(handles=handles, loc="outside lower center", ncols=7, frameon=False, fontsize=8.5)
    return figure


def _fixed(own: list[dict], mapping: str, law: str, metric: str) -> tuple[list[float], list[float]]:
    """Percent against percent; a median that diverged is a gap."""
    chosen = [row for row in own if row["mapping"] == mapping and row["reading"] == f"fixed, {law}"]
    values = [math.nan if row[metric] is None else max(100 * row[metric], 1e-12) for row in chosen]
    return [100 * row["variation"] for row in chosen], values


def others(rows: dict) -> Figure | None:
    """Iterations against rho, compressed sensing against variation, power iteration against multiplicity."""
    drawn = [(draw, own) for draw, own in ((_rho, rows.get("rho-100")), (_sensing, rows.get("sensing")),
                                           (_products, rows.get("power"))) if own]  # fmt: skip
    if not drawn:
        return None
    figure = Figure(figsize=(4.4 * len(drawn) + 0.2, 4.0), layout="constrained")
    for axes, (draw, own) in zip(figure.subplots(1, len(drawn), squeeze=False)[0], drawn, strict=True):
        draw(axes, own)
    return figure


def _rho(axes, own: list[dict]) -> None:
    """A triangle where the tolerance was not reached."""
    for kind, color in zip(("lp", "socp"), COLORS, strict=False):
        chosen = [row for row in own if row["kind"] == kind and row["rho"] is not None]
        places = [row["rho"] for row in chosen]
        for tol, style in (("1e-04", "-"), ("1e-06", "--")):
            counts = [row[f"iterations_{tol}"] for row in chosen]
            axes.plot(places, counts, color=color, linestyle=style, linewidth=1.4,
                      label=f"{kind.upper()}, to {float(tol):.0e}")  # fmt: skip
            for place, count, row in zip(places, counts, chosen, strict=True):
                reached = row[f"status_{tol}"] == "converged"
                face = color if reached else "white"
                axes.plot(place, count, "o" if reached else "^", color=color, markersize=5, markerfacecolor=face)
        ours = next(row["iterations"] for row in own if row["kind"] == kind and row["rho"] is None)
        axes.axhline(ours, color=color, linewidth=1, linestyle=":", label=f"{kind.upper()}, ao.solve, eps 1e-6")
    axes.set_xscale("log")
    axes.set_xlabel("rho")
    _style(axes, "ADMM iterations, n = 100, exact solves")
    axes.legend(**BELOW)


def _sensing(axes, own: list[dict]) -> None:
    sparsities = sorted({row["sparsity"] for row in own})
    for s, color in zip(sparsities, COLORS, strict=False):
        for mapping, style in (("naive", "-"), ("refined", ":")):
            chosen = [row for row in own if (row["sparsity"], row["mapping"]) == (s, mapping)]
            chosen = [row for row in chosen if row["reading"] == "fixed, uniform"]
            values = [math.nan if row["relative"] is None else 100 * row["relative"] for row in chosen]
            axes.plot([100 * row["variation"] for row in chosen], values, color=color, linestyle=style, marker="o",
                      markersize=4, linewidth=1.4)  # fmt: skip
        omp = next(row for row in own if (row["sparsity"], row["mapping"]) == (s, "OMP"))
        axes.plot(0, 100 * omp["relative"], "x", color=color)
    axes.set_xlabel("variation, % (uniform, fixed)")
    _style(axes, "compressed sensing: relative error, %")
    handles = [Line2D([], [], color=c, label=f"{s} nonzeros") for s, c in zip(sparsities, COLORS, strict=False)]
    for label, style in (("naive", "-"), ("refined", ":")):
        handles.append(Line2D([], [], color="black", linestyle=style, label=label))
    handles.append(Line2D([], [], color="black", linestyle="", marker="x", label="OMP, exact arithmetic"))
    axes.legend(handles=handles, **BELOW)


def _products(axes, own: list[dict]) -> None:
    for way, color in zip(dict.fromkeys(row["way"] for row in own), COLORS, strict=False):
        chosen = [row for row in own if row["way"] == way]
        axes.plot([row["k"] for row in chosen], [row["products"] for row in chosen], color=color, marker="o",
                  markersize=4, linewidth=1.4, label=way)  # fmt: skip
    axes.axhspan(2**6, 2**14, color=GREY, alpha=0.12, linewidth=0)
    axes.annotate(
        "the paper's axis", (0.02, 2**13.8), xycoords=("axes fraction", "data"), va="top", fontsize=8, color=GREY
    )
    axes.set_xlabel("multiplicity")
    _style(axes, "power iteration: products on the array")
    axes.set_yscale("log", base=2)
    axes.legend(**BELOW)


def _style(axes, title: str) -> None:
    axes.set_yscale("log")
    axes.set_title(title, loc="left", fontsize=10)
    axes.grid(True, which="major", color="#e6e6e6", linewidth=0.7)
    axes.spines[["top", "right"]].set_visible(False)
    axes.set_axisbelow(True)
