"""Exponential and power cones in the interior point, which are not symmetric.

With F a barrier of the dual cone, s~ = -F'(u) the shadow of u and u~ that of s, -F'(u~) = s, the scaling T = (M'M)^-1
maps u to s and u~ to s~, as Nesterov and Todd's does (Tuncel, Found. Comput. Math. 1, 2001). In three dimensions that
leaves one number, along z = u x u~, which is as large as in mu F''(u) (Dahl & Andersen, Math. Program. 194, 2022):

    T = s s' / s'u + ds ds' / ds'du + t z z',   ds = s - mu s~,  du = u - mu u~,  mu = s'u / 3,

    M = rows u / sqrt(s'u), du / sqrt(ds'du) and the one that is orthogonal to s and s~. On the central path, where ds
and du vanish, and for more factors, mu F''(u) itself is the scaling.
"""

from __future__ import annotations

from abc import abstractmethod

import numpy as np

from ..turned import each_by
from .cone import Cone

SHORTER = 0.8  # factor of a step that has left the cone
TRIES = 60
CENTERED = 1e-6  # distance from the central path, relative, at which the Hessian itself is the scaling
APART = 1e-4  # of two points, in the local norm, between which a derivative is taken
RIDGE = 1e-14  # relative, on the diagonal of a Hessian
NEWTON, CLOSE = 100, 1e-7  # steps to the shadow of a point, and distance in the local norm
DAMPED = 0.25  # distance above which such a step is damped
CENTRAL = 0.01  # complementarity of a group over the mean, below which a step would go too close to its boundary


class Curved(Cone):
    """Groups with a barrier F of the dual cone: shadow(u) = -F'(u)."""

    symmetric = False
    center: np.ndarray  # (count, dim): -F'(center) = center

    @abstractmethod
    def barrier(self, u: np.ndarray, groups=slice(None)) -> tuple[np.ndarray, np.ndarray]:
        """F'(u) (k, dim) and F''(u) (k, dim, dim) of these groups, in that order."""

    @abstractmethod
    def within(self, s: np.ndarray) -> bool:
        """Is every group inside of K?"""

    @abstractmethod
    def within_dual(self, u: np.ndarray) -> bool:
        """Is every group inside of K*?"""

    def depth(self, v):
        return 0.0

    def inside(self, v, shift):
        return self.center * (shift + np.abs(v).max(axis=1, initial=0.0))[:, None]

    def scale(self, s, u):
        if not (self.within(s) and self.within_dual(u)):
            raise np.linalg.LinAlgError("a point has left its cone.")
        self.s, self.u = s, u
        own = np.sum(s * u, axis=1) / self.dim
        gradient, hessian = self.barrier(u)
        self.shadow = -gradient
        self.hessian = hessian
        unit, size = _balanced(hessian)
        self.M = np.linalg.inv(np.linalg.cholesky(unit)) / size[:, None, :] / np.sqrt(own)[:, None, None]
        if self.dim == 3:
            with np.errstate(all="ignore"):  # of groups on the central path
                self._by_both(s, u, own)
        order = np.argsort(-np.abs(self.M).max(axis=2), axis=1)  # large rows first: what is small keeps its digits
        self.M = np.linalg.qr(np.take_along_axis(self.M, order[:, :, None], 1), mode="r")  # M'M in fewer entries
        diagonal = np.abs(np.diagonal(self.M, axis1=1, axis2=2))
        self.level = np.exp(2.0 * np.log(diagonal).mean(axis=1))

    def _by_both(self, s, u, own):
        """M of groups that are not on the central path, where u and the shadow of s differ."""
        other = self._dual_shadow(s, u / own[:, None])
        ds, du = s - own[:, None] * self.shadow, u - own[:, None] * other
        apart = np.sum(ds * du, axis=1)
        z, v = np.cross(u, other), np.cross(s, self.shadow)
        z /= np.linalg.norm(z, axis=1)[:, None]
        t = own / np.sum(z * _solve(self.hessian, z), axis=1)
        across = np.sum(v * z, axis=1) * np.sqrt(t)
        M = np.stack([u / np.sqrt(3.0 * own)[:, None], du / np.sqrt(apart)[:, None], v / across[:, None]], axis=1)
        found = np.abs(np.sum(s * other, axis=1) - 3.0) < 1e-6  # by its degree, as of every shadow
        good = found & (apart > CENTERED * own) & np.isfinite(M).all(axis=(1, 2))
        self.M[good] = M[good]

    def _dual_shadow(self, s, start):
        """u with -F'(u) = s, by damped Newton steps on F(u) + s'u."""
        u, left, last = start.copy(), np.arange(self.count), np.inf
        for _ in range(NEWTON):
            gradient, hessian = self.barrier(u[left], left)
            rest = gradient + s[left]
            step = _solve(hessian, rest)
            size = np.sqrt(np.maximum(np.sum(step * rest, axis=1), 0.0))
            u[left] -= step / np.where(size > DAMPED, 1.0 + size, 1.0)[:, None]
            slowing = (last <= DAMPED) & (size > 0.5 * last)  # as close as it gets
            moving = (size > DAMPED) | ((size > CLOSE) & ~slowing)
            left, last = left[moving], size[moving]
            if not left.size:
                break
        return u

    def turn(self, rows):
        return rows.by(each_by(self.M))

    def weigh(self, v):
        return (self.M @ v[:, :, None])[:, :, 0]

    def weigh_back(self, v):
        return (self.M.mT @ v[:, :, None])[:, :, 0]

    def weight(self):
        return self.level

    def aim(self, goal, ds, du):
        """The second order is half of F'''(u) at du and F''(u)^-1 ds (Dahl & Andersen, Math. Program. 194, 2022), which
        for F = -log is Mehrotra's -du ds / u; the third derivative by central differences of the second."""
        aim = goal * self.shadow - self.s
        if ds is None:
            return aim
        other = _solve(self.hessian, ds)[:, :, None]
        size = np.sqrt(np.sum(du * (self.hessian @ du[:, :, None])[:, :, 0], axis=1))
        unit = du * (APART / size)[:, None]
        change = self.barrier(self.u + unit)[1] - self.barrier(self.u - unit)[1]
        return aim + 0.25 * (size / APART)[:, None] * (change @ other)[:, :, 0]

    def reach(self, ds, du):
        step = 1.0
        for _ in range(TRIES):
            s, u = self.s + step * ds, self.u + step * du
            if self.within(s) and self.within_dual(u):
                products = np.sum(s * u, axis=1)
                if np.all(products > CENTRAL * products.mean()):
                    return step, step
            step *= SHORTER
        return 0.0, 0.0


