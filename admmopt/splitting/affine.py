"""Affine CVXPY expressions as operators: a walk over the tree that keeps every constant as the user wrote it.

CVXPY's own canonicalization turns each constant into triplets of one sparse tensor, which takes seconds for a
dense 1500 x 3000 matrix. Here a product with a constant matrix stays a product with that very array.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import cvxpy as cp
import numpy as np
import scipy.sparse as sp
from cvxpy.atoms.affine.add_expr import AddExpression
from cvxpy.atoms.affine.affine_atom import AffAtom
from cvxpy.atoms.affine.binary_operators import DivExpression, MulExpression, multiply
from cvxpy.atoms.affine.broadcast_to import broadcast_to
from cvxpy.atoms.affine.concatenate import Concatenate
from cvxpy.atoms.affine.conv import conv, convolve
from cvxpy.atoms.affine.diag import diag_mat, diag_vec
from cvxpy.atoms.affine.hstack import Hstack
from cvxpy.atoms.affine.index import index, special_index
from cvxpy.atoms.affine.promote import Promote
from cvxpy.atoms.affine.reshape import reshape
from cvxpy.atoms.affine.sum import Sum
from cvxpy.atoms.affine.transpose import transpose
from cvxpy.atoms.affine.unary_operators import NegExpression
from cvxpy.atoms.affine.upper_tri import upper_tri
from cvxpy.atoms.affine.vstack import Vstack
from cvxpy.atoms.affine.wraps import Wrap
from cvxpy.reductions.inverse_data import InverseData
from cvxpy.utilities.coeff_extractor import CoeffExtractor

from ..operators import (
    Convolution,
    Dense,
    Diagonal,
    Identity,
    Operator,
    Sparse,
    add,
    compose,
    left_product,
    right_product,
)

# Atoms that only move entries around: the value of the atom on numbered entries says where each one goes.
SELECTIONS = (
    index,
    special_index,
    reshape,
    transpose,
    Promote,
    broadcast_to,
    Hstack,
    Vstack,
    Concatenate,
    diag_vec,
    diag_mat,
    upper_tri,
    Wrap,
)


@dataclass
class AffineMap:
    """sum_v parts[v] x_v + constant, flattened column by column; v runs over CVXPY variable ids."""

    parts: dict[int, Operator]
    constant: np.ndarray

    @property
    def size(self) -> int:
        return self.constant.size

    @property
    def key(self):
        """Identity of the linear part."""
        return tuple((v, self.parts[v].key) for v in sorted(self.parts))

    def then(self, outer: Operator) -> AffineMap:
        """outer o self."""
        parts = {v: compose(outer, part) for v, part in self.parts.items()}
        return AffineMap(parts, outer.matvec(self.constant))

    def negated(self) -> AffineMap:
        return self.then(Diagonal(np.full(self.size, -1.0)))

    @staticmethod
    def total(maps: list[AffineMap]) -> AffineMap:
        """The sum of maps of one size."""
        if len(maps) == 1:
            return maps[0]
        parts: dict[int, list[Operator]] = {}
        for piece in maps:
            for v, part in piece.parts.items():
                parts.setdefault(v, []).append(part)
        return AffineMap(
            {v: add(group) for v, group in parts.items()}, np.sum([piece.constant for piece in maps], axis=0)
        )


def flat(value) -> np.ndarray:
    """A constant's value as a flat float array, column by column."""
    if sp.issparse(value):
        value = value.toarray()
    return np.asarray(value, dtype=float).ravel(order="F")


