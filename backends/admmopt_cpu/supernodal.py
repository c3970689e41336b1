"""L D L' of a large sparse quasi-definite matrix by fronts: columns of L with one pattern are eliminated together, as a
dense block, at the speed of matrix products (the multifrontal method: Duff & Reid, ACM TOMS 9, 1983; Liu, SIAM Review
34, 1992). Compiled by numba, which is an extra of this package.

A front holds p pivots and r rows below them. A front joins the one above it where that stores few zeros more (Ashcraft
& Grimes, ACM TOMS 15, 1989). No pivoting: none is needed (`ldl`).
"""

from __future__ import annotations

import numba
import numpy as np
import scipy.sparse as sp

WIDTH = 48  # pivots that are eliminated at once within a front, and columns of a strip of its update
FEW, ZEROS = 64, 0.2  # zeros that may be stored to join two fronts, or their share of the front
SMALL = 24  # order of a front below which plain loops are faster than a matrix product


class Supernodal:
    """Factors of K (upper triangle, CSC, full diagonal), eliminated in about the order `permutation`; the interface is
    that of qdldl's solver."""

    def __init__(self, K: sp.csc_matrix, permutation: np.ndarray):
        n = K.shape[0]
        row, col = K.indices, np.repeat(np.arange(n), np.diff(K.indptr))
        upper = _permuted(row, col, permutation)
        permutation = permutation[_postorder(_tree(upper.indptr, upper.indices)[0])]
        upper = _permuted(row, col, permutation)
        order, starts, above, below = _fronts(*_tree(upper.indptr, upper.indices))
        self.permutation = permutation[order]
        lower = _permuted(row, col, self.permutation).T.tocsc()
        self.pattern, self.source = (lower.indptr, lower.indices), lower.data
        rows, first, panel, *sizes = _rows(starts, above, below, *self.pattern)
        rows = rows[np.lexsort((rows, np.repeat(np.arange(below.size), below)))]
        self.fronts, self.sizes = (starts, rows, first, panel), sizes
        self.update(K)

    def update(self, K: sp.csc_matrix, upper: bool = True) -> None:
        """Factorize anew for other values in the same places. Raises LinAlgError at a pivot of zero."""
        self.L, self.D, failed = _factorize(K.data[self.source], *self.pattern, *self.fronts, *self.sizes)
        if failed:
            raise np.linalg.LinAlgError("a pivot of the sparse factorization is zero.")

    def solve(self, rhs: np.ndarray) -> np.ndarray:
        """K^-1 rhs; rhs: (n,)."""
        x = rhs[self.permutation]
        _solve(x, self.L, self.D, *self.fronts, self.sizes[1])
        result = np.empty_like(x)
        result[self.permutation] = x
        return result


def _permuted(row, col, permutation) -> sp.csc_matrix:
    """The upper triangle of the permuted pattern; its data are the places in the old one."""
    n = permutation.size
    new = np.empty(n, dtype=np.int64)
    new[permutation] = np.arange(n)
    i, j = new[row], new[col]
    return sp.csc_matrix((np.arange(row.size), (np.minimum(i, j), np.maximum(i, j))), shape=(n, n))


@numba.njit(cache=True)
def _tree(indptr, indices):
    """Elimination tree (parent of every column, -1 for a root) and entries below the diagonal in each column of L."""
    n = indptr.size - 1
    parent, counts, seen = np.full(n, -1), np.zeros(n, np.int64), np.full(n, -1)
    for i in range(n):
        seen[i] = i
        for place in range(indptr[i], indptr[i + 1]):
            k = indices[place]
            while seen[k] != i:
                if parent[k] < 0:
                    parent[k] = i
                counts[k] += 1
                seen[k] = i
                k = parent[k]
    return parent, counts


@numba.njit(cache=True)
def _postorder(parent):
    """The columns with every child before its parent, and the columns of a subtree side by side."""
    n = parent.size
    head, link = np.full(n, -1), np.full(n, -1)
    for j in range(n - 1, -1, -1):
        if parent[j] >= 0:
            link[j] = head[parent[j]]
            head[parent[j]] = j
    order, stack, filled = np.empty(n, np.int64), np.empty(n, np.int64), 0
    for root in range(n):
        if parent[root] >= 0:
            continue
        top, stack[0] = 0, root
        while top >= 0:
            j = stack[top]
            if head[j] >= 0:
                top += 1
                stack[top] = head[j]
                head[j] = link[head[j]]
            else:
                order[filled] = j
                filled += 1
                top -= 1
    return order


