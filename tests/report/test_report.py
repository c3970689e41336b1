"""What a person sees: tables, progress, plots, and files that are whole or not there."""

from __future__ import annotations

import io
import json
import math
from dataclasses import dataclass, field

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from matplotlib._pylab_helpers import Gcf
from rich.console import Console

from admmopt.engine.history import Check, History
from admmopt.engine.solution import Residuals
from admmopt.engine.status import Status
from admmopt.report import plots, tables
from admmopt.report.progress import progress, share
from admmopt.report.save import plain, whole_file, write_json


@dataclass
class Found:
    """The fields of a solution that a summary reads."""

    status: Status = Status.OPTIMAL
    value: float = 1.5
    residuals: Residuals = field(default_factory=lambda: Residuals(1e-7, 2e-7, 3e-7, 1.0, 0.0, 2.0))
    iterations: int = 75
    timings: dict = field(default_factory=lambda: {"iterate": 0.25, "compile": 0.5})
    backend_report: dict = field(default_factory=lambda: {"form": "diagonal", "reason": "no matrix"})
    certificate: np.ndarray | None = None
    message: str = ""
    eps: float = 1e-6


def history(count: int = 50) -> History:
    record = History()
    for k in range(count):
        event = "penalty" if k % 10 == 5 else ("optimal" if k == count - 1 else "")
        record.add(Check(25 * k + 1, 2.0 + 1 / (k + 1), 0.5**k, 0.6**k, 0.0, 0.1, 0.01 * k, event))
    return record


# ---- tables ---------------------------------------------------------------------------------------------------


def test_summary_says_status_value_relative_residuals_and_seconds_by_phase():
    text = tables.summary(Found())
    assert text.splitlines()[0] == Status.OPTIMAL.sentence
    assert "primal 5.0e-08, dual 2.0e-07, gap 1.5e-07 (relative, eps 1e-06)" in text
    assert "0.750 (compile 0.500, iterate 0.250)" in text
    assert "diagonal (no matrix)" in text


def test_summary_of_a_certificate_shows_no_residuals():
    text = tables.summary(Found(status=Status.INFEASIBLE, value=math.inf, certificate=np.ones(3)))
    assert "residuals" not in text and "3 entries" in text and "inf" in text


def test_summary_says_why_it_stopped():
    assert "(interrupted)" in tables.summary(Found(status=Status.LIMIT, message="interrupted")).splitlines()[0]


@pytest.mark.parametrize("rows", [2, 7, 20, 100])
def test_history_table_keeps_first_and_last(rows):
    record = history()
    lines = tables.history(record, rows).splitlines()
    assert len(lines) == 1 + min(rows, len(record))
    assert lines[1].split()[0] == "1" and lines[-1].split()[0] == str(record[-1].iteration)
    assert lines[-1].endswith("optimal")
    assert tables.history(History()) == "no checks were made"


@given(st.lists(st.lists(st.text("abc", max_size=9), min_size=3, max_size=3), min_size=1, max_size=5))
def test_grid_aligns_columns(rows):
    lines = tables.grid([["xxxxxxxxx"] * 3, *rows], right=[1])
    for row, line in zip(rows, lines[1:], strict=True):
        padded = line.ljust(31)
        assert [padded[0:9], padded[11:20], padded[22:31]] == [row[0].ljust(9), row[1].rjust(9), row[2].ljust(9)]


# ---- progress -------------------------------------------------------------------------------------------------


def test_progress_is_silent_where_stderr_is_no_terminal(capsys):
    for verbose in (True, False, None):
        with progress(verbose, 1e-6) as watch:
            assert watch is None
    assert capsys.readouterr() == ("", "")


def test_progress_draws_on_a_terminal():
    screen = io.StringIO()
    with progress(True, 1e-6, Console(file=screen, force_terminal=True, width=100)) as watch:
        watch(Check(25, 3.25, 1e-3, 1e-7, 1e-2, 0.1, 1.5))
    shown = screen.getvalue()
    for part in ("iteration 25", "objective 3.25", "primal", "1.0e-03", "dual", "gap", "━"):
        assert part in shown


