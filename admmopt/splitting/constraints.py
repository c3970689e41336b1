"""Constraints over cones, with affine arguments, as pieces that know how to read their dual values back."""

from __future__ import annotations

from collections.abc import Callable

import cvxpy as cp
import numpy as np
from cvxpy.atoms.pnorm import Pnorm
from cvxpy.constraints import PSD, SOC, Equality, ExpCone, Inequality, NonNeg, NonPos, PowCone3D, PowConeND, Zero

from .. import functions as fn
from .affine import AffineMap, AffineWalk, flat
from .pieces import Piece, from_svec, interleave, svec_operator


class SetConstraint(cp.constraints.constraint.Constraint):
    """An affine expression lies in a set that CVXPY does not know, given by its proximable indicator.

    Such a constraint travels through CVXPY's reductions like any other. Only this engine can solve it: to all others
    it says that it is not convex, so that no other solver drops it in silence; the engine asks for `accepted`.
    """

    def __init__(self, expr, make: Callable[[tuple[int, ...]], fn.base.Function], name: str, constr_id=None):
        super().__init__([cp.Expression.cast_to_const(expr)], constr_id)
        self.make, self.title = make, name
        self.function()  # a set that does not fit the expression is refused here

    def function(self):
        return self.make(self.args[0].shape)

    def accepted(self) -> SetConstraint:
        """The same constraint for this engine's own chain, in which it counts as one over a cone."""
        return AcceptedSet(self.args[0], self.make, self.title, self.id)

    def get_data(self):
        return [self.make, self.title, self.id]

    def name(self) -> str:
        return f"{self.title}({self.args[0].name()})"

    def is_dcp(self, dpp: bool = False) -> bool:
        return False

    def is_dgp(self, dpp: bool = False) -> bool:
        return False

    def is_dqcp(self) -> bool:
        return self.is_dcp()

    @property
    def residual(self):
        """Distance to the set, infinity norm; None without a value."""
        value = self.args[0].value
        if value is None:
            return None
        y = flat(value)
        return float(np.abs(y - self.function().prox(y, 1.0)).max(initial=0.0))


class AcceptedSet(SetConstraint):
    """A SetConstraint inside this engine's own chain."""

    def is_dcp(self, dpp: bool = False) -> bool:
        return self.args[0].is_affine()


def _set(constraint, walk):
    map = walk.map(constraint.args[0])
    return Piece(constraint.function(), map, constraint.title, constraint.id, _shaped(constraint, 1.0))


class NormBall(cp.constraints.constraint.Constraint):
    """||e|| <= r with e affine and r constant: a projection onto a ball, in place of an epigraph variable and a cone.

    `order` is 1, 2 or inf; `squared`: the constraint was ||e||_2^2 <= r.
    """

    def __init__(self, expr, radius, order: float, squared: bool, constr_id=None):
        super().__init__([expr, radius], constr_id)
        self.order, self.squared = order, squared

    def get_data(self):
        return [self.order, self.squared, self.id]

    def name(self) -> str:
        return f"ball({self.args[0].name()})"

    def is_dcp(self, dpp: bool = False) -> bool:
        return True

    def is_dgp(self, dpp: bool = False) -> bool:
        return False

    def is_dqcp(self) -> bool:
        return True

    @property
    def residual(self):
        return None

    @classmethod
    def of(cls, constraint: Inequality) -> NormBall | None:
        """The ball that `atom(e) <= r` describes, or None where the inequality has another form."""
        atom, radius = constraint.args
        if (
            not radius.is_constant()
            or not radius.size == 1
            or not atom.size == 1
            or getattr(atom, "axis", 0) is not None
        ):
            return None
        if not atom.args[0].is_affine() or not atom.args[0].is_real():
            return None
        if isinstance(atom, cp.norm1):
            return cls(atom.args[0], radius, 1.0, False)
        if isinstance(atom, cp.norm_inf):
            return cls(atom.args[0], radius, np.inf, False)
        if isinstance(atom, Pnorm) and atom.p == 2:
            return cls(atom.args[0], radius, 2.0, False)
        if isinstance(atom, cp.quad_over_lin) and atom.args[1].is_constant() and not atom.args[1].parameters():
            return cls(atom.args[0], radius * atom.args[1], 2.0, True)
        return None


def _ball(constraint, walk):
    """The dual of ||e|| <= r is the dual norm of y in the normal cone at e: y = lambda g with ||g||_* = 1."""
    map, order = walk.map(constraint.args[0]), constraint.order
    level = float(flat(walk.value(constraint.args[1]))[0])
    shape = constraint.args[1].shape
    if level < 0:  # no such point: a row that says so
        empty = AffineMap({}, np.array([-level]))
        return Piece(fn.nonpos(1), empty, "ball", constraint.id, lambda y: y.reshape(shape))
    radius = np.sqrt(level) if constraint.squared else level
    made = {1.0: fn.L1Ball, 2.0: fn.L2Ball}
    function = made[order](1, map.size, radius) if order in made else fn.box(-radius, radius, map.size)
    dual_order = {1.0: np.inf, 2.0: 2, np.inf: 1}[order]
    slope = 2 * radius if constraint.squared else 1.0  # d ||e||^2 = 2 ||e|| d ||e||
    return Piece(
        function,
        map,
        "ball",
        constraint.id,
        lambda y: np.full(shape, np.linalg.norm(y, dual_order) / slope if slope else 0.0),
    )


