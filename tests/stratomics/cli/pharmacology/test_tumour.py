"""``stratomics tumour``: its screen, its files, the report of its run, and one sentence for wrong input."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pandas as pd
import pytest
import small
from sized_cohort import sized_run, write_run, write_sized

from stratomics.cli import main
from stratomics.pharmacology.tumour_store import load_growth
from stratomics.runs.run_directory import RunDirectory
from stratomics.runs.verify import verify_run

RESEARCH_USE = "For research; not for dosing of patients."


@pytest.fixture(scope="module")
def run(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("tumour")
    return write_run(folder / "run", write_sized(folder / "cohort")).path


@pytest.mark.slow
def test_growth_is_printed_written_and_stored(small_run: Path, tmp_path: Path, capsys: Any) -> None:
    run = sized_run(small_run, tmp_path).path
    before = (run / "report.html").read_text()
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
    stored = load_growth(RunDirectory(run))
    assert stored is not None
    for table, name in (
        (stored.slopes, "slopes"),
        (stored.forecasts, "forecasts"),
        (stored.typical, "typical"),
    ):
        assert len(table) == len(pd.read_csv(out / f"{name}.csv"))
    assert stored.patients["sample_id"].to_list() == patients["patient"].to_list()
    assert 'id="tumour"' not in before
    page = (run / "report.html").read_text()
    assert 'id="tumour"' in page
    assert "Growth after baseline does not predict survival" in page
    changed = {finding.place for finding in verify_run(RunDirectory(run)) if finding.code == "file_changed"}
    assert any("config.yaml" in place for place in changed)
    assert not any(name in place for place in changed for name in ("tumour", "report"))
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
