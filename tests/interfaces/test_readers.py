"""Problem files: what is read, in the file's own names, and one clear sentence for what cannot be."""

from __future__ import annotations

import gzip
import os
from pathlib import Path

import cvxpy as cp
import numpy as np
import pytest

from admmopt.backend_api import resolve
from admmopt.engine import Settings, solve
from admmopt.interfaces.readers import FileError, read

MPS = """NAME          SMALL
OBJSENSE
    MAX
ROWS
 N  PROFIT
 L  LABOUR
 G  ORDER
 E  MIX
COLUMNS
    MARKER    'MARKER'   'INTORG'
    CHAIR     PROFIT    3.0   LABOUR  1.0
    CHAIR     ORDER     1.0
    MARKER    'MARKER'   'INTEND'
    TABLE     PROFIT    2.0   LABOUR  1.0
    TABLE     MIX       3.0
RHS
    RHS       LABOUR    4.0   ORDER   1.0
    RHS       MIX       6.0   PROFIT -5.0
RANGES
    RNG       LABOUR    2.0
BOUNDS
 UP BND       CHAIR     4.0
 FR BND       TABLE
ENDATA
"""
QUADRATIC = MPS.replace(
    "ENDATA\n", "QUADOBJ\n    CHAIR  CHAIR  -2.0\n    CHAIR  TABLE  -1.0\n    TABLE  TABLE  -4.0\nENDATA\n"
)
LP = """\\ a comment
Maximize
 profit: 3 chair + 2 table + 5
Subject To
 labour: chair + table <= 4
 labour2: chair + table >= 2
 order: chair >= 1
 mix: 3 table = 6
Bounds
 0 <= chair <= 4
 table free
General
 chair
End
"""
CPU = resolve("cpu")


def write(folder: Path, name: str, text: str) -> Path:
    path = folder / name
    if name.endswith(".gz"):
        path.write_bytes(gzip.compress(text.encode()))
    else:
        path.write_text(text)
    return path


def solved(path: Path, eps: float = 1e-8):
    problem = read(path)
    found = solve(problem.split, CPU, Settings(eps=eps))
    assert found.status == "optimal"
    return problem, found


# ---- MPS, QPS, LP ---------------------------------------------------------------------------------------------


@pytest.mark.parametrize("name", ["small.mps", "small.mps.gz", "small", "small.gz"])
def test_mps_is_read_with_sense_constant_ranges_bounds_and_names(tmp_path, name):
    problem = read(write(tmp_path, name, MPS))
    split = problem.split
    assert (problem.kind, problem.name, problem.sense, problem.relaxed) == ("LP", "small", "maximize", 1)
    assert np.array_equal(split.q, [-3, -2]) and split.constant == -5 and split.P is None
    rows, bounds = split.terms
    assert np.array_equal(rows.operator.entries().toarray(), [[1, 1], [1, 0], [0, 3]])
    assert np.array_equal(np.array(rows.function.domain()), [[2, 1, 6], [4, np.inf, 6]])
    assert np.array_equal(np.array(bounds.function.domain()), [[0, -np.inf], [4, np.inf]])
    assert problem.primal(np.array([1.0, 2.0])) == {"CHAIR": 1.0, "TABLE": 2.0}
    assert problem.objective(split.smooth(np.array([1.0, 2.0]))) == 3 + 4 + 5
    assert "1 integer variable relaxed" in problem.describe()


@pytest.mark.parametrize("name", ["small.qps", "small.mps"])
def test_qps_quadratic_objective_is_half_xPx(tmp_path, name):
    problem = read(write(tmp_path, name, QUADRATIC))
    assert problem.kind == "QP"
    assert np.array_equal(problem.split.P.entries().toarray(), [[2, 1], [1, 4]])  # minimized: the sign is turned
    x = np.array([1.0, 2.0])
    assert problem.objective(problem.split.smooth(x)) == pytest.approx(5 + 3 + 4 - 0.5 * (2 + 2 * 2 + 4 * 4))


