"""The API reference, from the docstrings: ``python docs/build_api.py [FOLDER]`` writes HTML into FOLDER (docs/api).

Fails on any warning of pdoc's, and on a public name of admmopt without a docstring.
"""

from __future__ import annotations

import importlib
import pkgutil
import re
import sys
import warnings
from pathlib import Path

import pdoc
import pdoc.render
import pdoc.render_helpers

import admmopt

PACKAGES = ("admmopt", "admmopt_cpu", "admmopt_torch", "admmopt_crossbar")
CODE = re.compile(r"(```.*?```|``.*?``|`[^`\n]*`)", re.DOTALL)


def plain(docstring: str) -> str:
    """Our docstrings are text that is read in a terminal: outside code, <x, y> is no tag and f*(y) no emphasis."""
    parts = CODE.split(docstring)
    parts[::2] = [re.sub(r"(?<=\S)\*|\*(?=\S)", r"\\*", part.replace("<", "&lt;")) for part in parts[::2]]
    return "".join(parts)


def public_names() -> list[str]:
    """What admmopt adds to the names that it takes over from CVXPY."""
    return [
        name for name, value in vars(admmopt).items() if str(getattr(value, "__module__", "")).startswith("admmopt")
    ]


def packages(root):
    """`root` and the packages below it that restrict what is public, and would hide their own modules from pdoc."""
    for found in pkgutil.walk_packages(root.__path__, f"{root.__name__}."):
        if found.ispkg and hasattr(importlib.import_module(found.name), "__all__"):
            yield sys.modules[found.name]
    yield root


def main(folder: Path) -> None:
    names = public_names()
    silent = [name for name in names if not getattr(admmopt, name).__doc__]
    if silent:
        raise SystemExit(f"public names without a docstring: {', '.join(silent)}.")
    admmopt.__all__ = names
    for package in list(packages(admmopt)):
        package.__all__ = [*package.__all__, *(module.name for module in pkgutil.iter_modules(package.__path__))]
    pdoc.render.configure(docformat="markdown")
    to_html = pdoc.render_helpers.to_html
    pdoc.render.env.filters["to_html"] = lambda docstring: to_html(plain(docstring))
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        pdoc.pdoc(*PACKAGES, output_directory=folder)
    ours = [str(warning.message) for warning in caught if "cvxpy." not in str(warning.message)]
    if ours:
        raise SystemExit("\n".join(["the API reference has faults:", *ours]))


if __name__ == "__main__":
    main(Path(sys.argv[1]) if len(sys.argv) > 1 else Path(__file__).parent / "api")
