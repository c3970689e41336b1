"""Block power iteration with Rayleigh-Ritz: dominant eigenpairs of a symmetric operator, from products alone.

Vectors are the rows of a block. The products of the iteration may be inexact (a crossbar); now and then the block is
multiplied exactly on the host: residuals are reported from there, and the iteration goes on with what it found.

One step adds to the basis the residuals of the block X, whose span with X is that of X and A X, and keeps the Ritz
vectors of largest modulus. A full basis is cut to its dominant half and the last change of X: the locally optimal
block method of Knyazev (SIAM J. Sci. Comput. 23, 2001) without a preconditioner, at both ends of the spectrum, with
the larger basis of Stathopoulos and Saad (Electron. Trans. Numer. Anal. 7, 1998). It takes as many products as a plain
power step, since A X is recombined from the products at hand. For the same reason the first steps after an exact
product err by the backend's error times the *change* of X only: exact products now and then do here what iterative
refinement does for a solve.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field

import numpy as np

from ..backend_api import Backend, BackendError
from ..functions.base import Array, namespace

GUARDS = 2  # vectors beyond those wanted: the wanted ones converge faster, and a multiple eigenvalue shows its end
SETTLED = 3.0  # a residual below so many standard errors of the products is noise
RISK = 1e-3  # probability of overlooking a further eigenvector of the dominant eigenvalue
LONGEST = 300  # Lanczos steps spent on ruling that out
CAPACITY, EXTRA = 6, 20  # a basis holds so many blocks and vectors more: it costs no products, only host arithmetic
PATIENCE = 3  # exact checks in which the residual must have halved, or something has to change
ROUNDOFF, TINY = float(np.finfo(float).eps), float(np.finfo(float).tiny)


@dataclass
class Products:
    """A x twice, as the backend computes it and exactly on the host, with a count of each."""

    exact: Callable[[np.ndarray], np.ndarray]
    inexact: Callable[[Array], Array]
    backend: Backend
    counts: dict[str, int] = field(default_factory=lambda: {"backend": 0, "host": 0})

    def on_backend(self, rows: Array) -> Array:
        self.counts["backend"] += rows.shape[0]
        return namespace(rows).stack([self.inexact(row) for row in rows])

    def on_host(self, rows: np.ndarray) -> np.ndarray:
        self.counts["host"] += rows.shape[0]
        return np.stack([self.exact(row) for row in rows])


@dataclass(frozen=True)
class Ritz:
    """Checked Ritz pairs, by decreasing modulus: values (b,), vectors (b, n), exact products A x (b, n), and the norms
    (b,) of the residuals A x - value x."""

    values: np.ndarray
    vectors: np.ndarray
    products: np.ndarray
    residuals: np.ndarray

    def head(self, count: int) -> Ritz:
        return Ritz(*(part[:count] for part in (self.values, self.vectors, self.products, self.residuals)))

    @classmethod
    def of(cls, rows: np.ndarray, images: np.ndarray) -> Ritz:
        """rows: (b, n), orthonormal; images: (b, n), their exact products."""
        values, turn = ritz(images @ rows.T)
        vectors, products = turn.T @ rows, turn.T @ images
        return cls(values, vectors, products, np.linalg.norm(products - values[:, None] * vectors, axis=1))


def ritz(projected: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Eigenpairs by decreasing modulus; of the matrix the upper triangle counts, where products are most exact."""
    if not np.all(np.isfinite(projected)):
        raise BackendError("products with the matrix came back with NaN or infinity.")
    values, vectors = np.linalg.eigh(projected, UPLO="U")
    order = np.argsort(-np.abs(values), kind="stable")
    return values[order], vectors[:, order]


def complement(rows: Array, basis: Array) -> Array:
    """An orthonormal basis of what `rows` add to the orthonormal `basis`; directions lost in rounding are dropped.

    Gram-Schmidt, then the eigenvectors of the Gram matrix (Stathopoulos and Wu, SIAM J. Sci. Comput. 23, 2002), twice.
    """
    xp = namespace(rows)
    for _ in range(2):
        rows = unit(rows, 0.0)
        rows = unit(rows - (rows @ basis.T) @ basis, 1e-8)
        values, turn = xp.linalg.eigh(rows @ rows.T)
        keep = values > 1e-10
        rows = (turn[:, keep] / xp.sqrt(values[keep])).T @ rows
    return rows