def test_lp_format_gives_the_same_solution_as_mps(tmp_path):
    from_lp, found_lp = solved(write(tmp_path, "small.lp", LP))
    from_mps, found_mps = solved(write(tmp_path, "small.mps", MPS))
    assert from_lp.relaxed == from_mps.relaxed == 1
    assert from_lp.primal(found_lp.x) == pytest.approx({"chair": 2.0, "table": 2.0}, abs=1e-6)
    assert from_lp.objective(found_lp.value) == pytest.approx(15.0, abs=1e-6)
    assert from_mps.objective(found_mps.value) == pytest.approx(15.0, abs=1e-6)


def test_row_duals_are_the_change_of_the_objective_with_the_right_hand_side(tmp_path):
    problem, found = solved(write(tmp_path, "small.mps", MPS))
    duals = problem.duals(found.y)
    assert duals["rows"] == pytest.approx({"LABOUR": 3.0, "ORDER": 0.0, "MIX": -1 / 3}, abs=1e-5)
    more, found_more = solved(write(tmp_path, "more.mps", MPS.replace("LABOUR    4.0", "LABOUR    4.5")))
    change = more.objective(found_more.value) - problem.objective(found.value)
    assert change == pytest.approx(0.5 * duals["rows"]["LABOUR"], abs=1e-5)


def test_quadratic_that_curves_the_wrong_way_is_refused(tmp_path):
    path = write(tmp_path, "small.qps", QUADRATIC.replace("MAX", "MIN"))
    with pytest.raises(FileError, match="not convex"):
        read(path)


def test_semicontinuous_columns_become_their_hull(tmp_path):
    text = MPS.replace(" UP BND       CHAIR     4.0", " LO BND       CHAIR     2.0\n SC BND       CHAIR     4.0")
    problem = read(write(tmp_path, "small.mps", text))
    lower, upper = problem.split.terms[1].function.domain()
    assert (lower[0], upper[0]) == (0.0, 4.0)


# ---- CBF ------------------------------------------------------------------------------------------------------


def cbf(body: str, sense: str = "MIN") -> str:
    return f"VER\n3\n\nOBJSENSE\n{sense}\n\n{body}"


def test_cbf_linear_cones_of_variables_and_rows(tmp_path):
    """min x0 + 2 x1 - x2 + 0.5,  x0 >= 0, x1 >= 0, x2 <= 0, and three rows."""
    body = """# a comment
VAR
4 3
L+ 2
L- 1
F 1

CON
3 3
L= 1
L+ 1
L- 1

OBJACOORD
3
0 1.0
1 2.0
2 -1.0

OBJBCOORD
0.5

ACOORD
5
0 0 1.0
0 3 1.0
1 1 1.0
1 3 -1.0
2 2 -1.0

BCOORD
3
0 -3.0
1 -1.0
2 -7.0
"""
    problem, found = solved(write(tmp_path, "linear.cbf", cbf(body)))
    x = cp.Variable(4)
    rows = [x[0] + x[3] - 3 == 0, x[1] - x[3] - 1 >= 0, -x[2] - 7 <= 0]
    reference = cp.Problem(cp.Minimize(x[0] + 2 * x[1] - x[2] + 0.5), [x[:2] >= 0, x[2] <= 0, *rows])
    reference.solve(solver=cp.CLARABEL)
    assert problem.objective(found.value) == pytest.approx(reference.value, abs=1e-6)
    assert problem.kind == "conic" and set(problem.primal(found.x)) == {"x[0]", "x[1]", "x[2]", "x[3]"}


CONES = {
    "Q": ("Q 3", lambda u: [cp.SOC(u[0], u[1:])]),
    "QR": ("QR 4", lambda u: [cp.quad_over_lin(u[2:], u[0]) <= 2 * u[1], u[0] >= 0]),
    "EXP": ("EXP 3", lambda u: [cp.ExpCone(u[2], u[1], u[0])]),
    "POW": ("@0:POW 3", lambda u: [cp.PowCone3D(u[0], u[1], u[2], 0.25)]),
    "POW of three": ("@1:POW 4", lambda u: [cp.PowConeND(u[:3], u[3], np.array([0.5, 0.25, 0.25]))]),
    "SVECPSD": ("SVECPSD 3", lambda u: [cp.bmat([[u[0], u[1] / np.sqrt(2)], [u[1] / np.sqrt(2), u[2]]]) >> 0]),
}
EXPONENTS = "POWCONES\n2 5\n2\n1.0\n3.0\n3\n2.0\n1.0\n1.0\n\n"


