"""The conformance kit for backends: every promise of `backend_api`, tried on small systems and one whole solve."""

from __future__ import annotations

import dataclasses

import numpy as np
import scipy.sparse as sp

from ..backend_api import Backend, BackendError, Capabilities, System, resolve
from ..operators import Dense, Diagonal, Operator, Sparse, Stack
from .problems import check_solve
from .systems import systems

EXACT = 1e-8  # relative residual that an exact backend must reach on these systems
ASKED = 1e-6  # what an inexact one is asked for
HARD = 1e3  # condition number above which an inexact one may decline, in a BackendError that says why
MANY = 4.0  # times the root mean square error that an operator promises: chance alone does not go beyond


def check_backend(backend: str | Backend) -> None:
    """Raise AssertionError with a sentence that says what is wrong; return None where all is well.

    backend: a name such as ``"cpu"``, or a configured backend object.
    """
    backend = resolve(backend)
    check_identity(backend)
    check_conversions(backend)
    for name, system in systems():
        check_system(backend, name, system)
        check_place(backend, name, system)
    check_solve(backend)


def check_identity(backend: Backend) -> None:
    _require(isinstance(backend.name, str) and backend.name, "the backend has no `name`")
    _require(isinstance(backend.capabilities, Capabilities), "`capabilities` is not a backend_api.Capabilities")
    usable, reason = type(backend).available()
    _require(usable and isinstance(reason, str), "available() does not return (True, a sentence) where it runs")


def check_conversions(backend: Backend) -> None:
    host = np.linspace(-3.0, 3.0, 7)
    there = backend.asarray(host)
    back = backend.to_numpy(there)
    _require(isinstance(back, np.ndarray), "to_numpy does not return a numpy array")
    _require(np.allclose(back, host, rtol=1e-6, atol=1e-6), "to_numpy(asarray(v)) is not v")
    combined = backend.to_numpy(2.0 * there[1:] - there[:-1])
    _require(np.allclose(combined, 2.0 * host[1:] - host[:-1], rtol=1e-5, atol=1e-5), "arrays do not add or slice")


def check_system(backend: Backend, name: str, system: System) -> None:
    """prepare, solve, update and the report, on one system."""
    try:
        solver = backend.prepare(system)
    except BackendError as refusal:
        matrix_free = any(block.entries() is None for block in [*system.A.blocks, *([system.F] if system.F else [])])
        too_hard = not backend.capabilities.exact and condition(system) > HARD
        allowed = too_hard or (matrix_free and not backend.capabilities.matrix_free)
        _require(allowed, f"{name}: prepare refused a system with entries ({refusal})")
        return
    rng = np.random.default_rng(11)
    n, m = system.A.shape[1], system.A.shape[0]
    r1, r2 = rng.normal(size=n), rng.normal(size=m)
    x = _solved(backend, solver, system, r1, r2, name)
    again = _solved(backend, solver, system, r1, r2, f"{name}, solved a second time", guess=x)
    _require(np.allclose(again, x, rtol=1e-4, atol=1e-4 * _size(x)), f"{name}: a warm start changes the solution")
    _solved(backend, solver, system, np.zeros(n), np.zeros(m), f"{name}, zero right-hand side")
    for factor in (8.0, 0.01):
        system = system.with_penalty(factor * system.rho)
        solver.update(rho=system.rho)
        _solved(backend, solver, system, r1, r2, f"{name}, after update(rho)")
    system = system.with_penalty(system.rho * _uneven(system, rng), 10.0 * system.sigma)
    solver.update(rho=system.rho, sigma=system.sigma)
    _solved(backend, solver, system, r1, r2, f"{name}, after update(rho, sigma)")
    if backend.capabilities.exact and backend.capabilities.refactor:
        for share in (0.2, 0.8):  # Newton steps leave rows out, few or most of them
            dropped = system.with_penalty(np.where(_dropped(system, rng, share), 0.0, system.rho))
            solver.update(rho=dropped.rho)
            _solved(backend, solver, dropped, r1, r2, f"{name}, {share:.0%} of the rows without weight")
    report = solver.report()
    if report.get("rows"):
        blocks = [_scaled(block, rng) for block in system.A.blocks]
        replaced = dataclasses.replace(system, A=Stack(blocks, system.A.shape[1]))
        solver.update(rho=system.rho, sigma=system.sigma, A=replaced.A)
        _solved(backend, solver, replaced, r1, r2, f"{name}, with other values in the same rows")
        few = replaced.with_penalty(np.where(_dropped(system, rng, 0.5), 0.0, system.rho))
        solver.update(rho=few.rho, sigma=few.sigma, A=few.A)
        _solved(backend, solver, few, r1, r2, f"{name}, with other values in the same rows and some without weight")
        solver.update(rho=system.rho, sigma=system.sigma, A=system.A)
        _solved(backend, solver, system, r1, r2, f"{name}, with the first rows again")
    report = solver.report()
    for key in ("form", "reason", "factorizations", "solves"):
        _require(key in report, f"{name}: report() has no {key!r}")


