"""Forms of a system: every one reproduces its solution, for every structure and after every change of penalties."""

from __future__ import annotations

import numpy as np
import pytest
import scipy.sparse as sp
from hypothesis import given, settings
from hypothesis import strategies as st

from admmopt.backend_api import BackendError, System
from admmopt.operators import Dense, Diagonal, Identity, Sparse, Stack
from admmopt.testing.systems import systems
from admmopt_crossbar import parts
from admmopt_crossbar.forms import FORMS, KKT, Dual, Reduced
from admmopt_crossbar.parts import take_apart

SYSTEMS = dict(systems())
few = settings(max_examples=30, deadline=None, derandomize=True)


def applicable(system):
    parts = take_apart(system)
    return [name for name in FORMS if name != "dual" or (parts.P is None and parts.index.size)]


CASES = [(name, form) for name, system in SYSTEMS.items() for form in applicable(system)]
STRUCTURES = pytest.mark.parametrize("name, form", CASES)


def made(name, form):
    system = SYSTEMS[name]
    return system, FORMS[form](take_apart(system), system)


def matrix(form):
    return np.diag(form.d) + form.off.toarray()


def right_sides(system, seed=3):
    rng = np.random.default_rng(seed)
    return rng.normal(size=system.A.shape[1]), rng.normal(size=system.A.shape[0])


def dense_solution(system, r1, r2):
    """x, A x and their relative accuracy, from the definition in backend_api, nothing taken apart."""
    n = system.A.shape[1]
    K = np.array([system.product(e) for e in np.eye(n)])
    x = np.linalg.solve(K, r1 + system.A.rmatvec(system.rho * r2))
    return x, system.A.matvec(x), max(1e-10, 5 * np.finfo(float).eps * np.linalg.cond(K))


def check(form, system):
    r1, r2 = right_sides(system)
    x, z, accuracy = dense_solution(system, r1, r2)

    def close(got, expected):
        return np.linalg.norm(got - expected) <= accuracy * (1e-3 + np.linalg.norm(expected))

    got_x, got_z = form.solution(np.linalg.solve(matrix(form), form.rhs(r1, r2)), r1, r2)
    assert close(got_x, x)
    assert close(got_z, z)
    assert close(form.product(form.start(x, r2)), form.rhs(r1, r2))  # the unknowns that belong to x solve the form


def test_the_structures_are_all_there():
    assert len(SYSTEMS) >= 15 and {form for _, form in CASES} == set(FORMS)


@STRUCTURES
def test_solution(name, form):
    system, this = made(name, form)
    check(this, system)
    u = np.random.default_rng(0).normal(size=this.size)
    np.testing.assert_allclose(this.product(u), matrix(this) @ u, rtol=1e-12, atol=1e-12)
    assert not this.off.diagonal().any()  # it is kept apart
    assert this.off.nnz == 0 or this.off.data.all()


@STRUCTURES
def test_scaling(name, form):
    """The rows are scaled alike from both sides: unit diagonal, or rows of R of unit length against a unit diagonal."""
    _, this = made(name, form)
    n = this.parts.n
    if form in ("reduced", "dual"):
        np.testing.assert_allclose(this.d, 1.0)
        assert np.abs(this.off.data).max(initial=0.0) < 1.0
    else:
        across = this.off.toarray()[n:, :n]
        np.testing.assert_allclose(np.linalg.norm(across, axis=1), 1.0)
        np.testing.assert_allclose(this.off.toarray()[:n, n:], (-1 if form == "kkt" else 1) * across.T, rtol=1e-12)
    unscaled = matrix(this) / np.outer(this.scale, this.scale)
    np.testing.assert_allclose(unscaled, this.matrix.toarray(), rtol=1e-9, atol=1e-12 * np.abs(unscaled).max())


