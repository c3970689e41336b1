"""The torch backend: the same systems on a GPU (or the CPU), in double precision. ``backend="torch:cuda:0"``.

torch is imported when the backend is used, not before.
"""

from __future__ import annotations

import importlib.util

import numpy as np

from admmopt.backend_api import BackendError, Capabilities, System

__all__ = ["Torch"]


class Torch:
    """Float64 tensors on one device. Dense systems are factorized there; sparse and implicit ones use CG."""

    name = "torch"
    capabilities = Capabilities(
        exact=True,
        refactor=True,
        matrix_free=True,
        summary="dense Cholesky and Woodbury on the device, conjugate gradients for sparse and implicit systems",
    )

    def __init__(self, device: str = ""):
        import torch

        usable = "cuda" if torch.cuda.is_available() else "cpu"
        try:
            self.device = torch.device(device or usable)
            torch.zeros(1, dtype=torch.float64, device=self.device)
        except (RuntimeError, AssertionError, TypeError) as error:
            reason = str(error).strip().splitlines()[0]
            raise BackendError(f"backend 'torch' cannot use the device {device!r}: {reason}.") from error

    @classmethod
    def from_name(cls, detail: str) -> Torch:
        return cls(detail)

    @classmethod
    def available(cls) -> tuple[bool, str]:
        if importlib.util.find_spec("torch") is None:
            return False, "torch is not installed (pip install 'admmopt[torch]')"
        import torch

        return True, torch.cuda.get_device_name() if torch.cuda.is_available() else "torch on the CPU"

    def asarray(self, array):
        import torch

        return torch.tensor(np.asarray(array), dtype=torch.float64, device=self.device)

    def to_numpy(self, array) -> np.ndarray:
        return array.detach().cpu().numpy()

    def prepare(self, system: System):
        from .solvers import choose

        return choose(self, system)

    def place(self, operator):
        from .place import place

        return place(operator, self)
