"""What a solve on the crossbar cost and how well it went: plain data that prints and plots itself."""

from __future__ import annotations

import copy
from collections.abc import Sequence
from typing import Any

import numpy as np

from .break_even import break_even_sentence, digital_reference
from .energy import PRESETS, energy_model
from .energy_model import PARTS, EnergyModel
from .ledger import Ledger
from .units import si

BUILDABLE = 10e-3  # siemens: some hundred ohm, which an amplifier can still drive (an assumption)
WRITING, CERTIFYING = "programming", "certificate"
SWITCHED_OFF = "circuits switched off"  # how the reason starts where no arrays are left
MEASURED = 4  # analog solves by which contraction is measured after every writing


class HardwareReport(dict):
    """A dict of plain data (JSON), with `print` and `plot()`. Joules and seconds are those since the arrays were first
    written; `energy` and `latency` are those of solving, writing is in `programming`, measuring the contraction in
    `certifying`.

    Keys: form, reason, factorizations (how often arrays were written), solves, steps (analog solves of the refinement),
    configuration (of the backend: `Crossbar.from_dict` makes it again), certificate, contraction (measured when first
    written), contraction_now, arrays, slices, order, diagonal (least and largest dedicated conductance, S), stability
    (least real part of an eigenvalue of the circuits, has to be positive), settling (s), counts (by phase), energy (J),
    latency (s), energy_by_part, programming, certifying, presets (the same under every price list), digital (a cached
    factorization), energy_per_solve, break_even, and what the engine reads (`backend_api`).
    """

    maps: Sequence[tuple[str, np.ndarray]] = ()  # conductances of the first arrays, for the plot; not in the JSON

    def __str__(self) -> str:
        return text(self)

    def plot(self, path=None):
        """Conductances, error budget and energy by part as a matplotlib Figure; saved when a path is given."""
        from .pictures import overview

        return overview(self, path)


def hardware_report(solver) -> HardwareReport:
    """The report of a `CrossbarSolver` as it stands."""
    design, form = solver.design, solver.form
    banks = solver.banks()
    circuits = [part for part in solver.inverse.parts() if hasattr(part, "rate")]
    report = HardwareReport(
        form=f"{form.name} on arrays, {'feedback circuits' if design.mode == 'inv' else 'products'}",
        reason=solver.switched_off or solver.reason,
        factorizations=solver.programmings,
        solves=solver.solves,
        steps=solver.steps,
        direct=False,
        spread=solver.spread,
        configuration=solver.asked.to_dict(),
        certificate=solver.certificate.to_dict(),
        contraction=solver.measured,
        contraction_now=solver.contraction,
        arrays=sum(bank.arrays for bank in banks),
        slices=design.slices,
        order=form.size,
        diagonal=[float(min(c.unit * c.d.min() for c in circuits)), float(max(c.unit * c.d.max() for c in circuits))]
        if circuits
        else None,
        stability=min((c.rate for c in circuits), default=None),
        settling=max((c.seconds for c in circuits), default=None),
        counts=solver.ledger.to_dict(),
    )
    report.update(bill(solver.ledger, design))
    report.update(against_digital(report, form, design, 1 + solver.updates))
    report["update_cost"] = update_cost(report, solver)
    shown = [bank for bank in banks if bank.slices][:1]
    report.maps = [
        (f"array {'+-'[k] if len(bank.slices[0].sides) > 1 else ''}", side[0])
        for bank in shown
        for k, side in enumerate(bank.slices[0].sides)
    ]
    return report


def update_cost(report: dict, solver) -> float:
    """Of new penalties, in solves, by time: of writing where entries change, else of measuring the contraction."""
    form, design = solver.form, solver.design
    writes = (form.name in ("reduced", "dual") and bool(np.any(form.parts.index >= 0))) or form.name == "dual"
    writes |= design.diagonal == "array" or (design.mode == "inv" and form.size > design.tile)
    step = report["certifying"]["latency"] / MEASURED
    solve = step + (form.overhead + form.macs) / energy_model(design.energy).digital_hz
    return float((report["programming"]["latency"] if writes else MEASURED * step) / solve)


def bill(ledger: Ledger, design) -> dict[str, Any]:
    """energy, latency, energy_by_part, programming and presets of a ledger."""
    presets = {name: priced(ledger, model, design) for name, model in PRESETS.items()}
    chosen = priced(ledger, energy_model(design.energy), design)
    return {**chosen, "energy_model": design.energy, "presets": presets}


def priced(ledger: Ledger, model: EnergyModel, design) -> dict[str, Any]:
    """What a ledger costs under one price list. Ideal converters cost nothing; one with fewer or more bits than the
    list knows is priced at the nearest number of bits that it does."""
    ledger = copy.deepcopy(ledger)
    for tally in ledger.phases.values():
        tally.dac *= design.dac_bits is not None
        tally.adc *= design.adc_bits is not None
    bits = [_nearest(model, kind, n) for kind, n in (("dac", design.dac_bits), ("adc", design.adc_bits))]
    cost = model.price(ledger, *bits)
    joules, seconds = cost.joules_by_phase(), cost.seconds_by_phase()
    used = [phase for phase in joules if phase not in (WRITING, CERTIFYING)]
    return {
        "energy": sum(joules[phase] for phase in used),
        "latency": sum(seconds[phase] for phase in used),
        "energy_by_part": {
            part: sum(cost.joules[phase][part] for phase in used) for part in PARTS if part != "writing"
        },
        "programming": {"energy": joules.get(WRITING, 0.0), "latency": seconds.get(WRITING, 0.0)},
        "certifying": {"energy": joules.get(CERTIFYING, 0.0), "latency": seconds.get(CERTIFYING, 0.0)},
    }


