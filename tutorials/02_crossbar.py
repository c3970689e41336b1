# ---
# jupyter:
#   jupytext:
#     formats: ipynb,py:percent
#     text_representation:
#       extension: .py
#       format_name: percent
#   kernelspec:
#     display_name: Python 3 (ipykernel)
#     language: python
#     name: python3
# ---

# %% [markdown]
# # Optimization on a memristor crossbar
#
# A **crossbar** is a grid of wires with a programmable resistor in each crossing. Put voltages $v$ on the wires of one
# direction, and the currents on the other wires are $y = G v$: Ohm's law multiplies, Kirchhoff's law adds, for the
# whole matrix of conductances $G$ at once. With an amplifier that feeds each output back to an input, the same grid
# settles at the $v$ for which $G v = i$: it solves a linear system.
#
# **ADMM** (see [First steps](01_first_steps.ipynb)) solves one linear system in every iteration, and the matrix stays
# the same. So the matrix is written into the cells once, and the iterations only send voltages through it. That is the
# idea of Liu, Wang, Fardad and Varshney (2018). The question of this notebook is the one that comes next: real cells
# are off by one, two, five percent. *What does that do to the answer, and what does the answer cost?*
#
# The hardware is a simulation, and everything below is asked of two real problems, a lasso and a linear program.

# %%
import json
from itertools import combinations, pairwise

import cvxpy as cp
import matplotlib.pyplot as plt
import numpy as np
from scipy.linalg import expm
from sklearn.datasets import load_diabetes, load_digits, load_wine
from sklearn.preprocessing import StandardScaler

import admmopt as ao
from admmopt.backend_api import BackendError
from admmopt.operators import Dense
from admmopt_crossbar import Circuit, Crossbar, Device, Generic, Stuck
from admmopt_crossbar.energy import PRESETS
from admmopt_crossbar.presets import names as device_names
from admmopt_crossbar.report import si
from admmopt_crossbar.table import Table

BLUE, ORANGE, GREEN, GREY = "#0072b2", "#d55e00", "#009e73", "#7f7f7f"


def plain_axes(axes, title, **labels):
    axes.set_title(title, loc="left", fontsize=10)
    axes.set(**labels)
    axes.spines[["top", "right"]].set_visible(False)


# %% [markdown]
# ## 1. A lasso on an RRAM device
#
# The diabetes data of the first notebook, this time with all products of two measurements and all squares: the 64
# predictors of Efron, Hastie, Johnstone and Tibshirani (2004). They are strongly related to each other, which is what
# makes the problem hard for a machine with errors.

# %%
data = load_diabetes()
single = StandardScaler().fit_transform(data.data)
pairs = [single[:, i] * single[:, j] for i, j in combinations(range(10), 2)]
squares = [single[:, i] ** 2 for i in range(10) if data.feature_names[i] != "sex"]  # sex has two values only
A = StandardScaler().fit_transform(np.column_stack([single, *pairs, *squares]))
b = StandardScaler().fit_transform(data.target[:, None]).ravel()
patients, features = A.shape
print(f"{patients} patients, {features} predictors, condition number of A'A: {np.linalg.cond(A) ** 2:.1e}")

x = cp.Variable(features, name="x")
lasso = cp.Problem(cp.Minimize(cp.sum_squares(A @ x - b) / (2 * patients) + 0.05 * cp.norm1(x)))

digital = ao.solve(lasso)
x_digital = x.value
print(f"digital: {digital.status}, value {digital.value:.9f}, {digital.iterations} iterations")

# %% [markdown]
# On the crossbar, only the word `backend` is new. `"rram-milo"` is a device: oxide RRAM of 50 to 225 µS, with the
# programming errors that Milo et al. measured in 2021. (`warm_start=False`, so that it does not start from the digital
# answer.)

# %%
analog = ao.solve(lasso, backend=Crossbar("rram-milo"), warm_start=False)
x_analog = x.value
print(f"analog:  {analog.status}, value {analog.value:.9f}, {analog.iterations} iterations")
print(f"largest difference between the two solutions: {np.abs(x_analog - x_digital).max():.1e}")


