"""The records of one suite at one accuracy: who was right, and what that took."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from ..grade import shifted_geometric_mean
from ..peers.solvers import OURS, SOLVERS

ACCURACIES = (1e-4, 1e-6)  # of an objective; where residuals are graded, the tolerance asked for is the accuracy


@dataclass(frozen=True)
class Level:
    """found: by instance and solver; good: whether a record reached the accuracy; limit: CPU seconds within which it
    must have, and what counts for one that has not."""

    accuracy: float
    found: dict[tuple[str, str], dict]
    good: Callable[[dict], bool]
    limit: float

    @property
    def solvers(self) -> list[str]:
        return [s for s in SOLVERS if any(solver == s for _, solver in self.found)]

    @property
    def names(self) -> list[str]:
        return sorted({name for name, _ in self.found})

    @property
    def common(self) -> list[str]:
        """The instances with a record of every solver that has any."""
        return [n for n in self.names if all((n, s) in self.found for s in self.solvers)]

    def taken(self, solver: str) -> list[dict]:
        """Its records, without the problems that it does not take."""
        return [r for (_, s), r in sorted(self.found.items()) if s == solver and r["verdict"] != "unsuited"]

    def solved(self, record: dict) -> bool:
        return self.good(record) and cpu(record) <= self.limit

    def outcome(self, record: dict) -> str:
        """right, wrong or failed; ungraded where there is nothing to compare with."""
        if self.solved(record):
            return "right"
        return record["verdict"] if record["verdict"] in ("wrong", "ungraded") else "failed"

    def named(self, solver: str, outcome: str) -> list[str]:
        """The instances that ended so, each with the reason."""
        own = [r for r in self.taken(solver) if self.outcome(r) == outcome]
        return [f"{r['name']} ({why})" if (why := self.why(r)) else r["name"] for r in own]

    def why(self, record: dict) -> str:
        if self.good(record):
            return f"after {cpu(record):.0f} s"
        if record["verdict"] == "right":
            return f"error {abs(record['error']):.0e}"
        return str(record.get("reason") or record["status"]).replace("_", " ").removeprefix("false optimal: ")

    def mean(self, records: list[dict], clock: Callable[[dict], float]) -> float | None:
        charged = [min(clock(r), self.limit) if self.solved(r) else self.limit for r in records]
        return shifted_geometric_mean(charged) if charged else None

    def ours_on(self, records: list[dict]) -> list[dict]:
        """Our records on the same instances."""
        return [self.found[r["name"], OURS] for r in records if (r["name"], OURS) in self.found]


def levels(own: list[dict], limit: float) -> list[Level]:
    """By falling accuracy. Where objectives are graded, one run is looked at twice: the verdict demands that objective
    and constraints are right to 1e-4, the finer look that the objective is closer still. Of several records of one
    solver the last counts."""
    result = []
    for eps in sorted({r["eps"] for r in own}, reverse=True):
        found = {(r["name"], r["solver"]): r for r in own if r["eps"] == eps}
        if any("reference" in r for r in found.values()):
            result += [Level(a, found, _to(a), limit) for a in ACCURACIES]
        else:
            result.append(Level(eps, found, lambda r: r["verdict"] == "right", limit))
    return result


def _to(accuracy: float) -> Callable[[dict], bool]:
    def good(record: dict) -> bool:
        return record["verdict"] == "right" and abs(record["error"]) <= accuracy

    return good


def cpu(record: dict) -> float:
    """CPU seconds; of old records that have none, those on the wall."""
    return record.get("cpu_seconds") or wall(record)


def wall(record: dict) -> float:
    return record.get("seconds") or 0.0