class AffineWalk:
    """Walks affine expressions; what depends on no parameter is walked once and remembered."""

    def __init__(self):
        self._kept: dict[tuple[int, str], Any] = {}  # results for parameter-free expressions, by id(expression)
        self._pass: dict[tuple[int, str], Any] = {}  # results of this pass, dropped when parameters change
        self._alive: dict[int, object] = {}  # the expressions behind the ids above
        self._variables: dict[int, bool] = {}
        self._parameters: dict[int, bool] = {}

    def new_pass(self) -> None:
        """Forget what depended on parameter values."""
        self._pass = {}

    def has_variables(self, expr) -> bool:
        return self._depends(expr, self._variables, cp.Variable)

    def has_parameters(self, expr) -> bool:
        return self._depends(expr, self._parameters, cp.Parameter)

    def _depends(self, expr, memo, kind) -> bool:
        found = memo.get(id(expr))
        if found is None:
            found = isinstance(expr, kind) or any(self._depends(arg, memo, kind) for arg in expr.args)
            memo[id(expr)] = found
            self._alive[id(expr)] = expr
        return found

    def _remember(self, expr, tag: str, make):
        """make() once for parameter-free expressions, once a pass for the others."""
        store = self._pass if self.has_parameters(expr) else self._kept
        name = (id(expr), tag)
        if name not in store:
            store[name] = make()
            self._alive[id(expr)] = expr
        return store[name]

    def value(self, expr):
        """Numeric value of an expression without variables: ndarray or sparse, never copied when it is a constant."""
        value = self._remember(expr, "value", lambda: _numeric(expr))
        return value

    def matrix(self, expr, column: bool) -> Operator:
        """A constant as an operator; a 1-D constant becomes a column, or a row."""

        def make():
            value = self.value(expr)
            if sp.issparse(value):
                return Sparse(value)
            value = np.asarray(value, dtype=float)
            if value.ndim == 1:
                value = value.reshape(-1, 1) if column else value.reshape(1, -1)
            return Dense(value)

        return self._remember(expr, f"matrix {column}", make)

    def map(self, expr) -> AffineMap:
        """The affine map of an affine expression."""
        return self._remember(expr, "map", lambda: self._map(expr))

    def _map(self, expr) -> AffineMap:
        if not self.has_variables(expr):
            return AffineMap({}, flat(self.value(expr)))
        if isinstance(expr, cp.Variable):
            return AffineMap({expr.id: Identity(expr.size)}, np.zeros(expr.size))
        return AffineMap.total([self.map(arg).then(outer) for arg, outer in self.jacobian(expr)] + self._shift(expr))

    def _shift(self, expr) -> list[AffineMap]:
        """What the constant arguments of a sum or a stack contribute."""
        if isinstance(expr, (AddExpression, *SELECTIONS)):
            return [self.map(arg).then(outer) for arg, outer in self.jacobian(expr, constants=True)]
        return []

    def jacobian(self, expr, constants: bool = False) -> list[tuple]:
        """Pairs (argument, operator) of an affine atom: how it depends on each argument that has variables
        (or, with `constants`, on each that has none)."""
        pairs = self._remember(expr, "jacobian", lambda: self._jacobian(expr))
        return [(arg, outer) for arg, outer in pairs if self.has_variables(arg) is not constants]

    def _jacobian(self, expr) -> list[tuple]:
        args = expr.args
        if isinstance(expr, AddExpression):
            return [(arg, _broadcast(arg.shape, expr.shape)) for arg in args]
        if isinstance(expr, NegExpression):
            return [(args[0], Diagonal(np.full(expr.size, -1.0)))]
        if isinstance(expr, SELECTIONS):
            return list(zip(args, _selections(expr), strict=True))
        if isinstance(expr, Sum):
            return [(args[0], _summation(expr))]
        if isinstance(expr, multiply):
            return [self._elementwise_product(expr)]
        if isinstance(expr, DivExpression):
            scale = 1 / np.broadcast_to(_dense(self.value(args[1])), expr.shape)
            return [(args[0], compose(Diagonal(flat(scale)), _broadcast(args[0].shape, expr.shape)))]
        if isinstance(expr, MulExpression) and expr.ndim <= 2 and max(arg.ndim for arg in args) <= 2:
            return [self._matrix_product(expr)]
        if isinstance(expr, conv | convolve) and not self.has_variables(args[0]):
            return [(args[1], Convolution(flat(self.value(args[0])), args[1].size))]
        if isinstance(expr, AffAtom):
            return self._by_extraction(expr)
        raise TypeError(f"{type(expr).__name__} is not affine: {expr}")

    def _elementwise_product(self, expr):
        constant, variable = expr.args if not self.has_variables(expr.args[0]) else expr.args[::-1]
        scale = flat(np.broadcast_to(_dense(self.value(constant)), expr.shape))
        return variable, compose(Diagonal(scale), _broadcast(variable.shape, expr.shape))

    def _matrix_product(self, expr):
        left, right = expr.args
        if not self.has_variables(left):
            columns = right.shape[1] if right.ndim == 2 else 1
            return right, left_product(self.matrix(left, column=False), columns)
        rows = left.shape[0] if left.ndim == 2 else 1
        return left, right_product(self.matrix(right, column=True), rows)

    def _by_extraction(self, expr):
        """Any other affine atom: CVXPY's own coefficient extraction, on this one atom alone."""
        stand_ins = [
            cp.Variable(arg.shape) if self.has_variables(arg) else cp.Constant(self.value(arg)) for arg in expr.args
        ]
        clone = expr.copy(stand_ins)
        data = InverseData(cp.Problem(cp.Minimize(0), [clone == 0]))
        tensor = sp.csc_array(CoeffExtractor(data, "SCIPY").affine([clone])).reshape(
            (expr.size, data.x_length + 1), order="F"
        )
        matrix = sp.csr_array(tensor)
        pairs = []
        for arg, stand_in in zip(expr.args, stand_ins, strict=True):
            if isinstance(stand_in, cp.Variable):
                start = data.var_offsets[stand_in.id]
                pairs.append((arg, Sparse(matrix[:, start : start + stand_in.size])))
        return pairs


