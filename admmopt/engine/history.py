"""The record of a solve: one row each time the residuals were checked."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import astuple, dataclass, fields


@dataclass(frozen=True)
class Check:
    """One row: iteration count, objective, relative residuals, penalty, seconds since the start, what happened."""

    iteration: int
    objective: float
    primal: float
    dual: float
    gap: float
    penalty: float
    seconds: float
    event: str = ""


class History:
    """A table of checks. Columns by name, ``history["primal"]``; rows by index or iteration."""

    def __init__(self):
        self.rows: list[Check] = []

    columns = tuple(f.name for f in fields(Check))

    def add(self, check: Check) -> None:
        self.rows.append(check)

    def __len__(self) -> int:
        return len(self.rows)

    def __iter__(self) -> Iterator[Check]:
        return iter(self.rows)

    def __getitem__(self, item):
        if isinstance(item, str):
            if item not in self.columns:
                raise KeyError(f"no column {item!r} in the history; columns: {', '.join(self.columns)}.")
            return [getattr(row, item) for row in self.rows]
        return self.rows[item]

    def __repr__(self) -> str:
        """The table as text, at most 20 of its rows."""
        step = max(1, -(-len(self.rows) // 20))
        shown = self.rows[::step] + ([] if not self.rows or (len(self.rows) - 1) % step == 0 else self.rows[-1:])
        lines = [
            f"{'iteration':>9} {'objective':>14} {'primal':>8} {'dual':>8} {'gap':>8} {'penalty':>8} {'seconds':>8}"
        ]
        for row in shown:
            residuals = f"{row.primal:8.1e} {row.dual:8.1e} {row.gap:8.1e} {row.penalty:8.1e}"
            lines.append(
                f"{row.iteration:9d} {row.objective:14.7g} {residuals} {row.seconds:8.3f} {row.event}".rstrip()
            )
        return "\n".join(lines)

    def to_dict(self) -> dict[str, list]:
        """Columns as plain lists: `pandas.DataFrame(history.to_dict())`, or JSON."""
        return {name: self[name] for name in self.columns}

    def to_rows(self) -> list[tuple]:
        return [astuple(row) for row in self.rows]
