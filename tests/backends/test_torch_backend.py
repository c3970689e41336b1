"""The torch backend: the conformance kit, and whole solves that agree with the CPU's."""

import numpy as np
import pytest

from admmopt_cpu import Cpu

torch = pytest.importorskip("torch")

from admmopt.backend_api import BackendError, System, resolve  # noqa: E402
from admmopt.engine import Settings, solve  # noqa: E402
from admmopt.engine.problem import LeastSquares, SplitProblem, Term  # noqa: E402
from admmopt.functions.piecewise_library import absolute, box  # noqa: E402
from admmopt.operators import Convolution, Dense, Identity, Operator, RightProduct, Stack, Sum  # noqa: E402
from admmopt.testing import check_backend  # noqa: E402
from admmopt_torch import Torch  # noqa: E402


def test_conformance():
    check_backend("torch:cpu")


@pytest.mark.skipif(not torch.cuda.is_available(), reason="no CUDA device")
def test_conformance_on_the_gpu():
    check_backend("torch:cuda:0")


@pytest.mark.parametrize("shape", [(60, 20), (20, 60)])
def test_lasso_agrees_with_the_cpu(shape):
    rng = np.random.default_rng(0)
    F, g = rng.normal(size=shape), rng.normal(size=shape[0])
    n = shape[1]
    split = SplitProblem(
        n=n,
        q=np.zeros(n),
        squares=[LeastSquares(Dense(F), g, np.ones(shape[0]))],
        terms=[Term(absolute(n, 0.3), Identity(n), np.zeros(n))],
    )
    ours, theirs = (solve(split, backend, Settings(eps=1e-8)) for backend in (Torch("cpu"), Cpu()))
    assert ours.status == theirs.status == "optimal"
    assert isinstance(ours.x, np.ndarray)
    assert np.allclose(ours.x, theirs.x, atol=1e-5)


class Reversal(Operator):
    """A kind of operator that the backend has not heard of."""

    def __init__(self, n):
        self.shape = (n, n)

    def matvec(self, x):
        return x[::-1].copy()

    rmatvec = matvec

    def squared(self):
        return self

    @property
    def key(self):
        return ("reversal", self.shape[0])


@pytest.mark.parametrize(
    "operator",
    [
        Sum([Identity(6), Dense(np.arange(36.0).reshape(6, 6))]),
        RightProduct(Dense(np.arange(6.0).reshape(2, 3)), 4),
        Convolution(np.array([1.0, -2.0, 0.5]), 6),
        Reversal(6),
    ],
    ids=lambda operator: type(operator).__name__,
)
def test_placed_operators(operator):
    backend = Torch("cpu")
    placed = backend.place(operator)
    rng = np.random.default_rng(1)
    x, y = rng.normal(size=operator.shape[1]), rng.normal(size=operator.shape[0])
    assert np.allclose(backend.to_numpy(placed.matvec(backend.asarray(x))), operator.matvec(x))
    assert np.allclose(backend.to_numpy(placed.rmatvec(backend.asarray(y))), operator.rmatvec(y))
    assert placed.key != operator.key


def test_conjugate_gradients_start_from_the_guess():
    n = 50
    A = Stack([Convolution(np.array([1.0, -1.0]), n), Identity(n)], n)
    system = System(None, None, np.zeros(0), A, np.full(n, 1e-3), np.ones(A.shape[0]))
    backend = Torch("cpu")
    solver = backend.prepare(system)
    r1, r2 = backend.asarray(np.ones(n)), backend.asarray(np.zeros(A.shape[0]))
    cold = solver.solve(r1, r2, tol=1e-8)
    warm = solver.solve(r1, r2, guess=cold.x, tol=1e-8)
    assert cold.iterations > 5
    assert warm.iterations == 0
    assert solver.report()["direct"] is False


def test_a_device_that_does_not_exist_is_named():
    with pytest.raises(BackendError, match="abacus"):
        resolve("torch:abacus")


def test_a_problem_of_products_without_a_quadratic_takes_linearized_steps_on_the_device():
    rng = np.random.default_rng(0)
    n = 30
    blur = Convolution(np.array([1.0, 0.5, 0.25]), n)
    g = blur.matvec(rng.uniform(size=n)) + rng.laplace(scale=0.1, size=n + 2)
    terms = [Term(absolute(n + 2), blur, -g), Term(box(0.0, 1.0, n), Identity(n), np.zeros(n))]
    split = SplitProblem(n=n, q=np.zeros(n), terms=terms)
    found, direct = (solve(split, backend, Settings(eps=1e-6)) for backend in (Torch("cpu"), Cpu()))
    assert found.status == direct.status == "optimal"
    assert found.backend_report["form"] == "linearized"
    assert found.value == pytest.approx(direct.value, rel=1e-5)


def least_squares(rng):
    F = rng.normal(size=(40, 100))
    square = LeastSquares(Dense(F), F @ (rng.random(100) < 0.1), np.ones(40))
    terms = [Term(absolute(100, 0.3), Identity(100), np.zeros(100))]
    return SplitProblem(n=100, q=np.zeros(100), squares=[square], terms=terms)


def linear_program(rng):
    A, x = rng.normal(size=(100, 200)), rng.uniform(size=200)
    q = A.T @ rng.normal(size=100) + rng.uniform(size=200)
    terms = [Term(box(0.0, 0.0, 100), Dense(A), -A @ x), Term(box(0.0, np.inf, 200), Identity(200), np.zeros(200))]
    return SplitProblem(n=200, q=q, terms=terms)


@pytest.mark.parametrize("draw", [least_squares, linear_program])
def test_the_finish_works_on_the_device(draw):
    """Newton's method and the interior point, whose systems are dense factors there as on the host."""
    split = draw(np.random.default_rng(0))
    ours, theirs = (solve(split, backend, Settings(eps=1e-9)) for backend in (Torch("cpu"), Cpu()))
    assert ours.status == theirs.status == "optimal"
    assert any(check.event == "finish" for check in ours.history)
    assert ours.value == pytest.approx(theirs.value, rel=1e-7)


def test_a_matrix_that_is_not_positive_definite_raises_numpys_error():
    backend, A = Torch("cpu"), Dense(np.ones((2, 2)))
    system = System(None, None, np.zeros(0), Stack([A], 2), np.full(2, -1.0), np.ones(2))
    with pytest.raises(np.linalg.LinAlgError, match="positive"):
        backend.prepare(system)
