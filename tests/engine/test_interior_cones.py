"""Cones in the interior point: what every scaling has to be, and whole problems beside Clarabel."""

from __future__ import annotations

from copy import copy

import cvxpy as cp
import numpy as np
import pytest
import scipy.sparse as sp

import admmopt as ao
from admmopt.engine import Settings, solve
from admmopt.engine.equilibrate import equilibrate
from admmopt.engine.interior.barrier import Barrier
from admmopt.engine.interior.conic import Conic
from admmopt.engine.interior.curved import Exponential, Power
from admmopt.engine.interior.rows import Rows
from admmopt.engine.interior.second_order import Long, SecondOrder
from admmopt.engine.interior.semidefinite import Semidefinite
from admmopt.engine.problem import SplitProblem, Term
from admmopt.engine.residuals import measure
from admmopt.engine.standard import Standard
from admmopt.engine.turned import Turned
from admmopt.functions import EuclideanNorm, ExponentialCone, PowerCone, PowerConeND, PSDCone, SecondOrderCone
from admmopt.functions.piecewise_library import box
from admmopt.operators import Dense, Identity, Sparse
from admmopt_cpu import Cpu

ALPHAS = np.array([[0.3, 0.7], [0.5, 0.5], [0.9, 0.1]])
MANY = np.array([[0.2, 0.3, 0.5], [0.6, 0.3, 0.1]])
CONES = {
    "second order": (lambda: SecondOrder(4, 5), SecondOrderCone(4, 5)),
    "second order, two rows": (lambda: SecondOrder(3, 2), SecondOrderCone(3, 2)),
    "semidefinite": (lambda: Semidefinite(2, 4), PSDCone(2, 4)),
    "exponential": (lambda: Exponential(5), ExponentialCone(5)),
    "power": (lambda: Power(ALPHAS), PowerCone(3, ALPHAS[:, 0])),
    "power of many": (lambda: Power(MANY), PowerConeND(MANY)),
}


def inside(cone, function, seed: int, spread: float = 0.3):
    """(s, u) in the cone and in its dual cone, not far from its middle but not aligned."""
    rng = np.random.default_rng(seed)
    middle = cone.inside(np.zeros((cone.count, cone.dim)), 1.0)
    scale = rng.uniform(0.3, 3.0, (2, cone.count, 1))
    s, u = (scale[k] * (middle + spread * rng.standard_normal(middle.shape)) for k in range(2))
    for _ in range(60):
        out = np.abs(function.project(s.ravel()) - s.ravel()).max() > 1e-12
        out |= np.abs(function.project(-u.ravel())).max() > 1e-12
        if not out:
            return s, u
        s, u = 0.7 * s + 0.3 * scale[0] * middle, 0.7 * u + 0.3 * scale[1] * middle
    raise AssertionError("no point inside was found")


@pytest.fixture(params=CONES)
def scaled(request):
    """(cone, its function, s, u, mu), scaled."""
    make, function = CONES[request.param]
    cone = make()
    s, u = inside(cone, function, 7)
    mu = float(np.sum(s * u)) / cone.degree
    cone.scale(s, u)
    return cone, function, s, u, mu


def light(cone, v):
    """(M'M)^-1 v."""
    M = np.stack([cone.weigh(np.tile(unit, (cone.count, 1))) for unit in np.eye(cone.dim)], axis=2)
    return np.linalg.solve(M.swapaxes(1, 2) @ M, v[:, :, None])[:, :, 0]


def test_the_scaling_takes_the_multiplier_to_the_point(scaled):
    cone, _, s, u, _ = scaled
    if isinstance(cone, Power) and cone.dim > 3:
        pytest.skip("the Hessian alone is the scaling of groups of more than three rows")
    np.testing.assert_allclose(light(cone, u), s, rtol=1e-7, atol=1e-9)


def test_weigh_back_is_the_transpose(scaled):
    cone, *_ = scaled
    rng = np.random.default_rng(1)
    v, w = rng.standard_normal((2, cone.count, cone.dim))
    np.testing.assert_allclose(np.sum(cone.weigh(v) * w), np.sum(v * cone.weigh_back(w)), rtol=1e-10)


