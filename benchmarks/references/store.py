"""references.json: for every full-size problem, a value that no engine of ours had a part in, and how it came about."""

from __future__ import annotations

import json
import platform
import time
from importlib.metadata import version
from pathlib import Path

import cvxpy as cp

from ..evaluate import evaluate
from ..problems import Instance, build
from .solvers import SOLVERS

PATH = Path(__file__).resolve().parent.parent / "references.json"


def load(path: Path = PATH) -> dict[str, dict]:
    """All stored references by problem name."""
    return json.loads(path.read_text()) if path.exists() else {}


def lookup(instance: Instance, path: Path = PATH) -> dict | None:
    """The reference of this instance, or None where none was made for exactly these numbers."""
    entry = load(path).get(instance.name)
    return entry if entry and entry["fingerprint"] == instance.fingerprint else None


def compute(name: str, size: str = "full", seed: int = 0, folder=None) -> dict:
    """Solve by the specialised solver; the value is CVXPY's own evaluation of the model at the point it found.

    `bound` proves how good the value is: the optimal value lies between them.
    """
    instance = build(name, size, seed, folder)
    start = time.perf_counter()
    certified = SOLVERS[name](**instance.data)
    seconds = time.perf_counter() - start
    evaluation = evaluate(instance.problem, certified.point)
    sign = -1.0 if isinstance(instance.problem.objective, cp.Maximize) else 1.0
    gap = max(sign * evaluation.objective - certified.bound, 0.0) / max(1e-12, abs(evaluation.objective))
    return {
        "value": evaluation.objective,
        "bound": sign * certified.bound,
        "relative_gap": gap,
        "violation": evaluation.violation,
        "solver": certified.how,
        "iterations": certified.iterations,
        "seconds": round(seconds, 2),
        "versions": {package: version(package) for package in ("numpy", "scipy", "cvxpy")},
        "python": platform.python_version(),
        "sizes": instance.meta["sizes"],
        "seed": seed,
        "fingerprint": instance.fingerprint,
        "command": f"python -m benchmarks references --only {name} --seed {seed} --data DIR",
    }


def save(name: str, entry: dict, path: Path = PATH) -> None:
    """Enter one reference; the file stays sorted by name."""
    entries = load(path)
    entries[name] = entry
    path.write_text(json.dumps(dict(sorted(entries.items())), indent=1) + "\n")
