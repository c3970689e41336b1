"""Which effect acts in which mode: not declared but measured, by switching each on alone and comparing with none."""

from __future__ import annotations

import dataclasses

import numpy as np

from admmopt.backend_api import BackendError, System
from admmopt.operators import Dense, Identity, Stack

from .backend import Circuit, Crossbar
from .device import Generic
from .faults import Stuck
from .presets import preset

IDEAL = Circuit(gain=1e15, trim_bits=None)
QUIET = Generic("ideal cells", sigma=0.0)
DRIFTING = preset("pcm")
ORDER = 12  # of the system that is tried; tiles of this size hold it, those of half the size need a partition

EFFECTS: dict[str, dict] = {
    "programming error": {"device": Generic(sigma=0.02)},
    "levels": {"device": Generic(sigma=0.0, levels=8)},
    "stuck cells": {"stuck": Stuck(0.05, 0.05)},
    "read noise": {"device": Generic(sigma=0.0, read=0.01)},
    "drift (beside a fresh array)": {"device": DRIFTING, "age": 1e6},
    "wire resistance": {"r_wire": 20.0},
    "slices": {"device": Generic(sigma=0.02), "slices": 2},
    "DAC bits": {"dac_bits": 4},
    "ADC bits": {"adc_bits": 4},
    "ADC range": {"adc_bits": 6, "adc_range": "fixed"},
    "offset mapping": {"device": Generic(sigma=0.02), "mapping": "offset"},
    "compensation mapping": {"device": Generic(sigma=0.02), "mapping": "compensation", "tile": 4 * ORDER},
    "diagonal on the array": {"device": Generic(sigma=0.02), "diagonal": "array"},
    "amplifier gain": {"circuit": dataclasses.replace(IDEAL, gain=1e3)},
    "amplifier bandwidth": {"circuit": dataclasses.replace(IDEAL, bandwidth=1e6)},
    "output clipping": {"circuit": dataclasses.replace(IDEAL, v_dd=0.05)},
    "read pulse": {"circuit": dataclasses.replace(IDEAL, read_seconds=1e-6)},
    "trimming of the diagonal": {"circuit": dataclasses.replace(IDEAL, trim_bits=4)},
    "bank size": {"bank": 1},
}
MODES = {
    "feedback circuit": {"mode": "inv", "tile": ORDER},
    "partitioned circuits": {"mode": "inv", "tile": ORDER // 2},
    "products in a Krylov method": {"mode": "mvm", "tile": ORDER},
    "placed operator": {"mode": "mvm", "tile": ORDER},
}


def support() -> dict[str, dict[str, str]]:
    """What each effect changes in each mode: "result", "cost" (time or energy), "refused" (a BackendError), or ""."""
    return {effect: {mode: _change(effect, mode) for mode in MODES} for effect in EFFECTS}


def markdown() -> str:
    """The table of `support` for the documentation."""
    header = ["effect", *MODES]
    rows = [[effect, *changes.values()] for effect, changes in support().items()]
    return "\n".join("| " + " | ".join(row) + " |" for row in [header, ["---"] * len(header), *rows])


def _change(effect: str, mode: str) -> str:
    options = EFFECTS[effect]
    # what an effect is held against: a fresh array for drift; for what has no effect on ideal cells, the same cells
    before = {"device": options["device"]} if "device" in options and len(options) > 1 else {}
    try:
        (x, cost), (ideal, least) = _tried(mode, options), _tried(mode, before)
    except BackendError:
        return "refused"
    if np.abs(x - ideal).max() > 1e-9 * np.abs(ideal).max():
        return "result"
    return "cost" if cost != least else ""


def _tried(mode: str, options: dict):
    """The answer for one vector, and what it took."""
    plain = {"device": QUIET, "dac_bits": None, "adc_bits": None, "circuit": IDEAL, "slices": 1, "refine": False}
    design = Crossbar(**{**plain, "form": "reduced", **MODES[mode], **options})
    rng = np.random.default_rng(0)
    F = Dense(rng.standard_normal((3 * ORDER, ORDER)) / np.sqrt(3 * ORDER))
    vector = rng.standard_normal(ORDER)
    if mode == "placed operator":
        placed = design.place(F)
        return placed.matvec(vector), placed.report()["counts"]
    A = Stack([Identity(ORDER)], ORDER)
    solver = design.prepare(System(None, F, np.ones(3 * ORDER), A, np.full(ORDER, 1e-3), np.ones(ORDER)))
    solver.update(rho=rng.uniform(0.5, 2.0, ORDER))  # the diagonal that the arrays were written for is all ones
    x = solver.solve(vector, np.zeros(ORDER)).x
    return x, solver.report()["counts"]
