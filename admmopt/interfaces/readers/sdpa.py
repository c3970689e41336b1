"""SDPA sparse files: minimize c'x subject to sum_i x_i F_i - F_0 positive semidefinite, block by block."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import scipy.sparse as sp

from ...engine.problem import SplitProblem, Term
from ...functions import PSDCone, box
from ...operators import Sparse
from .problem_file import FileError, Labels, ProblemFile, relaxed_note, stem, text_lines
from .svec import svec_names, svec_position, svec_unit

PUNCTUATION = str.maketrans("{}(),", "     ")


def read_sdpa(path: Path) -> ProblemFile:
    """An SDPA sparse file (.dat-s). A negative block size is a diagonal block: nonnegative rows."""
    body, integers = _body(path)
    if len(body) < 4:
        raise FileError(path, "an SDPA file needs the number of variables and of blocks, block sizes and objective")
    m = _integer(path, body[0], "the number of variables")
    number = _integer(path, body[1], "the number of blocks")
    sizes, used = _numbers(path, body[2:], number, "block sizes")
    orders = sizes.astype(int)
    if np.any(orders == 0):
        raise FileError(path, "a block has size 0", body[2][0])
    c, more = _numbers(path, body[2 + used :], m, "objective coefficients")
    entries = _entries(path, body[2 + used + more :], m, orders)
    terms, labels = _terms(orders, entries, m)
    split = SplitProblem(m, c, terms=terms)
    columns = Labels([f"x{i + 1}" for i in range(m)])
    return ProblemFile(path, stem(path), "SDP", split, columns, labels, 1.0, integers, relaxed_note(integers))


def _body(path: Path) -> tuple[list[tuple[int, str]], int]:
    """(line number, text) of the lines that count, and how many variables are declared integer (`*INTEGER`)."""
    body: list[tuple[int, str]] = []
    integers, listing = 0, False
    for number, line in enumerate(text_lines(path), start=1):
        text = line.strip()
        if text.startswith("*"):
            listing = listing or text.upper().startswith("*INTEGER")
            integers += listing and text[1:].strip().isdigit()
        elif text and not (text.startswith('"') and not body):
            body.append((number, text))
    return body, integers


def _integer(path: Path, numbered: tuple[int, str], what: str) -> int:
    """The first word of a line (what follows is a comment)."""
    line, text = numbered
    words = text.translate(PUNCTUATION).split()
    if not words or not words[0].isdigit() or int(words[0]) < 1:
        raise FileError(path, f"{what} must be a positive integer, found {text[:40]!r}", line)
    return int(words[0])


def _numbers(path: Path, body: list[tuple[int, str]], wanted: int, what: str) -> tuple[np.ndarray, int]:
    """`wanted` numbers, which may go over several lines; and how many lines they took."""
    values: list[float] = []
    for used, (line, text) in enumerate(body, start=1):
        for word in text.translate(PUNCTUATION).split():
            if len(values) == wanted:
                break  # a comment at the end of the line
            try:
                values.append(float(word))
            except ValueError:
                raise FileError(path, f"{what}: {word!r} is not a number", line) from None
        if len(values) == wanted:
            return np.array(values), used
    raise FileError(path, f"{wanted} {what} were announced, {len(values)} found")


def _entries(path: Path, body: list[tuple[int, str]], m: int, orders: np.ndarray) -> np.ndarray:
    """(matrix, block, i, j, value) rows, indices from 1, checked."""
    joined = " ".join(text for _, text in body).translate(PUNCTUATION)
    try:
        table = np.array(joined.split(), dtype=float)
    except ValueError:
        table = np.zeros(1)
    if table.size != 5 * len(body):
        line, text = next(((n, t) for n, t in body if not _is_entry(t)), body[-1] if body else (0, ""))
        raise FileError(path, f"expected `matrix block row column value`, found {text[:60]!r}", line)
    table = table.reshape(-1, 5)
    index = table[:, :4]
    order = np.abs(orders)
    known = (index[:, 0] >= 0) & (index[:, 0] <= m) & (index[:, 1] >= 1) & (index[:, 1] <= orders.size)
    known &= np.all(index == np.floor(index), axis=1) & np.all(index[:, 2:] >= 1, axis=1)
    limit = order[np.where(known, index[:, 1] - 1, 0).astype(int)]
    known &= np.all(index[:, 2:] <= limit[:, None], axis=1) & np.isfinite(table[:, 4])
    diagonal = orders[np.where(known, index[:, 1] - 1, 0).astype(int)] < 0
    known &= ~diagonal | (index[:, 2] == index[:, 3])
    if not known.all():
        line, text = body[int(np.argmin(known))]
        raise FileError(path, f"{text[:60]!r} points outside of the {m} matrices and {orders.size} blocks", line)
    return table


def _is_entry(text: str) -> bool:
    words = text.translate(PUNCTUATION).split()
    try:
        return len([float(word) for word in words]) == 5
    except ValueError:
        return False


def _terms(orders: np.ndarray, table: np.ndarray, m: int) -> tuple[list[Term], list[Labels]]:
    """All diagonal blocks as one box, all matrix blocks of one order as one cone."""
    matrix, block = table[:, 0].astype(int), table[:, 1].astype(int) - 1
    i, j = np.maximum(table[:, 2], table[:, 3]).astype(int) - 1, np.minimum(table[:, 2], table[:, 3]).astype(int) - 1
    terms, labels = [], []
    for order in [0, *sorted({int(k) for k in orders if k > 0})]:
        members = np.flatnonzero(orders < 0) if order == 0 else np.flatnonzero(orders == order)
        if not members.size:
            continue
        sizes = -orders[members] if order == 0 else np.full(members.size, order * (order + 1) // 2)
        start = np.zeros(orders.size, dtype=int)
        start[members] = np.cumsum(sizes) - sizes
        mine = np.isin(block, members)
        place = i[mine] if order == 0 else svec_position(i[mine], j[mine], order)
        row = start[block[mine]] + place
        value = table[mine, 4]
        if order:
            value = value / svec_unit(order)[place]
        rows = int(sizes.sum())
        A, F0 = _split_off_constant(matrix[mine], row, value, rows, m)
        if order == 0:
            names = [f"block {b + 1}[{k + 1}]" for b, size in zip(members, sizes, strict=True) for k in range(size)]
            terms.append(Term(box(F0, np.inf), Sparse(A), np.zeros(rows), "diagonal blocks"))
            labels.append(Labels(names))
        else:
            names = [name for b in members for name in svec_names(f"block {b + 1}", order)]
            terms.append(Term(PSDCone(members.size, order), Sparse(A), -F0, f"matrix blocks of order {order}"))
            labels.append(Labels(names, sp.diags_array(np.tile(svec_unit(order), members.size))))
    return terms, labels


def _split_off_constant(matrix, row, value, rows: int, m: int):
    """The coefficients of x (rows, m), and F_0 (rows,)."""
    constant = matrix == 0
    F0 = np.bincount(row[constant], weights=value[constant], minlength=rows)
    entries = (value[~constant], (row[~constant], matrix[~constant] - 1))
    return sp.csr_array(entries, shape=(rows, m)), F0
