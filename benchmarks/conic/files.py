"""Conic files by their endings, and how many entries they have without reading them whole."""

from __future__ import annotations

import gzip
from pathlib import Path

from .cbf import read_cbf
from .program import Conic
from .sdpa import read_sdpa

READERS = {".cbf.gz": read_cbf, ".cbf": read_cbf, ".dat-s": read_sdpa}
_TABLES = ("ACOORD", "FCOORD", "HCOORD")  # of a CBF file: each followed by the number of its entries


def read(path: Path) -> Conic:
    return next(reader for ending, reader in READERS.items() if path.name.lower().endswith(ending))(path)


def entries(path: Path) -> int:
    """Numbers in A as the file lists them: one triangle of a symmetric matrix, the constants not counted."""
    text = gzip.decompress(path.read_bytes()) if path.suffix == ".gz" else path.read_bytes()
    lines = text.decode(errors="replace").splitlines()
    if ".cbf" in path.name.lower():
        return sum(int(lines[i + 1]) for i, line in enumerate(lines) if line.strip() in _TABLES)
    lines = [line.split() for line in lines if line.strip() and not line.startswith(("*", '"'))]
    return sum(words[0] != "0" for words in lines[4:])  # after the number of variables, of blocks, their sizes, and c
