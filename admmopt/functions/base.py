"""What a proximable function is: the contract that every file in this room fulfils."""

from __future__ import annotations

import dataclasses
from abc import ABC, abstractmethod
from typing import Any

import numpy as np

Array = Any  # a numpy array, a torch tensor, or any array that array-api-compat understands


def namespace(array: Array):
    """The array namespace of `array` (numpy's own module for numpy arrays, without a look-up)."""
    if type(array) is np.ndarray:
        return np
    import array_api_compat

    return array_api_compat.array_namespace(array)


def _beside(placed: Array, array: np.ndarray) -> Array:
    """`array`, of its own type, on the device of `placed`."""
    return namespace(placed).asarray(array, device=placed.device)


class Function(ABC):
    """An extended-valued function f : R^size -> R u {+inf}, given by its value and its prox.

    The argument is one flat vector of ``size = count * dim`` entries: `count` independent groups of
    `dim` consecutive entries, ``f(y) = sum_g f_g(y[g*dim:(g+1)*dim])``. An elementwise function has
    ``dim == 1``; a function that couples everything has ``count == 1``. A step size ``t`` is a float or
    an array of shape ``(count,)``: one step per group, which is all the freedom a prox allows.

    Matrices are vectorized column by column (CVXPY's order); symmetric ones in `svec` form (lower
    triangle, column by column, off-diagonal entries times sqrt(2), so that the inner product is kept).

    Array parameters (weights, radii, ...) are dataclass fields; `on` moves them to another array library.
    """

    count: int
    dim: int
    convex: bool = True
    indicator: bool = False  # f takes the values 0 and +inf only
    cone: bool = False  # f is the indicator of a cone

    @property
    def size(self) -> int:
        return self.count * self.dim

    @abstractmethod
    def value(self, y: Array) -> float:
        """f(y); `inf` outside the domain. y: (size,)."""

    @abstractmethod
    def prox(self, v: Array, t: Array) -> Array:
        """argmin_y f(y) + sum_g ||y_g - v_g||^2 / (2 t_g). v: (size,), t: float or (count,). Returns (size,)."""

    def prox_jacobian(self, v: Array, t: Array):
        """An element of the generalized Jacobian of `prox(., t)` at v, or None where none is offered.

        v: (size,), t: float or (count,). The array of its diagonal (size,) where it is diagonal, as for elementwise
        functions, else a `jacobian.Jacobian`, in the array library of v unless that says otherwise.
        """
        return None

    def domain_support(self, y: Array) -> tuple[float, Array] | None:
        """Support function of dom f, for certificates of infeasibility.

        Returns ``(sup_{u in dom f} <y', u>, y')`` where y' is y moved to the nearest point (componentwise
        or by projection) at which that supremum is finite; None where the domain is not known.
        The default is right for functions that are finite everywhere: only y' = 0 has a finite supremum.
        """
        return 0.0, 0.0 * y

    def recession(self, d: Array) -> tuple[float, Array] | None:
        """Recession function f_inf(d) = lim f(y + s d)/s, for certificates of unboundedness.

        Returns ``(f_inf(d'), d')`` with d' the direction nearest to d at which f_inf is finite; None where
        it is not known (then the engine never certifies unboundedness through this function).
        """
        return None

    def on(self, asarray) -> Function:
        """The same function with every array that it was made of (also of nested functions) where `asarray` puts
        numbers; indices and masks keep their type."""
        if not dataclasses.is_dataclass(self):
            return self
        changes = {}
        for field in dataclasses.fields(self):
            value = getattr(self, field.name)
            if not field.init:  # made of the others
                continue
            if isinstance(value, np.ndarray):
                changes[field.name] = asarray(value) if value.dtype.kind == "f" else _beside(asarray(value), value)
            elif isinstance(value, Function):
                changes[field.name] = value.on(asarray)
            elif isinstance(value, tuple) and value and all(isinstance(item, Function) for item in value):
                changes[field.name] = tuple(item.on(asarray) for item in value)
        return dataclasses.replace(self, **changes) if changes else self

    def forget(self) -> None:
        """Drop what earlier calls left behind to speed up later ones, so that a solve depends on its input alone."""
        if dataclasses.is_dataclass(self):
            for field in dataclasses.fields(self):
                value = getattr(self, field.name)
                for item in value if isinstance(value, tuple) else (value,):
                    if isinstance(item, Function):
                        item.forget()

    @property
    def kind(self):
        """What functions must share to be joined by `concatenate` (class, what is not per group); None: never."""
        if not dataclasses.is_dataclass(self) or not any(
            f.name == "count" and f.init for f in dataclasses.fields(self)
        ):
            return None
        fixed = [v for name, v in self._init_fields() if name != "count" and not self._per_group(name, v)]
        return (type(self), self.dim, *fixed)

    @staticmethod
    def concatenate(functions: list) -> Function:
        """Functions of one `kind` as one function with the groups of all, one after the other."""
        first = functions[0]
        changes: dict[str, Any] = {"count": sum(f.count for f in functions)}
        for name, value in first._init_fields():
            if first._per_group(name, value):
                parts = [np.broadcast_to(getattr(f, name), (f.count, *np.shape(value)[1:])) for f in functions]
                changes[name] = np.concatenate(parts)
        return dataclasses.replace(first, **changes)

    def _init_fields(self):
        return [(f.name, getattr(self, f.name)) for f in dataclasses.fields(self) if f.init]

    def _per_group(self, name: str, value) -> bool:
        return name == "weight" or (isinstance(value, np.ndarray) and value.shape[:1] == (self.count,))

    def describe(self) -> str:
        """A few words for `ao.explain`: the name and the size."""
        groups = f"{self.count} x {self.dim}" if self.count > 1 and self.dim > 1 else f"{self.size}"
        return f"{type(self).__name__}({groups})"


def column(t: Array):
    """A step t, float or (count,), in a shape that broadcasts against a (count, dim) array."""
    return t if isinstance(t, float | int) else t[:, None]
