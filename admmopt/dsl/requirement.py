"""How good an option has to be for a metric to stay below a limit, read off the rows of a sweep."""

from __future__ import annotations

import math
from dataclasses import dataclass
from itertools import combinations, pairwise, takewhile

import numpy as np


@dataclass(frozen=True)
class Requirement:
    """value: the weakest value of the grid that, with all stronger ones, meets the limit; None where there is none.

    between: where the limit is crossed between `value` and the next weaker one, by interpolation on logarithmic axes
    of the worst rows; None where that means nothing (integers, no crossing). weaker: "larger" or "smaller", or None
    for names and where there is no trend. monotone: whether the medians above the limit follow the trend. met: every
    value that meets the limit. Prints as one sentence.
    """

    option: str
    metric: str
    limit: float
    value: object
    between: float | None
    weaker: str | None
    monotone: bool
    met: list
    sentence: str

    def __str__(self) -> str:
        return self.sentence


def required(rows: list[dict], option: str, values: list, metric: str, limit: float) -> Requirement:
    """rows: of one sweep, every one of which counts; values: those of `option`, in any order."""
    numeric = all(isinstance(v, int | float) and not isinstance(v, bool) for v in values)
    found = {v: [_number(row[metric]) for row in rows if row[option] == v] for v in values}
    order = [v for v in (sorted(values) if numeric else values) if found[v]]
    worst = {v: max(found[v]) for v in order}
    met = [v for v in order if worst[v] <= limit]
    trend, monotone = _trend([found[v] for v in order], limit) if numeric else (0, True)
    strongest_first = order if trend > 0 else order[::-1]
    chain = list(takewhile(lambda v: worst[v] <= limit, strongest_first)) if trend else []
    value = chain[-1] if chain else None
    beyond = strongest_first[len(chain)] if chain and len(chain) < len(order) else None
    between = None if beyond is None else _crossing(value, beyond, worst, limit)
    weaker = {1: "larger", -1: "smaller", 0: None}[trend]
    sentence = _sentence(option, f"{metric} <= {limit:g}", order, met, value, between, weaker, monotone, beyond)
    return Requirement(option, metric, limit, value, between, weaker, monotone, met, sentence)


def _number(value: float | None) -> float:
    return math.inf if value is None or math.isnan(value) else value


def _trend(groups: list[list[float]], limit: float) -> tuple[int, bool]:
    """1 where the metric grows with the option, -1 where it falls, 0 where neither; and whether no step of the medians
    goes the other way. What happens below the limit does not matter unless everything does."""
    medians = [float(np.median(group)) for group in groups]
    above = [max(m, limit) for m in medians]
    trend = next(filter(None, map(_tendency, (above, [max(*group, limit) for group in groups], medians))), 0)
    return trend, all(trend * _sign(b - a) >= 0 for a, b in pairwise(above) if a != b)


def _tendency(numbers: list[float]) -> int:
    """The direction in which more pairs go (the sign of Kendall's tau)."""
    return _sign(sum(_sign(b - a) for a, b in combinations(numbers, 2) if a != b))


def _sign(number: float) -> int:
    return (number > 0) - (number < 0)


def _crossing(value, beyond, worst: dict, limit: float) -> float | None:
    """Where the line through the two worst points, on logarithmic axes, is at the limit."""
    below, above = worst[value], worst[beyond]
    integers = isinstance(value, int) and isinstance(beyond, int)
    if integers or min(value, beyond) <= 0 or not 0 < below < limit < above < math.inf:
        return None
    share = math.log(limit / below) / math.log(above / below)
    return value * (beyond / value) ** share


def _sentence(option, goal, order, met, value, between, weaker, monotone, beyond) -> str:
    if not order:
        return f"There are no rows for {option}: nothing can be said about {goal}."
    if not met:
        return f"No value of {option} that was tried ({_listed(order)}) meets {goal} in every row."
    if len(met) == len(order):
        weakest = f", the weakest of them {value}" if weaker and len(order) > 1 else ""
        return f"Every value of {option} that was tried ({_listed(order)}) meets {goal}{weakest}."
    caution = (
        "" if monotone else f" (the medians are not monotone in {option}: more repeats or a finer grid would tell)"
    )
    if value is None:
        return (
            f"There is no threshold in {option} for {goal}: of {_listed(order)}, it is met at {_listed(met)}{caution}."
        )
    side = {"larger": " or smaller", "smaller": " or larger"}.get(weaker, "")
    crossed = f", interpolated limit {between:.2g}" if between is not None else ""
    return f"{goal} needs {option} = {value}{side}; {beyond} does not meet it in every row{crossed}{caution}."


def _listed(values: list) -> str:
    return ", ".join(str(v) for v in values)
