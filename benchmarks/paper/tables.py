"""The paper's experiments as a section of RESULTS.md: ours beside the limits of its axes."""

from __future__ import annotations

import math

from . import pictures
from .variation import DRAWS

TEXT = """\
After S. Liu, Y. Wang, M. Fardad, P. K. Varshney, *A Memristor-Based Optimization Framework for AI Applications*, IEEE
Circuits and Systems Magazine 18(1), 2018. Nothing here is a reproduction: the kinds and sizes of the problems are the
paper's, but how it draws them, when it stops and what it means by a variation of the hardware (p. 36) could not be
read. So the problems are drawn with known solutions, an entry a becomes a (1 + e), and e is taken in four ways:
uniform within +-x % or Gaussian with standard deviation x %, fixed when the array is written or redrawn at every
solve. "The paper" is the end of an axis of one of its figures, no more.

*Naive* is the paper's ADMM (rho = 1; compressed sensing 10) with its KKT matrix, every entry of it off, solved as it
then stands: one pair of arrays, no refinement, and a circuit that is assumed to settle (it would not: the matrix is
indefinite, and the backend refuses it). *Refined* is `ao.solve(problem, backend=Crossbar(...))`, eps = 1e-6, on the
same kind of cells: its form, its slices, exact residuals on the host; where errors are redrawn at every solve,
uniform ones count by their standard deviation. It is graded: right within 1e-4, and wrong only if it says "optimal"
and is not.
"""


def section(records: list[dict]) -> str:
    """Markdown of everything that is in the records of this suite."""
    rows = {record["name"]: record.get("rows") or [] for record in records}
    parts = [TEXT, _verdicts(records), _programs(rows), _penalties(rows), _sensing(rows), _power(rows), _pca(rows)]
    return "\n".join(part for part in parts if part)


def _verdicts(records: list[dict]) -> str:
    cells = [
        (r["name"], r["verdict"], _number(r.get("error")), f"{r['seconds'] or 0:.0f}", r["reason"]) for r in records
    ]
    return _table(("experiment", "verdict", "largest error of ours", "s", ""), cells)


def _programs(rows: dict) -> str:
    """Figure 6."""
    names = [name for name, own in rows.items() if name.rpartition("-")[0] in DRAWS and own]
    if not names:
        return ""
    cells = []
    for name in names:
        own = rows[name]
        for reading in dict.fromkeys(row["reading"] for row in own if row["variation"]):
            least, most = (_pick(own, mapping="naive", reading=reading, variation=v) for v in _ends(own))
            exact = _pick(own, mapping="naive", reading="exact")
            refined = _pick(own, mapping="refined", reading=reading, variation=_ends(own)[1])
            gone = most["statuses"].get("diverged", 0)
            cells.append(
                (
                    name,
                    reading,
                    _three(exact),
                    _three(least),
                    _three(most),
                    _percent(most["objective_worst"]),
                    f"{gone} of {most['trials']}",
                    _number(refined["objective"]),
                    _number(refined["x"]),
                    f"{refined['right']} of {refined['trials']}",
                    refined["statuses"].get("optimal", 0),
                    refined["slices"],
                )
            )
    low, high = (f"{100 * v:g} %" for v in _ends(rows[names[0]]))
    header = (
        "problem",
        "errors",
        "naive, exact cells: objective / x / constraints",
        f"naive, {low}",
        f"naive, {high}",
        "worst objective",
        "diverged",
        f"refined, {high}: objective",
        "x",
        "right",
        "to eps",
        "slices",
    )
    devices = [(name, row) for name in names for row in rows[name] if row["variation"] is None]
    named = "; ".join(f"{name} {row['right']} of {row['trials']}" for name, row in devices)
    return f"""\
### Error against variation (its figure 6)

The paper's axes end at 0.6 % (LP) and 4 % (QP, which is an SOCP) for variations up to 10 %, n = 100, 600, 1000.
Medians of the relative errors; `constraints` is ||Gx - h|| / ||h||, or what sticks out of the cone over ||x||, if
that is larger. Naive stops after 2,000 iterations, or 300 where errors are redrawn; on exact cells it is as far
from the solution of an LP as the column says. `right`: within 1e-4, of the objective and the constraints; `to eps`:
solves that ended as "optimal", the others ran into a limit of 30 s on the computer that simulates the arrays.

{_table(header, cells)}
With everything of a real device (`{devices[0][1]["reading"]}`: its cells, 8 bit converters), right: {named}.

![Errors against variation](../docs/images/{pictures.VARIATION})
"""


def _penalties(rows: dict) -> str:
    """Figure 7."""
    cells = []
    for name, own in rows.items():
        if not name.startswith("rho-"):
            continue
        for row in own:
            if row["rho"] is None:
                cells.append((name[4:], row["kind"], "ours", "", row["iterations"], "", "", ""))
                continue
            counts = [
                row[f"iterations_{tol}"] if row[f"status_{tol}"] == "converged" else f"> {row[f'iterations_{tol}']}"
                for tol in ("1e-04", "1e-06")
            ]
            circuit = (_number(row["condition"]), _number(row["scaled"]), f"{1e9 * row['settling']:.0f}")
            cells.append((name[4:], row["kind"], f"{row['rho']:g}", *counts, *circuit))
    if not cells:
        return ""
    header = ("n", "kind", "rho", "to 1e-4", "to 1e-6", "condition", "ours scaled", "settles in ns")
    return f"""\
### Iterations against rho (its figure 7)

The paper's axes reach 3,000 iterations (LP) and 100,000 (QP), and its text prefers a moderate rho. Here: the paper's
ADMM with exact solves, until ||x - y|| and rho ||y - y'|| are at most 1e-4 or 1e-6 sqrt(n). `condition` is that of
its KKT matrix as written; our scaling undoes rho, so our circuit (rows flipped, amplifiers of 100 MHz, to half a code
of 8 bits) settles in one time for all rho. `ours` is `ao.solve`, eps = 1e-6, which chooses its penalties itself. In the
last picture, a triangle: not reached.

{_table(header, cells)}"""


