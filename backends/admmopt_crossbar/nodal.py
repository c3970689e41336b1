"""IR drop by nodal analysis of the whole circuit: slow, and nothing but Kirchhoff's current law.

The reference for wires.py, which draws the circuit.
"""

from __future__ import annotations

import numpy as np
import scipy.sparse as sp
from scipy.sparse.linalg import splu

from .wires import checked


def effective_exact(G, r_in: float, r_out: float | None = None) -> np.ndarray:
    """What wires.effective gives for one array: G (m, n) in siemens, r_in and r_out in ohm per segment; (m, n) siemens.

    The Laplacian of the circuit, reduced to its terminals (Kron reduction): -G_eff is the block of
    L_tt - L_tf L_ff^{-1} L_ft between the outputs and the inputs, t the m + n terminals, f the up to 2mn nodes between
    them. L_ff is positive definite. It is factorized once and solved for the smaller side of the terminals.
    Raises ValueError for anything negative or not finite, or if G is not a matrix.
    """
    G, r_in, r_out = checked(G, r_in, r_out)
    if G.ndim != 2:
        raise ValueError(f"effective_exact takes one array (outputs, inputs), not shape {G.shape}.")
    m, n = G.shape
    laplacian = _laplacian(G, r_in, r_out)
    free, inputs, outputs = np.split(np.arange(laplacian.shape[0]), np.cumsum([laplacian.shape[0] - m - n, n]))
    direct = laplacian[outputs][:, inputs].toarray()
    if free.size == 0:
        return -direct
    to_inputs, to_outputs = laplacian[free][:, inputs].toarray(), laplacian[free][:, outputs].toarray()
    factor = splu(
        laplacian[free][:, free].tocsc(),
        permc_spec="MMD_AT_PLUS_A",
        diag_pivot_thresh=0.0,
        options={"SymmetricMode": True},
    )
    if n <= m:
        return to_outputs.T @ factor.solve(to_inputs) - direct
    return factor.solve(to_outputs).T @ to_inputs - direct


def _laplacian(G: np.ndarray, r_in: float, r_out: float) -> sp.csr_array:
    """Of the circuit: free nodes first, then the n input and the m output terminals. An ideal wire is its terminal."""
    m, n = G.shape
    cells = np.arange(m * n).reshape(m, n)
    count = m * n * ((r_in > 0) + (r_out > 0))
    drivers, grounds = count + np.arange(n), count + n + np.arange(m)
    U = cells if r_in > 0 else np.broadcast_to(drivers, (m, n))
    W = cells + m * n * (r_in > 0) if r_out > 0 else np.broadcast_to(grounds[:, None], (m, n))
    branches = [(U, W, G)]
    if r_in > 0:
        branches.append((np.vstack([drivers, U[:-1]]), U, np.full((m, n), 1 / r_in)))
    if r_out > 0:
        branches.append((W, np.column_stack([W[:, 1:], grounds]), np.full((m, n), 1 / r_out)))
    a, b, g = (np.concatenate([part.ravel() for part in parts]) for parts in zip(*branches, strict=True))
    size = count + n + m
    off = sp.coo_array((g, (a, b)), shape=(size, size)).tocsr()
    off = off + off.T
    return (sp.diags_array(off.sum(axis=1)) - off).tocsr()
