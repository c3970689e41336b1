"""Numbers with units, for people."""

from __future__ import annotations

import math

PREFIXES = {-6: "a", -5: "f", -4: "p", -3: "n", -2: "u", -1: "m", 0: "", 1: "k", 2: "M"}


def si(amount: float, unit: str) -> str:
    """``1.23 nJ``."""
    if not amount:
        return f"0 {unit}"
    power = min(max(math.floor(math.log10(abs(amount)) / 3 + 1e-12), -6), 2)
    return f"{amount / 1000.0**power:.3g} {PREFIXES[power]}{unit}"
