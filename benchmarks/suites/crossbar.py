"""Problems of every kind on simulated memristor arrays, each against Clarabel and the digital iteration."""

from __future__ import annotations

import warnings

import cvxpy as cp

from ..problems.crossbar import FAMILY

SETTINGS: dict[str, dict] = {
    "rram-milo inv 6/8": {"device": "rram-milo", "mode": "inv", "dac_bits": 6, "adc_bits": 8},
    "rram-milo mvm 6/8": {"device": "rram-milo", "mode": "mvm", "dac_bits": 6, "adc_bits": 8},
    "rram-milo inv 4/4": {"device": "rram-milo", "mode": "inv", "dac_bits": 4, "adc_bits": 4},
    "rram-wan inv 6/8": {"device": "rram-wan", "mode": "inv", "dac_bits": 6, "adc_bits": 8},
    "pcm inv 6/8, 1 ohm": {"device": "pcm", "mode": "inv", "dac_bits": 6, "adc_bits": 8, "r_wire": 1.0},
}
NAMES = list(FAMILY)
RELATIVE = 1e-6  # of Clarabel's objective, what an answer is graded by


def run(name: str, options: dict) -> dict:
    """One problem under every setting; right where each comes within RELATIVE of Clarabel's objective."""
    import admmopt as ao

    problem = FAMILY[name](options.get("seed", 0))
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # Clarabel stops a little short of the accuracy asked for here
        exact = problem.solve(solver=cp.CLARABEL, tol_gap_rel=1e-10, tol_gap_abs=1e-10, tol_feas=1e-10)
    digital = ao.solve(problem, eps=options["eps"], time_limit=options["time_limit"])
    rows = [row(problem, setting, exact, options) for setting in SETTINGS]
    worst = max(entry["error"] for entry in rows)
    right = all(entry["status"] == "optimal" and entry["error"] <= RELATIVE for entry in rows)
    return {
        "status": "done",
        "verdict": "right" if right else "wrong",
        "reason": "" if right else f"off by {worst:.1e}",
        "error": worst,
        "iterations": digital.iterations,
        "seconds": sum(entry["seconds"] for entry in rows),
        "rows": rows,
    }


def row(problem: cp.Problem, setting: str, exact: float, options: dict) -> dict:
    """One setting: what came out, what it took."""
    import admmopt as ao
    from admmopt_crossbar import Crossbar

    backend = Crossbar(**SETTINGS[setting], seed=options.get("seed", 0))
    found = ao.solve(problem, backend, eps=options["eps"], time_limit=options["time_limit"], warm_start=False)
    report = found.backend_report
    return {
        "setting": setting,
        "status": str(found.status),
        "error": abs(problem.objective.value - exact) / abs(exact),
        "iterations": found.iterations,
        "steps": report["steps"],
        "form": report["form"],
        "order": report["order"],
        "arrays": report["arrays"],
        "slices": report["slices"],
        "predicted": report["certificate"]["contraction"],
        "measured": report["contraction"],
        "joules": [report["presets"][name]["energy"] for name in report["presets"]],
        "programming": report["programming"]["energy"],
        "break_even": report["break_even"],
        "seconds": found.seconds,
    }


def section(records: list[dict]) -> str:
    """Its part of RESULTS.md."""
    lines = [
        "DAC/ADC bits stand after the mode. Error: of the objective at the values in the CVXPY variables, relative to "
        "Clarabel's. Iterations: of the engine, against those on the CPU in brackets. Steps: analog solves of all "
        "iterations together. Contraction: predicted before writing, then measured. Energy: least and most over five "
        "price lists, without programming. Seconds: of the simulation, end to end.\n",
        "| problem | device, mode, bits | error | iterations | steps | form | arrays | contraction | energy | s |",
        "|---|---|---|---|---|---|---|---|---|---|",
    ]
    for record in sorted(records, key=lambda r: NAMES.index(r["name"]) if r["name"] in NAMES else len(NAMES)):
        for r in record.get("rows", []):
            cells = [
                record["name"], r["setting"], f"{r['error']:.0e}", f"{r['iterations']} ({record['iterations']})",
                r["steps"], f"{r['form'].split()[0]}, {r['order']}", r["arrays"],
                f"{r['predicted']:.2g}, {r['measured']:.2g}",
                f"{1e6 * min(r['joules']):.2g} to {1e6 * max(r['joules']):.2g} uJ", f"{r['seconds']:.1f}",
            ]  # fmt: skip
            lines.append("| " + " | ".join(str(cell) for cell in cells) + " |")
    return "\n".join([*lines, ""])
