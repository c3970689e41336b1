"""Energy and latency: the published price lists, all of them side by side, and what the same work costs digitally.

Tools disagree on one 8-bit conversion by a factor of 100 (0.14 pJ to 15.6 pJ below), so no single figure is to be
believed: `compare` bills a ledger under every preset and shows the spread. The numbers were read in the named files of
the public simulators; those of ISAAC and Horowitz as others quote them.
"""

from __future__ import annotations

from collections.abc import Iterable
from math import exp, log10

from .break_even import break_even, break_even_sentence, digital_reference
from .energy_model import PARTS, Bill, BitFormula, BitTable, EnergyModel
from .ledger import Ledger
from .units import si

__all__ = [
    "PRESETS",
    "Bill",
    "BitFormula",
    "BitTable",
    "EnergyModel",
    "break_even",
    "break_even_sentence",
    "compare",
    "digital_reference",
    "energy_model",
    "format_table",
    "spread",
]

# No published amplifier belongs to any of these lists: 100 uW is an assumption, to be replaced by one's own amplifier.
AMP_WATTS = 1e-4

# PUMA simulator, include/constants.py and config.py (32 nm, 16-bit fixed point): operations of 1 ns at 0.795 mW
# (multiply) and 0.373 mW (others), both scaled by 32/45; two ALUs per matrix unit, so one multiply-add a nanosecond.
PUMA_MULTIPLY, PUMA_OTHER = 0.795e-12 * 32 / 45, 0.373e-12 * 32 / 45
DIGITAL_HZ = 1e9

# M. Horowitz, "Computing's energy problem", ISSCC 2014: 45 nm, 0.9 V, 32-bit floating point, without memory; as quoted
# in PMC8934428, table 3.
HOROWITZ_MULTIPLY, HOROWITZ_ADD = 3.7e-12, 0.9e-12

_HOROWITZ = (
    "digital: Horowitz, ISSCC 2014 (45 nm, 32-bit floating point); digital operations a second, amplifiers: assumed, "
    "no source"
)
_FLOAT32 = {
    "mac_joules": HOROWITZ_MULTIPLY + HOROWITZ_ADD,
    "flop_joules": HOROWITZ_ADD,
    "digital_hz": DIGITAL_HZ,
    "amp_watts": AMP_WATTS,
}

# ZigZag imc_array.py, imc_unit.py: 50 fF a bit at 0.9 V; delay neglected. (It takes 1-bit drivers as free.)
_ZIGZAG_DAC = 50e-15 * 0.9**2

_ISAAC = EnergyModel(
    name="isaac",
    source="ISAAC (Shafiee et al., ISCA 2016) as in the PUMA simulator: 8-bit ADC 2 mW at 1.28 GS/s, 1-bit DAC 3.9 uW "
    "at 1 GS/s; ADC power in proportion to bits (example-constants/constants-128.py), DAC in one-bit steps; digital: "
    "PUMA's ALU (32 nm, 16-bit fixed point); amplifiers: assumed, no source",
    adc_joules=BitFormula((0.0, 2e-3 / 8 / 1.28e9)),
    adc_seconds=BitFormula((1 / 1.28e9,)),
    dac_joules=BitFormula((0.0, (0.00350625e-3 + 0.000390625e-3) * 1e-9)),
    dac_seconds=BitFormula((0.0, 1e-9)),
    mac_joules=PUMA_MULTIPLY + PUMA_OTHER,
    flop_joules=PUMA_OTHER,
    digital_hz=DIGITAL_HZ,
    amp_watts=AMP_WATTS,
)


def _neurosim(node: str, per_bit: float, fixed: float, column: float, ohm: float = 10e3) -> EnergyModel:
    """SAR ADC of DNN+NeuroSim V1.3, SarADC.cpp, low-power roadmap at 300 K, for a column of 10 kOhm read at 0.5 V.

    Power per_bit b + fixed + column 10^6 exp(-2.303 log10 ohm), in uW, during (b + 1) ns. The last term, close to
    10^6 column/ohm, grows as the column conducts more. Read pulse 10 ns: Param.cpp. It drives rows bit by bit and has
    no DAC: ZigZag's stands in.
    """
    at_zero = fixed + column * 1e6 * exp(-2.303 * log10(ohm))
    return EnergyModel(
        name=f"neurosim-{node}",
        source=f"DNN+NeuroSim V1.3 SAR ADC, {node} low power, column of {ohm / 1e3:g} kOhm at 0.5 V and 300 K; "
        f"DAC: ZigZag's formula; {_HOROWITZ}",
        adc_joules=BitFormula((at_zero * 1e-15, (per_bit + at_zero) * 1e-15, per_bit * 1e-15)),
        adc_seconds=BitFormula((1e-9, 1e-9)),
        dac_joules=BitFormula((0.0, _ZIGZAG_DAC)),
        dac_seconds=BitFormula((0.0,)),
        read_seconds=10e-9,
        **_FLOAT32,
    )