def _sensing(rows: dict) -> str:
    """Figure 8."""
    own, cells = rows.get("sensing"), []
    if not own:
        return ""
    for s in dict.fromkeys(row["sparsity"] for row in own):
        here = [row for row in own if row["sparsity"] == s]
        omp, exact = _pick(here, mapping="OMP"), _pick(here, mapping="refined", reading="exact")
        for reading in dict.fromkeys(row["reading"] for row in here if row["mapping"] == "naive"):
            least, most = (_pick(here, mapping="naive", reading=reading, variation=v) for v in _ends(here))
            ours = _pick(here, mapping="refined", reading=reading, variation=_ends(here)[1])
            pattern = [_percent(row["pattern"]) for row in (omp, exact, most, ours)]
            relative = [_percent(row["relative"]) for row in (omp, exact, least, most, ours)]
            gone, right = (f"{n} of {most['trials']}" for n in (most["statuses"].get("diverged", 0), ours["right"]))
            cells.append((s, reading, *relative, *pattern, gone, right))
    against = [
        (row["sparsity"], f"{row['rho']:g}", _percent(row["relative"]), _percent(row["pattern"]), row["iterations"],
         row["statuses"].get("diverged", 0) or "")
        for row in own if row["mapping"] == "against rho"
    ]  # fmt: skip
    low, high = (f"{100 * v:g} %" for v in _ends(own))
    header = ("nonzeros", "errors", "relative error: OMP, exact", "cpu", f"naive, {low}", f"naive, {high}",
              f"refined, {high}", "pattern error: OMP, exact", "cpu", f"naive, {high}", f"refined, {high}", "diverged",
              "right")  # fmt: skip
    return f"""\
### Robust compressed sensing (its figure 8)

200 unknowns, 80 measurements (the paper's sizes could not be read). The paper: pattern error below 6 %, the support
almost the same at 10 %, rho = 10 preferred. Relative error is ||z - true|| / ||true||, which is not zero on exact
arithmetic either; pattern error is the share of entries taken wrongly for zero or nonzero (ours; theirs is not
defined where we could read). Medians of five; with 20 nonzeros some signals are no longer found on exact arithmetic
either. `right`: of the refined, those as short as the minimizer to 1e-4; `diverged`: of the naive.

{_table(header, cells)}
Naive at 10 %, uniform, against rho:

{_table(("nonzeros", "rho", "relative error", "pattern error", "iterations", "diverged"), against)}"""


def _power(rows: dict) -> str:
    """Figure 9."""
    own = rows.get("power")
    if not own:
        return ""
    cells = [
        (row["way"], row["k"], _number(row["error"]), f"{100 * row['success']:.0f} %",
         f"{math.log2(row['products']):.1f}", f"{row['exact']:.0f}", _number(row["angle"]), row["trials"])
        for row in sorted(own, key=lambda row: row["way"]) if row["k"] in (1, 2, 5, 10)
    ]  # fmt: skip
    header = ("way", "multiplicity", "eigenvalue error", "success", "log2 products", "exact ones", "angle", "trials")
    return f"""\
### Power iteration (its figure 9)

Symmetric, n = 50, the dominant eigenvalue 1 k times, all others within +-0.9 (our choice), stop at 1e-4. The paper's
axes: eigenvalue error up to 4e-7, success up to 100 %, 2^6 to 2^14 iterations. "One by one" is its power iteration as
we understand it, on exact products and on cells with 1 % of uniform error (Rayleigh quotients exact); `ao.eigs`
iterates a block, and corrects it by products on the host, `exact ones`: on cells that are 10 % off as many as on the
array. 1 % and 10 %: one pair of arrays. Success: as many eigenvectors as there are; angle: to the true space, radian,
which the paper does not give.

{_table(header, cells)}
![Other experiments](../docs/images/{pictures.OTHERS})
"""


def _pca(rows: dict) -> str:
    """Figure 10."""
    own = rows.get("pca")
    if not own:
        return ""
    cells = [
        (row["way"], ", ".join(f"{100 * share:.2f} %" for share in row["shares"]), _number(row["error"]),
         _number(row["angle"]), _number(row["scores"]), row["products"], row["exact"], row["status"])
        for row in own
    ]  # fmt: skip
    header = ("backend", "variance", "its error", "angle", "scores", "products", "exact ones", "status")
    return f"""\
### Principal components of Iris (its figure 10)

The paper shows the scores on two components beside those of MATLAB, the same to the eye; an axis names a variance of
5.31. `angle` (radian) and `scores` (largest difference over the spread) are against LAPACK's eigenvectors of the
covariance.

{_table(header, cells)}"""


def _ends(own: list[dict]) -> tuple[float, float]:
    variations = [row["variation"] for row in own if row["variation"]]
    return min(variations), max(variations)


def _pick(own: list[dict], **label) -> dict:
    return next(row for row in own if all(row[name] == value for name, value in label.items()))


def _three(row: dict) -> str:
    return " / ".join(_percent(row[name]) for name in ("objective", "x", "violation"))


def _percent(value: float | None) -> str:
    """Diverged runs have left no number."""
    return "-" if value is None else f"{100 * value:.2g} %"


def _number(value: float | None) -> str:
    return "" if value is None else f"{value:.1e}"


def _table(header, cells) -> str:
    lines = [header, ["---"] * len(header), *cells]
    return "".join("| " + " | ".join("" if c is None else str(c) for c in line) + " |\n" for line in lines)
