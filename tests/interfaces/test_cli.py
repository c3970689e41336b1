"""The command line: exit codes, JSON, plots, interruption, and one sentence for bad input."""

from __future__ import annotations

import json
import signal
import subprocess
import sys
from contextlib import contextmanager
from pathlib import Path

import pytest
from typer.testing import CliRunner

from admmopt.interfaces import cli

FEASIBLE = """NAME SMALL
ROWS
 N  COST
 G  DEMAND
 L  SPACE
COLUMNS
    A  COST  1.0  DEMAND  1.0
    A  SPACE  1.0
    B  COST  2.0  DEMAND  1.0
RHS
    RHS  DEMAND  4.0  SPACE  3.0
ENDATA
"""  # A <= 3, A + B >= 4: 3 * 1 + 1 * 2 = 5
INFEASIBLE = FEASIBLE.replace("B  COST  2.0  DEMAND  1.0", "B  COST  2.0")
UNBOUNDED = FEASIBLE.replace("B  COST  2.0", "B  COST  -2.0")


def run(*arguments: str | Path):
    return CliRunner().invoke(cli.app, [str(argument) for argument in arguments])


@pytest.fixture
def mps(tmp_path):
    def write(text: str = FEASIBLE, name: str = "small.mps") -> Path:
        path = tmp_path / name
        path.write_text(text)
        return path

    return write


@pytest.mark.parametrize(
    ("text", "options", "status", "code"),
    [
        (FEASIBLE, (), "optimal", 0),
        (FEASIBLE, ("--max-iterations", "1"), "limit", 1),
        (INFEASIBLE, (), "infeasible", 3),
        (UNBOUNDED, (), "unbounded", 4),
    ],
)
def test_exit_code_and_json_say_the_status(mps, tmp_path, text, options, status, code):
    out = tmp_path / "out.json"
    result = run("solve", mps(text), "--json", out, *options)
    assert result.exit_code == code, result.output
    assert result.output.startswith(
        "LP small: minimize, 2 columns, 2 rows, 3 entries\n" if status != "infeasible" else "LP"
    )
    written = json.loads(out.read_text(), parse_constant=lambda name: pytest.fail(f"{name} is not JSON"))
    assert written["status"] == status and written["sentence"] in result.output
    assert ("certificate" in written) == (status in ("infeasible", "unbounded"))


def test_json_is_in_the_names_of_the_file(mps, tmp_path):
    out = tmp_path / "out.json"
    assert run("solve", mps(), "--json", out, "--eps", "1e-8").exit_code == 0
    written = json.loads(out.read_text())
    assert written["objective"] == pytest.approx(5.0, abs=1e-6)
    assert written["x"] == pytest.approx({"A": 3.0, "B": 1.0}, abs=1e-6)
    assert written["duals"]["rows"] == pytest.approx({"DEMAND": 2.0, "SPACE": -1.0}, abs=1e-6)
    assert max(written["relative_residuals"].values()) <= written["eps"] == 1e-8
    assert written["history"]["iteration"][-1] == written["iterations"]
    assert set(written["seconds"]) >= {"read", "prepare", "iterate"}


def test_infeasibility_certificate_of_the_json_proves_it(mps, tmp_path):
    """y'A = 0 on every column and y'rhs > 0 for the rows that y speaks of (x >= 0 takes the sign that is left)."""
    out = tmp_path / "out.json"
    run("solve", mps(INFEASIBLE), "--json", out)
    rows = json.loads(out.read_text())["certificate"]["rows"]
    size = max(abs(value) for value in rows.values())
    demand, space = rows["DEMAND"] / size, rows["SPACE"] / size
    assert demand > 0 and space < 0 and demand + space <= 1e-6
    assert 4 * demand + 3 * space > 0.1


def test_plot_and_history(mps, tmp_path):
    out = tmp_path / "out.png"
    result = run("solve", mps(), "--plot", out, "--history")
    assert result.exit_code == 0 and out.read_bytes().startswith(b"\x89PNG")
    header = next(line for line in result.output.splitlines() if line.lstrip().startswith("iteration "))
    assert header.split()[:5] == ["iteration", "objective", "primal", "dual", "gap"]


def test_quiet_prints_nothing(mps):
    result = run("solve", mps(), "--quiet")
    assert (result.exit_code, result.output) == (0, "")


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (("solve", "nothing.mps"), "nothing.mps: no such file."),
        (("solve", "FILE", "--eps", "2"), "eps must lie between 0 and 1, got 2.0."),
        (("solve", "FILE", "--time-limit", "-1"), "time_limit must be positive"),
        (("solve", "FILE", "--backend", "abacus"), "unknown backend 'abacus'; installed: "),
        (("solve", "FILE", "--backend", "cpu:7"), "takes nothing after its name"),
        (("solve", "FILE", "--json", "no/folder/out.json"), "there is no folder no/folder"),
        (("solve", "FILE", "--json", "."), "this is a folder"),
        (("solve", "FILE", "--plot", "out.doc"), "needs an ending that says the format"),
        (("explain", "nothing.mps"), "nothing.mps: no such file."),
        (("solve", "FILE", "--bogus"), "No such option"),
        (("solve",), "Missing argument"),
    ],
)
def test_bad_input_is_one_sentence_and_exit_code_2(mps, arguments, message):
    result = run(*(mps() if argument == "FILE" else argument for argument in arguments))
    assert result.exit_code == 2
    assert message in result.output and "Traceback" not in result.output


