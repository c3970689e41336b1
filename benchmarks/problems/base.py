"""A benchmark problem: raw data drawn from a seed (or read from a file), and the CVXPY model a user would write."""

from __future__ import annotations

import hashlib
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import cvxpy as cp
import numpy as np
import scipy.sparse as sp

SIZES = ("tiny", "full")


class MissingData(RuntimeError):
    """A data set is asked for and not there; the message names the folder wanted."""


@dataclass(frozen=True)
class Benchmark:
    """One named problem.

    draw(rng, folder, **sizes) gives the raw data (a dict of arrays and numbers); model(**data) states the problem in
    CVXPY. `full` and `tiny` are the keyword sizes; `differs` says where the full size is not Epsilon's.
    """

    name: str
    draw: Callable[..., dict[str, Any]]
    model: Callable[..., cp.Problem]
    full: dict[str, Any]
    tiny: dict[str, Any]
    differs: str = ""
    group: str = "nineteen"
    needs: str = ""


@dataclass
class Instance:
    """A problem that was built. data: what the references work on; fingerprint: of every number in it."""

    name: str
    problem: cp.Problem
    data: dict[str, Any]
    meta: dict[str, Any] = field(default_factory=dict)

    @property
    def fingerprint(self) -> str:
        return self.meta["fingerprint"]


REGISTRY: dict[str, Benchmark] = {}


def register(name: str, draw, model, full: dict, tiny: dict, **more) -> Benchmark:
    """Enter one problem in the registry."""
    REGISTRY[name] = Benchmark(name, draw, model, full, tiny, **more)
    return REGISTRY[name]


def build(name: str, size: str | dict = "full", seed: int = 0, folder: str | Path | None = None) -> Instance:
    """The problem `name` at `size` ("tiny", "full", or keyword sizes that replace some of the full ones).

    Raises KeyError for an unknown name, ValueError for an unknown size, MissingData where a data set is not there.
    """
    if name not in REGISTRY:
        raise KeyError(f"no benchmark problem {name!r}; there are: {', '.join(sorted(REGISTRY))}.")
    benchmark = REGISTRY[name]
    if isinstance(size, dict):
        sizes = {**benchmark.full, **size}
    elif size in SIZES:
        sizes = getattr(benchmark, size)
    else:
        raise ValueError(f"size must be one of {', '.join(SIZES)} or a dict of sizes, got {size!r}.")
    rng = np.random.default_rng(np.random.SeedSequence([seed, *name.encode()]))
    data = benchmark.draw(rng, None if folder is None else Path(folder), **sizes)
    meta = {"size": size if isinstance(size, str) else "custom", "sizes": sizes, "seed": seed, "group": benchmark.group}
    meta["fingerprint"] = fingerprint(data)
    return Instance(name, benchmark.model(**data), data, meta)


def fingerprint(data: dict[str, Any]) -> str:
    """Twelve hex digits that change when any number changes by more than about 1e-9 of itself.

    Rounding keeps it the same on another machine whose BLAS sums in another order.
    """
    digest = hashlib.sha256()
    for key in sorted(data):
        value = data[key]
        digest.update(key.encode())
        if sp.issparse(value):
            coordinates = value.tocoo()
            parts = [coordinates.row, coordinates.col, coordinates.data]
            order = np.lexsort((coordinates.row, coordinates.col))
            parts = [part[order] for part in parts]
        else:
            parts = [np.asarray(value)]
        for part in parts:
            digest.update(str(part.shape).encode())
            digest.update(_rounded(np.asarray(part, dtype=np.float64)).tobytes())
    return digest.hexdigest()[:12]


def _rounded(a: np.ndarray) -> np.ndarray:
    """Six significant digits of float32, as a digest's food: only sums over chunks, so that one ulp cannot flip it."""
    flat = a.ravel()
    chunks = np.array([flat.sum(), np.abs(flat).sum(), flat @ np.cos(np.arange(flat.size))])
    return np.array([f"{v:.6e}" if abs(v) > 1e-9 else "0" for v in chunks], dtype="S16")
