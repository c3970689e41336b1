"""MPS, QPS and LP files, read by HiGHS."""

from __future__ import annotations

import tempfile
from pathlib import Path

import numpy as np
import scipy.sparse as sp

from ...engine.problem import SplitProblem, Term
from ...functions import EmptyDomain, box
from ...operators import Identity, Operator, Sparse
from .problem_file import FileError, Labels, ProblemFile, relaxed_note, stem, text_lines


def read_mps(path: Path) -> ProblemFile:
    """An MPS or QPS file (fixed or free; RANGES, OBJSENSE, QUADOBJ, QMATRIX, integers relaxed)."""
    return _read(path, ".mps")


def read_lp(path: Path) -> ProblemFile:
    """A file in CPLEX's LP format."""
    return _read(path, ".lp")


def _read(path: Path, suffix: str) -> ProblemFile:
    model = _highs_model(path, suffix)
    lp = model.lp_
    sign = -1.0 if int(lp.sense_) < 0 else 1.0
    n, m = lp.num_col_, lp.num_row_
    lower, upper, discrete = _column_bounds(lp)
    A = _matrix(lp.a_matrix_, m, n)
    P = _hessian(model.hessian_, n) * sign
    rows = (np.array(lp.row_lower_), np.array(lp.row_upper_))
    columns = Labels(list(lp.col_names_) or [f"x{j}" for j in range(n)])
    row_names = list(lp.row_names_) or [f"r{i}" for i in range(m)]
    quadratic: Operator | None = None
    if P.nnz:
        if not is_positive_semidefinite(P):
            raise FileError(path, f"the objective to {'minimize' if sign > 0 else 'maximize'} is not convex")
        quadratic = Sparse(P)
    split = SplitProblem(n, sign * np.array(lp.col_cost_, dtype=float), quadratic, constant=sign * lp.offset_)
    labels = []
    if m:
        split.terms.append(Term(_box(path, *rows, row_names, "row"), Sparse(A), np.zeros(m), "rows"))
        labels.append(Labels(row_names))
    if np.any(np.isfinite(lower) | np.isfinite(upper)):
        split.terms.append(Term(_box(path, lower, upper, columns.names, "column"), Identity(n), np.zeros(n), "bounds"))
        labels.append(columns)
    kind = "QP" if quadratic is not None else "LP"
    return ProblemFile(path, stem(path), kind, split, columns, labels, sign, discrete, relaxed_note(discrete))


def _highs_model(path: Path, suffix: str):
    """HiGHS' model of a file. HiGHS goes by the ending, so it gets a copy with the right one."""
    import highspy

    class Quiet(highspy.Highs):
        """Without callbacks: to enable them prints a banner, whatever the options say."""

        def enableCallbacks(self):
            pass

    lines = text_lines(path)
    highs = Quiet()
    with tempfile.TemporaryDirectory() as folder:
        log, copy = Path(folder) / "log.txt", Path(folder) / f"problem{suffix}"
        highs.setOptionValue("log_to_console", False)
        highs.setOptionValue("log_file", str(log))
        copy.write_text("\n".join([*lines, ""]))
        status = highs.readModel(str(copy))
        said = log.read_text().replace(str(copy), "the file").splitlines() if log.exists() else []
    errors = [line.partition(":")[2].strip(" .") for line in said if line.startswith("ERROR")]
    dropped = [line.partition(":")[2].strip(" .") for line in said if "is not defined: ignored" in line]
    model = highs.getModel()
    if status == highspy.HighsStatus.kError or dropped or model.lp_.num_col_ == 0:
        reason = (errors or dropped or ["it holds no columns"])[0]
        raise FileError(path, f"not a readable {suffix[1:].upper()} file (HiGHS: {reason})", _line_of(reason, lines))
    return model


def _line_of(reason: str, lines: list[str]) -> int | None:
    """The first line that holds what HiGHS quotes."""
    _, quote, rest = reason.partition('"')
    words = rest.partition('"')[0].split()
    found = (number for number, line in enumerate(lines, start=1) if set(words) <= set(line.split()))
    return next(found, None) if quote and words else None


def _column_bounds(lp):
    """Bounds, and how many columns were discrete. A semicontinuous column, 0 or in [l, u], becomes its convex hull."""
    import highspy

    lower, upper = np.array(lp.col_lower_, dtype=float), np.array(lp.col_upper_, dtype=float)
    kinds = highspy.HighsVarType
    types = list(lp.integrality_)
    jumping = np.array([t in (kinds.kSemiContinuous, kinds.kSemiInteger) for t in types], dtype=bool)
    if jumping.any():
        lower[jumping], upper[jumping] = np.minimum(lower[jumping], 0.0), np.maximum(upper[jumping], 0.0)
    return lower, upper, sum(t != kinds.kContinuous for t in types)


def _matrix(matrix, m: int, n: int) -> sp.csr_array:
    import highspy

    start, index, value = np.array(matrix.start_), np.array(matrix.index_, dtype=np.int32), np.array(matrix.value_)
    if matrix.format_ == highspy.MatrixFormat.kColwise:
        return sp.csr_array(sp.csc_array((value, index, start), shape=(m, n)))
    return sp.csr_array((value, index, start), shape=(m, n))


def _hessian(hessian, n: int) -> sp.csr_array:
    """The full symmetric matrix of 1/2 x'Px (HiGHS stores the lower triangle by columns)."""
    if hessian.dim_ == 0:
        return sp.csr_array((n, n))
    start, index, value = np.array(hessian.start_), np.array(hessian.index_, dtype=np.int32), np.array(hessian.value_)
    lower = sp.csc_array((value, index, start), shape=(n, n))
    return sp.csr_array(lower + sp.tril(lower, -1).T)


def _box(path: Path, lower: np.ndarray, upper: np.ndarray, names: list[str], what: str):
    try:
        return box(lower, upper)
    except EmptyDomain as error:
        ends = f"{lower[error.element]:g} and {upper[error.element]:g}"
        raise FileError(path, f"{what} {names[error.element]} has bounds that exclude each other, {ends}") from error


def is_positive_semidefinite(P: sp.csr_array) -> bool:
    """Sylvester's law on a factorization without pivoting, of P plus a rounding-sized multiple of the identity."""
    diagonal = P.diagonal()
    size = float(abs(P).max())
    if np.any(diagonal < -1e-12 * size):
        return False
    shifted = sp.csc_array(P + sp.diags_array(np.full(P.shape[0], 1e-9 * size)))
    try:
        factors = sp.linalg.splu(
            shifted, permc_spec="MMD_AT_PLUS_A", diag_pivot_thresh=0.0, options={"SymmetricMode": True}
        )
    except RuntimeError:
        return False  # an exactly singular pivot: cannot happen to a positive definite matrix
    return bool(np.all(factors.U.diagonal() > 0))
