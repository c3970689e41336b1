"""RESULTS.md: tables made of the records and of nothing else."""

from __future__ import annotations

from pathlib import Path

from . import references
from .grade import TIME_LIMIT, shifted_geometric_mean
from .paper import pictures, tables
from .peers import profiles
from .peers import tables as peer_tables
from .peers.command import PATH as PEERS_PATH
from .records import read
from .suites import crossbar

PATH = Path(__file__).resolve().parent / "RESULTS.md"

TITLES = {
    "nineteen": "The nineteen problems of Epsilon's benchmark, at full size",
    "more": "More problems, full size",
    "qp": "Maros-Meszaros, the open problems",
    "lp": "Netlib",
    "infeasible": "Netlib's infeasible programs",
    "cblib": "CBLIB: second-order, exponential and power cones",
    "sdplib": "SDPLIB",
    "compile": "Compile time and re-solve",
    "path": "A regularization path of a hundred lassos",
    "crossbar": "Memristor crossbar: problems of every kind",
    "paper": "Memristor crossbar: the paper's experiments",
}
PEERS = {
    "qp": "At 1e-4, one thread, another run: OSQP 1.1.3 right on 70 of 78, SCS 3.3.1 on 71, Clarabel 0.11 on 75.",
    "lp": "At 1e-4, one thread, another run: OSQP 1.1.3 right on 38 of 55, SCS 3.3.1 on 49, HiGHS 1.16 on all.",
}


def markdown(records: list[dict]) -> str:
    """The whole page."""
    parts = [
        "# Results\n",
        "Made by `python -m benchmarks report` from the records beside this file; graded from the raw data, never by a "
        "solver's own word. One thread. Seconds are end to end, from the CVXPY problem (or file) to values, compile "
        "time included; on a busy machine single times vary by some 40 %.\n",
        _machine(records),
    ]
    for suite, title in TITLES.items():
        for eps in sorted({record["eps"] for record in records if record["suite"] == suite}, reverse=True):
            own = [record for record in records if record["suite"] == suite and record["eps"] == eps]
            parts.append(f"## {title}, eps = {eps:g}\n")
            parts.append(PAGES[suite](own) if suite in PAGES else _suite(suite, own))
    return "\n".join(parts)


def write(records: list[dict], path: Path = PATH) -> None:
    """The page, and the pictures in it."""
    others = read(PEERS_PATH)
    path.write_text(markdown(records) + peer_tables.section(others))
    profiles.write(others)
    pictures.write([record for record in records if record["suite"] == "paper"])


def _machine(records: list[dict]) -> str:
    """Where the records were made, and at which commits (a plus: with changes that were not committed)."""
    machines: dict[str, set[str]] = {}
    for r in records:
        place = f"{r['cpu']}, Python {r['python']}, {_versions(r)}"
        machines.setdefault(place, set()).add(r.get("revision") or "unknown")
    return "".join(f"- {place}; commit {', '.join(sorted(own))}\n" for place, own in sorted(machines.items()))


def _versions(record: dict) -> str:
    return ", ".join(f"{name} {number}" for name, number in record["versions"].items())


def _suite(suite: str, own: list[dict]) -> str:
    return "\n".join(
        [
            _summary(own),
            PEERS.get(suite, ""),
            "",
            *(_objectives(own) if suite in ("nineteen", "more") else _residuals(own)),
            "",
        ]
    )


def _summary(own: list[dict]) -> str:
    count = {verdict: sum(r["verdict"] == verdict for r in own) for verdict in ("right", "wrong", "failed", "ungraded")}
    seconds = [min(r.get("seconds") or TIME_LIMIT, TIME_LIMIT) if r["verdict"] == "right" else TIME_LIMIT for r in own]
    mean = shifted_geometric_mean(seconds)
    text = f"**{count['right']} of {len(own)} right**, {count['wrong']} wrong, {count['failed']} failed; "
    if count["ungraded"]:
        text += f"{count['ungraded']} without a reference; "
    text += f"shifted geometric mean {mean:.2f} s (shift 1 s, a failure counts {TIME_LIMIT:.0f} s)."
    wrong = [f"{r['name']} ({r['reason']})" for r in own if r["verdict"] == "wrong"]
    return text + (f"\n\nWrong: {'; '.join(wrong)}." if wrong else "")


def _objectives(own: list[dict]) -> list[str]:
    proofs = references.load()
    table = [
        "| problem | verdict | status | objective | error | violation | iterations | compile s | total s | proved to |",
        "|---|---|---|---|---|---|---|---|---|---|",
    ]
    for r in sorted(own, key=lambda r: r["name"]):
        proof = proofs.get(r["name"], {}).get("relative_gap")
        compile_seconds = (r.get("timings") or {}).get("compile")
        cells = [
            r["name"],
            _verdict(r),
            r.get("status"),
            _number(r.get("value"), ".8g"),
            _number(r.get("error"), ".1e"),
        ]
        cells += [_number(r.get("relative_violation"), ".1e"), r.get("iterations"), _number(compile_seconds, ".3f")]
        cells += [_number(r.get("seconds"), ".2f"), _number(proof, ".0e")]
        table.append(_row(cells))
    return table


def _residuals(own: list[dict]) -> list[str]:
    table = [
        "| instance | rows | columns | verdict | status | primal | dual | gap | iterations | total s |",
        "|---|---|---|---|---|---|---|---|---|---|",
    ]
    for r in sorted(own, key=lambda r: r["name"]):
        relative = (r.get("grade") or {}).get("relative") or [None] * 3
        cells = [r["name"], r.get("rows"), r.get("columns"), _verdict(r), r.get("status")]
        cells += [_number(value, ".0e") for value in relative]
        table.append(_row([*cells, r.get("iterations"), _number(r.get("seconds"), ".2f")]))
    return table


def _compile(own: list[dict]) -> str:
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
    return "\n".join(["Lasso, 1500 x 5000, dense.\n", "| what | measured |", "|---|---|", *map(_row, rows), ""])


def _path(own: list[dict]) -> str:
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
                cells += [_number(side["seconds"], ".1f"), _number(side["cpu_seconds"], ".1f"), _number(each, ".3f")]
                cells.append(_number(side.get("load"), ".1f"))
                lines.append(_row([*cells, _number(side["worst_gap"], ".0e"), _number(side["median_gap"], ".0e")]))
    return "\n".join([*lines, ""])


PAGES = {"compile": _compile, "crossbar": crossbar.section, "paper": tables.section, "path": _path}


def _verdict(record: dict) -> str:
    return record["verdict"] if record["verdict"] != "wrong" else "**wrong**"


def _number(value, spec: str) -> str:
    return "" if value is None else format(value, spec)


def _row(cells) -> str:
    return "| " + " | ".join("" if cell is None else str(cell) for cell in cells) + " |"
