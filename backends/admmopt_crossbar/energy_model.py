"""A price list for the counts of a `Ledger`, and the bill that it makes. A price list is data: it travels as JSON."""

from __future__ import annotations

import math
import operator
from collections.abc import Iterable
from dataclasses import asdict, dataclass, fields
from itertools import pairwise

from .ledger import Ledger, Tally

__all__ = ["PARTS", "Bill", "BitFormula", "BitTable", "EnergyModel"]

PARTS = ("array", "dac", "adc", "amplifiers", "digital", "writing")


@dataclass(frozen=True)
class BitTable:
    """A quantity known at some numbers of bits: ((bits, amount), ...). Straight lines in between, nothing outside."""

    table: tuple[tuple[int, float], ...]

    def __post_init__(self):
        pairs = tuple((_whole(bits), float(amount)) for bits, amount in self.table)
        bits = [b for b, _ in pairs]
        if not pairs or bits != sorted(set(bits)):
            raise ValueError(f"a table of bits needs at least one row, and bits that increase, got {bits}.")
        for b, amount in pairs:
            _amount(f"the amount at {b} bits", amount)
        object.__setattr__(self, "table", pairs)

    @property
    def reach(self) -> tuple[int, int]:
        return self.table[0][0], self.table[-1][0]

    def at(self, bits: int) -> float:
        for (low, first), (high, last) in pairwise(self.table):
            if low <= bits <= high:
                return first + (last - first) * (bits - low) / (high - low)
        return self.table[0][1]  # a table of one row


@dataclass(frozen=True)
class BitFormula:
    """c0 + c1 b + c2 b^2 + ... + growth base^b for b bits from lowest to highest, nothing outside."""

    coefficients: tuple[float, ...]
    growth: float = 0.0
    base: float = 2.0
    lowest: int = 1
    highest: int = 16

    def __post_init__(self):
        object.__setattr__(self, "coefficients", tuple(float(c) for c in self.coefficients))
        if not 1 <= _whole(self.lowest) <= _whole(self.highest):
            raise ValueError(f"a formula of bits must hold from 1 bit or more, got {self.lowest} to {self.highest}.")
        for bits in range(self.lowest, self.highest + 1):
            _amount(f"the formula at {bits} bits", self.at(bits))

    @property
    def reach(self) -> tuple[int, int]:
        return self.lowest, self.highest

    def at(self, bits: int) -> float:
        return sum(c * bits**k for k, c in enumerate(self.coefficients)) + self.growth * self.base**bits


BitLaw = BitTable | BitFormula


def _law(given) -> BitLaw:
    """A law from itself, its dictionary, one number (the same at any bits) or pairs (bits, amount)."""
    if isinstance(given, BitTable | BitFormula):
        return given
    if isinstance(given, dict):
        return BitTable(**given) if "table" in given else BitFormula(**given)
    return BitTable(tuple(given)) if isinstance(given, Iterable) else BitFormula((given,))


def _whole(bits) -> int:
    try:
        return operator.index(bits)
    except TypeError:
        raise ValueError(f"bits of a converter must be a whole number, got {bits!r}.") from None


def _amount(what: str, amount: float, least: float = 0.0) -> None:
    if not least <= amount < math.inf:  # false for NaN too
        raise ValueError(f"{what} must be finite and at least {least:g}, got {amount}.")


@dataclass(frozen=True)
class Bill:
    """What a ledger costs under one model: joules and seconds, by phase and in each phase by part (`PARTS`).

    Latencies are those of steps one after the other; nothing is overlapped. Amplifiers are on while arrays conduct, so
    they take energy and no time of their own.
    """

    model: str
    dac_bits: int
    adc_bits: int
    joules: dict[str, dict[str, float]]
    seconds: dict[str, dict[str, float]]

    @property
    def total_joules(self) -> float:
        return _total(self.joules)

    @property
    def total_seconds(self) -> float:
        return _total(self.seconds)

    def joules_by_part(self) -> dict[str, float]:
        return {part: math.fsum(phase[part] for phase in self.joules.values()) for part in PARTS}

    def seconds_by_part(self) -> dict[str, float]:
        return {part: math.fsum(phase[part] for phase in self.seconds.values()) for part in PARTS}

    def joules_by_phase(self) -> dict[str, float]:
        return {phase: math.fsum(parts.values()) for phase, parts in self.joules.items()}

    def seconds_by_phase(self) -> dict[str, float]:
        return {phase: math.fsum(parts.values()) for phase, parts in self.seconds.items()}

    def to_dict(self) -> dict:
        return asdict(self)