@numba.njit(cache=True)
def _fronts(parent, counts):
    """(order, starts, above, below): the columns, in postorder, ordered anew so that those of front g are
    starts[g]:starts[g + 1]; the front that each hands its update to (-1: none); how many rows it has below its pivots.

    Columns with one pattern make a front; then each joins the one above where few zeros are stored for it.
    """
    n = parent.size
    front, fronts = np.zeros(n, np.int64), 0
    for j in range(1, n):
        if parent[j - 1] != j or counts[j - 1] != counts[j] + 1:
            fronts += 1
        front[j] = fronts
    fronts = fronts + 1 if n else 0
    above, below = np.full(fronts, -1), np.zeros(fronts, np.int64)
    pivots, zeros, into = np.zeros(fronts, np.int64), np.zeros(fronts, np.int64), np.arange(fronts)
    for j in range(n):
        g = front[j]
        pivots[g] += 1
        if j + 1 == n or front[j + 1] != g:
            below[g] = counts[j]
            above[g] = front[parent[j]] if parent[j] >= 0 else -1
    for g in range(fronts):
        q = above[g]
        if q < 0:
            continue
        p = pivots[g] + pivots[q]
        more = pivots[g] * (pivots[q] + below[q] - below[g])
        total = zeros[g] + zeros[q] + more
        share = ZEROS if p <= WIDTH else ZEROS / 4
        if more <= FEW or total <= share * p * (0.5 * p + below[q]):
            into[g], pivots[q], zeros[q] = q, p, total
    for g in range(fronts - 1, -1, -1):
        into[g] = into[into[g]]
    number, kept = np.full(fronts, -1), 0
    for g in range(fronts):
        if into[g] == g:
            number[g] = kept
            kept += 1
    starts, new_above, new_below = np.zeros(kept + 1, np.int64), np.full(kept, -1), np.zeros(kept, np.int64)
    for g in range(fronts):
        if into[g] == g:
            k = number[g]
            starts[k + 1] = starts[k] + pivots[g]
            new_below[k] = below[g]
            if above[g] >= 0:
                new_above[k] = number[into[above[g]]]
    order, filled = np.empty(n, np.int64), starts[:kept].copy()
    for j in range(n):
        k = number[into[front[j]]]
        order[filled[k]] = j
        filled[k] += 1
    return order, starts, new_above, new_below


@numba.njit(cache=True)
def _rows(starts, above, below, indptr, indices):
    """(rows, first, panel, children, largest, stack): the rows below the pivots of front g are
    rows[first[g]:first[g + 1]], in no order; its columns of L begin at L[panel[g]]; `children`: how many fronts hand
    their updates to it; `largest` order of a front; the numbers that updates take at most while they wait."""
    n, fronts = starts[-1], starts.size - 1
    first, panel = np.zeros(fronts + 1, np.int64), np.zeros(fronts + 1, np.int64)
    for g in range(fronts):
        pivots = starts[g + 1] - starts[g]
        first[g + 1] = first[g] + below[g]
        panel[g + 1] = panel[g] + pivots * (pivots + below[g])
    rows, children, seen = np.empty(first[fronts], np.int64), np.zeros(fronts, np.int64), np.full(n, -1)
    head, link = np.full(fronts, -1), np.full(fronts, -1)
    largest, stack, waiting = 0, 0, 0
    for g in range(fronts):
        end, filled = starts[g + 1], first[g]
        for place in range(indptr[starts[g]], indptr[end]):
            i = indices[place]
            if i >= end and seen[i] != g:
                seen[i] = g
                rows[filled] = i
                filled += 1
        child = head[g]
        while child >= 0:
            waiting -= (first[child + 1] - first[child]) ** 2
            for place in range(first[child], first[child + 1]):
                i = rows[place]
                if i >= end and seen[i] != g:
                    seen[i] = g
                    rows[filled] = i
                    filled += 1
            child = link[child]
        largest = max(largest, below[g] + end - starts[g])
        waiting += below[g] ** 2
        stack = max(stack, waiting)
        q = above[g]
        if q >= 0:
            children[q] += 1
            link[g] = head[q]
            head[q] = g
    return rows, first, panel, children, largest, stack


