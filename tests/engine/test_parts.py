"""The parts of the engine by themselves: step, acceleration, penalties, equilibration, certificates."""

import numpy as np
import pytest
import scipy.sparse as sp
from planted import lasso, linear_program, quadratic_program

from admmopt.engine import Settings, solve
from admmopt.engine.anderson import Anderson, Plain
from admmopt.engine.certificates import descends, infeasibility, separates, unboundedness
from admmopt.engine.equilibrate import copies, equilibrate
from admmopt.engine.penalty import EQUALITY, SPREAD, Penalty, multipliers
from admmopt.engine.problem import LeastSquares, SplitProblem, Term
from admmopt.engine.residuals import measure
from admmopt.engine.standard import Standard
from admmopt.engine.step import Step
from admmopt.engine.workspace import Workspace
from admmopt.functions.cones import SecondOrderCone
from admmopt.functions.piecewise_library import absolute, box, free
from admmopt.operators import Dense, Identity, LeftProduct, Sparse
from admmopt_cpu import Cpu


def prepared(split, relaxation=1.6):
    standard, workspace, backend = Standard(split), Workspace(), Cpu()
    workspace.prepare(standard, backend)
    step = Step(standard, backend, workspace.solver, relaxation)
    step.penalties(workspace.penalty.rho, workspace.penalty.sigma)
    return standard, workspace.penalty, step


def test_the_solution_is_a_fixed_point_of_the_step():
    split, _ = quadratic_program()
    solution = solve(split, Cpu(), Settings(eps=1e-11))
    standard, penalty, step = prepared(split)
    z, y = np.concatenate(solution.z), np.concatenate(solution.y)
    w = np.concatenate([solution.x, z + y / penalty.rho])
    Tw = step.apply(w, step.prox(w[standard.n :]))
    assert np.allclose(Tw, w, atol=1e-7)


@pytest.mark.parametrize("seed", range(3))
def test_the_step_is_nonexpansive_in_its_metric(seed):
    split, _ = quadratic_program(seed=seed)
    standard, _, step = prepared(split)
    rng = np.random.default_rng(seed)

    def length(w):
        return float(np.sqrt(w @ (step.metric * w)))

    for _ in range(5):
        one, two = rng.normal(size=(2, standard.n + standard.m))
        images = [step.apply(w, step.prox(w[standard.n :])) for w in (one, two)]
        assert length(images[0] - images[1]) <= length(one - two) * (1 + 1e-9)


def test_anderson_solves_a_linear_fixed_point_in_as_many_steps_as_unknowns():
    rng = np.random.default_rng(0)
    n = 6
    Q, _ = np.linalg.qr(rng.normal(size=(n, n)))
    M, c = 0.99 * Q, rng.normal(size=n)  # a slow rotation: plain iteration needs a thousand steps
    solution = np.linalg.solve(np.eye(n) - M, c)
    errors = {}
    for name, accelerator in (("plain", Plain()), ("anderson", Anderson(10, n, Cpu()))):
        accelerator.restart(np.ones(n))
        w = np.zeros(n)
        for _ in range(12):
            w = accelerator.next(w, M @ w + c)
        errors[name] = np.linalg.norm(w - solution)
    assert errors["anderson"] < 1e-5
    assert errors["plain"] > 0.1


def test_anderson_takes_back_a_step_that_grew():
    accelerator = Anderson(5, 2, Cpu())
    accelerator.restart(np.ones(2))
    one = np.array([1.0, 0.0])
    accelerator.next(np.zeros(2), one)
    accelerated = accelerator.next(one, np.array([1.5, 0.2]))
    assert not np.array_equal(accelerated, [1.5, 0.2])
    back = accelerator.next(accelerated, accelerated + 100.0)  # a residual that is far longer
    assert np.array_equal(back, [1.5, 0.2])


def test_anderson_asked_for_the_plain_step_returns_it():
    accelerator = Anderson(5, 2, Cpu())
    accelerator.restart(np.ones(2))
    accelerator.next(np.zeros(2), np.ones(2))
    Tw = np.array([1.5, 0.2])
    assert accelerator.next(np.ones(2), Tw, plain=True) is Tw


