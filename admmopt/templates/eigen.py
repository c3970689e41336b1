"""Dominant eigenpairs of a symmetric matrix on any backend."""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np
import scipy.sparse as sp

from ..backend_api import Backend, resolve
from ..operators import Dense, Operator, Sparse
from .subspace import ROUNDOFF, BlockPower, Products

ASYMMETRY = 1e-10  # of the largest entry: what rounding leaves when a product such as X'X is formed


@dataclass(frozen=True)
class Eigenpairs:
    """The k dominant eigenpairs, by decreasing modulus; of equal ones the positive come first.

    values: (k,); vectors: (n, k), orthonormal columns, in each the entry of largest modulus is positive.
    multiplicities: how many of the values belong to each distinct eigenvalue, where those that their residuals (or tol)
    cannot tell apart count as one. Where k was given, the last number is a lower bound: the space may go on beyond k.
    residuals: (k,), |A u - mu u| / |mu|, Euclidean, from exact products with the original A on the host in double
    precision; where |mu| is below n eps |mu_1| / tol, relative to that (double precision tells no more).
    status: "converged" (every residual is at most tol), "noise floor" (the products of the backend let them fall no
    further) or "limit" (iterations ran out); `message` says it in a sentence.
    iterations: steps of the block; products, exact_products: products A x on the backend and on the host;
    product_error: relative error of the backend's products, measured on a random vector; backend_report: plain data
    from the backend, where it offers any.
    """

    values: np.ndarray
    vectors: np.ndarray
    multiplicities: tuple[int, ...]
    residuals: np.ndarray
    status: str
    message: str
    iterations: int
    products: int
    exact_products: int
    product_error: float
    backend_report: dict

    @property
    def multiplicity(self) -> int:
        """Of the dominant eigenvalue."""
        return self.multiplicities[0]

    def __str__(self) -> str:
        return f"{self.status}: {self.message}"


def eigs(
    A,
    k: int | None = None,
    backend: str | Backend = "cpu",
    *,
    tol: float = 1e-8,
    max_iterations: int = 1000,
    max_corrections: int = 100,
    seed: int = 0,
) -> Eigenpairs:
    """The k eigenvalues of largest modulus of a symmetric matrix, with eigenvectors; for k None, the dominant one with
    *all* its eigenvectors, however many there are (-mu counts with mu).

    A: (n, n), a dense array, a SciPy sparse matrix, or an `admmopt.operators.Operator`. Only products A x are used, on
    the `backend` (its `place`), which may be inexact: a simulated crossbar. tol: on the relative residuals;
    max_iterations: steps of the block; max_corrections: how often the block may be multiplied exactly on the host,
    without which residuals stay at the backend's error; seed: of the random starts. Same input, same output.

    The task is that of the power iteration of Liu, Wang, Fardad and Varshney (IEEE Circuits and Systems Magazine 18(1),
    2018): multiplicity and eigenvectors of the dominant eigenvalue, then of the next. They start one vector again and
    again; here a block of k vectors and a few more is iterated, with Rayleigh-Ritz (Saad, Numerical Methods for Large
    Eigenvalue Problems, 2011, chapter 5; the step is in `admmopt.templates.subspace`). A block sees a multiple
    eigenvalue, a close one, or a pair +mu, -mu, on which a single vector never settles, for what it is. Converged
    vectors are deflated: they stay in the basis, and nothing more is spent on them. Without k, the multiplicity is
    final once repeated starts show nothing more, with a risk of 0.001 (`BlockPower.ends`), or the message says that the
    products are too inexact to know. With k, a residual proves an eigenvalue, not that none larger was overlooked.

    Raises ValueError for a matrix that is not square, symmetric, real and finite, and for k not within 1..n;
    BackendError from the backend.
    """
    operator = symmetric(A)
    n = operator.shape[0]
    check(n, k, tol)
    chosen = resolve(backend)
    placed = chosen.place(operator)
    products = Products(operator.matvec, placed.matvec, chosen)
    pairs = dominant(products, n, k, tol, max_iterations, max_corrections, seed)
    return replace(pairs, backend_report=report_of(placed))


def dominant(
    products: Products, n: int, k: int | None, tol: float, max_iterations: int, max_corrections: int, seed: int
) -> Eigenpairs:
    """`eigs` of an operator of order n that is known by its products."""
    iteration = BlockPower(products, n, k, tol, np.random.default_rng(seed))
    found, status = iteration.run(max_iterations, max_corrections)
    goals, wanted = iteration.goals(found.values, found.residuals)
    found = found.head(wanted)
    order, multiplicities = grouped(found.values, np.maximum(found.residuals, goals[:wanted]))
    values, vectors = found.values[order], found.vectors[order]
    largest = np.abs(values[0])
    scale = np.maximum(np.abs(values), n * ROUNDOFF * largest / tol)
    residuals = np.divide(found.residuals[order], scale, out=np.zeros(wanted), where=scale > 0)
    if np.all(residuals <= tol):  # what did not converge is a witness that there are no more of them
        status = "converged"
    return Eigenpairs(
        values,
        oriented(vectors).T,
        multiplicities,
        residuals,
        status,
        sentence(status, residuals, tol, iteration),
        iteration.iterations,
        products.counts["backend"],
        products.counts["host"],
        iteration.product_error,
        {},
    )


