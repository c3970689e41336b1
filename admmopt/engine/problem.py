"""The waist of the hourglass: the one form that everything above produces and everything below knows."""

from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np

from ..functions.base import Function
from ..operators import Operator, Stack


@dataclass
class Term:
    """f(A x + b). operator A: (m, n), offset b: (m,), function of size m. `label` is for people."""

    function: Function
    operator: Operator
    offset: np.ndarray
    label: str = ""


@dataclass
class LeastSquares:
    """1/2 sum_i weight_i (F x - target)_i^2: rows of fixed weight in the linear system; no copy of F x is made."""

    operator: Operator
    target: np.ndarray
    weight: np.ndarray
    label: str = ""


@dataclass
class SplitProblem:
    """minimize 1/2 x'P x + q'x + constant + sum_k 1/2 ||F_k x - g_k||^2_{w_k} + sum_i f_i(A_i x + b_i).

    n: the number of entries of x; P: symmetric PSD operator or None; q: (n,).
    """

    n: int
    q: np.ndarray
    P: Operator | None = None
    squares: list[LeastSquares] = field(default_factory=list)
    terms: list[Term] = field(default_factory=list)
    constant: float = 0.0

    @property
    def A(self) -> Stack:
        return Stack([term.operator for term in self.terms], self.n)

    @property
    def convex(self) -> bool:
        return all(term.function.convex for term in self.terms)

    def objective(self, x: np.ndarray) -> float:
        """The objective at x, with every f_i evaluated at A_i x + b_i itself (inf where a constraint is violated)."""
        total = self.smooth(x)
        for term in self.terms:
            total += term.function.value(term.operator.matvec(x) + term.offset)
        return total

    def smooth(self, x: np.ndarray) -> float:
        """The quadratic part: everything but the f_i."""
        total = self.constant + float(self.q @ x)
        if self.P is not None:
            total += 0.5 * float(x @ self.P.matvec(x))
        for square in self.squares:
            r = square.operator.matvec(x) - square.target
            total += 0.5 * float(r @ (square.weight * r))
        return total
