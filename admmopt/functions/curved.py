"""Cones whose projection is the root of one scalar equation per group, found fast where the last one was near."""

from __future__ import annotations

from collections.abc import Callable

from .base import Array, namespace
from .cones import Cone
from .roots import newton_nearby


class CurvedCone(Cone):
    """Keeps the roots of its last projection: the next one starts from them, since an iteration projects points that
    move little. A root is a root: where it was looked for from decides the time it takes, and its last rounding."""

    _roots: Array = None

    def forget(self) -> None:
        self._roots = None

    def _solve(
        self,
        marked: Array,
        equation: Callable[..., tuple[Array, Array]],
        data: tuple[Array, ...],
        search: Callable[..., Array],
        holds: Callable[..., Array],
    ) -> Array:
        """The roots of ``equation(., *data)``, one per group of `marked` (count,).

        search(*data) finds them from nothing; holds(root, *data) says whether what Newton's method ended at is the
        root that is meant.
        """
        xp = namespace(data[0])
        known = self._roots
        if known is None or type(known) is not type(data[0]) or known.device != data[0].device:
            self._roots = xp.zeros_like(marked, dtype=data[0].dtype)
            root, left = self._roots[marked], marked[marked]
        else:
            root, solved = newton_nearby(equation, known[marked], data)
            left = ~(solved & holds(root, *data))
        if bool(xp.any(left)):
            root[left] = search(*(part[left] for part in data))
        self._roots[marked] = root
        return root
