"""Refinement: accuracy from rough inverses, what it remembers, when it stops, and that it never claims too much."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from admmopt_crossbar import refine
from admmopt_crossbar.refine import MEMORY, PROGRESS, STALLED, Refinement

few = settings(max_examples=40, deadline=None, derandomize=True)
SLACK = 1e-14  # of ||b||: rounding of one residual


def spectrum(n, kappa, seed=0):
    """Symmetric positive definite, condition number kappa."""
    Q = np.linalg.qr(np.random.default_rng(seed).normal(size=(n, n)))[0]
    return Q @ np.diag(np.geomspace(1.0, 1.0 / kappa, n)) @ Q.T


def flipped(n, k, seed=0):
    R = np.random.default_rng(seed).normal(size=(k, n)) / np.sqrt(n)
    return np.block([[np.eye(n), R.T], [-R, 0.2 * np.eye(k)]])


class Rough:
    """M^-1 with errors of the entries that stay (`fixed`) and of every read (`noise`), relative to the mean entry."""

    def __init__(self, M, fixed=0.0, noise=0.0, seed=1):
        self.rng, self.size = np.random.default_rng(seed), np.linalg.norm(M) / len(M)
        self.held, self.noise, self.calls = M + self.errors(fixed, M.shape), noise, 0

    def errors(self, relative, shape):
        return relative * self.size * self.rng.normal(size=shape)

    def __call__(self, r):
        self.calls += 1
        return np.linalg.solve(self.held + self.errors(self.noise, self.held.shape), r)


def refinement(M, approximate, keep=0):
    return Refinement(lambda u: M @ u, approximate, len(M), M.size, keep)


def residual(M, u, b):
    return float(np.linalg.norm(b - M @ u))


# --- it gets there


@pytest.mark.parametrize(
    "M, fixed", [(spectrum(80, 4), 0.1), (spectrum(80, 1e2), 0.02), (spectrum(60, 1e4), 2e-4), (flipped(50, 20), 0.1)]
)
@pytest.mark.parametrize("share", [0.0, 0.3, 1.0])
def test_accuracy_of_double_precision_from_a_rough_inverse(M, fixed, share):
    """Cells that are wrong by 10 %, and read anew, differently, in every step."""
    b, approximate = np.random.default_rng(2).normal(size=len(M)), Rough(M, fixed, share * fixed)
    assert residual(M, approximate(b), b) > 1e-3 * np.linalg.norm(b)  # it is rough
    approximate.calls = 0
    u, reached, steps = refinement(M, approximate).solve(b, np.zeros(len(M)), 1e-12 * np.linalg.norm(b), 200)
    assert residual(M, u, b) <= 1e-12 * np.linalg.norm(b)
    assert reached <= 1e-12 * np.linalg.norm(b) and steps == approximate.calls
    np.testing.assert_allclose(u, np.linalg.solve(M, b), atol=1e-11 * np.linalg.cond(M) * np.abs(u).max())


def test_it_gets_there_where_plain_correction_diverges():
    """Contraction of about 2: u += approximate(r) would double the error, the best multiple of it does not."""
    M = spectrum(40, 30)
    approximate, b = Rough(M, 0.25), np.ones(40)
    radius = np.abs(np.linalg.eigvals(np.eye(40) - M @ np.linalg.inv(approximate.held))).max()
    assert radius > 1.2
    u, *_ = refinement(M, approximate).solve(b, np.zeros(40), 1e-10 * np.linalg.norm(b), 60)
    assert residual(M, u, b) <= 1e-10 * np.linalg.norm(b)


def test_steps_are_those_of_the_least_residual():
    """Against the definition: after k steps the residual is the least over the span of the k corrections."""
    M, b, corrections = flipped(20, 8), np.random.default_rng(3).normal(size=28), []
    rough = Rough(M, 0.2, 0.1)

    def recorded(r):
        corrections.append(rough(r))
        return corrections[-1].copy()

    for k in range(1, 8):
        corrections.clear()
        rough.rng = np.random.default_rng(4)
        u, reached, steps = refinement(M, recorded).solve(b, np.zeros(28), 0.0, k)
        assert steps == k == len(corrections)
        Z = np.array(corrections).T
        best = np.linalg.lstsq(M @ Z, b, rcond=None)[0]
        assert reached == pytest.approx(residual(M, Z @ best, b), rel=1e-8)
        np.testing.assert_allclose(u, Z @ best, rtol=1e-6, atol=1e-9)


def test_an_exact_inverse_takes_one_step():
    M, b = spectrum(30, 10), np.ones(30)
    assert refinement(M, Rough(M)).solve(b, np.zeros(30), 1e-10, 50)[2] == 1


# --- what it remembers


def test_a_right_hand_side_nearby_needs_fewer_steps():
    """And one in the span of what is known needs none."""
    M, rng = spectrum(60, 50), np.random.default_rng(5)
    b, nearby = rng.normal(size=60), rng.normal(size=60)
    nearby = b + 1e-4 * nearby
    kept, tolerance = refinement(M, Rough(M, 0.03), keep=20), 1e-8 * np.linalg.norm(b)
    first = kept.solve(b, np.zeros(60), tolerance, 100)[2]
    u, _, second = kept.solve(nearby, np.zeros(60), tolerance, 100)
    alone = refinement(M, Rough(M, 0.03)).solve(nearby, np.zeros(60), tolerance, 100)[2]
    assert first == pytest.approx(alone, abs=1) and second <= first - 3
    assert residual(M, u, nearby) <= tolerance
    u, _, third = kept.solve(-2.5 * b, np.zeros(60), 10 * tolerance, 100)
    assert third == 0 and residual(M, u, -2.5 * b) <= 10 * tolerance


@pytest.mark.parametrize("memory, keep", [(1, 1), (3, 3), (10, 4), (10, 10), (50, 7), (50, 0)])
def test_what_is_kept_is_orthonormal_and_belongs_together(monkeypatch, memory, keep):
    """Q'Q = I and Q = M Z, also when the oldest pairs have been replaced many times; and the last ones are kept."""
    monkeypatch.setattr(refine, "MEMORY", memory)
    M, rng = spectrum(40, 20), np.random.default_rng(6)
    kept = refinement(M, Rough(M, 0.1, 0.1), keep)
    for steps in (7, 3, 7, 12):
        kept.solve(rng.normal(size=40), np.zeros(40), 0.0, steps)
        Q, Z = kept.Q[: kept.known], kept.Z[: kept.known]
        np.testing.assert_allclose(Q @ Q.T, np.eye(kept.known), atol=1e-12)
        np.testing.assert_allclose(Z @ M.T, Q, atol=1e-9)
    assert kept.known == min(memory, keep + 12)
    newest = kept.Q[(kept.next - 1) % memory].copy()
    kept.solve(newest, np.zeros(40), 1e-9, 0)
    assert kept.known == keep
    assert keep == 0 or np.linalg.norm(kept.Q[: kept.known] @ newest) == pytest.approx(1.0)


