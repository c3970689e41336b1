"""From how many solves on does a programmed array beat a cached digital factorization? Energies in joules."""

from __future__ import annotations

import math
from fractions import Fraction

from .ledger import Tally
from .units import si

__all__ = ["break_even", "break_even_sentence", "digital_reference"]


def digital_reference(n: int, nnz_factor: int | None = None, kind: str = "cholesky") -> tuple[Tally, Tally]:
    """Digital operations of factorizing an n by n matrix once, and of one solve with the factor.

    kind: "cholesky" (L L', and to leading order L D L' of a quasi-definite matrix) or "lu". Multiply-adds of dense
    matrices, by counting the loops: Cholesky (n^3 - n)/6, LU (n - 1) n (2n - 1)/6, so n^3/3 to leading order; a solve
    n (n - 1) with either. Divisions and square roots are counted as flops.

    nnz_factor: entries of a sparse Cholesky factor, its diagonal included. A solve is then 2 (nnz - n) multiply-adds
    exactly. A column of c entries under the diagonal takes c (c + 1)/2 to eliminate; only their sum is known, so the
    factorization is charged the least there can be, equal columns, which favours the digital side.

    Raises ValueError for sizes that make no sense.
    """
    if n < 1:
        raise ValueError(f"a system has at least one unknown, got n = {n}.")
    if kind not in ("cholesky", "lu"):
        raise ValueError(f"kind of factorization must be 'cholesky' or 'lu', got {kind!r}.")
    if kind == "lu":
        if nnz_factor is not None:
            raise ValueError("nnz_factor counts the entries of a Cholesky factor, not those of 'lu'.")
        factor = Tally(macs=(n - 1) * n * (2 * n - 1) // 6, flops=n * (n - 1) // 2)
        return factor, Tally(macs=n * (n - 1), flops=n)
    below = n * (n - 1) // 2 if nnz_factor is None else nnz_factor - n
    if not 0 <= below <= n * (n - 1) // 2:
        raise ValueError(f"a Cholesky factor of order {n} has {n} to {n * (n + 1) // 2} entries, got {nnz_factor}.")
    least = math.ceil(below * (below / n + 1) / 2)
    macs = (n**3 - n) // 6 if nnz_factor is None else least
    return Tally(macs=macs, flops=below + n), Tally(macs=2 * below, flops=2 * n)


def break_even(
    programming_joules: float,
    analog_joules_per_solve: float,
    digital_factor_joules: float,
    digital_joules_per_solve: float,
) -> float:
    """The least number k >= 1 of solves from which on, and for every greater number, the analog system takes less:

        programming + k analog  <  factor + k digital.

    inf if there is none: an analog solve then costs as much as a digital one or more. (It may still win for few
    solves, where programming is cheaper than factorizing; `break_even_sentence` says so.) Raises ValueError for
    energies that are negative, infinite or not numbers.
    """
    debt, gain = _debt_and_gain(
        programming_joules, analog_joules_per_solve, digital_factor_joules, digital_joules_per_solve
    )
    if gain > 0:
        return float(max(1, math.floor(debt / gain) + 1))
    return 1.0 if gain == 0 and debt < 0 else math.inf


def break_even_sentence(
    programming_joules: float,
    analog_joules_per_solve: float,
    digital_factor_joules: float,
    digital_joules_per_solve: float,
) -> str:
    """`break_even` in words."""
    energies = programming_joules, analog_joules_per_solve, digital_factor_joules, digital_joules_per_solve
    solves = break_even(*energies)
    if math.isfinite(solves):
        return f"analog takes less energy from {solves:.0f} solve{'s' if solves > 1 else ''} on"
    each = f"a solve costs {si(analog_joules_per_solve, 'J')} analog and {si(digital_joules_per_solve, 'J')} digital"
    debt, gain = _debt_and_gain(*energies)
    if debt < gain < 0:  # ahead at one solve, and losing ground with each
        last = math.ceil(debt / gain) - 1
        return f"analog takes less energy up to {last} solve{'s' if last > 1 else ''} only: {each}"
    return f"never: {each}"


def _debt_and_gain(*energies: float) -> tuple[Fraction, Fraction]:
    """What programming costs more than factorizing, and an analog solve less than a digital one; without rounding."""
    names = ("programming_joules", "analog_joules_per_solve", "digital_factor_joules", "digital_joules_per_solve")
    for name, energy in zip(names, energies, strict=True):
        if not 0 <= energy < math.inf:  # false for NaN too
            raise ValueError(f"{name} must be finite and not negative, got {energy}.")
    programming, analog, factor, digital = (Fraction(float(energy)) for energy in energies)
    return programming - factor, digital - analog
