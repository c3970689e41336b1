"""Records of runs: one JSON object a line, so that a run that was cut off goes on where it stopped."""

from __future__ import annotations

import json
import platform
import subprocess
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path

import numpy as np

PATH = Path(__file__).resolve().parent / "records.jsonl"
PACKAGES = ("cvxpy", "numpy", "scipy", "qdldl", "highspy")


def read(path: Path = PATH) -> list[dict]:
    """All records, oldest first; of two with the same key the later one counts."""
    if not path.exists():
        return []
    latest = {}
    for line in path.read_text().splitlines():
        if line.strip():
            record = json.loads(line)
            latest.pop(key(record), None)
            latest[key(record)] = record
    return list(latest.values())


def key(record: dict) -> tuple:
    """What makes a record the same run: suite, instance, tolerance, backend, solver."""
    return tuple(record.get(part) for part in ("suite", "name", "eps", "backend", "solver"))


def append(record: dict, path: Path = PATH) -> None:
    """Add one record; infinite and undefined numbers become null, as JSON has none."""
    path.parent.mkdir(parents=True, exist_ok=True)
    with path.open("a") as stream:
        stream.write(json.dumps(plain(record), allow_nan=False) + "\n")


def plain(value):
    """The same with Python's own numbers, lists and dicts only."""
    if isinstance(value, dict):
        return {str(name): plain(item) for name, item in value.items()}
    if isinstance(value, (list, tuple)):
        return [plain(item) for item in value]
    if isinstance(value, np.ndarray):
        return plain(value.tolist())
    if isinstance(value, (bool, np.bool_)):
        return bool(value)
    if isinstance(value, (int, np.integer)):
        return int(value)
    if isinstance(value, (float, np.floating)):
        return float(value) if np.isfinite(value) else None
    return value if value is None else str(value)


def machine() -> dict:
    """Processor, Python, system, commit and versions: what a figure is worth nothing without."""
    return {
        "cpu": _cpu(),
        "python": platform.python_version(),
        "system": platform.system(),
        "revision": _revision(),
        "versions": {package: version_of(package) for package in PACKAGES},
    }


def _revision() -> str:
    """The commit that ran, with a plus where the working tree differed from it; empty outside a clone."""
    git = ["git", "-C", str(Path(__file__).resolve().parent)]
    try:
        commit = subprocess.run([*git, "rev-parse", "--short", "HEAD"], capture_output=True, text=True, check=True)
        changed = subprocess.run([*git, "diff", "--quiet", "HEAD", "--", ":/admmopt", ":/backends"], check=False)
    except (OSError, subprocess.CalledProcessError):
        return ""
    return commit.stdout.strip() + ("+" if changed.returncode else "")


def version_of(package: str) -> str:
    """The installed version, or "absent"."""
    try:
        return version(package)
    except PackageNotFoundError:
        return "absent"


def _cpu() -> str:
    information = Path("/proc/cpuinfo")
    if information.exists():
        for line in information.read_text().splitlines():
            if line.startswith("model name"):
                return line.split(":", 1)[1].strip()
    return platform.processor() or "unknown"
