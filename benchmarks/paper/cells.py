"""What is meant by a "hardware variation of x %", in the four readings that the paper leaves open, and how it is met.

The definition (p. 36) could not be read. Here an entry a becomes a (1 + e), e uniform in +-x % or Gaussian with
standard deviation x %; errors come about when the array is written, and stay, or they are others at every solve.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np

from admmopt.backend_api import BackendError

VARIATIONS = (0.01, 0.03, 0.1)
TOLERANCE = 1e-4  # relative error up to which an answer is right
TRIALS = {100: 7, 600: 2, 1000: 1}
SHARE = 30.0  # of the time for an experiment, the part that one solve may take: this one in so many
ARRAY = 2048  # rows of the largest array that the paper names


@dataclass(frozen=True)
class Reading:
    """law: "uniform" or "gaussian"; redrawn: at every solve, else fixed when the array is written."""

    law: str
    redrawn: bool

    @property
    def name(self) -> str:
        return f"{'redrawn' if self.redrawn else 'fixed'}, {self.law}"

    def written(self, variation: float):
        """The device whose cells are off by `variation` once they are written."""
        from admmopt_crossbar import Generic

        return Generic(g_min=0.0, sigma=variation, law=self.law, scaling="proportional")

    def crossbar(self, variation: float, seed: int, slices: int | str = "auto"):
        """The crossbar backend with such cells, and nothing else that is not ideal. slices: 1 for one pair of arrays,
        as the paper has it, else the backend's choice. Errors that are others at every solve are read noise, which is
        Gaussian: uniform ones count by their standard deviation, x % / sqrt(3)."""
        from admmopt_crossbar import Circuit, Crossbar, Generic

        device = self.written(variation)
        if self.redrawn:
            read = variation / (math.sqrt(3.0) if self.law == "uniform" else 1.0)
            device = Generic(g_min=0.0, sigma=0.0, scaling="proportional", read=read)
        ideal = Circuit(gain=1e12, trim_bits=None)
        converters = {"dac_bits": None, "adc_bits": None}
        return Crossbar(device=device, circuit=ideal, tile=ARRAY, slices=slices, seed=seed, **converters)


READINGS = tuple(Reading(law, redrawn) for redrawn in (False, True) for law in ("uniform", "gaussian"))


def generator(seed: int, *name) -> np.random.Generator:
    """Random numbers that belong to a name: the same for every run, others for every name."""
    words = [word.encode() if isinstance(word, str) else [word] for word in name]
    return np.random.default_rng(np.random.SeedSequence([seed, *(number for word in words for number in word)]))


def solved(problem, variable, backend, options: dict) -> tuple[np.ndarray, dict]:
    """`ao.solve` on a backend: the point, and what is to be recorded of the run. A backend that refuses leaves NaN."""
    import admmopt as ao

    try:
        solution = ao.solve(problem, backend=backend, eps=options["eps"], time_limit=options["time_limit"] / SHARE)
    except BackendError as refusal:
        return np.full(variable.shape, np.nan), {"status": "refused", "reason": str(refusal)}
    report = solution.backend_report or {}
    kept = {"status": str(solution.status), "iterations": solution.iterations, "slices": report.get("slices")}
    point = np.full(variable.shape, np.nan) if variable.value is None else variable.value
    return point, {**kept, "steps": report.get("steps"), "form": report.get("form")}


def summary(trials: list[dict], metrics: tuple[str, ...]) -> dict:
    """Median and worst of each metric over the trials (infinite where a trial diverged), and how the trials ended.

    A trial may have an "error", by which it is graded: `right` counts those within TOLERANCE, `wrong` those that called
    themselves optimal and are not.
    """
    row: dict = {"trials": len(trials)}
    graded = [(trial["status"] == "optimal", bool(trial["error"] <= TOLERANCE)) for trial in trials if "error" in trial]
    row["right"], row["wrong"] = sum(good for _, good in graded), sum(says and not good for says, good in graded)
    for metric in (*metrics, *(["error"] if graded else [])):
        values = [trial[metric] if np.isfinite(trial[metric]) else math.inf for trial in trials]
        row[metric], row[f"{metric}_worst"] = float(np.median(values)), max(values)
    statuses = [trial["status"] for trial in trials]
    row["statuses"] = {status: statuses.count(status) for status in dict.fromkeys(statuses)}
    for number in ("iterations", "slices", "steps"):
        known = [trial[number] for trial in trials if trial.get(number) is not None]
        row[number] = int(np.median(known)) if known else None
    reasons = [trial["reason"] for trial in trials if trial.get("reason")]
    return {**row, **({"reason": reasons[0]} if reasons else {})}