# %% [markdown]
# The same answer, in a few more iterations (the digital solve ended with Newton's method), from cells whose errors are
# some two percent of their range. Before we believe that, two looks behind it: what the hardware reports, and what
# happens without the help that it got.
#
# ## 2. Reading the report

# %%
report = analog.backend_report
print(report)

# %% [markdown]
# From top to bottom:
#
# - **What stands on the arrays.** *reduced* is the matrix $A^T A + \rho I$ of ADMM's linear system, scaled; *order* is
#   its size. A signed number takes two cells ($G^+ - G^-$), hence arrays come in pairs; a *slice* is one such pair.
#   With two slices, the second pair holds what the first one missed, as measured after writing. The diagonal is not on
#   the arrays: it sits in dedicated conductances, so that a new penalty $\rho$ costs no writes.
# - **Contraction.** One analog solve and one exact residual, computed digitally, make a *refinement step*. It
#   multiplies the error by this factor. It was predicted before a single cell was written, and measured afterwards.
# - **Error budget.** The same factor by cause: programming of the cells, converters (DAC and ADC), voltage drop in the
#   wires. They add up in squares. Here is where you see which component to improve.
# - **Work**: linear systems that ADMM asked for, analog steps that it took.
# - **Circuits**: how long the amplifiers need to settle. This is not a clock cycle that someone chose: it follows from
#   the matrix (section 5).
# - **Energy and latency**, under five published price lists; the star marks the one that `energy=` names. *Digital* and
#   *break-even* compare with a computer that factorizes the matrix once (section 7).
#
# The picture shows the cells themselves, the error budget, and the energy; the black marks are the computer's.

# %%
report.plot()

# %% [markdown]
# All of it is also data: the report is a `dict`, ready for JSON.

# %%
for key in ("contraction", "slices", "steps", "settling", "energy", "latency"):
    print(f"{key:12s} {report[key]}")
print("energy_by_part", {part: si(joules, "J") for part, joules in report["energy_by_part"].items()})

# %% [markdown]
# ## 3. Why the naive mapping fails
#
# Now without help: one pair of arrays, and whatever the circuit gives is taken for the solution of the linear system.

# %%
naive = ao.solve(lasso, backend=Crossbar("rram-milo", refine=False), warm_start=False, max_iterations=400)
x_naive = x.value
print(naive)
print(f"\nrelative error of the coefficients: {np.linalg.norm(x_naive - x_digital) / np.linalg.norm(x_digital):.0%}")

# %%
figure, panels = plt.subplots(2, 1, figsize=(8.5, 4.6), sharex=True, layout="constrained")
numbers = np.arange(features)
for axes, values, title in (
    (panels[0], x_analog, "refined: on top of the digital solution"),
    (panels[1], x_naive, "naive: the same device, the same problem"),
):
    axes.vlines(numbers, 0, x_digital, color="#cccccc", linewidth=5, label="digital")
    axes.plot(numbers, values, "o", markersize=4, color=BLUE if values is x_analog else ORANGE, label="crossbar")
    axes.axhline(0, color=GREY, linewidth=0.8)
    plain_axes(axes, title, ylabel="coefficient")
    axes.legend(frameon=False, fontsize=8, loc="upper right", ncols=2)
panels[1].set_xlabel("predictor")
plt.show()

# %% [markdown]
# The solver does not call this `optimal`: the residuals are measured on the original problem, digitally, so that a bad
# machine cannot talk itself good. But why do errors of two percent in the cells make so much more of the answer?
# Because the error of a linear system is that of the matrix *times the condition number*, at worst. In numbers, for a
# matrix like that of the report, scaled to a unit diagonal:

# %%
rng = np.random.default_rng(0)
H = A.T @ A / patients + 0.1 * np.eye(features)
M = H / np.sqrt(np.outer(np.diag(H), np.diag(H)))
print(f"condition number {np.linalg.cond(M):.0f}")


def written(M, error):
    """M as it stands on a device whose cells are off by `error` times its largest off-diagonal entry."""
    off = M - np.diag(np.diag(M))
    return M + error * np.abs(off).max() * rng.standard_normal(M.shape) * (off != 0)


