"""Figure 6: error against hardware variation, for linear and second-order cone programs."""

from __future__ import annotations

import itertools

import numpy as np

from ..problems import paper
from .cells import READINGS, TRIALS, VARIATIONS, generator, solved, summary
from .naive import admm, split_of

RHO = 1.0
ITERATIONS = {False: 2000, True: 300}  # by whether errors are drawn anew: each draw costs a factorization
METRICS = ("objective", "x", "violation")
DRAWS = {
    "lp": paper.lp,
    "signed-lp": lambda rng, n: paper.lp(rng, n, signed=True),
    "socp": paper.socp,
}


def run(kind: str, n: int, options: dict) -> list[dict]:
    """Rows: one for each mapping, reading and variation. kind: "lp", "signed-lp" or "socp"."""
    seed, rows = options["seed"], []
    trials = range(options.get("trials", TRIALS.get(n, 1)))
    problems = [DRAWS[kind](generator(seed, kind, n, trial), n) for trial in trials]
    cone = kind.removeprefix("signed-")

    def add(mapping, reading, variation, found):
        label = {"mapping": mapping, "reading": reading, "variation": variation}
        rows.append({**label, **summary(list(found), METRICS)})

    add("naive", "exact", 0.0, (_naive(cone, data, None, 0.0, 0) for data in problems))
    add("refined", "exact", 0.0, (_refined(cone, data, "cpu", options) for data in problems))
    for reading, variation in itertools.product(READINGS, options.get("variations", VARIATIONS)):
        backends = [reading.crossbar(variation, seed + trial) for trial in trials]
        naive = [_naive(cone, data, reading, variation, seed + trial) for trial, data in enumerate(problems)]
        refined = [_refined(cone, *pair, options) for pair in zip(problems, backends, strict=True)]
        add("naive", reading.name, variation, naive)
        add("refined", reading.name, variation, refined)
    add("refined", options["backend"], None, (_refined(cone, data, options["backend"], options) for data in problems))
    return rows


def _naive(cone: str, data: dict, reading, variation: float, seed: int) -> dict:
    redrawn = reading is not None and reading.redrawn
    cells = None if reading is None else reading.written(variation)
    rng = generator(seed, "cells")
    done = admm(split_of(cone, data), RHO, cells, rng, redrawn=redrawn, iterations=ITERATIONS[redrawn])
    point = done.y if done.status != "diverged" else np.full_like(done.y, np.nan)
    return {"status": done.status, "iterations": done.iterations, **errors(cone, data, point)}


def _refined(cone: str, data: dict, backend, options: dict) -> dict:
    point, kept = solved(*paper.model(cone, data), backend, options)
    found = errors(cone, data, point)
    return {**kept, **found, "error": max(found["objective"], found["violation"])}


def errors(cone: str, data: dict, x: np.ndarray) -> dict:
    """Relative: of the objective, of x (Euclidean), and the larger of ||Gx - h|| / ||h|| and what sticks out of the
    cone over ||x||."""
    outside = np.linalg.norm(np.minimum(x, 0.0)) if cone == "lp" else max(np.linalg.norm(x[:-1]) - x[-1], 0.0)
    size = np.linalg.norm(data["x"])
    return {
        "objective": abs(data["d"] @ x - data["value"]) / abs(data["value"]),
        "x": np.linalg.norm(x - data["x"]) / size,
        "violation": max(np.linalg.norm(data["G"] @ x - data["h"]) / np.linalg.norm(data["h"]), outside / size),
    }
