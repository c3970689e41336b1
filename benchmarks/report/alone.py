"""Suites that bring their own comparison: compile times, and a regularization path."""

from __future__ import annotations

from .cells import number, row, table


def compile_times(own: list[dict]) -> str:
    r = own[-1]
    if "compile_ms" not in r:
        return f"{r['verdict']}: {r['reason']}\n"
    rows = [
        ("compile", f"{r['compile_ms']:.0f} ms"),
        ("compile, lambda a parameter", f"{r['compile_parametrized_ms']:.0f} ms"),
        ("CVXPY's own get_problem_data", f"{r['cvxpy_compile_ms']:.0f} ms"),
        ("three re-solves for a new lambda: compile", ", ".join(f"{ms:.1f} ms" for ms in r["resolve_compile_ms"])),
        ("their seconds, end to end", ", ".join(f"{seconds:.2f}" for seconds in r["resolve_seconds"])),
        ("their iterations", ", ".join(map(str, r["resolve_iterations"]))),
        ("factorizations so far, first solve and re-solves", ", ".join(map(str, r["factorizations"]))),
    ]
    return "\n".join(["Lasso, 1500 x 5000, dense.\n", *table(["what", "measured"], rows), ""])


def path(own: list[dict]) -> str:
    lines = [
        "From the largest penalty down to a hundredth of it, one problem object with a Parameter: `ao.solve_path`, and "
        "CVXPY with OSQP in a loop with `warm_start=True`, at the same eps. The gap is the relative duality gap of a "
        "point, computed from x alone; right is at most 1e-4 at every point. load: processes at the end, ours too; a "
        "busy machine asks for CPU seconds.\n",
        "| path | solver | points | iterations | total s | CPU s | CPU s a point | load | largest gap | median gap |",
        "|---|---|---|---|---|---|---|---|---|---|",
    ]
    for r in own:
        sides = {"solve_path": r.get("ours"), "CVXPY + OSQP": r.get("peer"), "solve_path, once more": r.get("again")}
        for solver, side in sides.items():
            if side:
                each = side["cpu_seconds"] / max(side["points"], 1)
                cells = [r["name"], solver, f"{side['points']} of {r['asked']}", side["iterations"]]
                cells += [number(side["seconds"], ".1f"), number(side["cpu_seconds"], ".1f"), number(each, ".3f")]
                cells.append(number(side.get("load"), ".1f"))
                lines.append(row([*cells, number(side["worst_gap"], ".0e"), number(side["median_gap"], ".0e")]))
    return "\n".join([*lines, ""])
