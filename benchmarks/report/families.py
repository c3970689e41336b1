"""A suite on which solvers are compared: one table of all solvers at every accuracy, the failures by name, a picture,
and the single instances folded away."""

from __future__ import annotations

from statistics import median

from ..peers.solvers import OURS
from ..suites import Suite
from . import instances, speedup
from .cells import folded, number, table
from .levels import Level, cpu, levels, wall

HEAD = ["accuracy", "solver", "right", "wrong", "failed", "CPU s", "ours on the same", "wall s", "memory MB"]
CAPTION = (
    "Means are shifted geometric ones (shift 1 s) over the problems that a solver takes; what is not right within "
    "{limit:.0f} CPU seconds counts {limit:.0f} s. Memory: the median of the largest resident size of the process."
)


def section(name: str, suite: Suite, own: list[dict]) -> list[str]:
    found = levels(own, suite.limit)
    lines = [f"## {suite.title}\n", f"`python -m benchmarks run {name} --peers`; {_count(found)}.{_busy(own)}", ""]
    lines += [*table(HEAD, [line(level, solver) for level in found for solver in level.solvers]), ""]
    lines += [CAPTION.format(limit=suite.limit), ""]
    certified = [r["certificate_holds"] for r in own if r["solver"] == OURS and "certificate_holds" in r]
    if certified:
        lines += [f"Certificates of ours that hold on the raw data: {sum(certified)} of {len(certified)}.", ""]
    for level in found:
        lines += _names(level, [OURS])
    others = [text for level in found for text in _names(level, [s for s in level.solvers if s != OURS])]
    lines += folded("Wrong and failed, the other solvers by name", others)
    if any(len(level.solvers) > 1 and level.common for level in found):
        lines += [f"![performance profile](../docs/images/{picture(name)})", ""]
    if name == "nineteen":
        lines += speedup.lines(found[-1])
    lines += folded("Every instance, CPU seconds of every solver", instances.all_solvers(found))
    for eps in sorted({r["eps"] for r in own}, reverse=True):
        mine = [r for r in own if r["eps"] == eps and r["solver"] == OURS]
        lines += folded(f"Every instance, ours at eps = {eps:g}", instances.ours(mine))
    return lines


def picture(name: str) -> str:
    return f"profile_{name}.png"


def line(level: Level, solver: str) -> list:
    """One row of the table."""
    own = level.taken(solver)
    outcomes = [level.outcome(r) for r in own]
    sizes = [r["memory_mb"] for r in own if level.solved(r) and r.get("memory_mb")]
    same = level.ours_on(own)
    times = [level.mean(own, cpu), level.mean(same, cpu) if len(same) == len(own) else None, level.mean(own, wall)]
    label = f"{solver} {version}" if (version := _version(own)) else solver
    return [
        f"{level.accuracy:.0e}",
        f"**{label}**" if solver == OURS else label,
        f"**{outcomes.count('right')} of {len(own)}**",
        outcomes.count("wrong"),
        outcomes.count("failed"),
        *(number(seconds) for seconds in times),
        f"{median(sizes):.0f}" if sizes else "",
    ]


def _names(level: Level, solvers: list[str]) -> list[str]:
    lines = []
    for solver in solvers:
        for outcome in ("wrong", "failed", "ungraded"):
            if named := level.named(solver, outcome):
                lines += [f"{solver} at {level.accuracy:.0e}, {outcome}: {'; '.join(named)}.", ""]
    return lines


def _count(found: list[Level]) -> str:
    names = {name for level in found for name in level.names}
    return f"{len(names)} instance{'' if len(names) == 1 else 's'}"


def _version(own: list[dict]) -> str:
    return next((r["version"] for r in reversed(own) if r.get("version")), "")


def _busy(own: list[dict]) -> str:
    """A warning where other work ran on the machine."""
    loads = [r["load"] for r in own if r.get("load") is not None]
    if max(loads, default=0.0) <= 1.5:
        return ""
    return (
        f" **The machine was busy with other work** (a load of {min(loads):.0f} to {max(loads):.0f} processes, ours "
        "among them): read CPU seconds, single ones to within a factor of two."
    )
