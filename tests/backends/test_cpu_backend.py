"""The CPU backend: the conformance kit, and each of its forms on the system it is meant for."""

import numpy as np
import pytest
import scipy.sparse as sp

from admmopt.backend_api import BackendError, System, resolve
from admmopt.operators import Convolution, Dense, Diagonal, Identity, LeftProduct, Sparse, Stack, compose
from admmopt.testing import check_backend
from admmopt_cpu import Cpu
from admmopt_cpu.pieces import take_apart
from admmopt_cpu.reduced import Woodbury

rng = np.random.default_rng(0)


def test_conformance():
    check_backend("cpu")


def system(blocks, n, P=None, F=None, sigma=1e-3, uniform=False):
    A = Stack(blocks, n)
    rho = np.full(A.shape[0], 0.5) if uniform else rng.uniform(0.1, 10.0, A.shape[0])
    weight = np.ones(0 if F is None else F.shape[0])
    return System(P, F, weight, A, np.full(n, sigma), rho)


difference = sp.diags_array([-1.0, 1.0], offsets=[0, 1], shape=(2999, 3000), format="csr")
many = sp.random_array((400, 500), density=0.01, rng=rng, format="csr")
FORMS = {
    "diagonal": system([Identity(50), Diagonal(rng.normal(size=50))], 50, P=Diagonal(np.ones(50))),
    "Woodbury": system([Identity(200)], 200, F=Dense(rng.normal(size=(20, 200)))),
    "dense Cholesky": system([Dense(rng.normal(size=(80, 30))), Identity(30)], 30),
    "sparse LDL'": system([Sparse(many), Identity(500)], 500),
    "sparse LDL' bordered by dense rows": system(
        [Sparse(difference), Dense(rng.normal(size=(3, 3000))), Identity(3000)], 3000
    ),
    "Kronecker, 4 x dense Cholesky": system(
        [Identity(40)], 40, F=LeftProduct(Dense(rng.normal(size=(30, 10))), 4), uniform=True
    ),
    "conjugate gradient": system([Convolution(rng.normal(size=5), 3000), Identity(3000)], 3000),
}


@pytest.mark.parametrize("form", FORMS)
def test_each_form_is_chosen_and_accurate(form):
    problem = FORMS[form]
    solver = Cpu().prepare(problem)
    assert solver.report()["form"] == form
    assert solver.report()["reason"]
    r1, r2 = rng.normal(size=problem.A.shape[1]), rng.normal(size=problem.A.shape[0])
    for factor in (1.0, 100.0, 1e-3):
        current = problem.with_penalty(factor * problem.rho)
        solver.update(rho=current.rho)
        result = solver.solve(r1, r2)
        rhs = r1 + current.A.rmatvec(current.rho * r2)
        error = np.linalg.norm(current.product(result.x) - rhs) / np.linalg.norm(rhs)
        assert error < (2e-10 if form == "conjugate gradient" else 1e-10)
        assert result.residual == pytest.approx(error, rel=0.5, abs=1e-13)
        assert np.allclose(result.z, current.A.matvec(result.x), atol=1e-9)


def test_bounds_add_no_rows_to_the_factorization():
    n = 200
    bounded = system([Sparse(many[:, :n]), Identity(n), Sparse(sp.eye_array(n, format="csr")[::3])], n)
    solver = Cpu().prepare(bounded)
    several = int(np.sum(np.diff(many[:, :n].tocsr().indptr) > 1))
    assert solver.K.shape[0] == n + several


def test_kronecker_copes_with_columns_that_differ():
    n = 40
    uneven = system([Identity(n)], n, F=LeftProduct(Dense(rng.normal(size=(30, 10))), 4))
    solver = Cpu().prepare(uneven)
    r1, r2 = rng.normal(size=n), rng.normal(size=n)
    result = solver.solve(r1, r2)
    rhs = r1 + uneven.rho * r2
    assert np.linalg.norm(uneven.product(result.x) - rhs) < 1e-8 * np.linalg.norm(rhs)


def woodbury(sparse: bool):
    """(system, rho of its rows by kind): 30 rows beside single entries of 400 columns."""
    n, k, draw = 400, 30, np.random.default_rng(2)
    R = draw.normal(size=(k, n)) * (draw.uniform(size=(k, n)) < (0.3 if sparse else 1.0))
    A = Stack([Sparse(sp.csr_array(R)) if sparse else Dense(R), Identity(n)], n)
    return System(None, None, np.zeros(0), A, np.full(n, 1e-4), np.ones(k + n)), k, draw


