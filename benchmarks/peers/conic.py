"""Conic programs without a modelling language in between: Clarabel and SCS through their own interfaces, from the raw
c, A, b and cones; ours from the split problem that its reader makes of the same file."""

from __future__ import annotations

from math import sqrt
from pathlib import Path

import numpy as np
import scipy.sparse as sp

from ..conic.cones import order, triangle
from ..conic.program import Block, Conic
from .solvers import OURS, UNLIMITED, engine_record, settings

ORDER = ("zero", "nonneg", "nonpos", "soc", "rsoc", "psd", "exp", "pow")  # what SCS asks for; Clarabel takes any
STATUS = {
    "Solved": "optimal",
    "AlmostSolved": "optimal_inaccurate",
    "PrimalInfeasible": "infeasible",
    "AlmostPrimalInfeasible": "infeasible_inaccurate",
    "DualInfeasible": "unbounded",
    "AlmostDualInfeasible": "unbounded_inaccurate",
    "MaxTime": "user_limit",
    "MaxIterations": "user_limit",
    "solved": "optimal",
}
Answer = tuple[dict, np.ndarray | None, np.ndarray | None]  # what goes into the record; x (n,), z (m,) of the program


def clarabel(program: Conic, settings: dict) -> Answer:
    import clarabel

    blocks, T = standard(program, upper=True)
    makers = {
        "zero": lambda block: [clarabel.ZeroConeT(block.rows.size)],
        **dict.fromkeys(("nonneg", "nonpos"), lambda block: [clarabel.NonnegativeConeT(block.rows.size)]),
        **dict.fromkeys(("soc", "rsoc"), lambda block: _each(block, clarabel.SecondOrderConeT)),
        "psd": lambda block: [clarabel.PSDTriangleConeT(order(block.rows.shape[1]))] * len(block.rows),
        "exp": lambda block: [clarabel.ExponentialConeT()] * len(block.rows),
        "pow": lambda block: [clarabel.PowerConeT(alpha) for alpha in block.alpha[:, 0]],
    }
    chosen = clarabel.DefaultSettings()
    for name, value in {**settings, "verbose": False}.items():
        setattr(chosen, name, value)
    cones = [cone for block in blocks for cone in makers[block.kind](block)]
    A = sp.csc_matrix(-(T @ program.A))
    n = program.c.size
    found = clarabel.DefaultSolver(sp.csc_matrix((n, n)), program.c, A, T @ program.b, cones, chosen).solve()
    record = {"status": STATUS.get(str(found.status), str(found.status)), "iterations": found.iterations}
    return {**record, "timings": {"solver": found.solve_time}}, np.array(found.x), T.T @ np.array(found.z)


def scs(program: Conic, settings: dict) -> Answer:
    import scs

    blocks, T = standard(program, upper=False)
    cone: dict = {}
    for block in blocks:
        count, dim = block.rows.shape
        if block.kind == "zero":
            cone["z"] = block.rows.size
        elif block.kind in ("nonneg", "nonpos"):
            cone["l"] = cone.get("l", 0) + block.rows.size
        elif block.kind in ("soc", "rsoc"):
            cone.setdefault("q", []).extend([dim] * count)
        elif block.kind == "psd":
            cone.setdefault("s", []).extend([order(dim)] * count)
        elif block.kind == "exp":
            cone["ep"] = count
        else:
            cone.setdefault("p", []).extend(block.alpha[:, 0].tolist())
    data = {"A": sp.csc_matrix(-(T @ program.A)), "b": T @ program.b, "c": program.c}
    found = scs.SCS(data, cone, **settings, verbose=False).solve()
    info = found["info"]
    said, doubt, _ = info["status"].partition(" (inaccurate")  # for instance because time was up
    status = STATUS.get(said, said) + ("_inaccurate" if doubt else "")
    record = {"status": status, "iterations": info["iter"], "timings": {"solver": info["solve_time"] / 1e3}}
    return record, np.asarray(found["x"]), T.T @ np.asarray(found["y"])


PEERS = {"CLARABEL": clarabel, "SCS": scs}


def standard(program: Conic, upper: bool) -> tuple[list[Block], sp.csr_array]:
    """The blocks in the order of `ORDER`, and the orthogonal T (m, m) that takes the program's rows to the solver's:
    nonpositive rows are negated, rotated cones turned, exponential ones reversed, and triangles of matrices taken as
    upper ones (column by column) or left as lower ones."""
    blocks = sorted(program.blocks, key=lambda block: ORDER.index(block.kind))
    rows = np.concatenate([block.rows.ravel() for block in blocks])
    turns = [sp.kron(sp.eye_array(len(block.rows)), _turn(block, upper)) for block in blocks]
    select = sp.eye_array(program.b.size, format="csr")[rows]
    return blocks, sp.csr_array(sp.block_diag(turns) @ select)


def _turn(block: Block, upper: bool) -> sp.csr_array:
    dim = block.rows.shape[1]
    if block.kind == "nonpos":
        return -sp.eye_array(dim, format="csr")
    if block.kind == "exp":
        return sp.csr_array(np.eye(3)[::-1])
    if block.kind == "rsoc":
        turn = sp.eye_array(dim, format="lil")
        turn[:2, :2] = np.array([[1, 1], [1, -1]]) / sqrt(2)
        return turn.tocsr()
    if block.kind == "psd" and upper:
        i, j = triangle(order(dim))
        return sp.eye_array(dim, format="csr")[np.lexsort((j, i))]
    return sp.eye_array(dim, format="csr")


def _each(block: Block, maker) -> list:
    return [maker(block.rows.shape[1])] * len(block.rows)


def interface(solver: str, path: Path, program: Conic, options: dict):
    """(solve, answer): what is timed, which gives a record, and after it x and z of the program."""
    eps, limit = options["eps"], options["time_limit"]
    if solver == OURS:
        return ours(path, program, options.get("backend") or "cpu", eps, limit)
    if solver not in PEERS:
        return lambda: {"status": "unsuited"}, None
    kept: dict = {}

    def solve() -> dict:
        record, kept["x"], kept["z"] = PEERS[solver](program, settings(solver, eps, limit))
        return record

    return solve, lambda: (kept["x"], kept["z"])


def ours(path: Path, program: Conic, backend: str, eps: float, time_limit: float):
    from admmopt import backend_api
    from admmopt.engine import Settings
    from admmopt.engine import solve as run_engine
    from admmopt.interfaces.readers import read

    file, device, kept = read(path), backend_api.resolve(backend), {}

    def solve() -> dict:
        given = Settings(eps=eps, time_limit=time_limit, max_iterations=UNLIMITED)
        found = kept["found"] = run_engine(file.split, device, given)
        return engine_record(found)

    def answer() -> tuple[np.ndarray, np.ndarray]:
        found = kept["found"]
        status, x, y = str(found.status), found.x, found.y
        if found.certificate is not None:
            x = found.certificate if status == "unbounded" else x
            y = file.by_term(found.certificate) if status == "infeasible" else y
        return named(program, file.primal(x), file.duals(y))

    return solve, answer


def named(program: Conic, primal: dict[str, float], duals: dict[str, dict[str, float]]):
    """(x, z) from values by the names of the file: columns, and by term the rate at which the file's objective changes
    with the right-hand side of a row, which is z for a file that minimizes."""
    x = np.array([primal[name] for name in program.columns])
    z = np.zeros(program.b.size)
    for term in duals.values():
        z += np.array([term.get(name, 0.0) for name in program.rows])
    return x, program.sense * (z if program.unit is None else z / program.unit)
