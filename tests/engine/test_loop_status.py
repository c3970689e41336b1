"""A status is a promise: each one on problems where it is the only right answer."""

import numpy as np
import pytest
import scipy.sparse as sp
from planted import lasso, linear_program, quadratic_program

from admmopt.engine import Settings, Workspace, solve
from admmopt.engine.loop import Point, Run
from admmopt.engine.problem import SplitProblem, Term
from admmopt.engine.residuals import measure
from admmopt.engine.standard import Standard
from admmopt.functions.piecewise_library import absolute, box, free
from admmopt.operators import Dense, Diagonal, Identity, Sparse
from admmopt_cpu import Cpu

INF = np.inf


def run(split, **settings):
    return solve(split, Cpu(), Settings(**{"eps": 1e-7, "max_iterations": 20_000, **settings}))


def recomputed(split, solution):
    """The relative residuals, from the returned point and the problem's own data alone."""
    stacked = [np.concatenate([*parts, []]) for parts in (solution.z, solution.y)]
    return measure(Standard(split), solution.x, *stacked).residuals


@pytest.mark.parametrize("seed", range(6))
def test_planted_quadratic_programs(seed):
    split, _ = quadratic_program(seed=seed)
    solution = run(split)
    assert solution.status == "optimal"
    assert recomputed(split, solution).worst <= 1e-7


@pytest.mark.parametrize("seed", range(4))
def test_badly_scaled_rows_and_columns(seed):
    rng = np.random.default_rng(100 + seed)
    rows, columns = 10.0 ** rng.uniform(-3, 3, 20), 10.0 ** rng.uniform(-2, 2, 30)
    split, _ = quadratic_program(seed=seed, rows=rows, columns=columns)
    solution = run(split)
    assert solution.status == "optimal"
    assert recomputed(split, solution).worst <= 1e-7


def test_lasso_meets_its_optimality_conditions():
    split = lasso()
    solution = run(split)
    F, g = split.squares[0].operator.matrix, split.squares[0].target
    gradient = F.T @ (F @ solution.x - g)
    assert solution.status == "optimal"
    assert np.abs(gradient).max() <= 0.5 + 1e-5
    held = solution.z[0] == 0
    assert 0 < held.sum() < held.size
    assert np.allclose(gradient[~held], -0.5 * np.sign(solution.z[0][~held]), atol=1e-5)


def test_value_is_the_objective():
    split = lasso()
    solution = run(split)
    assert solution.value == pytest.approx(split.objective(solution.x), rel=1e-6)


INFEASIBLE = {
    "contradicting rows": linear_program([[1, 1], [1, 1]], [1, -INF], [INF, 0], [1, 1]),
    "rows against bounds": linear_program([[1, 1]], 3, INF, [1, 0], x_lower=0, x_upper=1),
    "equalities": linear_program([[1, 2], [2, 4]], [1, 3], [1, 3], [0, 0]),
    "far from the origin": linear_program([[1, 1]], 1e6 + 10, INF, [0, 1], x_lower=0, x_upper=5e5),
}


@pytest.mark.parametrize("name", INFEASIBLE)
def test_infeasible_with_a_certificate(name):
    split = INFEASIBLE[name]
    solution = run(split)
    assert solution.status == "infeasible"
    assert solution.value == INF
    y, support = solution.certificate, 0.0
    for term, rows in zip(split.terms, split.A.slices, strict=True):
        lo, hi = term.function.domain()
        part = y[rows]
        assert np.all(np.isfinite(np.where(part > 0, hi, lo)[part != 0]))
        support += float(np.sum(np.where(part > 0, hi, lo)[part != 0] * part[part != 0]))
    assert support < 0
    assert np.abs(split.A.rmatvec(y)).max() <= 1e-5 * abs(support)


UNBOUNDED = {
    "a free ray": linear_program([[1, -1]], 0, 0, [-1, 0], x_lower=0),
    "no terms, a linear objective": SplitProblem(n=2, q=np.array([1.0, 0.0])),
    "a flat quadratic": SplitProblem(n=2, q=np.array([0.0, 1.0]), P=Diagonal(np.array([1.0, 0.0]))),
    "a slope steeper than the penalty": SplitProblem(
        n=1, q=np.array([-2.0]), terms=[Term(absolute(1), Identity(1), np.zeros(1))]
    ),
    "a free function": SplitProblem(n=2, q=np.array([1.0, 1.0]), terms=[Term(free(2), Identity(2), np.zeros(2))]),
}


