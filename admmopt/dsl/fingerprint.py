"""A short name for a problem's content, or for any options: equal in every process for equal data, whatever the ids."""

from __future__ import annotations

import dataclasses
import hashlib
import inspect
import re
from collections.abc import Callable, Iterable
from types import CodeType
from typing import Any

import cvxpy as cp
import numpy as np
import scipy.sparse as sp

ADDRESS = re.compile(r" at 0x[0-9a-fA-F]+")
SCALARS = (str, bytes, bool, int, float, complex, type(None))


def fingerprint(value) -> str:
    """16 hexadecimal digits of a SHA-256 over the content of a problem, an object, a function, or plain data.

    Of a problem: its tree, the values of its constants and parameters, the shapes and attributes of its variables in
    the order in which they are met. Of a function: its code, and those of its free variables that cannot change.
    """
    digest, alive, stack = hashlib.sha256(), [], [value]
    seen: dict[int, int] = {}
    while stack:
        item = stack.pop()
        kind, content, parts = _opened(item)
        if id(item) in seen:
            kind, content, parts = "again", str(seen[id(item)]).encode(), []
        elif parts and not isinstance(item, tuple | list | dict | slice):  # which of those are one object is chance
            seen[id(item)] = len(seen)
            alive.append(item)  # an id stays its own only as long as the object lives
        digest.update(f"{kind}:{len(content)}:{len(parts)};".encode() + content)
        stack.extend(reversed(parts))
    return digest.hexdigest()[:16]


def _opened(value) -> tuple[str, bytes, list]:
    """The kind of a value, what of it can be hashed at once, and the parts that are still to be opened."""
    if isinstance(value, np.generic):
        value = value.item()
    if isinstance(value, SCALARS):
        return type(value).__name__, repr(value).encode(), []
    if isinstance(value, np.ndarray) and value.dtype != object:
        return "array", f"{value.dtype.str}{value.shape}".encode() + value.tobytes(), []
    if sp.issparse(value):
        entries = sp.coo_array(value)
        return "sparse", str(value.shape).encode(), [*entries.coords, entries.data]
    if isinstance(value, type) or inspect.ismodule(value) or inspect.isbuiltin(value):
        return "name", getattr(value, "__qualname__", value.__name__).encode(), []
    kind = type(value).__qualname__
    for types, parts in _PARTS:
        if isinstance(value, types):
            return kind, b"", ["", *parts(value)]
    if hasattr(value, "__dict__"):
        return kind, b"", ["", vars(value)]
    return kind, ADDRESS.sub("", repr(value)).encode(), []


def _leaf(leaf: cp.expressions.leaf.Leaf) -> list:
    attributes = {name: setting for name, setting in leaf.attributes.items() if setting is not None}
    return [leaf.shape, attributes, None if isinstance(leaf, cp.Variable) else leaf.value]


def _node(node) -> list:
    """A constraint's own id is among its data: it differs from run to run."""
    own = getattr(node, "id", None) if isinstance(node, cp.constraints.constraint.Constraint) else None
    return [*node.args, "", *(item for item in node.get_data() or [] if own is None or item is not own)]


def _function(function) -> list:
    found = inspect.getclosurevars(function)
    free = {**found.nonlocals, **found.globals}
    return [function.__code__, function.__defaults__, {name: v for name, v in free.items() if _settled(v)}]


def _code(code: CodeType) -> list:
    return [code.co_code, code.co_names, *code.co_consts]


def _settled(value) -> bool:
    """Does it stay as it is? Lists and most objects do not: a counter in a closure is not part of what it computes."""
    if isinstance(value, tuple):
        return all(_settled(item) for item in value)
    frozen = dataclasses.is_dataclass(value) and value.__dataclass_params__.frozen
    return frozen or isinstance(value, SCALARS) or isinstance(value, np.generic | np.ndarray)


_PARTS: tuple[tuple[Any, Callable[[Any], Iterable]], ...] = (
    (cp.expressions.leaf.Leaf, _leaf),
    (cp.Problem, lambda problem: [problem.objective, *problem.constraints]),
    ((cp.expressions.expression.Expression, cp.problems.objective.Objective), _node),
    (cp.constraints.constraint.Constraint, _node),
    ((list, tuple), list),
    ((set, frozenset), lambda items: sorted(map(repr, items))),
    (dict, lambda items: [part for pair in items.items() for part in pair]),
    (slice, lambda cut: [cut.start, cut.stop, cut.step]),
    (np.ndarray, lambda array: array.tolist()),
    (type(fingerprint), _function),
    (CodeType, _code),
)
