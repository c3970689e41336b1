"""The systems that every backend is tried on: one for each structure, small, seeded."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
import scipy.sparse as sp

from ..backend_api import System
from ..operators import Convolution, Dense, Diagonal, Identity, LeftProduct, Operator, Row, Sparse, Stack


def systems() -> Iterator[tuple[str, System]]:
    """(name, system) for every structure that the engine hands out."""
    rng = np.random.default_rng(5)
    n = 24

    def sparse(m: int, columns: int = n) -> Sparse:
        return Sparse(sp.random_array((m, columns), density=0.15, rng=rng, format="csr"))

    def dense(m: int, columns: int = n) -> Dense:
        return Dense(rng.normal(size=(m, columns)))

    def system(
        blocks: list[Operator], P: Operator | None = None, F: Operator | None = None, size: int = n, uniform=False
    ):
        A = Stack(blocks, size)
        weight = np.zeros(0) if F is None else rng.uniform(0.5, 2.0, F.shape[0])
        rho = rng.uniform(0.1, 10.0, A.shape[0])
        if uniform:
            weight, rho = np.ones_like(weight), np.full_like(rho, 0.7)
        return System(P, F, weight, A, np.full(size, 1e-3), rho)

    half = rng.normal(size=(n, n))
    tridiagonal = sp.diags_array([-1.0, 2.5, -1.0], offsets=[-1, 0, 1], shape=(n, n), format="csr")
    picked = Sparse(sp.eye_array(n, format="csr")[::2])
    yield "only a diagonal", system([Identity(n)], P=Diagonal(rng.uniform(0.0, 2.0, n)))
    yield "a scaled identity and picked entries", system([Diagonal(rng.normal(size=n)), picked])
    yield "tall dense least squares", system([Identity(n)], F=dense(60))
    yield "wide dense least squares", system([Identity(n)], F=dense(7))
    yield "dense rows in the terms", system([dense(40), Identity(n)])
    yield "few dense rows in the terms", system([dense(1), dense(3), Identity(n)], P=Diagonal(np.ones(n)))
    yield "a dense quadratic", system([Identity(n)], P=Dense(half @ half.T))
    yield "a sparse quadratic and sparse rows", system([sparse(30), Identity(n)], P=Sparse(tridiagonal))
    yield "sparse least squares", system([Identity(n)], F=sparse(50))
    yield "sparse rows only", system([sparse(30)])
    yield "dense and sparse rows together", system([dense(2), sparse(20), picked], P=Sparse(tridiagonal))
    yield "blocks side by side", system([Row([(slice(0, 10), dense(6, 10)), (slice(14, n), sparse(6, 10))], n)])
    yield "a matrix variable", system([Identity(n)], F=LeftProduct(dense(9, 8), 3), uniform=True)
    yield "a convolution", system([Convolution(rng.normal(size=4), n), Identity(n)])
    yield "no terms at all", system([], P=Diagonal(np.ones(n)))