@pytest.mark.parametrize("sparse", [False, True])
def test_a_newton_step_counts_only_the_columns_that_changed_since_the_last(sparse):
    problem, k, draw = woodbury(sparse)
    solver = Woodbury(problem, take_apart(problem), "wanted here")
    assert solver.counted == 400
    rho = problem.rho.copy()
    rho[:5] = 0.0  # rows that the prox leaves alone
    rho[k : k + 150] = 0.0  # columns that it leaves alone: nothing but sigma holds them
    for entering, leaving in (([], []), ([200, 201], [0]), ([202], [1, 2])):
        rho[[k + j for j in entering]], rho[[k + j for j in leaving]] = 0.0, 1.0
        solver.update(rho=rho)
        current = problem.with_penalty(rho)
        r1, r2 = draw.normal(size=400), draw.normal(size=k + 400)
        rhs = r1 + current.A.rmatvec(rho * r2)
        result = solver.solve(r1, r2)
        assert np.linalg.norm(current.product(result.x) - rhs) < 1e-10 * np.linalg.norm(rhs)
        np.testing.assert_allclose(result.z, current.A.matvec(result.x), rtol=1e-9, atol=1e-9 * np.abs(result.x).max())
        assert solver.counted == (len(entering) + len(leaving) or 150)
        assert solver.refine, "without a trial"


def test_rounding_of_larger_factors_does_not_stay_in_a_gram_matrix():
    problem, k, draw = woodbury(sparse=False)
    sigma, rho = np.full(400, 1e-13), problem.rho.copy()
    solver = Cpu().prepare(problem.with_penalty(rho, sigma))
    rho[k + 30 : k + 80] = 3.0
    held = rho.copy()
    held[k : k + 30] = 0.0
    solver.update(rho=held)  # thirty columns whose factors are 1e13
    solver.update(rho=rho)  # nearer to that than to the first system
    fresh = Cpu().prepare(problem.with_penalty(rho, sigma))
    r1, r2 = draw.normal(size=400), draw.normal(size=k + 400)
    np.testing.assert_allclose(solver.solve(r1, r2).x, fresh.solve(r1, r2).x, rtol=1e-9, atol=1e-12)


def test_penalties_spread_over_twelve_decades():
    n, rng = 40, np.random.default_rng(1)
    A = Sparse(sp.random_array((30, n), density=0.3, rng=rng, format="csr"))
    scales = 10.0 ** rng.uniform(-6, 6, 30 + n)
    hard = System(None, None, np.zeros(0), Stack([A, Identity(n)], n), np.full(n, 1e-7), scales)
    solver = Cpu().prepare(hard)
    r1, r2 = rng.normal(size=n), rng.normal(size=30 + n)
    rhs = r1 + hard.A.rmatvec(hard.rho * r2)
    x = solver.solve(r1, r2).x
    assert np.linalg.norm(hard.product(x) - rhs) < 1e-10 * np.linalg.norm(rhs)


def test_names():
    assert isinstance(resolve("cpu"), Cpu)
    with pytest.raises(BackendError, match="takes nothing after its name"):
        resolve("cpu:3")
    with pytest.raises(BackendError, match=r"installed:.*cpu"):
        resolve("abacus")


class Wrong(Cpu):
    """Solves a slightly different system, and does not notice."""

    def prepare(self, system):
        solver = super().prepare(system)
        exact = solver.solve

        def solve(r1, r2, **keywords):
            result = exact(1.0001 * r1, r2, **keywords)
            result.measure = lambda: 1e-12
            return result

        solver.solve = solve
        return solver


class Forgetful(Cpu):
    """Ignores new penalties."""

    def prepare(self, system):
        solver = super().prepare(system)
        solver.update = lambda **keywords: None
        return solver


@pytest.mark.parametrize(("backend", "sentence"), [(Wrong(), "reports a residual"), (Forgetful(), "after update")])
def test_the_kit_catches_what_is_wrong(backend, sentence):
    with pytest.raises(AssertionError, match=sentence):
        check_backend(backend)


def test_rows_without_weight_leave_no_subnormal_numbers():
    """Arithmetic with them is ten times slower, and Newton's method leaves most rows out."""
    R = sp.random_array((400, 50), density=0.2, rng=np.random.default_rng(3), format="csr")
    R.data = 10.0 ** (-20 * R.data)
    solver = Cpu().prepare(system([Sparse(R), Identity(50)], 50))
    solver.update(rho=np.where(np.arange(450) < 20, 1.0, 0.0))
    size = np.abs(solver.factor.factors()[0].data)
    assert not np.any((size > 0) & (size < np.finfo(float).tiny))


def test_structure_that_is_sparse_is_written_out():
    """A product with a matrix variable beside rows that mix its columns: no k small systems, and no products alone."""
    p, q, k = 40, 5, 50
    X = LeftProduct(Dense(rng.normal(size=(p, q))), k)
    mixed = sp.eye_array(p * (k - 1), p * k, k=p) - sp.eye_array(p * (k - 1), p * k)
    problem = system([X, compose(Sparse(mixed), X), Identity(q * k)], q * k)
    solver = Cpu().prepare(problem)
    assert solver.report()["form"] == "sparse LDL'"
    r1, r2 = rng.normal(size=q * k), rng.normal(size=problem.A.shape[0])
    assert solver.solve(r1, r2).residual < 1e-10