def _nearest(model: EnergyModel, kind: str, bits: int | None) -> int:
    laws = (getattr(model, f"{kind}_joules"), getattr(model, f"{kind}_seconds"))
    low, high = max(law.reach[0] for law in laws), min(law.reach[1] for law in laws)
    return int(np.clip(8 if bits is None else bits, low, high))


def against_digital(report: dict, form, design, penalties: int) -> dict[str, Any]:
    """The same solves with a cached factorization, dense or sparse, whichever has the cheaper solves, computed once for
    each set of penalties, under every price list; and the number of solves from which on the arrays take less energy
    under the chosen one."""
    references = [digital_reference(form.size if form.symmetric else form.parts.n)]
    if form.factor_entries is not None:
        references.append(digital_reference(form.size, form.factor_entries))
    factor, each = min(references, key=lambda pair: pair[1].macs)
    factor.macs, factor.flops = penalties * factor.macs, penalties * factor.flops
    each.macs += form.overhead
    for name, row in report["presets"].items():
        model = energy_model(name)
        row["digital"] = {"factorization": model.digital_joules(factor), "solve": model.digital_joules(each)}
    digital = report["presets"][design.energy]["digital"]
    solves = max(report["solves"], 1)
    analog = report["energy"] / solves
    return {
        "digital": digital,
        "energy_per_solve": analog,
        "break_even": break_even_sentence(report["programming"]["energy"], analog, *digital.values()),
    }


def text(report: HardwareReport) -> str:
    certificate, programming = report["certificate"], report["programming"]
    configuration = report["configuration"]
    device = configuration["device"]["name"]
    predicted = certificate["contraction"]
    tile, slices = f"{configuration['tile']} x {configuration['tile']}", report["slices"]
    off = report["reason"].startswith(SWITCHED_OFF)
    arrays = f"{report['arrays']} arrays of {tile} ({slices} slice{'s' if slices > 1 else ''})"
    lines = [
        f"crossbar: {device}, {report['form']}, order {report['order']}, "
        + (arrays if report["arrays"] else f"no arrays: {'see below' if off else 'the system is diagonal'}"),
        *([f"  arrays         {report['reason']}"] if off else []),
        f"  contraction    {_number(predicted)} predicted, {report['contraction']:.2g} measured when first written, "
        f"{report['contraction_now']:.2g} now; "
        f"condition about {_number(certificate['condition'])}",
        f"  error budget   cells {certificate['cells']:.2g}, converters {certificate['converters']:.2g}, "
        f"wires {certificate['wires']:.2g}, amplifiers {certificate['amplifiers']:.2g}",
        f"  work           {report['solves']} solves, {report['steps']} analog steps; arrays written "
        f"{'once' if report['factorizations'] == 1 else str(report['factorizations']) + ' times'}",
    ]
    if report["settling"]:
        low, high = (si(siemens, "S") for siemens in report["diagonal"])
        stability = f"stability {report['stability']:.2g}"
        lines.append(f"  circuits       settle in {si(report['settling'], 's')}, {stability}, diagonal {low} to {high}")
        if report["diagonal"][1] > BUILDABLE:
            lines.append(f"                 (beyond {si(BUILDABLE, 'S')} a dedicated conductance is hard to build)")
    lines.append(f"  programming    {si(programming['energy'], 'J')}, {si(programming['latency'], 's')}")
    lines += _price_table(report)
    digital = report["digital"]
    lines.append(
        f"  digital        {si(digital['factorization'], 'J')} to factorize, {si(digital['solve'], 'J')} a solve; "
        f"arrays {si(report['energy_per_solve'], 'J')} a solve"
    )
    lines.append(f"  break-even     {report['break_even']}")
    return "\n".join(lines)


def _price_table(report: HardwareReport) -> list[str]:
    """One line for each price list; the one that `energy=` names has a star."""
    parts = [part for part in PARTS if any(row["energy_by_part"].get(part) for row in report["presets"].values())]
    rows = [("price list", "energy", "latency", *parts)]
    for name, row in report["presets"].items():
        amounts = (si(row["energy_by_part"][part], "J") for part in parts)
        mark = "*" if name == report["energy_model"] else " "
        rows.append((mark + name, si(row["energy"], "J"), si(row["latency"], "s"), *amounts))
    return ["  " + f"{first:15s}" + "".join(f"{cell:>11s}" for cell in cells) for first, *cells in rows]


def _number(value) -> str:
    return "more than a double holds" if value is None else f"{value:.2g}"
