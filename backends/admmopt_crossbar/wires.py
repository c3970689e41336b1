"""IR drop: what the resistance of the wires makes of the cells of an array.

      V_j               input wire j: driven at i = 0, open at i = m - 1
       |
      r_in
       |
     U[0,j] --- G[0,j] --- W[0,j]
       |
      r_in              output wire i: open at j = 0, read at j = n - 1, at virtual ground
       |
     U[1,j] --- G[1,j] --- W[1,j]        W[i,j] --- r_out --- W[i,j+1] --- ... --- W[i,n-1] --- r_out --- ground: y_i
       :

Each wire has one segment per cell: one between the driver and the first cell of an input wire, one between the last
cell of an output wire and ground. With ohmic cells all this is linear, and y = G_eff V exactly. By reciprocity G_eff'
is what the same array does when its outputs are driven and its inputs are read.

The input wires are eliminated one after the other, from the far end of the output wires to the end that is read. What
has been eliminated is, seen from the m nodes W[:, j], an admittance Y_j (m x m, positive definite) and a current
injected by the drivers. One more segment of each output wire stands in series with both, the next input wire in
parallel:

    Y_{j+1} = A_{j+1} + (I + r_out Y_j)^{-1} Y_j,   injected_{j+1} = [(I + r_out Y_j)^{-1} injected_j, g∘u]

where A = Diag(g) - r_in Diag(g) K Diag(g) is input wire j + 1 with its cells g, K the inverse of its tridiagonal
matrix and u its voltages for V = 1. With X_j = I + r_out Y_j the first is X_{j+1} = 2I + r_out A_{j+1} - X_j^{-1}: one
Cholesky inverse for each wire, m³ floating-point operations, and m²j more to carry the injected currents along. The
count knows nothing of how large the drop is.
"""

from __future__ import annotations

from contextlib import AbstractContextManager, nullcontext
from functools import cache

import numpy as np
from scipy.linalg import blas, lapack

CHUNK = 1 << 16  # entries of the dense m x m matrices that are worked on together: half a megabyte stays in the cache


