"""Figure 8: robust compressed sensing, by error of the signal and of its pattern."""

from __future__ import annotations

import itertools

import numpy as np

from ..problems import paper
from .cells import READINGS, VARIATIONS, generator, solved, summary
from .naive import admm, split_of

SPARSITIES = (5, 10, 20)
PENALTIES = (0.1, 1.0, 10.0, 100.0)
RHO = 10.0  # the paper's choice
MOST = 0.1  # variation at which rho is tried
TRIALS, ITERATIONS = 5, 1000
METRICS = ("relative", "pattern")
FIXED = tuple(reading for reading in READINGS if not reading.redrawn)


def run(options: dict) -> list[dict]:
    """Rows: for every sparsity OMP, the exact solution, and both mappings against variation; for one, against rho."""
    seed, rows = options["seed"], []
    trials = range(options.get("trials", TRIALS))

    def add(s, mapping, reading, variation, rho, found):
        label = {"sparsity": s, "mapping": mapping, "reading": reading, "variation": variation, "rho": rho}
        rows.append({**label, **summary(list(found), METRICS)})

    for s in options.get("sparsities", SPARSITIES):
        drawn = [_drawn(generator(seed, "sensing", s, trial), s) for trial in trials]
        add(s, "OMP", "exact", 0.0, None, [_graded(data, omp(data["H"], data["h"], s), "done") for data in drawn])
        add(s, "refined", "exact", 0.0, None, [_refined(data, "cpu", options) for data in drawn])
        for reading, variation in itertools.product(FIXED, options.get("variations", VARIATIONS)):
            backends = [reading.crossbar(variation, seed + trial) for trial in trials]
            naive = [_naive(data, RHO, reading, variation, seed + trial) for trial, data in enumerate(drawn)]
            refined = [_refined(*pair, options) for pair in zip(drawn, backends, strict=True)]
            add(s, "naive", reading.name, variation, RHO, naive)
            add(s, "refined", reading.name, variation, None, refined)
        for rho in PENALTIES:
            found = [_naive(data, rho, FIXED[0], MOST, seed + trial) for trial, data in enumerate(drawn)]
            add(s, "against rho", FIXED[0].name, MOST, rho, found)
    return rows


def _drawn(rng: np.random.Generator, s: int) -> dict:
    """One problem, with the least norm that there is, by Clarabel."""
    data = paper.sensing(rng, s)
    return {**data, "minimum": float(paper.model("sensing", data)[0].solve(solver="CLARABEL"))}


def _naive(data: dict, rho: float, reading, variation: float, seed: int) -> dict:
    cells, rng = reading.written(variation), generator(seed, "cells")
    done = admm(split_of("sensing", data), rho, cells, rng, redrawn=False, iterations=ITERATIONS)
    z = done.y[: len(data["z"])] if done.status != "diverged" else np.full_like(data["z"], np.nan)
    return {"iterations": done.iterations, **_graded(data, z, done.status)}


def _refined(data: dict, backend, options: dict) -> dict:
    z, kept = solved(*paper.model("sensing", data), backend, options)
    return {**kept, **_graded(data, z, kept["status"]), "error": _beyond(data, z)}


def _beyond(data: dict, z: np.ndarray) -> float:
    """How far z is from the minimizer on exact arithmetic, by its norm and its constraint: relative."""
    norm = float(np.abs(z).sum()) / data["minimum"] - 1.0
    return max(abs(norm), float(np.linalg.norm(data["H"] @ z - data["h"])) / data["xi"] - 1.0)


def _graded(data: dict, z: np.ndarray, status: str) -> dict:
    """relative: ||z - true|| / ||true||; pattern: share of the entries that are wrongly taken for zero or for nonzero,
    with half the smallest true magnitude as the threshold."""
    true = data["z"]
    pattern = np.mean((np.abs(z) > 0.5 * paper.LEAST) != (true != 0)) if np.all(np.isfinite(z)) else np.inf
    return {"status": status, "relative": np.linalg.norm(z - true) / np.linalg.norm(true), "pattern": float(pattern)}


def omp(H: np.ndarray, h: np.ndarray, s: int) -> np.ndarray:
    """Orthogonal matching pursuit (Pati, Rezaiifar and Krishnaprasad 1993): s times the column that correlates best
    with what is left, then least squares on the columns so far. s: how many, known."""
    chosen: list[int] = []
    rest, weights = h, np.zeros(0)
    for _ in range(s):
        correlation = np.abs(H.T @ rest) / np.linalg.norm(H, axis=0)
        correlation[chosen] = -1.0
        chosen.append(int(np.argmax(correlation)))
        weights = np.linalg.lstsq(H[:, chosen], h)[0]
        rest = h - H[:, chosen] @ weights
    z = np.zeros(H.shape[1])
    z[chosen] = weights
    return z
