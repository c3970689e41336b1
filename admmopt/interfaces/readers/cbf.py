"""CBF files (conic benchmark format, versions 1 to 4): linear, quadratic, exponential, power and semidefinite cones.

    minimize or maximize  a0'x + b0   subject to   x in K,  A x + b in K',  sum_j x_j H_j + D positive semidefinite,

with matrix variables as further entries of x, in svec form.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
import scipy.sparse as sp

from ...engine.problem import SplitProblem
from .cbf_cones import Cone, cone_named
from .cbf_terms import build_terms, svec_entries
from .problem_file import FileError, Labels, ProblemFile, relaxed_note, stem, text_lines
from .svec import svec_names, svec_unit


@dataclass
class Scan:
    """The lines that count, and where we are in them."""

    path: Path
    lines: list[tuple[int, str]]
    at: int = 0

    def error(self, problem: str) -> FileError:
        line = self.lines[min(self.at, len(self.lines)) - 1][0] if self.at else None
        return FileError(self.path, problem, line)

    def next(self, expected: str) -> str:
        if self.at >= len(self.lines):
            raise self.error(f"the file ends where {expected} should follow")
        self.at += 1
        return self.lines[self.at - 1][1]

    def integers(self, number: int, expected: str) -> list[int]:
        words = self.next(expected).split()
        if len(words) != number or not all(word.isdigit() for word in words):
            raise self.error(f"expected {expected}, found {self.lines[self.at - 1][1][:40]!r}")
        return [int(word) for word in words]

    def table(self, columns: int, expected: str, limits: tuple[int, ...]) -> np.ndarray:
        """A count, then as many rows of `columns` numbers; all but the last are indices below `limits`."""
        (number,) = self.integers(1, f"the number of entries of {expected}")
        block = self.lines[self.at : self.at + number]
        if len(block) < number:
            raise self.error(f"{number} entries of {expected} were announced, the file ends after {len(block)}")
        try:
            values = np.array(" ".join(text for _, text in block).split(), dtype=float)
            good = values.size == columns * number
        except ValueError:
            good = False
        values = values.reshape(number, columns) if good else np.full((number, columns), np.nan)
        index = values[:, : len(limits)]
        ok = np.all(np.isfinite(values), axis=1)
        ok &= np.all((index == np.floor(index)) & (index >= 0) & (index < np.array(limits)), axis=1)
        if not ok.all():
            self.at += 1 + int(np.argmin(ok)) if good else _first_odd(block, columns)
            raise self.error(f"{self.lines[self.at - 1][1][:60]!r} is no entry of {expected}")
        self.at += number
        return values


def _first_odd(block: list[tuple[int, str]], columns: int) -> int:
    """How far into the block the first line without `columns` numbers lies, counted from 1."""
    for k, (_, text) in enumerate(block, start=1):
        words = text.split()
        try:
            if len([float(word) for word in words]) != columns:
                return k
        except ValueError:
            return k
    return len(block)


@dataclass
class Content:
    """Everything a CBF file says."""

    sense: float = 1.0
    powers: dict[str, list[np.ndarray]] = field(default_factory=dict)
    variables: list[Cone] = field(default_factory=list)
    constraints: list[Cone] = field(default_factory=list)
    matrix_variables: list[int] = field(default_factory=list)
    matrix_constraints: list[int] = field(default_factory=list)
    integers: int = 0
    tables: dict[str, np.ndarray] = field(default_factory=dict)
    constant: float = 0.0

    @property
    def scalars(self) -> int:
        return sum(cone.dim for cone in self.variables)

    @property
    def rows(self) -> int:
        return sum(cone.dim for cone in self.constraints)

    def table(self, name: str, columns: int) -> np.ndarray:
        return self.tables.get(name, np.zeros((0, columns)))


def read_cbf(path: Path) -> ProblemFile:
    """A CBF file. Of a file with several instances (`CHANGE`) the first is read."""
    numbered = enumerate(text_lines(path), start=1)
    lines = [(number, text) for number, line in numbered if (text := line.partition("#")[0].strip())]
    content = _scan(Scan(path, lines))
    if content.scalars + len(content.matrix_variables) == 0:
        raise FileError(path, "the file declares no variables")
    return _build(path, content)


def _scan(scan: Scan) -> Content:
    """Section by section."""
    content = Content()
    while scan.at < len(scan.lines):
        keyword = scan.next("a keyword")
        if keyword == "CHANGE":
            break
        if keyword == "VER":
            (version,) = scan.integers(1, "a version number")
            if not 1 <= version <= 4:
                raise scan.error(f"version {version} of the format is not known here (1 to 4 are)")
        elif keyword == "OBJSENSE":
            content.sense = _sense(scan)
        elif keyword in ("POWCONES", "POW*CONES"):
            content.powers[keyword] = _powers(scan)
        elif keyword in ("VAR", "CON"):
            cones = _cones(scan, keyword, content)
            content.variables, content.constraints = (
                (cones, content.constraints) if keyword == "VAR" else (content.variables, cones)
            )
        elif keyword in ("PSDVAR", "PSDCON"):
            orders = _orders(scan, keyword)
            if keyword == "PSDVAR":
                content.matrix_variables = orders
            else:
                content.matrix_constraints = orders
        elif keyword == "INT":
            content.integers = len(scan.table(1, "INT", (content.scalars,)))
        elif keyword == "OBJBCOORD":
            content.constant = _number(scan, "the constant of the objective")
        elif keyword in _TABLES:
            columns, limits = _TABLES[keyword](content)
            table = content.tables[keyword] = scan.table(columns, keyword, limits)
            if keyword in _MATRICES:
                _check_sides(scan, keyword, table, _MATRICES[keyword](content))
        else:
            raise scan.error(f"{keyword[:40]!r} is not a keyword of the format that is known here")
    return content


# name of a section -> (numbers per line, limits of its leading indices)
_TABLES = {
    "OBJACOORD": lambda c: (2, (c.scalars,)),
    "ACOORD": lambda c: (3, (c.rows, c.scalars)),
    "BCOORD": lambda c: (2, (c.rows,)),
    "OBJFCOORD": lambda c: (4, (len(c.matrix_variables), *_side(c.matrix_variables))),
    "FCOORD": lambda c: (5, (c.rows, len(c.matrix_variables), *_side(c.matrix_variables))),
    "HCOORD": lambda c: (5, (len(c.matrix_constraints), c.scalars, *_side(c.matrix_constraints))),
    "DCOORD": lambda c: (4, (len(c.matrix_constraints), *_side(c.matrix_constraints))),
}


def _side(orders: list[int]) -> tuple[int, int]:
    largest = max(orders, default=0)
    return largest, largest


_MATRICES = {
    "OBJFCOORD": lambda c: c.matrix_variables,
    "FCOORD": lambda c: c.matrix_variables,
    "HCOORD": lambda c: c.matrix_constraints,
    "DCOORD": lambda c: c.matrix_constraints,
}


def _check_sides(scan: Scan, keyword: str, table: np.ndarray, orders: list[int]) -> None:
    """Entries (..., matrix, [scalar,] i, j, value) must lie inside of their own matrix."""
    side = np.array(orders, dtype=int)[table[:, 1 if keyword == "FCOORD" else 0].astype(int)]
    ok = np.all(table[:, -3:-1] < side[:, None], axis=1)
    if not ok.all():
        scan.at -= len(table) - 1 - int(np.argmin(ok))
        raise scan.error(f"{scan.lines[scan.at - 1][1][:60]!r} of {keyword} points outside of its matrix")


def _sense(scan: Scan) -> float:
    word = scan.next("MIN or MAX")
    if word not in ("MIN", "MAX"):
        raise scan.error(f"the objective sense is {word[:20]!r}, neither MIN nor MAX")
    return 1.0 if word == "MIN" else -1.0


def _number(scan: Scan, expected: str) -> float:
    word = scan.next(expected)
    try:
        return float(word)
    except ValueError:
        raise scan.error(f"{word[:40]!r} should be {expected}") from None


def _powers(scan: Scan) -> list[np.ndarray]:
    """Exponents of the power cones that are referred to as @0, @1, ..., each scaled to sum to one."""
    number, _ = scan.integers(2, "the number of power cones and of exponents")
    powers = []
    for _ in range(number):
        (size,) = scan.integers(1, "the number of exponents of a power cone")
        alpha = np.array([_number(scan, "an exponent") for _ in range(size)])
        if not np.all(alpha > 0):
            raise scan.error("the exponents of a power cone must be positive")
        powers.append(alpha / alpha.sum())
    return powers


def _cones(scan: Scan, keyword: str, content: Content) -> list[Cone]:
    total, number = scan.integers(2, f"the size of {keyword} and its number of cones")
    cones, start = [], 0
    for _ in range(number):
        words = scan.next("a cone and its size").split()
        if len(words) != 2 or not words[1].isdigit():
            raise scan.error(f"expected a cone and its size, found {' '.join(words)[:40]!r}")
        try:
            cone = cone_named(words[0], int(words[1]), start, content.powers)
        except ValueError as error:
            raise scan.error(str(error)) from None
        cones.append(cone)
        start += cone.dim
    if start != total:
        raise scan.error(f"the cones of {keyword} hold {start} entries, {total} were announced")
    return cones


def _orders(scan: Scan, keyword: str) -> list[int]:
    (number,) = scan.integers(1, f"the number of matrices of {keyword}")
    return [scan.integers(1, "the order of a matrix")[0] for _ in range(number)]


def _build(path: Path, content: Content) -> ProblemFile:
    """The split problem: columns are the scalars, then each matrix variable in svec form."""
    n, sizes = content.scalars, [order * (order + 1) // 2 for order in content.matrix_variables]
    start = n + np.concatenate([[0], np.cumsum(sizes)]).astype(int)  # of each matrix variable among the columns
    total = int(start[-1])
    q = np.zeros(total)
    linear = content.table("OBJACOORD", 2)
    np.add.at(q, linear[:, 0].astype(int), linear[:, 1])
    columns, values = svec_entries(content.table("OBJFCOORD", 4), content.matrix_variables, start)
    np.add.at(q, columns, values)
    names = [f"x[{j}]" for j in range(n)]
    unit = [np.ones(n)]  # to read a matrix entry off its svec entry
    for k, order in enumerate(content.matrix_variables):
        names += svec_names(f"X{k}", order)
        unit.append(svec_unit(order))
    terms, labels = build_terms(content, start)
    split = SplitProblem(total, content.sense * q, terms=terms, constant=content.sense * content.constant)
    kind = "SDP" if content.matrix_variables or content.matrix_constraints else "conic"
    notes = relaxed_note(content.integers)
    named = Labels(names, sp.diags_array(np.concatenate(unit)) if content.matrix_variables else None)
    return ProblemFile(path, stem(path), kind, split, named, labels, content.sense, content.integers, notes)