def effective(G, r_in: float, r_out: float | None = None) -> np.ndarray:
    """The conductances that arrays appear to have at their terminals: currents = effective(G, r_in, r_out) @ voltages.

    G: (..., m, n), conductance in siemens of the cell between input wire j and output wire i, 0 for an open cell.
    r_in, r_out: ohm per segment of the input and output wires; r_out is r_in unless given; 0 is exact.
    Returns (..., m, n) in siemens, exact to rounding: nodal.effective_exact is reproduced to about 1e-12 of the largest
    entry, and rational arithmetic to 1e-16 max(r G) where a segment resists more than a cell. Time: about
    min(m, n)³ max(m, n) multiplications for each array.
    Raises ValueError for anything negative or not finite.
    """
    G, r_in, r_out = checked(G, r_in, r_out)
    m, n = G.shape[-2:]
    if r_in == r_out == 0 or G.size == 0:
        return G.copy()
    if r_out > 0 and (r_in == 0 or n < m):  # let the shorter side be the dense one, and a resistive one eliminated
        return _turned(effective(_turned(G), r_out, r_in))
    wires = np.swapaxes(G, -1, -2).reshape(-1, n, m)
    size = max(1, CHUNK // m**2)
    with one_thread():
        chunks = [_effective(wires[k : k + size], r_in, r_out) for k in range(0, len(wires), size)]
    return np.ascontiguousarray(np.swapaxes(np.concatenate(chunks).reshape(G.shape[:-2] + (n, m)), -1, -2))


def rule_of_thumb(m: int, n: int, g_mean: float, r_in: float, r_out: float | None = None) -> float:
    """The relative error ||G_eff - G||_F / ||G||_F to expect of an m x n array, before there are any conductances.

    g_mean: mean conductance of the cells in siemens; r_in, r_out as in `effective`.

    With equal cells, to first order in the drop, cell (i, j) loses the share a (s - s²/2) + b (1 - t²)/2 of its
    conductance, where s = i/m, t = j/n, a = r_in g m², b = r_out g n². Either part has the mean a/3 and the mean square
    2a²/15, so the root mean square of the sum is p = sqrt(2/15 (a² + b²) + 2/9 a b): 0.70 n² r g for square arrays.
    (m + 1)(m + 1/2) for m² makes the mean right for short wires too. What remains of the current when the drop is large
    is measured, not derived: for 16 to 192 wires, 0.1 to 5 ohm and p from 1e-4 to 18, p / (1 + p) was within 7 % for
    cells drawn from 0-20 and 50-225 uS, and up to 1.25 times too small for one-sided normal entries (half of the cells
    at their minimum), 3 times with nine cells in ten open: a large cell meets its own drop.
    """
    r_out = r_in if r_out is None else r_out
    a, b = r_in * g_mean * (m + 1) * (m + 0.5), r_out * g_mean * (n + 1) * (n + 0.5)
    loss = np.sqrt(2 / 15 * (a**2 + b**2) + 2 / 9 * a * b)
    return float(loss / (1 + loss))


def checked(G, r_in: float, r_out: float | None) -> tuple[np.ndarray, float, float]:
    """G as floats and both resistances, or ValueError with the reason."""
    G = np.asarray(G, dtype=float)
    if G.ndim < 2:
        raise ValueError(f"conductances must be an array (..., outputs, inputs), not of shape {G.shape}.")
    if not (np.isfinite(G) & (G >= 0)).all():
        raise ValueError("conductances must be finite and not negative: a signed entry is a pair of cells.")
    resistances = float(r_in), float(r_in if r_out is None else r_out)
    for name, r in zip(("r_in", "r_out"), resistances, strict=True):
        if not (np.isfinite(r) and r >= 0):
            raise ValueError(f"wire resistance {name} must be a finite number of ohm, not negative, but is {r}.")
    return G, *resistances


def one_thread() -> AbstractContextManager:
    """BLAS on one thread, where threadpoolctl is installed: thousands of small matrices gain nothing from a second one.

    Measured, 32 arrays of 128 x 128: one thread 1.7 s, two 3.5 s on an idle machine, and over 20 s (once 129 s, where
    one thread took 5.4 s) on a busy one, where threads wait for others that do not run.
    """
    pools = _thread_pools()
    return nullcontext() if pools is None else pools.limit(limits=1, user_api="blas")


@cache
def _thread_pools():
    try:
        from threadpoolctl import ThreadpoolController
    except ImportError:
        return None
    return ThreadpoolController()


def _turned(G: np.ndarray) -> np.ndarray:
    """The same array with inputs and outputs exchanged: driven and read ends stay where they are."""
    return np.swapaxes(G, -1, -2)[..., ::-1, ::-1]


def _effective(G: np.ndarray, r_in: float, r_out: float) -> np.ndarray:
    """G: (T, n, m), one row per input wire; r_in > 0. Returns G_eff in the same layout."""
    decay, log_u, size = _chains(r_in * G)
    injected = G * np.exp(log_u)
    if r_out == 0:
        return injected
    count, n, m = G.shape
    size *= np.sqrt(r_in * r_out) * G  # X gets r_out r_in g_i K_ik g_k
    diagonal = np.arange(m)
    inverse = np.broadcast_to(np.eye(m), (count, m, m))
    for j in range(n):
        x = decay[:, j, :, None] - decay[:, j, None, :]
        np.exp(np.negative(np.abs(x, out=x), out=x), out=x)
        x *= size[:, j, :, None]
        x *= -size[:, j, None, :]
        x[:, diagonal, diagonal] += 2 + r_out * G[:, j]
        x -= inverse  # of these, only the upper triangles are read
        inverse = x
        for matrix, currents in zip(inverse, injected, strict=True):
            _invert(matrix)
            # Fortran's view of a C array is its transpose: columns of currents.T are rows of currents
            currents[: j + 1] = blas.dsymm(1.0, matrix.T, currents[: j + 1].T, lower=1).T
    return injected


def _invert(x: np.ndarray) -> None:
    """The upper triangle of the inverse in the place of the upper triangle of x, (m, m), positive definite."""
    factor, info = lapack.dpotrf(x.T, lower=1, clean=0, overwrite_a=1)
    if info == 0:
        _, info = lapack.dpotri(factor, lower=1, overwrite_c=1)
    if info:
        raise ValueError("wire resistance times conductance is too large for double precision.")


def _chains(t: np.ndarray) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """The inverse K of the matrix of each input wire: K_ik = size_i size_k exp(-|decay_i - decay_k|).

    t: (..., m), cell conductances to ground in units of the conductance of a segment. The matrix is tridiagonal with
    2 + t_i (1 + t_i at the open end) and -1. Its inverse is a product of two solutions that fit one end each; written
    with admittances, which are sums of positive numbers, they lose no digits, and as logarithms they cannot overflow.
    Returns decay (..., m), log u with u = K e_0 (..., m), and size (..., m).
    """
    onward, back = np.zeros_like(t), np.ones_like(t)  # admittance seen from node i over the segment after, before it
    for i in range(t.shape[-1] - 1, 0, -1):
        onward[..., i - 1] = _series(t[..., i] + onward[..., i])
    for i in range(1, t.shape[-1]):
        back[..., i] = _series(t[..., i - 1] + back[..., i - 1])
    falling = np.log1p(t + onward)  # -log of u_i / u_{i-1}
    rising = np.log1p(t + back)
    decay = np.zeros_like(t)
    decay[..., 1:] = np.cumsum(falling[..., 1:] + rising[..., :-1], axis=-1) / 2
    return decay, -np.cumsum(falling, axis=-1), 1 / np.sqrt(t + onward + back)


def _series(y: np.ndarray) -> np.ndarray:
    """Admittance y in series with one segment, admittance 1."""
    return y / (1 + y)
