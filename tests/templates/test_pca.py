"""Principal components against NumPy's singular value decomposition and scikit-learn."""

from __future__ import annotations

import numpy as np
import pytest
import scipy.sparse as sp

import admmopt as ao
from admmopt.report.plots import Picture
from admmopt.templates import PCA
from admmopt.templates import pca as pca_function

from .inexact import Inexact

BACKENDS = ["cpu", "torch:cpu", Inexact(0.03, 0.005)]


def data(n, p, seed=0):
    """Samples of decreasing variance, away from the origin."""
    rng = np.random.default_rng(seed)
    X = rng.standard_normal((n, min(n, p))) * 0.8 ** np.arange(min(n, p))
    return X @ np.linalg.qr(rng.standard_normal((p, min(n, p))))[0].T + 5 * rng.standard_normal(p)


def check(result, X, k, atol=1e-6):
    X = X.toarray() if sp.issparse(X) else X
    centered = X - X.mean(axis=0)
    _, sigma, Vt = np.linalg.svd(centered, full_matrices=False)
    assert result.status == "converged"
    np.testing.assert_allclose(result.explained_variance, sigma[:k] ** 2 / (len(X) - 1), rtol=atol)
    np.testing.assert_allclose(result.explained_variance_ratio, (sigma**2 / np.sum(sigma**2))[:k], rtol=atol)
    signs = np.sign(np.sum(Vt[:k] * result.components, axis=1))
    np.testing.assert_allclose(signs[:, None] * result.components, Vt[:k], atol=atol)
    assert np.all(result.components[np.arange(k), np.abs(result.components).argmax(axis=1)] > 0)
    np.testing.assert_allclose(result.mean, X.mean(axis=0))
    np.testing.assert_allclose(result.scores, centered @ result.components.T, atol=1e-10)
    np.testing.assert_allclose(result.transform(X), result.scores, atol=1e-10)
    change = result.components @ centered.T @ centered / (len(X) - 1)
    change -= result.explained_variance[:, None] * result.components
    expected = np.linalg.norm(change, axis=1) / result.explained_variance
    np.testing.assert_allclose(result.residuals, expected, rtol=1e-3, atol=1e-13)


@pytest.mark.parametrize("backend", BACKENDS, ids=str)
@pytest.mark.parametrize(("n", "p"), [(120, 30), (30, 120), (40, 40)])
def test_against_the_singular_value_decomposition(n, p, backend):
    if backend == "torch:cpu":
        pytest.importorskip("torch")
    X = data(n, p)
    check(ao.templates.pca(X, 4, backend), X, 4)


@pytest.mark.parametrize("shape", [(700, 600), (600, 700)])
@pytest.mark.parametrize("backend", ["cpu", Inexact(0.01, 0.002)], ids=str)
def test_a_covariance_too_large_to_write_out(shape, backend):
    X = data(*shape)
    check(ao.templates.pca(X, 3, backend), X, 3)


@pytest.mark.parametrize("shape", [(300, 60), (60, 300)])
def test_sparse_samples_are_centered_without_filling_them(shape):
    X = sp.random_array(shape, density=0.1, rng=np.random.default_rng(0)) * 3
    X = sp.csr_array(X + sp.csr_array(([50.0, 40.0], ([0, 1], [2, 3])), shape=shape))
    check(ao.templates.pca(X, 2), X, 2)


def test_iris_against_scikit_learn():
    datasets, decomposition = pytest.importorskip("sklearn.datasets"), pytest.importorskip("sklearn.decomposition")
    X = datasets.load_iris().data
    theirs = decomposition.PCA(4).fit(X)
    for backend in ("cpu", Inexact(0.03, 0.005)):
        ours = ao.templates.pca(X, 4, backend)
        check(ours, X, 4)
        np.testing.assert_allclose(ours.explained_variance_ratio, theirs.explained_variance_ratio_, rtol=1e-8)
        np.testing.assert_allclose(np.abs(ours.components @ theirs.components_.T), np.eye(4), atol=1e-6)
        assert ours.explained_variance_ratio[0] == pytest.approx(0.92461872, abs=1e-7)


@pytest.mark.parametrize("shape", [(20, 6), (6, 20)])
def test_data_of_low_rank(shape):
    X = np.outer(np.arange(shape[0]) ** 2.0, np.ones(shape[1]))
    result = ao.templates.pca(X, 3)
    np.testing.assert_allclose(result.explained_variance_ratio, [1, 0, 0], atol=1e-12)
    np.testing.assert_allclose(result.components @ result.components.T, np.eye(3), atol=1e-12)
    np.testing.assert_allclose(result.scores[:, 1:], 0, atol=1e-10)


def test_data_without_variance():
    result = ao.templates.pca(np.ones((5, 3)), 2)
    assert np.all(result.explained_variance == 0) and np.all(result.explained_variance_ratio == 0)
    np.testing.assert_allclose(result.components @ result.components.T, np.eye(2), atol=1e-12)


def test_what_the_backend_could_not_do_is_said():
    result = ao.templates.pca(data(60, 20), 2, Inexact(0.05, 0.01), max_corrections=0)
    assert result.status == "noise floor" and "relative error" in result.message
    assert np.all(result.residuals > 1e-8)
    assert str(result).startswith("noise floor: components explain")


@pytest.mark.parametrize("k", [1, 3])
@pytest.mark.parametrize("labels", [None, ["a"] * 10 + ["b"] * 20])
def test_picture(tmp_path, k, labels):
    result = ao.templates.pca(data(30, 8), k)
    figure = result.plot(tmp_path / "pca.png", labels)
    assert isinstance(figure, Picture) and (tmp_path / "pca.png").stat().st_size > 1000
    points, bars = figure.axes
    drawn = np.concatenate([dots.get_offsets() for dots in points.collections])
    np.testing.assert_allclose(drawn[:, 1 if k == 1 else 0], result.scores[:, 0])
    assert len(points.collections) == (1 if labels is None else 2)
    np.testing.assert_allclose([bar.get_height() for bar in bars.patches], result.explained_variance_ratio)


def test_names():
    assert ao.templates.pca is pca_function and isinstance(ao.templates.pca(data(9, 4), 1), PCA)


@pytest.mark.parametrize(
    ("X", "k", "said"),
    [
        (np.ones(4), 1, r"two-dimensional array; got shape \(4,\)"),
        (np.full((3, 2), np.nan), 1, "NaN"),
        (np.ones((3, 2)) * 1j, 1, "real data"),
        (np.ones((3, 5)), 3, "3 samples of 5 features have 2 principal components; got k = 3"),
        (np.ones((9, 5)), 6, "have 5 principal components; got k = 6"),
        (np.ones((9, 5)), 0, "got k = 0"),
    ],
)
def test_bad_input_is_named(X, k, said):
    with pytest.raises(ValueError, match=said):
        ao.templates.pca(X, k)


def test_bad_samples_and_labels_are_named():
    result = ao.templates.pca(data(10, 4), 2)
    with pytest.raises(ValueError, match=r"samples of 4 features are needed, got shape \(2, 3\)"):
        result.transform(np.ones((2, 3)))
    with pytest.raises(ValueError, match="3 labels for 10 samples"):
        result.plot(labels=["a", "b", "c"])
