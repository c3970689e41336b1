"""The grader, on answers made by hand."""

import numpy as np
import pytest
import scipy.sparse as sp

from benchmarks import grade

# min 1/2 x'x - x1 - 3 x2  s.t.  x1 + x2 <= 2, x >= 0: x = (0, 2), with multipliers 1 on the sum and -0 on the bounds.
P, q = sp.eye_array(2).tocsc(), np.array([-1.0, -3.0])
A = sp.csc_array(np.array([[1.0, 1.0], [1.0, 0.0], [0.0, 1.0]]))
l, u = np.array([-1e20, 0.0, 0.0]), np.array([2.0, 1e20, 1e20])
X, Y = np.array([0.0, 2.0]), np.array([1.0, 0.0, 0.0])


def test_the_right_answer_is_right():
    g = grade.grade_rows(P, q, A, l, u, X, Y)
    assert g.worst < 1e-15
    assert g.objective == pytest.approx(-4.0)
    assert g.right(1e-12)


@pytest.mark.parametrize(
    ("x", "y", "residual"),
    [
        (X + [0.1, 0.1], Y, "primal"),
        (X, Y + [0.5, 0.0, 0.0], "dual"),
        (X - [0.0, 1.0], Y + [1.0, 0.0, 0.0], "gap"),  # feasible and stationary in x2, not complementary
    ],
)
def test_a_wrong_answer_is_seen_by_its_residual(x, y, residual):
    g = grade.grade_rows(P, q, A, l, u, x, y)
    assert getattr(g, residual) >= 0.1
    assert not g.right(1e-2)


def test_a_dual_of_the_wrong_sign_does_not_count():
    """min x, x >= 1 (no upper bound): y = -1 is right; y = +1 leans on the infinite bound."""
    args = (None, np.array([1.0]), sp.eye_array(1).tocsc(), np.array([1.0]), np.array([np.inf]))
    assert grade.grade_rows(*args, np.array([1.0]), np.array([-1.0])).worst == 0
    wrong = grade.grade_rows(*args, np.array([1.0]), np.array([1.0]))
    assert wrong.dual == 1.0
    assert np.isfinite(wrong.gap)


@pytest.mark.parametrize("x", [None, np.array([np.nan, 2.0]), np.array([np.inf, 2.0])])
def test_nothing_and_nonsense_are_worthless(x):
    assert not grade.grade_rows(P, q, A, l, u, x, Y).right(1.0)


def test_scales_forgive_what_the_data_makes_large():
    big = 1e6
    g = grade.grade_rows(P, big * q, A, l, big * u, big * X + 1e-3, big * Y)
    assert g.primal > 1e-4
    assert g.right(1e-6)


def test_certificates_of_infeasibility():
    """x1 + x2 <= -1, x >= 0 has no solution, by y = (1, -1, -1)."""
    upper = np.array([-1.0, 1e20, 1e20])
    assert grade.proves_infeasible(A, l, upper, [1.0, -1.0, -1.0])
    assert not grade.proves_infeasible(A, l, upper, [-1.0, 1.0, 1.0])
    assert not grade.proves_infeasible(A, l, upper, [1.0, -1.0, -0.9])
    assert not grade.proves_infeasible(A, l, u, [1.0, -1.0, -1.0])
    assert not grade.proves_infeasible(A, l, upper, [0.0, 0.0, 0.0])


def test_certificates_of_unboundedness():
    """min -x1 with x >= 0, x1 + x2 free: falls along (1, 0), unless it is curved there."""
    free = np.array([1e20, 1e20, 1e20])
    down = np.array([-1.0, 0.0])
    assert grade.proves_unbounded(None, down, A, l, free, [1.0, 0.0])
    assert not grade.proves_unbounded(P, down, A, l, free, [1.0, 0.0])
    assert not grade.proves_unbounded(None, down, A, l, u, [1.0, 0.0])
    assert not grade.proves_unbounded(None, down, A, l, free, [-1.0, 0.0])


@pytest.mark.parametrize(
    ("status", "truth", "correct", "verdict"),
    [
        ("optimal", "optimal", True, grade.RIGHT),
        ("optimal", "optimal", False, grade.WRONG),
        ("infeasible", "optimal", False, grade.WRONG),
        ("unbounded", "infeasible", False, grade.WRONG),
        ("infeasible", "infeasible", False, grade.RIGHT),
        ("optimal", "infeasible", False, grade.WRONG),
        ("limit", "optimal", False, grade.FAILED),
        ("limit", "optimal", True, grade.RIGHT),
        ("limit", "infeasible", False, grade.FAILED),
    ],
)
def test_statuses_are_graded(status, truth, correct, verdict):
    assert grade.judge(status, truth, correct)[0] == verdict


def test_shifted_geometric_mean():
    assert grade.shifted_geometric_mean([3.0, 3.0]) == pytest.approx(3.0)
    assert grade.shifted_geometric_mean([0.0, 3.0]) == pytest.approx(1.0)  # sqrt(1 * 4) - 1
    assert np.isnan(grade.shifted_geometric_mean([]))
