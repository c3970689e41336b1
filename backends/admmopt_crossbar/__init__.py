"""The memristor crossbar backend: declare any convex problem, learn how well, how fast and at what energy a device
solves it.

    from admmopt_crossbar import Crossbar
    solution = ao.solve(problem, backend=Crossbar("rram-milo", "inv", tile=128, dac_bits=6, adc_bits=8, r_wire=1.0))
    print(solution.backend_report)
"""

from __future__ import annotations

from .backend import Circuit, Crossbar
from .device import Device, Generic
from .energy import compare, energy_model, format_table
from .energy_model import EnergyModel
from .faults import Stuck
from .presets import names, preset
from .report import HardwareReport
from .table import Table
from .verify import WriteVerify

__all__ = [
    "Circuit",
    "Crossbar",
    "Device",
    "EnergyModel",
    "Generic",
    "HardwareReport",
    "Stuck",
    "Table",
    "WriteVerify",
    "compare",
    "energy_model",
    "format_table",
    "names",
    "preset",
]