def constraint_pieces(constraint, walk: AffineWalk) -> list[Piece]:
    """One piece per constraint. The dual of `expr in K` is -y for y in the normal cone of K at expr."""
    build = next((_BUILDERS[kind] for kind in type(constraint).__mro__ if kind in _BUILDERS), None)
    if build is None:
        raise TypeError(f"no rule for constraints of type {type(constraint).__name__}: {constraint}")
    if constraint.size == 0:
        return []
    return [build(constraint, walk)]


def _shaped(constraint, sign: float):
    shape = constraint.args[0].shape if not isinstance(constraint, Equality | Inequality) else constraint.shape
    return lambda y: sign * y.reshape(shape, order="F")


def _equality(constraint, walk):
    expr = constraint.expr if isinstance(constraint, Equality) else constraint.args[0]
    map = walk.map(expr)
    return Piece(fn.zero(map.size), map, "equality", constraint.id, _shaped(constraint, 1.0))


def _inequality(constraint, walk):
    expr = constraint.expr if isinstance(constraint, Inequality) else constraint.args[0]
    map = walk.map(expr)
    return Piece(fn.nonpos(map.size), map, "inequality", constraint.id, _shaped(constraint, 1.0))


def _nonneg(constraint, walk):
    map = walk.map(constraint.args[0])
    return Piece(fn.nonneg(map.size), map, "inequality", constraint.id, _shaped(constraint, -1.0))


def _second_order(constraint, walk):
    t, X = constraint.args
    count, dim = constraint.num_cones(), constraint.cone_sizes()[0]
    numbered = np.arange(count * dim).reshape(count, dim)
    inside = numbered[:, 1:]
    if not (X.ndim == 2 and constraint.axis == 1):
        inside = inside.T  # each column of X is a cone
    map = interleave([walk.map(t), walk.map(X)], [numbered[:, 0], inside.ravel(order="F")])
    return Piece(fn.SecondOrderCone(count, dim), map, "second-order cone", constraint.id, lambda y: -y)


def _semidefinite(constraint, walk):
    shape = constraint.args[0].shape
    count = int(np.prod(shape[:-2], dtype=int))
    map = walk.map(constraint.args[0]).then(svec_operator(shape))
    return Piece(fn.PSDCone(count, shape[-1]), map, "semidefinite cone", constraint.id, lambda y: from_svec(-y, shape))


def _exponential(constraint, walk):
    count = constraint.args[0].size
    maps = [walk.map(arg) for arg in constraint.args]
    map = interleave(maps, [3 * np.arange(count) + j for j in range(3)])
    return Piece(fn.ExponentialCone(count), map, "exponential cone", constraint.id, lambda y: -y)


def _power3(constraint, walk):
    count = constraint.args[0].size
    alpha = np.broadcast_to(flat(walk.value(cp.Constant(constraint.alpha.value))), (count,)).copy()
    maps = [walk.map(arg) for arg in constraint.args]
    map = interleave(maps, [3 * np.arange(count) + j for j in range(3)])
    return Piece(fn.PowerCone(count, alpha), map, "power cone", constraint.id, lambda y: -y.reshape(-1, 3).T)


def _power(constraint, walk):
    W, z = constraint.args
    alpha = np.asarray(constraint.alpha.value, dtype=float)
    if alpha.ndim == 1:
        alpha = alpha[:, None] if constraint.axis == 0 else alpha[None, :]
    alpha = alpha.T if constraint.axis == 0 else alpha  # (cones, dim)
    count, dim = alpha.shape
    numbered = np.arange(count * (dim + 1)).reshape(count, dim + 1)
    inside = numbered[:, :-1].T if W.ndim < 2 or constraint.axis == 0 else numbered[:, :-1]
    map = interleave([walk.map(W), walk.map(z)], [inside.ravel(order="F"), numbered[:, -1]])
    function = fn.PowerConeND(alpha)
    return Piece(function, map, "power cone", constraint.id, lambda y: -y.reshape(count, dim + 1).T)


_BUILDERS = {
    SetConstraint: _set,
    NormBall: _ball,
    Zero: _equality,
    Equality: _equality,
    Inequality: _inequality,
    NonPos: _inequality,
    NonNeg: _nonneg,
    SOC: _second_order,
    PSD: _semidefinite,
    ExpCone: _exponential,
    PowCone3D: _power3,
    PowConeND: _power,
}


def bound_pieces(variable, walk: AffineWalk) -> list[Piece]:
    """The bounds that a variable carries as attributes (nonneg, nonpos, pos, neg, bounds) as one box."""
    attributes = variable.attributes
    lower, upper = np.full(variable.size, -np.inf), np.full(variable.size, np.inf)
    if attributes["nonneg"] or attributes["pos"]:
        lower[:] = 0
    if attributes["nonpos"] or attributes["neg"]:
        upper[:] = 0
    if attributes["bounds"] is not None:
        lo, hi = (_bound(bound, variable.shape) for bound in attributes["bounds"])
        lower, upper = np.maximum(lower, lo), np.minimum(upper, hi)
    if not (np.isfinite(lower).any() or np.isfinite(upper).any()):
        return []
    if np.any(lower > upper):
        raise ValueError(f"the lower bound of variable {variable.name()} exceeds its upper bound.")
    return [Piece(fn.box(lower, upper), walk.map(variable), "bounds")]


def _bound(bound, shape) -> np.ndarray:
    value = bound.value if isinstance(bound, cp.Expression) else bound
    if value is None:
        raise ValueError(f"the bound {bound} has no value.")
    return np.broadcast_to(np.asarray(value, dtype=float), shape).ravel(order="F")