exact = rng.standard_normal(features)
for error in (0.001, 0.003, 0.01, 0.025):
    off = np.linalg.solve(written(M, error), M @ exact) - exact
    print(f"cells off by {error:5.1%}: solution off by {np.linalg.norm(off) / np.linalg.norm(exact):7.1%}")

# %% [markdown]
# ## 4. Refinement
#
# The remedy is older than memristors. Let the inaccurate machine solve, compute *exactly* what is missing, let it solve
# for that, and add:


# %%
def refine(M, b, approximate, steps):
    """Returns the relative residuals."""
    u, sizes = np.zeros_like(b), []
    for _ in range(steps):
        residual = b - M @ u  # digital, exact
        sizes.append(np.linalg.norm(residual) / np.linalg.norm(b))
        u = u + approximate(residual)  # analog, a few digits at best
    return sizes


figure, axes = plt.subplots(figsize=(7.2, 3.6), layout="constrained")
for error, color in ((0.001, BLUE), (0.003, GREEN), (0.01, ORANGE), (0.025, GREY)):
    wrong = np.linalg.inv(written(M, error))
    factor = np.abs(np.linalg.eigvals(np.eye(features) - M @ wrong)).max()
    sizes = refine(M, M @ exact, lambda r, wrong=wrong: wrong @ r, 25)
    axes.semilogy(sizes, "o-", markersize=3, color=color, label=f"cells off by {error:.1%}: contraction {factor:.2f}")
plain_axes(axes, "A fixed factor per step, down to rounding, or nothing at all", ylabel="relative residual")
axes.set(xlabel="refinement step", ylim=(1e-17, 1e4))
figure.legend(frameon=False, fontsize=8, loc="outside right center")
plt.show()

# %% [markdown]
# Each step multiplies the error by the *contraction*, the spectral radius of $I - M \tilde M^{-1}$. Below one, the
# errors of the device decide how *long* it takes, and not how *accurate* the answer is. Above one, nothing is gained.
#
# The backend does this with two improvements. It keeps the directions that it has tried and combines them in the best
# way (a Krylov method), which gains something even where the plain loop diverges. And ADMM pays for most of it: the
# right-hand side moves little from one iteration to the next, so that a step or two from the last solution are enough.
# Where the factor is too close to one, a slice is added.
#
# All this is only useful if the contraction is known beforehand. The **certificate** predicts it from the matrix and
# the laws of the device, before anything is written. Here it is for every device that comes with the library, with as
# many slices as it asks for, and, as a second try, with a single one. (`form="reduced"` only saves the time of looking
# at other forms of the system; it is the one that was chosen above.)

# %%
predicted, measured, refused = {"auto": [], 1: []}, {"auto": [], 1: []}, []
lines = [f"{'device':17s} slices  predicted  measured  steps  iterations   energy  difference from digital"]
for name in device_names():
    for slices in ("auto", 1):
        backend = Crossbar(name, form="reduced", slices=slices)
        try:
            solution = ao.solve(lasso, backend, warm_start=False)
        except BackendError as refusal:
            refused.append(f"{name}, slices={slices}: {refusal}")
            continue
        r = solution.backend_report
        predicted[slices].append(r["certificate"]["contraction"])
        measured[slices].append(r["contraction"])
        if slices == "auto":
            lines.append(
                f"{name:17s} {r['slices']:6d}  {predicted['auto'][-1]:9.2f}  {measured['auto'][-1]:8.2f}  "
                f"{r['steps']:5d}  {solution.iterations:10d}  {si(r['energy'], 'J'):>7s}  "
                f"{np.abs(x.value - x_digital).max():.0e}"
            )
print("\n".join(lines))

# %%
figure, axes = plt.subplots(figsize=(4.6, 4.2), layout="constrained")
ends = np.array([0.01, 10.0])
axes.fill_between(ends, ends / 2, ends * 2, color="#ececec", linewidth=0, label="within a factor of two")
axes.loglog(ends, ends, color=GREY, linewidth=1)
axes.axhline(1, color=GREY, linewidth=0.8, linestyle=(0, (5, 3)))
axes.loglog(predicted["auto"], measured["auto"], "o", color=BLUE, markersize=5, alpha=0.8, label='slices="auto"')
axes.loglog(predicted[1], measured[1], "s", color=ORANGE, markersize=7, mfc="none", label="slices=1")
axes.set(xlim=ends, ylim=ends)
plain_axes(axes, "Contraction per refinement step", xlabel="predicted by the certificate", ylabel="measured")
axes.legend(frameon=False, fontsize=8, loc="upper left")
plt.show()

