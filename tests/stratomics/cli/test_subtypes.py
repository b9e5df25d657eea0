"""``stratomics subtypes``: what it prints and writes, and what it refuses."""

from __future__ import annotations

import json
import shutil
from pathlib import Path
from typing import Any

import pandas as pd
import pytest
from grouped_cohort import grouped_cohort

from omics.cohort.write import write_cohort
from stratomics.cli import main
from stratomics.strata.groups import existence

FEW = ["--model=pca", "--count=3", "--seed=1"]


@pytest.fixture(autouse=True)
def _few_draws(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.chdir(tmp_path)
    for name, value in (("HALVES", 2), ("DRAWS", 3), ("DRAW_HALVES", 2), ("NEARLY", 2.0)):
        monkeypatch.setattr(existence, name, value)


@pytest.fixture
def cohort(tmp_path: Path) -> str:
    return str(write_cohort(grouped_cohort(), tmp_path / "two.h5mu"))


@pytest.mark.slow
def test_groups_new_patients_labels_and_page_are_written(cohort: str, tmp_path: Path, capsys: Any) -> None:
    out = tmp_path / "groups"
    words = [cohort, *FEW, "--k=2", f"--out={out}", f"--new={cohort}", "--labels=kind", "--json"]
    assert main(["subtypes", *words]) == 0
    result = json.loads(capsys.readouterr().out)
    assert result["k"] == 2
    assert [test["k"] for test in result["tests"]] == [2]
    names = ["patients", "patients_labels", "new", "new_labels"]
    assert result["tables"] == [str(out / f"{name}.parquet") for name in names]
    patients, labels, new, new_labels = (pd.read_parquet(table) for table in result["tables"])
    assert len(patients) == 72
    pd.testing.assert_frame_equal(patients, new)
    pd.testing.assert_frame_equal(labels, new_labels)
    assert result["outcomes"][0]["test"]["strata"] == 2
    assert (out / "report.html").is_file()
    assert (out / "model" / "labels.json").is_file()
    assert not (tmp_path / "mlflow.db").exists()
    # The most probable group is the rule of an enrichment: those with a probability above one half.
    table = ["--table", str(out / "trial.csv"), "--score=p_S1", "--cuts=0.5", "--draws=200"]
    columns = ["--arm=arm", "--control=control", "--time=survival.time", "--event=survival.event"]
    assert main(["enrich", *table, *columns, "--json"]) == 0
    enriched = json.loads(capsys.readouterr().out)
    assert enriched["rows"][1]["n"] == (patients["subtype"] == "S1").sum()


def test_gradients_without_groups_write_the_test_and_no_model(
    cohort: str, tmp_path: Path, capsys: Any
) -> None:
    out = tmp_path / "none"
    assert main(["subtypes", cohort, *FEW, "--k=2..3", f"--out={out}"]) == 0
    printed = capsys.readouterr().out
    assert "Gradients, no groups" in printed
    assert printed.splitlines()[-1] == str(out / "report.html")
    assert not (out / "model").exists()
    assert "Kaplan-Meier" not in (out / "report.html").read_text()


@pytest.mark.parametrize(
    ("words", "message"),
    [
        (["--k=survival"], "--k is 'survival'"),
        (["--k=6..2"], "--k is '6..2'"),
        (["--k=30"], "30 groups are too many"),
        (["--k-by", "survival"], "the number of groups is never chosen by an outcome"),
        (["--k=2", "--labels=rna3"], "it is a feature of view 'rna'"),
        (["--k=2", "--labels=knd"], "did you mean 'kind'?"),
        (["--k=2", "--templates=none.csv"], "none.csv: no such file; correct the path of the templates"),
        (["--k=2", "--model=supervised_vae"], "learned with outcomes"),
        (["--k=2", "--new=missing"], "missing"),
    ],
)
def test_wrong_input_is_one_sentence(
    words: list[str], message: str, cohort: str, tmp_path: Path, capsys: Any
) -> None:
    out = tmp_path / "out"
    assert main(["subtypes", cohort, *FEW, f"--out={out}", *words]) == 2
    error = capsys.readouterr().err
    assert message in error
    assert error.count("\n") == 1
    assert not out.exists()


def test_a_folder_with_files_is_not_replaced(tmp_path: Path, capsys: Any) -> None:
    (tmp_path / "file").touch()
    assert main(["subtypes", "bundled:tcga_acc", *FEW, f"--out={tmp_path}"]) == 2
    assert "it exists and is not empty" in capsys.readouterr().err


def test_a_cohort_without_a_folder_is_refused(cohort: str, capsys: Any) -> None:
    assert main(["subtypes", cohort, *FEW]) == 2
    assert "not a finished run; a cohort needs --out DIR" in capsys.readouterr().err


@pytest.mark.slow
def test_a_run_gets_a_section_and_stays_verified(small_run: Path, tmp_path: Path, capsys: Any) -> None:
    run = Path(shutil.copytree(small_run, tmp_path / small_run.name))
    assert main(["subtypes", str(run), "--k=2"]) == 0
    assert capsys.readouterr().out.splitlines()[-1] == str(run / "report.html")
    assert '<section id="subtypes"' in (run / "report.html").read_text()
    assert main(["verify", str(run)]) == 0
