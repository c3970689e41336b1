"""Cones of positive semidefinite matrices in the interior point, scaled as Nesterov and Todd do."""

from __future__ import annotations

import numpy as np

from ...functions.svec import smat, svec, svec_size
from .cone import Cone

SMALL = 20  # order of matrices that are scaled all at once


class Semidefinite(Cone):
    """Matrices of one order, in `svec` form. With S = L L', U = K K' and K'L = X diag(l) Y' (singular values),

    R = L Y diag(l)^-1/2,   R^-1 S R^-T = R'U R = diag(l),   M: V -> R^-1 V R^-T
    """

    def __init__(self, count: int, order: int):
        super().__init__(count, svec_size(order), float(count * order))
        self.order, self.least = order, float(order)  # the trace of the middle
        self.parts: list[tuple[np.ndarray, np.ndarray]] | None = None

    def work(self, vectors):
        return 4.0 * vectors * self.order**3

    def depth(self, v):
        return float(-np.linalg.eigvalsh(smat(v, self.order)).min(initial=np.inf))

    def inside(self, v, shift):
        return v + shift * svec(np.broadcast_to(np.eye(self.order), (1, self.order, self.order)))

    def scale(self, s, u):
        self.s = s
        L, K = (np.linalg.cholesky(smat(v, self.order)) for v in (s, u))
        left, self.middle, right = np.linalg.svd(K.mT @ L)
        root = np.sqrt(self.middle)
        self.R = (L @ right.mT) / root[:, None, :]
        self.inverse = left.mT @ K.mT / root[:, :, None]
        self.shadow = svec((self.R / self.middle[:, None, :]) @ self.R.mT)
        logs = [np.log(np.diagonal(F, axis1=1, axis2=2)).sum(axis=1) for F in (K, L)]
        self.level = np.exp(2.0 * (logs[0] - logs[1]) / self.order)

    def turn(self, rows):
        return rows.by(self._transform)

    def _transform(self, group, values):
        """R^-1 V R^-T of every column V; of one that is zero but for a few rows from those alone."""
        if self.order <= SMALL:
            inverse = self.inverse[group]
            return svec(inverse @ smat(values.T, self.order) @ inverse.mT).T
        if self.parts is None:
            self.parts = _parts(smat(values.T, self.order))
        products = np.empty((group.size, self.order, self.order))
        for k, (rows, part) in enumerate(self.parts):
            inverse = self.inverse[group[k]]
            np.matmul(inverse[:, rows], part @ inverse.T, out=products[k])
        return svec(products).T

    def weigh(self, v):
        return svec(self.inverse @ smat(v, self.order) @ self.inverse.mT)

    def weigh_back(self, v):
        return svec(self.inverse.mT @ smat(v, self.order) @ self.inverse)

    def weight(self):
        return self.level

    def aim(self, goal, ds, du):
        aim = goal * self.shadow - self.s
        if ds is None:
            return aim
        a, b = self._scaled(ds, du)
        product = a @ b
        product = (product + product.mT) / (self.middle[:, :, None] + self.middle[:, None, :])
        return aim - svec(self.R @ product @ self.R.mT)

    def reach(self, ds, du):
        root = np.sqrt(self.middle)
        both = root[:, :, None] * root[:, None, :]
        falls = [-float(np.linalg.eigvalsh(move / both).min(initial=0.0)) for move in self._scaled(ds, du)]
        return tuple(1.0 if fall <= 1.0 else 1.0 / fall for fall in falls)

    def _scaled(self, ds, du):
        ds, du = smat(ds, self.order), smat(du, self.order)
        return self.inverse @ ds @ self.inverse.mT, self.R.mT @ du @ self.R


def _parts(matrices):
    """(rows, matrix[rows]) of each, the rows that are not zero."""
    filled = matrices.any(axis=2)
    return [(np.flatnonzero(rows), matrix[rows]) for rows, matrix in zip(filled, matrices, strict=True)]
