"""Single instances: what every solver needed for each, and the residuals or objectives of ours."""

from __future__ import annotations

from .. import references
from .cells import number, table
from .levels import Level, cpu


def all_solvers(found: list[Level]) -> list[str]:
    """A row for each instance, a column for each solver and accuracy: CPU seconds where it is right."""
    columns = [(level, solver) for level in found for solver in level.solvers]
    head = ["instance", *(f"{solver} {level.accuracy:.0e}" for level, solver in columns)]
    names = sorted({name for level in found for name in level.names})
    return table(head, ([n, *(cell(level, level.found.get((n, s))) for level, s in columns)] for n in names))


def cell(level: Level, record: dict | None) -> str:
    if record is None:
        return ""
    if record["verdict"] == "unsuited":
        return "–"
    if level.solved(record):
        return f"{cpu(record):.2f}"
    if level.outcome(record) == "wrong":
        return "**wrong**"
    status = str(record["status"]).replace("_", " ")
    return f"{'inaccurate' if status == 'optimal' else status} ({cpu(record):.0f})"


def ours(own: list[dict]) -> list[str]:
    own = sorted(own, key=lambda r: r["name"])
    if not own:
        return []
    return _objectives(own) if any("reference" in r for r in own) else _residuals(own)


def _objectives(own: list[dict]) -> list[str]:
    proofs = references.load()
    head = "problem | verdict | status | objective | error | violation | iterations | compile s | total s | proved to"
    return table(
        head.split(" | "),
        (
            [
                *(r["name"], verdict(r), r["status"], number(r.get("value"), ".8g"), number(r.get("error"), ".1e")),
                *(number(r.get("relative_violation"), ".1e"), r.get("iterations")),
                *(number((r.get("timings") or {}).get("compile"), ".3f"), number(r.get("seconds"))),
                number(proofs.get(r["name"], {}).get("relative_gap"), ".0e"),
            ]
            for r in own
        ),
    )


def _residuals(own: list[dict]) -> list[str]:
    head = "instance | rows | columns | verdict | status | primal | dual | gap | iterations | total s"
    return table(
        head.split(" | "),
        (
            [
                *(r["name"], r.get("rows"), r.get("columns"), verdict(r), r["status"]),
                *(number(value, ".0e") for value in (r.get("grade") or {}).get("relative") or [None] * 3),
                *(r.get("iterations"), number(r.get("seconds"))),
            ]
            for r in own
        ),
    )


def verdict(record: dict) -> str:
    return record["verdict"] if record["verdict"] != "wrong" else "**wrong**"
