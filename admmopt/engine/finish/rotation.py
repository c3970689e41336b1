"""Rows turned so that the Jacobians of small groups become diagonal.

A Newton matrix holds A_g' W_g A_g for every group g of rows, W_g = rho_g (I - J_g). With W_g = U diag(w) U' that is
(U'A_g)' diag(w) (U'A_g): rows with weights again, as in any `System`, of one sparsity pattern for all U. So a step of
Newton's method is one sparse factorization where groups are small, as those of exponential, power and many second-order
cones are, and needs no conjugate gradients.
"""

from __future__ import annotations

from functools import cached_property

import numpy as np
import scipy.sparse as sp

from ...backend_api import System
from ...functions.jacobian import Blocks, Jacobian, diagonal
from ...operators import Operator, Stack
from ..standard import Standard
from ..turned import Turned, each_by

LARGEST = 8  # rows of a group that are turned: each of them gets the entries of all
ROUNDING = 1e-13  # share of a row's weight that counts as none


class Rotation:
    """The rows of a problem with those of its small groups turned. `complete`: are all Jacobians diagonal then?"""

    def __init__(self, standard: Standard, kinds: list):
        """kinds: Jacobians of all functions, at any point."""
        self.standard = standard
        matrices = [
            block.entries() if _small(kind) else None for kind, block in zip(kinds, standard.A.blocks, strict=True)
        ]
        self.matrices = {i: matrix for i, matrix in enumerate(matrices) if sp.issparse(matrix)}
        self.dims = {i: kinds[i].dim for i in self.matrices}
        self.complete = all(i in self.matrices for i, kind in enumerate(kinds) if isinstance(kind, Jacobian))

    def __bool__(self):
        return bool(self.matrices)

    @property
    def key(self) -> tuple:
        """What a solver that was prepared for these rows depends on, beside the rows."""
        return tuple(self.dims.items())

    @cached_property
    def turned(self) -> dict[int, Turned]:
        return {i: Turned(sp.csr_array(matrix), self.dims[i]) for i, matrix in self.matrices.items()}

    def system(self, rho: np.ndarray, sigma: np.ndarray) -> System:
        """The system of these rows, not turned yet, but with all entries that they may have."""
        s = self.standard
        blocks = [turned.plain if (turned := self.turned.get(i)) else block for i, block in enumerate(s.A.blocks)]
        return System(s.P, s.F, s.weight, Stack(blocks, s.n), sigma, rho)

    def turn(self, jacobians: list) -> tuple[Stack, np.ndarray]:
        """(A, share): the rows turned to the eigenvectors of these Jacobians, and the eigenvalues of I - J (m,); of
        groups that are not turned its diagonal."""
        blocks: list[Operator] = []
        share = np.empty(self.standard.m)
        for i, ((rows, jacobian), block) in enumerate(zip(jacobians, self.standard.A.blocks, strict=True)):
            turned = self.turned.get(i)
            if turned is None:
                share[rows] = 1.0 - diagonal(jacobian)
                blocks.append(block)
            else:
                share[rows], vectors = eigen(jacobian)
                blocks.append(turned.by(each_by(vectors.swapaxes(1, 2))))
        return Stack(blocks, self.standard.n), share


def _small(kind) -> bool:
    return isinstance(kind, Blocks) and kind.dim <= LARGEST


def eigen(jacobian: Blocks) -> tuple[np.ndarray, np.ndarray]:
    """Eigenvalues (count * dim,) and eigenvectors (count, dim, dim), in columns, of I - J, group by group."""
    u, c = jacobian.vectors, jacobian.coefficients
    rest = -np.einsum("gk,gki,gkj->gij", c, u, u)
    index = np.arange(jacobian.dim)
    rest[:, index, index] += 1.0 - jacobian.base
    values, vectors = np.linalg.eigh(rest)
    values = np.where(values > ROUNDING, np.minimum(values, 1.0), 0.0)
    return values.reshape(-1), vectors
