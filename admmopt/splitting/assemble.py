"""Pieces to the terms and least-squares rows of a split problem: place, fuse, join."""

from __future__ import annotations

from ..engine.problem import LeastSquares
from .fuse import Fused, coordinates, fuse_coordinates, fuse_operators, merge, on_x, placed
from .pieces import Piece, Squares
from .variation import fuse_variation, variation, variation_term


def assemble(
    pieces: list[Piece], squares: list[Squares], columns: dict[int, slice], n: int
) -> tuple[list[Fused], list[LeastSquares]]:
    """(terms with their shares, least-squares rows) of a split problem on x."""
    on_coordinates, by_operator = [], []
    done: list[Fused] = []
    for item in [item for piece in pieces for item in placed(piece, columns, n)]:
        if not item.piecewise:
            done.append(item.alone())
        elif (found := coordinates(item.operator)) is not None:
            on_coordinates.append((item, *found))
        elif item.piece.constraint is None and (tv := variation(item)) is not None:
            done.append(variation_term(item, *tv, n))
        else:
            by_operator.append(item)
    sums, left = fuse_operators(by_operator, [(s, on_x(s.map, columns, n)) for s in squares])
    terms = fuse_variation(merge(done + sums) + fuse_coordinates(on_coordinates, n))
    rows = [LeastSquares(operator, -s.map.constant, s.weight, s.label) for s, operator in left]
    return terms, rows
