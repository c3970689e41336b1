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
# # First steps
#
# You know CVXPY: variables, constraints, `problem.solve()`. This notebook shows what changes when the problem is handed
# to **admmopt** instead, and what you can learn from the answer. It does not assume that you know ADMM.
#
# We start from a lasso on real data, look at how it was solved, solve it many times along a path of parameters, use its
# dual values, meet two problems that have no solution, and end with a constraint that is not convex.

# %%
import time
from itertools import combinations

import cvxpy as cp
import matplotlib.pyplot as plt
import numpy as np
from sklearn.datasets import load_diabetes

import admmopt as ao

# %% [markdown]
# ## 1. A first lasso
#
# The data: ten measurements on diabetes patients, and how far the disease had progressed a year later. We look for a
# linear prediction that uses few of the measurements. The problem is written in CVXPY as always; only the last line is
# new.

# %%
data = load_diabetes()
names = data.feature_names
A = data.data
b = data.target - data.target.mean()
patients, features = A.shape
print(f"{patients} patients, {features} measurements: {', '.join(names)}")

x = cp.Variable(features, name="x")
lam = cp.Parameter(nonneg=True, value=100.0, name="lam")
problem = cp.Problem(cp.Minimize(0.5 * cp.sum_squares(A @ x - b) + lam * cp.norm1(x)))

solution = ao.solve(problem)
for name, coefficient in zip(names, x.value, strict=True):
    print(f"{name:4s} {coefficient:8.2f}")

# %% [markdown]
# The values are in `x.value`, where CVXPY would have put them. Some measurements are not used at all. As with every
# iterative solver a "zero" is only as good as the tolerance, so we count what is visible next to the largest entry:


# %%
def support(coefficients):
    """Where the entries are above a ten-thousandth of the largest."""
    return np.flatnonzero(np.abs(coefficients) > 1e-4 * np.abs(coefficients).max())


print(f"{len(support(x.value))} of {features} measurements are used: {[names[i] for i in support(x.value)]}")

# %% [markdown]
# ## 2. What happened
#
# CVXPY's usual solvers see cones: the $\ell_1$ norm becomes extra variables and linear inequalities, the square a
# second-order cone or a matrix. admmopt keeps the pieces as you wrote them:

# %%
print(ao.explain(problem))

# %% [markdown]
# Read it as the formula
#
# $$\text{minimize} \quad \tfrac12 \|A x - b\|^2 + \textstyle\sum_i f_i(A_i x + b_i).$$
#
# The least squares are the *quadratic part*: minimizing those alone is one linear system. Each *term* is a function
# $f_i$ that is hard to mix with others but easy on its own. "Easy" has a precise meaning: there is a formula for its
# **prox**, the best compromise between making $f$ small and staying close to a given point $v$,
#
# $$\operatorname{prox}_{t f}(v) = \operatorname{argmin}_y \; f(y) + \tfrac{1}{2t} \|y - v\|^2 .$$
#
# For $f(y) = |y|$ the prox moves $v$ towards zero by $t$, and to zero if it was closer than that. This is where
# the zeros come from. For a constraint, the prox is the nearest point that obeys it.
#
# **ADMM** alternates between the two kinds of easy work. It keeps two copies of the answer: $x$, which suits the
# quadratic part, and $z$, which suits the terms; and a running sum $u$ of how much they disagree, which pulls them
# together. For the lasso that is a handful of lines:


# %%
def lasso_by_hand(A, b, lam, rho, steps):
    """Plain ADMM. The matrix never changes: it is inverted once and used in every step."""
    inverse = np.linalg.inv(A.T @ A + rho * np.eye(A.shape[1]))
    z = u = np.zeros(A.shape[1])
    for _ in range(steps):
        x = inverse @ (A.T @ b + rho * (z - u))  # suits the least squares
        z = np.sign(x + u) * np.maximum(np.abs(x + u) - lam / rho, 0)  # suits the l1 norm: its prox
        u = u + x - z  # the disagreement so far
    return z


