"""Figures 9 and 10: power iteration on matrices with a repeated dominant eigenvalue, and principal components."""

from __future__ import annotations

import numpy as np

from ..problems import MissingData, paper
from .cells import READINGS, generator
from .naive import programmed

ORDER, MULTIPLICITIES, TRIALS = 50, tuple(range(1, 11)), 50
FEW = 5  # trials of the one way that takes 100,000 products
TOL = 1e-4  # where the paper stops
MOST = 20_000  # products for one vector
SAME = 0.01  # an eigenvalue that is lower by this share is another one
UNIFORM = READINGS[0]
CRAWLING = "one by one, 1 %"


def power(options: dict) -> list[dict]:
    """Rows: one for each way and multiplicity, means over the trials."""
    rows = []
    for k in options.get("multiplicities", MULTIPLICITIES):
        trials = range(options.get("trials", TRIALS))
        drawn = [paper.repeated(generator(options["seed"], "power", k, trial), k, ORDER) for trial in trials]
        for way, iterate in ways(options).items():
            used = drawn[:FEW] if way == CRAWLING else drawn
            found = [_graded(data, k, *iterate(data["A"], trial)) for trial, data in enumerate(used)]
            rows.append({"way": way, "k": k, "trials": len(found), **_means(found)})
    return rows


def ways(options: dict) -> dict:
    """Name: iterate(A, trial) -> (values, vectors, products on the array, exact products, status)."""
    seed = options["seed"]

    def single(variation):
        def iterate(A, trial):
            cells = UNIFORM.written(variation) if variation else None
            return (*one_by_one(A, cells, generator(seed, "start", trial)), 0, "done")

        return iterate

    def block(backend):
        def iterate(A, trial):
            import admmopt as ao

            pairs = ao.eigs(A, backend=backend(trial), tol=TOL, seed=seed + trial)
            m = pairs.multiplicity
            return pairs.values[:m], pairs.vectors[:, :m], pairs.products, pairs.exact_products, pairs.status

        return iterate

    return {
        "one by one, exact": single(0.0),
        CRAWLING: single(0.01),
        "ao.eigs, cpu": block(lambda trial: "cpu"),
        "ao.eigs, 1 %": block(lambda trial: UNIFORM.crossbar(0.01, seed + trial, slices=1)),
        "ao.eigs, 10 %": block(lambda trial: UNIFORM.crossbar(0.1, seed + trial, slices=1)),
        f"ao.eigs, {options['backend']}": block(lambda trial: options["backend"]),
    }


def one_by_one(A: np.ndarray, cells, rng: np.random.Generator) -> tuple[np.ndarray, np.ndarray, int]:
    """Power iteration as the paper tells it: from a random start, orthogonal to the vectors found, until the vector
    moves by less than TOL; again, until the Rayleigh quotient (exact) falls. A is on `cells`, or exact for None.
    Returns values, vectors and the number of products."""
    held = programmed(A, cells, rng, float(np.abs(A).max()))
    basis, products = np.zeros((len(A), 0)), 0
    values: list[float] = []
    while basis.shape[1] < len(A):
        x = rng.standard_normal(len(A))
        x -= basis @ (basis.T @ x)
        x /= np.linalg.norm(x)
        for _ in range(MOST):
            y = held @ x
            y -= basis @ (basis.T @ y)
            products += 1
            y *= np.sign(x @ y) / np.linalg.norm(y)
            moved, x = np.linalg.norm(y - x), y
            if moved < TOL:
                break
        value = float(x @ A @ x)
        if values and abs(value - values[0]) > SAME * abs(values[0]):
            break
        basis, values = np.column_stack([basis, x]), [*values, value]
    return np.array(values), basis, products


def _graded(data: dict, k: int, values, vectors, products: int, exact: int, status: str) -> dict:
    """error: mean of |mu - 1|; success: as many vectors as there are; angle: the largest to the true space, radian."""
    off = vectors - data["vectors"] @ (data["vectors"].T @ vectors)
    angle = float(np.arcsin(min(float(np.linalg.norm(off, 2)), 1.0)))
    error = float(np.abs(values - 1.0).mean())
    counts = {"products": products, "exact": exact}
    return {"error": error, "success": len(values) == k, "angle": angle, **counts, "converged": status != "noise floor"}


def _means(found: list[dict]) -> dict:
    return {name: float(np.mean([trial[name] for trial in found])) for name in found[0]}


def components(options: dict) -> list[dict]:
    """Rows: one for each backend, compared with the eigenvectors of the covariance of Iris by LAPACK."""
    from admmopt.templates import pca

    X = iris()
    values, vectors = np.linalg.eigh(np.cov(X.T))
    values, vectors = values[::-1], vectors[:, ::-1]
    seed = options["seed"]
    backends = {
        "cpu": "cpu",
        "1 %": UNIFORM.crossbar(0.01, seed, slices=1),
        "10 %": UNIFORM.crossbar(0.1, seed, slices=1),
        options["backend"]: options["backend"],
    }
    rows = []
    for name, backend in backends.items():
        found = pca(X, 2, backend, seed=seed)
        cosines = np.sum(found.components * vectors[:, :2].T, axis=1)
        sines = np.linalg.norm(found.components - cosines[:, None] * vectors[:, :2].T, axis=1)
        scores = (X - X.mean(axis=0)) @ vectors[:, :2]
        spread = np.ptp(scores, axis=0).max()
        rows.append(
            {
                "way": name,
                "variances": list(found.explained_variance),
                "shares": list(found.explained_variance_ratio),
                "error": float(np.abs(found.explained_variance / values[:2] - 1.0).max()),
                "angle": float(np.arcsin(np.minimum(sines, 1.0)).max()),
                "scores": float(np.abs(found.scores * np.sign(cosines) - scores).max() / spread),
                "products": found.eigenpairs.products,
                "exact": found.eigenpairs.exact_products,
                "status": found.status,
            }
        )
    return rows


def iris() -> np.ndarray:
    """Fisher's Iris, (150, 4), from scikit-learn, which comes with ``pip install admmopt[bench]``."""
    try:
        from sklearn.datasets import load_iris
    except ImportError:
        raise MissingData("Iris comes with scikit-learn: pip install scikit-learn.") from None
    return load_iris().data
