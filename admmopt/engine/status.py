"""A status is a promise; each value carries the sentence that a person reads."""

from __future__ import annotations

from enum import StrEnum


class Status(StrEnum):
    """How a solve ended. Compares equal to its string: ``solution.status == "optimal"``."""

    OPTIMAL = "optimal"
    INFEASIBLE = "infeasible"
    UNBOUNDED = "unbounded"
    LOCAL = "local"
    LIMIT = "limit"
    INACCURATE_BACKEND = "inaccurate_backend"

    @property
    def sentence(self) -> str:
        return _SENTENCES[self]


_SENTENCES = {
    Status.OPTIMAL: "Optimal: primal, dual and gap residuals are below the tolerance on the original problem.",
    Status.INFEASIBLE: "Infeasible: a certificate that no point satisfies the constraints is attached and was checked.",
    Status.UNBOUNDED: "Unbounded: a direction along which the objective falls forever is attached and was checked.",
    Status.LOCAL: "Local: a nonconvex problem stopped at a stationary point; better points may exist.",
    Status.LIMIT: "Limit: iterations or time ran out, or the solve was interrupted; the best iterate is attached.",
    Status.INACCURATE_BACKEND: "Inaccurate backend: it could not solve the systems as accurately as eps needs.",
}