@pytest.mark.skipif(not Path("/dev/full").is_char_device(), reason="needs /dev/full")
def test_full_disk_is_said(mps):
    result = run("solve", mps(), "--json", "/dev/full")
    assert result.exit_code == 2 and "No space left on device" in result.output
    assert Path("/dev/full").is_char_device()


def interrupt_after(checks: int):
    """A progress that is hit by Ctrl-C at the given check."""

    @contextmanager
    def progress(verbose, eps):
        seen = []

        def watch(check):
            seen.append(check)
            if len(seen) == checks:
                raise KeyboardInterrupt

        yield watch

    return progress


def test_interrupt_keeps_the_best_iterate(mps, tmp_path, monkeypatch):
    monkeypatch.setattr(cli, "progress", interrupt_after(3))
    out = tmp_path / "out.json"
    result = run("solve", mps(), "--eps", "1e-14", "--json", out)
    written = json.loads(out.read_text())
    assert result.exit_code == 130 and (written["status"], written["message"]) == ("limit", "interrupted")
    best = min(max(r) for r in zip(*(written["history"][name] for name in ("primal", "dual", "gap")), strict=True))
    assert max(written["relative_residuals"].values()) <= best * (1 + 1e-9)  # entries on bounds are made exact
    assert set(written["x"]) == {"A", "B"}


@pytest.mark.skipif(sys.platform == "win32", reason="POSIX signals")
def test_interrupt_from_a_terminal(tmp_path):
    """A real SIGINT to a real process that would run for a long time."""
    n = 60
    lines = [" N  COST", *(f" E  R{i}" for i in range(n))]
    columns = [f"    X{j}  R{i}  {1.0 / (i + j + 1):.12f}" for j in range(n) for i in range(n)]
    costs = [f"    X{j}  COST  1.0" for j in range(n)]
    rhs = [f"    RHS  R{i}  {1.0 / (i + 2):.12f}" for i in range(n)]
    body = sorted([*columns, *costs], key=lambda line: int(line.split()[0][1:]))
    path, out = tmp_path / "hilbert.mps", tmp_path / "out.json"
    path.write_text("\n".join(["NAME HILBERT", "ROWS", *lines, "COLUMNS", *body, "RHS", *rhs, "ENDATA", ""]))
    command = [sys.executable, "-m", "admmopt.interfaces.cli", "solve", str(path), "--eps", "1e-15", "--json", str(out)]
    process = subprocess.Popen(
        [*command, "--max-iterations", "1000000000"], stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
    )
    try:
        assert process.stdout.readline().startswith("LP hilbert")  # it has been read: the engine starts
        with pytest.raises(subprocess.TimeoutExpired):
            process.wait(timeout=1.0)
        process.send_signal(signal.SIGINT)
        said, errors = process.communicate(timeout=60)
    finally:
        process.kill()
    assert process.returncode == 130, errors
    assert "interrupted" in said and "Traceback" not in errors
    assert json.loads(out.read_text())["message"] == "interrupted"


def test_backends_says_what_is_there_and_why_one_is_not(monkeypatch):
    result = run("backends")
    lines = {line.split()[0]: line for line in result.output.splitlines()}
    assert result.exit_code == 0
    assert lines["cpu"].split()[1] == "yes" and "exact" in lines["cpu"]
    assert lines["crossbar"].split()[1] == "yes" and "approximate" in lines["crossbar"]

    class Broken:
        name = "broken"

        def load(self):
            raise ModuleNotFoundError("No module named 'gone'")

    monkeypatch.setattr(cli.backend_api, "installed", lambda: {"broken": Broken()})
    assert "cannot be loaded: ModuleNotFoundError: No module named 'gone'" in run("backends").output


def test_explain_shows_terms_and_system(mps):
    result = run("explain", mps())
    assert result.exit_code == 0
    for part in ("2 unknowns, 2 terms with 4 rows", "rows", "bounds", "sparse 2x2", "identity 2x2", "backend 'cpu'"):
        assert part in result.output


def test_version():
    import admmopt

    assert run("--version").output == f"admmopt {admmopt.__version__}\n"


def test_import_is_light():
    """`import admmopt` brings neither torch nor matplotlib nor a backend with it."""
    code = (
        "import sys, admmopt; print([m for m in ('torch', 'matplotlib', 'sklearn', 'admmopt_cpu') if m in sys.modules])"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"
