"""Lasso and Huber regression on least-squares matrices of the SuiteSparse collection (MATLAB 7.3 files)."""

from __future__ import annotations

import numpy as np
import scipy.sparse as sp

from .base import MissingData, register
from .files import find
from .regression import huber, lasso

MATRICES = {
    name.split("_", 1)[1]: name
    for name in (
        *("HB_ash85", "HB_ash292", "HB_ash331", "HB_ash608", "HB_illc1850", "HB_well1033", "HB_well1850"),
        *("NYPA_Maragal_1", "NYPA_Maragal_4", "NYPA_Maragal_5"),
    )
}
# Not the square ones, which leave no residuals, nor the widest, of which a dense reference takes an hour.
HUBER = tuple(name for name in MATRICES if name not in ("ash85", "ash292", "Maragal_5"))


def _read(name):
    def draw(rng, folder, rows=None, columns=None):
        path = find(folder, "sslsq", f"{name}.mat")
        try:
            import h5py
        except ImportError:
            raise MissingData(f"{path.name} is read by h5py, which is not installed: pip install h5py.") from None
        with h5py.File(path) as file:
            A = file["A"]
            parts, m = (A["data"][:], A["ir"][:].astype(int), A["jc"][:].astype(int)), int(A.attrs["MATLAB_sparse"])
            matrix, b = sp.csc_array(parts, shape=(m, len(parts[2]) - 1)), np.ravel(file["b"][:])
        return sp.csr_array(matrix)[:rows, :columns], b[:rows]

    return draw


def _lasso(name):
    def draw(rng, folder, **sizes):
        A, b = _read(name)(rng, folder, **sizes)
        return {"A": A, "b": b, "lam": 0.1 * np.abs(A.T @ b).max()}

    return draw


def _huber(name):
    def draw(rng, folder, **sizes):
        """Scaled so that the median residual of least squares has size 1, which is where the loss turns linear."""
        A, b = _read(name)(rng, folder, **sizes)
        dense = A.toarray()
        size = np.median(np.abs(dense @ np.linalg.lstsq(dense, b, rcond=None)[0] - b))
        return {"A": A / size, "b": b / size}

    return draw


_TINY = {"rows": 40, "columns": 12}
for _short, _name in MATRICES.items():
    register(f"lasso_{_short}", _lasso(_name), lasso, {}, _TINY, group="sslsq", needs=f"sslsq/{_name}.mat")
for _short in HUBER:
    needs = f"sslsq/{MATRICES[_short]}.mat"
    register(f"huber_{_short}", _huber(MATRICES[_short]), huber, {}, _TINY, group="sslsq", needs=needs)
