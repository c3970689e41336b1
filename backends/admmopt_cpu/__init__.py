"""The CPU backend: direct factorizations by SciPy and qdldl, conjugate gradients where only products exist."""

from __future__ import annotations

import numpy as np

from admmopt.backend_api import BackendError, Capabilities, System

from .choose import choose

__all__ = ["Cpu"]


class Cpu:
    """NumPy arrays on the host, double precision. ``backend="cpu"``."""

    name = "cpu"
    capabilities = Capabilities(
        exact=True,
        refactor=True,
        matrix_free=True,
        summary="sparse LDL', dense Cholesky, Woodbury, Kronecker and diagonal factorizations; conjugate gradients",
    )

    @classmethod
    def from_name(cls, detail: str) -> Cpu:
        if detail:
            raise BackendError(f"backend 'cpu' takes nothing after its name, got {detail!r}.")
        return cls()

    @classmethod
    def available(cls) -> tuple[bool, str]:
        return True, "NumPy and SciPy on the host"

    def asarray(self, array):
        return np.asarray(array, dtype=float)

    def to_numpy(self, array) -> np.ndarray:
        return array

    def prepare(self, system: System):
        return choose(system)

    def place(self, operator):
        return operator
