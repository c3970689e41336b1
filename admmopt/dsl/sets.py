"""Nonconvex sets as constraints: the same loop solves problems with them, and the status can only be `local`."""

from __future__ import annotations

from collections.abc import Sequence

import cvxpy as cp
import numpy as np

from .. import functions as fn
from ..splitting import SetConstraint


class NonconvexSet(SetConstraint):
    """An affine expression in a nonconvex set. `restrict()` gives convex constraints that keep the expression in the
    set near its current value: solving with them turns an approximate local point into an exactly feasible one."""

    def restrict(self) -> list[cp.Constraint]:
        return []

    def _member(self) -> np.ndarray:
        """The point of the set nearest to the expression's value, in its shape."""
        expr = self.args[0]
        y = np.asarray(expr.value, dtype=float).ravel(order="F")
        return self.function().prox(y, 1.0).reshape(expr.shape, order="F")


class _ByName(NonconvexSet):
    """Subclasses set `make` and `title` from their own arguments; CVXPY copies constraints through `get_data`."""

    def __init__(self, expr, make, title, constr_id=None):
        super().__init__(expr, make, title, constr_id)


class Cardinality(_ByName):
    """At most k entries of the expression are nonzero."""

    def __init__(self, expr, k, title: str = "", constr_id=None):
        make = k if callable(k) else _cardinality(int(k))
        super().__init__(expr, make, title or f"cardinality <= {k}", constr_id)

    def restrict(self):
        off = np.flatnonzero(self._member().ravel(order="F") == 0)
        return [cp.vec(self.args[0], order="F")[off] == 0]


class Rank(_ByName):
    """The matrix expression has rank at most r."""

    def __init__(self, expr, r, title: str = "", constr_id=None):
        make = r if callable(r) else (lambda shape: fn.Rank(shape[0], shape[1], int(r)))
        super().__init__(expr, make, title or f"rank <= {r}", constr_id)

    def restrict(self):
        U, s, _ = np.linalg.svd(self._member(), full_matrices=True)
        r = int(np.sum(s > s.max(initial=0.0) * 1e-12))
        return [U[:, r:].T @ self.args[0] == 0] if r < U.shape[0] else []


class FiniteSet(_ByName):
    """Every entry of the expression is one of the given values."""

    def __init__(self, expr, values, title: str = "", constr_id=None):
        if callable(values):
            make = values
        else:
            levels = np.unique(np.asarray(list(values), dtype=float))
            if levels.size == 0:
                raise ValueError("a finite set needs at least one value.")
            make = lambda shape: fn.FiniteSet(int(np.prod(shape, dtype=int)), levels)  # noqa: E731
        super().__init__(expr, make, title or "finite set", constr_id)

    def restrict(self):
        return [self.args[0] == self._member()]


class Boolean(FiniteSet):
    """Every entry of the expression is 0 or 1."""

    def __init__(self, expr, values: Sequence[float] = (0.0, 1.0), title: str = "boolean", constr_id=None):
        super().__init__(expr, values, title, constr_id)


class Sphere(_ByName):
    """The expression has Euclidean norm `radius`."""

    def __init__(self, expr, radius=1.0, title: str = "", constr_id=None):
        make = (
            radius if callable(radius) else (lambda shape: fn.Sphere(1, int(np.prod(shape, dtype=int)), float(radius)))
        )
        super().__init__(expr, make, title or f"sphere of radius {radius}", constr_id)


class Permutation(_ByName):
    """The square matrix expression is a permutation matrix."""

    def __init__(self, expr, order=None, title: str = "permutation", constr_id=None):
        make = order if callable(order) else _permutation
        super().__init__(expr, make, title, constr_id)

    def restrict(self):
        return [self.args[0] == self._member()]


def _cardinality(k: int):
    return lambda shape: fn.Cardinality(int(np.prod(shape, dtype=int)), k)


def _permutation(shape):
    if len(shape) != 2 or shape[0] != shape[1]:
        raise ValueError(f"a permutation matrix is square, got an expression of shape {shape}.")
    return fn.Permutation(shape[0])