def test_multipliers_by_kind_of_row():
    function = box(np.array([0.0, -np.inf, 0.0]), np.array([0.0, np.inf, 1.0]))
    split = SplitProblem(n=3, q=np.zeros(3), terms=[Term(function, Identity(3), np.zeros(3))])
    m = multipliers(Standard(split))
    assert m[0] == EQUALITY and m[1] < 1 and m[2] == 1
    kinked = SplitProblem(n=3, q=np.zeros(3), terms=[Term(absolute(3), Identity(3), np.zeros(3))])
    assert np.all(multipliers(Standard(kinked)) == 1), "finite everywhere, but not free of constraint"
    loose = SplitProblem(n=3, q=np.zeros(3), terms=[Term(free(3), Identity(3), np.zeros(3))])
    assert np.all(multipliers(Standard(loose)) < 1)


def penalty_of(split):
    standard = Standard(split)
    return standard, Penalty(standard, equilibrate(standard), spread=SPREAD)


def test_penalties_follow_activity_within_limits():
    _, penalty = penalty_of(lasso(n=4, m=6))
    derivative = np.array([0.0, 1.0, 0.0, np.nan])
    for _ in range(20):
        penalty.multiplier = penalty.proposed_multiplier(derivative)
    assert np.array_equal(penalty.multiplier, [SPREAD, 1 / SPREAD, SPREAD, 1.0])
    turned = penalty.proposed_multiplier(1.0 - derivative)
    assert turned[0] == pytest.approx(np.sqrt(SPREAD)) and turned[1] == pytest.approx(np.sqrt(1 / SPREAD))


def test_equality_rows_keep_their_multiplier():
    split, _ = quadratic_program()
    standard, penalty = penalty_of(split)
    equal = penalty.multiplier == EQUALITY
    assert equal.any()
    for _ in range(5):
        penalty.multiplier = penalty.proposed_multiplier(np.ones(standard.m))
    assert np.all(penalty.multiplier[equal] == EQUALITY)


def test_the_penalty_rule_does_not_depend_on_the_units_of_the_problem():
    split, _ = quadratic_program()
    scaled = SplitProblem(
        n=split.n,
        q=1e3 * split.q,
        P=Sparse(1e3 * split.P.matrix),
        terms=[Term(t.function, t.operator, t.offset) for t in split.terms],
    )
    ratios = []
    for problem in (split, scaled):
        standard, penalty = penalty_of(problem)
        x, z = np.linspace(-1, 1, standard.n), np.linspace(0, 1, standard.m)
        size = 1e3 if problem is scaled else 1.0
        ratios.append(penalty.ratio(measure(standard, x, z, size * np.ones(standard.m))))
    assert ratios[0] == pytest.approx(ratios[1], rel=0.05)


def column_and_row_norms(standard, scaling):
    K = scaling.e[:, None] * standard.A.entries().toarray() * scaling.d
    P = scaling.d[:, None] * standard.P.entries().toarray() * scaling.d
    return np.maximum(np.abs(K).max(axis=0), np.abs(P).max(axis=0)), np.abs(K).max(axis=1)


def test_equilibration_brings_norms_together():
    rng = np.random.default_rng(3)
    split, _ = quadratic_program(rows=10.0 ** rng.uniform(-3, 3, 20), columns=10.0 ** rng.uniform(-2, 2, 30))
    standard = Standard(split)
    columns, rows = column_and_row_norms(standard, equilibrate(standard))
    assert max(columns.max(), rows.max()) / min(columns.min(), rows.min()) < 10


def test_equilibration_of_a_rectangular_dense_block_does_not_drift():
    rng = np.random.default_rng(4)
    matrix = rng.normal(size=(1200, 450))  # too many entries for the entrywise passes
    split = SplitProblem(n=450, q=np.zeros(450), terms=[Term(absolute(1200), Dense(matrix), np.zeros(1200))])
    scaling = equilibrate(Standard(split))
    size = np.sqrt(np.mean((scaling.e[:, None] * matrix * scaling.d) ** 2))
    assert 0.5 < size < 2.0
    assert 0.1 < np.median(scaling.e) < 10 and 0.1 < np.median(scaling.d) < 10


def test_scales_are_constant_over_groups_and_copies():
    rng = np.random.default_rng(5)
    matrix = 10.0 ** rng.uniform(-3, 3, (6, 1)) * rng.normal(size=(6, 4))
    cone = SplitProblem(n=4, q=np.ones(4), terms=[Term(SecondOrderCone(2, 3), Dense(matrix), np.zeros(6))])
    e = equilibrate(Standard(cone)).e.reshape(2, 3)
    assert np.ptp(e, axis=1) == pytest.approx(0) and e[0, 0] != e[1, 0]
    F = LeftProduct(Dense(rng.normal(size=(5, 4)) * 10.0 ** rng.uniform(-2, 2, 4)), 3)
    square = LeastSquares(F, np.zeros(15), np.ones(15))
    split = SplitProblem(n=12, q=np.zeros(12), squares=[square], terms=[Term(absolute(12), Identity(12), np.zeros(12))])
    standard = Standard(split)
    assert copies(standard) == 3
    d = equilibrate(standard).d.reshape(3, 4)
    assert np.ptp(d, axis=0) == pytest.approx(0) and np.ptp(d[0]) > 0


