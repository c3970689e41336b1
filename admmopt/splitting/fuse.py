"""Fewer, better terms: what acts on the same affine argument becomes one function, one prox, one penalty.

Coordinates first: every piecewise quadratic whose rows each touch a single entry of x (bounds, |x_j|, x_j >= -1, ...)
is rewritten as a function of x_j itself, and all of those on one entry are added up. Then terms on one operator, then
terms of one kind on sparse rows. The dual of a fused sum is handed back to its summands within their subdifferentials.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
import scipy.sparse as sp

from ..engine.problem import Term
from ..functions import EmptyDomain, Permuted, PiecewiseQuadratic, precompose, square
from ..operators import Composition, Dense, Diagonal, Identity, LeftProduct, Operator, RightProduct, Row, Sparse
from .affine import AffineMap, selection
from .pieces import Piece, Squares


@dataclass
class Share:
    """A piece's part in a term: piece row ``rows[i]`` is term row ``at[i]``, with z_piece = scale z + shift. No
    term row occurs twice.

    `part`: the piece's function in the term's own argument when it shares these rows with others, else None.
    """

    piece: Piece
    rows: np.ndarray
    at: np.ndarray
    scale: np.ndarray
    part: PiecewiseQuadratic | None = None


@dataclass
class Fused:
    """A term and the pieces it is made of."""

    term: Term
    shares: list[Share]

    def duals(self, z: np.ndarray, y: np.ndarray, found: dict[int, np.ndarray]) -> None:
        """Distribute y over the shares: found[id(piece)] is the piece's own y.

        Each share first takes the point of its subdifferential nearest to zero; what is left of y then goes to the
        shares in turn, as far as their intervals allow.
        """
        rest, taken = y.copy(), []
        for share in self.shares:
            lo, hi = (-np.inf, np.inf) if share.part is None else share.part.subdifferential(z[share.at])
            start = np.zeros(share.at.size) if share.part is None else np.minimum(np.maximum(lo, 0.0), hi)
            rest[share.at] -= start
            taken.append((start, lo, hi))
        for share, (start, lo, hi) in zip(self.shares, taken, strict=True):
            own = np.minimum(np.maximum(start + rest[share.at], lo), hi)
            rest[share.at] -= own - start
            found.setdefault(id(share.piece), np.zeros(share.piece.map.size))[share.rows] = own / share.scale

    def certificate(self, y: np.ndarray, found: dict[int, np.ndarray]) -> None:
        """Distribute a certificate of infeasibility: y_i goes to the shares whose bound is the binding one."""
        rest = y.copy()
        for share in self.shares:
            own = rest[share.at]
            if share.part is not None:
                lower, upper = self.term.function.domain()  # type: ignore[attr-defined]
                lo, hi = share.part.domain()
                binding = np.where(own > 0, hi == upper[share.at], lo == lower[share.at])
                own = np.where(binding, own, 0.0)
            rest[share.at] -= own
            found.setdefault(id(share.piece), np.zeros(share.piece.map.size))[share.rows] = own / share.scale


def piece_duals(terms: list[Fused], z: list[np.ndarray], y: list[np.ndarray], certificate: np.ndarray | None):
    """y of every piece, by id(piece): from a solution, or from a stacked certificate of infeasibility."""
    found: dict[int, np.ndarray] = {}
    start = 0
    for fused, z_term, y_term in zip(terms, z, y, strict=True):
        if not any(share.piece.constraint is not None for share in fused.shares):
            pass
        elif certificate is None:
            fused.duals(z_term, y_term, found)
        else:
            fused.certificate(certificate[start : start + y_term.size], found)
        start += y_term.size
    return found


@dataclass
class Placed:
    """Rows of a piece on x: function(scale * (operator x) + constant)."""

    piece: Piece
    operator: Operator
    scale: np.ndarray
    rows: np.ndarray

    @property
    def function(self) -> Any:
        """The piece's rows as a function of operator x (elementwise functions only)."""
        own: Any = self.piece.function
        if self.rows.size < own.size:
            own = own.take(self.rows)
        return precompose(own, self.scale, self.piece.map.constant[self.rows])

    @property
    def piecewise(self) -> bool:
        return isinstance(self.piece.function, PiecewiseQuadratic)

    def alone(self) -> Fused:
        """A term of its own."""
        share = Share(self.piece, self.rows, np.arange(self.rows.size), self.scale)
        if self.piecewise or not np.all(self.scale == 1):
            return Fused(Term(self.function, self.operator, np.zeros(self.rows.size), self.piece.label), [share])
        return Fused(Term(self.piece.function, self.operator, self.piece.map.constant, self.piece.label), [share])


def on_x(map: AffineMap, columns: dict[int, slice], n: int, parts: dict[int, Operator] | None = None) -> Operator:
    """The map's operators on variables (or `parts` in their place) as one operator on x."""
    parts = map.parts if parts is None else parts
    if not parts:
        return Sparse(sp.csr_array((map.size, n)))
    blocks = sorted(((columns[v], op) for v, op in parts.items()), key=lambda block: block[0].start)
    if len(blocks) == 1 and blocks[0][1].shape[1] == n:
        return blocks[0][1]
    if all(isinstance(op, Diagonal | Sparse) for _, op in blocks):
        return Sparse(Row(blocks, n).entries())
    return Row(blocks, n)