_ZIGZAG = EnergyModel(
    name="zigzag",
    source="ZigZag imc_array.py (28 nm, 0.9 V; fitted to SRAM macros): ADC (100 b + 0.001 4^b) fF Vdd^2 in "
    f"b (0.00653 rows + 0.640) ns at 128 rows, DAC 50 b fF Vdd^2; {_HOROWITZ}",
    adc_joules=BitFormula((0.0, 100e-15 * 0.9**2), growth=0.001e-15 * 0.9**2, base=4.0),
    adc_seconds=BitFormula((0.0, (0.00653 * 128 + 0.640) * 1e-9)),
    dac_joules=BitFormula((0.0, _ZIGZAG_DAC)),
    dac_seconds=BitFormula((0.0,)),
    **_FLOAT32,
)

# MNSIM multiplies the power of a converter by b + 2 of its sample times, where ISAAC and PUMA take one: hence 15.6 pJ.
# Its table of DACs doubles with each bit up to 0.1248 mW at 6 bits; the entry at 8 is 0.4992 W, where the factor 1e-3
# of its neighbours is missing (calculate_DAC_power). Here it is 0.4992 mW.
_MNSIM = EnergyModel(
    name="mnsim",
    source="MNSIM 2.0 (ADC.py, DAC.py, SimConfig.ini): ISAAC's ADC, 2 mW for (b + 2) / 1.28 GS/s; DAC 3.9 uW 2^(b-1) "
    f"at 1 GS/s, taking its 0.4992 W at 8 bits for mW; read 3.16 ns; {_HOROWITZ}",
    adc_joules=BitFormula((2 * 2e-3 / 1.28e9, 2e-3 / 1.28e9), lowest=2),
    adc_seconds=BitFormula((2 / 1.28e9, 1 / 1.28e9), lowest=2),
    dac_joules=BitFormula((0.0,), growth=0.0039e-3 * 1e-9 / 2, base=2.0),
    dac_seconds=BitFormula((1e-9,)),
    read_seconds=3.16e-9,
    **_FLOAT32,
)

PRESETS: dict[str, EnergyModel] = {
    model.name: model
    for model in (
        _ISAAC,
        _neurosim("22nm", per_bit=0.538, fixed=4.3753, column=0.072341),
        _neurosim("130nm", per_bit=8.4483, fixed=65.243, column=0.169380),
        _ZIGZAG,
        _MNSIM,
    )
}


def energy_model(name: str) -> EnergyModel:
    """The preset of this name; ValueError with the names there are otherwise."""
    if name not in PRESETS:
        raise ValueError(f"there is no energy model {name!r}; there are {', '.join(PRESETS)}.")
    return PRESETS[name]


def compare(
    ledger: Ledger, dac_bits: int, adc_bits: int, models: Iterable[EnergyModel] = tuple(PRESETS.values())
) -> list[dict]:
    """One row a model: its name and source, total joules and seconds, joules by part and by phase."""
    rows = []
    for model in models:
        bill = model.price(ledger, dac_bits, adc_bits)
        rows.append(
            {
                "model": model.name,
                "source": model.source,
                "joules": bill.total_joules,
                "seconds": bill.total_seconds,
                "by_part": bill.joules_by_part(),
                "by_phase": bill.joules_by_phase(),
            }
        )
    return rows


def spread(rows: list[dict]) -> dict[str, tuple[float, float]]:
    """Least and most over the rows of `compare`: of the total joules and seconds, and of the joules of each part."""
    flat = [{"joules": row["joules"], "seconds": row["seconds"], **row["by_part"]} for row in rows]
    return {key: (min(r[key] for r in flat), max(r[key] for r in flat)) for key in (flat[0] if flat else ())}


def format_table(rows: list[dict]) -> str:
    """The rows of `compare` as text: energy by part with its spread, energy by phase, and the sources."""
    if not rows:
        return "no energy model"
    ends = spread(rows)
    least, most = ({key: pair[end] for key, pair in ends.items()} for end in (0, 1))
    lines = [
        _line("model", ["energy", *PARTS, "latency"]),
        *(_parts_line(row["model"], {**row, **row["by_part"]}) for row in rows),
        _parts_line("least", least),
        _parts_line("most", most),
        "",
        _line("by phase", rows[0]["by_phase"]),
        *(_line(row["model"], (si(joules, "J") for joules in row["by_phase"].values())) for row in rows),
        "",
        *(f"{row['model']}: {row['source']}" for row in rows),
    ]
    return "\n".join(lines)


def _parts_line(name: str, amounts: dict) -> str:
    return _line(name, [*(si(amounts[key], "J") for key in ("joules", *PARTS)), si(amounts["seconds"], "s")])


def _line(name: str, cells: Iterable[str]) -> str:
    return f"{name:<15}" + "".join(f"{cell:>12}" for cell in cells)
