"""The few choices of a solve; each default was measured on the open Maros-Meszaros and Netlib sets."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Settings:
    """eps: tolerance on every relative residual; time_limit: seconds, checked at fixed iteration counts.

    memory: differences kept by Anderson acceleration (0: none); relaxation: alpha of the over-relaxed step where
    nothing accelerates it. An accelerated step is better not relaxed (semidefinite programs take half the iterations,
    linear and quadratic ones as many as relaxed), and Halpern's iteration reflects a linearized one by itself;
    check_every: most iterations between two looks at the residuals; certainty: a certificate must exclude every point
    within this many times the size of the iterate; finish: let Newton's method end what the iteration
    began, semismooth or, for piecewise quadratic problems and cones, of an interior point.
    """

    eps: float = 1e-6
    max_iterations: int = 100_000
    time_limit: float | None = None
    relaxation: float = 1.6
    memory: int = 10
    check_every: int = 25
    certainty: float = 1e6
    finish: bool = True

    def __post_init__(self):
        if not isinstance(self.eps, int | float) or not 0 < self.eps < 1:
            raise ValueError(f"eps must lie between 0 and 1, got {self.eps!r}.")
        if self.max_iterations < 1:
            raise ValueError(f"max_iterations must be at least 1, got {self.max_iterations!r}.")
        if self.time_limit is not None and self.time_limit <= 0:
            raise ValueError(f"time_limit must be positive (seconds), got {self.time_limit!r}.")
        if not 0 < self.relaxation < 2:
            raise ValueError(f"relaxation must lie between 0 and 2, got {self.relaxation!r}.")
        if not isinstance(self.finish, bool):
            raise ValueError(f"finish must be True or False, got {self.finish!r}.")