# %% [markdown]
# Very different devices get to the same answer. What differs is how many slices, how many steps and how much energy
# that took. And where a device cannot do it, it is refused, with the reason, and not used:

# %%
print(f"{len(refused)} of {2 * len(device_names())} tries were refused, for example\n")
for sentence in (refused[0], refused[-1]):
    print(sentence, "\n")

# %% [markdown]
# ## 5. A linear program, and a matrix that no circuit can invert
#
# The wine data: 13 measurements on 178 wines from three cultivars. We want to *blend*: take a share of each wine so
# that the blend looks like the third cultivar in twelve measurements, up to a quarter of a standard deviation, and has
# as many flavanoids as possible in the thirteenth. Shares are nonnegative and add up to one, so this is a linear
# program,
#
# $$\text{minimize} \quad c^T x \quad \text{subject to} \quad G x = h, \quad l \le x \le u.$$

# %%
wine = load_wine()
Z = StandardScaler().fit_transform(wine.data).T
goal = wine.feature_names.index("flavanoids")
others = np.delete(np.arange(13), goal)
target = Z[:, wine.target == 2].mean(axis=1)
wines, slack = Z.shape[1], 0.25

G = np.block([[np.ones((1, wines)), np.zeros((1, 12))], [Z[others], -np.eye(12)]])
h = np.concatenate([[1.0], target[others]])
c = np.concatenate([-Z[goal], np.zeros(12)])
lower = np.concatenate([np.zeros(wines), np.full(12, -slack)])
upper = np.concatenate([np.ones(wines), np.full(12, slack)])

mix = cp.Variable(wines + 12, bounds=[lower, upper])
blend = cp.Problem(cp.Minimize(c @ mix), [G @ mix == h])
best = ao.solve(blend, eps=1e-9).value
solution = ao.solve(blend, backend=Crossbar("rram-milo"), warm_start=False)
shares = mix.value[:wines]
print(f"digital {best:.7f}, crossbar {solution.value:.7f} ({solution.status}, {solution.iterations} iterations)")
flavanoids = wine.data[:, goal]
print(f"flavanoids: cultivar {flavanoids[wine.target == 2].mean():.2f}, blend {flavanoids @ shares:.2f}")
used = np.flatnonzero(shares > 1e-3)
print("shares:", ", ".join(f"{shares[i]:.1%} of wine {i} (cultivar {wine.target[i]})" for i in used))

# %% [markdown]
# The paper writes the linear system of this problem as $\begin{pmatrix} \rho I & G^T \\ G & 0 \end{pmatrix}$. It can be
# asked for by name:

# %%
try:
    ao.solve(blend, backend=Crossbar("rram-milo", form="raw-kkt"), warm_start=False)
except BackendError as refusal:
    print(refusal)

# %% [markdown]
# It is not the errors of the device, it is the sign. Each amplifier pushes its output against the error that it sees.
# With the matrix above, one direction for each row of $G$ is pushed the wrong way: its eigenvalue is negative, and a
# deviation grows. Multiply the second row of blocks by $-1$, and the solution is the same, but every eigenvalue has a
# positive real part, $\tfrac12 (\rho \pm \sqrt{\rho^2 - 4 \sigma_i^2})$ for each singular value $\sigma_i$ of $G$. We
# build both matrices and let both circuits run. With $d_i$ the sum of the conductances at the input of amplifier $i$
# and $\omega_0$ the frequency at which its gain has dropped to one, they follow $\dot v = -\omega_0 D^{-1} (M v - b)$.

