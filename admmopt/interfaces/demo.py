"""`admmopt demo`: real data that scikit-learn carries, this engine against CVXPY's default solver."""

from __future__ import annotations

import time
import warnings
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import cvxpy as cp
import numpy as np

from ..dsl.solution import Solution
from ..dsl.solve import solve
from ..report.save import whole_file

EPS = 1e-6
TIME_LIMIT = 30.0  # seconds for each model, so that the demo ends on any machine


@dataclass(frozen=True)
class Model:
    """A model by name, the data it is fitted to, and a function that builds the CVXPY problem afresh."""

    name: str
    data: str
    build: Callable[[], cp.Problem]


@dataclass(frozen=True)
class Run:
    """One model solved by both. `peer`: the name of CVXPY's choice; seconds end to end, compile time included;
    `violation`: the largest constraint violation, recomputed from the variables; `residual`: this engine's worst."""

    model: Model
    size: str
    ours: Solution
    seconds: float
    violation: float | None
    peer: str
    peer_status: str
    peer_value: float
    peer_seconds: float
    peer_violation: float | None


def lasso() -> cp.Problem:
    """Which products of up to three of the ten measurements explain the progress of diabetes?"""
    from sklearn.datasets import load_diabetes
    from sklearn.preprocessing import PolynomialFeatures

    diabetes = load_diabetes()
    X, y = standardized(PolynomialFeatures(3, include_bias=False).fit_transform(diabetes.data)), diabetes.target
    w, b = cp.Variable(X.shape[1], name="w"), cp.Variable(name="b")
    return cp.Problem(cp.Minimize(cp.sum_squares(X @ w + b - y) / (2 * len(y)) + cp.norm1(w)))


def optimal_transport() -> cp.Problem:
    """The cheapest way to move the ink of a 0 so that it becomes an 8, pixel by pixel: a linear program."""
    from sklearn.datasets import load_digits

    images = load_digits().images
    supply, demand = (images[k].ravel() / images[k].sum() for k in (0, 8))
    pixels = np.argwhere(np.ones((8, 8)))
    cost = np.sum((pixels[:, None] - pixels[None]) ** 2, axis=2)
    plan = cp.Variable(cost.shape, nonneg=True, name="plan")
    rows, columns = cp.sum(plan, axis=1) == supply, cp.sum(plan, axis=0) == demand
    return cp.Problem(cp.Minimize(cp.sum(cp.multiply(cost, plan))), [rows, columns])


def support_vectors() -> cp.Problem:
    """A support vector machine that tells the digit 8 from the others."""
    from sklearn.datasets import load_digits

    digits = load_digits()
    X, y = standardized(digits.data), np.where(digits.target == 8, 1.0, -1.0)
    w, b = cp.Variable(X.shape[1], name="w"), cp.Variable(name="b")
    return cp.Problem(cp.Minimize(cp.sum_squares(w) / 2 + cp.sum(cp.pos(1 - cp.multiply(y, X @ w + b)))))


def multiclass_logistic(samples: int = 300) -> cp.Problem:
    """Ten-class logistic regression with a ridge penalty on handwritten digits."""
    from sklearn.datasets import load_digits

    digits = load_digits()
    X = standardized(digits.data[:samples])
    Y = np.eye(10)[digits.target[:samples]]
    W = cp.Variable((X.shape[1], 10), name="W")
    scores = X @ W
    loss = cp.sum(cp.log_sum_exp(scores, axis=1)) - cp.sum(cp.multiply(Y, scores))
    return cp.Problem(cp.Minimize(loss + cp.sum_squares(W)))


def sparse_precision() -> cp.Problem:
    """Sparse inverse covariance of the thirty measurements of a breast tumour: a matrix variable."""
    from sklearn.datasets import load_breast_cancer

    X = standardized(load_breast_cancer().data)
    S = np.cov(X, rowvar=False)
    Theta = cp.Variable(S.shape, symmetric=True, name="Theta")
    return cp.Problem(cp.Minimize(cp.trace(S @ Theta) - cp.log_det(Theta) + 0.1 * cp.norm1(Theta)))


def robust_pca(samples: int = 100) -> cp.Problem:
    """Digits as a matrix of low rank plus a sparse one."""
    from sklearn.datasets import load_digits

    X = load_digits().data[:samples] / 16
    L = cp.Variable(X.shape, name="L")
    return cp.Problem(cp.Minimize(cp.norm(L, "nuc") + 0.1 * cp.sum(cp.abs(X - L))))


MODELS = [
    Model("lasso", "diabetes", lasso),
    Model("support vector machine", "digits", support_vectors),
    Model("multiclass logistic", "digits", multiclass_logistic),
    Model("sparse inverse covariance", "breast cancer", sparse_precision),
    Model("robust PCA", "digits", robust_pca),
    Model("optimal transport", "digits", optimal_transport),
]


def standardized(X: np.ndarray) -> np.ndarray:
    """Columns of mean 0 and deviation 1; constant ones are dropped."""
    X = X[:, X.std(axis=0) > 0]
    return (X - X.mean(axis=0)) / X.std(axis=0)