def test_certificates_are_checked_not_believed():
    infeasible = Standard(linear_program([[1.0, 1.0], [1.0, 1.0]], [1, -np.inf], [np.inf, 0], [0, 0]))
    good, wrong = np.array([-1.0, 1.0]), np.array([1.0, 1.0])
    assert infeasibility(infeasible, good, 1.0, 1e6) is not None
    assert infeasibility(infeasible, wrong, 1.0, 1e6) is None
    assert infeasibility(infeasible, good + [1e-3, 0], 1.0, 1e6) is None, "A'y is too far from zero"
    assert infeasibility(infeasible, np.array([np.nan, 1.0]), 1.0, 1e6) is None
    feasible = Standard(linear_program([[1.0, 1.0], [1.0, 1.0]], [0, -np.inf], [np.inf, 1], [0, 0]))
    assert infeasibility(feasible, good, 1.0, 1e6) is None

    unbounded = Standard(SplitProblem(n=2, q=np.array([-1.0, 0.0]), P=Sparse(sp.diags_array([0.0, 1.0]))))
    assert unboundedness(unbounded, np.array([1.0, 0.0]), 1.0, 1.0, 1e6) is not None
    assert unboundedness(unbounded, np.array([-1.0, 0.0]), 1.0, 1.0, 1e6) is None
    assert unboundedness(unbounded, np.array([1.0, 0.1]), 1.0, 1.0, 1e6) is None, "the quadratic bends upwards"


def test_what_could_become_a_certificate_is_seen_without_a_projection():
    """At any x and any z of the domain, a certificate is never turned away; its opposite is."""
    infeasible = Standard(linear_program([[1.0, 1.0], [1.0, 1.0]], [1, -np.inf], [np.inf, 0], [0, 0]))
    good, z = np.array([-1.0, 1.0]), np.array([2.0, -3.0])
    for x in (np.zeros(2), np.array([5.0, -1.0]), np.array([-40.0, 3.0])):
        primal = infeasible.A.matvec(x) - z
        size = np.linalg.norm(x)
        assert separates(infeasible, good, primal, size) and not separates(infeasible, -good, primal, size)
        assert not separates(infeasible, np.array([1.0, 0.5]), primal, size), "A'y is far from zero"

    unbounded = Standard(SplitProblem(n=2, q=np.array([-1.0, 0.0]), P=Sparse(sp.diags_array([0.0, 1.0]))))
    for x in (np.zeros(2), np.array([-7.0, 2.0])):
        dual = measure(unbounded, x, np.zeros(0), np.zeros(0)).dual
        assert descends(np.array([1.0, 0.0]), dual) and not descends(np.array([-1.0, 0.0]), dual)


def test_no_certificate_through_a_function_that_offers_none():
    class Silent(type(box(0, 1, 1))):
        def domain_support(self, y):
            return None

    silent = Silent(*box(2.0, 3.0, 1)._data)
    split = SplitProblem(
        n=1,
        q=np.zeros(1),
        terms=[Term(silent, Identity(1), np.zeros(1)), Term(box(0.0, 1.0, 1), Identity(1), np.zeros(1))],
    )
    assert solve(split, Cpu(), Settings(max_iterations=500)).status == "limit"


def test_penalties_spread_no_further_than_a_backend_stands():
    standard, _ = penalty_of(lasso(n=4, m=6))
    penalty = Penalty(standard, equilibrate(standard), spread=10.0)
    for _ in range(20):
        penalty.multiplier = penalty.proposed_multiplier(np.array([0.0, 1.0, 0.0, np.nan]))
    assert np.array_equal(penalty.multiplier, [10.0, 0.1, 10.0, 1.0])


def test_a_map_that_drifts_is_not_extrapolated_from_rounding():
    """T(w) = w + c has no fixed point; differences of f are rounding, and weights made from them lead anywhere."""
    rng = np.random.default_rng(3)
    drift, anderson, w = rng.normal(size=30), Anderson(5, 30, Cpu()), rng.normal(size=30)
    anderson.restart(np.ones(30))
    for _ in range(20):
        w = anderson.next(w, w + drift)
    assert np.abs(w).max() < 1e6
