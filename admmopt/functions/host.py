"""For algorithms that only run on the host: there and back."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

from .base import Array, namespace


def on_host(algorithm: Callable[[np.ndarray], np.ndarray], v: Array) -> Array:
    """algorithm(v) for an algorithm on numpy arrays, in the array library and on the device of v."""
    if type(v) is np.ndarray:
        return algorithm(v)
    import array_api_compat

    result = np.ascontiguousarray(algorithm(to_host(v)))
    return namespace(v).asarray(result, dtype=v.dtype, device=array_api_compat.device(v))


def to_host(v: Array) -> np.ndarray:
    """v as a numpy array."""
    if type(v) is np.ndarray:
        return v
    import array_api_compat

    return np.asarray(array_api_compat.to_device(v, "cpu"))


def host_step(t: Array, count: int) -> np.ndarray:
    """A step or weight, float or (count,) in any array library, as a numpy array (count,)."""
    if not isinstance(t, float | int):
        t = to_host(t)
    return np.broadcast_to(np.asarray(t, dtype=np.float64), (count,))