# %%
rho, S = 1.0, G / np.linalg.norm(G, 2) * 1.5  # scaled, so that both halves of the matrix are of one size
order = S.shape[1] + S.shape[0]
circuits = {
    "as in the paper": np.block([[rho * np.eye(S.shape[1]), S.T], [S, np.zeros((13, 13))]]),
    "second rows flipped": np.block([[rho * np.eye(S.shape[1]), S.T], [-S, np.zeros((13, 13))]]),
}
radians = Circuit().radians  # 100 MHz
figure, (plane, course) = plt.subplots(1, 2, figsize=(9.4, 3.7), layout="constrained")
plane.axvspan(-1.4, 0.0, color="#f7e3d8", linewidth=0)
plane.annotate("unstable", (-1.3, 1.45), fontsize=8, color=ORANGE)
for (name, K), color, marker in zip(circuits.items(), (ORANGE, BLUE), "xo", strict=True):
    rates = np.diag(1 / (np.abs(K).sum(axis=1) + 1)) @ K
    eigenvalues = np.linalg.eigvals(K)
    plane.plot(eigenvalues.real, eigenvalues.imag, marker, color=color, mfc="none", markersize=5, label=name)
    solution_v = np.linalg.solve(K, np.ones(order))
    one_step, error, sizes = expm(-radians * rates * 10e-9), -solution_v, []
    while len(sizes) < 300 and np.linalg.norm(error) < 1e6 * np.linalg.norm(solution_v):  # 10 ns a step, from v = 0
        sizes.append(np.linalg.norm(error) / np.linalg.norm(solution_v))
        error = one_step @ error
    course.semilogy(0.01 * np.arange(len(sizes)), sizes, color=color, linewidth=1.8, label=name)
    print(f"{name:20s} least real part of an eigenvalue {eigenvalues.real.min():7.3f}")
plain_axes(plane, "Eigenvalues", xlabel="real part", ylabel="imaginary part", xlim=(-1.4, 2.4), ylim=(-1.7, 1.7))
plain_axes(course, "Distance from the solution", xlabel="µs after switching on", xlim=(0, 3), ylim=(1e-9, 1e6))
plane.legend(frameon=False, fontsize=8, loc="lower right")
course.legend(frameon=False, fontsize=8)
plt.show()

# %% [markdown]
# One circuit runs into its supply voltage, the other settles. Two things follow, and the backend does both. It *chooses
# the form of the system* with the circuit in mind: positive definite ones (`reduced`, `dual`) or the flipped matrix
# (`kkt`), never the raw one. And it checks the circuit *as it was programmed*, errors included, before it uses it.
#
# The picture also shows what "solves in one step" means: the time is set by the eigenvalue of $D^{-1} M$ with the
# smallest real part. It grows as the condition number does. For the blend, the report says

# %%
r = solution.backend_report
print(f"{r['form']}, order {r['order']}: settles in {si(r['settling'], 's')}; {r['reason']}")

# %% [markdown]
# ## 6. Solving or multiplying
#
# A matrix that the circuit cannot invert can still be *multiplied* by. `mode="mvm"` uses the arrays for products only
# and solves with conjugate gradients (or their like for matrices that are not symmetric). No feedback, no stability to
# worry about, any form goes, but converters at both ends of every product.

# %%
lines = [f"{'':5s} {'inversions':>10s} {'products':>9s} {'ADC':>9s} {'energy':>9s} {'latency':>9s}  energy by part"]
for mode in ("inv", "mvm"):
    solution = ao.solve(lasso, Crossbar("rram-milo", mode, form="reduced"), warm_start=False)
    r, counts = solution.backend_report, solution.backend_report["counts"]["solve"]
    parts = ", ".join(f"{part} {si(joules, 'J')}" for part, joules in r["energy_by_part"].items() if joules)
    lines.append(
        f"{mode:5s} {counts['inversions']:10d} {counts['products']:9d} {counts['adc']:9d} "
        f"{si(r['energy'], 'J'):>9s} {si(r['latency'], 's'):>9s}  {parts}"
    )
print("\n".join(lines))

# %% [markdown]
# The feedback circuit converts each number once, and then conducts until it has settled: that is where its energy goes.
# The multiplying arrays conduct for 10 ns at a time, many times, with conversions before and after each. Which of the
# two is better is no law: it changes with the conductances of the device, the condition of the matrix, and prices.
#
# ## 7. What it costs
#
# Public simulators do not agree on what a component takes; for an analog-to-digital conversion, not by far. So the same
# counts are priced with five lists, and the star in the report is only the one that `energy="isaac"` names.

