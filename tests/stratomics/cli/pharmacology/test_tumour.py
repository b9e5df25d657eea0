"""``stratomics tumour``: its screen, its files, and one sentence for wrong input."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pandas as pd
import pytest
import small
from sized_cohort import write_run, write_sized

from stratomics.cli import main

RESEARCH_USE = "For research; not for dosing of patients."


@pytest.fixture(scope="module")
def run(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("tumour")
    return write_run(folder / "run", write_sized(folder / "cohort")).path


@pytest.mark.slow
def test_growth_is_printed_and_written(run: Path, tmp_path: Path, capsys: Any) -> None:
    out, figure = tmp_path / "out", tmp_path / "growth.svg"
    assert main(["tumour", str(run), "--out", str(out), "--figure", str(figure)]) == 0
    text = capsys.readouterr().out
    assert text.rstrip().endswith(RESEARCH_USE)
    for words in (
        "Growth by the curve stein, 40 patients",
        "weeks to growth",
        "immortal time",
        "age",
        "last size",
    ):
        assert words in text
    assert "nan" not in text.split()
    patients = pd.read_csv(out / "patients.csv")
    assert len(patients) == 40
    assert all(name.startswith("after_baseline_") for name in patients.columns[1:])
    assert RESEARCH_USE in figure.read_text()
    content = json.loads((out / "tumour.json").read_text())
    assert content["note"] == RESEARCH_USE
    assert [row["parameter"] for row in content["typical"]] == ["size", "shrinkage", "growth"]
    assert {row["landmark"] for row in content["errors"]} == {"baseline", "first follow-up"}
    # A table of growth after baseline is no covariate of a cohort.
    growth = patients.set_index("patient")["after_baseline_growth"]

    def with_growth(frames: dict[str, pd.DataFrame], spec: dict[str, Any]) -> None:
        frames["outcome"][growth.name] = frames["outcome"]["sample_id"].map(growth)
        spec["covariates"] = [growth.name]

    assert main(["check", str(small.write(tmp_path / "cohort", with_growth))]) == 2
    assert "immortal time" in "".join(capsys.readouterr())


@pytest.mark.parametrize(
    ("arguments", "sentence"),
    [
        (["--curve", "gompertz"], "unknown curve 'gompertz'"),
        (["--figure", "growth.gif"], "unknown ending '.gif'"),
    ],
)
def test_wrong_input_is_one_sentence(run: Path, arguments: list[str], sentence: str, capsys: Any) -> None:
    assert main(["tumour", str(run), *arguments]) == 2
    assert sentence in capsys.readouterr().err
