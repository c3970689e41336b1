"""Principal components on any backend."""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np
import scipy.sparse as sp

from ..backend_api import Backend, resolve
from ..operators import Composition, Dense, Operator, Sparse, Sum
from .eigen import Eigenpairs, dominant, eigs, oriented, report_of
from .subspace import ROUNDOFF, Products

FORMED = 512  # order up to which the covariance is written out: it fits on an array or two, and one product is one read


@dataclass(frozen=True)
class PCA:
    """Principal components of n samples of p features.

    components: (k, p), orthonormal rows, in each the entry of largest modulus is positive; explained_variance: (k,), by
    decreasing size, in squared units of the data, with the divisor n - 1; explained_variance_ratio: (k,), of the total;
    mean: (p,); scores: (n, k), the samples in the coordinates of the components.
    residuals: (k,), |C w - v w| / v, Euclidean, for a component w of variance v and the covariance C of the data, from
    exact products on the host in double precision (where v is below p eps v_1 / tol, relative to that).
    status and message: of `eigenpairs`, those of the covariance, or, with more features than samples, those of the Gram
    matrix X X' / (n - 1) of the centered samples (n, n), which has the same eigenvalues.
    """

    components: np.ndarray
    explained_variance: np.ndarray
    explained_variance_ratio: np.ndarray
    mean: np.ndarray
    scores: np.ndarray
    residuals: np.ndarray
    eigenpairs: Eigenpairs

    @property
    def status(self) -> str:
        return self.eigenpairs.status

    @property
    def message(self) -> str:
        return self.eigenpairs.message

    def __str__(self) -> str:
        shares = ", ".join(f"{share:.1%}" for share in self.explained_variance_ratio)
        return f"{self.status}: components explain {shares} of the variance; {self.message}"

    def transform(self, X) -> np.ndarray:
        """Samples (m, p) in the coordinates of the components: (m, k)."""
        X = samples(X)
        if X.shape[1] != len(self.mean):
            raise ValueError(f"samples of {len(self.mean)} features are needed, got shape {X.shape}.")
        return X @ self.components.T - self.mean @ self.components.T

    def plot(self, path=None, labels=None):
        """Scores on the first two components and the variance explained, as a matplotlib Figure; saved as an image when
        a path is given. labels: (n,), one colour for each value."""
        from ..report.pca_plot import components

        return components(self.scores, self.explained_variance_ratio, labels=labels, path=path)


def pca(
    X,
    k: int,
    backend: str | Backend = "cpu",
    *,
    tol: float = 1e-8,
    max_iterations: int = 1000,
    max_corrections: int = 100,
    seed: int = 0,
) -> PCA:
    """The first k principal components of the rows of X, by power iteration on `backend` (see `admmopt.eigs`).

    X: (n, p), n samples of p features, a dense array or a SciPy sparse matrix (which is centered without filling it).
    The matrix on the backend is the smaller of covariance and Gram matrix, where its order is at most 512 and X is
    dense; else it is the centered X, multiplied forth and back, which counts as one product. tol, max_iterations,
    max_corrections, seed: as for `eigs`.

    Raises ValueError for X that is not two-dimensional, real and finite, and for k not within 1..min(n - 1, p).
    """
    X = samples(X)
    n, p = X.shape
    if not isinstance(k, (int, np.integer)) or not 1 <= k <= min(n - 1, p):
        raise ValueError(f"{n} samples of {p} features have {min(n - 1, p)} principal components; got k = {k!r}.")
    mean = np.asarray(X.mean(axis=0)).ravel()
    centered = center(X, mean)
    pairs = spectrum(centered, k, backend, tol, (max_iterations, max_corrections), seed)
    components, variance = pairs.vectors.T, np.maximum(pairs.values, 0.0)
    if p > n:
        # Householder's Q is orthonormal also where a variance is zero and its column is rounding
        components = np.linalg.qr(columns(centered.rmatvec, pairs.vectors))[0].T
    components = oriented(components)
    scores = columns(centered.matvec, components.T)
    return PCA(
        components,
        variance,
        variance / total_variance(X, mean) if variance[0] > 0 else np.zeros(k),
        mean,
        scores,
        relative_residuals(centered, components, variance, scores, tol),
        pairs,
    )


def spectrum(
    centered: Operator, k: int, backend: str | Backend, tol: float, limits: tuple[int, int], seed: int
) -> Eigenpairs:
    """The k largest eigenvalues of X'X / (n - 1), or, with more columns than rows, of X X' / (n - 1); X: centered."""
    n, p = centered.shape
    if isinstance(centered, Dense) and min(n, p) <= FORMED:
        matrix = centered.matrix
        small = matrix.T @ matrix if p <= n else matrix @ matrix.T
        options = {"max_iterations": limits[0], "max_corrections": limits[1], "seed": seed}
        return eigs(small / (n - 1), k, backend, tol=tol, **options)
    chosen = resolve(backend)
    placed = chosen.place(centered)
    products = Products(squared(centered), squared(placed), chosen)
    return replace(dominant(products, min(n, p), k, tol, *limits, seed), backend_report=report_of(placed))


def squared(X: Operator):
    """v -> X'X v / (n - 1), or X X' v / (n - 1) with more columns than rows."""
    n, p = X.shape
    if p <= n:
        return lambda v: X.rmatvec(X.matvec(v)) / (n - 1)
    return lambda v: X.matvec(X.rmatvec(v)) / (n - 1)


def samples(X):
    """X as a float array or a CSR matrix; ValueError where it is not two-dimensional, real and finite."""
    X = sp.csr_array(X) if sp.issparse(X) else np.asarray(X)
    if X.ndim != 2:
        raise ValueError(f"pca needs samples by features, a two-dimensional array; got shape {X.shape}.")
    if np.iscomplexobj(X):
        raise ValueError("pca needs real data, got complex ones.")
    X = X.astype(float)
    if not np.all(np.isfinite(X.data if sp.issparse(X) else X)):
        raise ValueError("pca needs finite data, and X holds NaN or infinity.")
    return X


def center(X, mean: np.ndarray) -> Operator:
    """X without its mean; a sparse X stays sparse, and the mean is a term of rank one."""
    if not sp.issparse(X):
        return Dense(X - mean)
    return Sum([Sparse(X), Composition(Dense(np.ones((X.shape[0], 1))), Dense(-mean[None, :]))])


def total_variance(X, mean: np.ndarray) -> float:
    """The trace of the covariance."""
    if sp.issparse(X):
        return float(X.power(2).sum() - X.shape[0] * mean @ mean) / (X.shape[0] - 1)
    return float(np.sum((X - mean) ** 2)) / (X.shape[0] - 1)


def columns(product, matrix: np.ndarray) -> np.ndarray:
    """`product` of each column."""
    return np.column_stack([product(column) for column in matrix.T])


def relative_residuals(
    centered: Operator, components: np.ndarray, variance: np.ndarray, scores: np.ndarray, tol: float
) -> np.ndarray:
    images = columns(centered.rmatvec, scores).T / (len(scores) - 1)
    residuals = np.linalg.norm(images - variance[:, None] * components, axis=1)
    scale = np.maximum(variance, components.shape[1] * ROUNDOFF * variance[0] / tol)
    return np.divide(residuals, scale, out=np.zeros(len(variance)), where=scale > 0)
