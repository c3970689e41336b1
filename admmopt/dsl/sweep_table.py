"""What a sweep returns: its rows, and what one asks of them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np

from .requirement import Requirement, required

MEASURED = (
    "value", "suboptimality", "violation", "iterations", "seconds", "residual", "energy", "latency",
)  # fmt: skip


def label(value) -> str | int | float | bool:
    """What stands for an option's value in a table: numbers and strings as they are, else its `name`, else str()."""
    if isinstance(value, np.generic):
        value = value.item()
    if isinstance(value, str | int | float):
        return value
    name = getattr(value, "name", None)
    return name if isinstance(name, str) else str(value)


@dataclass
class SweepTable:
    """rows: one plain dict for each point and repeat, see `ao.sweep`; options: the values of each option, as shown, in
    the grid's order; reference: the optimal value; eps: that of the solves; note: why rows are missing."""

    rows: list[dict]
    options: dict[str, list]
    reference: float
    eps: float
    note: str = ""

    def to_dict(self) -> dict[str, list]:
        """The columns, as pandas.DataFrame takes them."""
        names = [*self.options, "seed", "status", *MEASURED, "message"]
        return {name: [row[name] for row in self.rows] for name in names}

    def where(self, **fixed) -> SweepTable:
        """The part of the table in which options have the given values: ``table.where(bits=8)``.

        Raises ValueError for an option or a value that was not swept."""
        shown = {name: label(value) for name, value in fixed.items()}
        for name, value in shown.items():
            if value not in self._swept(name):
                known = ", ".join(map(str, self.options[name]))
                raise ValueError(f"{name} = {value} was not swept; its values are {known}.")
        rows = [row for row in self.rows if all(row[name] == value for name, value in shown.items())]
        return replace(self, rows=rows, options={**self.options, **{name: [value] for name, value in shown.items()}})

    def required(self, option: str, metric: str, limit: float) -> Requirement:
        """How good an option has to be for `metric` to stay at or below `limit`: "what sigma do I need for 1e-3?".

        The weakest value of the grid at which, and at all stronger ones, every row (every repeat, every value of the
        other options: narrow them down with `where`) meets the limit. Which end is the weaker one follows from the
        medians. Print the answer, or read its fields. Raises ValueError for an unknown option or metric.
        """
        self._measured(metric)
        return required(self.rows, option, self._swept(option), metric, limit)

    def plot(
        self, option: str, by: str | None = None, metrics: Sequence[str] | None = None, path: str | Path | None = None
    ):
        """One panel for each metric against an option, one line for each value of `by`: the median over the repeats,
        and a band from the best to the worst.

        metrics: names of columns; by default suboptimality, violation, and energy and latency where they are known.
        path: where to save the picture. Raises ValueError for unknown names, and while a third option still varies.
        """
        from ..report import sweep_plot  # matplotlib: not before something is drawn

        lines = [None] if by is None else self._swept(by)
        values = self._swept(option)
        if not self.rows:
            raise ValueError("there is nothing to plot: the table has no rows.")
        if option == by:
            raise ValueError(f"{option} is on the axis: give another option as by.")
        varying = [name for name, swept in self.options.items() if len(swept) > 1 and name not in (option, by)]
        if varying:
            raise ValueError(f"{varying[0]} varies too: narrow it down, as in table.where({varying[0]}=...).plot(...).")
        if metrics is None:
            known = [name for name in ("energy", "latency") if any(row[name] is not None for row in self.rows)]
            metrics = ["suboptimality", "violation", *known]
        for metric in metrics:
            self._measured(metric)
        return sweep_plot.plot(self.rows, (option, values), (by, lines), metrics, eps=self.eps, path=path)

    def __str__(self) -> str:
        from ..report import sweep_plot

        return sweep_plot.text(self.rows, list(self.options), self.reference, self.eps, self.note)

    def _swept(self, option: str) -> list:
        if option not in self.options:
            raise ValueError(f"{option!r} is not an option of this sweep; it has {', '.join(self.options)}.")
        return self.options[option]

    @staticmethod
    def _measured(metric: str) -> None:
        if metric not in MEASURED:
            raise ValueError(f"{metric!r} is not measured by a sweep; it has {', '.join(MEASURED)}.")