def test_the_rows_are_turned_as_a_vector_is(scaled):
    cone, *_ = scaled
    rng = np.random.default_rng(2)
    rows = sp.random_array((cone.count * cone.dim, 12), density=0.3, rng=rng, format="csr")
    x = rng.standard_normal(12)
    turned = cone.turn(Turned(rows, cone.dim, not cone.symmetric)).matvec(x)
    np.testing.assert_allclose(turned, cone.weigh((rows @ x).reshape(cone.count, cone.dim)).ravel(), atol=1e-12)


def test_weight_is_the_geometric_mean(scaled):
    cone, *_ = scaled
    M = np.stack([cone.weigh(np.tile(unit, (cone.count, 1))) for unit in np.eye(cone.dim)], axis=2)
    _, logs = np.linalg.slogdet(M)
    np.testing.assert_allclose(cone.weight(), np.exp(2 * logs / cone.dim), rtol=1e-8)


def test_the_shadow_is_complementary_at_one(scaled):
    """<u, -F'(u)> is the degree, as of every logarithmically homogeneous barrier."""
    cone, _, s, u, _ = scaled
    aim = cone.aim(1.0, None, None) + s
    np.testing.assert_allclose(np.sum(u * aim), cone.degree, rtol=1e-9)


def test_reach_ends_at_the_boundary(scaled):
    cone, function, s, u, _ = scaled
    rng = np.random.default_rng(3)
    ds, du = 8.0 * rng.standard_normal((2, cone.count, cone.dim))
    steps = cone.reach(ds, du)
    for point, step, outside in (
        ((s, ds), steps[0], lambda v: np.abs(function.project(v.ravel()) - v.ravel()).max()),
        ((u, du), steps[1], lambda v: np.abs(function.project(-v.ravel())).max()),
    ):
        assert 0 < step < 1
        assert outside(point[0] + 0.999 * step * point[1]) <= 1e-12
        if cone.symmetric:
            assert outside(point[0] + 1.001 * step * point[1]) > 1e-6


def test_the_second_order_makes_the_error_third_order(scaled):
    """A step by the linearization with it leaves s = goal * shadow(u) up to the cube of what was missing."""
    cone, _, _, u, _ = scaled
    rng = np.random.default_rng(5)
    direction = rng.standard_normal(u.shape)
    errors = []
    for size in (1e-2, 5e-3):
        cone.scale(-_gradient(cone, u), u)  # on the central path of mu = 1
        du = size * direction * np.abs(u).min()
        ds = -light(cone, du)
        aimed = cone.aim(1.0, ds, du)
        moved = ds + light(cone, du) - aimed  # zero, were the linearization with its second order exact
        exact = -_gradient(cone, u + du)
        errors.append(np.abs(cone.s + ds - moved - exact).max())
    assert errors[1] < 0.2 * errors[0]


def _gradient(cone, u):
    fresh = copy(cone)
    fresh.scale(fresh.inside(np.zeros_like(u), 1.0), u)
    return -fresh.shadow


@pytest.mark.parametrize("make", [lambda: Exponential(6), lambda: Power(ALPHAS), lambda: Power(MANY)])
def test_barriers_have_the_derivatives_that_they_say(make):
    cone = make()
    rng = np.random.default_rng(0)
    u = 1.3 * cone.center + 0.05 * rng.standard_normal(cone.center.shape)
    _, hessian = cone.barrier(u)
    for k in range(cone.dim):
        step = np.zeros(cone.dim)
        step[k] = 1e-6
        change = (cone.barrier(u + step)[0] - cone.barrier(u - step)[0]) / 2e-6
        np.testing.assert_allclose(change, hessian[:, :, k], rtol=1e-5, atol=1e-5)
    np.testing.assert_allclose(-cone.barrier(cone.center)[0], cone.center, atol=1e-8)
    assert np.linalg.eigvalsh(hessian).min() > 0


