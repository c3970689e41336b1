"""Operators on the device: for each kind of host operator, the same products on tensors."""

from __future__ import annotations

import warnings

import torch

from admmopt import operators as ops


class Placed(ops.Operator):
    """`source` with its products on the device; keys and entries are those of the source."""

    def __init__(self, source: ops.Operator, backend, forward, adjoint):
        self.source, self.backend, self.shape = source, backend, source.shape
        self.matvec, self.rmatvec = forward, adjoint  # type: ignore[method-assign]

    # the two products are set per object; the abstract ones are named here for the contract
    def matvec(self, x):
        raise NotImplementedError

    def rmatvec(self, y):
        raise NotImplementedError

    def squared(self):
        return place(self.source.squared(), self.backend)

    @property
    def key(self):
        return ("placed", str(self.backend.device), self.source.key)


def place(operator: ops.Operator, backend) -> Placed:
    """`operator` with matvec and rmatvec on the backend's device; unknown kinds go through the host."""
    for kind, products in _PRODUCTS.items():
        if isinstance(operator, kind):
            return Placed(operator, backend, *products(operator, backend))
    return Placed(operator, backend, *_through_host(operator, backend))


def _identity(operator, backend):
    return (lambda x: x), (lambda y: y)


def _diagonal(operator, backend):
    d = backend.asarray(operator.d)
    return (lambda x: d * x), (lambda y: d * y)


def _dense(operator, backend):
    matrix = backend.asarray(operator.matrix)
    return (lambda x: matrix @ x), (lambda y: matrix.T @ y)


def _sparse(operator, backend):
    forward, adjoint = csr(operator.matrix, backend), csr(operator.matrix.T.tocsr(), backend)
    return (lambda x: forward @ x), (lambda y: adjoint @ y)


def csr(matrix, backend):
    """A SciPy CSR matrix as a torch one."""
    index = {"dtype": torch.int64, "device": backend.device}
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", UserWarning)  # torch says that CSR tensors are in beta
        return torch.sparse_csr_tensor(
            torch.tensor(matrix.indptr, **index),
            torch.tensor(matrix.indices, **index),
            backend.asarray(matrix.data),
            size=matrix.shape,
        )


def _composition(operator, backend):
    outer, inner = place(operator.outer, backend), place(operator.inner, backend)
    return (lambda x: outer.matvec(inner.matvec(x))), (lambda y: inner.rmatvec(outer.rmatvec(y)))


def _sum(operator, backend):
    parts = [place(part, backend) for part in operator.parts]
    return (lambda x: sum(part.matvec(x) for part in parts)), (lambda y: sum(part.rmatvec(y) for part in parts))


def _row(operator, backend):
    blocks = [(columns, place(block, backend)) for columns, block in operator.blocks]

    def adjoint(y):
        x = torch.zeros(operator.shape[1], dtype=y.dtype, device=y.device)
        for columns, block in blocks:
            x[columns] += block.rmatvec(y)
        return x

    return (lambda x: sum(block.matvec(x[columns]) for columns, block in blocks)), adjoint


def _stack(operator, backend):
    blocks = [place(block, backend) for block in operator.blocks]

    def forward(x):
        return torch.cat([block.matvec(x) for block in blocks]) if blocks else x[:0]

    def adjoint(y):
        x = torch.zeros(operator.shape[1], dtype=y.dtype, device=y.device)
        for rows, block in zip(operator.slices, blocks, strict=True):
            x += block.rmatvec(y[rows])
        return x

    return forward, adjoint


def _left_product(operator, backend):
    matrix, k = backend.asarray(_array(operator.factor)), operator.k
    return (
        lambda x: (x.reshape(k, -1) @ matrix.T).reshape(-1),
        lambda y: (y.reshape(k, -1) @ matrix).reshape(-1),
    )


def _right_product(operator, backend):
    matrix, m = backend.asarray(_array(operator.factor)), operator.m
    return (
        lambda x: (matrix.T @ x.reshape(-1, m)).reshape(-1),
        lambda y: (matrix @ y.reshape(-1, m)).reshape(-1),
    )


def _convolution(operator, backend):
    length, n = operator.shape
    spectrum = torch.fft.rfft(backend.asarray(operator.kernel), n=length)
    return (
        lambda x: torch.fft.irfft(torch.fft.rfft(x, n=length) * spectrum, n=length),
        lambda y: torch.fft.irfft(torch.fft.rfft(y, n=length) * spectrum.conj(), n=length)[:n],
    )


def _through_host(operator, backend):
    return (
        lambda x: backend.asarray(operator.matvec(backend.to_numpy(x))),
        lambda y: backend.asarray(operator.rmatvec(backend.to_numpy(y))),
    )


def _array(factor):
    matrix = factor.entries()
    return matrix.toarray() if hasattr(matrix, "toarray") else matrix


_PRODUCTS = {
    ops.Identity: _identity,
    ops.Diagonal: _diagonal,
    ops.Dense: _dense,
    ops.Sparse: _sparse,
    ops.Composition: _composition,
    ops.Sum: _sum,
    ops.Row: _row,
    ops.Stack: _stack,
    ops.LeftProduct: _left_product,
    ops.RightProduct: _right_product,
    ops.Convolution: _convolution,
}