def unit(rows: Array, least: float) -> Array:
    """The rows longer than `least`, scaled to length one."""
    xp = namespace(rows)
    norms = xp.sqrt(xp.sum(rows * rows, axis=1))
    keep = norms > least
    return rows[keep] / norms[keep][:, None]


def steps_to_tell(ratio: float, n: int) -> float:
    """Lanczos steps after which a largest Ritz value `ratio` times another eigenvalue is too small to be a coincidence
    of probability RISK (`BlockPower.ends`). 0 <= ratio < 1."""
    height = np.sqrt(2 * n / np.pi * (1 + ratio) / (1 - ratio)) / RISK
    return 1 + np.arccosh(height) / np.arccosh((3 - ratio) / (1 + ratio))


def stalled(history: list[float], patience: int) -> bool:
    """Has the residual not halved in the last `patience` exact checks?"""
    return len(history) > patience and min(history[-patience:]) > 0.5 * history[-1 - patience]


class BlockPower:
    """The iteration for the k dominant eigenpairs of one operator of order n; for k None, those of largest modulus."""

    def __init__(self, products: Products, n: int, k: int | None, tol: float, rng: np.random.Generator):
        self.products, self.n, self.k, self.tol, self.rng = products, n, k, tol, rng
        self.iterations = self.corrections = 0
        self.proved, self.witnesses = False, 0

    def run(self, max_iterations: int, max_corrections: int) -> tuple[Ritz, str]:
        """Iterate until the exact residuals reach their goals, stop falling, or a limit is met.

        Returns the best Ritz pairs checked, and "converged", "noise floor" or "limit".
        """
        self.start(min(self.n, (self.k or 1) + GUARDS))
        best, history, probed, patience = None, [], 0, PATIENCE
        while True:
            values, residuals = self.rayleigh_ritz()
            goals, _ = self.goals(values, residuals)
            settled = np.all(residuals <= np.maximum(goals, SETTLED * self.errors[: self.block]))
            if not settled and self.iterations < max_iterations and self.expand(residuals > goals):
                continue
            checked = self.check(values, int(np.isfinite(goals).sum()), alone=patience > PATIENCE)
            goals, members = self.goals(checked.values, checked.residuals)
            history.append(float(np.max(checked.residuals / np.maximum(goals, TINY))))
            if history[-1] <= min(history):
                best = checked
            if history[-1] <= 1 and (self.k or members == probed or self.ends(members)):
                return checked, "converged"
            if self.iterations >= max_iterations:
                return best, "limit"
            if history[-1] <= 1:
                probed, history, patience = members, [], PATIENCE
            elif self.corrections > max_corrections or (patience > PATIENCE and stalled(history, patience)):
                return best, "noise floor"
            elif patience == PATIENCE and stalled(history, patience):
                patience *= 4

    def start(self, block: int) -> None:
        """A random block, and the error of the backend's products, measured on its first vector."""
        self.basis = self.images = self.products.backend.asarray(np.zeros((0, self.n)))
        self.errors, self.noise = np.zeros(0), 0.0
        self.block, self.width = self.add_random(block), 0
        exact = self.products.on_host(self.host(self.basis[:1]))[0]
        self.noise = float(np.linalg.norm(self.host(self.images[0]) - exact))
        self.product_error = self.noise / max(float(np.linalg.norm(exact)), TINY)
        self.errors[:] = self.noise

    def host(self, array: Array) -> np.ndarray:
        return np.asarray(self.products.backend.to_numpy(array))

    def goals(self, values: np.ndarray, residuals: np.ndarray) -> tuple[np.ndarray, int]:
        """The norm that each residual has to come below (infinite where a pair is not wanted), and how many leading
        pairs are wanted: k, or those whose eigenvalue may be as large as the first in modulus."""
        modulus = np.abs(values)
        goals = np.maximum(self.tol * modulus, self.n * ROUNDOFF * modulus.max())
        wanted = self.k
        if wanted is None:
            width = np.maximum(residuals, goals)
            wanted = 1 + int(np.flatnonzero(modulus[0] - modulus <= width + width[0]).max())
        goals[wanted + self.witnesses :] = np.inf
        return goals, wanted

    def rayleigh_ritz(self) -> tuple[np.ndarray, np.ndarray]:
        """Turn the basis into Ritz vectors, the block X first; a full one is cut to the dominant half and the
        directions P in which X moved. Returns the values of the block and the norms of its residuals."""
        values, turn = ritz(self.host(self.images @ self.basis.T))
        # a new vector whose product came out too large must not displace one that is known exactly: less one error
        order = np.argsort(np.sqrt((turn**2).T @ self.errors**2) - np.abs(values), kind="stable")
        values, turn = values[order], turn[:, order]
        if len(values) + self.block > CAPACITY * self.block + EXTRA:
            moved = turn[:, : self.block].copy()
            moved[: self.width] = 0
            turn = turn[:, : max(self.block, len(values) // 2)]
            turn = np.hstack([turn, complement(moved.T, turn.T).T])
        self.errors = np.sqrt((turn**2).T @ self.errors**2)
        asarray = self.products.backend.asarray
        on_device = asarray(turn.T)
        self.basis, self.images = on_device @ self.basis, on_device @ self.images
        self.width = self.block
        values = values[: self.block]
        self.change = self.images[: self.block] - asarray(values[:, None]) * self.basis[: self.block]
        return values, self.host(namespace(self.change).linalg.vector_norm(self.change, axis=1))

    def ends(self, members: int) -> bool:
        """Do the dominant eigenvalues end with these converged pairs? The paper's repeated start, with a known risk.

        Lanczos steps start from a random vector orthogonal to the pairs, and stay so. Were there one more eigenvector
        of the same modulus m, of which the start has a part c, then the polynomial T of degree j - 1 that is
        Chebyshev's on [-m, r m] would push a Ritz value of j steps above r m, unless c^2 T(m)^2 <= (1 + r) / (1 - r).
        A uniformly random start has |c| < s with a probability below s sqrt(2 n / pi). (The argument is that of
        Kuczynski and Wozniakowski, SIAM J. Matrix Anal. Appl. 13, 1992; the bound is worked out for this case.)
        If the steps cannot tell, the iteration goes on with what they found.
        """
        self.basis, self.images, self.errors = self.basis[:members], self.images[:members], self.errors[:members]
        modulus = np.abs(ritz(self.host(self.images @ self.basis.T))[0][0])
        steps, new = 0, self.add_random(1)
        while new:
            steps += 1
            projected = self.host(self.images[members:] @ self.basis[members:].T)
            largest = np.abs(ritz(projected)[0][0]) + SETTLED * self.noise
            needed = steps_to_tell(largest / modulus, self.n) if largest < modulus else np.inf
            if steps >= needed:
                break
            if needed > LONGEST:
                self.add_random(members)
                self.block, self.width = min(len(self.basis), 2 * members + GUARDS), members
                self.witnesses = 1  # the next eigenvalue has to converge too, and show that it is a smaller one
                self.proved = False
                return False
            new = self.add(self.images[-1:])
        self.proved = True
        return True

    def expand(self, active: np.ndarray) -> bool:
        """Add the residuals of the active vectors to the basis, with their products; False where they add nothing."""
        self.iterations += 1
        return self.add(self.change[np.flatnonzero(active)]) > 0

    def add_random(self, count: int) -> int:
        """Repeated starts: random vectors, orthogonal to all that was found."""
        return self.add(self.products.backend.asarray(self.rng.standard_normal((count, self.n))))

    def add(self, rows: Array) -> int:
        """Add what is new in these vectors to the basis, with their products; returns how many directions that is."""
        rows = complement(rows, self.basis)
        count = rows.shape[0]
        if count:
            concat = namespace(rows).concat
            self.images = concat([self.images, self.products.on_backend(rows)])
            self.basis = concat([self.basis, rows])
            self.errors = np.concatenate([self.errors, np.full(count, self.noise)])
        return count

    def check(self, values: np.ndarray, need: int, alone: bool) -> Ritz:
        """Exact products of the leading vectors, Rayleigh-Ritz on the host; the iteration goes on from there.

        The other directions stay as they are, unless the residual has stopped falling: close to an eigenvalue, it is
        their inexact products that hold it up. `alone` drops them, and multiplies the whole block exactly."""
        possible = np.abs(values) + SETTLED * self.errors[: self.block] >= np.abs(values[:need]).min()
        count = self.block if alone else 1 + int(np.flatnonzero(possible).max())
        rows = complement(self.host(self.basis[:count]), np.zeros((0, self.n)))
        exact = Ritz.of(rows, self.products.on_host(rows))
        asarray = self.products.backend.asarray
        self.basis[:count], self.images[:count] = asarray(exact.vectors), asarray(exact.products)
        self.errors[:count] = 0
        if alone:
            self.basis, self.images, self.errors = self.basis[:count], self.images[:count], self.errors[:count]
        self.corrections += 1
        return exact.head(need)