# %%
conversions = {name: model.adc_joules.at(8) for name, model in PRESETS.items()}
print("an 8-bit conversion:", ", ".join(f"{name} {si(joules, 'J')}" for name, joules in conversions.items()))
print(f"the largest over the smallest: {max(conversions.values()) / min(conversions.values()):.0f}\n")

r = analog.backend_report
parts = ["array", "amplifiers", "dac", "adc", "digital"]
print(f"{'':15s}" + "".join(f"{part:>12s}" for part in [*parts, "sum", "latency"]))
for name, row in r["presets"].items():
    amounts = [si(row["energy_by_part"][part], "J") for part in parts]
    print(f"{name:15s}" + "".join(f"{a:>12s}" for a in [*amounts, si(row["energy"], "J"), si(row["latency"], "s")]))
print(f"\nwriting the arrays: {si(r['programming']['energy'], 'J')}, {si(r['programming']['latency'], 's')}")
print(f"of the latency, in the arrays: {si(r['counts']['solve']['analog_seconds'], 's')}")

# %% [markdown]
# The latency is that of one multiply-add after the other, a nanosecond each: what is digital here takes most of it. Is
# that much energy? The rival is a computer that factorizes the matrix once, keeps the factor, and uses it in every
# iteration, as `backend="cpu"` does. In the prices of the same list:

# %%
digital_solve, analog_solve = r["digital"]["solve"], r["energy_per_solve"]
residuals = r["energy_by_part"]["digital"] / r["solves"]
print(f"a digital solve, with the factor at hand   {si(digital_solve, 'J')}")
print(f"a solve on the arrays                      {si(analog_solve, 'J')}")
print(f"   of which digital: residuals and vectors {si(residuals, 'J')}")
print(f"break-even: {r['break_even'].split(':')[0]}")

# %% [markdown]
# Usually it is *never*, and the third line says why. An exact residual is a product with the matrix, $n^2$
# multiplications, and a solve with a cached factor is $n^2$ multiplications too. Refinement buys the accuracy with just
# the operations that the array was meant to save, and what the arrays take comes on top.
#
# Does it get better with another device? The array's share goes with the conductance of its cells, so look at one of a
# few nanosiemens, and at cells without errors:

# %%
lines = []
for name in ("rram-milo", "pcm-joshi", "ag-asi", "ideal"):
    r = ao.solve(lasso, Crossbar(name, form="reduced"), warm_start=False).backend_report
    each = {part: r["energy_by_part"][part] / r["solves"] for part in ("array", "amplifiers", "digital")}
    shown = ", ".join(f"{part} {si(joules, 'J')}" for part, joules in each.items())
    lines.append(
        f"{name:10s} a solve: {shown}; digital alone {si(r['digital']['solve'], 'J')}; {r['break_even'].split(':')[0]}"
    )
print("\n".join(lines))

# %% [markdown]
# With smaller conductances the array itself becomes cheap, and amplifiers and digital residuals remain. What would look
# better is a digital side that does less than $n^2$: a sparse matrix whose factor is dense, residuals from sliced
# arrays, a problem that is content with the accuracy of the cells. Measure it: that is what the report is for.
#
# ## 8. What sigma do I need?
#
# `ao.sweep` solves one problem on a grid of hardware and measures the *answers*: suboptimality and constraint violation
# of the original problem. First the naive mapping, where the accuracy of the cells is the accuracy of the answer.


# %%
def naive_hardware(sigma, bits, seed):
    device = Generic(sigma=sigma)  # Gaussian, a fraction of the range
    return Crossbar(device, refine=False, dac_bits=bits, adc_bits=bits, form="reduced", seed=seed)


grid = {"sigma": [1e-4, 3e-4, 1e-3, 3e-3, 1e-2, 3e-2], "bits": [6, 10]}
table = ao.sweep(lasso, naive_hardware, grid, repeats=3, max_iterations=150, verbose=False)
print(table)

# %%
table.plot("sigma", by="bits", metrics=["suboptimality"])

