"""Operators made of operators: compositions, sums, blocks side by side and on top of each other."""

from __future__ import annotations

import numpy as np
import scipy.sparse as sp

from .base import Operator
from .matrices import Dense, Diagonal, Identity, Sparse


class Composition(Operator):
    """x -> outer(inner(x))."""

    def __init__(self, outer: Operator, inner: Operator):
        self.outer, self.inner = outer, inner
        self.shape = (outer.shape[0], inner.shape[1])

    def matvec(self, x):
        return self.outer.matvec(self.inner.matvec(x))

    def rmatvec(self, y):
        return self.inner.rmatvec(self.outer.rmatvec(y))

    def squared(self):
        return Composition(self.outer.squared(), self.inner.squared())

    def entries(self, limit=0):
        outer, inner = self.outer.entries(limit), self.inner.entries(limit)
        if outer is None or inner is None:
            return None
        return outer @ inner

    @property
    def key(self):
        return ("composition", self.outer.key, self.inner.key)

    @property
    def nnz(self):
        return self.outer.nnz + self.inner.nnz

    def describe(self):
        return f"{self.outer.describe()} o {self.inner.describe()}"


class Sum(Operator):
    """x -> sum of the parts applied to x."""

    def __init__(self, parts: list[Operator]):
        self.parts = parts
        self.shape = parts[0].shape

    def matvec(self, x):
        return sum(part.matvec(x) for part in self.parts)

    def rmatvec(self, y):
        return sum(part.rmatvec(y) for part in self.parts)

    def squared(self):
        return Sum([part.squared() for part in self.parts])

    def entries(self, limit=0):
        parts = [part.entries(limit) for part in self.parts]
        if any(part is None for part in parts):
            return None
        total = parts[0]
        for part in parts[1:]:
            total = total + part
        return np.asarray(total) if not sp.issparse(total) else sp.csr_array(total)

    @property
    def key(self):
        return ("sum", *(part.key for part in self.parts))

    @property
    def nnz(self):
        return sum(part.nnz for part in self.parts)

    def describe(self):
        return " + ".join(part.describe() for part in self.parts)


class Row(Operator):
    """Blocks side by side: x -> sum_j A_j x[columns_j], with A_j acting on a slice of x of length n."""

    def __init__(self, blocks: list[tuple[slice, Operator]], n: int):
        self.blocks = blocks
        self.shape = (blocks[0][1].shape[0], n)

    def matvec(self, x):
        (columns, first), *rest = self.blocks
        total = first.matvec(x[columns])
        for columns, block in rest:
            total = total + block.matvec(x[columns])
        return total

    def rmatvec(self, y):
        x = np.zeros(self.shape[1])
        for columns, block in self.blocks:
            x[columns] += block.rmatvec(y)
        return x

    def squared(self):
        return Row([(columns, block.squared()) for columns, block in self.blocks], self.shape[1])

    def entries(self, limit=0):
        parts = [(columns, block.entries(limit)) for columns, block in self.blocks]
        if any(part is None for _, part in parts):
            return None
        if any(not sp.issparse(part) for _, part in parts):
            dense = np.zeros(self.shape)
            for columns, part in parts:
                dense[:, columns] += part.toarray() if sp.issparse(part) else part
            return dense
        triplets = [(part.tocoo(), columns.start) for columns, part in parts]
        rows = np.concatenate([coo.row for coo, _ in triplets])
        cols = np.concatenate([coo.col + start for coo, start in triplets])
        data = np.concatenate([coo.data for coo, _ in triplets])
        return sp.csr_array((data, (rows, cols)), shape=self.shape)

    @property
    def key(self):
        return ("row", self.shape[1], *((columns.start, block.key) for columns, block in self.blocks))

    @property
    def single_entry_rows(self):
        return len(self.blocks) == 1 and self.blocks[0][1].single_entry_rows

    @property
    def nnz(self):
        return sum(block.nnz for _, block in self.blocks)

    def describe(self):
        return " | ".join(block.describe() for _, block in self.blocks)


class Stack(Operator):
    """Blocks on top of each other, all on the same x: the rows of every term, one after the other."""

    def __init__(self, blocks: list[Operator], n: int):
        self.blocks = blocks
        self.slices = []
        start = 0
        for block in blocks:
            self.slices.append(slice(start, start + block.shape[0]))
            start += block.shape[0]
        self.shape = (start, n)

    def matvec(self, x):
        return np.concatenate([block.matvec(x) for block in self.blocks]) if self.blocks else np.zeros(0)

    def rmatvec(self, y):
        x = np.zeros(self.shape[1])
        for rows, block in zip(self.slices, self.blocks, strict=True):
            x += block.rmatvec(y[rows])
        return x

    def squared(self):
        return Stack([block.squared() for block in self.blocks], self.shape[1])

    def entries(self, limit=0):
        parts = [block.entries(limit) for block in self.blocks]
        if not parts:
            return sp.csr_array(self.shape)
        if any(part is None for part in parts):
            return None
        if any(not sp.issparse(part) for part in parts):
            return np.vstack([part.toarray() if sp.issparse(part) else part for part in parts])
        return sp.vstack(parts, format="csr")

    @property
    def key(self):
        return ("stack", *(block.key for block in self.blocks))

    @property
    def single_entry_rows(self):
        return all(block.single_entry_rows for block in self.blocks)

    @property
    def nnz(self):
        return sum(block.nnz for block in self.blocks)

    def describe(self):
        return "; ".join(block.describe() for block in self.blocks)


def compose(outer: Operator, inner: Operator) -> Operator:
    """outer o inner, multiplied out where both are sparse (never where one is dense)."""
    if isinstance(outer, Identity):
        return inner
    if isinstance(inner, Identity):
        return outer
    if isinstance(outer, Diagonal) and isinstance(inner, Diagonal):
        return Diagonal(outer.d * inner.d)
    simple = (Diagonal, Sparse)
    if isinstance(outer, simple) and isinstance(inner, simple):
        return Sparse(outer.entries() @ inner.entries())
    if isinstance(inner, Composition) and isinstance(outer, simple) and isinstance(inner.outer, simple):
        return compose(compose(outer, inner.outer), inner.inner)
    return Composition(outer, inner)


def add(parts: list[Operator]) -> Operator:
    """The sum of operators of one shape, added up where all are sparse, all are dense, or all end in one operator."""
    if len(parts) == 1:
        return parts[0]
    diagonals = [part.d for part in parts if isinstance(part, Diagonal)]
    if len(diagonals) == len(parts):
        return Diagonal(np.sum(diagonals, axis=0))
    if all(isinstance(part, Diagonal | Sparse) for part in parts):
        total = parts[0].entries()
        for part in parts[1:]:
            total = total + part.entries()
        return Sparse(total)
    matrices = [part.matrix for part in parts if isinstance(part, Dense)]
    if len(matrices) == len(parts):
        return Dense(np.sum(matrices, axis=0))
    pairs = [(p.outer, p.inner) if isinstance(p, Composition) else (Identity(p.shape[0]), p) for p in parts]
    inner = pairs[0][1]
    if all(other.key == inner.key for _, other in pairs):
        return compose(add([outer for outer, _ in pairs]), inner)
    return Sum(parts)
