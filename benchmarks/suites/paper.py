"""The experiments of the paper behind the crossbar backend; what is graded is our own answer on cells that are off."""

from __future__ import annotations

from ..paper import penalty, sensing, spectral, variation
from ..paper.cells import TOLERANCE
from ..problems import MissingData
from ..runner import measured

KINDS, SIZES = ("lp", "socp"), (100, 600, 1000)
NAMES = [
    *(f"{kind}-{n}" for kind in KINDS for n in SIZES),
    "signed-lp-100",
    *(f"rho-{n}" for n in SIZES),
    "sensing",
    "power",
    "pca",
]


def run(name: str, options: dict) -> dict:
    """One experiment: its rows, and a verdict on those of ours."""
    try:
        record = measured(lambda: {"rows": rows(name, options)})
    except MissingData as missing:
        return {"status": "skipped", "verdict": "ungraded", "reason": str(missing)}
    return {"status": "done", **record, **verdict(name, record["rows"])}


def rows(name: str, options: dict) -> list[dict]:
    alone = {"sensing": sensing.run, "power": spectral.power, "pca": spectral.components}
    if name in alone:
        return alone[name](options)
    kind, _, n = name.rpartition("-")
    return penalty.run(int(n), options) if kind == "rho" else variation.run(kind, int(n), options)


def verdict(name: str, rows: list[dict]) -> dict:
    """Of our own answers. error: the worst one's, of the objective (or the violation, where that is larger), of an
    eigenvalue, of a variance."""
    if name.startswith("rho"):
        return {"verdict": "ungraded", "reason": "iterations are counted, not graded"}
    if name in ("power", "pca"):
        error = max(row["error"] for row in rows if "one by one" not in row["way"])
        right = error <= TOLERANCE
        return {
            "error": error,
            "verdict": "right" if right else "wrong",
            "reason": "" if right else f"off by {error:.1e}",
        }
    ours = [row for row in rows if row["mapping"] == "refined"]
    solves, right, wrong = (sum(row[count] for row in ours) for count in ("trials", "right", "wrong"))
    verdict = "wrong" if wrong else "right" if right == solves else "failed"
    short = f"{right} of {solves} solves right, {wrong} wrong; the others said that they were not"
    return {
        "error": max(row["error_worst"] for row in ours),
        "verdict": verdict,
        "reason": "" if right == solves else short,
    }
