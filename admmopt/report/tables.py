"""Console text: the summary of a solution, a history, an explanation. Plain strings, for `print` and for logs."""

from __future__ import annotations

from collections.abc import Sequence

from ..engine.history import History
from ..engine.status import Status

PHASES = ("read", "compile", "presolve", "prepare", "iterate", "finish")


def summary(solution, eps: float | None = None) -> str:
    """A solution (of a problem, a split problem or a file) in a few lines: what happened, value, residuals, seconds.
    eps: the tolerance that was asked for, where the solution does not carry it itself."""
    rows = [("value", f"{solution.value:.10g}")]
    if solution.status not in (Status.INFEASIBLE, Status.UNBOUNDED):
        primal, dual, gap = solution.residuals.relative
        eps = getattr(solution, "eps", eps)
        asked = "" if eps is None else f", eps {eps:g}"
        rows.append(("residuals", f"primal {primal:.1e}, dual {dual:.1e}, gap {gap:.1e} (relative{asked})"))
    elif solution.certificate is not None:
        rows.append(("certificate", f"{solution.certificate.size} entries, in solution.certificate"))
    rows.append(("iterations", str(solution.iterations)))
    rows.append(("seconds", seconds(solution.timings)))
    report = solution.backend_report
    if report.get("form"):
        rows.append(("system", " ".join(str(part) for part in (report["form"], reason(report)) if part)))
    sentence = solution.status.sentence
    if solution.message and solution.message != sentence:
        sentence = f"{sentence} ({solution.message})"
    return "\n".join([sentence, *("  " + line for line in grid(rows))])


def seconds(timings: dict[str, float]) -> str:
    """The total, and the phases that took any time: ``0.123 (compile 0.010, iterate 0.113)``."""
    known = [name for name in PHASES if name in timings] + [name for name in timings if name not in PHASES]
    parts = ", ".join(f"{name} {timings[name]:.3f}" for name in known)
    return f"{sum(timings.values()):.3f}" + (f" ({parts})" if parts else "")


def reason(report: dict) -> str:
    """Why the backend chose the form of the linear system, in brackets; empty where it does not say."""
    return f"({report['reason']})" if report.get("reason") else ""


def history(record: History, rows: int = 20) -> str:
    """The checks of a solve as a table: all of them, or `rows` of them evenly spread, first and last included."""
    total = len(record)
    if total == 0:
        return "no checks were made"
    chosen = range(total) if total <= rows else sorted({round(i * (total - 1) / (rows - 1)) for i in range(rows)})
    header = ("iteration", "objective", "primal", "dual", "gap", "penalty", "seconds", "event")
    body = []
    for i in chosen:
        c = record[i]
        residuals = (f"{c.primal:.2e}", f"{c.dual:.2e}", f"{c.gap:.2e}")
        body.append(
            (str(c.iteration), f"{c.objective:.8g}", *residuals, f"{c.penalty:.2e}", f"{c.seconds:.3f}", c.event)
        )
    return "\n".join(grid([header, *body], right=range(7)))


def explanation(found) -> str:
    """An `Explanation` (unknowns, rows, terms, quadratic, backend, system) of how a problem is split and solved."""
    lines = [f"{count(found.unknowns, 'unknown')}, {count(len(found.terms), 'term')} with {count(found.rows, 'row')}"]
    if found.quadratic:
        lines += ["quadratic part, in the linear system as it is:", *(f"  {part}" for part in found.quadratic)]
    if found.terms:
        lines.append("terms f(A x + b):")
        header = ("", "label", "function f", "operator A")
        body = [(str(i + 1), *term) for i, term in enumerate(found.terms)]
        lines += ["  " + line for line in grid([header, *body])]
    form = " ".join(part for part in (str(found.system.get("form", "")), reason(found.system)) if part)
    lines.append(f"linear system on backend {found.backend!r}: {form or 'chosen by the backend'}")
    return "\n".join(lines)


def count(number: int, noun: str) -> str:
    """``1 row``, ``2 rows``."""
    return f"{number} {noun}" + ("" if number == 1 else "s")


def grid(rows: Sequence[Sequence[str]], right: Sequence[int] = (), gap: str = "  ") -> list[str]:
    """Lines of text with columns aligned; `right`: the columns that are set flush right."""
    widths = [max(len(row[j]) for row in rows) for j in range(len(rows[0]))]
    lines = []
    for row in rows:
        cells = [
            cell.rjust(w) if j in right else cell.ljust(w) for j, (cell, w) in enumerate(zip(row, widths, strict=True))
        ]
        lines.append(gap.join(cells).rstrip())
    return lines
