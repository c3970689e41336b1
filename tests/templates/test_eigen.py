"""Dominant eigenpairs: against prescribed spectra and NumPy's, on exact and inexact products."""

from __future__ import annotations

import numpy as np
import pytest
import scipy.sparse as sp

import admmopt as ao
from admmopt.backend_api import BackendError
from admmopt.operators import Composition, Convolution, Dense, Diagonal
from admmopt.templates.subspace import steps_to_tell

from .inexact import Disturbed, Inexact

NOISES = [(1e-3, 0.0), (0.02, 0.005), (0.05, 0.01)]


def with_spectrum(spectrum, seed=0):
    spectrum = np.asarray(spectrum, dtype=float)
    Q, _ = np.linalg.qr(np.random.default_rng(seed).standard_normal((spectrum.size, spectrum.size)))
    return (Q * spectrum) @ Q.T, Q


def dominant(A, k):
    values = np.linalg.eigvalsh(A)
    return values[np.argsort(-np.abs(values), kind="stable")][:k]


def check(pairs, A, tol):
    """What is promised of every answer, by definition."""
    A = A.toarray() if sp.issparse(A) else A
    k = len(pairs.values)
    change = A @ pairs.vectors - pairs.vectors * pairs.values
    np.testing.assert_allclose(
        pairs.residuals, np.linalg.norm(change, axis=0) / np.abs(pairs.values), rtol=1e-3, atol=1e-13
    )
    np.testing.assert_allclose(pairs.vectors.T @ pairs.vectors, np.eye(k), atol=1e-12)
    assert np.all(pairs.vectors[np.abs(pairs.vectors).argmax(axis=0), np.arange(k)] > 0)
    assert sum(pairs.multiplicities) == k
    assert (pairs.status == "converged") == bool(np.all(pairs.residuals <= tol))


@pytest.mark.parametrize("multiplicity", range(1, 11))
@pytest.mark.parametrize("sign", [1, -1])
def test_the_papers_setting(multiplicity, sign):
    """n = 50, dominant eigenvalue of multiplicity 1 to 10, stop at 1e-4: value within 1e-6 (Liu et al., Fig. 9)."""
    rest = np.random.default_rng(multiplicity).uniform(-0.95, 0.95, 50 - multiplicity)
    A, Q = with_spectrum([sign * 1.0] * multiplicity + list(rest), seed=multiplicity)
    pairs = ao.eigs(A, tol=1e-4)
    check(pairs, A, 1e-4)
    assert pairs.status == "converged" and pairs.multiplicities == (multiplicity,)
    np.testing.assert_allclose(pairs.values, sign * np.ones(multiplicity), atol=1e-6)
    space = Q[:, :multiplicity]
    np.testing.assert_allclose(space @ space.T, pairs.vectors @ pairs.vectors.T, atol=1e-2)


@pytest.mark.parametrize("k", [1, 4, 20, 60])
def test_against_numpy(k):
    B = np.random.default_rng(1).standard_normal((60, 60))
    A = B + B.T
    pairs = ao.eigs(A, k)
    check(pairs, A, 1e-8)
    np.testing.assert_allclose(pairs.values, dominant(A, k), rtol=1e-12)


def test_groups_in_order():
    A, _ = with_spectrum([-3, -3, -3, 2, 2, 1.5, *np.linspace(1, -1, 20)])
    pairs = ao.eigs(A, 6)
    assert pairs.multiplicities == (3, 2, 1) and pairs.multiplicity == 3
    np.testing.assert_allclose(pairs.values, [-3, -3, -3, 2, 2, 1.5])


def test_eigenvalues_of_opposite_sign_and_equal_size():
    """On which power iteration with one vector goes back and forth for ever."""
    A, _ = with_spectrum([2] * 4 + [-2] * 3 + list(np.linspace(-1.9, 1.9, 30)))
    for k in (1, 2, 5):
        pairs = ao.eigs(A, k)
        check(pairs, A, 1e-8)
        np.testing.assert_allclose(np.abs(pairs.values), 2.0)
    pairs = ao.eigs(A)
    assert pairs.multiplicities == (4, 3)
    np.testing.assert_allclose(pairs.values, [2] * 4 + [-2] * 3)


