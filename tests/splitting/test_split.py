"""The split problem is the user's problem: same objective, no copies, few terms."""

import cvxpy as cp
import numpy as np
import pytest
import scipy.sparse as sp

import admmopt as ao
from admmopt.functions import FusedLasso, Maximum, PiecewiseQuadratic, TotalVariation
from admmopt.operators import Dense, Identity
from admmopt.splitting import Compiled

rng = np.random.default_rng(1)
A, b = rng.standard_normal((12, 8)), rng.standard_normal(12)
x, X, Y = cp.Variable(8), cp.Variable((3, 4)), cp.Variable((3, 3), symmetric=True)
lam = cp.Parameter(nonneg=True, value=0.7)
PSD = A.T @ A

OBJECTIVES = {
    "lasso": 0.5 * cp.sum_squares(A @ x - b) + lam * cp.norm1(x),
    "weights": cp.sum(cp.multiply(np.arange(12), cp.huber(A @ x - b, 0.5))) + 3 * cp.norm(x, 2),
    "weights by a product": np.arange(1, 13) @ cp.abs(A @ x - b),
    "hinge": cp.sum(cp.pos(1 - cp.multiply(np.sign(b), A @ x))) + cp.sum_squares(x),
    "quantile": 0.9 * cp.sum(cp.pos(A @ x - b)) + 0.1 * cp.sum(cp.neg(A @ x - b)),
    "maximum of several": cp.sum(cp.maximum(x, 2 * x + 1, 0.3)) + cp.max(A @ x) - cp.min(x),
    "minimum": -cp.sum(cp.minimum(x, 1 - x)) + cp.sum_squares(x),
    "smooth": cp.sum(cp.logistic(A @ x)) + cp.sum(cp.exp(x)) - cp.sum(cp.log(x + 5)) - cp.sum(cp.entr(x + 6)),
    "one over x": cp.sum(cp.inv_pos(x + 7)) + cp.sum(x),
    "relative entropy": cp.sum(cp.kl_div(x + 6, np.arange(1, 9))) + cp.sum(cp.rel_entr(np.arange(1, 9), x + 6)),
    "log1p": -cp.sum(cp.log1p(x + 6)) + cp.norm_inf(x),
    "groups": cp.sum(cp.norm(X, 2, axis=0)) + cp.mixed_norm(X, 2, 1) + cp.sum(cp.log_sum_exp(X, axis=1)),
    "extremes by row": cp.sum(cp.max(X, axis=1)) + 2 * cp.norm_inf(X[0]) + cp.sum_largest(X, 3),
    "matrices": cp.normNuc(X) + 2 * cp.sigma_max(X) + cp.norm(X, "fro"),
    "symmetric": cp.lambda_max(Y) + cp.lambda_sum_largest(Y, 2) - cp.log_det(Y + 9 * np.eye(3)),
    "quadratic form": cp.quad_form(x, PSD) + cp.quad_form(x[:3] - 1, np.diag([1.0, 2, 3])) + cp.quad_over_lin(x, 2),
    "quadratic form of a map": cp.quad_form(A[:8] @ x + 1, PSD),
    "squares": cp.sum(cp.square(x - 1)) + cp.norm(A @ x - b) ** 2 + cp.sum(cp.sum_squares(X - 1)),
    "total variation": cp.tv(x) + cp.sum_squares(x - 1) + cp.tv(X),
    "powers": cp.sum(cp.power(x, 4)) + cp.sum(cp.power(x + 6, 3)) + cp.sum(cp.power(x + 6, -0.5)),
    "quadratic over linear": cp.quad_over_lin(x, 9 + x[0]) + cp.sum_largest(x, 2.5),
    "affine": cp.sum(A @ x) + cp.trace(Y) + 4,
}


@pytest.mark.parametrize("name", OBJECTIVES)
def test_the_split_has_the_same_objective(name):
    """... at random points, without a single auxiliary variable: every atom here stays whole."""
    problem = cp.Problem(cp.Minimize(OBJECTIVES[name]))
    compiled = Compiled(problem)
    split = compiled.update()
    free = {v.id: v for v in problem.variables()}
    assert set(compiled.columns) == set(free)
    for seed in range(3):
        draw = np.random.default_rng(seed)
        point = draw.standard_normal(split.n)
        for v in compiled.reduced.variables():
            value = point[compiled.columns[v.id]].reshape(v.shape, order="F")
            if free[v.id].attributes["symmetric"]:
                full = np.zeros((3, 3))
                full[np.triu_indices(3)] = value.ravel()
                value = full + np.triu(full, 1).T
            free[v.id].save_value(value)
        assert split.objective(point) == pytest.approx(float(problem.objective.value), rel=1e-10)


def term_functions(problem):
    return [term.function for term in Compiled(problem).update().terms]


def test_terms_on_one_argument_are_one_term():
    r = A @ x - b
    bounded = cp.Problem(cp.Minimize(cp.norm1(x) + cp.sum(cp.pos(x))), [x >= -1, x <= 2, x[0] == 1])
    (term,) = Compiled(bounded).update().terms
    assert isinstance(term.operator, Identity) and isinstance(term.function, PiecewiseQuadratic)
    quantile = cp.Problem(cp.Minimize(0.9 * cp.sum(cp.pos(r)) + 0.1 * cp.sum(cp.neg(r)) + cp.sum(cp.huber(r))))
    (term,) = Compiled(quantile).update().terms
    assert isinstance(term.operator, Dense) and np.array_equal(term.operator.matrix, A)


