"""What the builder of the API reference does to docstrings, and which names it shows."""

from __future__ import annotations

import importlib.util
from pathlib import Path

import pytest

pdoc = pytest.importorskip("pdoc")
FILE = Path(__file__).parents[2] / "docs" / "build_api.py"


@pytest.fixture(scope="module")
def builder():
    spec = importlib.util.spec_from_file_location("build_api", FILE)
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("sup_x <x, y> - f(x)", "sup_x &lt;x, y> - f(x)"),
        ("f*(y) and f*(z)", "f*(y) and f*(z)"),
        ("2 * 3 * 4", "2 * 3 * 4"),
        ("A'y = 0 and sum_i f_i(x_i)", "A'y = 0 and sum_i f_i(x_i)"),
    ],
)
def test_formulas_come_out_as_they_were_written(builder, text, shown):
    html = pdoc.render_helpers.to_html(builder.plain(text))
    assert html.strip() == f"<p>{shown}</p>"


def test_code_stays_code(builder):
    assert builder.plain("``x<y`` and `a*b` and ```\nc*d\n```") == "``x<y`` and `a*b` and ```\nc*d\n```"


def test_the_public_names_are_ours_and_not_those_of_cvxpy(builder):
    names = builder.public_names()
    assert {"solve", "explain", "Problem", "ADMM", "Cardinality", "Status"} <= set(names)
    assert "Variable" not in names and "norm1" not in names
