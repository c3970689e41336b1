"""The exact line search: the step at which the derivative of a convex function along a direction vanishes.

The derivative is increasing, and piecewise linear for piecewise quadratic functions. Its zero is bracketed and found by
regula falsi with the Illinois rule (Dowell & Jarratt, BIT 11, 1971): an end of the bracket that stays counts half.
"""

from __future__ import annotations

from collections.abc import Callable

ENOUGH = 0.05  # a derivative of this share of the first one counts as zero
TRIALS = 30
LONGEST = 1e4


def zero(derivative: Callable[[float], float], first: float) -> float:
    """A step s > 0 with |derivative(s)| <= ENOUGH |first|, or the best one seen. first: derivative(0) < 0."""
    enough = -ENOUGH * first
    low, at_low = 0.0, first
    high, at_high = 1.0, derivative(1.0)
    while at_high < -enough and high < LONGEST:
        low, at_low, high = high, at_high, 4.0 * high
        at_high = derivative(high)
    s, at_s = high, at_high
    last = 0
    for _ in range(TRIALS):
        if abs(at_s) <= enough or not high > low:
            break
        s = low - at_low * (high - low) / (at_high - at_low)
        at_s = derivative(s)
        if at_s < 0:
            at_high *= 0.5 if last < 0 else 1.0
            low, at_low, last = s, at_s, -1
        else:
            at_low *= 0.5 if last > 0 else 1.0
            high, at_high, last = s, at_s, 1
    return s