def _total(table: dict[str, dict[str, float]]) -> float:
    return math.fsum(amount for parts in table.values() for amount in parts.values())


@dataclass(frozen=True)
class EnergyModel:
    """Energies (J) and times (s) of the elements of a system.

    The four laws of bits are per conversion. Each may be given as a `BitTable` or `BitFormula`, as pairs
    (bits, amount), or as one number. mac_joules: a digital multiply-add; flop_joules: any other digital operation;
    digital_hz: digital operations of either kind in a second; memory traffic is in none of them. amp_watts: one
    amplifier of a feedback circuit while it is on. read_seconds: the shortest time for which arrays conduct in one
    round; shorter rounds are stretched to it, on the average over a phase, with the energy of arrays and amplifiers.

    Raises ValueError for an amount that is negative, infinite or not a number.
    """

    name: str
    source: str
    adc_joules: BitLaw
    dac_joules: BitLaw
    adc_seconds: BitLaw
    dac_seconds: BitLaw
    mac_joules: float
    flop_joules: float
    digital_hz: float
    amp_watts: float
    read_seconds: float = 0.0

    def __post_init__(self):
        try:
            for law in ("adc_joules", "dac_joules", "adc_seconds", "dac_seconds"):
                object.__setattr__(self, law, _law(getattr(self, law)))
            for amount in ("mac_joules", "flop_joules", "amp_watts", "read_seconds"):
                _amount(amount, getattr(self, amount))
            _amount("digital_hz", self.digital_hz, least=1.0)
        except (TypeError, ValueError) as error:
            raise ValueError(f"energy model {self.name!r}: {error}") from error

    def price(self, ledger: Ledger, dac_bits: int, adc_bits: int) -> Bill:
        """The bill of a ledger whose conversions had dac_bits and adc_bits.

        E = array + n_dac E_dac + n_adc E_adc + P_amp (amplifier seconds) + n_mac E_mac + n_flop E_flop + writing.
        Raises ValueError if the model has no law for so many bits or an entry of the ledger makes no sense.
        """
        rates = (
            (self._at("dac_joules", dac_bits), self._at("adc_joules", adc_bits)),
            (self._at("dac_seconds", dac_bits), self._at("adc_seconds", adc_bits)),
        )
        joules: dict[str, dict[str, float]] = {}
        seconds: dict[str, dict[str, float]] = {}
        for phase, tally in ledger.phases.items():
            tally.check(f"phase {phase!r} of the ledger")
            joules[phase], seconds[phase] = self._parts(tally, *rates)
        return Bill(self.name, int(dac_bits), int(adc_bits), joules, seconds)

    def digital_joules(self, tally: Tally) -> float:
        """Energy of the digital operations in a tally, J."""
        return float(tally.macs * self.mac_joules + tally.flops * self.flop_joules)

    def _parts(self, tally: Tally, joules: tuple[float, float], seconds: tuple[float, float]):
        conducting = max(tally.analog_seconds, tally.rounds * self.read_seconds)
        stretch = conducting / tally.analog_seconds if tally.analog_seconds > 0 else 1.0
        energy = {
            "array": tally.array_joules * stretch,
            "dac": tally.dac * joules[0],
            "adc": tally.adc * joules[1],
            "amplifiers": tally.amp_seconds * stretch * self.amp_watts,
            "digital": self.digital_joules(tally),
            "writing": tally.write_joules,
        }
        time = {
            "array": conducting,
            "dac": tally.rounds * seconds[0],  # every row has its own
            "adc": tally.conversions_in_turn * seconds[1],
            "amplifiers": 0.0,
            "digital": (tally.macs + tally.flops) / self.digital_hz,
            "writing": tally.write_seconds,
        }
        return {k: float(v) for k, v in energy.items()}, {k: float(v) for k, v in time.items()}

    def _at(self, quantity: str, bits: int) -> float:
        law = getattr(self, quantity)
        low, high = law.reach
        if not low <= _whole(bits) <= high:
            raise ValueError(
                f"energy model {self.name!r}: {quantity} is known for {low} to {high} bits, not for {bits}."
            )
        return law.at(_whole(bits))

    def to_dict(self) -> dict:
        return asdict(self)

    @classmethod
    def from_dict(cls, data: dict) -> EnergyModel:
        unknown = set(data) - {field.name for field in fields(cls)}
        if unknown:
            raise ValueError(f"an energy model has no entry {sorted(unknown)[0]!r}.")
        return cls(**data)
