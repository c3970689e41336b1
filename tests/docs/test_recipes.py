"""The recipes of CONTRIBUTING.md, followed to the letter in a scratch copy: a recipe that no longer works fails here.

A block of code says in its first line where it goes: ``# new file: PATH`` or ``# at the end of: PATH``.
"""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
import tomllib
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
BLOCK = re.compile(r"^```(?:python|toml)\n# (new file|at the end of): (\S+)\n(.*?)^```$", re.MULTILINE | re.DOTALL)


def recipe(number: int) -> list[tuple[str, str, str]]:
    """(new file or at the end of, path, code) for every block of a recipe."""
    text = (ROOT / "CONTRIBUTING.md").read_text(encoding="utf-8")
    section = text.split(f"## Recipe {number}:")[1].split("\n## ")[0]
    blocks = BLOCK.findall(section)
    assert len(blocks) == section.count("```") // 2, f"a block of recipe {number} does not say where it goes"
    return blocks


def follow(number: int, folder: Path) -> list[str]:
    """Write a recipe's blocks into `folder`; returns the paths of its tests."""
    tests = []
    for where, path, code in recipe(number):
        file = folder / path
        file.parent.mkdir(parents=True, exist_ok=True)
        with file.open("a" if where == "at the end of" else "x", encoding="utf-8") as stream:
            stream.write(f"\n\n{code}" if where == "at the end of" else code)
        if file.name.startswith("test_"):
            tests.append(path)
    return tests


def run_tests(folder: Path, tests: list[str], *path: Path) -> None:
    """pytest in a process of its own, in which `folder` comes before anything that is installed."""
    search = os.pathsep.join(map(str, [folder, *path, *filter(None, [os.environ.get("PYTHONPATH")])]))
    command = [sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider", *tests]
    done = subprocess.run(
        command, cwd=folder, env={**os.environ, "PYTHONPATH": search}, capture_output=True, text=True, timeout=300
    )
    assert done.returncode == 0, done.stdout + done.stderr


@pytest.fixture
def scratch(tmp_path: Path) -> Path:
    """The library and the helpers of its tests, to be changed at will."""
    shutil.copytree(ROOT / "admmopt", tmp_path / "admmopt", ignore=shutil.ignore_patterns("__pycache__"))
    for helper in ("__init__.py", "harness.py"):
        target = tmp_path / "tests" / "functions" / helper
        target.parent.mkdir(parents=True, exist_ok=True)
        shutil.copy(ROOT / "tests" / "functions" / helper, target)
    return tmp_path


def test_add_a_function_and_an_atom(scratch):
    tests = follow(1, scratch) + follow(2, scratch)
    assert len(tests) == 2
    run_tests(scratch, tests)


def test_add_a_backend(tmp_path):
    tests = follow(3, tmp_path)
    assert tests == ["test_lu.py"]
    project = tomllib.loads((tmp_path / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    installed = tmp_path / f"{project['name'].replace('-', '_')}-{project['version']}.dist-info"  # what pip would write
    installed.mkdir()
    (installed / "METADATA").write_text(
        f"Metadata-Version: 2.1\nName: {project['name']}\nVersion: {project['version']}\n"
    )
    lines = [f"{name} = {target}" for name, target in project["entry-points"]["admmopt.backends"].items()]
    (installed / "entry_points.txt").write_text("\n".join(["[admmopt.backends]", *lines]))
    run_tests(tmp_path, tests)