@pytest.mark.parametrize("ordered", [True, False])
def test_gram_matrices_by_outer_products(monkeypatch, ordered):
    """In strips of a few rows, of a matrix whose entries stand in any order."""
    pytest.importorskip("numba")
    from admmopt_cpu import reduced, sparse_gram

    draw = np.random.default_rng(4)
    R, weight = sp.random_array((90, 40), density=0.1, rng=draw, format="csr"), draw.uniform(size=90)
    if not ordered:
        R = R[:, ::-1]
    expected = R.toarray().T @ (weight[:, None] * R.toarray())
    np.testing.assert_allclose(reduced.gram(R, weight), expected, atol=1e-14)
    monkeypatch.setattr(sparse_gram, "CACHE", 300)
    np.testing.assert_allclose(sparse_gram.outer_products(R, weight), expected, atol=1e-14)


def test_woodbury_corrects_what_it_knows_and_refines_in_the_small_system(monkeypatch):
    draw = np.random.default_rng(5)
    R = sp.random_array((20, 400), density=0.3, rng=draw, format="csr")
    problem = system([Sparse(R[:5]), Identity(400)], 400, F=Sparse(R[5:]), sigma=1e-9)
    solver = Woodbury(problem, take_apart(problem), "sparse rows")
    r1, r2 = draw.normal(size=400), draw.normal(size=405)
    rho = np.concatenate([np.full(5, 1e7), draw.uniform(1e-3, 1.0, 400)])
    solver.update(rho=rho)
    rho[10:40] *= np.where(np.arange(30) % 2, 100.0, 0.01)  # some more, some less
    solver.update(rho=rho)
    assert solver.counted == 30
    assert solver.solve(r1, r2).residual < 1e-11
    solver.factor.lower *= 1 + 1e-6
    with monkeypatch.context() as patch:
        patch.setattr(System, "product", None)  # nothing of the whole system is multiplied
        solver.refine = False
        plain = solver.solve(r1, r2)
        solver.refine = True
        refined = solver.solve(r1, r2)
    assert refined.residual < 1e-4 * plain.residual
    np.testing.assert_allclose(refined.z, problem.A.matvec(refined.x), atol=1e-7)


def quasi_definite(n, k, density, seed):
    """The upper triangle of [P R'; R -W], with a full diagonal."""
    draw = np.random.default_rng(seed)
    R = sp.random_array((k, n), density=density, rng=draw, format="csr")
    P, W = sp.diags_array(draw.uniform(0.1, 1.0, n)), sp.diags_array(-draw.uniform(0.1, 1.0, k))
    K = sp.csc_matrix(sp.block_array([[P, R.T], [None, W]]))
    K.sort_indices()
    return K, draw


@pytest.mark.parametrize(
    "n, k, density", [(1, 1, 1.0), (60, 40, 0.01), (60, 40, 0.2), (300, 200, 0.02), (150, 150, 1.0)]
)
def test_factors_by_fronts_solve(n, k, density):
    """Forests, small fronts that are joined, and fronts that are wider than a block."""
    pytest.importorskip("numba")
    from admmopt_cpu.supernodal import Supernodal

    K, draw = quasi_definite(n, k, density, seed=n)
    factor = Supernodal(K, draw.permutation(n + k))
    for scale in (1.0, 7.0):  # the same pattern with other values
        K.data *= scale
        factor.update(K)
        full, x = K + K.T - sp.diags(K.diagonal()), draw.normal(size=n + k)
        np.testing.assert_allclose(factor.solve(full @ x), x, rtol=1e-8, atol=1e-10)
    K.data[K.indptr[1:] - 1] = 0.0
    if density == 1.0:
        with pytest.raises(np.linalg.LinAlgError, match="pivot"):
            factor.update(K)


def test_a_large_system_is_factorized_by_fronts(monkeypatch):
    pytest.importorskip("numba")
    from admmopt_cpu import ldl
    from admmopt_cpu.supernodal import Supernodal

    plain = Cpu().prepare(FORMS["sparse LDL'"])
    monkeypatch.setattr(ldl, "LARGE", 0.0)
    fronts = Cpu().prepare(FORMS["sparse LDL'"])
    assert isinstance(fronts.factor, Supernodal) and not isinstance(plain.factor, Supernodal)
    assert fronts.update_cost() < plain.update_cost()
    r1, r2 = rng.normal(size=500), rng.normal(size=900)
    for solver in (plain, fronts):
        solver.update(rho=np.linspace(0.5, 5.0, 900))
    np.testing.assert_allclose(fronts.solve(r1, r2).x, plain.solve(r1, r2).x, atol=1e-10)
    assert fronts.solve(r1, r2).residual < 1e-9
