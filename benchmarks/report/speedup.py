"""Problem by problem, ours against the fastest of CVXPY with Clarabel, OSQP and SCS that reaches the same accuracy."""

from __future__ import annotations

import numpy as np

from ..peers.solvers import OURS
from .cells import number, table
from .levels import Level, cpu

RIVALS = ("CLARABEL", "OSQP", "SCS")
HEAD = ["problem", "ours, CPU s", "fastest peer", "CPU s", "times faster", "memory MB", "least of a peer", "ratio"]


def lines(level: Level) -> list[str]:
    """The table, and the geometric means over the problems where both sides reach the accuracy."""
    rows, faster, leaner, alone, partly = [], [], [], [], []
    for name in level.names:
        mine = level.found.get((name, OURS))
        tried = [r for s in RIVALS if (r := level.found.get((name, s)))]
        rivals = [r for r in tried if level.solved(r)]
        if mine is None or not (level.solved(mine) or rivals):
            continue
        best = min(rivals, key=cpu, default=None)
        small = min((r["memory_mb"] for r in rivals if r.get("memory_mb")), default=None)
        factor = cpu(best) / cpu(mine) if best and level.solved(mine) else None
        ratio = mine["memory_mb"] / small if small and mine.get("memory_mb") and level.solved(mine) else None
        faster += [factor] if factor else []
        leaner += [ratio] if ratio else []
        all_ran = len(tried) == len(RIVALS)
        if not rivals:
            (alone if all_ran else partly).append(name)
        unreached = "none reached it" if all_ran else "not all were run"
        rows.append(
            [
                *(name, number(cpu(mine)) if level.solved(mine) else "not reached"),
                *((best["solver"], number(cpu(best))) if best else (unreached, "")),
                *(number(factor, ".1f"), number(mine.get("memory_mb"), ".0f"), number(small, ".0f"), number(ratio)),
            ]
        )
    if not rows:
        return []
    summary = [
        f"To {level.accuracy:.0e} of the true objective, against the fastest of {', '.join(RIVALS)} that reaches it"
    ]
    if faster:
        mean = np.exp(np.mean(np.log(faster)))
        summary += [f": **{mean:.1f} times faster** in geometric mean over {len(faster)} problems, "]
        summary += [f"{sum(f > 1 for f in faster)} of them faster; least {min(faster):.1f}"]
    if leaner:
        summary += [f". Peak memory of the process: **{np.exp(np.mean(np.log(leaner))):.2f}** of the best peer's"]
    if alone:
        summary += [f". Within {level.limit:.0f} CPU s no peer reaches it on {', '.join(alone)} (not in the means)"]
    if partly:
        summary += [f". Not all peers were run on {', '.join(partly)}, and none that was reaches it (not in the means)"]
    return ["".join(summary) + ".", "", *table(HEAD, rows), ""]
