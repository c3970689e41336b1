"""The peers' page: one table for each suite, an instance a row and a solver a column, and a performance profile."""

from __future__ import annotations

from statistics import median

from ..grade import shifted_geometric_mean
from ..problems import MORE, NINETEEN
from .solvers import OURS, SOLVERS

TITLES = {
    "nineteen": "The nineteen problems",
    "more": "More problems",
    "qp": "Maros-Meszaros, the open problems",
    "lp": "Netlib",
}
HOW = (
    "Every solver on the same data through CVXPY, a process and one thread for each solve, asked for the same eps, no "
    "limit on iterations, graded as ours are. A cell holds wall / CPU seconds from the CVXPY problem to values in its "
    "variables where the answer is right, else how it ended and the CPU seconds it had by then (timeout: the process "
    "was ended {grace:.0f} s after the limit); – : the solver does not take such a problem. Memory is "
    "the largest resident size of the process, Python and data included."
)
BUSY = (
    " **The machine was busy with other work**: a load of {low:.0f} to {high:.0f} processes, ours among them. Read CPU "
    "seconds, and single ones to within a factor of two."
)
BROKEN = ("error", "broke down", "out of memory")
WHOLE = {"nineteen": NINETEEN, "more": MORE}
GRACE = LIMIT = 60.0  # seconds; the limit is also what an answer that is not right counts in the means


def section(records: list[dict]) -> str:
    """Everything on peers; nothing where there are no records."""
    parts = []
    for suite, title in TITLES.items():
        for eps in sorted({r["eps"] for r in records if r["suite"] == suite}, reverse=True):
            own = [r for r in records if r["suite"] == suite and r["eps"] == eps]
            parts.append("\n".join([f"### {title}, eps = {eps:g}, peers\n", *page(suite, own), ""]))
    if not parts:
        return ""
    loads = [r["load"] for r in records if r.get("load") is not None]
    busy = BUSY.format(low=min(loads), high=max(loads)) if max(loads, default=0.0) > 1.5 else ""
    return "\n".join(["## Other solvers on the same instances\n", HOW.format(grace=GRACE) + busy, "", *parts])


def page(suite: str, own: list[dict]) -> list[str]:
    found = {(r["name"], r["solver"]): r for r in own}
    solvers = [s for s in SOLVERS if any(r["solver"] == s for r in own)]
    names = sorted({r["name"] for r in own})
    head = [f"{s} {_version(own, s)}".strip() for s in solvers]
    lines = [_row(["instance", *head]), _row(["---"] * (1 + len(head)))]
    lines += [_row([name, *(cell(found.get((name, s))) for s in solvers)]) for name in names]
    lines += [_row(["**right**", *(right(own, s) for s in solvers)])]
    lines += [_row(["mean of what it takes, CPU s", *(_number(mean(taken(own, s), s, found)) for s in solvers)])]
    lines += [_row([f"{OURS} on the same, CPU s", *(_number(mean(taken(own, s), OURS, found)) for s in solvers)])]
    lines += [_row(["median memory, MB", *(memory(own, s) for s in solvers)])]
    wrong = [f"{r['solver']} on {r['name']} ({r['reason']})" for r in own if r["verdict"] == "wrong"]
    ended = [f"{r['solver']} on {r['name']}: {r['reason']}" for r in own if r["status"] in BROKEN and r.get("reason")]
    absent = [name for name in WHOLE.get(suite, ()) if name not in names]
    return [
        *lines,
        "",
        f"The means are shifted geometric ones: shift 1 s, what is not right counts {LIMIT:.0f} s.",
        *(["", f"Wrong: {'; '.join(wrong)}."] if wrong else []),
        *(["", f"Came to no end: {'; '.join(ended)}."] if ended else []),
        *(["", f"Not run yet: {', '.join(absent)}. An empty cell: likewise."] if absent else []),
        *(["", f"![performance profile](../docs/images/{picture(suite)})"] if len(common(own)) > 1 else []),
    ]


def picture(suite: str) -> str:
    return f"profile_{suite}.png"


def cell(record: dict | None) -> str:
    if record is None:
        return ""
    if record["verdict"] == "unsuited":
        return "–"
    if record["verdict"] == "right":
        return f"{record['seconds']:.2f} / {record['cpu_seconds']:.2f}"
    if record["verdict"] == "wrong":
        return "**wrong**"
    cpu = f" ({record['cpu_seconds']:.0f})" if "cpu_seconds" in record else ""
    return str(record["status"]).replace("_", " ") + cpu


def taken(own: list[dict], solver: str) -> list[str]:
    """The instances that the solver takes, of those that ours was run on too."""
    ours = {r["name"] for r in own if r["solver"] == OURS}
    return [r["name"] for r in own if r["solver"] == solver and r["verdict"] != "unsuited" and r["name"] in ours]


def mean(names: list[str], solver: str, found: dict) -> float | None:
    return shifted_geometric_mean(charged(found[name, solver]) for name in names) if names else None


def charged(record: dict) -> float:
    """CPU seconds of a right answer, at most LIMIT; LIMIT for any other."""
    return min(record["cpu_seconds"], LIMIT) if record["verdict"] == "right" else LIMIT


def right(own: list[dict], solver: str) -> str:
    mine = [r for r in own if r["solver"] == solver and r["verdict"] != "unsuited"]
    return f"**{sum(r['verdict'] == 'right' for r in mine)} of {len(mine)}**"


def memory(own: list[dict], solver: str) -> str:
    sizes = [r["memory_mb"] for r in own if r["solver"] == solver and r["verdict"] == "right"]
    return f"{median(sizes):.0f}" if sizes else ""


def common(own: list[dict]) -> list[str]:
    """The instances with a record of every solver that has any."""
    solvers = {r["solver"] for r in own}
    names = {r["name"] for r in own}
    return sorted(n for n in names if {r["solver"] for r in own if r["name"] == n} == solvers)


def _version(own: list[dict], solver: str) -> str:
    return next((r["version"] for r in own if r["solver"] == solver and r.get("version")), "")


def _number(value: float | None) -> str:
    return "" if value is None else f"{value:.2f}"


def _row(cells: list[str]) -> str:
    return "| " + " | ".join(cells) + " |"
