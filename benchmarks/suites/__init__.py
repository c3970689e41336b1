"""The suites: what each is called, which instances it has, what is asked of a solver, and who is asked besides us."""

from __future__ import annotations

from dataclasses import dataclass
from types import ModuleType

from . import compile, conic, crossbar, models, paper, path, rows

CONIC = ("CLARABEL", "SCS")
LINEAR = ("CLARABEL", "OSQP", "SCS", "HIGHS")
QUADRATIC = ("CLARABEL", "OSQP", "SCS", "PIQP", "PROXQP")
ANY = ("CLARABEL", "OSQP", "SCS", "HIGHS", "PIQP", "PROXQP")  # those who do not take a model say so


@dataclass(frozen=True)
class Suite:
    """module: with `names`, `every` (instances by default, and all there are) and `task` where solvers are compared,
    otherwise with `NAMES` and a `run` that grades itself. eps: tolerances asked for; limit: seconds for each solve, and
    what a failure counts in the means; peers: the other solvers that take these problems."""

    title: str
    module: ModuleType
    eps: tuple[float, ...]
    limit: float
    peers: tuple[str, ...] = ()
    backend: str = "cpu"

    @property
    def compared(self) -> bool:
        return hasattr(self.module, "task")


BOTH = (1e-4, 1e-6)
SUITES = {
    "nineteen": Suite("The nineteen problems of Epsilon's benchmark, at full size", models, (1e-6,), 120.0, ANY),
    "more": Suite("More problems, full size: pictures, genes, portfolios, classifiers", models, (1e-6,), 120.0, ANY),
    "sslsq": Suite("Lasso and Huber regression on SuiteSparse matrices", models, (1e-6,), 120.0, QUADRATIC),
    "qp": Suite("Maros-Meszaros, the open problems", rows, BOTH, 20.0, QUADRATIC),
    "mpc": Suite("Predictive control, and other small quadratic programs", rows, BOTH, 20.0, QUADRATIC),
    "lp": Suite("Netlib", rows, BOTH, 20.0, LINEAR),
    "infeasible": Suite("Netlib's infeasible programs", rows, (1e-4,), 20.0, LINEAR),
    "kennington": Suite("Kennington's linear programs", rows, BOTH, 20.0, LINEAR),
    "relaxations": Suite("Linear relaxations of MIPLIB", rows, BOTH, 20.0, LINEAR),
    "cblib": Suite("CBLIB: second-order, exponential and power cones", conic, BOTH, 20.0, CONIC),
    "sdplib": Suite("SDPLIB", conic, BOTH, 20.0, CONIC),
    "compile": Suite("Compile time and re-solve", compile, (1e-6,), 120.0),
    "path": Suite("A regularization path of a hundred lassos", path, (1e-6,), 1800.0),
    "crossbar": Suite("Memristor crossbar: problems of every kind", crossbar, (1e-6,), 120.0, backend="crossbar"),
    "paper": Suite("Memristor crossbar: the paper's experiments", paper, (1e-6,), 900.0, backend="crossbar:rram-milo"),
}


def names(suite: str, data=None) -> list[str]:
    """The instances that run by default; MissingData where the data set is not there."""
    module = SUITES[suite].module
    return module.names(suite, data) if SUITES[suite].compared else list(module.NAMES)


def every(suite: str, data=None) -> list[str]:
    """Those, and the ones that run only when they are named."""
    module = SUITES[suite].module
    return module.every(suite, data) if SUITES[suite].compared else list(module.NAMES)