def test_a_long_cone_weighs_as_a_short_one():
    short, long = SecondOrder(2, 40), Long(2, 40)
    s, u = inside(short, SecondOrderCone(2, 40), 3, 0.02)
    short.scale(s, u)
    long.scale(s, u)
    v = np.random.default_rng(1).standard_normal((2, 40))
    heavy = short.weigh(short.weigh(v))
    vectors, factors = long.border()
    weights = np.repeat(long.weight(), 40)
    sum_of_parts = weights * v.ravel() + (factors * (vectors @ v.ravel())) @ vectors
    np.testing.assert_allclose(long.heavy(v), heavy, rtol=1e-9)
    np.testing.assert_allclose(sum_of_parts.reshape(2, 40), heavy, rtol=1e-8, atol=1e-10)
    np.testing.assert_allclose(long.light(heavy), v, rtol=1e-8)


# ---- whole problems ---------------------------------------------------------------------------------------------


def program(function, seed: int, columns: int = 12, density: float = 0.4) -> SplitProblem:
    """minimize q'x with A x + b in a cone and bounds on x, feasible and bounded."""
    rng = np.random.default_rng(seed)
    A = sp.random_array(
        (function.size, columns), density=density, rng=rng, format="csr", data_sampler=rng.standard_normal
    )
    terms = [Term(function, Sparse(A), function.project(3.0 * rng.standard_normal(function.size)), "a cone")]
    terms.append(Term(box(-2.0 * np.ones(columns), 2.0), Identity(columns), np.zeros(columns), "bounds"))
    return SplitProblem(n=columns, q=rng.standard_normal(columns), terms=terms)


def run_interior(split, eps: float):
    """The points that the interior point alone goes through, until one is solved."""
    standard = Standard(split)
    points = []

    def report(x, z, y, measured):
        points.append((x, z, y, measured))
        return measured.residuals.worst <= eps

    Barrier(standard, Rows.of(standard), equilibrate(standard), Cpu()).run(eps, report)
    return points


@pytest.mark.parametrize("name", CONES)
@pytest.mark.parametrize("seed", range(3))
def test_the_interior_point_alone_solves_a_program(name, seed):
    function = CONES[name][1]
    points = run_interior(program(function, seed), 1e-7)
    assert points[-1][3].residuals.worst <= 1e-7 and len(points) < 50
    _, z, y, _ = points[-1]
    assert np.abs(function.project(z[: function.size]) - z[: function.size]).max() <= 1e-12, "z is in the cone"
    assert np.abs(function.project(y[: function.size])).max() <= 1e-9, "y is in its polar cone"
    alone = solve(program(function, seed), Cpu(), Settings(eps=1e-7, finish=False, max_iterations=200_000))
    assert alone.status == "optimal"
    assert points[-1][3].objective == pytest.approx(alone.value, rel=1e-5, abs=1e-6)


def test_long_cones_are_solved_with_a_border():
    function = SecondOrderCone(2, 60)
    split = program(function, 4, columns=40, density=0.03)
    rows = Rows.of(Standard(split))
    assert isinstance(rows.cones[0][2], Long)
    assert not isinstance(Rows.of(Standard(program(function, 4, columns=40))).cones[0][2], Long), "scaling adds little"
    points = run_interior(split, 1e-7)
    alone = solve(split, Cpu(), Settings(eps=1e-7, finish=False, max_iterations=200_000))
    assert points[-1][3].residuals.worst <= 1e-7
    assert points[-1][3].objective == pytest.approx(alone.value, rel=1e-5)


@pytest.mark.parametrize("function", [ExponentialCone(0), SecondOrderCone(0, 3), PSDCone(0, 2), PSDCone(1, 1)])
def test_cones_of_no_groups_and_of_one_entry(function):
    assert run_interior(program(function, 0), 1e-8)[-1][3].residuals.worst <= 1e-8


def test_a_reach_that_rounding_spoils_is_no_step():
    class Spoilt(SecondOrder):
        def reach(self, ds, du):
            return float("nan"), 0.5

    conic = Conic([(np.arange(3), slice(0, 3), Spoilt(1, 3))])
    assert conic.reach(np.ones(3), np.ones(3)) == (0.0, 0.5)


def test_functions_without_a_barrier_are_left_alone():
    split = SplitProblem(n=3, q=np.ones(3), terms=[Term(EuclideanNorm(1, 3), Identity(3), np.zeros(3))])
    assert Rows.of(Standard(split)) is None


