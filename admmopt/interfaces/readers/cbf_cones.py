"""The cones of the CBF format, and the proximable function and order of entries that each becomes here."""

from __future__ import annotations

from dataclasses import dataclass
from math import isqrt, sqrt

import numpy as np
import scipy.sparse as sp

from ...functions import DualCone, ExponentialCone, PowerCone, PowerConeND, PSDCone, SecondOrderCone
from ...functions.base import Function

INF = np.inf
LINEAR = {"F": (-INF, INF), "L+": (0.0, INF), "L-": (-INF, 0.0), "L=": (0.0, 0.0)}


@dataclass(frozen=True)
class Cone:
    """`dim` consecutive entries from `start` on, in a cone of the given kind. alpha: exponents, of a power cone."""

    kind: str
    dim: int
    start: int
    alpha: tuple[float, ...] = ()

    @property
    def family(self) -> tuple:
        """Cones of one family are one function."""
        return self.kind, self.dim, len(self.alpha)


def cone_named(name: str, dim: int, start: int, powers: dict[str, list[np.ndarray]]) -> Cone:
    """A cone by its name in the file; small ones that are linear become so. ValueError says what is wrong."""
    if name in LINEAR:
        return Cone(name, dim, start)
    if name == "Q":
        return Cone("Q" if dim > 1 else "L+", dim, start)
    if name == "QR":
        if dim < 2:
            raise ValueError("a rotated quadratic cone needs at least 2 entries")
        return Cone("QR" if dim > 2 else "L+", dim, start)
    if name in ("EXP", "EXP*"):
        if dim != 3:
            raise ValueError(f"an exponential cone has 3 entries, not {dim}")
        return Cone(name, dim, start)
    if name == "SVECPSD":
        order = (isqrt(8 * dim + 1) - 1) // 2
        if order * (order + 1) // 2 != dim:
            raise ValueError(f"SVECPSD with {dim} entries is no triangle of a matrix")
        return Cone(name, dim, start)
    if name.startswith("@"):
        return _power_cone(name, dim, start, powers)
    raise ValueError(f"the cone {name[:20]!r} is not known here")


def _power_cone(name: str, dim: int, start: int, powers: dict[str, list[np.ndarray]]) -> Cone:
    index, _, kind = name[1:].partition(":")
    known = powers.get(f"{kind}CONES", [])
    if kind not in ("POW", "POW*") or not index.isdigit() or int(index) >= len(known):
        raise ValueError(f"the cone {name[:20]!r} refers to exponents that the file does not give")
    alpha = known[int(index)]
    if alpha.size == dim:
        return Cone("L+", dim, start)  # the product of the factors bounds nothing
    if dim != alpha.size + 1:
        raise ValueError(f"a power cone with {dim} entries and {alpha.size} exponents: only one further entry is known")
    return Cone(kind, dim, start, tuple(alpha.tolist()))


def function_of(cones: list[Cone]) -> Function:
    """The indicator of the product of cones of one family, entries in the order of `arrangement`."""
    kind, dim, factors = cones[0].family
    count = len(cones)
    if kind in ("Q", "QR"):
        return SecondOrderCone(count, dim)
    if kind == "SVECPSD":
        return PSDCone(count, (isqrt(8 * dim + 1) - 1) // 2)
    if kind.startswith("EXP"):
        primal: Function = ExponentialCone(count)
    else:
        alpha = np.array([cone.alpha for cone in cones])
        primal = PowerCone(count, alpha[:, 0].copy()) if factors == 2 else PowerConeND(alpha)
    return DualCone(primal) if kind.endswith("*") else primal


def arrangement(cones: list[Cone]) -> sp.csr_array | None:
    """The orthogonal matrix from the file's entries of these cones, one after the other, to those of `function_of`.

    EXP has x1 >= x2 exp(x3 / x2): ours backwards. QR has 2 x1 x2 >= |rest|^2: turn x1 and x2 by 45 degrees.
    """
    kind, dim, _ = cones[0].family
    if kind.startswith("EXP"):
        one = np.eye(3)[::-1]
    elif kind == "QR":
        one = np.eye(dim)
        one[:2, :2] = np.array([[1, 1], [1, -1]]) / sqrt(2)
    else:
        return None
    return sp.csr_array(sp.kron(sp.eye_array(len(cones)), sp.csr_array(one)))
