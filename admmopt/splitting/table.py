"""The prox table: which CVXPY atoms stay whole, one row each. To add an atom, add a row.

A row turns ``sum_i c_i atom_i(arguments)`` with affine arguments into pieces. c holds one weight per entry of the
atom, column by column; it is nonnegative for a convex atom and has been negated for a concave one.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import cvxpy as cp
import numpy as np
import scipy.sparse as sp
from cvxpy.atoms.elementwise.power import Power, PowerApprox
from cvxpy.atoms.max import max as cp_max
from cvxpy.atoms.min import min as cp_min
from cvxpy.atoms.norm_nuc import normNuc
from cvxpy.atoms.pnorm import Pnorm, PnormApprox
from cvxpy.atoms.quad_form import QuadForm

from .. import functions as fn
from .affine import AffineMap, AffineWalk, flat
from .lines import multiples
from .pieces import Linear, Piece, Quadratic, Squares, grouped, interleave, rows_of, svec_operator

Build = Callable[..., list]


@dataclass(frozen=True)
class Row:
    build: Build
    concave: bool
    condition: Callable[..., bool]


TABLE: dict[type, Row] = {}


def row(*atoms: type, concave: bool = False, when: Callable[..., bool] = lambda atom, args: True):
    """Register a row: `build(atom, c, walk)` for these atom classes; `when(atom, args)` may decline."""

    def register(build: Build) -> Build:
        for atom in atoms:
            TABLE[atom] = Row(build, concave, when)
        return build

    return register


def keeps(atom, args) -> bool:
    """Does the table keep this atom whole, given its canonicalized arguments?"""
    entry = TABLE.get(type(atom))
    return entry is not None and all(arg.is_real() for arg in args) and bool(entry.condition(atom, args))


def build(atom, c: np.ndarray, walk: AffineWalk) -> list:
    """Pieces of sum_i c_i atom_i. Raises ValueError when the weights' sign makes the sum nonconvex."""
    entry = TABLE[type(atom)]
    weight = -c if entry.concave else c
    if np.any(weight < 0):
        raise ValueError(f"a parameter's value makes the objective nonconvex: it multiplies {atom.name()[:60]}.")
    return entry.build(atom, weight, walk)


def constant(expr) -> bool:
    return not expr.variables()


# --- elementwise, piecewise linear-quadratic ---------------------------------------------------------------------


def elementwise(atom, c, walk, make, lower: float = -np.inf) -> list:
    """A piece make(weights) on the entries with a nonzero weight; the others keep the atom's domain, y >= lower."""
    map, name = walk.map(atom.args[0]), type(atom).__name__
    used, idle = np.flatnonzero(c), np.flatnonzero(c == 0)
    pieces = [Piece(make(c[used]), rows_of(map, used), name)] if used.size else []
    if idle.size and lower > -np.inf:
        pieces.append(Piece(fn.box(lower, np.inf, idle.size), rows_of(map, idle), f"domain of {name}"))
    return pieces


@row(cp.abs)
def _(atom, c, walk):
    return elementwise(atom, c, walk, lambda w: fn.absolute(w.size, w))


@row(cp.norm1)
def _(atom, c, walk):
    order, _, dim = grouped(atom.args[0].shape, atom.axis)
    weight, map = np.repeat(c, dim), rows_of(walk.map(atom.args[0]), order)
    used = np.flatnonzero(weight)
    return [Piece(fn.absolute(used.size, weight[used]), rows_of(map, used), "norm1")] if used.size else []


@row(cp.huber)
def _(atom, c, walk):
    M = float(np.asarray(atom.M.value).ravel()[0])
    return elementwise(atom, c, walk, lambda w: fn.huber(w.size, M).scaled(w))


def _broadcast_to(walk, arg, shape) -> AffineMap:
    return walk.map(arg if arg.shape == shape else cp.broadcast_to(arg, shape))