@STRUCTURES
def test_definiteness(name, form):
    """What a feedback circuit can settle on: all but the matrix of the paper, as soon as rows couple unknowns."""
    _, this = made(name, form)
    M = matrix(this)
    assert (np.abs(M - M.T).max() < 1e-14) == (this.symmetric or this.parts.index.size == 0)
    least = np.linalg.eigvals(M).real.min()
    assert (least > 0) == (form != "raw-kkt" or this.parts.index.size == 0)


@STRUCTURES
@pytest.mark.parametrize("change", ["common factor", "by row", "sigma"])
def test_new_penalties(name, form, change):
    """Right after each; where update() says that nothing has to be written, nothing on the arrays moved."""
    system, this = made(name, form)
    rng = np.random.default_rng(8)
    m, n = system.A.shape
    for _ in range(3):
        if change == "common factor":
            system = system.with_penalty(system.rho * rng.uniform(0.1, 10))
        elif change == "by row":
            system = system.with_penalty(system.rho * rng.uniform(0.1, 10, m))
        else:
            system = system.with_penalty(system.rho, system.sigma * rng.uniform(1, 100, n))
        before = this.off.copy()
        written = this.update(system)
        assert written == (abs(this.off - before).max() > 1e-9)
        if form in ("kkt", "raw-kkt"):
            assert not written
        check(this, system)


@pytest.mark.parametrize("name", [name for name, form in CASES if form == "reduced"])
def test_a_common_factor_never_writes_a_reduced_matrix_of_penalties_alone(name):
    """O = c R'WR, and its scaling takes c; single-entry rows and diagonal quadratics are on the diagonal anyway."""
    system, this = made(name, "reduced")
    alone = this.parts.P is None and (this.parts.index >= 0).all()
    fixed = not (this.parts.index >= 0).any()
    assert this.update(system.with_penalty(5.0 * system.rho)) == (not (alone or fixed))


def test_a_common_factor_on_everything_never_writes_a_dual_matrix():
    system, this = made("blocks side by side", "dual")
    assert not this.update(system.with_penalty(7.0 * system.rho, 7.0 * system.sigma))
    check(this, system.with_penalty(7.0 * system.rho, 7.0 * system.sigma))


def test_a_common_factor_leaves_the_balance_of_a_kkt_matrix():
    """So its condition does not change, as scaling the multipliers undoes the factor."""
    rng = np.random.default_rng(4)
    A = Stack([Dense(rng.normal(size=(6, 10))), Identity(10)], 10)
    system = System(None, None, np.zeros(0), A, np.full(10, 1e-9), rng.uniform(1, 2, 16))
    this = KKT(take_apart(system), system)
    before = matrix(this)
    this.update(system.with_penalty(1e4 * system.rho))
    np.testing.assert_allclose(matrix(this), before, rtol=1e-6, atol=1e-12)


# --- by hand


def test_forms_by_hand():
    """One coupling row (1, 2) with penalty 3, x_0 with penalty 5, sigma 0.5."""
    A = Stack([Dense(np.array([[1.0, 2.0]])), Sparse(sp.csr_array([[1.0, 0.0]]))], 2)
    system = System(None, None, np.zeros(0), A, np.array([0.5, 0.5]), np.array([3.0, 5.0]))
    parts = take_apart(system)
    np.testing.assert_array_equal(parts.shift(system), [5.5, 0.5])
    np.testing.assert_array_equal(parts.weights(system), [3.0])
    np.testing.assert_allclose(Reduced(parts, system).matrix.toarray(), [[8.5, 6.0], [6.0, 12.5]])
    np.testing.assert_allclose(Dual(parts, system).matrix.toarray(), [[1 / 3 + 1 / 5.5 + 8.0]])
    np.testing.assert_allclose(KKT(parts, system).matrix.toarray(), [[5.5, 0, 1], [0, 0.5, 2], [-1, -2, 1 / 3]])
    raw = FORMS["raw-kkt"](parts, system).matrix.toarray()
    np.testing.assert_allclose(raw, [[5.5, 0, 1], [0, 0.5, 2], [1, 2, -1 / 3]])


