"""Rows turned to the eigenvectors of small Jacobians: the same Newton matrix, and no conjugate gradients."""

from __future__ import annotations

import numpy as np
import pytest
import scipy.sparse as sp

from admmopt.engine import Settings, Workspace, solve
from admmopt.engine.finish import Finish, newton
from admmopt.engine.finish.rotation import LARGEST, Rotation, eigen
from admmopt.engine.interior.rows import Rows
from admmopt.engine.loop import Point
from admmopt.engine.problem import SplitProblem, Term
from admmopt.engine.residuals import measure
from admmopt.engine.standard import Standard
from admmopt.functions import ExponentialCone, PowerCone, PSDCone, SecondOrderCone
from admmopt.functions.jacobian import diagonal, product
from admmopt.functions.piecewise_library import box
from admmopt.operators import Identity, Sparse
from admmopt_cpu import Cpu


def program(functions: list, seed: int = 0, columns: int = 15) -> SplitProblem:
    rng = np.random.default_rng(seed)
    terms = []
    for function in functions:
        A = sp.random_array((function.size, columns), density=0.3, rng=rng, format="csr", data_sampler=rng.normal)
        terms.append(Term(function, Sparse(A), function.project(3.0 * rng.standard_normal(function.size)), "a cone"))
    terms.append(Term(box(-2.0 * np.ones(columns), 2.0), Identity(columns), np.zeros(columns), "bounds"))
    return SplitProblem(n=columns, q=rng.standard_normal(columns), terms=terms)


SMALL = [ExponentialCone(6), SecondOrderCone(5, 4), PowerCone(3, np.array([0.3, 0.5, 0.8]))]


def at(standard, seed=1):
    """(Jacobians of all terms at a random point, rho that is constant on every group)."""
    rng = np.random.default_rng(seed)
    parts, rho = [], np.empty(standard.m)
    for rows, function in zip(standard.slices, standard.functions, strict=True):
        rho[rows] = np.repeat(rng.uniform(0.5, 2.0, function.count), function.dim)
        v = 3.0 * rng.standard_normal(function.size)
        parts.append((rows, function.prox_jacobian(v, 1.0 / rho[rows][:: function.dim])))
    return parts, rho


def test_turned_rows_give_the_same_newton_matrix():
    standard = Standard(program(SMALL))
    parts, rho = at(standard)
    rotation = Rotation(standard, [part for _, part in parts])
    A, share = rotation.turn(parts)
    assert rotation.complete and np.all((share >= 0) & (share <= 1))
    rows = sp.csr_array(standard.A.entries()).toarray()
    curved = np.empty_like(rows)
    for place, part in parts:
        for k in range(standard.n):
            curved[place, k] = rows[place, k] - product(part, rows[place, k])
    expected = rows.T @ (rho[:, None] * curved)
    turned = sp.csr_array(A.entries()).toarray()
    np.testing.assert_allclose(turned.T @ ((rho * share)[:, None] * turned), expected, atol=1e-12)


def test_large_groups_keep_their_diagonal():
    standard = Standard(program([SecondOrderCone(1, LARGEST + 1), ExponentialCone(2)]))
    parts, _ = at(standard)
    rotation = Rotation(standard, [part for _, part in parts])
    A, share = rotation.turn(parts)
    assert rotation and not rotation.complete
    assert A.blocks[0] is standard.A.blocks[0]
    np.testing.assert_array_equal(share[standard.slices[0]], 1.0 - diagonal(parts[0][1]))


def test_eigenvalues_of_projections_are_of_the_faces():
    """Inside of a cone nothing is left of I - J, in the polar cone all."""
    values, _ = eigen(SecondOrderCone(2, 3).prox_jacobian(np.array([2.0, 0.1, 0.2, -2.0, 0.1, 0.2]), 1.0))
    np.testing.assert_array_equal(values, [0, 0, 0, 1, 1, 1])


@pytest.fixture
def no_interior(monkeypatch):
    monkeypatch.setattr(Rows, "of", lambda standard: None)


def test_newton_needs_no_conjugate_gradients(no_interior, monkeypatch):
    def fail(*_):
        raise AssertionError("conjugate gradients were used")

    monkeypatch.setattr(newton, "conjugate_gradients", fail)
    split = program(SMALL, seed=3)
    settings, workspace = Settings(eps=3e-2, finish=False), Workspace()
    start = solve(split, Cpu(), settings, workspace=workspace)
    factorizations = workspace.solver.report()["factorizations"]
    finish = Finish(Standard(split), Cpu(), workspace, 1e-8)
    seen = []
    finish.gate.steps = lambda *_: 200
    state = start.state
    point = Point(state.x, state.z, state.y, measure(Standard(split), state.x, state.z, state.y))
    found = finish.attempt(point, 1e-1, 100, lambda *p: bool(seen.append(p)))
    assert found is not None and found[3].residuals.worst <= 1e-8
    assert workspace.solver.report()["factorizations"] == factorizations, "the iteration's own factors are left alone"


def test_both_kinds_together_still_finish(no_interior):
    split = program([*SMALL, PSDCone(1, 5)], seed=2)
    found = solve(split, Cpu(), Settings(eps=1e-9, max_iterations=100_000))
    alone = solve(split, Cpu(), Settings(eps=1e-7, finish=False, max_iterations=200_000))
    assert found.status == alone.status == "optimal"
    assert found.value == pytest.approx(alone.value, rel=1e-5)


def test_a_solver_of_turned_rows_is_not_taken_for_other_groups(no_interior):
    """The same A, other groups: its rows are prepared anew."""
    rng = np.random.default_rng(0)
    A = sp.random_array((24, 15), density=0.3, rng=rng, format="csr", data_sampler=rng.normal)
    offset = SecondOrderCone(6, 4).project(3.0 * rng.standard_normal(24))
    keys = []
    for function in (SecondOrderCone(6, 4), SecondOrderCone(3, 8)):
        split = SplitProblem(n=15, q=rng.standard_normal(15), terms=[Term(function, Sparse(A), offset)])
        standard = Standard(split)
        keys.append(Rotation(standard, [f.prox_jacobian(np.zeros(24), 1.0) for f in standard.functions]).key)
    assert keys[0] != keys[1]


def test_a_system_that_cannot_be_factorized_ends_the_try_only(no_interior):
    class Breaks(Cpu):
        def prepare(self, system):
            solver = super().prepare(system)
            update = solver.update

            def once(*, rho, sigma=None, A=None):
                if A is not None:
                    raise np.linalg.LinAlgError("a pivot is zero.")
                update(rho=rho, sigma=sigma)

            solver.update = once
            return solver

    split = program(SMALL, seed=3)
    found = solve(split, Breaks(), Settings(eps=1e-6, max_iterations=100_000))
    assert found.status == "optimal"
