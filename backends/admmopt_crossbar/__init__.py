"""The memristor crossbar backend: its place in the list of backends, until the simulator arrives."""

from __future__ import annotations

from admmopt.backend_api import BackendError, Capabilities

__all__ = ["Crossbar"]


class Crossbar:
    """Not usable yet: `available` says so, and nothing else is offered."""

    name = "crossbar"
    capabilities = Capabilities(exact=False, refactor=False, matrix_free=False, summary="memristor crossbar simulator")

    @classmethod
    def available(cls) -> tuple[bool, str]:
        return False, "the crossbar simulator is not part of this release yet"

    @classmethod
    def from_name(cls, detail: str) -> Crossbar:
        raise BackendError(f"backend 'crossbar' is not available here: {cls.available()[1]}.")
