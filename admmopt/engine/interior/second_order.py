"""Second-order cones in the interior point: the Jordan algebra of (t, x), and Nesterov and Todd's scaling in it."""

from __future__ import annotations

import numpy as np

from .cone import Cone


class SecondOrder(Cone):
    """Groups (t, x) with |x| <= t. With r = (s'Js / u'Ju)^(1/4) and the unit w between s and u, J = diag(1, -I),

    W = r [ w0  w1';  w1  I + w1 w1' / (1 + w0) ],   W u = W^-1 s = lambda,   M = W^-1
    """

    def __init__(self, count: int, dim: int):
        super().__init__(count, dim, float(count))
        self.least = dim**0.5  # the size of a vector of ones

    def work(self, vectors):
        return 4.0 * vectors * self.dim

    def depth(self, v):
        return float((np.linalg.norm(v[:, 1:], axis=1) - v[:, 0]).max(initial=-np.inf))

    def inside(self, v, shift):
        v = v.copy()
        v[:, 0] += shift
        return v

    def scale(self, s, u):
        size_s, size_u = _size(s), _size(u)
        if not (np.all(size_s > 0) and np.all(size_u > 0) and np.all(s[:, 0] > 0) and np.all(u[:, 0] > 0)):
            raise np.linalg.LinAlgError("a point has left its second-order cone.")
        self.s = s
        unit_s, unit_u = s / size_s[:, None], u / size_u[:, None]
        w = unit_s + _mirrored(unit_u)
        w /= (2.0 * (1.0 + np.sum(unit_s * unit_u, axis=1)))[:, None] ** 0.5
        w[:, 0] = np.sqrt(1.0 + np.sum(w[:, 1:] ** 2, axis=1))
        self.r, self.w = np.sqrt(size_s / size_u), w
        self.middle = self._unscaled(u)
        self.shadow = _mirrored(u) / (size_u**2)[:, None]

    def turn(self, rows):
        return rows.by(lambda group, values: _times(_mirrored(self.w)[group], values.T, 1.0 / self.r[group]).T)

    def weigh(self, v):
        return self._scaled(v)

    weigh_back = weigh

    def _scaled(self, v):
        return _times(_mirrored(self.w), v, 1.0 / self.r)

    def _unscaled(self, v):
        return _times(self.w, v, self.r)

    def weight(self):
        return self.r**-2.0

    def aim(self, goal, ds, du):
        aim = goal * self.shadow - self.s
        if ds is None:
            return aim
        a, b = self._scaled(ds), self._unscaled(du)
        product = np.concatenate([np.sum(a * b, axis=1)[:, None], a[:, :1] * b[:, 1:] + b[:, :1] * a[:, 1:]], axis=1)
        return aim - self._unscaled(_divide(self.middle, product))

    def reach(self, ds, du):
        return _reach(self.middle, self._scaled(ds)), _reach(self.middle, self._unscaled(du))


class Long(SecondOrder):
    """The same for groups of so many rows that W^-1 would fill them up: they stay as they are, with the weight

        W^-2 = r^-2 (I + 2 v v' - 2 e e'),   v = J w,   e = (1, 0, ..., 0),

    of which the system gets the multiple of I and, as a `border`, the rest."""

    def __init__(self, count: int, dim: int):
        super().__init__(count, dim)
        self.turned = 1

    def work(self, vectors):
        return 4.0 * self.count * self.dim

    def turn(self, rows):
        return rows.plain

    def weigh(self, v):
        return v

    weigh_back = weigh

    def border(self) -> tuple[np.ndarray, np.ndarray]:
        """(vectors, factors): (2 count, count * dim) and (2 count,), the rest as a sum of multiples of v v'."""
        vectors = np.zeros((2, self.count, self.count, self.dim))
        groups = np.arange(self.count)
        vectors[0, groups, groups] = _mirrored(self.w)
        vectors[1, groups, groups, 0] = 1.0
        factors = 2.0 * self.r**-2.0
        return vectors.reshape(2 * self.count, -1), np.concatenate([factors, -factors])

    def heavy(self, v):
        """W^-2 v."""
        return self._scaled(self._scaled(v))

    def light(self, v):
        """W^2 v."""
        return self._unscaled(self._unscaled(v))


def _times(w, v, r):
    """r [w0 w1'; w1 I + w1 w1' / (1 + w0)] v, row by row, of unit vectors w."""
    along = np.sum(w[:, 1:] * v[:, 1:], axis=1)
    first = w[:, 0] * v[:, 0] + along
    rest = v[:, 1:] + (v[:, 0] + along / (1.0 + w[:, 0]))[:, None] * w[:, 1:]
    return r[:, None] * np.concatenate([first[:, None], rest], axis=1)


def _mirrored(v):
    return np.concatenate([v[:, :1], -v[:, 1:]], axis=1)


def _size(v):
    """sqrt(v'Jv), NaN outside of the cone."""
    norm = np.linalg.norm(v[:, 1:], axis=1)
    return np.sqrt(v[:, 0] - norm) * np.sqrt(v[:, 0] + norm)


def _divide(by, v):
    """x with by o x = v in the Jordan algebra."""
    head, tail = by[:, :1], by[:, 1:]
    first = (head * v[:, :1] - np.sum(tail * v[:, 1:], axis=1)[:, None]) / _size(by)[:, None] ** 2
    return np.concatenate([first, (v[:, 1:] - first * tail) / head], axis=1)


def _reach(point, move):
    """The largest step up to 1 with point + step * move in the cone."""
    size = _size(point)[:, None]
    p, d = point / size, move / size
    along = p[:, :1] * d[:, :1] - np.sum(p[:, 1:] * d[:, 1:], axis=1)[:, None]
    aside = d[:, 1:] - (along + d[:, :1]) / (p[:, :1] + 1.0) * p[:, 1:]
    falls = float((np.linalg.norm(aside, axis=1) - along[:, 0]).max(initial=0.0))
    return 1.0 if falls <= 1.0 else 1.0 / falls