def placed(piece: Piece, columns: dict[int, slice], n: int) -> list[Placed]:
    """The piece on x, with a diagonal in front of a dense operator and the signs of sparse rows moved into an
    elementwise function (so that A x <= u and A x >= l share an operator), and rows that touch a single entry of x
    apart from the others."""
    everything = np.arange(piece.map.size)
    parts, ones = piece.map.parts, np.ones(everything.size)
    outers = [op.outer.d for op in parts.values() if isinstance(op, Composition) and isinstance(op.outer, Diagonal)]
    if outers and piece.function.dim == 1 and np.all(outers[0]):
        stripped = {v: _without(op, outers[0]) for v, op in parts.items()}
        if all(op is not None for op in stripped.values()):
            return [Placed(piece, on_x(piece.map, columns, n, stripped), outers[0], everything)]
    operator = on_x(piece.map, columns, n)
    if (order := _permutation_of_product(operator)) is not None:
        piece = permuted(piece, order)
        return [Placed(piece, on_x(piece.map, columns, n), ones, everything)]
    if isinstance(operator, Sparse) and isinstance(piece.function, PiecewiseQuadratic):
        signs, operator = operator.signed()
        single = np.diff(operator.matrix.indptr) == 1
        if single.any() and not single.all():
            subsets = [np.flatnonzero(single), np.flatnonzero(~single)]
            return [Placed(piece, Sparse(operator.matrix[rows]), signs[rows], rows) for rows in subsets]
        return [Placed(piece, operator, signs, everything)]
    return [Placed(piece, operator, ones, everything)]


def _permutation_of_product(operator: Operator) -> np.ndarray | None:
    """order when the operator is a product with a matrix variable, its rows reordered as ``(X W)[order]``."""
    if not isinstance(operator, Composition) or not isinstance(operator.inner, LeftProduct | RightProduct):
        return None
    found = coordinates(operator.outer)
    if found is None or operator.outer.shape[0] != operator.outer.shape[1] or np.any(found[1] != 1):
        return None
    return found[0]


def permuted(piece: Piece, order: np.ndarray) -> Piece:
    """The same piece with the reordering moved from operator to function; duals come back in its own order."""
    inverse = np.argsort(order)
    map = piece.map.then(selection(inverse, order.size))
    map = AffineMap({v: op.inner if isinstance(op, Composition) else op for v, op in map.parts.items()}, map.constant)
    decode = None if piece.decode is None else (lambda y: piece.decode(y[order]))
    return Piece(Permuted(piece.function, order), map, piece.label, piece.constraint, decode)


def _without(op: Operator, d: np.ndarray) -> Operator | None:
    """diag(d)^-1 op where that keeps a dense operator as it is."""
    if isinstance(op, Composition) and isinstance(op.outer, Diagonal) and np.array_equal(op.outer.d, d):
        return op.inner
    if isinstance(op, Diagonal | Sparse):
        return Sparse(Diagonal(1 / d).entries() @ op.entries())
    return None


def coordinates(operator: Operator) -> tuple[np.ndarray, np.ndarray] | None:
    """(columns, coefficients) when every row holds exactly one nonzero entry, else None."""
    if isinstance(operator, Diagonal):
        return (np.arange(operator.d.size), operator.d) if np.all(operator.d) else None
    if isinstance(operator, Sparse) and operator.single_entry_rows:
        matrix = operator.matrix
        if matrix.nnz == matrix.shape[0] and np.all(matrix.data):
            return matrix.indices, matrix.data
    return None


def fuse_coordinates(items: list[tuple[Placed, np.ndarray, np.ndarray]], n: int) -> list[Fused]:
    """One term for all piecewise quadratics on single entries of x; items are (placed, columns, coefficients)."""
    if len(items) <= 1 and all(isinstance(item.operator, Identity) for item, _, _ in items):
        return [item.alone() for item, _, _ in items]
    columns = np.concatenate([cols for _, cols, _ in items])
    scale = np.concatenate([coefficients * item.scale for item, _, coefficients in items])
    owner = np.repeat(np.arange(len(items)), [cols.size for _, cols, _ in items])
    row = np.concatenate([item.rows for item, _, _ in items])
    functions = [item.function.precompose(coefficients, 0.0) for item, _, coefficients in items]
    whole = PiecewiseQuadratic.concatenate(functions)

    order = np.argsort(columns, kind="stable")
    ordered = columns[order]
    first = np.concatenate([[True], ordered[1:] != ordered[:-1]])
    position = np.cumsum(first) - 1  # which entry of the term
    depth = np.arange(order.size) - np.flatnonzero(first)[position]  # how many came before on that entry
    touched = ordered[first]

    total = whole.take(order[depth == 0])
    try:
        for level in range(1, int(depth.max()) + 1):
            here = depth == level
            total = add_at(total, position[here], whole.take(order[here]))
    except EmptyDomain:  # contradictory bounds: rows stay apart, so that the engine finds and checks the certificate
        return [item.alone() for item, _, _ in items]

    crowded = np.bincount(position) > 1
    shares = []
    for k, (item, _, _) in enumerate(items):
        for level in np.unique(depth[owner[order] == k]):  # two rows of one piece on one entry are two shares
            mine = (owner[order] == k) & (depth == level)
            at, source = position[mine], order[mine]
            part = whole.take(source) if crowded[at].any() else None
            shares.append(Share(item.piece, row[source], at, scale[source], part))
    operator: Operator = Identity(n)
    if touched.size < n:
        where = (np.arange(touched.size), touched)
        operator = Sparse(sp.csr_array((np.ones(touched.size), where), shape=(touched.size, n)))
    label = " + ".join(dict.fromkeys(item.piece.label for item, _, _ in items))
    return [Fused(Term(total, operator, np.zeros(touched.size), label), shares)]


