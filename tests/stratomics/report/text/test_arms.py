"""Arms have names: those of the cohort, or control and treated where they are numbers."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from written_run import people, written

from omics.common.files import read_json, write_json
from stratomics.report.text.arms import arm_names, named_comparison
from stratomics.runs.run_directory import RunDirectory


@pytest.mark.parametrize(
    ("values", "control", "names"),
    [
        ([1.0, 0.0], 0, {"0": "control", "1": "treated"}),
        (["drug", "placebo"], "placebo", {"placebo": "placebo", "drug": "drug"}),
        ([0, 1, 2], 2, {"2": "control", "0": "arm 0", "1": "arm 1"}),
        ([0, 1], None, {"0": "arm 0", "1": "arm 1"}),
    ],
)
def test_names(values: list[Any], control: Any, names: dict[str, str], tmp_path: Path) -> None:
    patients = people(12).assign(arm=[values[i % len(values)] for i in range(12)])
    run = written(tmp_path / "run", patients)
    if control is not None:
        arm = {"column": "arm", "control": control, "treated": None, "randomised": "yes"}
        write_json(run.path / "provenance.json", read_json(run.path / "provenance.json") | {"arm": arm})
    found = arm_names(RunDirectory(run.path))
    assert found == names
    assert list(found) == list(names)


def test_a_run_without_arms_has_none(tmp_path: Path) -> None:
    assert arm_names(written(tmp_path / "run", people(8))) == {}


def test_a_comparison_names_its_arms(tmp_path: Path) -> None:
    run = written(tmp_path / "run", people(12).assign(arm=[0, 1] * 6))
    arm = {"column": "arm", "control": 0, "treated": None, "randomised": "yes"}
    write_json(run.path / "provenance.json", read_json(run.path / "provenance.json") | {"arm": arm})
    assert named_comparison(RunDirectory(run.path), "1 against 0") == "treated against control"
    assert named_comparison(RunDirectory(run.path), "drug, 1 against 0") == "drug, treated against control"