def control_like(seed: int) -> cp.Problem:
    """A Lyapunov inequality with a small right-hand side: ADMM takes thousands of iterations."""
    rng = np.random.default_rng(seed)
    A = rng.standard_normal((5, 5)) - 2.5 * np.eye(5)
    X, t = cp.Variable((5, 5), symmetric=True), cp.Variable()
    constraints = [X >> np.eye(5), A.T @ X + X @ A << -1e-2 * np.eye(5), X << t * np.eye(5)]
    return cp.Problem(cp.Minimize(t), constraints)


@pytest.mark.parametrize("seed", range(2))
def test_a_semidefinite_program_agrees_with_clarabel(seed):
    problem = control_like(seed)
    ours = ao.solve(problem, eps=1e-8)
    assert ours.status == "optimal"
    theirs = problem.solve(solver=cp.CLARABEL)
    assert ours.value == pytest.approx(theirs, rel=1e-6)


def test_entropy_with_many_exponential_cones_agrees_with_clarabel():
    rng = np.random.default_rng(1)
    x = cp.Variable(60)
    A = rng.uniform(0, 1, (15, 60))
    constraints = [A @ x == A @ rng.dirichlet(np.ones(60)), cp.sum(x) == 1]
    t = cp.Variable(60)
    constraints += [cp.constraints.ExpCone(-t, x, np.ones(60))]  # x log(x) <= t
    problem = cp.Problem(cp.Minimize(cp.sum(t) + 0.1 * rng.standard_normal(60) @ x), constraints)
    ours = ao.solve(problem, eps=1e-8)
    assert ours.status == "optimal"
    assert ours.value == pytest.approx(problem.solve(solver=cp.CLARABEL), rel=1e-6)


def test_no_interior_point_where_rows_cannot_be_replaced():
    """A stranger's backend that does not say `rows` gets no systems with other values."""

    class Plain(Cpu):
        def prepare(self, system):
            solver = super().prepare(system)
            report = solver.report
            solver.report = lambda: {k: v for k, v in report().items() if k != "rows"}
            solver.update = _without_rows(solver.update)
            return solver

    split = program(ExponentialCone(5), 0)
    found = solve(split, Plain(), Settings(eps=1e-6, max_iterations=100_000))
    assert found.status == "optimal"


def _without_rows(update):
    def only(*, rho, sigma=None):
        update(rho=rho, sigma=sigma)

    return only


def test_the_gap_of_a_cone_counts_what_is_not_complementary():
    """Of min q'x, A x + b in K, with s = A x + b and u = -y inside and q = A'u, the objectives differ by s'u."""
    rng = np.random.default_rng(0)
    function, A = SecondOrderCone(1, 3), rng.standard_normal((3, 3))
    s, u, x = np.array([2.0, 0.5, -1.0]), np.array([1.5, 0.2, 0.3]), rng.standard_normal(3)
    split = SplitProblem(n=3, q=A.T @ u, terms=[Term(function, Dense(A), s - A @ x)])
    measured = measure(Standard(split), x, s, -u)
    primal, dual = split.q @ x, -(s - A @ x) @ u
    assert measured.residuals.primal <= 1e-14 and measured.residuals.dual <= 1e-14
    assert measured.residuals.gap == pytest.approx(s @ u) == pytest.approx(primal - dual)


@pytest.mark.parametrize("triangular", [False, True])
def test_turned_rows_are_products_with_the_matrices_of_their_groups(triangular):
    rng = np.random.default_rng(9)
    matrix = sp.random_array((12, 7), density=0.35, rng=rng, format="csr")
    turned = Turned(matrix, 3, triangular)
    matrices = rng.standard_normal((4, 3, 3))
    matrices = np.triu(matrices) if triangular else matrices
    result = turned.by(lambda group, values: np.einsum("eij,je->ie", matrices[group], values)).entries()
    expected = np.concatenate([matrices[g] @ matrix[3 * g : 3 * g + 3].toarray() for g in range(4)])
    np.testing.assert_allclose(sp.csr_array(result).toarray(), expected, atol=1e-14)
    np.testing.assert_allclose(sp.csr_array(turned.plain.entries()).toarray(), matrix.toarray())


def test_rows_of_one_dense_group_stay_dense():
    turned = Turned(sp.csr_array(np.arange(1.0, 13.0).reshape(4, 3)), 4)
    assert isinstance(turned.plain, Dense)
