"""``stratomics transport``: what it prints and writes, how the report shows it, and what it refuses."""

from __future__ import annotations

import json
import re
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
from small import Change, tables, write

import stratomics as st
from omics.common.files import file_digest, read_json
from omics.common.manifest import MANIFEST
from stratomics.cli import main
from stratomics.runs.run_directory import RunDirectory
from stratomics.transportability.result import load_transports

EVIL = "<script>alert(1)</script>"


@pytest.fixture
def run(small_run: Path, tmp_path: Path) -> Path:
    return Path(shutil.copytree(small_run, tmp_path / "run"))


def other(frames: dict[str, pd.DataFrame], spec: dict[str, Any]) -> None:
    """Other patients of the small cohort, from three sites."""
    frames |= tables(90, seed=5)
    for frame in frames.values():
        frame["sample_id"] = "q" + frame["sample_id"]
    frames["outcome"]["hospital"] = np.resize(["a", "b", EVIL], 90)
    spec |= {"name": f"other {EVIL}", "site": "hospital"}


@pytest.fixture
def write_other(tmp_path: Path) -> Callable[..., Path]:
    def written(change: Change | None = None) -> Path:
        def both(frames: dict[str, pd.DataFrame], spec: dict[str, Any]) -> None:
            other(frames, spec)
            if change is not None:
                change(frames, spec)

        return write(tmp_path / "other", both)

    return written


@pytest.mark.slow
def test_result_and_report_are_written(run: Path, write_other: Callable[..., Path], capsys: Any) -> None:
    words = ["--groups=stage,site", "--recalibrate", "--learning-curve", "--json"]
    assert main(["transport", str(run), str(write_other()), *words]) == 0
    content = json.loads(capsys.readouterr().out)
    [stored] = load_transports(RunDirectory(run))
    assert content["external"]["patients"] == stored.external.patients == 90
    assert stored.cohort == f"other {EVIL}"
    assert stored.recalibration is not None
    assert stored.other_sites is not None
    assert [row.patients for row in stored.other_sites.rows] == [30, 30, 30]
    assert {row.by for row in stored.groups.rows} >= {"stage", "site"}
    assert stored.shift is not None
    assert stored.horizon == RunDirectory(run).cases["stratomics"].horizon
    files = read_json(run / MANIFEST)["files"]
    [path] = (run / "transport").iterdir()
    for name in (f"transport/{path.name}", "report.html"):
        assert files[name] == file_digest(run / name)
    page = (run / "report.html").read_text()
    assert 'id="transport"' in page
    assert EVIL not in page
    # Run again, a text on the screen names everything, and the file is replaced.
    assert main(["transport", str(run), str(write_other())]) == 0
    screen = " ".join(capsys.readouterr().out.split())
    assert "Harrell C is" in screen
    assert "observed / expected" in screen
    assert len(load_transports(RunDirectory(run))) == 1


def test_python_gives_the_same_and_writes_nothing(run: Path, write_other: Callable[..., Path]) -> None:
    result = st.transport(st.open_run(run), st.read_cohort(write_other()), groups=["stage"])
    assert result.external.metrics["harrell_c"]["low"] < result.external.metrics["harrell_c"]["estimate"]
    assert result.learning is None
    assert not (run / "transport").exists()
    assert st.transport(run, write_other(), groups=["stage"]) == result


def test_the_same_patients_under_other_ids_are_noticed(run: Path, write_small: Callable[..., Path]) -> None:
    def renamed(frames: dict[str, pd.DataFrame], _spec: dict[str, Any]) -> None:
        for frame in frames.values():
            frame["sample_id"] = "q" + frame["sample_id"]

    notes = " ".join(st.transport(run, write_small(renamed)).notes)
    assert "40 patients have exactly the factors of a patient of the run" in notes


def without_views(frames: dict[str, pd.DataFrame], spec: dict[str, Any]) -> None:
    frames["rna"] = frames["rna"].rename(columns=lambda c: c if c == "sample_id" else f"other{c}")
    spec["views"] = {"metabolite": {"modality": "generic", "file": "rna.csv", "scale": "numeric"}}


def zero_ages(frames: dict[str, pd.DataFrame], _spec: dict[str, Any]) -> None:
    frames["outcome"]["age"] = 0.0


def same_ids(frames: dict[str, pd.DataFrame], _spec: dict[str, Any]) -> None:
    for frame in frames.values():
        frame["sample_id"] = frame["sample_id"].str.removeprefix("q")


def in_months(_frames: dict[str, pd.DataFrame], spec: dict[str, Any]) -> None:
    spec["endpoints"]["survival"]["unit"] = "months"


def another_endpoint(_frames: dict[str, pd.DataFrame], spec: dict[str, Any]) -> None:
    spec["endpoints"] = {"response": {"column": "event", "positive": 1}}


def nobody_followed(frames: dict[str, pd.DataFrame], _spec: dict[str, Any]) -> None:
    frames["outcome"].loc[4:, ["time", "event"]] = np.nan


@pytest.mark.parametrize(
    ("change", "words", "message"),
    [
        (without_views, [], "no patient of cohort .* has a view that the model uses"),
        (zero_ages, [], "'age' is 0 in all 30 patients of site .* stands for a missing value"),
        (same_ids, [], "patient 'p000' is in the run and in cohort"),
        (in_months, [], "in months .* and in days in the run; convert"),
        (another_endpoint, [], "has no endpoint 'survival', which the run predicts"),
        (nobody_followed, [], "4 patients of cohort .* a validation needs 10"),
        (None, ["--groups=sx"], "records no 'sx'; did you mean|choose one of"),
    ],
)
def test_wrong_input_is_one_sentence(
    run: Path,
    write_other: Callable[..., Path],
    capsys: Any,
    change: Change | None,
    words: list[str],
    message: str,
) -> None:
    before = (run / "report.html").read_bytes()
    assert main(["transport", str(run), str(write_other(change)), *words]) == 2
    error = capsys.readouterr().err
    assert len(error.strip().splitlines()) == 1
    assert re.search(message, error)
    assert (run / "report.html").read_bytes() == before
    assert not (run / "transport").exists()


def test_a_folder_that_is_no_run_is_refused(
    tmp_path: Path, write_other: Callable[..., Path], capsys: Any
) -> None:
    assert main(["transport", str(tmp_path), str(write_other())]) == 2
    assert "not a finished run directory" in capsys.readouterr().err
