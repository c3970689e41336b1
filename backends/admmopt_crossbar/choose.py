"""Which form goes on the arrays, and with how many slices: positive definite ones first, then the KKT matrix."""

from __future__ import annotations

import numpy as np

from admmopt.backend_api import BackendError, System

from .array import check_bank, count_arrays
from .certificate import GOOD, MOST_SLICES, Certificate, Inverse, certify
from .forms import DENSE, FORMS, Form, Parts, take_apart
from .krylov import STEPS


def choose(system: System, design) -> tuple[Form, Certificate, str]:
    """The cheapest form that refinement converges on, its certificate, and why. Raises BackendError where it needs more
    arrays than there are, or cannot be stated."""
    parts = take_apart(system)
    found = []
    for name in candidates(parts, design):
        form = FORMS[name](parts, system)
        certificate = with_slices(form, design)
        found.append((price(form, certificate, design), form, certificate))
    best = min(cost for cost, *_ in found)
    _, form, certificate = next(item for item in found if item[0] == best)
    chosen = design.with_slices(certificate.slices)
    check_bank(count_arrays(form.off, chosen), chosen)
    return form, certificate, f"order {form.size}, {certificate.sentence}"


def candidates(parts: Parts, design) -> list[str]:
    """Names of the forms to look at, in order of preference."""
    sizes = {"reduced": parts.n, "dual": parts.index.size, "kkt": parts.n + parts.index.size}
    if design.form != "auto":
        if design.form == "dual" and (parts.P is not None or not parts.index.size):
            raise BackendError(
                "form 'dual' needs a diagonal quadratic and rows that couple unknowns; this problem "
                + ("has a quadratic that is not diagonal." if parts.P is not None else "has no such rows.")
            )
        return [design.form]
    names = (
        ["reduced"]
        if not parts.index.size
        else ["reduced", "kkt"]
        if parts.P is not None
        else ["dual", "reduced", "kkt"]
    )
    small = [name for name in names if name == "kkt" or sizes[name] <= DENSE]
    if design.mode == "inv" and min(sizes[name] for name in small) > DENSE:
        raise BackendError(
            f"a feedback circuit for {min(sizes[name] for name in small)} unknowns is more than the simulation holds "
            f"({DENSE}): use mode='mvm', which keeps matrices sparse."
        )
    return [name for name in small if design.mode == "mvm" or sizes[name] <= DENSE]


def with_slices(form: Form, design) -> Certificate:
    """The certificate with the slices that the design names or, "auto", the fewest with which a step contracts well."""
    inverse = Inverse(form.off, form.d)
    if design.slices != "auto" or not design.refine:
        return certify(form, design, 1 if design.slices == "auto" else design.slices, inverse)
    for slices in range(1, MOST_SLICES + 1):
        certificate = certify(form, design, slices, inverse)
        if certificate.contraction < GOOD:
            break
    return certificate


def price(form: Form, certificate: Certificate, design) -> float:
    """Cells driven to bring a residual down by a factor of ten; infinite where it never gets there."""
    if not certificate.contraction < 1:
        return np.inf
    steps = max(np.log(0.1) / np.log(max(certificate.contraction, 1e-12)), 1.0)
    if design.mode == "mvm":  # products for one approximate solve: conjugate gradients, or their like without symmetry
        steps *= min(STEPS, np.sqrt(certificate.condition) if form.symmetric else certificate.condition)
    return (
        steps
        * max(count_arrays(form.off, design.with_slices(certificate.slices)), 1)
        * min(form.size, design.tile) ** 2
    )
