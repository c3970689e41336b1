"""The demo: models agree with CVXPY's default solver, and the table and the picture are written."""

from __future__ import annotations

import builtins

import pytest

from admmopt.interfaces import demo

pytest.importorskip("sklearn")


@pytest.fixture(scope="module")
def runs():
    """The quick models, solved once."""
    quick = [
        model for model in demo.MODELS if model.name in ("lasso", "sparse inverse covariance", "optimal transport")
    ]
    return [demo.compare(model, "cpu") for model in quick]


def test_objectives_agree_and_are_certified(runs):
    assert len(runs) == 3
    for run in runs:
        assert run.ours.status == "optimal" and run.ours.residuals.worst <= demo.EPS
        assert run.ours.value == pytest.approx(run.peer_value, rel=1e-4), run.model.name
    transport = runs[-1]
    assert transport.violation <= 1e-5 and runs[0].violation is None


def test_table_and_picture_are_written(runs, tmp_path):
    demo.save(runs, tmp_path)
    markdown = (tmp_path / "table.md").read_text()
    for run in runs:
        assert f"| {run.model.name} (" in markdown and f"{run.ours.value:.7g}" in markdown
    rows = [line for line in markdown.splitlines() if line.startswith("|")]
    assert {line.count("|") for line in rows} == {len(demo.HEADER) + 1}
    assert (tmp_path / "table.txt").read_text().splitlines()[1].startswith("lasso")
    assert (tmp_path / "convergence.png").read_bytes().startswith(b"\x89PNG")
    assert demo.table(runs).row_count == 3


def test_missing_scikit_learn_is_one_sentence(tmp_path, monkeypatch):
    real = builtins.__import__

    def without(name, *rest, **named):
        if name.startswith("sklearn"):
            raise ModuleNotFoundError("No module named 'sklearn'", name="sklearn")
        return real(name, *rest, **named)

    monkeypatch.setattr(builtins, "__import__", without)
    with pytest.raises(ValueError, match=r"needs scikit-learn .* pip install 'admmopt\[demo\]'"):
        demo.run(tmp_path)
