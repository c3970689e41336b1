"""CVXPY's own chain, shortened: every atom of the prox table stays whole, the rest becomes cones."""

from __future__ import annotations

import warnings

import cvxpy as cp
from cvxpy.atoms.elementwise.power import Power
from cvxpy.atoms.pnorm import Pnorm
from cvxpy.constraints import PSD, SOC, Equality, ExpCone, Inequality, NonNeg, NonPos, PowCone3D, PowConeND, Zero
from cvxpy.problems.problem_form import ProblemForm
from cvxpy.reductions.chain import Chain
from cvxpy.reductions.complex2real import complex2real
from cvxpy.reductions.cone2cone.approx import ApproxCone2Cone
from cvxpy.reductions.cone2cone.exact import ExactCone2Cone
from cvxpy.reductions.cvx_attr2constr import CvxAttr2Constr
from cvxpy.reductions.dcp2cone.dcp2cone import Dcp2Cone
from cvxpy.reductions.dgp2dcp.dgp2dcp import Dgp2Dcp
from cvxpy.reductions.eliminate_zero_sized import EliminateZeroSized
from cvxpy.reductions.eval_params import EvalParams
from cvxpy.reductions.flip_objective import FlipObjective
from cvxpy.reductions.solvers.solver import expand_cones
from cvxpy.utilities.solver_context import SolverInfo

from . import table
from .constraints import NormBall, SetConstraint
from .definite import certify

SUPPORTED = frozenset({Zero, NonNeg, NonPos, Equality, Inequality, SOC, PSD, ExpCone, PowCone3D, PowConeND})


class NotDPP(UserWarning):
    """The problem's parameters do not enter it in a disciplined way, so each solve compiles it anew."""


class Dcp2Prox(Dcp2Cone):
    """Dcp2Cone that leaves an atom whole where it stands in the objective under affine atoms only, and the prox
    table has a row for it. The arguments of such an atom are canonicalized, so they end up affine."""

    def canonicalize_tree(self, expr, affine_above, *caches):
        if affine_above and isinstance(expr, cp.Expression):
            expr = simplify(expr)
        elif type(expr) is Inequality and (ball := NormBall.of(expr)) is not None:
            return ball, []
        return super().canonicalize_tree(expr, affine_above, *caches)

    def canonicalize_expr(self, expr, args, affine_above):
        if affine_above and table.keeps(expr, args):
            return expr.copy(args), []
        return super().canonicalize_expr(expr, args, affine_above)

    def _affine_above_relevant(self, expr, cache) -> bool:
        return True  # what becomes of any subtree depends on whether it may stay whole


def simplify(expr):
    """Rewrites that let more atoms stay whole: ||e||_1 of e >= 0 is a sum, the square of a norm a sum of squares."""
    arg = expr.args[0] if expr.args else None
    if isinstance(expr, cp.norm1) and expr.axis is None and not arg.is_affine() and arg.is_nonneg():
        return cp.sum(arg)
    if isinstance(expr, cp.abs) and not arg.is_affine() and arg.is_nonneg():
        return arg
    if isinstance(expr, Power) and expr.size == 1 and _is_two(expr.p) and isinstance(arg, Pnorm) and arg.p == 2:
        return cp.sum_squares(arg.args[0])
    return expr


def _is_two(p) -> bool:
    return p.is_constant() and not p.parameters() and p.value == 2 if isinstance(p, cp.Expression) else p == 2


def reduce(problem: cp.Problem, gp: bool = False) -> tuple[cp.Problem, Chain, list, bool]:
    """Minimization of affine terms and whole atoms over cones; with the chain and data that lead back.

    Returns (reduced problem, chain, inverse data, dpp). Raises cvxpy.error.DCPError with CVXPY's own reason when the
    problem is not DCP (DGP with `gp`).
    """
    if any(isinstance(c, SetConstraint) for c in problem.constraints):
        accepted = [c.accepted() if isinstance(c, SetConstraint) else c for c in problem.constraints]
        problem = cp.Problem(problem.objective, accepted)
    certify(problem)
    check_convexity(problem, gp)
    dpp = problem.is_dpp("dgp" if gp else "dcp", quad_form_dpp=None if gp else "qp")
    reductions = []
    if not dpp:
        warnings.warn("the problem is not DPP: every solve compiles it anew (see CVXPY's tutorial on DPP).", NotDPP, 7)
        reductions.append(EvalParams())
    if complex2real.accepts(problem):
        reductions.append(complex2real.Complex2Real())
    if gp:
        reductions.append(Dgp2Dcp())
    if type(problem.objective) is cp.Maximize:
        reductions.append(FlipObjective())
    context = SolverInfo(solver="ADMM", supported_constraints=SUPPORTED, supports_bounds=True)
    reductions += [Dcp2Prox(solver_context=context), CvxAttr2Constr(reduce_bounds=False)]
    _, exact, approximate = expand_cones(ProblemForm(problem).cones(quad_obj=False).copy(), SUPPORTED)
    if exact:
        reductions.append(ExactCone2Cone(target_cones=exact, solver_context=context))
    if approximate:
        reductions.append(ApproxCone2Cone(target_cones=approximate))
    reductions.append(EliminateZeroSized())
    chain = Chain(reductions=reductions)
    reduced, inverse = chain.apply(problem)
    return reduced, chain, inverse, dpp


def check_convexity(problem: cp.Problem, gp: bool) -> None:
    """Raise CVXPY's own explanation when the problem is not DCP (DGP)."""
    kind = "DGP" if gp else "DCP"
    if problem.is_dgp() if gp else problem.is_dcp():
        return
    from cvxpy.utilities.debug_tools import build_non_disciplined_error_msg

    hint = "" if gp else "\nIt is DGP: pass gp=True." if problem.is_dgp() else ""
    reason = build_non_disciplined_error_msg(problem, kind)
    raise (
        cp.error.DCPError(f"the problem does not follow the {kind} rules. {reason}{hint}")
        if not gp
        else (cp.error.DGPError(f"the problem does not follow the DGP rules. {reason}"))
    )
