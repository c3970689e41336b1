"""Console tables."""


def summary(solution) -> str:
    primal, dual, gap = solution.residuals.relative
    phases = ", ".join(f"{name} {seconds:.3g} s" for name, seconds in solution.timings.items())
    return (
        f"{solution.message or solution.status.sentence}\n"
        f"value {solution.value:.9g}; relative residuals: primal {primal:.1e}, dual {dual:.1e}, gap {gap:.1e}; "
        f"{solution.iterations} iterations; {phases}"
    )


def explanation(explained) -> str:
    lines = [f"{explained.unknowns} unknowns, {explained.rows} rows"]
    lines += [f"  f: {label}: {function} of {operator}" for label, function, operator in explained.terms]
    lines += [f"  q: {text}" for text in explained.quadratic]
    return "\n".join([*lines, f"system on {explained.backend}: {explained.system}"])