def _extreme(atom, c, walk, sign: float):
    """max (sign 1) or min (sign -1, negated) of several affine arguments, entry by entry."""
    moving = [arg for arg in atom.args if not constant(arg)]
    still = [np.broadcast_to(flat_shaped(walk.value(arg)), atom.shape) for arg in atom.args if constant(arg)]
    used = np.flatnonzero(c)
    if used.size == 0:
        return []
    floor = sign * np.max([sign * s for s in still], axis=0).ravel(order="F")[used] if still else None
    maps = [rows_of(_broadcast_to(walk, arg, atom.shape), used) for arg in moving]
    if len(maps) == 1:  # c max(e, k) = c (e - k)+ + c k
        shifted = AffineMap(maps[0].parts, maps[0].constant - floor)
        part = fn.positive(used.size, c[used]) if sign > 0 else fn.negative(used.size, c[used])
        level = Linear(AffineMap({}, sign * floor), c[used])
        return [Piece(part, shifted, type(atom).__name__), level]
    if still:
        maps.append(AffineMap({}, floor))
    if (found := multiples(maps)) is not None:
        base, scales = found
        constants = np.array([map.constant for map in maps])
        return [Piece(fn.max_affine(sign * c[used] * scales, sign * c[used] * constants), base, type(atom).__name__)]
    k = len(maps)
    together = interleave(maps, [np.arange(used.size) * k + j for j in range(k)])
    if sign < 0:
        together = together.negated()
    return [Piece(fn.Maximum(used.size, k, c[used]), together, type(atom).__name__)]


def flat_shaped(value):
    return value.toarray() if sp.issparse(value) else np.asarray(value, dtype=float)


@row(cp.maximum)
def _(atom, c, walk):
    return _extreme(atom, c, walk, 1.0)


@row(cp.minimum, concave=True)
def _(atom, c, walk):
    return _extreme(atom, c, walk, -1.0)


# --- quadratics --------------------------------------------------------------------------------------------------


def _known_power(atom, args) -> bool:
    return constant(atom.p) and not atom.p.parameters() and atom.p_used not in (0.0, 1.0)


@row(Power, PowerApprox, when=lambda atom, args: _known_power(atom, args) and not 0 < atom.p_used < 1)
def _(atom, c, walk):
    p = float(atom.p_used)
    if p == 2:
        used = np.flatnonzero(c)
        return [Squares(rows_of(walk.map(atom.args[0]), used), 2 * c[used], "square")] if used.size else []
    if p < 0:
        return elementwise(atom, c, walk, lambda w: fn.InversePower(w, -p), lower=0.0)
    even = p % 2 == 0
    return elementwise(atom, c, walk, lambda w: fn.Power(w, p, not even), lower=-np.inf if even else 0.0)


@row(cp.quad_over_lin, when=lambda atom, args: constant(args[1]) or atom.axis is None)
def _(atom, c, walk):
    order, _, dim = grouped(atom.args[0].shape, atom.axis)
    if not constant(atom.args[1]):
        maps = [walk.map(arg) for arg in atom.args]
        together = interleave(maps, [np.arange(dim), np.array([dim])])
        return [Piece(fn.QuadOverLin(1, dim + 1, c), together, "quad_over_lin")] if c[0] else []
    weight = 2 * np.repeat(c, dim) / float(flat(walk.value(atom.args[1]))[0])
    used = np.flatnonzero(weight)
    map = rows_of(rows_of(walk.map(atom.args[0]), order), used)
    return [Squares(map, weight[used], "sum_squares")] if used.size else []


@row(QuadForm, when=lambda atom, args: constant(args[1]) and args[1].is_psd())
def _(atom, c, walk):
    P = walk.value(atom.args[1])
    P = sp.csr_array(P) if sp.issparse(P) else np.asarray(P)
    return [Quadratic(walk.map(atom.args[0]), c[0] * (P + P.T), "quad_form")] if c[0] else []


# --- elementwise, smooth -----------------------------------------------------------------------------------------


@row(cp.exp)
def _(atom, c, walk):
    return elementwise(atom, c, walk, fn.Exp)


@row(cp.logistic)
def _(atom, c, walk):
    return elementwise(atom, c, walk, fn.Logistic)


@row(cp.log, concave=True)
def _(atom, c, walk):
    return elementwise(atom, c, walk, fn.NegLog, lower=0.0)


@row(cp.log1p, concave=True)
def _(atom, c, walk):
    pieces = elementwise(atom, c, walk, fn.NegLog, lower=0.0)
    return [Piece(p.function, AffineMap(p.map.parts, p.map.constant + 1), p.label) for p in pieces]


