"""Programs in rows form, minimize 1/2 x'P x + q'x with l <= A x <= u, read from files, and as CVXPY problems."""

from __future__ import annotations

import tempfile
from dataclasses import dataclass
from pathlib import Path

import cvxpy as cp
import numpy as np
import scipy.sparse as sp

from ..grade import bounds
from ..problems import MissingData


@dataclass
class Rows:
    """P: (n, n) full symmetric or None, q: (n,), constant, A: (m, n), l, u: (m,); infinite bounds are infinite."""

    P: sp.csc_array | None
    q: np.ndarray
    A: sp.csc_array
    l: np.ndarray
    u: np.ndarray
    constant: float = 0.0

    @property
    def raw(self):
        """What the grader takes before x and y."""
        return self.P, self.q, self.A, self.l, self.u


def files(folder: str | Path | None, name: str, endings: tuple[str, ...]) -> list[Path]:
    """The instance files of the data set `name`, smallest first; MissingData names the folder that is wanted."""
    if folder is None:
        raise MissingData(f"this benchmark reads {name}/*{endings[0]}: name the folder that holds it with --data DIR.")
    found = [path for path in (Path(folder) / name).glob("*") if path.name.lower().endswith(endings)]
    if not found:
        raise MissingData(f"there is no {name}/*{endings[0]} in {folder}: name another folder with --data DIR.")
    return sorted(found, key=lambda path: (path.stat().st_size, path.name))


def read(path: Path) -> Rows:
    """A program by the ending of its file's name: .mat, .npz, and whatever HiGHS takes for MPS."""
    return {".mat": from_mat, ".npz": from_npz}.get(path.suffix, from_mps)(path)


def from_mat(path: Path) -> Rows:
    """A file in OSQP's layout: P, q, A, l, u (and r, a constant); +-1e20 means infinite."""
    from scipy.io import loadmat

    raw = loadmat(path)
    l, u = bounds(raw["l"], raw["u"])
    P = sp.csc_array(raw["P"])
    if (sp.tril(P, -1).nnz == 0) != (sp.triu(P, 1).nnz == 0):  # only one triangle is stored
        P = P + P.T - sp.diags_array(P.diagonal())
    P.eliminate_zeros()
    constant = float(np.ravel(raw["r"])[0]) if "r" in raw else 0.0
    return Rows(sp.csc_array(P), np.ravel(raw["q"]).astype(float), sp.csc_array(raw["A"]), l, u, constant)


def from_npz(path: Path) -> Rows:
    """A file of qpbenchmark: P, q, G x <= h, A x = b, lb <= x <= ub, each of which may be missing (None)."""
    with np.load(path, allow_pickle=True) as file:
        raw = {key: None if file[key].dtype == object else np.asarray(file[key], float) for key in file.files}
    n = raw["q"].size
    none, all_ = np.full(n, -np.inf), np.full(n, np.inf)
    parts = []
    if raw["A"] is not None:
        parts.append((raw["A"], raw["b"], raw["b"]))
    if raw["G"] is not None:
        parts.append((raw["G"], np.full(raw["h"].size, -np.inf), raw["h"]))
    if raw["lb"] is not None or raw["ub"] is not None:
        lower, upper = (none if raw["lb"] is None else raw["lb"]), (all_ if raw["ub"] is None else raw["ub"])
        parts.append((np.eye(n), lower, upper))
    A = sp.csc_array(np.vstack([np.zeros((0, n)), *(np.reshape(A, (-1, n)) for A, _, _ in parts)]))
    l, u = (np.concatenate([np.zeros(0), *(np.ravel(part[k]) for part in parts)]) for k in (1, 2))
    return Rows(sp.csc_array((raw["P"] + raw["P"].T) / 2), raw["q"].ravel(), A, *bounds(l, u))