def run(folder: Path, backend: str = "cpu", models: list[Model] | None = None) -> list[Run]:
    """Solve every model with both, show the table as it grows, write `table.md`, `table.txt` and `convergence.png`.

    Raises ValueError, one sentence, where scikit-learn is not installed.
    """
    try:
        import sklearn  # noqa: F401
        from threadpoolctl import threadpool_limits
    except ImportError as error:
        raise ValueError(
            f"the demo needs scikit-learn for its data ({error.name} is missing): pip install 'admmopt[demo]'."
        ) from error
    from rich.console import Console

    folder.mkdir(parents=True, exist_ok=True)
    console = Console(width=None if Console().is_terminal else 120)
    runs = []
    with threadpool_limits(1):  # both solvers on one thread: what is compared is the work, not the pool
        warm_up(backend)
        for model in MODELS if models is None else models:
            if console.is_terminal:
                console.print(f"[dim]{model.name} ...[/dim]", end="\r")
            runs.append(compare(model, backend))
    console.print(table(runs))
    console.print(FOOTNOTE)
    save(runs, folder)
    console.print(f"written: {folder}/table.md, {folder}/table.txt, {folder}/convergence.png", highlight=False)
    return runs


def warm_up(backend: str) -> None:
    """Imports and just-in-time compilation happen before the clock runs, for both."""
    for own in (True, False):
        x = cp.Variable(2)
        problem = cp.Problem(cp.Minimize(cp.sum_squares(x - 1) + cp.norm1(x)))
        solve(problem, backend=backend) if own else problem.solve()


def compare(model: Model, backend: str) -> Run:
    """The model built twice, solved once by each: nothing of one solve helps the other."""
    problem = model.build()
    started = time.perf_counter()
    ours = solve(problem, backend=backend, eps=EPS, time_limit=TIME_LIMIT)
    seconds = time.perf_counter() - started
    again = model.build()
    started = time.perf_counter()
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # an inaccurate peer is shown by its objective
        again.solve()
    peer_seconds = time.perf_counter() - started
    return Run(
        model,
        size_of(problem),
        ours,
        seconds,
        violation(problem),
        str(again.solver_stats.solver_name),
        str(again.status),
        float(again.value),
        peer_seconds,
        violation(again),
    )


def size_of(problem: cp.Problem) -> str:
    return f"{sum(variable.size for variable in problem.variables())} unknowns"


def violation(problem: cp.Problem) -> float | None:
    """The largest violation of any constraint at the values in the variables; None where there is no constraint."""
    return max((float(np.max(constraint.violation())) for constraint in problem.constraints), default=None)


HEADER = (
    "model",
    "objective",
    "residual",
    "violation",
    "seconds",
    "by CVXPY",
    "objective",
    "violation",
    "seconds",
)
RIGHT = (1, 2, 3, 4, 6, 7, 8)
FOOTNOTE = (
    "Left this engine, right CVXPY's default solver at its default accuracy. Seconds are end to end, compile time\n"
    f"included, one thread. Residual: the largest relative one on the original problem (asked for: {EPS:g}).\n"
    "Violation: the largest of any constraint, recomputed from the values (-: the model has no constraints)."
)


def cells(run: Run) -> tuple[str, ...]:
    """One row of the table, as text."""
    status = "" if run.ours.status == "optimal" else f" ({run.ours.status.value})"
    peer = run.peer if run.peer_status == "optimal" else f"{run.peer} ({run.peer_status})"
    return (
        f"{run.model.name} ({run.model.data}, {run.size})",
        f"{run.ours.value:.7g}{status}",
        f"{run.ours.residuals.worst:.0e}",
        "-" if run.violation is None else f"{run.violation:.0e}",
        f"{run.seconds:.2f}",
        peer,
        f"{run.peer_value:.7g}",
        "-" if run.peer_violation is None else f"{run.peer_violation:.0e}",
        f"{run.peer_seconds:.2f}",
    )


def table(runs: list[Run]):
    """The runs as a rich table."""
    from rich import box
    from rich.table import Table

    shown = Table(
        title="Real data, solved twice: admmopt and CVXPY's default solver",
        box=box.SIMPLE_HEAD,
        collapse_padding=True,
        pad_edge=False,
    )
    for k, name in enumerate(HEADER):
        shown.add_column(name, justify="right" if k in RIGHT else "left", no_wrap=True)
    for run in runs:
        row = list(cells(run))
        row[0] = f"[bold]{run.model.name}[/bold]\n[dim]{run.model.data}, {run.size}[/dim]"
        faster = 4 if run.seconds <= run.peer_seconds else 8
        row[faster] = f"[bold green]{row[faster]}[/bold green]"
        shown.add_row(*row)
    return shown


def markdown(runs: list[Run]) -> str:
    """The runs as a Markdown table with its footnote."""
    lines = [
        "| " + " | ".join(HEADER) + " |",
        "|" + "".join("--:|" if k in RIGHT else "---|" for k in range(len(HEADER))),
    ]
    lines += ["| " + " | ".join(cells(run)) + " |" for run in runs]
    return "\n".join([*lines, "", FOOTNOTE, ""])


def save(runs: list[Run], folder: Path) -> None:
    """table.md, table.txt and convergence.png, each whole or not at all."""
    from ..report.plots import gallery
    from ..report.tables import grid

    with whole_file(folder / "table.md") as path:
        path.write_text(markdown(runs))
    with whole_file(folder / "table.txt") as path:
        lines = grid([HEADER, *(cells(run) for run in runs)], right=RIGHT)
        path.write_text("\n".join([*lines, "", FOOTNOTE, ""]))
    panels = [(f"{run.model.name} ({run.model.data})", run.ours.history, run.seconds, run.peer, run.peer_seconds)
              for run in runs]  # fmt: skip
    with whole_file(folder / "convergence.png") as path:
        gallery(panels, EPS, path)
