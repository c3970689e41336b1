"""RESULTS.md: tables made of the records and of nothing else."""

from __future__ import annotations

from pathlib import Path

from ..paper import pictures, tables
from ..suites import SUITES, crossbar
from . import alone, devices, families, profiles

PATH = Path(__file__).resolve().parents[1] / "RESULTS.md"
PAGES = {"compile": alone.compile_times, "crossbar": crossbar.section, "paper": tables.section, "path": alone.path}
HOW = (
    "Made by `python -m benchmarks report` from the records beside this file; graded from the raw data, never by a "
    "solver's own word (see README.md). Every solver on the same data, a process and one thread for each solve, asked "
    "for the same eps, no limit on iterations, so that only time binds. Seconds are end to end: from the CVXPY problem "
    "to values in its variables, compile time included; where there is no CVXPY problem (CBLIB, SDPLIB), from the data "
    "of the file to x and the multipliers.\n"
)


def markdown(records: list[dict]) -> str:
    """The whole page."""
    parts = ["# Results\n", HOW, _machine(records)]
    for name, suite in SUITES.items():
        own = [record for record in records if record["suite"] == name and not devices.elsewhere(record)]
        if suite.compared and own:
            parts += families.section(name, suite, own)
        elif own:
            for eps in sorted({record["eps"] for record in own}, reverse=True):
                parts.append(f"## {suite.title}, eps = {eps:g}\n")
                parts.append(PAGES[name]([record for record in own if record["eps"] == eps]))
    parts += devices.section([record for record in records if devices.elsewhere(record)])
    return "\n".join(parts)


def write(records: list[dict], path: Path = PATH) -> None:
    """The page, and the pictures in it."""
    path.write_text(markdown(records))
    profiles.write([record for record in records if not devices.elsewhere(record)])
    pictures.write([record for record in records if record["suite"] == "paper"])


def _machine(records: list[dict]) -> str:
    """Where the records were made, and at which commits (a plus: with changes that were not committed)."""
    machines: dict[str, set[str]] = {}
    for r in records:
        place = f"{r['cpu']}, Python {r['python']}, {_versions(r)}"
        machines.setdefault(place, set()).add(r.get("revision") or "unknown")
    return "".join(f"- {place}; commit {', '.join(sorted(own))}\n" for place, own in sorted(machines.items()))


def _versions(record: dict) -> str:
    return ", ".join(f"{name} {number}" for name, number in record["versions"].items())