by_hand = lasso_by_hand(A, b, lam.value, rho=1.0, steps=500)
print(f"largest difference from admmopt: {np.abs(by_hand - x.value).max():.1e}")

# %% [markdown]
# admmopt does the same for any convex problem, and adds what makes it dependable: it finds a good $\rho$ by itself,
# takes longer steps where that is safe, knows when to stop, and says how good the answer is.
#
# The last lines of `explain` tell how the linear system is solved and why that way. This part is a *backend*, and you
# may name another one: `ao.solve(problem, backend=...)`. From a terminal, `admmopt backends` lists what is installed.

# %% [markdown]
# ## 3. Reading the solution

# %%
print(solution)

# %% [markdown]
# - The first line is the **status**, in a sentence. A status is a promise: `optimal` is only said after the three
#   residuals were measured on the problem as you wrote it, before any scaling.
# - The **residuals** say how far the point is from optimal. *Primal*: how far $x$ and $z$ disagree. *Dual*: how far the
#   slopes of the quadratic part and of the terms are from cancelling. *Gap*: the distance between the value and a
#   lower bound on it. Each is relative to the size of the numbers involved, and all three must be below `eps`.
# - **Seconds** are given by phase: `compile` (from CVXPY's tree to the formula above), `prepare` (factorizing the
#   matrix), `iterate`.
#
# All of it is also in fields: `solution.status == "optimal"`, `solution.value`, `solution.residuals`,
# `solution.timings`. The history holds one row for each time the residuals were measured.

# %%
print("iteration    primal      dual       gap  event")
for check in solution.history:
    print(f"{check.iteration:9d}  {check.primal:.2e}  {check.dual:.2e}  {check.gap:.2e}  {check.event}")

# %%
solution.plot()

# %% [markdown]
# Columns come by name, `solution.history["gap"]`, and `solution.history.to_dict()` fits into a pandas data frame. Do
# you want more digits? Ask for a smaller `eps`. It costs little, because the second solve starts from the first one:

# %%
sharper = ao.solve(problem, eps=1e-9)
print(f"worst residual {sharper.residuals.worst:.1e}; iterations of this second solve: {sharper.iterations}")

# %% [markdown]
# ## 4. A path of parameters
#
# `lam` is a CVXPY parameter. When its value changes, nothing is compiled again, the factorization is kept as long as
# the matrix and the penalty $\rho$ stay the same, and the iteration starts from the last answer. So the whole path from
# "everything zero" to nearly plain least squares is cheap.

# %%
largest = np.abs(A.T @ b).max()  # from here on every coefficient is zero
lams = np.geomspace(largest, largest / 1000, 60)
path, seconds, iterations = [], [], []
for lam.value in lams:
    started = time.perf_counter()
    step = ao.solve(problem)
    seconds.append(time.perf_counter() - started)
    iterations.append(step.iterations)
    path.append(x.value)
path = np.array(path)
print(f"{len(lams)} re-solves, medians: {np.median(seconds) * 1000:.1f} ms, {np.median(iterations):.0f} iterations")

# %% [markdown]
# For comparison, the same values of `lam`, each in a problem that has never been seen before:

# %%
fresh = []
for value in lams[::6]:
    y = cp.Variable(features)
    unseen = cp.Problem(cp.Minimize(0.5 * cp.sum_squares(A @ y - b) + value * cp.norm1(y)))
    started = time.perf_counter()
    step = ao.solve(unseen)
    fresh.append((time.perf_counter() - started, step.iterations))
median_seconds, median_iterations = np.median(fresh, axis=0)
print(f"{len(fresh)} fresh solves, medians: {median_seconds * 1000:.1f} ms, {median_iterations:.0f} iterations")

# %%
figure, axes = plt.subplots(figsize=(7.2, 3.9), layout="constrained")
for name, coefficients in zip(names, path.T, strict=True):
    axes.semilogx(lams, coefficients, label=name, linewidth=1.6)