def hard_constraints(rho, G):
    """rho/2 ||x||^2 with G x = h: a quadratic, and rows whose weight is as good as infinite."""
    k, n = G.shape
    return System(Diagonal(np.full(n, rho)), Dense(G), np.full(k, 1e14), Stack([], n), np.full(n, 1e-300), np.zeros(0))


@few
@given(st.integers(1, 6), st.integers(0, 6), st.floats(0.1, 10.0), st.integers(0, 999))
def test_eigenvalues_of_the_flipped_kkt_matrix(k, more, rho, seed):
    """(rho +- sqrt(rho^2 - 4 s^2)) / 2 for every singular value s of G, and rho: never a negative real part. The matrix
    of Liu et al. (2018), rows not flipped, has (rho - sqrt(rho^2 + 4 s^2)) / 2 < 0.
    """
    n = max(k + more, 2)  # a row with one entry would be no row
    G = np.random.default_rng(seed).normal(size=(k, n))
    system = hard_constraints(rho, G)
    parts, s = take_apart(system), np.linalg.svd(G, compute_uv=False)
    for form, inner in ((KKT, rho**2 - 4 * s**2), (FORMS["raw-kkt"], rho**2 + 4 * s**2)):
        root = np.sqrt(inner.astype(complex))
        expected = np.concatenate([(rho + root) / 2, (rho - root) / 2, np.full(n - k, rho)])
        got = np.linalg.eigvals(form(parts, system).matrix.toarray())
        # as polynomials: eigenvalues that nearly coincide are known to half the digits only
        z = np.exp(1j * np.arange(2 * (n + k))) * (1 + rho + s.max())
        values = [np.prod((z[:, None] - roots) / (1 + rho + s.max()), axis=1) for roots in (got, expected)]
        np.testing.assert_allclose(values[0], values[1], rtol=1e-7, atol=1e-9)
        assert (got.real.min() > -1e-9) == (form is KKT)


# --- parts


def test_rows_with_one_entry_are_no_rows():
    """Bounds, picked entries and scaled identities go to the diagonal; a row of zeros is no row of any kind."""
    A = Stack([Sparse(sp.csr_array([[0.0, 2.0, 0.0], [0.0, 0.0, 0.0], [1.0, 0.0, 1.0]]))], 3)
    F = Dense(np.array([[0.0, 0.0, 3.0], [1.0, 1.0, 1.0]]))
    system = System(None, F, np.array([10.0, 20.0]), A, np.ones(3), np.array([7.0, 8.0, 9.0]))
    parts = take_apart(system)
    np.testing.assert_allclose(parts.shift(system), [1.0, 1.0 + 4 * 7, 1.0 + 9 * 10])
    np.testing.assert_array_equal(parts.index, [2, -1])
    np.testing.assert_array_equal(parts.weights(system), [9.0, 20.0])
    for form in FORMS.values():
        check(form(parts, system), system)


def test_a_row_of_weight_zero_does_not_count():
    rng = np.random.default_rng(2)
    F = Dense(rng.normal(size=(3, 5)))
    system = System(None, F, np.array([1.0, 0.0, 2.0]), Stack([Identity(5)], 5), np.full(5, 0.1), np.ones(5))
    for form in ("reduced", "dual", "kkt"):
        check(FORMS[form](take_apart(system), system), system)


def test_products_alone_are_no_matrix(monkeypatch):
    """The convolution is refused, by name, once it is too large to be written out."""
    assert take_apart(SYSTEMS["a convolution"]).R.shape[0] > 0
    monkeypatch.setattr(parts, "WRITTEN_OUT", 100)
    with pytest.raises(BackendError, match=r"holds matrices, and of .*onvol.* only products exist \(up to 100 entries"):
        take_apart(SYSTEMS["a convolution"])
