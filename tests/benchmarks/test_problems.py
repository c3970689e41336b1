"""Every benchmark problem at a tiny size: DCP, deterministic, and solved as Clarabel solves it; so is its reference."""

import os

import cvxpy as cp
import numpy as np
import pytest
from scipy.sparse import issparse

import admmopt as ao
from benchmarks.evaluate import evaluate
from benchmarks.problems import GROUPS, REGISTRY, MissingData, build

FOLDER = os.environ.get("ADMMOPT_DATA")
NAMES = sorted(REGISTRY)


def instance(name, seed=0):
    """The tiny problem, or a visible skip where its data set is not there."""
    try:
        return build(name, "tiny", seed, FOLDER)
    except MissingData as missing:
        pytest.skip(str(missing))


@pytest.fixture(scope="module")
def clarabel():
    """The tiny problems' values by Clarabel, each solved once."""
    values = {}

    def value(name):
        if name not in values:
            problem = instance(name).problem
            problem.solve(solver=cp.CLARABEL)
            assert problem.status == cp.OPTIMAL
            values[name] = problem.value
        return values[name]

    return value


def test_the_nineteen_are_nineteen():
    assert len(GROUPS["nineteen"]) == 19


@pytest.mark.parametrize("name", NAMES)
def test_is_dcp_and_deterministic(name):
    first, again, other = instance(name), instance(name), instance(name, seed=1)
    assert first.problem.is_dcp()
    assert first.fingerprint == again.fingerprint
    for key, value in first.data.items():
        assert abs(value - again.data[key]).max() == 0 if issparse(value) else np.array_equal(value, again.data[key]), (
            key
        )
    if not REGISTRY[name].needs:
        assert first.fingerprint != other.fingerprint


@pytest.mark.parametrize("backend", ["cpu", "torch:cpu"])
@pytest.mark.parametrize("name", NAMES)
def test_engine_agrees_with_clarabel(name, backend, clarabel):
    problem = instance(name).problem
    solution = ao.solve(problem, backend=backend, eps=1e-6, time_limit=20)
    assert solution.status == "optimal"
    assert solution.value == pytest.approx(clarabel(name), rel=1e-4, abs=1e-6)
    assert evaluate(problem).relative <= 1e-5


@pytest.mark.parametrize("name", NAMES)
def test_reference_agrees_with_clarabel_and_proves_its_bound(name, clarabel):
    pytest.importorskip("numba")
    from benchmarks.references.solvers import SOLVERS

    tiny = instance(name)
    certified = SOLVERS[name](**tiny.data)
    found = evaluate(tiny.problem, certified.point)
    sign = -1 if isinstance(tiny.problem.objective, cp.Maximize) else 1
    assert found.violation <= 1e-7
    assert found.objective == pytest.approx(clarabel(name), rel=1e-5, abs=1e-7)
    assert sign * found.objective - certified.bound <= 1e-6 * max(1, abs(found.objective))
    assert certified.bound <= sign * clarabel(name) + 1e-6 * max(1, abs(found.objective))


def test_unknown_names_and_missing_data_are_named():
    with pytest.raises(KeyError, match="no benchmark problem 'lassso'"):
        build("lassso")
    with pytest.raises(MissingData, match=r"ml/a9a\.gz"):
        build("svm_a9a", "tiny", folder=None)