@pytest.mark.parametrize("name", UNBOUNDED)
def test_unbounded_with_a_direction(name):
    split = UNBOUNDED[name]
    solution = run(split)
    assert solution.status == "unbounded"
    assert solution.value == -INF
    d = solution.certificate
    assert solution.residuals.relative[0] <= 1e-4
    start, far = split.smooth(solution.x), split.smooth(solution.x + 1e3 * d)
    for term in split.terms:
        slope, moved = term.function.recession(term.operator.matvec(d))
        assert np.allclose(moved, term.operator.matvec(d), atol=1e-5)
        far += 1e3 * slope
    assert far < start - 100.0


def test_bounded_problems_with_nearly_flat_directions_are_not_called_unbounded():
    P = Diagonal(np.array([1.0, 1e-5]))
    split = SplitProblem(n=2, q=np.array([0.0, 1.0]), P=P, terms=[Term(box(-1e6, 1e6, 2), Identity(2), np.zeros(2))])
    solution = run(split)
    assert solution.status != "unbounded"
    if solution.status == "optimal":
        assert solution.x[1] == pytest.approx(-1e5, rel=1e-3)


def test_barely_feasible_problems_are_not_called_infeasible():
    split = linear_program([[1, 1], [-1, -1]], [1, -1 - 1e-7], [INF, INF], [1, 2], x_lower=0)
    assert run(split).status != "infeasible"


def zero_matrix(function, n, offset):
    """min function(0 x + offset)"""
    operator = Sparse(sp.csr_array((function.size, n)))
    return SplitProblem(n=n, q=np.zeros(n), terms=[Term(function, operator, np.array(offset, dtype=float))])


EMPTY = {
    "nothing at all": SplitProblem(n=0, q=np.zeros(0)),
    "no terms, no objective": SplitProblem(n=3, q=np.zeros(3)),
    "a term without rows": SplitProblem(
        n=2, q=np.zeros(2), terms=[Term(box(0, 1, 0), Sparse(sp.csr_array((0, 2))), np.zeros(0))]
    ),
    "no unknowns, a true constraint": SplitProblem(
        n=0, q=np.zeros(0), terms=[Term(box(-1, 1, 2), Sparse(sp.csr_array((2, 0))), np.array([0.5, -1.0]))]
    ),
    "a zero row that holds": linear_program([[0, 0], [1, 1]], [-1, 1], [1, 1], [1, 1], x_lower=0),
    "a zero quadratic": SplitProblem(n=2, q=np.zeros(2), P=Diagonal(np.zeros(2))),
}


@pytest.mark.parametrize("name", EMPTY)
def test_degenerate_corners_are_optimal(name):
    solution = run(EMPTY[name])
    assert solution.status == "optimal"
    assert np.all(np.isfinite(solution.x))


FALSE = {
    "no unknowns": SplitProblem(
        n=0, q=np.zeros(0), terms=[Term(box(1, 2, 1), Sparse(sp.csr_array((1, 0))), np.zeros(1))]
    ),
    "a zero row": linear_program([[0, 0], [1, 1]], [1, 1], [2, 1], [1, 1], x_lower=0),
}


@pytest.mark.parametrize("name", FALSE)
def test_degenerate_corners_that_contradict_are_infeasible(name):
    assert run(FALSE[name]).status == "infeasible"


def test_a_quadratic_without_terms_is_solved():
    P = Dense(np.array([[2.0, 1.0], [1.0, 3.0]]))
    solution = run(SplitProblem(n=2, q=np.array([1.0, -1.0]), P=P))
    assert solution.status == "optimal"
    assert np.allclose(P.matrix @ solution.x, [-1.0, 1.0], atol=1e-6)


def test_nonfinite_data_is_named():
    split = lasso()
    split.q[3] = np.nan
    with pytest.raises(ValueError, match="NaN or infinite"):
        run(split)


def test_a_function_of_the_wrong_size_is_named():
    split = SplitProblem(n=2, q=np.zeros(2), terms=[Term(box(0, 1, 3), Identity(2), np.zeros(2), "bounds")])
    with pytest.raises(ValueError, match=r"bounds.*takes 3 entries.*2 rows"):
        run(split)


def test_what_goes_wrong_after_a_point_was_solved_does_not_undo_it():
    """After residuals below eps the loop looks on for a better objective; an iterate that breaks down is no news."""
    split = lasso()
    solved = run(split)
    going_on = Run(split, Cpu(), Settings(eps=1e-7), Workspace(), None)
    going_on.start(None)
    x, z, y = solved.state.x, solved.state.z, solved.state.y
    broken = Point(x, z, y, measure(Standard(split), np.full_like(x, np.nan), z, y))
    assert going_on.verdict(broken, 0 * x, 0 * y) == "inaccurate_backend"
    going_on.keep(Point(x, z, y, measure(Standard(split), x, z, y)))
    assert going_on.verdict(broken, 0 * x, 0 * y) == "optimal"