def test_memory_is_no_larger_than_the_system():
    assert refinement(np.eye(4), lambda r: r, 9).memory == refinement(np.eye(4), lambda r: r, 9).keep == 4
    assert refinement(np.eye(90), lambda r: r).memory == MEMORY


# --- when it stops


@few
@given(st.integers(1, 12), st.integers(0, 999), st.floats(0, 0.4), st.integers(0, 12), st.integers(0, 15))
def test_it_never_claims_more_than_is_true(n, seed, fixed, limit, digits):
    """The residual that it reports is the true one to rounding, whatever made it stop, also from what it remembers."""
    rng = np.random.default_rng(seed)
    M = spectrum(n, 1 + 10.0 ** rng.uniform(0, 4), seed)
    kept = refinement(M, Rough(M, fixed, 0.1, seed), 5)
    b = rng.normal(size=n)
    for _ in range(4):
        u, reached, steps = kept.solve(b, rng.normal(size=n), 10.0**-digits, limit)
        assert reached == pytest.approx(
            residual(M, u, b), rel=1e-6, abs=SLACK * (np.linalg.norm(b) + np.linalg.norm(u))
        )
        assert steps <= limit
        b = b + 0.1 * rng.normal(size=n)


def test_it_stops_where_no_progress_is_made():
    """An inverse of something else, and a matrix that makes the residual itself useless too (r'Mr = 0): it gives up,
    honestly, long before the steps that it is given.
    """
    M, rng, calls, b = np.kron(np.eye(100), [[0.0, 1.0], [-1.0, 0.0]]), np.random.default_rng(7), [], np.ones(200)

    def useless(r):
        calls.append(1)
        return rng.normal(size=200)

    u, reached, steps = refinement(M, useless).solve(b, np.zeros(200), 1e-6, 150)
    assert STALLED <= steps < 3 * STALLED and len(calls) <= steps
    assert reached == pytest.approx(residual(M, u, b)) and reached > 0.5 * np.linalg.norm(b)


