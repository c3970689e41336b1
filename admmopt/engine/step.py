"""The map that is iterated: one step of over-relaxed ADMM, w -> T(w), on the single vector w = (x, v).

v = z + y / rho carries both sides: z = prox_{f/rho}(v) and y = rho (v - z) (Eckstein & Bertsekas 1992; COSMO). With
    xt, zt = solve(sigma x - q, 2 z - v - b)       (the linear system of the backend; zt = A xt)
    x+ = x + a (xt - x),   v+ = v + a (zt + b - z).
"""

from __future__ import annotations

import numpy as np

from ..functions.base import namespace
from .standard import Standard

LOOSE = 1e-4


class Step:
    """T for fixed penalties, on the backend's arrays. Holds no iterate."""

    def __init__(self, standard: Standard, backend, solver, relaxation: float):
        self.n, self.relaxation = standard.n, relaxation
        self.solver, self.backend = solver, backend
        self.xp = namespace(backend.asarray(np.zeros(1)))
        on_host = self.xp is np
        self.functions = standard.functions if on_host else [f.on(backend.asarray) for f in standard.functions]
        for function in self.functions:
            function.forget()
        self.slices = standard.slices
        self.groups = [f.dim for f in standard.functions]
        self.q, self.b = backend.asarray(standard.q), backend.asarray(standard.b)
        self.tol = LOOSE  # relative residual asked of an inexact backend; exact ones do not read it

    def penalties(self, rho: np.ndarray, sigma: np.ndarray) -> None:
        """Step sizes t = 1 / rho, one per group of each function; a float where all groups agree."""
        self.rho, self.sigma = self.backend.asarray(rho), self.backend.asarray(sigma)
        of_x = getattr(self.solver, "metric", sigma)  # of a linearized step, whose proximal term is its own
        self.metric = self.backend.asarray(np.concatenate([of_x, rho]))
        self.steps = []
        for rows, dim in zip(self.slices, self.groups, strict=True):
            t = 1.0 / rho[rows][::dim]
            same = t.size > 0 and bool(np.all(t == t[0]))
            self.steps.append(float(t[0]) if same else self.backend.asarray(t))

    def prox(self, v):
        """z with z_i = prox_{f_i / rho_i}(v_i)."""
        if len(self.functions) == 1:
            return self.functions[0].prox(v, self.steps[0])
        z = self.xp.empty_like(v)
        for rows, function, t in zip(self.slices, self.functions, self.steps, strict=True):
            z[rows] = function.prox(v[rows], t)
        return z

    def derivative(self, v) -> np.ndarray:
        """Derivative of the prox per row, (m,) on the host; NaN where a function offers none or is not elementwise."""
        result = np.full(v.shape[0], np.nan)
        for rows, function, t in zip(self.slices, self.functions, self.steps, strict=True):
            diagonal = function.prox_jacobian(v[rows], t) if function.dim == 1 else None
            if diagonal is not None and getattr(diagonal, "shape", None) == v[rows].shape:
                result[rows] = self.backend.to_numpy(diagonal)
        return result

    def apply(self, w, z):
        """T(w), given z = prox(v)."""
        n, x, v = self.n, w[: self.n], w[self.n :]
        r1, r2 = self.sigma * x, 2.0 * z
        r1 -= self.q
        r2 -= v
        r2 -= self.b
        result = self.solver.solve(r1, r2, guess=x, tol=self.tol)
        new = self.xp.empty_like(w)
        new[:n] = result.x
        new[:n] -= x
        new[n:] = result.z
        new[n:] += self.b
        new[n:] -= z
        new *= self.relaxation
        new += w
        self.last = result
        return new

    def dual(self, v, z):
        return self.rho * (v - z)