def _numeric(expr):
    value = expr.value
    if value is None:
        missing = [p.name() for p in expr.parameters() if p.value is None]
        raise ValueError(f"parameter {missing[0]} has no value." if missing else f"{expr} has no value.")
    data = value.data if sp.issparse(value) else np.asarray(value)
    if not np.all(np.isfinite(data)):
        raise ValueError(f"the constant {_name(expr)} contains NaN or Inf.")
    return value if sp.issparse(value) else np.asarray(value, dtype=float)


def _name(expr) -> str:
    text = expr.name()
    return f"{text if len(text) <= 60 else text[:57] + '...'} of shape {expr.shape}"


def _dense(value):
    return value.toarray() if sp.issparse(value) else value


def selection(source: np.ndarray, n: int) -> Operator:
    """Row i takes entry source[i] of an n-vector (source[i] < 0: a zero row)."""
    if source.size == n and np.array_equal(source, np.arange(n)):
        return Identity(n)
    rows = np.flatnonzero(source >= 0)
    return Sparse(sp.csr_array((np.ones(rows.size), (rows, source[rows])), shape=(source.size, n)))


def _broadcast(shape, target) -> Operator:
    size = int(np.prod(shape, dtype=int))
    numbered = np.arange(size).reshape(shape, order="F")
    return selection(np.broadcast_to(numbered, target).ravel(order="F"), size)


def _selections(expr) -> list[Operator]:
    """One operator per argument, read off the atom's value on entries numbered from 1 (0 marks a filled-in zero)."""
    numbered, start = [], 1
    for arg in expr.args:
        numbered.append(np.arange(start, start + arg.size, dtype=float).reshape(arg.shape, order="F"))
        start += arg.size
    source = flat(expr.numeric(numbered)).astype(int)
    operators, start = [], 1
    for arg in expr.args:
        inside = (source >= start) & (source < start + arg.size)
        operators.append(selection(np.where(inside, source - start, -1), arg.size))
        start += arg.size
    return operators


def _summation(expr) -> Operator:
    arg = expr.args[0]
    if arg.size == 0:
        return Sparse(sp.csr_array((expr.size, 0)))
    axes = tuple(range(arg.ndim)) if expr.axis is None else expr.axis
    kept = np.arange(arg.size).reshape(arg.shape, order="F").sum(axis=axes, keepdims=True).shape
    rows = np.broadcast_to(np.arange(expr.size).reshape(kept, order="F"), arg.shape).ravel(order="F")
    return Sparse(sp.csr_array((np.ones(arg.size), (rows, np.arange(arg.size))), shape=(expr.size, arg.size)))