axes.invert_xaxis()
axes.axhline(0, color="#7f7f7f", linewidth=0.8)
axes.set(xlabel="lam (decreasing)", ylabel="coefficient")
axes.set_title("One line per measurement: they leave zero one after the other", loc="left", fontsize=10)
axes.spines[["top", "right"]].set_visible(False)
figure.legend(frameon=False, fontsize=8, loc="outside right center")
plt.show()

# %% [markdown]
# ## 5. Dual values: what a constraint costs
#
# The same lasso, written with a budget on $\|x\|_1$ in place of a price. The price is now the *dual value* of the
# budget: how fast the best objective falls when the budget grows.

# %%
budget = cp.Parameter(nonneg=True, value=1000.0)
limited = budget >= cp.norm1(x)
constrained = cp.Problem(cp.Minimize(0.5 * cp.sum_squares(A @ x - b)), [limited])
ao.solve(constrained, eps=1e-8)
price, x_limited = float(limited.dual_value), x.value
print(f"dual value of the budget: {price:.4f}")

# %% [markdown]
# Is it true? Move the budget a little both ways and compare the two values:

# %%
values = []
for budget.value in (999.0, 1001.0):
    values.append(ao.solve(constrained, eps=1e-8).value)
slope = (values[1] - values[0]) / 2
print(f"change of the value per unit of budget: {slope:.4f}")

# %% [markdown]
# And the lasso with exactly that price has the same solution:

# %%
lam.value = price
ao.solve(problem, eps=1e-8)
print(f"largest difference between the two solutions: {np.abs(x.value - x_limited).max():.1e}")

# %% [markdown]
# ## 6. Problems without a solution
#
# Two nonnegative numbers cannot add up to less than minus one. A solver that gives up on this problem only says that it
# found nothing. admmopt says that there *is* nothing, and hands over a proof.

# %%
u = cp.Variable(2)
M = np.array([[1.0, 1.0], [-1.0, 0.0], [0.0, -1.0]])
limits = np.array([-1.0, 0.0, 0.0])
rows = M @ u <= limits
impossible = cp.Problem(cp.Minimize(cp.sum(u)), [rows])
print(ao.solve(impossible))

# %% [markdown]
# The proof is a way to add up the constraints that leads to nonsense (Farkas' lemma): weights $y \ge 0$ for the rows
# with $M^T y = 0$ and $y^T \text{limits} < 0$, so that every $u$ with $M u \le \text{limits}$ would give $0 \le y^T
# \text{limits} < 0$. You find the weights where dual values live, and can check them by hand:

# %%
y = rows.dual_value
print("weights y        ", y.round(6))
print("all nonnegative  ", bool(np.all(y >= 0)))
print("M' y             ", (M.T @ y).round(6))
print("y' limits        ", round(float(y @ limits), 6))

# %% [markdown]
# The other way to have no solution is an objective that falls forever. Here the proof is a direction: walking along it
# keeps every constraint and lowers the objective.

# %%
cost = np.array([1.0, -2.0])
falling = ao.solve(cp.Problem(cp.Minimize(cost @ u), [u >= 0]))
print(falling)
direction = falling.certificate
print("direction        ", direction.round(6))
print("stays in u >= 0  ", bool(np.all(direction >= -1e-6)))
print("objective per step", round(float(cost @ direction), 6))

# %% [markdown]
# ## 7. Other doors to the same engine
#
# Code that calls `problem.solve()` itself can keep doing so. `method="admm"` takes the same road as `ao.solve`.
# `solver=ao.ADMM()` is for code that expects a CVXPY solver object: there CVXPY reduces the problem to cones first, so
# the $\ell_1$ norm is no longer whole; it works for every problem that CVXPY can reduce, and is usually slower.

# %%
lam.value = 100.0
solver = ao.ADMM()  # keep one object: it remembers factorizations
doors = {
    'method="admm"': problem.solve(method="admm"),
    "solver=ao.ADMM()": problem.solve(solver=solver),
    "CVXPY's default solver": problem.solve(),
}
for door, value in doors.items():
    print(f"{door:24s} {value:.3f}")