def section(name: str, *entries: tuple) -> str:
    """A section of coordinates: how many, then one line each."""
    lines = [
        " ".join(repr(float(e)) if k == len(entry) - 1 else str(e) for k, e in enumerate(entry)) for entry in entries
    ]
    return "\n".join([name, str(len(lines)), *lines, "", ""])


@pytest.mark.parametrize("kind", CONES)
@pytest.mark.parametrize("place", ["variables", "rows"])
def test_cbf_cones_against_cvxpy(tmp_path, kind, place):
    """min c'x, -3 <= x <= 3 as rows, and a cone of x itself or of rows x + shift."""
    name, constraints = CONES[kind]
    dim = int(name.split()[1])
    rng = np.random.default_rng(7)
    c, shift = rng.normal(size=dim), rng.normal(size=dim)
    span = range(dim)
    rows = [(i, i, 1) for i in span] + [(dim + i, i, 1) for i in span]
    offsets = [(i, 3) for i in span] + [(dim + i, -3) for i in span]
    if place == "variables":
        cones = f"VAR\n{dim} 1\n{name}\n\nCON\n{2 * dim} 2\nL+ {dim}\nL- {dim}\n\n"
    else:
        cones = f"VAR\n{dim} 1\nF {dim}\n\nCON\n{3 * dim} 3\nL+ {dim}\nL- {dim}\n{name}\n\n"
        rows += [(2 * dim + i, i, 1) for i in span]
        offsets += [(2 * dim + i, shift[i]) for i in span]
    data = section("OBJACOORD", *enumerate(c)) + section("ACOORD", *rows) + section("BCOORD", *offsets)
    problem, found = solved(write(tmp_path, "cone.cbf.gz", EXPONENTS + cbf(cones + data)), eps=1e-7)
    x = cp.Variable(dim)
    u = x if place == "variables" else x + shift
    reference = cp.Problem(cp.Minimize(c @ x), [x >= -3, x <= 3, *constraints(u)])
    reference.solve(solver=cp.CLARABEL)
    assert problem.objective(found.value) == pytest.approx(reference.value, rel=1e-5, abs=1e-5)
    assert np.allclose(found.x, x.value, atol=2e-3)


def test_cbf_dual_cones_are_the_duals_of_the_primal_ones(tmp_path):
    """<u, v> >= 0 for u in EXP and v in EXP*, read in the same order of entries."""
    text = cbf("VAR\n6 2\nEXP 3\nEXP* 3\n\nOBJACOORD\n1\n0 1.0\n")
    problem = read(write(tmp_path, "dual.cbf", text))
    primal, dual = problem.split.terms
    v = np.random.default_rng(0).normal(size=(50, 3))
    inside = [primal.function.prox(w, 1.0) for w in v]
    polar = [dual.function.prox(w, 1.0) for w in v]
    assert min(a @ b for a in inside for b in polar) >= -1e-9
    assert np.allclose([a - dual.function.prox(-w, 1.0) for a, w in zip(inside, v, strict=True)], v)


def test_cbf_matrix_variables_and_matrix_rows(tmp_path):
    """min <F, X> + x0,  X of order 2 psd, <I, X> + x0 = 1, and x0 H + D psd (which means x0 >= 0.5)."""
    body = """PSDVAR
1
2

VAR
1 1
F 1

PSDCON
1
2

CON
1 1
L= 1

OBJFCOORD
2
0 0 0 2.0
0 1 0 -1.0

OBJACOORD
1
0 1.0

FCOORD
2
0 0 0 0 1.0
0 0 1 1 1.0

ACOORD
1
0 0 1.0

BCOORD
1
0 -1.0

HCOORD
3
0 0 0 0 1.0
0 0 1 1 1.0
0 0 1 0 0.5

DCOORD
2
0 0 0 -0.25
0 1 1 -0.25
"""
    problem, found = solved(write(tmp_path, "matrix.cbf", cbf(body)), eps=1e-7)
    X, t = cp.Variable((2, 2), PSD=True), cp.Variable()
    H, D, F = np.array([[1, 0.5], [0.5, 1]]), -0.25 * np.eye(2), np.array([[2, -1], [-1, 0]])
    constraints = [cp.trace(X) + t - 1 == 0, t * H + D >> 0]
    reference = cp.Problem(cp.Minimize(cp.trace(F @ X) + t), constraints)
    reference.solve(solver=cp.CLARABEL)
    assert problem.kind == "SDP"
    assert problem.objective(found.value) == pytest.approx(reference.value, abs=1e-5)
    named = problem.primal(found.x)
    assert named["X0[2,1]"] == pytest.approx(X.value[1, 0], abs=1e-3)
    assert named["x[0]"] == pytest.approx(float(t.value), abs=1e-4)
    matrix_dual = problem.duals(found.y)["matrix rows of order 2"]
    assert matrix_dual["C0[1,1]"] == pytest.approx(constraints[1].dual_value[0, 0], abs=1e-3)
    assert matrix_dual["C0[2,1]"] == pytest.approx(constraints[1].dual_value[1, 0], abs=1e-3)