def check_place(backend: Backend, name: str, system: System) -> None:
    """Products of the placed operators agree with those on the host."""
    rng = np.random.default_rng(12)
    for operator in [system.A, *([system.F] if system.F is not None else [])]:
        placed = backend.place(operator)
        x, y = rng.normal(size=operator.shape[1]), rng.normal(size=operator.shape[0])
        forward = backend.to_numpy(placed.matvec(backend.asarray(x)))
        adjoint = backend.to_numpy(placed.rmatvec(backend.asarray(y)))
        allowed = 1e-10 if backend.capabilities.exact else 1e-5 + MANY * getattr(placed, "product_error", 0.0)
        for product, right, v in ((forward, operator.matvec(x), x), (adjoint, operator.rmatvec(y), y)):
            kind = "matvec" if v is x else "rmatvec"
            _require(product.shape == right.shape, f"{name}: the placed operator's {kind} has the wrong shape")
            error = float(np.linalg.norm(product - right)) / max(_expected_size(operator, v), 1e-300)
            _require(
                error <= allowed, f"{name}: the placed operator's {kind} is off by {error:.1e}, {allowed:.1e} allowed"
            )


def _solved(backend, solver, system: System, r1, r2, name: str, guess=None) -> np.ndarray:
    """Solve and measure on the host, in double precision; returns x."""
    exact = backend.capabilities.exact
    start = None if guess is None else backend.asarray(guess)
    result = solver.solve(backend.asarray(r1), backend.asarray(r2), guess=start, tol=None if exact else ASKED)
    x, z = backend.to_numpy(result.x), backend.to_numpy(result.z)
    _require(x.shape == r1.shape and z.shape == r2.shape, f"{name}: x or z has the wrong shape")
    rhs = r1 + system.A.rmatvec(system.rho * r2)
    size = float(np.linalg.norm(rhs))
    error = float(np.linalg.norm(system.product(x) - rhs)) / (size if size > 0 else 1.0)
    reported = result.residual
    _require(np.isfinite(error), f"{name}: the solution is not finite")
    _require(error <= 2.0 * reported + 1e-9, f"{name}: reports a residual of {reported:.1e}, but it is {error:.1e}")
    limit = EXACT if exact else 2.0 * ASKED
    _require(error <= limit, f"{name}: relative residual {error:.1e}, above {limit:.0e}")
    _require(_close(z, system.A.matvec(x), max(limit, 1e-7)), f"{name}: z is not A x")
    return x


def _uneven(system: System, rng) -> np.ndarray:
    """Factors for rho that differ by row, but not between the copies of a matrix variable."""
    uniform = system.rho.size > 0 and np.ptp(system.rho) == 0
    return np.ones(system.rho.size) if uniform else rng.uniform(0.5, 2.0, system.rho.size)


def _scaled(block: Operator, rng) -> Operator:
    """The block with other values in the same places, where its entries are known."""
    matrix = block.entries()
    if matrix is None or isinstance(block, Diagonal):
        return block
    scale = rng.uniform(0.5, 2.0, block.shape[0])
    return Sparse(sp.diags_array(scale) @ matrix) if sp.issparse(matrix) else Dense(scale[:, None] * matrix)


def _dropped(system: System, rng, share: float) -> np.ndarray:
    """Rows to leave out; all or none where the rows are alike, since the copies of a matrix variable stay alike."""
    uniform = system.rho.size > 0 and np.ptp(system.rho) == 0
    return np.full(system.rho.size, share > 0.5) if uniform else rng.random(system.rho.size) < share


def condition(system: System) -> float:
    """Condition number of the system's matrix."""
    return float(np.linalg.cond(np.stack([system.product(unit) for unit in np.eye(system.A.shape[1])])))


def _expected_size(operator, v: np.ndarray) -> float:
    """||A||_F ||v|| / sqrt(size of v): the size of A v for a random v."""
    total = float(operator.squared().matvec(np.ones(operator.shape[1])).sum())
    return float(np.sqrt(total / max(v.size, 1)) * np.linalg.norm(v))


def _size(v: np.ndarray) -> float:
    return float(np.abs(v).max()) if v.size else 0.0


def _close(a: np.ndarray, b: np.ndarray, limit: float) -> bool:
    return a.shape == b.shape and bool(np.all(np.abs(a - b) <= limit * (1.0 + _size(b))))


def _require(condition, sentence: str) -> None:
    if not condition:
        raise AssertionError(f"backend check failed: {sentence}.")
