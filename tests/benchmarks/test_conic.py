"""The grader of conic programs: projections that are nearest points, planted solutions that are right and spoilt ones
that are wrong, files that every solver reads alike."""

import numpy as np
import pytest
import scipy.sparse as sp

from benchmarks import conic
from benchmarks.conic.cones import project, triangle
from benchmarks.conic.program import Block, Conic
from benchmarks.measure import run
from benchmarks.suites import conic as suite

SIZES = {"zero": 1, "nonneg": 1, "nonpos": 1, "soc": 4, "rsoc": 5, "psd": 6, "exp": 3, "pow": 4}
ALPHA = np.array([0.2, 0.3, 0.5])


def matrix(v):
    n = int((np.sqrt(8 * len(v) + 1) - 1) // 2)
    i, j = triangle(n)
    X = np.zeros((n, n))
    X[i, j] = X[j, i] = v * np.where(i == j, 1.0, np.sqrt(0.5))
    return X


def outside(kind, v, dual):
    """How far v violates the inequalities that define the cone, or its dual."""
    if kind == "exp":
        if not dual:
            return max(v[1] * np.exp(v[2] / v[1]) - v[0], -v[1]) if v[1] > 1e-9 else max(-v[0], v[2], abs(v[1]))
        return max(-v[2] * np.exp(v[1] / v[2]) / np.e - v[0], v[2]) if v[2] < -1e-9 else max(-v[0], -v[1], abs(v[2]))
    if kind == "pow":
        base = v[:-1] / ALPHA if dual else v[:-1]
        return max(abs(v[-1]) - np.prod(np.maximum(base, 0) ** ALPHA), -base.min())
    return {
        "zero": lambda: -1.0 if dual else np.abs(v).max(),
        "nonneg": lambda: -v.min(),
        "nonpos": lambda: v.max(),
        "soc": lambda: np.linalg.norm(v[1:]) - v[0],
        "rsoc": lambda: max(np.linalg.norm(v[2:]) ** 2 - 2 * v[0] * v[1], -v[0], -v[1]),
        "psd": lambda: -np.linalg.eigvalsh(matrix(v)).min(),
    }[kind]()


@pytest.mark.parametrize("kind", SIZES)
def test_projections_are_nearest_points(kind):
    """p is the projection of v on K if and only if p in K, p - v in K*, and the two are orthogonal."""
    rng = np.random.default_rng(0)
    V = rng.standard_normal((300, SIZES[kind])) * 10.0 ** rng.integers(-2, 3, (300, 1))
    V[::7] = np.round(V[::7])  # zeros, among others
    P = project(kind, V, np.tile(ALPHA, (300, 1)) if kind == "pow" else None)
    scale = 1 + np.abs(V).max(axis=1)
    for v, p, size in zip(V, P, scale, strict=True):
        assert outside(kind, p, dual=False) <= 1e-7 * size**2
        assert outside(kind, p - v, dual=True) <= 1e-7 * size**2
        assert abs(p @ (p - v)) <= 1e-7 * size**2


def planted(seed=0, count=3):
    """Cones of every kind, s in K and z in K* complementary, A and x drawn, b and c made to fit: (program, x, z)."""
    rng = np.random.default_rng(seed)
    blocks, m = [], 0
    for kind, dim in SIZES.items():
        rows = np.arange(m, m + count * dim).reshape(count, dim)
        blocks.append(Block(kind, rows, np.tile(ALPHA, (count, 1)) if kind == "pow" else None))
        m += rows.size
    program = Conic(np.zeros(8), sp.csr_array(rng.standard_normal((m, 8))), np.zeros(m), blocks)
    v, x = rng.standard_normal(m), rng.standard_normal(8)
    s = program.nearest(v)
    z = s - v
    program.b, program.c = s - program.A @ x, program.A.T @ z
    return program, x, z


def test_a_planted_solution_is_right():
    program, x, z = planted()
    grade = conic.grade_conic(program, x, z)
    assert grade.worst < 1e-9
    assert grade.objective == pytest.approx(program.c @ x)


@pytest.mark.parametrize("block", range(len(SIZES)), ids=SIZES)
def test_a_dual_outside_of_its_cone_is_wrong_whichever_cone_it_is(block):
    """z moved along the null space of A': every equation still holds, only the cone knows better."""
    program, x, z = planted()
    kind, rows = program.blocks[block].kind, program.blocks[block].rows[0]
    null = np.linalg.svd(program.A.toarray().T)[2][8:]
    move = null.T @ (null[:, rows] @ -(z[rows] + np.eye(rows.size)[0]))
    spoilt = z + 10 * move
    assert program.A.T @ spoilt == pytest.approx(program.c)
    away = np.abs(program.nearest_dual(spoilt) - spoilt)
    if kind == "zero":
        assert away[rows].max() == 0  # any multiplier of an equation will do
    assert away.max() > 0.1
    assert conic.grade_conic(program, x, spoilt).dual > 1e-2


@pytest.mark.parametrize("spoil, residual", [("x", "primal"), ("z", "dual"), ("both", "gap")])
def test_a_spoilt_solution_is_seen_by_its_residual(spoil, residual):
    program, x, z = planted()
    if spoil == "x":
        x = x + 0.1
    elif spoil == "z":
        z = 1.1 * z
    else:  # feasible and stationary, not complementary
        program.b = program.b + program.nearest(np.ones(z.size))
    grade = conic.grade_conic(program, x, z)
    assert getattr(grade, residual) > 1e-2 and not grade.right(1e-3)


@pytest.mark.parametrize("x, z", [(None, np.zeros(2)), (np.zeros(1), np.array([np.nan, 0.0]))])
def test_nothing_and_nonsense_are_worthless(x, z):
    program = Conic(np.ones(1), sp.csr_array([[1.0], [0.0]]), np.zeros(2), [Block("soc", np.array([[0, 1]]))])
    assert not conic.grade_conic(program, x, z).right(1.0)


def test_certificates():
    """x1 >= |x2| with x1 = -1 has none; minimizing -x1 over the cone alone falls forever."""
    cone = Block("soc", np.array([[0, 1]]))
    A = sp.csr_array([[1.0, 0.0], [0.0, 1.0], [1.0, 0.0]])
    held = Conic(np.zeros(2), A, np.array([0.0, 0.0, 1.0]), [cone, Block("zero", np.array([[2]]))])
    assert conic.proves_infeasible(held, [1.0, 0.0, -1.0])
    assert not conic.proves_infeasible(held, [-1.0, 0.0, 1.0])  # outside of the dual cone
    assert not conic.proves_infeasible(held, [1.0, 0.0, -0.9])
    free = Conic(np.array([-1.0, 0.0]), A[:2], np.zeros(2), [cone])
    assert conic.proves_unbounded(free, [1.0, 0.5])
    assert not conic.proves_unbounded(free, [1.0, 1.5])
    assert not conic.proves_unbounded(free, [0.0, 0.0])
    verdict = suite.verdict(free, np.array([1.0, 1.5]), np.zeros(2), {"status": "unbounded"}, {"eps": 1e-4})
    assert (verdict["verdict"], verdict["reason"]) == ("wrong", "false certificate: unbounded, the problem is optimal")


CBF = """# every kind of cone that CBLIB's continuous problems have
VER
3

OBJSENSE
MAX

POWCONES
1 2
2
1.0
3.0

VAR
10 4
F 2
L+ 2
QR 3
EXP 3

CON
9 4
L= 2
L- 1
Q 3
@0:POW 3

OBJACOORD
4
0 1.0
1 -0.5
8 1.0
4 -1.0

OBJBCOORD
2.5

ACOORD
13
0 2 1.0
0 3 1.0
1 7 1.0
1 5 1.0
2 9 -1.0
3 2 1.0
4 0 1.0
5 1 1.0
6 5 1.0
7 6 1.0
8 8 1.0
2 4 1.0
3 3 0.5

BCOORD
4
0 -2.0
1 -2.0
2 -1.0
6 1.0
"""
SDPA = """"two matrices and a diagonal block
 3 = mDIM
 2 = nBLOCK
 {2, -2}
1.0, 2.0, 3.0
0 1 1 1 1.0
0 1 1 2 0.5
1 1 1 1 1.0
2 1 2 2 1.0
3 1 1 2 1.0
1 2 1 1 1.0
3 2 2 2 1.0
0 2 2 2 -4.0
"""


def written(folder):
    """A data folder with the two files."""
    for part in ("cblib/socp", "cblib/exp", "cblib/pow", "sdplib"):
        (folder / part).mkdir(parents=True)
        (folder / part / ("small.dat-s" if part == "sdplib" else "small.cbf")).write_text(
            SDPA if part == "sdplib" else CBF
        )
    return str(folder)


@pytest.mark.parametrize("family, name, count", [("cblib", "pow/small", 13), ("sdplib", "small", 5)])
def test_every_solver_is_right_on_the_same_file(family, name, count, tmp_path):
    options = {"data": written(tmp_path), "eps": 1e-6, "time_limit": 20.0}
    assert conic.entries(suite.paths(family, tmp_path)[name]) == count
    found = {s: run(family, name, {**options, "solver": s}) for s in ("CLARABEL", "SCS", "admmopt")}
    assert {r["verdict"] for r in found.values()} == {"right"}, {s: r["reason"] for s, r in found.items()}
    assert all(r["value"] == pytest.approx(found["CLARABEL"]["value"], abs=1e-4) for r in found.values())
    assert all(r["memory_mb"] > 10 and r["cpu_seconds"] > 0 for r in found.values())
    assert run(family, name, {**options, "solver": "OSQP"})["verdict"] == "unsuited"


def test_large_files_run_only_when_they_are_named(tmp_path, monkeypatch):
    every = ["socp/small", "exp/small", "pow/small"]
    assert suite.names("cblib", written(tmp_path)) == suite.every("cblib", tmp_path) == every
    monkeypatch.setattr(suite, "MOST", 13)
    assert suite.names("cblib", tmp_path) == [] and suite.every("cblib", tmp_path) == every


def test_a_section_that_is_not_known_is_named(tmp_path):
    (tmp_path / "odd.cbf").write_text("VER\n1\nPSDVAR\n1\n3\n")
    with pytest.raises(ValueError, match=r"odd\.cbf: section 'PSDVAR'"):
        conic.read(tmp_path / "odd.cbf")