def test_nearly_equal_eigenvalues():
    A, Q = with_spectrum([1, 0.9999, 0.9998, *np.linspace(0.99, 0, 47)])
    pairs = ao.eigs(A, 3)
    assert pairs.multiplicities == (1, 1, 1)
    np.testing.assert_allclose(np.abs(np.sum(Q[:, :3] * pairs.vectors, axis=0)), 1, atol=1e-6)
    assert ao.eigs(A).multiplicities == (1,)
    assert ao.eigs(A, tol=1e-3).multiplicities == (3,)  # what tol cannot tell apart is one


def test_a_multiplicity_beside_a_gap_of_a_millionth():
    A, _ = with_spectrum([1.0, 1.0, 1 - 1e-6, *np.linspace(0.5, 0, 500)])
    pairs = ao.eigs(A, tol=1e-9)
    assert pairs.multiplicities == (2,)
    assert pairs.status == "converged"


@pytest.mark.parametrize("rank", [0, 1, 3])
def test_low_rank(rank):
    A, _ = with_spectrum([5, -2, 1e-5][:rank] + [0] * (12 - rank))
    pairs = ao.eigs(A, 5)
    assert pairs.status == "converged"
    np.testing.assert_allclose(pairs.values, [5, -2, 1e-5][:rank] + [0] * (5 - rank), atol=1e-13)
    assert pairs.multiplicities == (1,) * rank + (5 - rank,)


def test_zero_and_identity():
    assert ao.eigs(np.zeros((7, 7))).multiplicities == (7,)
    assert ao.eigs(-np.eye(6)).multiplicities == (6,)
    assert ao.eigs(np.array([[-4.0]]), 1).values == pytest.approx([-4])
    assert np.all(ao.eigs(sp.csr_array((5, 5)), 2).residuals == 0)


@pytest.mark.parametrize("scale", [1e-120, 1e120])
def test_units_do_not_matter(scale):
    A, _ = with_spectrum([3, 2, *np.linspace(1, -1, 20)])
    pairs = ao.eigs(scale * A)
    assert pairs.status == "converged"
    np.testing.assert_allclose(pairs.values, [3 * scale])


def test_sparse_and_operators():
    n = 200
    A = sp.diags_array([np.ones(n - 1), np.linspace(0, 4, n), np.ones(n - 1)], offsets=[-1, 0, 1], format="csr")
    pairs = ao.eigs(A, 3)
    check(pairs, A, 1e-8)
    np.testing.assert_allclose(pairs.values, dominant(A.toarray(), 3), rtol=1e-10)
    B = np.random.default_rng(0).standard_normal((30, 20))
    pairs = ao.eigs(Composition(Dense(B.T), Dense(B)), 2)
    np.testing.assert_allclose(pairs.values, np.linalg.svd(B)[1][:2] ** 2)
    np.testing.assert_allclose(ao.eigs(Diagonal(np.arange(-9.0, 6.0)), 2).values, [-9, -8])


@pytest.mark.parametrize("make", [lambda A: A, sp.csr_array])
def test_torch(make):
    torch = pytest.importorskip("torch")
    A, _ = with_spectrum([1, 1, -0.9, *np.linspace(0.8, -0.8, 40)])
    pairs = ao.eigs(make(A), 3, "torch:cpu")
    check(pairs, A, 1e-8)
    assert pairs.multiplicities == (2, 1)
    np.testing.assert_allclose(pairs.values, [1, 1, -0.9])
    kinds = set()

    class Watched(type(ao.backend_api.resolve("torch:cpu"))):
        def place(self, operator):
            placed = super().place(operator)
            inner = placed.matvec
            placed.matvec = lambda x: (kinds.add(type(x)), inner(x))[1]
            return placed

    ao.eigs(make(A), 1, Watched("cpu"))
    assert kinds == {torch.Tensor}


