"""Devices by name. The name carries the source where two sources fit one set of measurements differently.

Write pulses: those of MELISO+ (disys-lab/meliso, config_files/device_*.yaml, LTP) where it has the device; otherwise
2 V and 10 ns, NeuroSim's ideal device (MLP+NeuroSim V3.0, Cell.cpp), and `source` says that they are assumed. A law
that was fitted after write-verify counts one pulse a cell, as the fits do not say how many there were: a lower bound.
"""

from __future__ import annotations

from admmopt.backend_api import BackendError

from .aging import MetalOxide, Sonos, WanAihwkit
from .device import Device, Generic
from .laws import PhaseChange, Polynomial, Pulsed

_ASSUMED = "write pulse assumed (2 V, 10 ns), one a cell"
_MELISO = "MELISO+ configuration; one pulse a level, each checked"

_DEVICES = (
    Device("ideal", 0.0, 20e-6, source=f"no errors; range and {_ASSUMED}"),
    Generic(),
    PhaseChange("pcm", 0.0, 25e-6, t0=20.0, source=f"aihwkit pcm.py after Nandakumar et al., ICECS 2019; {_ASSUMED}"),
    Polynomial(
        "pcm-joshi",
        0.25e-6,
        25e-6,
        (0.28638599, 0.07585724, -0.00178767),
        t0=27.36,
        source=f"CrossSim PCM_Joshi.py after Joshi et al., Nat. Commun. 2020, fig. 3b; {_ASSUMED}",
    ),
    Polynomial(
        "rram-milo",
        50e-6,
        225e-6,
        (4.782321, -0.009107),
        source=f"CrossSim RRAM_Milo.py after Milo et al., IRPS 2021, fig. 4, IGVVA-100; {_ASSUMED}",
    ),
    Polynomial(
        "rram-wan",
        0.0,
        39.26e-6,
        (1.053, 0.2374, -0.01167, 1.536e-4),
        source=f"CrossSim RRAM_Wan.py after Wan et al., Nature 2022, Extended Data fig. 3, 1 s; {_ASSUMED}",
    ),
    WanAihwkit(
        "rram-wan-aihwkit",
        0.0,
        40e-6,
        source=f"aihwkit reram.py after Wan et al., Nature 2022; it advises read = 0.01 on top; {_ASSUMED}",
    ),
    MetalOxide(
        "rram-cmo", 9e-6, 88.2e-6, source=f"aihwkit reram.py after Falcone et al., arXiv:2502.04524; {_ASSUMED}"
    ),
    Sonos("sonos", 1.6e-12, 16e-6, source=f"CrossSim SONOS.py after Agrawal et al., IEDM 2022; {_ASSUMED}"),
    Generic(
        "taox",
        0.5e-6,
        35e-6,
        levels=8,
        sigma=1 / 42,
        source="40 nm foundry TaOx 1T1R, Zuo et al., Nat. Electron. 2025: 8 levels, all cells right; sigma assumed: "
        f"half a level is 3 sigma; {_ASSUMED}",
    ),
    Pulsed(
        "taox-hfox",
        1e-6,
        10e-6,
        levels=128,
        sigma=0.037,
        write_voltage=1.6,
        write_seconds=50e-9,
        source=_MELISO,
    ),
    Pulsed(
        "epiram",
        0.24592986080369874e-6,
        12.345679012345678e-6,
        levels=256,
        sigma=0.02,
        write_voltage=5.0,
        write_seconds=5e-6,
        source=_MELISO,
    ),
    Pulsed(
        "alox-hfo2",
        13.357e-6,
        59.172e-6,
        levels=40,
        sigma=0.05,
        write_voltage=0.9,
        write_seconds=100e-6,
        source=_MELISO,
    ),
    Pulsed(
        "ag-asi",
        3.076923077e-9,
        38.46153846e-9,
        levels=97,
        sigma=0.035,
        write_voltage=3.2,
        write_seconds=300e-6,
        source=_MELISO,
    ),
)
_BY_NAME = {device.name: device for device in _DEVICES}


def names() -> tuple[str, ...]:
    """The names that `preset` knows."""
    return tuple(_BY_NAME)


def preset(name: str) -> Device:
    """The device of that name; BackendError naming them all if there is none.

    To change one: ``dataclasses.replace(preset("rram-wan"), read=0.01)``.
    """
    if name not in _BY_NAME:
        raise BackendError(f"no device is called {name!r}; there are {', '.join(_BY_NAME)}.")
    return _BY_NAME[name]