@pytest.mark.parametrize("answer", [np.zeros_like, np.ones_like])
def test_without_help_it_goes_along_the_residual(answer):
    """Arrays that answer nothing, or always the same: slower, and still there, as M is positive real."""
    M, b = flipped(12, 5), np.arange(1.0, 18.0)
    u, reached, steps = refinement(M, answer).solve(b, np.zeros(17), 1e-6, 150)
    assert reached <= 1e-6 and residual(M, u, b) <= 1.01e-6 and steps > 5


def test_a_start_that_is_good_enough_still_moves():
    """Otherwise an iteration around it would come to rest too early: the residual falls tenfold in any case."""
    M, b = spectrum(20, 10), np.ones(20)
    u = np.linalg.solve(M, b) + 1e-5 * np.random.default_rng(8).normal(size=20)
    before = residual(M, u, b)
    moved, _, steps = refinement(M, Rough(M, 0.05)).solve(b, u, 1e3 * before, 50)
    assert steps >= 1 and residual(M, moved, b) <= PROGRESS * before


def test_nothing_is_left_to_correct():
    """At rounding it stops, even when asked for zero."""
    M, b = spectrum(30, 5), np.ones(30)
    *_, steps = refinement(M, Rough(M, 0.05)).solve(b, np.zeros(30), 0.0, 200)
    assert steps < 40
    u = np.linalg.solve(M, b)
    assert refinement(M, Rough(M, 0.05)).solve(b, u, 1.0, 50)[2] <= 12


@pytest.mark.parametrize("start", [0.0, 1.0])
def test_a_right_hand_side_of_zero(start):
    M, calls = spectrum(10, 10), []
    rough = Rough(M, 0.1)

    def counted(r):
        calls.append(1)
        return rough(r)

    u, reached, steps = refinement(M, counted).solve(np.zeros(10), np.full(10, start), 0.0, 100)
    np.testing.assert_array_equal(u, np.zeros(10))
    assert reached == 0.0 and steps == len(calls) == 0


@few
@given(st.floats(1e-6, 1e6), st.floats(-1e6, 1e6), st.floats(0.3, 3.0))
def test_one_unknown(m, b, factor):
    kept = refinement(np.array([[m]]), lambda r: factor * r / m)
    for _ in range(3):
        u, reached, _ = kept.solve(np.array([b]), np.zeros(1), 0.0, 20)
        assert u[0] == pytest.approx(b / m, rel=1e-12)
        assert reached <= 1e-14 * abs(b)


def test_work_is_counted():
    """Two products with M and one analog solve a step, at least, and the products of the orthogonalization."""
    M, b, products = spectrum(20, 10), np.ones(20), []

    def product(u):
        products.append(1)
        return M @ u

    made = Refinement(product, Rough(M, 0.05), 20, 400)
    *_, steps = made.solve(b, np.zeros(20), 1e-8, 50)
    vectors = sum(6 * k * 20 for k in range(steps))  # twice over all earlier pairs, at most
    assert len(products) == steps + 2
    assert len(products) * 400 + 2 * 20 * steps <= made.macs <= len(products) * 400 + 20 * 10 * steps + 2 * vectors
