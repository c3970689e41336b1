"""The compensation form of Liu et al. (2018, eq. 2): a signed system on one array of nonnegative conductances.

With M = M+ - M-, B the columns of M- that hold anything and D the same rows of the identity,

    [ M+  B ] [ v ]   [ i ]
    [ D   I ] [ w ] = [ 0 ]

gives w = -D v and M v = i. It saves the second array, and costs rows; the matrix is in general no longer positive real,
so that the certificate of stability has the last word.
"""

from __future__ import annotations

import numpy as np


def compensated(M: np.ndarray) -> np.ndarray:
    """M: (N, N). Returns the nonnegative matrix of order N + the number of columns of M with a negative entry."""
    negative = np.maximum(-M, 0.0)
    columns = np.flatnonzero(negative.any(axis=0))
    D = np.eye(M.shape[0])[columns]
    return np.block([[np.maximum(M, 0.0), negative[:, columns]], [D, np.eye(columns.size)]])
