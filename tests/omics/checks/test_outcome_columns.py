from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pandas as pd
import pytest

from omics.checks.check_cohort import check_cohort
from omics.checks.finding import ERROR, WARNING

Frames, Spec = dict[str, pd.DataFrame], dict[str, Any]
Write = Callable[..., Path]


def found(folder: Path, code: str) -> list[tuple[str, str, str]]:
    return [(f.severity, f.place, f.sentence) for f in check_cohort(folder) if f.code == code]


@pytest.mark.parametrize(
    ("unit", "factor", "count"),
    [("days", 1.0, 0), ("days", 2.0, 7), ("months", 1 / 30.4375, 0), ("weeks", 1.0, 40)],
)
def test_progression_after_death(unit: str, factor: float, count: int, write_small: Write) -> None:
    def change(frames: Frames, spec: Spec) -> None:
        outcome = frames["outcome"]
        outcome["time"] += 100
        outcome["progressed"] = outcome["event"]
        outcome["pfs_time"] = outcome["time"] * (factor if count != 7 else 1)
        if count == 7:
            outcome.loc[:6, "pfs_time"] *= factor
        spec["endpoints"]["pfs"] = {
            "kind": "survival",
            "time": "pfs_time",
            "event": "progressed",
            "unit": unit,
        }

    findings = found(write_small(change), "after_death")
    assert len(findings) == bool(count)
    if count:
        ((severity, place, sentence),) = findings
        assert (severity, place) == (WARNING, "pfs")
        assert f"in {count} patient(s)" in sentence
        assert "p000, p001, p002, p003, p004, ..." in sentence


@pytest.mark.parametrize("name", ["censored", "CNSR", "os_cens", "Censorship"])
def test_a_column_of_censoring_as_event(name: str, write_small: Write) -> None:
    def change(frames: Frames, spec: Spec) -> None:
        frames["outcome"][name] = 1 - frames["outcome"]["event"]
        spec["endpoints"]["survival"]["event"] = name

    ((severity, place, sentence),) = found(write_small(change), "censoring_as_event")
    assert (severity, place) == (WARNING, "survival")
    assert f"declare event: {{column: {name}, is: 0}}" in sentence

    def declared(frames: Frames, spec: Spec) -> None:
        change(frames, spec)
        spec["endpoints"]["survival"]["event"] = {"column": name, "is": 0}

    assert not found(write_small(declared), "censoring_as_event")


@pytest.mark.parametrize("name", ["census_tract", "incensed", "event"])
def test_other_names_are_no_censoring(name: str, write_small: Write) -> None:
    def change(frames: Frames, spec: Spec) -> None:
        frames["outcome"][name] = frames["outcome"]["event"]
        spec["endpoints"]["survival"]["event"] = name

    assert not found(write_small(change), "censoring_as_event")


def test_a_run_that_would_be_refused_is_no_clean_check(write_small: Write) -> None:
    def none(frames: Frames, spec: Spec) -> None:
        frames["outcome"]["event"] = 0

    ((severity, place, sentence),) = found(write_small(none), "not_learnable")
    assert (severity, place) == (ERROR, "survival")
    assert "has no events" in sentence

    def three(frames: Frames, spec: Spec) -> None:
        frames["outcome"]["event"] = [1] * 3 + [0] * 37

    ((severity, _, sentence),) = found(write_small(three), "few_events")
    assert severity == WARNING
    assert "only 3 event(s)" in sentence
    assert "refuses" in sentence


def test_a_view_of_constants(write_small: Write) -> None:
    def change(frames: Frames, spec: Spec) -> None:
        frames["protein"].iloc[:, 1:] = 3.5

    ((severity, place, _),) = found(write_small(change), "constant_view")
    assert (severity, place) == (WARNING, "protein")


def test_every_label_of_a_response_has_its_side(write_small: Write) -> None:
    def change(frames: Frames, spec: Spec) -> None:
        frames["outcome"]["best"] = ["CR", "PR", "SD", "NE"] * 10
        spec["endpoints"]["response"] = {"column": "best", "positive": ["CR", "PR"]}

    sentences = [
        sentence for _, place, sentence in found(write_small(change), "endpoint") if place == "response"
    ]
    assert sentences == [
        (
            "observed in 30 of 40 patients, 20 positive (67%); CR 10 positive, PR 10 positive, SD 10 negative, "
            "NE 10 not evaluable"
        )
    ]
