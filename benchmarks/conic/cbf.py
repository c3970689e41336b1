"""CBF files (conic benchmark format), as far as CBLIB's continuous problems go: scalar variables and rows in linear,
quadratic, exponential and power cones."""

from __future__ import annotations

import gzip
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import scipy.sparse as sp

from .program import Block, Conic

KINDS = {
    **{"L=": "zero", "L+": "nonneg", "L-": "nonpos"},
    **{"Q": "soc", "QR": "rsoc", "EXP": "exp"},
}
Cone = tuple[str, int, tuple[float, ...]]  # kind (or "F": free), dimension, exponents


def read_cbf(path: Path) -> Conic:
    """Free variables and rows bring no constraint; ValueError for a section that is not known here."""
    raw = path.read_bytes()
    text = (gzip.decompress(raw) if path.suffix == ".gz" else raw).decode()
    lines = (line.strip() for line in text.splitlines())
    sections = _sections(iter([line for line in lines if line and not line.startswith("#")]), path)
    variables, constraints = sections.get("VAR", []), sections.get("CON", [])
    n, m = (sum(dim for _, dim, _ in cones) for cones in (variables, constraints))
    sense = -1.0 if sections["OBJSENSE"] == "MAX" else 1.0
    c, b = _vector(sections.get("OBJACOORD"), n), _vector(sections.get("BCOORD"), m)
    table = sections.get("ACOORD", np.zeros((0, 3)))
    A = sp.csr_array((table[:, 2], (table[:, 0].astype(int), table[:, 1].astype(int))), shape=(m, n))
    stacked, offset = sp.vstack([sp.eye_array(n), A]).tocsr(), np.concatenate([np.zeros(n), b])
    names = [f"x[{j}]" for j in range(n)] + [f"c[{i}]" for i in range(m)]
    kept, blocks = _blocks([*variables, *constraints])
    return Conic(
        sense * c,
        stacked[kept],
        offset[kept],
        blocks,
        names[:n],
        [names[i] for i in kept],
        constant=sense * sections.get("OBJBCOORD", 0.0),
        sense=sense,
    )


def _sections(lines: Iterator[str], path: Path) -> dict:
    found: dict = {}
    for keyword in lines:
        if keyword == "CHANGE":
            break
        if keyword in ("VER", "OBJSENSE"):
            found[keyword] = next(lines)
        elif keyword == "OBJBCOORD":
            found[keyword] = float(next(lines))
        elif keyword == "POWCONES":
            found[keyword] = [_exponents(lines) for _ in range(int(next(lines).split()[0]))]
        elif keyword in ("VAR", "CON"):
            number = int(next(lines).split()[1])
            found[keyword] = [_cone(next(lines), found.get("POWCONES", [])) for _ in range(number)]
        elif keyword in ("OBJACOORD", "ACOORD", "BCOORD"):
            number = int(next(lines))
            found[keyword] = np.array([next(lines).split() for _ in range(number)], dtype=float)
        else:
            raise ValueError(f"{path.name}: section {keyword[:30]!r} is not known to the benchmarks.")
    return found


def _exponents(lines: Iterator[str]) -> tuple[float, ...]:
    alpha = np.array([float(next(lines)) for _ in range(int(next(lines)))])
    return tuple((alpha / alpha.sum()).tolist())


def _cone(line: str, powers: list[tuple[float, ...]]) -> Cone:
    name, dim = line.split()
    if name.endswith(":POW"):
        alpha = powers[int(name[1:].split(":")[0])]
        if len(alpha) + 1 != int(dim):
            raise ValueError(f"a power cone with {dim} entries and {len(alpha)} exponents is not known.")
        return "pow", int(dim), alpha
    return ("F" if name == "F" else KINDS[name]), int(dim), ()


def _vector(table: np.ndarray | None, size: int) -> np.ndarray:
    vector = np.zeros(size)
    if table is not None:
        np.add.at(vector, table[:, 0].astype(int), table[:, 1])
    return vector


def _blocks(cones: list[Cone]) -> tuple[np.ndarray, list[Block]]:
    """Which rows are kept, and the cones of one kind and size as one block. A linear cone's entries are cones of 1."""
    kept, families, start, free = [], {}, 0, 0
    for kind, dim, alpha in cones:
        rows = np.arange(start, start + dim)
        start += dim
        if kind == "F":
            free += dim
            continue
        kept.append(rows)
        linear = kind in ("zero", "nonneg", "nonpos")
        shaped = (rows - free).reshape(-1, 1 if linear else dim)
        families.setdefault((kind, shaped.shape[1]), []).append((shaped, alpha))
    blocks = [
        Block(kind, np.vstack([rows for rows, _ in own]), np.array([a for _, a in own]) if kind == "pow" else None)
        for (kind, _), own in families.items()
    ]
    return np.concatenate(kept) if kept else np.zeros(0, int), blocks