@pytest.mark.parametrize("noise", NOISES)
@pytest.mark.parametrize("k", [None, 1, 5])
def test_inexact_products_converge_all_the_same(noise, k):
    A, _ = with_spectrum([1, 1, 1, -0.85, 0.8, *np.random.default_rng(5).uniform(-0.7, 0.7, 75)])
    pairs = ao.eigs(A, k, Inexact(*noise))
    check(pairs, A, 1e-8)
    assert pairs.status == "converged"
    np.testing.assert_allclose(pairs.values, [1, 1, 1, -0.85, 0.8][: k or 3], rtol=1e-12)
    assert pairs.product_error == pytest.approx(np.hypot(*noise), rel=0.5)
    assert pairs.backend_report == {"fixed": "of the matrix"}


@pytest.mark.parametrize("seed", range(6))
def test_inexact_products_and_eigenvalues_much_closer_than_their_error(seed):
    """A gap of 1e-4 at an error of 1e-2; ten eigenvalues of one size, of which noise prefers now these, now those."""
    A, Q = with_spectrum([1, 0.9999, 0.9998, *np.linspace(0.99, 0, 47)], seed)
    pairs = ao.eigs(A, 1, Inexact(0.01, 0.003, seed))
    assert pairs.status == "converged"
    assert abs(Q[:, 0] @ pairs.vectors[:, 0]) == pytest.approx(1, abs=1e-6)
    A, _ = with_spectrum([1, -1] * 5 + list(np.random.default_rng(seed).uniform(-0.9, 0.9, 40)), seed)
    pairs = ao.eigs(A, None, Inexact(0.02, 0.005, seed))
    assert pairs.status == "converged" and pairs.multiplicities == (5, 5)


def test_an_unfinished_search_for_more_eigenvectors_is_said():
    """Products too inexact to rule out more: the pairs stand, with a doubt."""
    A, _ = with_spectrum([1, 1, 1, *np.linspace(0.9, -0.9, 40)])
    pairs = ao.eigs(A, None, Inexact(0.3, 0.1))
    check(pairs, A, 1e-8)
    assert pairs.multiplicities == (3,) and "more eigenvectors than these is not known" in pairs.message


def test_exact_products_are_the_lesser_part():
    """At an error of 0.1 % a handful of exact rounds does; exact products on the backend need one round."""
    B = np.random.default_rng(1).standard_normal((200, 200))
    A = B + B.T
    exact, inexact = ao.eigs(A, 5), ao.eigs(A, 5, Inexact(1e-3, 0.0))
    assert exact.exact_products == 6  # one measured the products' error
    assert inexact.exact_products < inexact.products / 4
    assert inexact.products < 1.5 * exact.products


def test_products_are_counted():
    A, _ = with_spectrum(np.linspace(1, -1, 40) ** 3)
    backend, calls = Inexact(0.02, 0.0), []
    place = backend.place
    backend.place = lambda operator: Counted(place(operator), calls)
    host = Counted(Dense(A), [])
    pairs = ao.eigs(host, 2, backend)
    assert pairs.products == len(calls)
    assert pairs.exact_products == len(host.calls) - 2  # two looked for asymmetry


class Counted(Disturbed):
    def __init__(self, inner, calls):
        self.inner, self.shape, self.calls = inner, inner.shape, calls

    def matvec(self, x):
        self.calls.append(1)
        return self.inner.matvec(x)

    def entries(self, limit=0):
        return self.inner.matrix


def test_without_corrections_the_error_of_the_backend_stays_and_is_said():
    A, _ = with_spectrum([1, *np.linspace(0.7, -0.7, 40)])
    pairs = ao.eigs(A, 1, Inexact(0.05, 0.01), max_corrections=0)
    check(pairs, A, 1e-8)
    assert pairs.status == "noise floor" and "relative error" in pairs.message
    assert 1e-5 < pairs.residuals[0] < 0.2
    assert abs(pairs.values[0] - 1) < 2 * pairs.residuals[0] ** 2 / 0.3  # the Rayleigh quotient is exact, and quadratic


def test_products_of_no_use_end_at_the_noise_floor():
    A, _ = with_spectrum(np.linspace(1, 0.9, 40))
    pairs = ao.eigs(A, 2, Inexact(3.0, 3.0))
    assert pairs.status == "noise floor" and not np.all(pairs.residuals <= 1e-8)