# %% [markdown]
# And the question itself, as one line. An answer counts only if every repeat, and every better value, meets the limit:

# %%
for bits in (6, 10):
    print(f"{bits} bits:", table.where(bits=bits).required("sigma", "suboptimality", 1e-3))

# %% [markdown]
# With refinement the question loses its meaning: the answer is as good as was asked for, or the device is refused. What
# sigma decides is the price.


# %%
def refined_hardware(sigma, slices, seed):
    return Crossbar(Generic(sigma=sigma), slices=slices, form="reduced", seed=seed)


grid = {"sigma": [1e-3, 3e-3, 1e-2, 3e-2, 6e-2], "slices": [1, 2, 3]}
refined = ao.sweep(lasso, refined_hardware, grid, repeats=2, verbose=False)
print(refined)

# %%
refined.plot("sigma", by="slices", metrics=["energy", "latency"])

# %% [markdown]
# Anything that `Crossbar` takes can be swept in this way: `tile`, `r_wire`, `stuck`, `age`, `circuit`, the device
# itself. `out="sweep.jsonl"` keeps finished rows, so that a long sweep can be continued.
#
# ## 9. A method of your own, with products only
#
# `backend.place` puts a matrix on arrays and gives it back as an operator with `matvec` and `rmatvec`. What you do with
# it is up to you. Here is PDHG, the method behind PDLP, for the blend: two products in each step, the transposed one on
# the same cells, read the other way.


# %%
def pdhg(K, steps):
    """minimize c'x subject to Gx = h, lower <= x <= upper; K: G, as the machine sees it."""
    step = 0.95 / np.linalg.norm(G, 2)
    x, y, errors = np.zeros(c.size), np.zeros(h.size), []
    for _ in range(steps):
        before, x = x, np.clip(x - step * (c + K.rmatvec(y)), lower, upper)
        y = y + step * (K.matvec(2 * x - before) - h)
        errors.append(max(abs(c @ x - best), np.abs(G @ x - h).max()))  # measured with the true G
    return np.array(errors)


def smoothed(errors):
    """Medians over stretches that grow with the step: what goes up and down within them is left out."""
    cuts = np.unique(np.geomspace(1, errors.size, 40).astype(int))
    return np.sqrt(cuts[1:] * cuts[:-1]), [np.median(errors[i:j]) for i, j in pairwise(cuts)]


figure, axes = plt.subplots(figsize=(8.2, 3.8), layout="constrained")
steps = 6000
axes.loglog(*smoothed(pdhg(Dense(G), steps)), color="black", linewidth=1.2, label="exact products")
for bits, style in ((8, ":"), (14, "-")):
    for slices, color in ((1, ORANGE), (2, GREEN), (3, BLUE)):
        K = Crossbar("rram-milo", slices=slices, dac_bits=bits, adc_bits=bits).place(Dense(G))
        label = f"{bits} bits, slices {slices}: products off by {K.product_error:.1%}"
        axes.loglog(*smoothed(pdhg(K, steps)), style, color=color, linewidth=1.5, label=label)
plain_axes(axes, "Error of objective or constraints, whichever is larger", xlabel="PDHG step", ylabel="error")
figure.legend(frameon=False, fontsize=8, loc="outside right center")
plt.show()
print(f"the last run: {K.report()['arrays']} arrays, {si(K.report()['energy'], 'J')}")

# %% [markdown]
# Without exact residuals each line leaves the black one sooner or later, and ends on a floor. More slices lower it,
# until it is the converters' turn. Nothing digital larger than a vector was needed here, and this is the trade:
# accuracy from slices costs arrays and converters, accuracy from refinement costs digital products.
#
# ## 10. Principal components
#
# The power iteration is the crossbar's native method: products, and a normalization. `ao.templates.pca` runs a block of
# it on any backend; now and then the products of a few vectors are checked exactly. The data: 1,797 handwritten digits
# of 8 by 8 pixels.

