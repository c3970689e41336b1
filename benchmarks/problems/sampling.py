"""Random matrices, sparse signals and labels that several problems share."""

from __future__ import annotations

import numpy as np
import scipy.sparse as sp


def design(rng: np.random.Generator, m: int, n: int, density: float | None = None):
    """Gaussian (m, n) with columns of Euclidean norm one: dense, or CSR with the given share of nonzeros."""
    if density is None:
        A = rng.standard_normal((m, n))
        return A / np.linalg.norm(A, axis=0)
    A = sp.random_array(
        (m, n), density=density, format="csc", rng=rng, data_sampler=lambda size: rng.standard_normal(size)
    )
    norms = np.sqrt(np.asarray(A.multiply(A).sum(axis=0)).ravel())
    norms[norms == 0] = 1.0
    return sp.csr_array(A @ sp.dia_array((1 / norms[None, :], [0]), shape=(n, n)))


def sparse_signal(rng: np.random.Generator, n: int, share: float, k: int | None = None) -> np.ndarray:
    """A vector (n,) or matrix (n, k) with that share of Gaussian entries (at least one), zero elsewhere."""
    size = n * (k or 1)
    x = np.zeros(size)
    support = rng.choice(size, max(1, round(share * size)), replace=False)
    x[support] = rng.standard_normal(support.size)
    return x if k is None else x.reshape(n, k)


def classification(
    rng: np.random.Generator, m: int, n: int, share: float = 1.0, density: float | None = None, flips=0.05
):
    """(A, y): labels +-1 of a linear rule with `share` of its weights nonzero, `flips` of the labels turned over."""
    A = design(rng, m, n, density)
    y = np.sign(A @ sparse_signal(rng, n, share) + 1e-12)
    y[rng.random(m) < flips] *= -1
    return A, y
