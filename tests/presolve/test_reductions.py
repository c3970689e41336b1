"""Each reduction alone: it does what its name says, and the optimum comes back with its multipliers."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from small_programs import INF, assert_certificate, assert_optimal, objective, optimum, program, random_program

from admmopt.presolve.activity import ForcingRows, RedundantRows, rows_by_activity
from admmopt.presolve.columns import FixedColumns, fixed_columns
from admmopt.presolve.duplicates import DuplicateRows, duplicate_rows
from admmopt.presolve.reduction import Contradiction
from admmopt.presolve.singletons import SingletonRows, singleton_rows
from admmopt.presolve.slacks import SlackColumns, slack_columns
from admmopt.presolve.stack import REDUCTIONS, Stack

# what finds it, what it is, the program, (rows, columns) that are left
CASES = {
    "rows that are bounds": (
        singleton_rows,
        SingletonRows,
        program([[2, 0], [-1, 0], [0, 4], [1, 1]], [-INF, -3, 2, 0], [8, INF, 2, 9], [-1, 1], 0, 7),
        (1, 2),
    ),
    "a row that says less than a bound": (
        singleton_rows,
        SingletonRows,
        program([[1, 0], [1, 1]], [-INF, 1], [9, INF], [-1, 1], 0, 4),
        (1, 2),
    ),
    "fixed": (fixed_columns, FixedColumns, program([[1, 1, 1]], 1, 1, [1, 2, 3], [0, 0.5, -5], [9, 0.5, 9]), (1, 2)),
    "fixed in a quadratic program": (
        fixed_columns,
        FixedColumns,
        program([[1, 1, 1]], 1, 1, [0, 2, 3], [0, 0.5, -5], [9, 0.5, 9], [[2, 1, 0], [1, 2, 1], [0, 1, 2]]),
        (1, 2),
    ),
    "empty": (fixed_columns, FixedColumns, program([[1, 0, 0, 1]], 0, 1, [1, 2, -3, 1], -1, 2), (1, 2)),
    "nothing holds it up": (
        fixed_columns,
        FixedColumns,
        program([[1, -1], [1, -2]], -INF, 4, [2, 1], [-1, 0], 5),
        (2, 1),
    ),
    "redundant": (rows_by_activity, RedundantRows, program([[1, -1], [1, 1]], [-3, 1], [3, 1], [1, -2], 0, 3), (1, 2)),
    "empty row": (rows_by_activity, RedundantRows, program([[0, 0], [1, 1]], [-1, 1], [0, 1], [1, -2], 0, 3), (1, 2)),
    "forcing from below": (
        rows_by_activity,
        ForcingRows,
        program([[1, -2], [2, 1]], [2, 1], INF, [1, 3], 0, 2),
        (2, 2),
    ),
    "forcing from above": (
        rows_by_activity,
        ForcingRows,
        program([[1, -2], [2, 1]], -INF, [-4, 2], [-9, 5], 0, 2),
        (2, 2),
    ),
    "a forcing equation": (
        rows_by_activity,
        ForcingRows,
        program([[1, -2], [2, 1]], [2, 0], [2, 5], [7, -1], 0, 2),
        (2, 2),
    ),
    "copies": (
        duplicate_rows,
        DuplicateRows,
        program([[1, 3, 0], [-2, -6, 0], [0, 1, 1], [0.5, 1.5, 0]], [2, -9, 0, 1], [8, -5, 3, INF], [1, 1, 2], 0, 5),
        (2, 3),
    ),
    "a slack": (slack_columns, SlackColumns, program([[1, 2, 1]], 3, 3, [-1, -3, 0], 0, [2, 2, 5]), (1, 2)),
    "a slack that costs": (
        slack_columns,
        SlackColumns,
        program([[1, 2, -1], [1, 1, 0]], [3, 1], [3, 3], [1, 6, 2], 0, 2),
        (2, 2),
    ),
    "a slack in an inequality": (
        slack_columns,
        SlackColumns,
        program([[1, 2, 1]], -1, 3, [-1, -3, 0], 0, [2, 2, 1]),
        (1, 2),
    ),
    "a free column that costs": (
        slack_columns,
        SlackColumns,
        program([[1, 2, -1], [1, 1, 0]], [0, 1], [4, 9], [1, 1, 0.5], [0, 0, -INF], [2, 2, INF]),
        (2, 2),
    ),
    "a column that is free by its row": (
        slack_columns,
        SlackColumns,
        program([[1, 2, -1], [1, 1, 0]], [0, 1], [INF, 9], [1, 1, -0.5], [0, 0, -1], [2, 2, 9]),
        (2, 2),
    ),
}


@pytest.mark.parametrize("name", CASES)
def test_a_reduction_alone(name):
    reduce, kind, before, shape = CASES[name]
    step, after = reduce(before)
    assert type(step) is kind and (after.m, after.n) == shape
    point = optimum(after)
    restored = step.restore(point)
    assert_optimal(before, restored)
    np.testing.assert_allclose(objective(before, restored.x), objective(after, point.x), atol=1e-7)


@pytest.mark.parametrize("reduce", REDUCTIONS)
def test_nothing_to_do(reduce):
    assert reduce(program([[1, 2], [2, 1]], 1, 2, [-1, -1], 0, 5, np.eye(2))) is None


CONTRADICTIONS = {
    "two rows of one entry": (singleton_rows, program([[2, 0], [-1, 0], [1, 1]], [4, -1, 0], [INF, INF, 9], [1, 1])),
    "a row against a bound": (singleton_rows, program([[2, 0], [1, 1]], [-INF, 0], [-2, 9], [1, 1], 0, 5)),
    "an empty row": (rows_by_activity, program([[0, 0], [1, 1]], [1, 0], [2, 9], [1, 1])),
    "more than the bounds allow": (rows_by_activity, program([[1, -2], [1, 1]], [3, 0], INF, [1, 1], 0, 2)),
    "less than the bounds allow": (rows_by_activity, program([[1, -2], [1, 1]], -INF, [-5, 1], [1, 1], 0, 2)),
    "copies that exclude each other": (duplicate_rows, program([[1, 2], [-2, -4]], -INF, [1, -4], [1, 1])),
}


@pytest.mark.parametrize("name", CONTRADICTIONS)
def test_a_contradiction_is_proved(name):
    reduce, before = CONTRADICTIONS[name]
    with pytest.raises(Contradiction) as found:
        reduce(before)
    assert_certificate(before, found.value.point)


def test_a_contradiction_comes_back_through_other_reductions():
    """x_2 is fixed, then a row has one entry, then the bounds of the others exclude a third."""
    before = program([[1, 1, 0], [0, 2, 0], [1, 0, -1]], [3, 2, 4], [3, 2, INF], [1, 1, 1], 0, 9)
    stack = Stack(before)
    assert len(stack.steps) > 1
    assert_certificate(before, stack.contradiction)


@settings(max_examples=60, deadline=None, derandomize=True)
@given(st.integers(0, 10**6), st.booleans())
def test_random_programs_come_back_optimal(seed, quadratic):
    before = random_program(seed, quadratic)
    stack = Stack(before)
    assert stack.contradiction is None, "the program was built around a feasible point"
    point = optimum(stack.program)
    restored = stack.restore(point)
    assert_optimal(before, restored)
    np.testing.assert_allclose(objective(before, restored.x), objective(stack.program, point.x), atol=1e-6)
