"""The content of a CBF file as the terms of a split problem: one term per family of cones."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import scipy.sparse as sp

from ...engine.problem import Term
from ...functions import PSDCone, box
from ...operators import Identity, Sparse
from .cbf_cones import INF, LINEAR, Cone, arrangement, function_of
from .problem_file import Labels
from .svec import svec_names, svec_position, svec_unit

if TYPE_CHECKING:
    from .cbf import Content

Terms = tuple[list[Term], list[Labels]]


def build_terms(content: Content, start: np.ndarray) -> Terms:
    """Bounds and cones of the columns, then of the rows, then matrices. start: first column of each matrix variable."""
    total, n = int(start[-1]), content.scalars
    A, b = _affine(content, start)
    selection = sp.eye_array(n, total, format="csr")
    parts = [
        _bounds(content.variables, total, [f"x[{j}]" for j in range(n)]),
        _cones(content.variables, selection, np.zeros(n), "x"),
        _linear_rows(content.constraints, A, b),
        _cones(content.constraints, A, b, "c"),
        _matrix_variables(content, start),
        _matrix_constraints(content, total),
    ]
    return [term for terms, _ in parts for term in terms], [label for _, labels in parts for label in labels]


def _affine(content: Content, start: np.ndarray) -> tuple[sp.csr_array, np.ndarray]:
    """The scalar rows A x + b, matrix variables included. A: (rows, total)."""
    linear, matrix = content.table("ACOORD", 3), content.table("FCOORD", 5)
    columns, values = svec_entries(matrix, content.matrix_variables, start)
    row = np.concatenate([linear[:, 0], matrix[:, 0]]).astype(int)
    column = np.concatenate([linear[:, 1].astype(int), columns])
    value = np.concatenate([linear[:, 2], values])
    A = sp.csr_array((value, (row, column)), shape=(content.rows, int(start[-1])))
    b = np.zeros(content.rows)
    constants = content.table("BCOORD", 2)
    np.add.at(b, constants[:, 0].astype(int), constants[:, 1])
    return A, b


def _limits(cones: list[Cone]) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """lower, upper, and which entries lie in a linear cone, of all entries in order."""
    ends = [LINEAR.get(cone.kind, (-INF, INF)) for cone in cones]
    sizes = [cone.dim for cone in cones]
    linear = np.repeat([cone.kind in LINEAR for cone in cones], sizes)
    return np.repeat([e[0] for e in ends], sizes), np.repeat([e[1] for e in ends], sizes), linear.astype(bool)


def _bounds(cones: list[Cone], total: int, names: list[str]) -> Terms:
    lower, upper, _ = _limits(cones)
    if not np.any(np.isfinite(lower) | np.isfinite(upper)):
        return [], []
    lo, hi = np.full(total, -INF), np.full(total, INF)
    lo[: lower.size], hi[: upper.size] = lower, upper
    if total == len(names):
        return [Term(box(lo, hi), Identity(total), np.zeros(total), "bounds")], [Labels(names)]
    selection = sp.eye_array(len(names), total, format="csr")
    return [Term(box(lower, upper), Sparse(selection), np.zeros(len(names)), "bounds")], [Labels(names)]


def _linear_rows(cones: list[Cone], A: sp.csr_array, b: np.ndarray) -> Terms:
    """All rows in linear cones as one two-sided box on A x."""
    lower, upper, linear = _limits(cones)
    index = np.flatnonzero(linear & (np.isfinite(lower) | np.isfinite(upper)))
    if not index.size:
        return [], []
    function = box(lower[index] - b[index], upper[index] - b[index])
    term = Term(function, Sparse(A[index]), np.zeros(index.size), "rows")
    return [term], [Labels([f"c[{i}]" for i in index])]


def _cones(cones: list[Cone], A: sp.csr_array, b: np.ndarray, name: str) -> Terms:
    """One term per family of nonlinear cones."""
    families: dict[tuple, list[Cone]] = {}
    for cone in cones:
        if cone.kind not in LINEAR:
            families.setdefault(cone.family, []).append(cone)
    terms, labels = [], []
    for (kind, dim, _), members in families.items():
        index = (np.array([cone.start for cone in members])[:, None] + np.arange(dim)).reshape(-1)
        rows, offset, turn = A[index], b[index], arrangement(members)
        if turn is not None:
            rows, offset = turn @ rows, turn @ offset
        label = f"{kind} cones of {'variables' if name == 'x' else 'rows'}, {dim} entries each"
        terms.append(Term(function_of(members), Sparse(rows), offset, label))
        labels.append(Labels([f"{name}[{i}]" for i in index], None if turn is None else turn.T))
    return terms, labels


def _matrix_variables(content: Content, start: np.ndarray) -> Terms:
    """Every matrix variable, picked out of the columns, is semidefinite."""
    n, total = content.scalars, int(start[-1])
    selection = sp.eye_array(total - n, total, k=n, format="csr")
    return _matrices(content.matrix_variables, selection, np.zeros(total - n), "X")


def _matrix_constraints(content: Content, total: int) -> Terms:
    """sum_j x_j svec(H_ij) + svec(D_i) of every matrix constraint i is semidefinite."""
    orders = content.matrix_constraints
    first = np.concatenate([[0], np.cumsum([order * (order + 1) // 2 for order in orders])]).astype(int)
    H, D = content.table("HCOORD", 5), content.table("DCOORD", 4)
    rows, values = svec_entries(np.delete(H, 1, axis=1), orders, first)
    A = sp.csr_array((values, (rows, H[:, 1].astype(int))), shape=(int(first[-1]), total))
    offset = np.zeros(int(first[-1]))
    places, constants = svec_entries(D, orders, first)
    np.add.at(offset, places, constants)
    return _matrices(orders, A, offset, "C")


def _matrices(orders: list[int], A: sp.csr_array, offset: np.ndarray, name: str) -> Terms:
    """One term per order of the semidefinite matrices whose svec rows follow each other in A and offset."""
    first = np.concatenate([[0], np.cumsum([order * (order + 1) // 2 for order in orders])]).astype(int)
    terms, labels = [], []
    for order in sorted(set(orders)):
        members = [k for k, other in enumerate(orders) if other == order]
        index = (first[members][:, None] + np.arange(order * (order + 1) // 2)).reshape(-1)
        what = "matrix variables" if name == "X" else "matrix rows"
        term = Term(PSDCone(len(members), order), Sparse(A[index]), offset[index], f"{what} of order {order}")
        terms.append(term)
        names = [entry for k in members for entry in svec_names(f"{name}{k}", order)]
        labels.append(Labels(names, sp.diags_array(np.tile(svec_unit(order), len(members)))))
    return terms, labels


def svec_entries(entries: np.ndarray, orders: list[int], start: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Where the entries (..., matrix, i, j, value) of symmetric matrices, one triangle given, lie in svec; their values
    there. start: where each matrix begins."""
    matrix, i, j = (entries[:, k].astype(int) for k in (-4, -3, -2))
    row, col = np.maximum(i, j), np.minimum(i, j)
    order = np.array([*orders, 0])[matrix]
    scale = np.where(row == col, 1.0, np.sqrt(2.0))
    return start[matrix] + svec_position(row, col, order), entries[:, -1] * scale
