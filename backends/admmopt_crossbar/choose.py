"""Which form goes on the arrays, and with how many slices: positive definite ones first, then the KKT matrix."""

from __future__ import annotations

import numpy as np

from admmopt.backend_api import BackendError, System

from .array import check_bank, count_arrays
from .certificate import GOOD, MOST_SLICES, Certificate, Inverse, certify
from .forms import DENSE, FORMS, Form
from .krylov import STEPS
from .parts import Parts, take_apart

WORTH = 0.8  # factor on the contraction for which a slice more is worth its arrays


def choose(system: System, design, without: tuple[str, ...] = ()) -> tuple[Form, Certificate, str]:
    """The cheapest form that refinement converges on, its certificate, and why; `without`: forms that failed already.

    Raises BackendError where none is left, where one needs more arrays than there are, or cannot be stated.
    """
    parts = take_apart(system)
    forms: list[Form] = [FORMS[name](parts, system) for name in candidates(parts, design) if name not in without]
    if not forms:
        raise BackendError(f"no form of the system is left to try; {', '.join(without)} failed.")
    cheapest: tuple[tuple[float, bool, bool, float], Form, Certificate] | None = None
    for form in sorted(forms, key=lambda form: cells(form, design, 1)):
        if cheapest is not None and cheapest[0][0] <= cells(form, design, 1):
            break  # it could not be cheaper: what it costs to certify a large form is saved
        certificate = with_slices(form, design)
        room = fits(form, certificate, design)
        cost = price(form, certificate, design) if room else np.inf
        # of forms without a price, the one that comes nearest
        rank = cost, certificate.hopeless, not room, certificate.contraction
        if cheapest is None or rank < cheapest[0]:
            cheapest = rank, form, certificate
    _, form, certificate = cheapest
    chosen = design.with_slices(certificate.slices)
    check_bank(count_arrays(form.off, chosen), chosen)
    return form, certificate, f"order {form.size}, {certificate.sentence}"


def candidates(parts: Parts, design) -> list[str]:
    """Names of the forms to look at."""
    sizes = {"reduced": parts.n, "dual": parts.index.size, "kkt": parts.n + parts.index.size}
    if design.form != "auto":
        if design.form == "dual" and (parts.P is not None or not parts.index.size):
            raise BackendError(
                "form 'dual' needs a diagonal quadratic and rows that couple unknowns; this problem "
                + ("has a quadratic that is not diagonal." if parts.P is not None else "has no such rows.")
            )
        return [design.form]
    names = ["reduced"]
    if parts.index.size:
        names = ["reduced", "kkt"] if parts.P is not None else ["dual", "reduced", "kkt"]
    # what is multiplied out is dense; a KKT matrix is not multiplied out, but its circuit is
    small = [name for name in names if sizes[name] <= DENSE or (name == "kkt" and design.mode == "mvm")]
    if not small:
        raise BackendError(
            f"a system with {min(sizes[name] for name in names)} unknowns is larger than what this simulation holds "
            f"({DENSE}), " + ("also as sparse products." if design.mode == "mvm" else "unless mode='mvm'.")
        )
    return small


def with_slices(form: Form, design, first: int = 1) -> Certificate:
    """The certificate with the slices that the design names or, "auto", with as many as a step needs to contract well,
    `first` at least; none that gains little, as where converters are what limits."""
    inverse = Inverse(form.off, form.d)
    if design.slices != "auto" or not design.refine:
        return certify(form, design, first if design.slices == "auto" else design.slices, inverse)
    best = certify(form, design, first, inverse)
    for slices in range(first + 1, MOST_SLICES + 1):
        if best.contraction < GOOD:
            break
        more = certify(form, design, slices, inverse)
        if more.contraction < WORTH * best.contraction:
            best = more
    return best


def cells(form: Form, design, slices: int) -> float:
    """Cells driven by one analog step."""
    arrays = count_arrays(form.off, design.with_slices(slices))
    return float(max(arrays, 1) * min(form.size, design.tile) ** 2)


def fits(form: Form, certificate: Certificate, design) -> bool:
    """Are there arrays enough?"""
    chosen = design.with_slices(certificate.slices)
    return design.bank is None or count_arrays(form.off, chosen) <= design.bank


def price(form: Form, certificate: Certificate, design) -> float:
    """Cells driven to bring a residual down tenfold; infinite where one step does not bring it down."""
    if not certificate.contraction < 1:
        return np.inf
    steps = max(np.log(0.1) / np.log(max(certificate.contraction, 1e-12)), 1.0)
    if design.mode == "mvm":  # products for one approximate solve: conjugate gradients, or their like without symmetry
        steps *= min(STEPS, np.sqrt(certificate.condition) if form.symmetric else certificate.condition)
    return steps * cells(form, design, certificate.slices)
