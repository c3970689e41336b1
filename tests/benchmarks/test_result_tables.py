"""Tables, profiles and speedups count rightly, on records made by hand."""

import numpy as np
import pytest

from benchmarks import records, report
from benchmarks.peers.solvers import OURS
from benchmarks.report import families, instances, profiles, speedup
from benchmarks.report.levels import levels
from benchmarks.suites import SUITES


def record(name, solver, verdict="right", cpu=1.0, status="optimal", suite="lp", eps=1e-4, **more):
    return {
        "suite": suite, "eps": eps, "name": name, "solver": solver, "verdict": verdict, "status": status,
        "seconds": 2 * cpu, "cpu_seconds": cpu, "memory_mb": 100.0, "version": "1.2", "load": 3.0,
        "reason": "" if verdict == "right" else "off", **records.machine(), **more,
    }  # fmt: skip


OWN = [
    record("a", OURS, cpu=1.0),
    record("b", OURS, cpu=4.0),
    record("c", OURS, "failed", status="timeout"),
    record("a", "OSQP", cpu=3.0),
    record("b", "OSQP", cpu=2.0),
    record("c", "OSQP", "unsuited"),
    record("a", "SCS", "wrong"),
    record("b", "SCS", "failed", status="user_limit"),
    record("c", "SCS", cpu=5.0),
    record("d", OURS),
]


def objective(name, solver, error, cpu=1.0, violation=0.0, **more):
    more = {"reference": 1.0, "error": error, "relative_violation": violation, "value": 1.0, **more}
    return record(name, solver, "right" if error <= 1e-4 else "wrong", cpu, suite="nineteen", eps=1e-6, **more)


def test_the_table_counts_and_means():
    page = "\n".join(families.section("lp", SUITES["lp"], OWN))
    ours = np.exp(np.mean(np.log([2, 5, 21, 2]))) - 1
    assert f"| 1e-04 | **admmopt 1.2** | **3 of 4** | 0 | 1 | {ours:.2f} | {ours:.2f} |" in page
    both = np.sqrt(2.0 * 5.0) - 1  # on a and b, what OSQP takes
    assert f"| 1e-04 | OSQP 1.2 | **2 of 2** | 0 | 0 | {np.sqrt(4.0 * 3.0) - 1:.2f} | {both:.2f} |" in page
    assert "| 1e-04 | SCS 1.2 | **1 of 3** | 1 | 1 |" in page
    assert "admmopt at 1e-04, failed: c (off)." in page
    assert "SCS at 1e-04, wrong: a (off)." in page and "SCS at 1e-04, failed: b (off)." in page
    assert "a load of 3 to 3 processes" in page and "4 instances" in page
    assert "| a | 1.00 | 3.00 | **wrong** |" in page
    assert "| b | 4.00 | 2.00 | user limit (1) |" in page
    assert "| c | timeout (1) | – | 5.00 |" in page


def test_what_took_longer_than_the_limit_has_failed():
    (level,) = levels([record("a", OURS, cpu=21.0)], 20.0)
    assert level.outcome(level.found["a", OURS]) == "failed"
    assert level.named(OURS, "failed") == ["a (after 21 s)"]
    assert level.mean(level.taken(OURS), lambda r: r["cpu_seconds"]) == pytest.approx(20.0)


def test_an_objective_is_looked_at_with_two_accuracies():
    coarse, fine = levels([objective("a", OURS, 1e-9), objective("a", "SCS", 1e-5)], 120.0)
    assert (coarse.accuracy, fine.accuracy) == (1e-4, 1e-6)
    assert [level.outcome(level.found["a", "SCS"]) for level in (coarse, fine)] == ["right", "failed"]
    assert fine.named("SCS", "failed") == ["a (error 1e-05)"]
    assert fine.solved(fine.found["a", OURS])


def test_the_speedup_is_against_the_fastest_that_reaches_the_accuracy():
    own = [
        *(objective("a", OURS, 1e-9, 1.0), objective("a", "SCS", 1e-5, 2.0), objective("a", "OSQP", 1e-8, 8.0)),
        *(objective("a", "CLARABEL", 1e-9, 9.0, memory_mb=400.0), objective("a", "HIGHS", 0.0, 0.1)),
        *(objective("b", OURS, 1e-9, 2.0), objective("b", "SCS", 1e-7, 4.0)),
        *(objective("c", OURS, 1e-9, 2.0), *(objective("c", peer, 1.0, 4.0) for peer in speedup.RIVALS)),
        *(objective("d", OURS, 1e-9, 2.0), objective("d", "SCS", 1.0, 4.0)),
    ]
    page = "\n".join(speedup.lines(levels(own, 120.0)[-1]))
    assert "**4.0 times faster** in geometric mean over 2 problems, 2 of them faster; least 2.0" in page
    assert "| a | 1.00 | OSQP | 8.00 | 8.0 | 100 | 100 | 1.00 |" in page
    assert (
        "Within 120 CPU s no peer reaches it on c (not in the means)" in page
        and "| c | 2.00 | none reached it |" in page
    )
    assert (
        "Not all peers were run on d, and none that was reaches it" in page
        and "| d | 2.00 | not all were run |" in page
    )


def test_the_profile(tmp_path):
    (level,) = levels(OWN, 20.0)
    assert level.common == ["a", "b", "c"]
    factors = profiles.ratios(level)
    assert factors[OURS].tolist() == [1.0, 2.0, np.inf]
    assert factors["OSQP"].tolist() == [3.0, 1.0, np.inf]
    assert factors["SCS"].tolist() == [np.inf, np.inf, 1.0]
    assert profiles.share(factors[OURS], np.array([1.0, 2.0, 100.0])) == pytest.approx([1 / 3, 2 / 3, 2 / 3])
    profiles.write(OWN, tmp_path)
    assert (tmp_path / families.picture("lp")).stat().st_size > 5000


def test_the_page_has_a_section_for_every_suite_that_was_run(tmp_path, monkeypatch):
    monkeypatch.setattr(profiles, "FOLDER", tmp_path)
    page = report.markdown([*OWN, objective("lasso", OURS, 1e-9), record("e", OURS, suite="qp", eps=1e-6)])
    assert "## Netlib\n" in page and "## Maros-Meszaros" in page and "Kennington" not in page
    assert "| lasso | right | optimal | 1 |" in page
    assert instances.ours([]) == []


def test_records_of_other_devices_have_a_table_of_their_own():
    here = objective("huber", OURS, 1e-9, 1.0, backend="cpu")
    there = objective("huber", OURS, 1e-9, 9.0, backend="torch:cuda:0", meta={"device": "a card"}, form="Woodbury")
    page = report.markdown([here, there])
    assert "`python -m benchmarks run nineteen --backend torch:cuda:0`" in page
    assert "| nineteen | huber | torch:cuda:0: a card |" in page and "| Woodbury |  | 18.00 |" in page
    assert "**1 of 1**" in page and "| huber | 9.00 |" not in page
