"""Linear operators: matrices stay dense, sparse or implicit, as the user wrote them."""

from .base import Operator, entries
from .compose import Composition, Row, Stack, Sum, add, compose
from .matrices import Dense, Diagonal, Identity, Sparse
from .structured import Convolution, LeftProduct, RightProduct, left_product, right_product

__all__ = [
    "Composition",
    "Convolution",
    "Dense",
    "Diagonal",
    "Identity",
    "LeftProduct",
    "Operator",
    "RightProduct",
    "Row",
    "Sparse",
    "Stack",
    "Sum",
    "add",
    "compose",
    "entries",
    "left_product",
    "right_product",
]