def test_two_sides_of_a_constraint_are_one_term():
    S = sp.random_array((9, 8), density=0.5, rng=np.random.default_rng(3), format="csr")
    sides = [S @ x <= 0.5, S @ x >= -0.4, -S @ x <= 0.3, 3 - S @ x >= 0]
    problem = cp.Problem(cp.Minimize(cp.sum_squares(x - 1)), sides)
    (term,) = Compiled(problem).update().terms
    assert term.operator.shape[0] == 9
    assert ao.solve(problem, eps=1e-9).status == "optimal"
    ours = np.hstack([side.dual_value for side in sides])
    problem.solve(solver=cp.CLARABEL)
    np.testing.assert_allclose(ours, np.hstack([side.dual_value for side in sides]), atol=1e-6)


def test_a_scaling_in_front_of_a_matrix_moves_into_the_function():
    labels = np.sign(b)
    problem = cp.Problem(cp.Minimize(cp.sum(cp.pos(1 - cp.multiply(labels, A @ x)))))
    (term,) = Compiled(problem).update().terms
    assert isinstance(term.operator, Dense) and np.array_equal(term.operator.matrix, A)


SELECTED = sp.random_array((9, 8), density=0.5, rng=np.random.default_rng(3), format="csr")
TAU = np.linspace(0.1, 0.9, 12)
LINES = {
    "pinball": lambda: (A @ x - b, lambda r: cp.maximum(cp.multiply(TAU, r), cp.multiply(TAU - 1, r))),
    "sparse": lambda: (SELECTED @ x, lambda r: cp.maximum(r / 3, 2 - r, 0.1)),
    "entries": lambda: (x, lambda r: -cp.minimum(r, 1 - 3 * r, 2.0)),
    "selected rows": lambda: ((A @ x)[:5], lambda r: cp.maximum(r, 0.5 * r + 1)),
    "two variables": lambda: (x[:4] + 2 * cp.vec(X, order="F")[:4], lambda r: cp.maximum(r, -2 * r)),
}


@pytest.mark.parametrize("name", LINES)
def test_the_largest_multiple_of_one_map_is_a_function_of_it(name):
    argument, of = LINES[name]()
    problem = cp.Problem(cp.Minimize(cp.sum(of(argument))))
    split = Compiled(problem).update()
    (term,) = split.terms
    assert isinstance(term.function, PiecewiseQuadratic) and term.function.size == argument.size
    for v in problem.variables():
        v.value = np.random.default_rng(0).standard_normal(v.shape)
    point = np.concatenate([v.value.ravel(order="F") for v in sorted(problem.variables(), key=lambda v: v.id)])
    assert split.objective(point) == pytest.approx(problem.objective.value)


def test_the_largest_of_different_maps_is_a_maximum_of_groups():
    for expr in (cp.maximum(x, x[::-1]), cp.maximum(A @ x, cp.multiply(TAU, A @ x + x[0])), cp.maximum(x[:3], X[:, 0])):
        (term,) = Compiled(cp.Problem(cp.Minimize(cp.sum(expr)))).update().terms
        assert isinstance(term.function, Maximum)


def test_least_squares_rows_and_quadratic_forms_make_no_term():
    split = Compiled(cp.Problem(cp.Minimize(cp.sum_squares(A @ x - b) + cp.quad_form(x, PSD)))).update()
    assert not split.terms and split.P is not None
    assert isinstance(split.squares[0].operator, Dense)


def test_total_variation_and_the_fused_lasso_are_recognized():
    assert isinstance(term_functions(cp.Problem(cp.Minimize(cp.tv(x))))[0], TotalVariation)
    fused = cp.Problem(cp.Minimize(cp.sum_squares(x - b[:8]) + 2 * cp.tv(x) + 0.3 * cp.norm1(x)))
    (function,) = term_functions(fused)
    assert isinstance(function, FusedLasso)


def test_many_small_constraints_become_one_term():
    problem = cp.Problem(cp.Minimize(cp.sum(x)), [A[i] @ x <= i for i in range(12)] + [x[i] >= -i for i in range(8)])
    assert len(Compiled(problem).update().terms) == 2


def test_cones_of_one_size_become_one_term():
    cones = [cp.norm(X[:, j]) <= x[j] for j in range(4)]
    functions = term_functions(cp.Problem(cp.Minimize(cp.sum(x)), [*cones, x >= 0]))
    assert [f.count for f in functions if type(f).__name__ == "SecondOrderCone"] == [4]


def test_norm_balls_need_no_epigraph():
    bound = cp.Parameter(value=1.5)
    problem = cp.Problem(
        cp.Minimize(cp.sum_squares(x - b[:8])),
        [cp.norm1(x) <= bound, cp.norm(A @ x) <= 9, cp.sum_squares(x[:4]) <= 0.1, cp.norm_inf(x[4:]) <= 0.4],
    )
    assert Compiled(problem).n == 8
    for level in (1.5, 0.7):
        bound.value = level
        assert ao.solve(problem, eps=1e-9).status == "optimal"
        ours = np.hstack([np.ravel(c.dual_value) for c in problem.constraints])
        value = problem.value
        problem.solve(solver=cp.CLARABEL)
        assert value == pytest.approx(problem.value, rel=1e-6)
        theirs = np.hstack([np.ravel(c.dual_value) for c in problem.constraints])
        np.testing.assert_allclose(ours, theirs, atol=1e-4)
    bound.value = -1
    assert ao.solve(problem).status == "infeasible"


def test_a_non_dpp_problem_says_so_and_works():
    problem = cp.Problem(cp.Minimize(cp.sum_squares(x - 1) + lam * lam * cp.norm1(x)))
    with pytest.warns(Warning, match="not DPP"):
        solution = ao.solve(problem)
    assert solution.status == "optimal"
    np.testing.assert_allclose(x.value, 1 - 0.5 * 0.49, atol=1e-5)
