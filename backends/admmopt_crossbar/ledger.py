"""What happened on the hardware, in counts; `energy` prices them afterwards, with as many price lists as wanted."""

from __future__ import annotations

import math
from collections.abc import Iterator
from dataclasses import dataclass, fields

__all__ = ["Ledger", "Tally"]


@dataclass
class Tally:
    """Counts of one phase. Everything adds up: `+` and `+=` merge two tallies.

    Joules are here only where they depend on the state of the cells (arrays that conduct, pulses that write), which no
    price list can know; everything else is a count. Times are those of steps one after the other.
    """

    products: int = 0  # analog matrix-vector products, each of the whole bank of arrays
    inversions: int = 0  # analog solves by feedback circuits
    dac: int = 0  # digital-to-analog conversions
    adc: int = 0  # analog-to-digital conversions
    rounds: int = 0  # analog steps one after the other; each sets its inputs, conducts, then converts
    analog_seconds: float = 0.0  # time in which arrays conduct
    array_joules: float = 0.0  # sum of G V^2 t over the cells
    amp_seconds: float = 0.0  # number of amplifiers times the seconds that they are on
    conversions_in_turn: int = 0  # ADC conversions one after the other, where columns share converters
    macs: int = 0  # digital multiply-adds
    flops: int = 0  # other digital additions, comparisons, divisions
    pulses: int = 0  # write pulses
    write_joules: float = 0.0
    write_seconds: float = 0.0

    def __iadd__(self, other: Tally) -> Tally:
        for field in fields(self):
            setattr(self, field.name, getattr(self, field.name) + getattr(other, field.name))
        return self

    def __add__(self, other: Tally) -> Tally:
        total = Tally()
        total += self
        total += other
        return total

    def check(self, where: str) -> None:
        """Raises ValueError, naming the phase and the entry, if a count is negative, infinite or not a number."""
        for field in fields(self):
            amount = getattr(self, field.name)
            if not 0 <= amount < math.inf:  # false for NaN too
                raise ValueError(f"{where}: {field.name} must be finite and not negative, got {amount}.")

    def to_dict(self) -> dict[str, float]:
        """Plain numbers, ready for JSON (numpy's are converted)."""
        kinds = {"int": int, "float": float}
        return {field.name: kinds[str(field.type)](getattr(self, field.name)) for field in fields(self)}

    @classmethod
    def from_dict(cls, data: dict[str, float]) -> Tally:
        unknown = set(data) - {field.name for field in fields(cls)}
        if unknown:
            raise ValueError(f"a tally has no entry {sorted(unknown)[0]!r}.")
        return cls(**data)  # type: ignore[arg-type]


class Ledger:
    """A tally for each phase ("programming", "certificate", "solve", ...), in the order in which they were named."""

    def __init__(self) -> None:
        self.phases: dict[str, Tally] = {}

    def __getitem__(self, phase: str) -> Tally:
        """The tally of a phase, opened when it is first asked for."""
        return self.phases.setdefault(phase, Tally())

    def __setitem__(self, phase: str, tally: Tally) -> None:  # what `ledger[phase] += tally` ends with
        self.phases[phase] = tally

    def __contains__(self, phase: str) -> bool:
        return phase in self.phases

    def __iter__(self) -> Iterator[str]:
        return iter(self.phases)

    def total(self) -> Tally:
        return sum(self.phases.values(), Tally())

    def to_dict(self) -> dict[str, dict[str, float]]:
        return {phase: tally.to_dict() for phase, tally in self.phases.items()}

    @classmethod
    def from_dict(cls, data: dict[str, dict[str, float]]) -> Ledger:
        ledger = cls()
        for phase, tally in data.items():
            ledger[phase] = Tally.from_dict(tally)
        return ledger