@row(cp.xexp)
def _(atom, c, walk):
    return elementwise(atom, c, walk, fn.Xexp, lower=0.0)


@row(cp.entr, concave=True)
def _(atom, c, walk):
    return elementwise(atom, c, walk, fn.Entropy, lower=0.0)


def _one_constant(atom, args) -> bool:
    return constant(args[0]) != constant(args[1])


@row(cp.rel_entr, cp.kl_div, when=_one_constant)
def _(atom, c, walk):
    """x log(x/y), and x log(x/y) - x + y, with x or y constant."""
    x, y = (_broadcast_to(walk, arg, atom.shape) for arg in atom.args)
    name, kl = type(atom).__name__, isinstance(atom, cp.kl_div)
    pieces: list = []
    if constant(atom.args[0]):
        weight = c * x.constant
        value = np.where(x.constant > 0, x.constant * np.log(np.maximum(x.constant, 1e-300)), 0.0)
        pieces = [Piece(fn.NegLog(weight), y, name), Linear(AffineMap({}, value), c)]
    else:
        pieces = [Piece(fn.Entropy(c), x, name), Linear(x, -c * np.log(y.constant))]
    return pieces + ([Linear(x, -c), Linear(y, c)] if kl else [])


# --- groups ------------------------------------------------------------------------------------------------------


def by_groups(atom, c, walk, make) -> list:
    """A piece make(count, dim, weights) on the groups with a nonzero weight."""
    order, count, dim = grouped(atom.args[0].shape, atom.axis)
    used = np.flatnonzero(c)
    if used.size == 0 or dim == 0:
        return []
    order = order.reshape(count, dim)[used].ravel()
    return [Piece(make(used.size, dim, c[used]), rows_of(walk.map(atom.args[0]), order), type(atom).__name__)]


@row(Pnorm, PnormApprox, when=lambda atom, args: atom.p == 2)
def _(atom, c, walk):
    return by_groups(atom, c, walk, fn.EuclideanNorm)


@row(cp.norm_inf)
def _(atom, c, walk):
    return by_groups(atom, c, walk, fn.NormInf)


@row(cp_max)
def _(atom, c, walk):
    return by_groups(atom, c, walk, fn.Maximum)


@row(cp_min, concave=True)
def _(atom, c, walk):
    pieces = by_groups(atom, c, walk, fn.Maximum)
    return [Piece(piece.function, piece.map.negated(), "min") for piece in pieces]


@row(cp.log_sum_exp)
def _(atom, c, walk):
    return by_groups(atom, c, walk, fn.LogSumExp)


@row(cp.sum_largest)
def _(atom, c, walk):
    k = float(atom.k)
    return by_groups(atom, c, walk, lambda count, dim, w: fn.SumLargest(count, dim, min(k, dim), w))


# --- matrices ----------------------------------------------------------------------------------------------------


@row(normNuc)
def _(atom, c, walk):
    return _matrix(atom, c, walk, fn.NuclearNorm)


@row(cp.sigma_max)
def _(atom, c, walk):
    return _matrix(atom, c, walk, fn.SpectralNorm)


def _matrix(atom, c, walk, make) -> list:
    rows, columns = atom.args[0].shape
    return [Piece(make(rows, columns, float(c[0])), walk.map(atom.args[0]), type(atom).__name__)] if c[0] else []


def _symmetric(atom, c, walk, make) -> list:
    shape = atom.args[0].shape
    map = walk.map(atom.args[0]).then(svec_operator(shape))
    return [Piece(make(shape[-1], float(c[0])), map, type(atom).__name__)] if c[0] else []


def _one_matrix(atom, args) -> bool:
    return len(args[0].shape) == 2


@row(cp.log_det, concave=True, when=_one_matrix)
def _(atom, c, walk):
    return _symmetric(atom, c, walk, fn.NegLogDet)


@row(cp.lambda_max, when=_one_matrix)
def _(atom, c, walk):
    return _symmetric(atom, c, walk, fn.LambdaMax)


@row(cp.lambda_sum_largest, when=_one_matrix)
def _(atom, c, walk):
    return _symmetric(atom, c, walk, lambda order, w: fn.SumLargestEigenvalues(order, int(atom.k), w))
