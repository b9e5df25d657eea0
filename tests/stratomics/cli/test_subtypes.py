"""``stratomics subtypes``: what it prints and writes, and what it refuses."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pandas as pd
import pytest

from stratomics.cli import main

FEW = ["subtypes", "bundled:tcga_acc", "--model=pca", "--count=5", "--seed=3"]


def test_groups_and_new_patients_are_written(tmp_path: Path, capsys: Any) -> None:
    out = tmp_path / "groups"
    assert main([*FEW, "--k=2", f"--out={out}", "--new=bundled:tcga_acc", "--json"]) == 0
    result = json.loads(capsys.readouterr().out)
    assert result["k"] == 2
    assert [test["k"] for test in result["tests"]] == [2]
    assert result["tables"] == [str(out / "patients.parquet"), str(out / "new.parquet")]
    patients, new = (pd.read_parquet(table) for table in result["tables"])
    assert len(patients) == 92
    pd.testing.assert_frame_equal(patients, new)


def test_gradients_without_groups_write_nothing(tmp_path: Path, capsys: Any) -> None:
    assert main([*FEW, "--k=2..3", f"--out={tmp_path / 'none'}"]) == 0
    assert "Gradients, no groups" in capsys.readouterr().out
    assert not (tmp_path / "none").exists()


@pytest.mark.parametrize(
    ("k", "message"),
    [("survival", "--k is 'survival'"), ("6..2", "--k is '6..2'"), ("30", "30 groups are too many")],
)
def test_a_wrong_number_is_one_sentence(k: str, message: str, tmp_path: Path, capsys: Any) -> None:
    assert main([*FEW, f"--k={k}", f"--out={tmp_path / 'out'}"]) == 2
    error = capsys.readouterr().err
    assert message in error
    assert error.count("\n") == 1


def test_new_patients_that_cannot_be_read_leave_nothing(tmp_path: Path, capsys: Any) -> None:
    out = tmp_path / "groups"
    assert main([*FEW, "--k=2", f"--out={out}", f"--new={tmp_path / 'missing'}"]) == 2
    assert "missing" in capsys.readouterr().err
    assert not out.exists()


def test_a_folder_with_files_is_not_replaced(tmp_path: Path, capsys: Any) -> None:
    (tmp_path / "file").touch()
    assert main([*FEW, f"--out={tmp_path}"]) == 2
    assert "it exists and is not empty" in capsys.readouterr().err
