"""`ao.solve` end to end against Clarabel, values and duals; re-solves; statuses; messages."""

import subprocess
import sys

import cvxpy as cp
import numpy as np
import pytest
import scipy.sparse as sp

import admmopt as ao

rng = np.random.default_rng(7)
A, b = rng.standard_normal((15, 6)), rng.standard_normal(15)
S = A.T @ A / 15 + 0.1 * np.eye(6)


def models():
    """Small models that between them use every cone and most rows of the table; bounded, with unique duals."""
    x, X = cp.Variable(6), cp.Variable((6, 6), symmetric=True)
    z = cp.Variable((3, 2), complex=True)
    total = cp.sum(x)
    yield (
        "lasso with bounds",
        cp.Problem(cp.Minimize(cp.sum_squares(A @ x - b) + cp.norm1(x)), [x >= -0.1, total == 0.2]),
    )
    yield "lp", cp.Problem(cp.Minimize(b[:6] @ x), [A @ x <= 1, x >= -1, x <= 2])
    yield "maximize", cp.Problem(cp.Maximize(cp.sum(cp.log(x)) - cp.sum_squares(x)), [A @ x <= 4])
    yield "portfolio", cp.Problem(cp.Minimize(cp.quad_form(x, S) - b[:6] @ x), [total == 1, x >= 0, cp.norm(x) <= 0.8])
    yield "socp", cp.Problem(cp.Minimize(total), [cp.norm(A @ x - b) <= 5 + x[0], cp.norm(x) <= 3])
    yield "sdp", cp.Problem(cp.Minimize(cp.trace(S @ X)), [X >> np.eye(6), X[0, 1] == 0.3, cp.trace(X) <= 20])
    yield (
        "covariance",
        cp.Problem(cp.Minimize(cp.trace(S @ X) - cp.log_det(X) + 0.1 * cp.sum(cp.abs(X))), [X[0, 0] <= 1]),
    )
    yield "entropy", cp.Problem(cp.Maximize(cp.sum(cp.entr(x))), [total == 1, A[:2] @ x == A[:2].mean(axis=1)])
    yield (
        "exponential",
        cp.Problem(cp.Minimize(cp.log_sum_exp(A @ x - b)), [cp.exp(x[0]) + cp.exp(x[1]) <= 1, x >= -2, x <= 2]),
    )
    yield "power", cp.Problem(cp.Minimize(cp.sum(cp.power(x + 2, 3)) - total), [cp.geo_mean(x + 1) >= 0.9, x <= 3])
    yield "kl", cp.Problem(cp.Minimize(cp.sum(cp.kl_div(x, np.arange(1, 7)))), [total == 10, x <= 4])
    yield "nuclear", cp.Problem(cp.Minimize(cp.normNuc(X) + cp.sum_squares(X - S)), [X[0, 0] == 0.5])
    yield (
        "complex",
        cp.Problem(cp.Minimize(cp.sum_squares(z - (1 + 2j)) + cp.norm1(cp.real(z))), [cp.abs(z[0, 0]) <= 1]),
    )
    yield "duplicates", cp.Problem(cp.Minimize(cp.sum_squares(x + 1)), [x >= 0, A[0] @ x <= 5, x[0] >= 0.5, x <= 9])


MODELS = dict(models())


@pytest.mark.parametrize("name", MODELS)
def test_values_and_duals_agree_with_clarabel(name):
    problem = MODELS[name]
    solution = ao.solve(problem, eps=1e-9)
    assert solution.status == "optimal", solution
    value, duals = problem.value, [c.dual_value for c in problem.constraints]
    points = [v.value for v in problem.variables()]
    problem.solve(solver=cp.CLARABEL)
    assert value == pytest.approx(problem.value, rel=1e-5, abs=1e-6)
    for ours, v in zip(points, problem.variables(), strict=True):
        np.testing.assert_allclose(ours, v.value, atol=2e-3)
    for ours, c in zip(duals, problem.constraints, strict=True):
        np.testing.assert_allclose(np.hstack([np.ravel(ours)]), np.hstack([np.ravel(c.dual_value)]), atol=2e-3)


def test_geometric_programs():
    x = cp.Variable(2, pos=True)
    problem = cp.Problem(cp.Minimize(x[0] / x[1] + x[1]), [x[0] >= 2, x[0] * x[1] <= 5])
    solution = ao.solve(problem, gp=True, eps=1e-8)
    value = problem.value
    problem.solve(gp=True, solver=cp.CLARABEL)
    assert solution.status == "optimal" and value == pytest.approx(problem.value, rel=1e-6)


def parametrized():
    lam, target, M = cp.Parameter(nonneg=True), cp.Parameter(15), cp.Parameter((15, 6))
    top = cp.Parameter()
    x = cp.Variable(6)
    objective = 0.5 * cp.sum_squares(M @ x - target) + lam * cp.norm1(x)
    return cp.Problem(cp.Minimize(objective), [x <= top, cp.sum(x) >= -1]), (lam, target, M, top)