@given(st.floats(1e-12, 1e3), st.floats(1e-12, 1e3))
def test_share_grows_as_the_residual_falls(a, b):
    low, high = sorted((a, b))
    start, eps = 1e2, 1e-6
    assert 0 <= share(high, start, eps) <= share(low, start, eps) <= 1
    assert (share(low, start, eps) == 1) == (low <= eps)
    assert share(math.nan, start, eps) == share(math.inf, start, eps) == 0


# ---- plots ----------------------------------------------------------------------------------------------------


def test_convergence_plot_shows_the_history_and_leaves_no_global_figure(tmp_path):
    record, path = history(), tmp_path / "picture.png"
    figure = plots.convergence(record, eps=1e-6, path=path)
    lines = {line.get_label(): line for line in figure.axes[0].get_lines()}
    assert np.array_equal(lines["primal"].get_ydata(), record["primal"])
    assert np.array_equal(lines["dual"].get_xdata(), record["iteration"])
    assert min(lines["gap"].get_ydata()) > 0  # an exact zero still has a place on a logarithmic axis
    assert path.read_bytes().startswith(b"\x89PNG") and figure._repr_png_().startswith(b"\x89PNG")
    assert not Gcf.get_all_fig_managers()


def test_plots_of_odd_histories(tmp_path):
    with pytest.raises(ValueError, match="no checks"):
        plots.convergence(History())
    record = History()
    record.add(Check(1, math.inf, math.inf, math.nan, 0.0, 0.1, 0.0, "limit"))
    plots.convergence(record, path=tmp_path / "one.svg")
    assert "<svg" in (tmp_path / "one.svg").read_text()


def test_gallery_has_one_panel_for_each_solve(tmp_path):
    figure = plots.gallery([(f"model {k}", history(), 1.0, "PEER", 2.0) for k in range(4)], 1e-6, tmp_path / "all.png")
    assert [axes.get_title(loc="left") for axes in figure.axes] == [f"model {k}" for k in range(4)]


# ---- files ----------------------------------------------------------------------------------------------------


def test_json_knows_no_infinity(tmp_path):
    path = tmp_path / "out.json"
    write_json(
        path, {"a": math.inf, "b": [np.float64(1.5), math.nan], "c": np.array([1, 2]), "d": Status.LIMIT, 3: None}
    )
    assert json.loads(path.read_text()) == {"a": None, "b": [1.5, None], "c": [1, 2], "d": "limit", "3": None}
    assert plain(object()).startswith("<object")


@pytest.mark.parametrize("error", [OSError(28, "No space left on device"), KeyboardInterrupt()])
def test_a_file_that_cannot_be_finished_leaves_the_old_one_and_nothing_else(tmp_path, error):
    path = tmp_path / "out.json"
    write_json(path, {"old": 1})
    with pytest.raises(type(error)), whole_file(path) as temporary:
        temporary.write_text('{"half": ')
        raise error
    assert json.loads(path.read_text()) == {"old": 1}
    assert list(tmp_path.iterdir()) == [path]


def test_whole_file_follows_links_and_keeps_usual_permissions(tmp_path):
    target, link, plain_file = tmp_path / "target.json", tmp_path / "link.json", tmp_path / "plain"
    plain_file.touch()
    target.write_text("old")
    link.symlink_to(target)
    write_json(link, {"new": True})
    assert link.is_symlink() and json.loads(target.read_text()) == {"new": True}
    assert target.stat().st_mode == plain_file.stat().st_mode


def test_steps_of_a_finish_stand_one_after_the_other():
    record = History()
    for iteration, event in ((1, ""), (25, "finish"), (25, "finish"), (25, "finish"), (50, ""), (50, "optimal")):
        record.add(Check(iteration, 0.0, 1e-3, 1e-3, 1e-3, 1.0, 0.1, event))
    assert plots.positions(record) == [1, 25, 26, 27, 50, 51]
