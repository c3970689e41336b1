"""admmopt: declare a problem in CVXPY's language, solve it by splitting, on the backend you name.

``import admmopt as ao`` re-exports CVXPY's modelling names (the same objects) and adds `solve`, `explain`,
`solve_path`, `sweep`, `eigs`, `templates`, `Problem`, `ADMM` and the nonconvex sets.
"""

import cvxpy as _cvxpy
from cvxpy import *  # noqa: F403

from . import dsl as dsl
from . import templates as templates
from .backend_api import BackendError as BackendError
from .dsl.path import solve_path as solve_path
from .dsl.problem import Problem as Problem
from .dsl.sets import Boolean as Boolean
from .dsl.sets import Cardinality as Cardinality
from .dsl.sets import FiniteSet as FiniteSet
from .dsl.sets import Permutation as Permutation
from .dsl.sets import Rank as Rank
from .dsl.sets import Sphere as Sphere
from .dsl.solution import Solution as Solution
from .dsl.solve import explain as explain
from .dsl.solve import solve as solve
from .dsl.solve import solve_method
from .dsl.sweep import sweep as sweep
from .engine.status import Status as Status
from .interfaces.conic import ADMM as ADMM
from .templates.eigen import eigs as eigs

__version__ = "0.1.0"


_cvxpy.Problem.register_solve("admm", solve_method)