def symmetric(A) -> Operator:
    """A as an operator; ValueError, naming the entry, where it is not square, real, finite and symmetric."""
    if isinstance(A, Operator):
        operator = A
    elif sp.issparse(A):
        operator = Sparse(real(A))
    else:
        operator = Dense(real(np.asarray(A)))
    if len(operator.shape) != 2 or operator.shape[0] != operator.shape[1] or operator.shape[0] == 0:
        raise ValueError(f"eigs needs a square matrix, got shape {operator.shape}.")
    if not isinstance(operator, Dense | Sparse):
        check_by_products(operator)
        return operator
    matrix = operator.matrix
    data = matrix.data if sp.issparse(matrix) else matrix
    if not np.all(np.isfinite(data)):
        raise ValueError("eigs needs finite entries, and A holds NaN or infinity.")
    gap = abs(matrix - matrix.T)
    i, j = np.unravel_index(int(gap.argmax()), gap.shape)
    if gap[i, j] > ASYMMETRY * abs(matrix).max():
        raise ValueError(
            f"eigs needs a symmetric matrix: A[{i}, {j}] = {matrix[i, j]:g}, A[{j}, {i}] = {matrix[j, i]:g}."
        )
    return operator


def real(matrix):
    if np.iscomplexobj(matrix):
        raise ValueError("eigs needs a real matrix, got a complex one.")
    return matrix


def check_by_products(operator: Operator) -> None:
    """Symmetry where there are no entries to look at: u'A v = v'A u for two random vectors."""
    u, v = np.random.default_rng(0).standard_normal((2, operator.shape[0]))
    forward, backward = operator.matvec(v), operator.matvec(u)
    if not (np.all(np.isfinite(forward)) and np.all(np.isfinite(backward))):
        raise ValueError("eigs needs finite entries, and products with A give NaN or infinity.")
    size = np.linalg.norm(u) * np.linalg.norm(forward) + np.linalg.norm(v) * np.linalg.norm(backward)
    if abs(u @ forward - v @ backward) > ASYMMETRY * size:
        raise ValueError(f"eigs needs a symmetric operator: u'A v = {u @ forward:g}, v'A u = {v @ backward:g}.")


def check(n: int, k: int | None, tol: float) -> None:
    if k is not None and (not isinstance(k, (int, np.integer)) or not 1 <= k <= n):
        raise ValueError(f"k must be an integer from 1 to {n}, the order of the matrix, or None; got {k!r}.")
    if not 0 < tol < 1:
        raise ValueError(f"tol must lie between 0 and 1, got {tol!r}.")


def grouped(values: np.ndarray, widths: np.ndarray) -> tuple[np.ndarray, tuple[int, ...]]:
    """The order by modulus, +mu before -mu where they are as large as each other, and the sizes of the groups of values
    that cannot be told apart. values, widths: (k,), by decreasing modulus; a value may be wrong by its width."""
    starts = np.flatnonzero(np.abs(values[:-1]) - np.abs(values[1:]) > widths[:-1] + widths[1:]) + 1
    order: list[int] = []
    sizes: list[int] = []
    for cluster in np.split(np.arange(len(values)), starts):
        zero = np.abs(values[cluster]).min() <= widths[cluster].max()  # then the signs are rounding
        groups = [cluster] if zero else [cluster[values[cluster] > 0], cluster[values[cluster] < 0]]
        order.extend(np.concatenate(groups))
        sizes.extend(len(group) for group in groups if len(group))
    return np.array(order), tuple(sizes)


def oriented(rows: np.ndarray) -> np.ndarray:
    """Each row with the sign that makes its entry of largest modulus positive: the same on every machine."""
    largest = np.take_along_axis(rows, np.abs(rows).argmax(axis=1)[:, None], axis=1)
    return np.where(largest < 0, -rows, rows)


def report_of(placed) -> dict:
    """What a placed operator has to say of itself, where it has anything to say."""
    return placed.report() if callable(getattr(placed, "report", None)) else {}


def sentence(status: str, residuals: np.ndarray, tol: float, iteration: BlockPower) -> str:
    worst = f"the largest relative residual is {residuals.max():.1e} (tol {tol:.0e})"
    open_end = ""
    if iteration.k is None and not iteration.proved:
        open_end = "; whether the dominant eigenvalue has more eigenvectors than these is not known"
    if status == "converged":
        return f"{worst}, from exact products{open_end}."
    if status == "limit":
        return f"{iteration.iterations} iterations were not enough: {worst}{open_end}."
    return (
        f"{worst}, and {iteration.corrections} rounds of exact products brought it no lower: the backend's products "
        f"carry a relative error of {iteration.product_error:.0e}."
    )