@numba.njit(cache=True)
def _factorize(values, indptr, indices, starts, rows, first, panel, children, largest, stack):
    """(L, D, failed) from the lower triangle in CSC form. Updates wait on a stack: in postorder, those of the children
    are on top of it when their parent's turn comes."""
    fronts, n = starts.size - 1, starts[-1]
    L, D, at = np.empty(panel[fronts]), np.empty(n), np.zeros(n, np.int64)
    work, waiting, whose = np.empty(largest * largest), np.empty(stack), np.empty(fronts, np.int64)
    top = held = 0
    for g in range(fronts):
        start, end, below = starts[g], starts[g + 1], rows[first[g] : first[g + 1]]
        p, r = end - start, below.size
        f = p + r
        F = work[: f * f].reshape(f, f)
        F.fill(0.0)
        for k in range(p):
            at[start + k] = k
        for k in range(r):
            at[below[k]] = p + k
        for j in range(start, end):
            for place in range(indptr[j], indptr[j + 1]):
                F[at[indices[place]], j - start] += values[place]
        for _ in range(children[g]):
            held -= 1
            child = whose[held]
            lines = rows[first[child] : first[child + 1]]
            m = lines.size
            top -= m * m
            for a in range(m):
                line, update = at[lines[a]], waiting[top + a * m : top + a * m + m]
                for b in range(a + 1):
                    F[line, at[lines[b]]] += update[b]
        if not _eliminate(F, p, D[start:end]):
            return L, D, True
        for k in range(p):
            for a in range(f):
                L[panel[g] + k * f + a] = F[a, k]
        if r:
            for a in range(r):
                for b in range(a + 1):
                    waiting[top + a * r + b] = F[p + a, p + b]
            top += r * r
            whose[held] = g
            held += 1
    return L, D, False


@numba.njit(cache=True)
def _eliminate(F, p, D):
    """The first p columns of the lower triangle of F, in place: L below the diagonal, and F - L D L' in the rest.
    Returns False at a pivot of zero."""
    f = F.shape[0]
    for k0 in range(0, p, WIDTH):
        k1 = min(k0 + WIDTH, p)
        width = k1 - k0
        T = np.zeros((width, width))  # L' of the block on the diagonal
        W, B = np.empty((f - k1, width)), np.empty((f - k1, width))
        w = np.empty(width)
        for i in range(k0, f):
            for k in range(width):
                w[k] = F[i, k0 + k]
            known = min(i - k0, width)
            for k in range(known):
                if w[k] != 0.0:
                    for m in range(k + 1, width):
                        w[m] -= w[k] * T[k, m]
            if i < k1:
                d = F[i, i]
                for k in range(known):
                    F[i, k0 + k] = T[k, i - k0] = w[k] / D[k0 + k]
                    d -= w[k] * F[i, k0 + k]
                if d == 0.0 or not np.isfinite(d):
                    return False
                D[i] = F[i, i] = d
            else:
                for k in range(width):
                    W[i - k1, k] = w[k]
                    F[i, k0 + k] = B[i - k1, k] = w[k] / D[k0 + k]
        left = f - k1
        if width < 4 or left < SMALL:
            _small_update(F, k1, W, B)
            continue
        for c in range(0, left, 2 * WIDTH):
            e = min(c + 2 * WIDTH, left)
            update = np.dot(W[c:], B[c:e].T)
            for i in range(left - c):
                for j in range(e - c):
                    F[k1 + c + i, k1 + c + j] -= update[i, j]
    return True


@numba.njit(cache=True)
def _small_update(F, k1, W, B):
    BT = B.T.copy()
    for i in range(W.shape[0]):
        line = F[k1 + i]
        for k in range(W.shape[1]):
            factor = W[i, k]
            for j in range(i + 1):
                line[k1 + j] -= factor * BT[k, j]


@numba.njit(cache=True, fastmath={"reassoc", "contract"})
def _solve(x, L, D, starts, rows, first, panel, largest):
    """x <- (L D L')^-1 x. No array is made per front: most fronts are small."""
    rest = np.empty(largest)
    for g in range(starts.size - 1):
        start, p, line, r = starts[g], starts[g + 1] - starts[g], first[g], first[g + 1] - first[g]
        for m in range(r):
            rest[m] = x[rows[line + m]]
        for k in range(p):
            value, column = x[start + k], panel[g] + k * (p + r)
            for m in range(k + 1, p):
                x[start + m] -= value * L[column + m]
            for m in range(r):
                rest[m] -= value * L[column + p + m]
        for m in range(r):
            x[rows[line + m]] = rest[m]
    x /= D
    for g in range(starts.size - 2, -1, -1):
        start, p, line, r = starts[g], starts[g + 1] - starts[g], first[g], first[g + 1] - first[g]
        for m in range(r):
            rest[m] = x[rows[line + m]]
        for k in range(p - 1, -1, -1):
            value, column = x[start + k], panel[g] + k * (p + r)
            for m in range(k + 1, p):
                value -= L[column + m] * x[start + m]
            for m in range(r):
                value -= L[column + p + m] * rest[m]
            x[start + k] = value