def test_cbf_maximization_integers_and_change(tmp_path):
    body = "VAR\n2 1\nL+ 2\n\nINT\n1\n1\n\nCON\n1 1\nL- 1\n\nOBJACOORD\n2\n0 1.0\n1 2.0\n\n"
    body += "ACOORD\n2\n0 0 1.0\n0 1 1.0\n\nBCOORD\n1\n0 -4.0\n\nCHANGE\n\nOBJACOORD\n1\n0 50.0\n"
    problem, found = solved(write(tmp_path, "max.cbf", cbf(body, "MAX")))
    assert problem.relaxed == 1 and problem.objective(found.value) == pytest.approx(8.0, abs=1e-6)
    assert problem.duals(found.y)["rows"]["c[0]"] == pytest.approx(2.0, abs=1e-6)


# ---- SDPA -----------------------------------------------------------------------------------------------------

SDPA = """"Example: a comment line
* another
2 = mDIM
2 = nBLOCK
{2, -2} = block sizes
{1.0, 2.0}
0 1 1 1 1.0
0 1 1 2 0.5
0 2 2 2 -3.0
1 1 1 1 1.0
1 1 2 2 1.0
1 2 1 1 1.0
2 1 2 2 3.0
2 2 2 2 1.0
"""


@pytest.mark.parametrize("name", ["small.dat-s", "small.dat-s.gz"])
def test_sdpa_against_cvxpy(tmp_path, name):
    problem, found = solved(write(tmp_path, name, SDPA), eps=1e-7)
    x = cp.Variable(2)
    M = cp.bmat([[x[0] - 1, -0.5], [-0.5, x[0] + 3 * x[1]]])
    reference = cp.Problem(cp.Minimize(x[0] + 2 * x[1]), [M >> 0, x[0] >= 0, x[1] >= -3])
    reference.solve(solver=cp.CLARABEL)
    assert problem.kind == "SDP" and problem.name == "small"
    assert problem.objective(found.value) == pytest.approx(reference.value, abs=1e-5)
    duals = problem.duals(found.y)["matrix blocks of order 2"]
    assert duals["block 1[2,1]"] == pytest.approx(reference.constraints[0].dual_value[1, 0], abs=1e-3)


# ---- what cannot be read --------------------------------------------------------------------------------------