# %%
digits = load_digits()
exact_pca = ao.templates.pca(digits.data, 2)
analog_pca = ao.templates.pca(digits.data, 2, backend=Crossbar("rram-milo"))
print("exact   ", exact_pca)
print("crossbar", analog_pca)
angle = np.abs(np.sum(exact_pca.components * analog_pca.components, axis=1))
print(f"cosines between the components of the two: {', '.join(f'{cosine:.12f}' for cosine in angle)}")
pairs = analog_pca.eigenpairs
print(f"{pairs.products} products on the arrays (off by {pairs.product_error:.1%}), {pairs.exact_products} exact ones")

# %%
analog_pca.plot(labels=digits.target)

# %%
figure, panels = plt.subplots(1, 4, figsize=(8.5, 2.4), layout="constrained")
shown = [("exact", exact_pca), ("crossbar", analog_pca)]
for axes, (k, (name, result)) in zip(panels, [(k, item) for k in (0, 1) for item in shown], strict=True):
    axes.imshow(result.components[k].reshape(8, 8), cmap="RdBu", vmin=-0.4, vmax=0.4)
    axes.set_title(f"component {k + 1}, {name}", fontsize=9)
    axes.set_axis_off()
plt.show()

# %% [markdown]
# ## 11. A device of your own
#
# Three ways, from short to exact. `Generic` takes a standard deviation (or, with `law="uniform"`, a half width).
# A subclass of `Device` overrides a law: here an error that is proportional to the conductance, with a floor. A table
# of measurements is a CSV file, or its text, in siemens.

# %%
generic = Generic("my 3 %", g_min=2e-6, g_max=80e-6, sigma=0.03, levels=32)


class Proportional(Device):
    """Errors of 2 % of the conductance, and never less than 0.3 µS."""

    def spread(self, target):
        return np.maximum(0.02 * target, 0.3e-6)


own = Proportional("proportional", g_min=1e-6, g_max=100e-6, levels=64, read=0.005, source="lab book, page 12")

measurements = """
g_target, g_mean,  g_std
5e-6,     5.2e-6,  0.5e-6
25e-6,    25.1e-6, 0.9e-6
50e-6,    49.6e-6, 1.4e-6
100e-6,   98.0e-6, 1.9e-6
"""
table_device = Table.from_csv(measurements, name="measured")

lines = []
for device in (generic, own, table_device):
    solution = ao.solve(lasso, Crossbar(device, form="reduced"), warm_start=False)
    r = solution.backend_report
    lines.append(
        f"{device.name:13s} {solution.status}, slices {r['slices']}, contraction {r['certificate']['contraction']:.2f} "
        f"predicted, {r['contraction']:.2f} measured, {si(r['energy'], 'J')}"
    )
print("\n".join(lines))

# %% [markdown]
# Wires and age belong to the crossbar, not to the cell. The same problem with 2 Ω of wire from cell to cell, and a cell
# in a thousand stuck, half of them at either end:

# %%
rough = Crossbar(own, form="reduced", r_wire=2.0, stuck=Stuck(0.0005, 0.0005), tile=64, seed=3)
solution = ao.solve(lasso, rough, warm_start=False)
x_rough = x.value
print("\n".join(str(solution.backend_report).splitlines()[:4]))
print(f"difference from the digital solution: {np.abs(x_rough - x_digital).max():.1e}")

# %% [markdown]
# A stuck cell is rare and far off. A root mean square, which is what the certificate predicts, makes too much of such
# cells: it spreads over all residuals what a few directions bear, and those few the refinement soon knows. More slices
# would not help, since they have stuck cells too. Here the measurement has the last word.
#
# ## 12. Run it again
#
# The report holds the whole configuration, device and seed included, as plain data. Whoever gets the JSON file gets the
# same hardware with the same errors, and the same digits:

# %%
stored = json.dumps(solution.backend_report["configuration"])
again = Crossbar.from_dict(json.loads(stored))
ao.solve(lasso, again, warm_start=False)
print(f"{len(stored)} bytes; every bit of the solution is the same: {np.array_equal(x.value, x_rough)}")

# %% [markdown]
# ## Where to go from here
#
# - `Crossbar`, `Circuit`, `Device` and `Generic` document every option in their docstrings; `make docs` writes them as
#   pages.
# - Any convex problem that you can write in CVXPY can be put in place of the lasso. Try the problem that you know best.
# - From a terminal: `admmopt solve FILE --backend crossbar:pcm`.
