"""Presolve: sparse linear and quadratic programs made smaller before they are solved, and their solutions made whole.

A stack of reductions (fixed columns, rows that are bounds, redundant, forcing and duplicate rows, slack columns), each
of which can take a point with its multipliers, a certificate or a direction back one step. The classic is Andersen &
Andersen, Presolving in linear programming, Math. Program. 71 (1995). Nothing that is said of a problem rests on it:
what comes back is measured, and checked, by the engine on the problem as it was given.
"""

from .solve import solve

__all__ = ["solve"]