def add_at(total: PiecewiseQuadratic, at: np.ndarray, other: PiecewiseQuadratic) -> PiecewiseQuadratic:
    """total with `other` added to its entries `at`."""
    if at.size == total.size:
        return total + other.take(np.argsort(at))
    index = np.arange(total.size)
    index[at] = total.size + np.arange(at.size)
    return PiecewiseQuadratic.concatenate([total, total.take(at) + other]).take(index)


def fuse_operators(items: list[Placed], squares: list[tuple[Squares, Operator]]) -> tuple[list[Fused], list]:
    """One term for all piecewise quadratics on one operator, least squares on that operator included."""
    groups: dict[object, list[Placed]] = {}
    for item in items:
        groups.setdefault(item.operator.key, []).append(item)
    left = []
    for square_piece, operator in squares:
        group = groups.get(operator.key)
        if group is None:
            left.append((square_piece, operator))
            continue
        weight = square_piece.weight
        summand = Piece(square(weight.size, weight), square_piece.map, square_piece.label)
        group.append(Placed(summand, operator, np.ones(weight.size), np.arange(weight.size)))
    return [_sum_of(group) for group in groups.values()], left


def _sum_of(group: list[Placed]) -> Fused:
    if len(group) == 1:
        return group[0].alone()
    functions = [item.function for item in group]
    try:
        total = functions[0]
        for function in functions[1:]:
            total = total + function
    except EmptyDomain:
        return _stacked([item.alone() for item in group])
    at = np.arange(total.size)
    shares = [Share(item.piece, item.rows, at, item.scale, f) for item, f in zip(group, functions, strict=True)]
    label = " + ".join(dict.fromkeys(item.piece.label for item in group))
    return Fused(Term(total, group[0].operator, np.zeros(total.size), label), shares)


def merge(terms: list[Fused]) -> list[Fused]:
    """Terms of one mergeable kind on sparse rows become one term (cones of one size, all piecewise quadratics)."""
    groups: dict[object, list[Fused]] = {}
    single: list[Fused] = []
    for fused in terms:
        function, operator = fused.term.function, fused.term.operator
        kind = PiecewiseQuadratic if isinstance(function, PiecewiseQuadratic) else function.kind
        if operator.shape[0] == 1 and kind is PiecewiseQuadratic:
            operator = fused.term.operator = one_row(operator)
            kind = (PiecewiseQuadratic, type(operator)) if isinstance(operator, Dense) else kind
        if (
            kind is not None
            and isinstance(operator, Sparse | Diagonal | Dense)
            and (not isinstance(operator, Dense) or operator.shape[0] == 1)
        ):
            groups.setdefault(kind, []).append(fused)
        else:
            single.append(fused)
    return single + [_stacked(group) for group in groups.values()]


def one_row(operator: Operator) -> Operator:
    """A single row c'x, wherever it comes from, as one dense row if it is mostly filled, else as a sparse one."""
    entries = operator.entries()
    if entries is None or isinstance(operator, Dense | Sparse | Diagonal):
        return operator
    row = entries.toarray() if sp.issparse(entries) else entries
    return Dense(row) if 2 * np.count_nonzero(row) > row.size else Sparse(row)


def _stacked(group: list[Fused]) -> Fused:
    if len(group) == 1:
        return group[0]
    function = type(group[0].term.function).concatenate([fused.term.function for fused in group])
    entries = [fused.term.operator.entries() for fused in group]
    dense = not any(sp.issparse(part) for part in entries)
    operator = Dense(np.vstack(entries)) if dense else Sparse(sp.vstack(entries, format="csr"))
    offset = np.concatenate([fused.term.offset for fused in group])
    shares, start = [], 0
    for fused in group:
        shares += [Share(s.piece, s.rows, s.at + start, s.scale, s.part) for s in fused.shares]
        start += fused.term.function.size
    label = " + ".join(dict.fromkeys(fused.term.label for fused in group))
    return Fused(Term(function, operator, offset, label), shares)
