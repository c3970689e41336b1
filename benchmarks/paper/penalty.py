"""Figure 7: iterations against the penalty rho, and what rho does to the circuit."""

from __future__ import annotations

import numpy as np

from ..problems import paper
from .cells import generator, solved
from .naive import admm, split_of
from .variation import DRAWS, errors

PENALTIES = (0.1, 0.3, 1.0, 3.0, 10.0, 30.0, 100.0)
TOLERANCES = (1e-4, 1e-6)  # the paper's stopping rule could not be read
ITERATIONS = 10_000
STIFF = 1e12  # weight of rows that stand for equations: the lower block of the KKT matrix is 1 / STIFF, not 0


def run(n: int, options: dict) -> list[dict]:
    """Rows: one for each kind and rho, with exact solves, and one for each kind with our engine's own penalties."""
    rows = []
    for kind in ("lp", "socp"):
        data = DRAWS[kind](generator(options["seed"], kind, n, 0), n)
        for rho in options.get("penalties", PENALTIES):
            row = {"kind": kind, "rho": rho, **circuit(data["G"], rho)}
            for tol in TOLERANCES:
                done = admm(split_of(kind, data), rho, None, None, redrawn=False, iterations=ITERATIONS, tol=tol)
                found = {"iterations": done.iterations, "status": done.status, **errors(kind, data, done.y)}
                row.update({f"{name}_{tol:.0e}": value for name, value in found.items()})
            rows.append(row)
        point, kept = solved(*paper.model(kind, data), "cpu", options)
        rows.append({"kind": kind, "rho": None, **kept, **errors(kind, data, point)})
    return rows


def circuit(G: np.ndarray, rho: float) -> dict:
    """condition: of (16) as the paper writes it; settling: seconds, to half a code of 8 bits, of the feedback circuit
    that our backend makes of it, rows flipped and scaled, on ideal cells; scaled: its condition number."""
    from admmopt.backend_api import System
    from admmopt.operators import Dense, Stack
    from admmopt_crossbar import Circuit, Crossbar, Generic

    m, n = G.shape
    system = System(None, Stack([Dense(G)], n), np.full(m, STIFF), Stack([], n), sigma=np.full(n, rho), rho=np.zeros(0))
    cells = Generic(g_min=0.0, sigma=0.0)
    backend = Crossbar(cells, form="kkt", circuit=Circuit(gain=1e12, trim_bits=None), tile=n + m, slices=1)
    report = backend.prepare(system).report()
    return {
        "condition": condition(G, rho),
        "scaled": report["certificate"]["condition"],
        "settling": report["settling"],
    }


def condition(G: np.ndarray, rho: float) -> float:
    """Of [rho I, G'; G, 0], whose eigenvalues are rho and (rho +- sqrt(rho^2 + 4 s^2)) / 2 for singular values s."""
    s = np.linalg.svd(G, compute_uv=False)
    root = np.sqrt(rho**2 + 4.0 * s**2)
    sizes = np.concatenate([[rho], (root + rho) / 2.0, (root - rho) / 2.0])
    return float(sizes.max() / sizes.min())
