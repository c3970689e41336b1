"""Ours on other backends than a suite's own: one table of all such records."""

from __future__ import annotations

from ..peers.solvers import OURS
from ..suites import SUITES
from .cells import number, table

HEAD = ["suite", "instance", "device", "beside", "verdict", "status", "form", "iterations", "seconds"]


def elsewhere(record: dict) -> bool:
    """Is it ours, on a backend that was named for it?"""
    return record.get("solver") == OURS and record.get("backend") not in (None, SUITES[record["suite"]].backend)


def section(own: list[dict]) -> list[str]:
    """Seconds by the wall, since a device's work is not the processor's."""
    if not own:
        return []
    commands = sorted({f"`python -m benchmarks run {r['suite']} --backend {r['backend']}`" for r in own})
    lines = ["## On other devices\n", ", ".join(commands) + ". Seconds are by the wall.", ""]
    rows = [[r["suite"], r["name"], _device(r), r["cpu"], r["verdict"], r["status"], *_work(r)] for r in own]
    return [*lines, *table(HEAD, rows), ""]


def _device(r: dict) -> str:
    return f"{r['backend']}: {r.get('meta', {}).get('device', '')}".rstrip(": ")


def _work(r: dict) -> list:
    return [r.get("form"), r.get("iterations"), number(r["seconds"])]
