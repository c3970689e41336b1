"""CVXPY problem -> SplitProblem and back, compiled once; parameters re-enter without recompiling."""

from __future__ import annotations

from typing import Any

import cvxpy as cp
import cvxpy.settings as cps
import numpy as np
import scipy.sparse as sp
from cvxpy.reductions.solution import Solution as CvxpySolution

from ..engine.problem import SplitProblem
from ..engine.solution import SplitSolution
from ..engine.status import Status
from ..operators import Composition, Dense, Operator, Sparse, add
from .affine import AffineMap, AffineWalk
from .assemble import assemble
from .constraints import bound_pieces, constraint_pieces
from .fuse import on_x, piece_duals
from .objective import Objective
from .pieces import Linear, Piece, Quadratic, Squares
from .reduce import reduce

_CVXPY_STATUS = {
    Status.OPTIMAL: cps.OPTIMAL,
    Status.INFEASIBLE: cps.INFEASIBLE,
    Status.UNBOUNDED: cps.UNBOUNDED,
    Status.LOCAL: cps.USER_LIMIT,
    Status.LIMIT: cps.USER_LIMIT,
    Status.INACCURATE_BACKEND: cps.USER_LIMIT,
}


class Compiled:
    """A CVXPY problem, split."""

    def __init__(self, problem: cp.Problem, gp: bool = False):
        self.problem = problem
        self.reduced, self.chain, self.inverse, self.dpp = reduce(problem, gp)
        self.walk = AffineWalk()
        self.objective = Objective(self.walk)
        self.variables = sorted(self.reduced.variables(), key=lambda v: v.id)
        self.columns, self.n = {}, 0
        for variable in self.variables:
            self.columns[variable.id] = slice(self.n, self.n + variable.size)
            self.n += variable.size
        self._constraint_pieces: dict[int, list[Piece]] = {}
        self._quadratics: dict[object, Operator] = {}
        self._parameters = {p.id: p for p in problem.parameters()}
        self._last_values: dict[int, object] | None = None
        self.split: SplitProblem | None = None
        self.fused: list = []

    def update(self) -> SplitProblem:
        """The split problem at the current parameter values; what depends on none of them is not touched."""
        values = {key: _snapshot(p) for key, p in self._parameters.items()}
        if self.split is not None and _same(values, self._last_values):
            return self.split
        for reduction in self.chain.reductions:
            reduction.update_parameters(self.problem)
        self.walk.new_pass()
        self.split = self._assemble()
        self._last_values = values
        return self.split

    def _assemble(self) -> SplitProblem:
        pieces: list = self.objective.pieces(self.reduced.objective.expr)
        for constraint in self.reduced.constraints:
            pieces += self._of_constraint(constraint)
        for variable in self.variables:
            pieces += bound_pieces(variable, self.walk)

        split = SplitProblem(self.n, np.zeros(self.n))
        matrices: list[Operator] = []
        squares = [p for p in pieces if isinstance(p, Squares)]
        for piece in pieces:
            if isinstance(piece, Linear):
                self._linear(split, piece.map, piece.c)
            elif isinstance(piece, Quadratic):
                self._quadratic(split, piece, matrices, squares)
        split.P = add(matrices) if matrices else None
        functions = [p for p in pieces if isinstance(p, Piece)]
        self.fused, split.squares = assemble(functions, squares, self.columns, self.n)
        split.terms = [fused.term for fused in self.fused]
        return split

    def _of_constraint(self, constraint) -> list[Piece]:
        built = self._constraint_pieces.get(id(constraint))
        if built is None or any(self.walk.has_parameters(arg) for arg in constraint.args):
            built = constraint_pieces(constraint, self.walk)
            self._constraint_pieces[id(constraint)] = built
        return built

    def _linear(self, split: SplitProblem, map: AffineMap, c: np.ndarray) -> None:
        split.constant += float(c @ map.constant)
        for v, op in map.parts.items():
            split.q[self.columns[v]] += op.rmatvec(c)

    def _quadratic(self, split, piece: Quadratic, matrices: list[Operator], squares: list[Squares]) -> None:
        """1/2 e'P e with e = B x + b: B'P B joins P where B only places entries (or all is sparse); else rows of a
        square root of P, so that nothing dense is multiplied out."""
        B, b, P = on_x(piece.map, self.columns, self.n), piece.map.constant, piece.P
        if isinstance(B, Composition | Dense) or (not B.single_entry_rows and not sp.issparse(P)):
            root = _root(P)
            squares.append(Squares(piece.map.then(Dense(root)), np.ones(root.shape[0]), piece.label))
            return
        Pb = P @ b
        split.q += B.rmatvec(Pb)
        split.constant += 0.5 * float(b @ Pb)
        key = (id(P), B.key)
        if key not in self._quadratics:
            entries: Any = B.entries()
            if sp.issparse(P):
                matrix: Operator = Sparse(entries.T @ P @ entries)
            elif B.shape == (self.n, self.n) and np.array_equal(entries.indices, np.arange(self.n)):
                matrix = Dense(entries.data[:, None] * P * entries.data)
            else:
                matrix = Composition(Sparse(entries.T), Composition(Dense(P), Sparse(entries)))
            self._quadratics = {**self._quadratics, key: matrix}
        matrices.append(self._quadratics[key])

    def invert(self, solution: SplitSolution) -> None:
        """Values, duals and status into the user's own CVXPY objects."""
        status = _CVXPY_STATUS[solution.status]
        if status in cps.SOLUTION_PRESENT:
            primal = {v.id: solution.x[self.columns[v.id]].reshape(v.shape, order="F") for v in self.variables}
            raw = CvxpySolution(status, solution.value, primal, self.duals(solution), {})
        else:
            infeasible = solution.status == Status.INFEASIBLE
            duals = self.duals(solution) if infeasible else {}
            raw = CvxpySolution(status, np.inf if infeasible else -np.inf, {}, duals, {})
        self.problem.unpack(self.chain.invert(raw, self.inverse))
        if solution.status == Status.LOCAL:
            self.problem._status = str(Status.LOCAL)  # CVXPY has no word for it

    def direction(self, solution: SplitSolution) -> dict[cp.Variable, np.ndarray]:
        """The direction of an unbounded problem, by the user's own variables (not defined for geometric programs)."""
        primal = {v.id: solution.certificate[self.columns[v.id]].reshape(v.shape, order="F") for v in self.variables}
        raw = self.chain.invert(CvxpySolution(cps.OPTIMAL, 0.0, primal, {}, {}), self.inverse)
        return {v: raw.primal_vars[v.id] for v in self.problem.variables()}

    def duals(self, solution: SplitSolution) -> dict[int, object]:
        """Dual values of the reduced problem's constraints, by constraint id."""
        found = piece_duals(self.fused, solution.z, solution.y, solution.certificate)
        duals = {}
        for share in (share for fused in self.fused for share in fused.shares):
            if share.piece.constraint is not None:
                duals[share.piece.constraint] = share.piece.decode(found[id(share.piece)])
        return duals


def _root(P) -> np.ndarray:
    """R with R'R = P, for a dense or sparse PSD P, without its null space."""
    w, V = np.linalg.eigh(P.toarray() if sp.issparse(P) else P)
    keep = w > w.max(initial=0.0) * 1e-14
    return (V[:, keep] * np.sqrt(w[keep])).T


def _snapshot(parameter):
    value = parameter.value
    return value.copy() if hasattr(value, "copy") else value


def _same(left, right) -> bool:
    if left.keys() != right.keys():
        return False
    for key, a in left.items():
        b = right[key]
        if sp.issparse(a) or sp.issparse(b):
            return False
        if (a is None) != (b is None) or (a is not None and not np.array_equal(a, b)):
            return False
    return True