# %% [markdown]
# ## 8. A constraint that is not convex
#
# The $\ell_1$ norm is a stand-in for what we wanted to say in the first place: *use at most six measurements*.
# `ao.Problem` takes that as a constraint. (`import admmopt as ao` also carries CVXPY's modelling names, the same
# objects, so `ao.Variable` is `cp.Variable`.)

# %%
allowed = 6
w = ao.Variable(features, name="w")
subset = ao.Problem(ao.Minimize(0.5 * ao.sum_squares(A @ w - b)), [ao.Cardinality(w, allowed)])
first = subset.solve(max_iterations=3000)
print(subset.details.status.sentence)
print(f"value {first:.1f} with", [names[i] for i in support(w.value)])

# %% [markdown]
# The same loop ran, with the prox of the set "at most six nonzeros": keep the six largest entries. Then the six that it
# chose were held fixed and the rest solved as a convex problem. Without convexity the loop need not settle, hence the
# limit on iterations, and nothing proves that the choice is the best one, hence the status `local` and never `optimal`.
# The usual remedy is to start from several points and keep the best:

# %%
best = subset.solve(starts=8, seed=0, max_iterations=3000)
w_best = w.value
print(f"value {best:.1f} with", [names[i] for i in support(w_best)])

# %% [markdown]
# How far is it from the truth? With ten measurements we can afford to try every choice of six. And how
# good is the best choice of at most six along the lasso path, refitted by least squares?


# %%
def refit(chosen):
    """Least squares on some of the measurements only: (value, coefficients)."""
    coefficients = np.zeros(features)
    chosen = list(chosen)
    coefficients[chosen] = np.linalg.lstsq(A[:, chosen], b, rcond=None)[0]
    return 0.5 * np.sum((A @ coefficients - b) ** 2), coefficients


exhaustive = min(refit(chosen)[0] for chosen in combinations(range(features), allowed))
choices = {tuple(support(row)) for row in path if len(support(row)) <= allowed}
lasso_choice = min(choices, key=lambda chosen: refit(chosen)[0])
lasso_value, w_lasso = refit(lasso_choice)
everything, w_all = refit(range(features))
print(f"lasso's choice, refitted   {lasso_value:.1f}  {[names[i] for i in lasso_choice]}")
print(f"cardinality, one start     {first:.1f}")
print(f"cardinality, best start    {best:.1f}  {[names[i] for i in support(w_best)]}")
print(f"best of all choices        {exhaustive:.1f}")
print(f"all ten measurements       {everything:.1f}")

# %% [markdown]
# A picture of the sparsity: how many of the measurements each model uses, and what it makes of them.

# %%
models = {
    f"least squares: {everything:.0f}": w_all,
    f"lasso's choice, refitted: {lasso_value:.0f}": w_lasso,
    f"cardinality: {best:.0f}": w_best,
}
figure, panels = plt.subplots(1, len(models), figsize=(9, 3.2), sharex=True, sharey=True, layout="constrained")
for axes, (title, coefficients) in zip(panels, models.items(), strict=True):
    unused = np.setdiff1d(np.arange(features), support(coefficients))
    axes.barh(names, coefficients, color="#0072b2")
    axes.plot(np.zeros(unused.size), unused, "o", mfc="white", mec="#7f7f7f", markersize=4)
    axes.axvline(0, color="#7f7f7f", linewidth=0.8)
    axes.set_title(title, loc="left", fontsize=9)
    axes.spines[["top", "right"]].set_visible(False)
panels[0].invert_yaxis()
figure.supxlabel("coefficient (a circle: not used); the number is half the squared error", fontsize=9)
plt.show()

# %% [markdown]
# ## Where to go from here
#
# - From a terminal, `admmopt solve FILE` solves MPS, QPS, LP, CBF and SDPA files, and `admmopt explain FILE` shows how.
# - [docs/architecture.md](../docs/architecture.md) tells how the library is built.
# - [CONTRIBUTING.md](../CONTRIBUTING.md) shows how to add a function, an atom or a backend of your own.
