"""The pieces of piecewise quadratic functions as plain numpy arrays: tidying, merging, conjugation.

Everything here works on the five arrays of `PiecewiseQuadratic` (breaks (P + 1, n), anchor, height, slope,
curvature (P, n)), column by column at once.
"""

from __future__ import annotations

import numpy as np

Pieces = tuple[np.ndarray, ...]  # breaks, anchor, height, slope, curvature


class EmptyDomain(ValueError):
    """Two functions have no point in common where both are finite. `element`: the first such element."""

    def __init__(self, element: int, lower: float, upper: float):
        self.element = element
        super().__init__(f"element {element} has an empty domain: it must be at least {lower} and at most {upper}.")


def slope_at(ends, anchor, slope, curvature):
    """Derivative of every piece at `ends` (infinite ones allowed)."""
    with np.errstate(invalid="ignore"):
        return np.where(curvature == 0, slope, slope + curvature * (ends - anchor))


def check_bounds(lower: np.ndarray, upper: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """The bounds themselves, those that cross by rounding made equal; raises EmptyDomain where they cross by more."""
    if np.any(lower > upper):
        gap = np.where(lower > upper, lower - upper, 0.0)
        bad = np.flatnonzero(gap > 1e-12 * (1 + np.abs(upper)))
        if bad.size:
            raise EmptyDomain(int(bad[0]), float(lower[bad[0]]), float(upper[bad[0]]))
        lower = np.minimum(lower, upper)
    bad = np.flatnonzero(np.isnan(lower) | np.isnan(upper) | (lower == np.inf) | (upper == -np.inf))
    if bad.size:
        raise EmptyDomain(int(bad[0]), float(lower[bad[0]]), float(upper[bad[0]]))
    return lower, upper


def pad(data: Pieces, number: int) -> Pieces:
    """The same functions with `number` pieces, the last ones of zero width."""
    extra = number - data[1].shape[0]
    return tuple(np.concatenate([array, np.repeat(array[-1:], extra, axis=0)]) for array in data) if extra else data


def simplify(*data) -> Pieces:
    """Drop pieces of zero width and join neighbours that are one quadratic; pack the rest to the front."""
    breaks = data[0]
    keep = breaks[1:] > breaks[:-1]
    keep[0] |= ~keep.any(axis=0)  # a domain of one point keeps one piece
    data = _pack(keep, *data)
    breaks, anchor, _, slope, curvature = data
    if anchor.shape[0] > 1:
        left = slope_at(breaks[1:-1], anchor[:-1], slope[:-1], curvature[:-1])
        right = slope_at(breaks[1:-1], anchor[1:], slope[1:], curvature[1:])
        with np.errstate(invalid="ignore"):
            same = (curvature[1:] == curvature[:-1]) & (np.abs(left - right) <= 1e-15 * np.abs(left))
        if same.any():
            keep = np.ones(anchor.shape, dtype=bool)
            keep[1:] = ~same
            data = _pack(keep, *data)
    return data


def _pack(keep, breaks, *rest) -> Pieces:
    """Keep the chosen pieces of each column, each extended up to the next one kept; repeat the last to fill up."""
    if keep.all():
        return (breaks, *rest)
    count = keep.sum(axis=0)
    order = np.argsort(~keep, axis=0, kind="stable")[: count.max()]
    position = np.minimum(np.arange(count.max())[:, None], count - 1)
    source = np.take_along_axis(order, position, axis=0)
    filler = np.arange(count.max())[:, None] >= count
    starts = np.where(filler, breaks[-1], np.take_along_axis(breaks[:-1], source, axis=0))
    starts[0] = breaks[0]
    return (np.concatenate([starts, breaks[-1:]]), *(np.take_along_axis(array, source, axis=0) for array in rest))


def merge(first: Pieces, second: Pieces) -> Pieces:
    """The sum of two functions on the common refinement of their pieces (some of them of zero width)."""
    lower, upper = check_bounds(np.maximum(first[0][0], second[0][0]), np.minimum(first[0][-1], second[0][-1]))
    interior = np.concatenate([first[0][1:-1], second[0][1:-1]])
    interior = np.sort(np.minimum(np.maximum(interior, lower), upper), axis=0)
    breaks = np.concatenate([lower[None], interior, upper[None]])
    inside = _inner_points(breaks[:-1], breaks[1:])
    p1, h1, s1, k1 = _pieces_at(first, inside)
    p2, h2, s2, k2 = _pieces_at(second, inside)
    # written around the anchor of the more curved (then the steeper) of the two
    anchor = np.where((k1 > k2) | ((k1 == k2) & (np.abs(s1) >= np.abs(s2))), p1, p2)
    u1, u2 = anchor - p1, anchor - p2
    height = h1 + u1 * (s1 + 0.5 * k1 * u1) + h2 + u2 * (s2 + 0.5 * k2 * u2)
    return breaks, anchor, height, s1 + k1 * u1 + s2 + k2 * u2, k1 + k2


def _inner_points(lower, upper):
    """A finite point between each lower and upper end."""
    low, high = np.isfinite(lower), np.isfinite(upper)
    a, b = np.where(low, lower, 0.0), np.where(high, upper, 0.0)
    one_sided = np.where(low, a + (1 + np.abs(a)), np.where(high, b - (1 + np.abs(b)), 0.0))
    return np.where(low & high, 0.5 * a + 0.5 * b, one_sided)


def _pieces_at(data: Pieces, points):
    """anchor, height, slope, curvature of the piece that holds each point (several points a column)."""
    breaks, *rest = data
    index = np.zeros(points.shape, dtype=int)
    for edge in breaks[1:-1]:
        index += edge < points
    return tuple(np.take_along_axis(array, index, axis=0) for array in rest)


def conjugate(breaks, anchor, height, slope, curvature) -> Pieces:
    """Swap points and slopes: a curved piece stays curved, a kink at b becomes a linear piece of slope b, and back.

    By Fenchel's equality, f*(s) = <x, s> - f(x) for s in the subdifferential at x, piece by piece.
    """
    P, n = anchor.shape
    start = slope_at(breaks[:-1], anchor, slope, curvature)
    end = slope_at(breaks[1:], anchor, slope, curvature)
    out_breaks = np.empty((2 * P + 2, n))
    out_breaks[0] = np.where(np.isfinite(breaks[0]), -np.inf, start[0])
    out_breaks[1:-1:2], out_breaks[2:-1:2] = start, end
    out_breaks[-1] = np.where(np.isfinite(breaks[-1]), np.inf, end[-1])
    out_breaks = np.maximum.accumulate(out_breaks, axis=0)

    outs = [np.zeros((2 * P + 1, n)) for _ in range(4)]
    # kinks and ends: f* = y b - f(b), written around a finite subgradient at b
    b = np.where(np.isfinite(breaks), breaks, 0.0)
    piece = np.minimum(np.arange(P + 1), P - 1)
    u = b - anchor[piece]
    f_b = height[piece] + u * (slope[piece] + 0.5 * curvature[piece] * u)
    subgradient = slope[piece] + curvature[piece] * u
    kinks = (subgradient, subgradient * b - f_b, b, np.zeros_like(b))
    # curved pieces: the anchor and the slope there change places
    curved = curvature > 0
    inverse = np.where(curved, 1 / np.where(curved, curvature, 1.0), 0.0)
    bends = (slope, slope * anchor - height, anchor, inverse)
    for out, kink, bend in zip(outs, kinks, bends, strict=True):
        out[0::2], out[1::2] = kink, bend
    return (out_breaks, *outs)
