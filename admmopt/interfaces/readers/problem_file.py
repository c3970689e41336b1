"""What a problem file becomes: a split problem, and what is needed to speak of it in the file's own names."""

from __future__ import annotations

import gzip
import zlib
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
import scipy.sparse as sp

from ...engine.problem import SplitProblem


class FileError(ValueError):
    """A file that cannot be read: one sentence with the file, the line where it is known, and what is wrong."""

    def __init__(self, path: Path | str, problem: str, line: int | None = None):
        self.path, self.line = Path(path), line
        place = f"{path}, line {line}" if line is not None else str(path)
        super().__init__(f"{place}: {problem}.")


@dataclass
class Labels:
    """Names of the entries of x, or of the rows of a term. back: the matrix from stored entries to the file's own,
    where they differ (svec form, rotated cones)."""

    names: list[str]
    back: sp.sparray | None = None

    def named(self, values: np.ndarray) -> dict[str, float]:
        values = values if self.back is None else self.back @ values
        return dict(zip(self.names, np.asarray(values).tolist(), strict=True))


@dataclass
class ProblemFile:
    """A problem as read. kind: "LP", "QP", "conic" or "SDP"; split: always a minimization; sign: -1 where the file
    maximizes; relaxed: how many integer variables lost their integrality; rows: the names of each term's rows."""

    path: Path
    name: str
    kind: str
    split: SplitProblem
    columns: Labels
    rows: list[Labels]
    sign: float = 1.0
    relaxed: int = 0
    notes: list[str] = field(default_factory=list)

    @property
    def sense(self) -> str:
        return "minimize" if self.sign > 0 else "maximize"

    def objective(self, value: float) -> float:
        """The value of the split problem as the objective of the file (its sense and constant included)."""
        return self.sign * value

    def primal(self, x: np.ndarray) -> dict[str, float]:
        """The point x, by column name."""
        return self.columns.named(x)

    def duals(self, y: list[np.ndarray]) -> dict[str, dict[str, float]]:
        """Row duals by term label and row name: the rate at which the file's optimal objective changes with the
        row's right-hand side (of a bound: the reduced cost). y: the duals of the split solution."""
        terms = zip(self.split.terms, self.rows, y, strict=True)
        return {term.label: labels.named(-self.sign * part) for term, labels, part in terms}

    def by_term(self, stacked: np.ndarray) -> list[np.ndarray]:
        """The rows of all terms, one after the other, cut into those of each term."""
        ends = np.cumsum([len(labels.names) for labels in self.rows])
        return np.split(stacked, ends[:-1]) if self.rows else []

    def describe(self) -> str:
        """One line: what was read."""
        split = self.split
        entries = sum(term.operator.nnz for term in split.terms if not term.operator.single_entry_rows)
        rows = sum(len(labels.names) for labels in self.rows if labels is not self.columns)
        text = f"{self.kind} {self.name}: {self.sense}, {split.n} columns, {rows} rows, {entries} entries"
        return ", ".join([text, *self.notes])


def text_lines(path: Path) -> list[str]:
    """The lines of a text file, gunzipped where its first bytes say that it is a gzip file."""
    try:
        raw = path.read_bytes()
        if raw[:2] == b"\x1f\x8b":
            raw = gzip.decompress(raw)
    except (OSError, EOFError, zlib.error) as error:
        reason = error.strerror if isinstance(error, OSError) and error.strerror else error
        raise FileError(path, f"the file cannot be read ({reason})") from error
    return raw.decode("utf-8", errors="replace").splitlines()


def stem(path: Path) -> str:
    """The file's name without its endings."""
    return path.name.removesuffix(".gz").rsplit(".", 1)[0]


def relaxed_note(number: int) -> list[str]:
    """What to say about integer variables."""
    return [f"{number} integer variable{'' if number == 1 else 's'} relaxed to continuous"] if number else []
