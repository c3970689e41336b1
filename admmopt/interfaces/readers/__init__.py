"""Problem files: `read(path)` gives a `ProblemFile` from MPS, QPS, LP, CBF and SDPA files, gzipped or not."""

from __future__ import annotations

from pathlib import Path

from .cbf import read_cbf
from .mps import read_lp, read_mps
from .problem_file import FileError, ProblemFile
from .sdpa import read_sdpa

__all__ = ["FileError", "ProblemFile", "read"]

READERS = {
    ".mps": read_mps,
    ".qps": read_mps,
    ".sif": read_mps,
    ".lp": read_lp,
    ".cbf": read_cbf,
    ".dat-s": read_sdpa,
    ".sdpa": read_sdpa,
}


def read(path: str | Path) -> ProblemFile:
    """Read a problem file; what kind it is follows from its name (`.mps`, `.qps`, `.lp`, `.cbf`, `.dat-s`, each also
    with `.gz`); a file with no such ending is taken to be MPS. Integer variables are relaxed, and counted in `relaxed`.

    Raises FileError, one sentence naming the file and where known the line, for what cannot be read.
    """
    path = Path(path)
    if path.is_dir():
        raise FileError(path, "this is a folder, not a problem file")
    if not path.exists():
        raise FileError(path, "no such file")
    plain = path.with_suffix("") if path.suffix.lower() == ".gz" else path
    suffix = plain.suffix.lower()
    reader = READERS.get(suffix, read_mps if suffix not in KNOWN_OTHERS else None)
    if reader is None:
        raise FileError(path, f"files that end in {suffix} cannot be read; known: {', '.join(READERS)}, each also .gz")
    return reader(path)


KNOWN_OTHERS = {".mat", ".csv", ".json", ".txt", ".md", ".py", ".npz", ".npy", ".png", ".zip", ".xz", ".bz2", ".nl"}
