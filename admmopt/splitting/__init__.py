"""CVXPY tree -> SplitProblem: the prox table, the shortened CVXPY chain, the affine walk, fusion, and the way back."""

from .compile import Compiled
from .constraints import SetConstraint

__all__ = ["Compiled", "SetConstraint"]