def test_iterations_run_out():
    B = np.random.default_rng(1).standard_normal((300, 300))
    pairs = ao.eigs(B + B.T, 2, max_iterations=5)
    assert pairs.status == "limit" and pairs.iterations == 5 and "5 iterations" in pairs.message
    assert np.all(pairs.residuals > 1e-8)


def test_the_same_input_gives_the_same_output():
    B = np.random.default_rng(1).standard_normal((50, 50))
    first, second = (ao.eigs(B + B.T, 3, Inexact(0.02, 0.01), seed=4) for _ in range(2))
    assert np.array_equal(first.vectors, second.vectors) and first.products == second.products


def test_the_test_for_more_eigenvectors_holds():
    """Lanczos whose start has the least part in the dominant space that the risk allows for, c = 1e-3 sqrt(pi / 2n), on
    a spectrum that hides it well (Chebyshev nodes below the gap): its Ritz values must give that space away in time."""
    n, ratio = 60, 0.8
    steps = int(np.ceil(steps_to_tell(ratio, n)))
    nodes = np.cos(np.pi * (np.arange(n - 1) + 0.5) / (n - 1)) * (1 + ratio) / 2 + (ratio - 1) / 2
    spectrum = np.array([1.0, *nodes])
    c = 1e-3 * np.sqrt(np.pi / (2 * n))
    start = np.array([c, *np.full(n - 1, np.sqrt((1 - c**2) / (n - 1)))])
    found = 0
    for j in range(1, steps + 1):
        krylov = np.linalg.qr(np.stack([np.cos(i * np.arccos(spectrum)) * start for i in range(j)], axis=1))[0]
        largest = np.linalg.eigvalsh(krylov.T @ (spectrum[:, None] * krylov)).max()
        found = found or (j if largest > ratio else 0)
    assert steps / 3 < found <= steps


@pytest.mark.parametrize(
    ("A", "k", "said"),
    [
        (np.ones((2, 3)), 1, r"square matrix, got shape \(2, 3\)"),
        (np.ones(3), 1, "square matrix"),
        (np.array([[1.0, 2.0], [5.0, 1.0]]), 1, r"symmetric matrix: A\[0, 1\] = 2, A\[1, 0\] = 5"),
        (sp.csr_array(np.array([[1.0, 0.0], [5.0, 1.0]])), 1, r"A\[0, 1\] = 0, A\[1, 0\] = 5"),
        (Composition(Dense(np.ones((3, 3))), Diagonal(np.arange(3.0))), 1, "symmetric operator: u'A v"),
        (np.array([[np.nan]]), 1, "NaN"),
        (sp.csr_array(np.array([[np.inf]])), 1, "infinity"),
        (Diagonal(np.array([1.0, np.nan])), 1, "NaN"),
        (1j * np.eye(2), 1, "real matrix"),
        (np.eye(3), 4, "from 1 to 3, the order of the matrix, or None; got 4"),
        (np.eye(3), 0, "got 0"),
        (np.eye(3), 1.5, "got 1.5"),
    ],
)
def test_bad_input_is_named(A, k, said):
    with pytest.raises(ValueError, match=said):
        ao.eigs(A, k)


def test_bad_settings_are_named():
    with pytest.raises(ValueError, match=r"tol must lie between 0 and 1, got -1"):
        ao.eigs(np.eye(2), 1, tol=-1)
    with pytest.raises(BackendError, match="unknown backend"):
        ao.eigs(np.eye(2), 1, "abacus")


def test_broken_products_are_named():
    with pytest.raises(BackendError, match="NaN"):
        ao.eigs(np.eye(5), 1, Inexact(np.nan, 0.0))


def test_an_operator_without_entries():
    kernel = np.array([1.0, -2.0, 1.0])
    T = Convolution(kernel, 40)
    pairs = ao.eigs(Composition(Transposed(T), T), 2)
    matrix = np.column_stack([T.matvec(e) for e in np.eye(40)])
    np.testing.assert_allclose(pairs.values, np.linalg.svd(matrix)[1][:2] ** 2, rtol=1e-10)


class Transposed(Disturbed):
    def __init__(self, inner):
        self.inner, self.shape = inner, inner.shape[::-1]

    def matvec(self, x):
        return self.inner.rmatvec(x)

    def rmatvec(self, y):
        return self.inner.matvec(y)
