"""Where only products with A are at hand: the linearized step, restarted Halpern, and conjugate gradients."""

import cvxpy as cp
import numpy as np
import pytest
import scipy.sparse as sp
from planted import lasso, linear_program

import admmopt as ao
from admmopt.engine import Settings, Workspace, solve
from admmopt.engine.anderson import Plain
from admmopt.engine.halpern import Halpern
from admmopt.engine.linearized import Linearized
from admmopt.engine.problem import SplitProblem, Term
from admmopt.engine.residuals import measure
from admmopt.engine.standard import Standard
from admmopt.engine.step import Step
from admmopt.functions.piecewise_library import absolute, box
from admmopt.operators import Dense, Identity, Sparse
from admmopt_cpu import Cpu
from admmopt_cpu.cg import ConjugateGradient

INF = np.inf


class ProductsOnly(Cpu):
    """A backend that factorizes nothing."""

    def prepare(self, system):
        return ConjugateGradient(system, None, "nothing is factorized here")


def planted_linear_program(seed, m=20, n=40):
    """min q'x, A x = b, x >= 0, built backwards from a strictly complementary pair; returns (split, x)."""
    rng = np.random.default_rng(seed)
    x = np.where(np.arange(n) < m, rng.uniform(0.5, 2.0, n), 0.0)
    A = sp.random_array((m, n), density=0.2, rng=rng, format="csr") + sp.eye_array(m, n, format="csr")
    q = A.T @ rng.normal(size=m) + np.where(x == 0, rng.uniform(0.5, 2.0, n), 0.0)
    b = A @ x
    terms = [
        Term(box(b, b), Sparse(A), np.zeros(m), "rows"),
        Term(box(0.0, INF, n), Identity(n), np.zeros(n), "bounds"),
    ]
    return SplitProblem(n=n, q=q, terms=terms), x


def least_absolute_deviations(seed=0, m=60, n=15):
    rng = np.random.default_rng(seed)
    A, g = rng.normal(size=(m, n)), rng.standard_t(2, size=m)
    return SplitProblem(n=n, q=np.zeros(n), terms=[Term(absolute(m), Dense(A), -g)])