def from_mps(path: Path) -> Rows:
    """Any file in MPS that HiGHS reads, relaxed where it has integers; the bounds of the variables are the last n rows.

    HiGHS goes by the ending of the name, so it gets a link with the right one.
    """
    import highspy

    model = highspy.Highs()
    model.setOptionValue("output_flag", False)
    with tempfile.TemporaryDirectory() as folder:
        link = Path(folder) / ("model.mps.gz" if path.suffix == ".gz" else "model.mps")
        link.symlink_to(path.resolve())
        if model.readModel(str(link)) == highspy.HighsStatus.kError:
            raise ValueError(f"HiGHS cannot read {path.name}.")
    lp = model.getLp()
    n, m = lp.num_col_, lp.num_row_
    matrix = lp.a_matrix_
    parts = (np.array(matrix.value_), np.array(matrix.index_), np.array(matrix.start_))
    columnwise = matrix.format_ == highspy.MatrixFormat.kColwise
    A = sp.csc_array(parts, shape=(m, n)) if columnwise else sp.csr_array(parts, shape=(m, n))
    l = np.concatenate([lp.row_lower_, lp.col_lower_])
    u = np.concatenate([lp.row_upper_, lp.col_upper_])
    l, u = bounds(l, u)
    q = np.array(lp.col_cost_)
    if lp.sense_ == highspy.ObjSense.kMaximize:
        q = -q
    return Rows(None, q, sp.csc_array(sp.vstack([A, sp.eye_array(n)])), l, u, float(lp.offset_))


@dataclass
class Model:
    """Rows as an ordinary CVXPY problem; `multipliers` collects the duals of its constraints into y of the rows."""

    problem: cp.Problem
    x: cp.Variable
    parts: list[tuple[cp.Constraint, np.ndarray, float]]
    m: int

    def answer(self) -> tuple[np.ndarray | None, np.ndarray | None]:
        """(x, y), or None where the solver left nothing."""
        y = np.zeros(self.m)
        for constraint, rows, sign in self.parts:
            if constraint.dual_value is None:
                return self.x.value, None
            y[rows] += sign * np.ravel(constraint.dual_value)
        return self.x.value, y


def to_cvxpy(rows: Rows) -> Model:
    """Equalities, upper and lower rows apart, as a user would write them; rows that hold one entry of x as bounds."""
    n = rows.q.size
    x = cp.Variable(n, name="x")
    objective = rows.q @ x + rows.constant
    if rows.P is not None and rows.P.nnz:
        objective = 0.5 * cp.quad_form(x, rows.P, assume_PSD=True) + objective
    equal = (rows.l == rows.u) & np.isfinite(rows.l)
    A = sp.csr_array(rows.A)
    parts, constraints = [], []
    bound = _is_bound(A)

    def add(mask, build, sign):
        chosen = np.flatnonzero(mask)
        if chosen.size:
            constraint = build(chosen)
            constraints.append(constraint)
            parts.append((constraint, chosen, sign))

    def left(chosen):
        return A[chosen] @ x

    def entries(chosen):
        columns = A[chosen].indices
        return x if np.array_equal(columns, np.arange(n)) else x[columns]

    upper, lower = np.isfinite(rows.u) & ~equal, np.isfinite(rows.l) & ~equal
    add(equal, lambda k: left(k) == rows.u[k], 1.0)
    add(upper & ~bound, lambda k: left(k) <= rows.u[k], 1.0)
    add(lower & ~bound, lambda k: left(k) >= rows.l[k], -1.0)
    add(upper & bound, lambda k: entries(k) <= rows.u[k], 1.0)
    add(lower & bound, lambda k: entries(k) >= rows.l[k], -1.0)
    return Model(cp.Problem(cp.Minimize(objective), constraints), x, parts, rows.l.size)


def _is_bound(A: sp.csr_array) -> np.ndarray:
    """Rows with a single entry, which is one."""
    single = np.diff(A.indptr) == 1
    first = np.minimum(A.indptr[:-1], max(A.nnz - 1, 0))
    return single & (A.data[first] == 1.0) if A.nnz else single
