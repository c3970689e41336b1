"""CVXPY's own solver tests, through both doors: objective, primal, dual, complementarity."""

import cvxpy as cp
import cvxpy.settings as cps
import pytest
from cvxpy.tests import solver_test_helpers as sth

import admmopt as ao

FAMILIES = [
    sth.StandardTestLPs,
    sth.StandardTestQPs,
    sth.StandardTestSOCPs,
    sth.StandardTestSDPs,
    sth.StandardTestECPs,
    sth.StandardTestMixedCPs,
    sth.StandardTestPCPs,
]
SOLVER = ao.ADMM()


def continuous(family) -> list:
    """Every continuous case of one family (mixed-integer ones carry `mi_` in their names)."""
    return [getattr(family, name) for name in dir(family) if name.startswith("test_") and "_mi_" not in name]


def test_lp_7(solver, places: int = 4, **options):
    """CVXPY's case runs only where SDPA-GMP is installed; this is the same problem and check without it."""
    helper = sth.lp_7()
    helper.solve(solver, **options)
    helper.verify_objective(places)


def test_qp_bound_attr(solver, places: int = 4, **options):
    """CVXPY's case reads the data layout of QP solvers; the same checks on the layout of conic ones."""
    helper = sth.qp_bound_attr()
    data, _, _ = helper.prob.get_problem_data(solver)
    assert data[cps.LOWER_BOUNDS] is not None and data[cps.UPPER_BOUNDS] is not None
    assert data[cps.DIMS].nonneg == 0
    helper.solve(solver, **options)
    helper.verify_objective(places)
    helper.verify_primal_values(places)


REPLACED = {"test_lp_7": test_lp_7, "test_qp_bound_attr": test_qp_bound_attr}
for function in REPLACED.values():
    function.__test__ = False

CASES = [REPLACED.get(case.__name__, case) for family in FAMILIES for case in continuous(family)]
INFEASIBLE = continuous(sth.StandardTestInfeasibleProblems)


@pytest.fixture(params=["plug-in", "method"])
def door(request, monkeypatch):
    """The plug-in as it is; for the method door, every `prob.solve(solver=...)` of the helpers goes to the method."""
    if request.param == "method":
        plain = cp.Problem.solve
        monkeypatch.setattr(cp.Problem, "solve", lambda self, solver=None, **kw: plain(self, method="admm", **kw))
    return request.param


@pytest.mark.parametrize("case", CASES, ids=lambda case: case.__name__)
def test_continuous_cases(case, door):
    case(solver=SOLVER, eps=1e-9)


@pytest.mark.parametrize("case", INFEASIBLE, ids=lambda case: case.__name__)
def test_infeasible_cases(case, door):
    helper = case(solver=SOLVER)
    assert helper is None or helper.prob.status == cp.INFEASIBLE