BAD = {
    "unknown row": ("a.mps", MPS.replace("CHAIR     ORDER", "CHAIR     ORDRE"), r"line 12.*ORDRE"),
    "unknown kind of row": ("a.mps", MPS.replace(" G  ORDER", " X  ORDER"), r"line 7.*ORDER"),
    "not MPS at all": ("a.mps", "hello\n", "not a readable MPS file"),
    "empty": ("a.mps", "", "not a readable MPS file"),
    "not LP": ("a.lp", "Minimize\n x +\nfoo bar\n", "not a readable LP file"),
    "crossed bounds": ("a.mps", MPS.replace("CHAIR     4.0", "CHAIR     -4.0"), "column CHAIR has bounds that exclude"),
    "another ending": ("a.mat", "x", r"files that end in \.mat cannot be read"),
    "broken gzip": ("a.mps.gz", None, "cannot be read"),
    "cbf version": ("a.cbf", "VER\n9\n", r"line 2: version 9"),
    "cbf sense": ("a.cbf", "VER\n3\nOBJSENSE\nMINI\n", "line 4.*neither MIN nor MAX"),
    "cbf cone": ("a.cbf", cbf("VAR\n2 1\nZ 2\n"), "line 9: the cone 'Z'"),
    "cbf sum of cones": ("a.cbf", cbf("VAR\n3 1\nL+ 2\n"), "hold 2 entries, 3 were announced"),
    "cbf keyword": ("a.cbf", cbf("VAR\n1 1\nF 1\nFOO\n"), "line 10: 'FOO' is not a keyword"),
    "cbf index": ("a.cbf", cbf("VAR\n1 1\nF 1\nOBJACOORD\n1\n3 1.0\n"), "line 12: '3 1.0' is no entry of OBJACOORD"),
    "cbf number": ("a.cbf", cbf("VAR\n1 1\nF 1\nOBJACOORD\n1\n0 1.x\n"), "line 12: '0 1.x' is no entry of OBJACOORD"),
    "cbf exponents": ("a.cbf", cbf("VAR\n3 1\n@0:POW 3\n"), "refers to exponents that the file does not give"),
    "cbf cut off": ("a.cbf", cbf("VAR\n1 1\nF 1\nOBJACOORD\n5\n0 1.0\n"), "5 entries of OBJACOORD were announced"),
    "cbf matrix index": (
        "a.cbf",
        cbf("PSDVAR\n2\n1\n2\nOBJFCOORD\n2\n1 1 0 1.0\n0 1 0 1.0\n"),
        "line 14: '0 1 0 1.0' of OBJFCOORD points outside",
    ),
    "sdpa short": ("a.dat-s", "2\n1\n", "needs the number of variables"),
    "sdpa count": ("a.dat-s", "two\n1\n2\n1 1\n", "line 1: the number of variables must be a positive integer"),
    "sdpa entry": ("a.dat-s", SDPA + "1 1 1\n", "line 15: expected `matrix block row column value`"),
    "sdpa index": ("a.dat-s", SDPA + "1 1 3 1 1.0\n", r"line 15: '1 1 3 1 1\.0' points outside"),
    "sdpa objective": ("a.dat-s", "2\n1\n2\n1.0\n", "2 objective coefficients were announced, 1 found"),
}


@pytest.mark.parametrize("what", BAD)
def test_bad_files_are_refused_in_one_sentence_that_names_file_and_line(tmp_path, what):
    name, text, message = BAD[what]
    path = tmp_path / name
    if text is None:
        path.write_bytes(b"\x1f\x8b\x08 this is no gzip file")
    else:
        path.write_text(text)
    with pytest.raises(FileError, match=message) as caught:
        read(path)
    assert str(caught.value).startswith(str(path)) and "\n" not in str(caught.value)


def test_missing_file_and_folder(tmp_path):
    with pytest.raises(FileError, match="no such file"):
        read(tmp_path / "nothing.mps")
    with pytest.raises(FileError, match="a folder"):
        read(tmp_path)


def test_reading_prints_nothing(tmp_path, capfd):
    read(write(tmp_path, "small.mps", MPS))
    assert capfd.readouterr() == ("", "")


# ---- real data ------------------------------------------------------------------------------------------------

REAL = [
    "netlib/adlittle.mps.gz",
    "lp_relax_miplib3/misc03.gz",
    "sdplib/mcp100.dat-s",
    "sdplib/control1.dat-s",
    "cblib/socp/nb.cbf.gz",
    "cblib/exp/rijc781.cbf.gz",
    "cblib/pow/HMCR-n20-m400.cbf.gz",
]


@pytest.fixture
def data() -> Path:
    folder = os.environ.get("ADMMOPT_DATA")
    if folder is None:
        pytest.skip("set ADMMOPT_DATA to the folder with netlib/, sdplib/ and cblib/ to read real files")
    return Path(folder)


@pytest.mark.parametrize("name", REAL)
def test_real_files_are_read(data, name):
    problem = read(data / name)
    assert np.isfinite(problem.split.smooth(np.zeros(problem.split.n)))
    for term, labels in zip(problem.split.terms, problem.rows, strict=True):
        assert term.function.size == term.operator.shape[0] == len(labels.names)
        assert term.operator.shape[1] == problem.split.n
    assert len(set(problem.columns.names)) == problem.split.n


def test_a_real_file_has_its_published_optimum(data):
    problem, found = solved(data / "netlib/afiro.mps.gz", eps=1e-7)
    assert problem.objective(found.value) == pytest.approx(-464.7531428, rel=1e-6)