def test_a_resolve_equals_a_fresh_solve():
    problem, (lam, target, M, top) = parametrized()
    draw = np.random.default_rng(0)
    for step in range(6):
        lam.value = float(draw.uniform(0, 2))
        if step % 2 == 0:
            target.value, top.value = draw.standard_normal(15), float(draw.uniform(0.05, 0.5))
        if step % 3 == 0:
            M.value = draw.standard_normal((15, 6))
        assert ao.solve(problem, eps=1e-9).status == "optimal"
        again = problem.value
        fresh = cp.Problem(problem.objective, problem.constraints)
        assert ao.solve(fresh, eps=1e-9).value == pytest.approx(again, rel=1e-6)
        fresh.solve(solver=cp.CLARABEL)
        assert fresh.value == pytest.approx(again, rel=1e-5)


def test_a_new_lambda_keeps_the_factorization():
    B, c = rng.standard_normal((40, 120)), rng.standard_normal(40)
    lam, x = cp.Parameter(nonneg=True, value=2.0), cp.Variable(120)
    problem = cp.Problem(cp.Minimize(cp.sum_squares(B @ x - c) + lam * cp.norm1(x)))
    first = ao.solve(problem)
    lam.value = 1.8
    second = ao.solve(problem)
    assert second.status == "optimal"
    assert second.backend_report["factorizations"] == first.backend_report["factorizations"]


def test_solves_are_deterministic():
    runs = []
    for _ in range(2):
        x = cp.Variable(6)
        solution = ao.solve(cp.Problem(cp.Minimize(cp.norm1(A @ x - b) + cp.norm(x)), [x >= -1]))
        runs.append((solution.iterations, x.value.tobytes()))
    assert runs[0] == runs[1]


def test_certificates_prove_what_they_say():
    x = cp.Variable(6)
    problem = cp.Problem(cp.Minimize(cp.sum_squares(x)), [A @ x <= -1, A @ x >= 1])
    solution = ao.solve(problem)
    assert solution.status == "infeasible" and problem.status == "infeasible" and problem.value == np.inf
    lower, upper = (
        c.dual_value for c in problem.constraints
    )  # y >= 0 with A'(upper - lower) = 0, 1'(lower + upper) > 0
    assert lower.min() >= 0 and upper.min() >= 0 and (lower + upper).sum() > 0
    assert np.abs(A.T @ (lower - upper)).max() < 1e-6 * (lower + upper).sum()
    unbounded = cp.Problem(cp.Minimize(cp.sum(x)), [x <= 1])
    solution = ao.solve(unbounded)
    assert solution.status == "unbounded" and unbounded.value == -np.inf
    assert solution.direction[x].sum() < 0 and solution.direction[x].max() < 1e-6 * np.abs(solution.direction[x]).max()


def test_rows_of_one_constraint_that_bound_the_same_entry_share_its_dual():
    """Three rows of a sparse A on x[0]: their multipliers add up to the reduced cost; one certificate, likewise."""
    x = cp.Variable(3)
    rows = sp.csr_array([[-10.0, 0, 0], [-10.0, 0, 0], [-5.0, 0, 0], [0, 2.0, 0]])
    above = rows @ x <= np.array([0.0, 0.0, 0.0, 5.0])
    below = x >= -1
    ao.solve(cp.Problem(cp.Minimize(x[0] - x[1] + x[2]), [above, below]), eps=1e-9)
    assert rows.T @ above.dual_value - below.dual_value == pytest.approx([-1.0, 1.0, -1.0], abs=1e-6)
    rows[3, 1], held = -2.0, cp.sum(x[:2]) >= 7  # with x[0] <= 2, three times over, and x[1] <= 4
    above = -rows @ x <= np.array([20.0, 20.0, 10.0, 8.0])
    assert ao.solve(cp.Problem(cp.Minimize(cp.sum(x)), [above, held])).status == "infeasible"
    assert -rows.T @ above.dual_value == pytest.approx(held.dual_value * np.array([1.0, 1.0, 0.0]), rel=1e-6)
    assert held.dual_value > 0


def test_contradictory_bounds_on_one_variable():
    x = cp.Variable(3)
    assert ao.solve(cp.Problem(cp.Minimize(cp.sum(x)), [x >= 1, x <= 0])).status == "infeasible"


@pytest.mark.parametrize("scale", [1e-6, 1e6])
def test_badly_scaled_data(scale):
    x = cp.Variable(6)
    D = np.diag(np.logspace(-3, 3, 6))
    plain = cp.Problem(cp.Minimize(cp.sum_squares(A @ x - b)), [x >= -0.5])
    plain.solve(solver=cp.CLARABEL)
    scaled = cp.Problem(cp.Minimize(scale * cp.sum_squares(A @ D @ x - b)), [D @ x >= -0.5])
    solution = ao.solve(scaled, eps=1e-9)
    assert solution.status == "optimal"
    assert scaled.value / scale == pytest.approx(plain.value, rel=1e-3)


