"""The suites: which instances each has, and how one of them is run and graded."""

from __future__ import annotations

from ..problems import MORE, NINETEEN
from . import compile, conic, crossbar, lp, nineteen, paper, path, qp

ALONE = {"compile": compile, "crossbar": crossbar, "paper": paper, "path": path}  # a module each, with its NAMES
SUITES = ("nineteen", "more", "qp", "lp", "infeasible", *conic.FOLDERS, *ALONE)


def names(suite: str, data=None) -> list[str]:
    """The instances of a suite; MissingData where its data set is not there."""
    if suite in ("nineteen", "more"):
        return list(NINETEEN if suite == "nineteen" else MORE)
    if suite == "qp":
        return qp.names(data)
    if suite in ("lp", "infeasible"):
        return lp.names(suite, data)
    if suite in conic.FOLDERS:
        return conic.names(suite, data)
    return ALONE[suite].NAMES


def run(suite: str, name: str, options: dict) -> dict:
    """One instance, in this process."""
    if suite in ("lp", "infeasible"):
        return lp.run(suite, name, options)
    if suite in conic.FOLDERS:
        return conic.run(suite, name, options)
    modules = {"nineteen": nineteen, "more": nineteen, "qp": qp, **ALONE}
    return modules[suite].run(name, options)
