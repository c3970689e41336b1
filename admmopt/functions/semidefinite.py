"""The cone of positive semidefinite matrices."""

from __future__ import annotations

from dataclasses import dataclass, field

from .base import Array, namespace
from .cones import Cone
from .jacobian import ones_where
from .jacobian_spectral import symmetric_jacobian
from .svec import smat, svec, svec_size


@dataclass(eq=False)
class PSDCone(Cone):
    """Symmetric positive semidefinite matrices of the given order, in `svec` form; `count` of them.
    The projection sets negative eigenvalues to zero."""

    count: int
    order: int
    dim: int = field(init=False)

    def __post_init__(self):
        self.dim = svec_size(self.order)

    def _project(self, v: Array) -> tuple[Array, Array, Array]:
        """The eigenvalues and eigenvectors of v, and the eigenvalues of its projection."""
        xp = namespace(v)
        eigenvalues, vectors = xp.linalg.eigh(smat(v.reshape(self.count, self.dim), self.order))
        return eigenvalues, vectors, xp.where(eigenvalues > 0, eigenvalues, xp.zeros_like(eigenvalues))

    def project(self, v: Array) -> Array:
        _, vectors, kept = self._project(v)
        return svec((vectors * kept[:, None, :]) @ vectors.mT).reshape(-1)

    def prox_jacobian(self, v: Array, t: Array):
        eigenvalues, vectors, kept = self._project(v)
        return symmetric_jacobian(vectors, eigenvalues, kept, ones_where(kept > 0, kept))

    def describe(self) -> str:
        return f"PSDCone({self.count} of order {self.order})"
