"""The pages name files and link to each other: what they name must be there."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
PAGES = [ROOT / "CONTRIBUTING.md", ROOT / "docs" / "architecture.md"]
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
