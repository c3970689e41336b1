"""The objective as a sum of weighted atoms: weights are pushed from the root down through affine atoms."""

from __future__ import annotations

import numpy as np

from . import table
from .affine import AffineWalk
from .pieces import Linear


class Objective:
    """Pieces of a canonicalized objective; an atom's are rebuilt only if its weights or parameters changed."""

    def __init__(self, walk: AffineWalk):
        self.walk = walk
        self._built: dict[int, tuple[np.ndarray, list]] = {}
        self._affine: dict[int, bool] = {}

    def pieces(self, expr) -> list:
        """Everything in `expr` (scalar, affine in the atoms that the table keeps)."""
        found: list = []
        self._push(expr, np.ones(1), found)
        return found

    def _push(self, expr, c: np.ndarray, found: list) -> None:
        """Collect c'expr. c: one weight per entry of expr, column by column."""
        if self._is_affine(expr):
            found.append(Linear(self.walk.map(expr), c))
        elif type(expr) in table.TABLE:
            found.extend(self._atom(expr, c))
        else:
            pairs = self.walk.jacobian(expr)
            still = self.walk.jacobian(expr, constants=True)
            for arg, outer in pairs + still:
                self._push(arg, outer.rmatvec(c), found)

    def _is_affine(self, expr) -> bool:
        known = self._affine.get(id(expr))
        if known is None:
            known = type(expr) not in table.TABLE and all(self._is_affine(arg) for arg in expr.args)
            known = known or not self.walk.has_variables(expr)
            self._affine[id(expr)] = known
        return known

    def _atom(self, atom, c: np.ndarray) -> list:
        built = self._built.get(id(atom))
        if built is not None and np.array_equal(built[0], c) and not self.walk.has_parameters(atom):
            return built[1]
        pieces = table.build(atom, c, self.walk)
        self._built[id(atom)] = (c, pieces)
        return pieces