def test_empty_problems():
    x = cp.Variable(3)
    assert ao.solve(cp.Problem(cp.Minimize(0))).status == "optimal"
    assert ao.solve(cp.Problem(cp.Minimize(0), [x >= 1])).status == "optimal" and x.value.min() >= 1 - 1e-6
    nothing = cp.Variable(0)
    assert ao.solve(
        cp.Problem(cp.Minimize(cp.sum_squares(x - 1) + cp.sum(nothing)), [nothing >= 1])
    ).value == pytest.approx(0)


def test_limits_keep_the_best_iterate():
    x = cp.Variable(6)
    problem = cp.Problem(cp.Minimize(cp.norm1(A @ x - b)))
    stopped = ao.solve(problem, max_iterations=5)
    assert stopped.status == "limit" and np.all(np.isfinite(x.value)) and stopped.residuals.worst > 1e-6
    rows = []
    ended = ao.solve(problem, warm_start=False, callback=lambda row: rows.append(row) or len(rows) == 2)
    assert ended.status == "limit" and len(rows) == 2 and "callback" in ended.message


def test_an_interrupt_loses_nothing():
    x = cp.Variable(6)

    def interrupt(row):
        if row.iteration >= 5:
            raise KeyboardInterrupt

    solution = ao.solve(cp.Problem(cp.Minimize(cp.norm1(A @ x - b))), callback=interrupt)
    assert solution.status == "limit" and np.all(np.isfinite(x.value))


def refused(make, kind, text):
    with pytest.raises(kind, match=text):
        ao.solve(*make()) if isinstance(make(), tuple) else ao.solve(make())


def test_mistakes_are_named():
    x = cp.Variable(3, name="weights")
    good = cp.Problem(cp.Minimize(cp.sum(x)), [x >= 0])
    refused(lambda: cp.Problem(cp.Minimize(cp.sqrt(x[0]))), cp.error.DCPError, "DCP")
    refused(lambda: cp.Problem(cp.Minimize(cp.sum(x)), [x >= np.array([0, np.nan, 1])]), ValueError, "NaN or Inf")
    refused(lambda: (good, "abacus"), ao.BackendError, "abacus.*installed: cpu")
    refused(
        lambda: cp.Problem(cp.Minimize(cp.sum(cp.Variable(2, name="pick", boolean=True)))),
        ValueError,
        "pick is boolean",
    )
    refused(lambda: "x", TypeError, "CVXPY problem")
    with pytest.raises(ValueError, match="eps"):
        ao.solve(good, eps=0)
    with pytest.raises(ValueError, match="time_limit"):
        ao.solve(good, time_limit=-1)
    with pytest.raises(ValueError, match="demand"):
        ao.solve(cp.Problem(cp.Minimize(cp.sum(x)), [x >= cp.Parameter(3, name="demand")]))


def test_importing_is_light():
    """No torch, no plotting library, until they are asked for."""
    heavy = ("torch", "matplotlib.pyplot", "sklearn", "numba")
    code = f"import sys, admmopt; print([m for m in {heavy} if m in sys.modules])"
    out = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True).stdout
    assert out.strip() == "[]"


def test_modelling_names_are_cvxpys_own():
    assert ao.Variable is cp.Variable and ao.norm1 is cp.norm1 and issubclass(ao.Problem, cp.Problem)


def test_the_three_doors_agree():
    x = cp.Variable(6)
    problem = cp.Problem(cp.Minimize(cp.sum_squares(A @ x - b) + cp.norm1(x)), [cp.sum(x) == 1])
    value = ao.solve(problem, eps=1e-8).value
    assert problem.solve(method="admm", backend="cpu", eps=1e-8) == pytest.approx(value, rel=1e-6)
    assert problem.solve(solver=ao.ADMM(), eps=1e-8) == pytest.approx(value, rel=1e-6)
    assert problem.solver_stats.num_iters > 0


def test_the_plug_in_keeps_its_factorization():
    x, c = cp.Variable(6), cp.Parameter(6, value=np.ones(6))
    problem = cp.Problem(cp.Minimize(cp.sum_squares(A @ x - b) + c @ x), [x >= -1])
    solver = ao.ADMM(eps=1e-8)
    problem.solve(solver=solver)
    first = problem.solver_stats.extra_stats.backend_report["factorizations"]
    c.value = np.full(6, 1.1)
    problem.solve(solver=solver)
    assert problem.solver_stats.extra_stats.backend_report["factorizations"] == first
    with pytest.raises(ValueError, match="espilon"):
        problem.solve(solver=solver, espilon=1)


def test_explain_says_how():
    x = cp.Variable(6)
    explanation = ao.explain(cp.Problem(cp.Minimize(cp.sum_squares(A @ x - b) + cp.norm1(x)), [x >= 0]))
    assert explanation.unknowns == 6 and len(explanation.terms) == 1
    text = str(explanation)
    assert "norm1" in text and "identity" in text and explanation.system["form"] in text