def test_halpern_turns_a_slow_rotation_into_a_fast_one():
    rng = np.random.default_rng(0)
    n = 8
    angles = np.linspace(0.02, 0.3, n // 2)
    blocks = [np.array([[np.cos(t), -np.sin(t)], [np.sin(t), np.cos(t)]]) for t in angles]
    R, solution = sp.block_diag(blocks).toarray(), rng.normal(size=n)
    errors = {}
    for name, outer in (("plain", Plain()), ("halpern", Halpern())):
        outer.restart(np.ones(n))
        w = np.zeros(n)
        for k in range(1, 1001):
            Tw = 0.5 * (w + solution + R @ (w - solution))  # firmly nonexpansive
            if k % 25 == 0 and name == "halpern":
                outer.due(w, Tw)
            w = outer.next(w, Tw, plain=k % 25 == 0)
        errors[name] = np.linalg.norm(w - solution)
    assert errors["halpern"] < 1e-2 < 0.1 < errors["plain"]


def test_halpern_restarts_from_the_plain_step_and_only_at_checks():
    outer = Halpern()
    outer.restart(np.ones(2))
    first = outer.next(np.zeros(2), np.array([1.0, 0.0]))
    assert np.array_equal(first, [1.0, 0.0]), "half of the reflected step"
    assert outer.due(first, first + [0.1, 0.0]), "the residual fell below a fifth"
    reached = first + [0.1, 0.0]
    assert outer.next(first, reached, plain=True) is reached
    assert outer.anchor is None, "the next point is the new anchor"


@pytest.mark.parametrize("seed", range(3))
def test_the_linearized_step_is_nonexpansive_in_its_own_metric(seed):
    """|w|^2 = x'(M - K)x + sigma |x|^2 + rho |v|^2, with sigma in K."""
    split, _ = planted_linear_program(seed)
    standard, workspace, backend = Standard(split), Workspace(), ProductsOnly()
    workspace.prepare(standard, backend)
    solver, penalty, n = workspace.solver, workspace.penalty, standard.n
    assert isinstance(solver, Linearized)
    step = Step(standard, backend, solver, 1.0)
    step.penalties(penalty.rho, penalty.sigma)
    A = standard.A.entries().toarray()
    S = np.diag(solver.metric) - A.T @ (penalty.rho[:, None] * A)
    assert np.linalg.eigvalsh(S).min() > -1e-9 * solver.metric.max()

    def length(w):
        return float(w[:n] @ S @ w[:n] + w[n:] @ (penalty.rho * w[n:]))

    rng = np.random.default_rng(seed)
    for _ in range(5):
        one, two = rng.normal(size=(2, n + standard.m))
        images = [step.apply(w, step.prox(w[n:])) for w in (one, two)]
        assert length(images[0] - images[1]) <= length(one - two) * (1 + 1e-6)


@pytest.mark.parametrize("seed", range(4))
def test_linear_programs_without_factorizations(seed):
    split, x = planted_linear_program(seed)
    solution = solve(split, ProductsOnly(), Settings(eps=1e-7))
    assert solution.status == "optimal"
    assert solution.backend_report["form"] == "linearized"
    assert measure(Standard(split), solution.x, *map(np.concatenate, (solution.z, solution.y))).residuals.worst <= 1e-7
    assert np.allclose(solution.x, x, atol=1e-4)


def test_the_same_answer_as_with_factorizations_and_twice_the_same():
    split = least_absolute_deviations()
    direct = solve(split, Cpu(), Settings(eps=1e-8))
    one, two = (solve(split, ProductsOnly(), Settings(eps=1e-7)) for _ in range(2))
    assert direct.status == one.status == "optimal"
    assert one.value == pytest.approx(direct.value, rel=1e-6)
    assert one.iterations == two.iterations and np.array_equal(one.x, two.x)


def test_certificates_without_factorizations():
    infeasible = linear_program([[1.0, 1.0], [1.0, 1.0]], [1, -INF], [INF, 0], [0, 0])
    unbounded = linear_program([[1.0, -1.0]], [0], [INF], [-1.0, 0.0], x_lower=0.0)
    assert solve(infeasible, ProductsOnly()).status == "infeasible"
    assert solve(unbounded, ProductsOnly()).status == "unbounded"


def test_a_quadratic_is_solved_accurately_by_conjugate_gradients():
    """The tolerance follows the residuals, although the backend is called exact for its other forms."""
    split = lasso()
    direct = solve(split, Cpu(), Settings(eps=1e-9))
    solution = solve(split, ProductsOnly(), Settings(eps=1e-8))
    assert solution.status == "optimal"
    assert solution.backend_report["form"] == "conjugate gradient"
    assert np.allclose(solution.x, direct.x, atol=1e-5)


@pytest.mark.parametrize("seed", range(2))
def test_equality_rows_are_not_weighed_beyond_what_an_iterative_solver_stands(seed):
    split, _ = planted_linear_program(seed)
    workspace = Workspace()
    workspace.prepare(Standard(split), ProductsOnly())
    assert np.all(workspace.penalty.multiplier == 1.0)


def convolution(entries=4_500_000):
    """A kernel and a length whose convolution is too large to be written out as a matrix."""
    t = np.arange(20)
    return np.exp(-t / 2.0) * np.cos(t / 2.0), int(entries**0.5)


def test_a_lasso_with_a_convolution_end_to_end():
    kernel, n = convolution()
    rng = np.random.default_rng(0)
    spikes = np.where(rng.random(n) < 0.01, rng.normal(size=n), 0.0)
    g = np.convolve(kernel, spikes) + 0.01 * rng.normal(size=n + kernel.size - 1)
    x = cp.Variable(n)
    problem = cp.Problem(cp.Minimize(0.5 * cp.sum_squares(cp.convolve(kernel, x) - g) + 0.1 * cp.norm1(x)))
    solution = ao.solve(problem)
    gradient = np.correlate(np.convolve(kernel, x.value) - g, kernel, "valid")
    assert solution.status == "optimal"
    assert solution.backend_report["form"] == "conjugate gradient"
    assert np.abs(gradient).max() <= 0.1 + 1e-4


def test_least_absolute_deviations_with_a_convolution_end_to_end():
    kernel, n = convolution()
    rng = np.random.default_rng(0)
    truth = rng.uniform(0.0, 1.0, n)
    g = np.convolve(kernel, truth)
    g[rng.choice(g.size, 20, replace=False)] += 5.0
    x = cp.Variable(n)
    solution = ao.solve(cp.Problem(cp.Minimize(cp.norm1(cp.convolve(kernel, x) - g)), [x >= 0, x <= 1]), eps=1e-5)
    columns = [np.full(n, value) for value in kernel]
    C = sp.diags_array(columns, offsets=[-i for i in range(kernel.size)], shape=(g.size, n), format="csr")
    direct = ao.solve(cp.Problem(cp.Minimize(cp.norm1(C @ x - g)), [x >= 0, x <= 1]))
    assert solution.status == direct.status == "optimal"
    assert solution.backend_report["form"] == "linearized"
    assert solution.value == pytest.approx(direct.value, rel=1e-4)
