"""Every tutorial's script and notebook say the same, and the notebook holds what its cells printed.

That the notebooks run is checked by ``pytest --nbmake tutorials/*.ipynb``.
"""

from __future__ import annotations

import json
from pathlib import Path

import pytest

TUTORIALS = Path(__file__).parents[2] / "tutorials"
NOTEBOOKS = sorted(TUTORIALS.glob("*.ipynb"))
REGENERATE = "regenerate it: jupytext --to ipynb SCRIPT && jupyter execute --inplace NOTEBOOK"


def cells(path: Path) -> list[dict]:
    return json.loads(path.read_text(encoding="utf-8"))["cells"]


def test_every_script_has_its_notebook():
    assert NOTEBOOKS
    assert {p.stem for p in NOTEBOOKS} == {p.stem for p in TUTORIALS.glob("*.py")}


@pytest.mark.parametrize("notebook", NOTEBOOKS, ids=lambda p: p.stem)
def test_script_and_notebook_are_in_step(notebook):
    jupytext = pytest.importorskip("jupytext", reason="needs the extra 'tutorials'")
    script = jupytext.read(notebook.with_suffix(".py"))
    written = [(cell.cell_type, cell.source) for cell in script.cells]
    kept = [(cell["cell_type"], "".join(cell["source"])) for cell in cells(notebook)]
    assert len(kept) == len(written), f"{notebook.name} has {len(kept)} cells, its script {len(written)}: {REGENERATE}."
    for number, (mine, theirs) in enumerate(zip(kept, written, strict=True), start=1):
        assert mine == theirs, f"cell {number} of {notebook.name} differs from its script: {REGENERATE}."


@pytest.mark.parametrize("notebook", NOTEBOOKS, ids=lambda p: p.stem)
def test_the_notebook_was_run_from_top_to_bottom_without_errors(notebook):
    code = [cell for cell in cells(notebook) if cell["cell_type"] == "code"]
    assert [cell["execution_count"] for cell in code] == list(range(1, len(code) + 1)), REGENERATE
    outputs = [output for cell in code for output in cell["outputs"]]
    assert not [o for o in outputs if o["output_type"] == "error" or o.get("name") == "stderr"], REGENERATE
    assert any("image/png" in o.get("data", {}) for o in outputs), f"{notebook.name} holds no picture: {REGENERATE}."
