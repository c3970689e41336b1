"""The pages name files and link to each other: what they name must be there."""

from __future__ import annotations

import re
import sys
import types
from pathlib import Path

import cvxpy as cp
import numpy as np
import pytest

ROOT = Path(__file__).parents[2]
PAGES = [ROOT / "CONTRIBUTING.md", ROOT / "docs" / "architecture.md", ROOT / "docs" / "crossbar.md"]
NEW = {"admmopt/functions/sorted_sum.py"}  # the files that the recipes create


@pytest.mark.parametrize("page", PAGES, ids=lambda p: p.stem)
def test_every_file_named_exists(page):
    text = re.sub(r"^```.*?^```$", "", page.read_text(encoding="utf-8"), flags=re.MULTILINE | re.DOTALL)
    named = set(re.findall(r"`([\w/]+/[\w/]+\.py)`", text)) - NEW
    missing = [
        name
        for name in named
        if "NAME" not in name and not any((top / name).is_file() for top in (ROOT, ROOT / "admmopt"))
    ]
    assert named and not missing, f"{page.name} names files that are not there: {missing}"


@pytest.mark.parametrize("page", PAGES, ids=lambda p: p.stem)
def test_every_link_leads_somewhere(page):
    targets = re.findall(r"\]\(([^)#:]+)\)", page.read_text(encoding="utf-8"))
    assert targets
    for target in targets:
        assert (page.parent / target).exists(), f"{page.name} links to {target}, which is not there"


def test_the_code_on_the_crossbar_page_runs(tmp_path, monkeypatch):
    """Every block, one after the other, on a small problem."""
    monkeypatch.chdir(tmp_path)
    (tmp_path / "levels.csv").write_text("g_target,g_mean,g_std\n1e-6,1.1e-6,2e-8\n2e-5,1.9e-5,3e-7\n")
    rng = np.random.default_rng(0)
    A, b, x = rng.standard_normal((12, 6)), rng.standard_normal(12), cp.Variable(6)
    names = {"__name__": "crossbar_page", "problem": cp.Problem(cp.Minimize(cp.sum_squares(A @ x - b)), [x >= 0])}
    monkeypatch.setitem(sys.modules, "crossbar_page", types.ModuleType("crossbar_page"))  # where its dataclasses live
    blocks = re.findall(r"^```python\n(.*?)^```$", PAGES[2].read_text(encoding="utf-8"), re.MULTILINE | re.DOTALL)
    assert len(blocks) == 3
    for block in blocks:
        exec(compile(block, str(PAGES[2]), "exec"), names)
    assert (tmp_path / "report.png").exists() and names["solution"].status == "optimal"