def _balanced(matrices):
    """(K, d) with matrices[g] = diag(d_g) K_g diag(d_g), K_g of unit diagonal, and safely not singular."""
    index = np.arange(matrices.shape[1])
    size = np.sqrt(matrices[:, index, index])
    unit = matrices / size[:, :, None] / size[:, None, :]
    unit[:, index, index] = 1.0 + RIDGE
    return unit, size


def _solve(matrices, v):
    """matrices[g]^-1 v_g."""
    unit, size = _balanced(matrices)
    bad = ~np.isfinite(unit).all(axis=(1, 2))
    unit[bad] = np.nan * np.eye(unit.shape[1])
    return np.linalg.solve(unit, (v / size)[:, :, None])[:, :, 0] / size


class Exponential(Curved):
    """Triples (x, y, z) with y exp(x / y) <= z. In K*, with p = -u_x and psi = u_y + p + p log(u_z / p) > 0:
    F = -log psi - log p - log u_z."""

    def __init__(self, count: int):
        super().__init__(count, 3, 3.0 * count)
        self.center = np.tile([-1.051383945322714, 0.556409619469370, 1.258967884768947], (count, 1))

    def barrier(self, u, groups=slice(None)):
        p, v, w = -u[:, 0], u[:, 1], u[:, 2]
        log = np.log(w / p)
        psi = v + p + p * log
        slope = np.stack([-log, np.ones_like(p), p / w], axis=1) / psi[:, None]  # of log psi, by u
        gradient = -slope
        gradient[:, 0] += 1.0 / p
        gradient[:, 2] -= 1.0 / w
        hessian = slope[:, :, None] * slope[:, None, :]
        hessian[:, 0, 0] += 1.0 / (p * psi) + 1.0 / p**2
        hessian[:, 0, 2] += 1.0 / (w * psi)
        hessian[:, 2, 0] += 1.0 / (w * psi)
        hessian[:, 2, 2] += p / (w**2 * psi) + 1.0 / w**2
        return gradient, hessian

    def within(self, s):
        x, y, z = s.T
        return bool(np.all((y > 0) & (z > 0)) and np.all(y * np.log(z / y) > x))

    def within_dual(self, u):
        p, v, w = -u[:, 0], u[:, 1], u[:, 2]
        return bool(np.all((p > 0) & (w > 0)) and np.all(v + p + p * np.log(w / p) > 0))


class Power(Curved):
    """Groups (w, z) with prod w_i^alpha_i >= |z|. In K*, with phi = prod (u_i / alpha_i)^(2 alpha_i) > u_z^2:
    F = -log(phi - u_z^2) - sum (1 - alpha_i) log u_i (Chares, Cones and interior-point algorithms for structured convex
    optimization involving powers and exponentials, Louvain, 2009). alphas: (count, dim - 1)."""

    def __init__(self, alphas: np.ndarray):
        count, factors = alphas.shape
        super().__init__(count, factors + 1, float((factors + 1) * count))
        self.alphas = alphas
        self.center = np.concatenate([np.sqrt(1.0 + alphas), np.zeros((count, 1))], axis=1)

    def barrier(self, u, groups=slice(None)):
        a, w, z = self.alphas[groups], u[:, :-1], u[:, -1]
        phi = np.exp(2.0 * np.sum(a * np.log(w / a), axis=1))
        psi = phi - z * z
        part = 2.0 * a / w * phi[:, None]  # phi'
        slope = np.concatenate([part, -2.0 * z[:, None]], axis=1) / psi[:, None]
        gradient = -slope
        gradient[:, :-1] -= (1.0 - a) / w
        hessian = slope[:, :, None] * slope[:, None, :]
        share = (phi / psi)[:, None]
        hessian[:, :-1, :-1] -= (2.0 * a / w * share)[:, :, None] * (2.0 * a / w)[:, None, :]
        index = np.arange(a.shape[1])
        hessian[:, index, index] += share * 2.0 * a / w**2 + (1.0 - a) / w**2
        hessian[:, -1, -1] += 2.0 / psi
        return gradient, hessian

    def within(self, s):
        return self._holds(s[:, :-1], s[:, -1], 1.0)

    def within_dual(self, u):
        return self._holds(u[:, :-1], u[:, -1], self.alphas)

    def _holds(self, w, z, over):
        if not np.all(w > 0):
            return False
        return bool(np.all(np.exp(np.sum(self.alphas * np.log(w / over), axis=1)) > np.abs(z)))
