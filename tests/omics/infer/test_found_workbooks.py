"""Sheets of a workbook become a samples table and views, and every other sheet is named."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pandas as pd
from guess_tables import ROWS, counts, outcomes, patients
from metabolon_files import Rows, write_book

from omics.cohort.read import read_cohort
from omics.infer.cohort_yaml import guess_cohort
from omics.infer.write_yaml import as_yaml

CODES = [101, 102, 103]


def sheet(frame: pd.DataFrame) -> Rows:
    return [list(frame.columns), *frame.astype(object).where(frame.notna(), None).to_numpy().tolist()]


def metabolon(with_outcome: bool) -> dict[str, Rows]:
    ids = [f"ABCD-{i:05d}" for i in range(ROWS)]
    values = np.random.default_rng(0).lognormal(0, 0.4, (ROWS, 3))
    data = pd.DataFrame(values, columns=CODES)
    data.insert(0, "PARENT_SAMPLE_NAME", ids)
    samples = pd.DataFrame({"PARENT_SAMPLE_NAME": ids, "CLIENT_SAMPLE_ID": patients(), "AGE": range(50, 62)})
    if with_outcome:
        samples = samples.join(outcomes().drop(columns="id"))
    return {
        "Explanation": [["what the sheets are"]],
        "Chemical Annotation": [["CHEM_ID", "CHEMICAL_NAME"], *([code, f"lipid {code}"] for code in CODES)],
        "Sample Meta Data": sheet(samples),
        "Batch-normalized Data": sheet(data),
        "Log Transformed Data": sheet(data),
    }


def test_a_workbook_of_metabolon_with_outcomes_is_a_cohort(tmp_path: Path) -> None:
    write_book(tmp_path / "STUDY DATA TABLES.XLSX", metabolon(with_outcome=True))
    guess = guess_cohort(tmp_path)
    content = guess.as_dict()
    assert content["samples"] == {
        "file": "STUDY DATA TABLES.XLSX",
        "format": "metabolon_samples",
        "id": "PARENT_SAMPLE_NAME",
    }
    view = content["views"]["metabolon"]
    assert (view["modality"], view["scale"]) == ("metabolomics", "intensity")
    assert (view["format"], view["sheet"]) == ("metabolon", "Batch-normalized Data")
    assert [name.partition(", ")[2] for name in guess.roles.unmatched] == [
        "sheet 'Explanation'",
        "sheet 'Log Transformed Data'",
    ]
    (tmp_path / "cohort.yaml").write_text(as_yaml(guess))
    cohort = read_cohort(tmp_path)
    assert cohort["metabolon"].shape == (ROWS, 3)
    assert list(cohort["metabolon"].var_names) == [f"lipid {code}" for code in CODES]
    assert list(cohort.obs["AGE"]) == list(range(50, 62))


def test_a_clinical_table_with_the_names_of_the_clinic_chooses_the_ids(tmp_path: Path) -> None:
    write_book(tmp_path / "study.xlsx", metabolon(with_outcome=False))
    outcomes().to_csv(tmp_path / "clinical.csv", index=False)
    guess = guess_cohort(tmp_path)
    assert guess.as_dict()["samples"] == {"file": "clinical.csv", "id": "id"}
    assert guess.as_dict()["views"]["metabolon"]["id"] == "CLIENT_SAMPLE_ID"
    assert "describes samples" in guess.roles.unmatched["study.xlsx, sheet 'Sample Meta Data'"]
    (tmp_path / "cohort.yaml").write_text(as_yaml(guess))
    assert list(read_cohort(tmp_path)["metabolon"].obs_names) == patients()


def test_each_sheet_of_another_workbook_is_a_table(tmp_path: Path) -> None:
    sheets = {"readme": [["about this study"]], "clinical": sheet(outcomes()), "rna": sheet(counts())}
    write_book(tmp_path / "all.xlsx", sheets)
    guess = guess_cohort(tmp_path)
    assert guess.as_dict()["samples"] == {"file": "all.xlsx", "sheet": "clinical", "id": "id"}
    assert guess.as_dict()["views"]["rna"]["sheet"] == "rna"
    assert list(guess.roles.unmatched) == ["all.xlsx, sheet 'readme'"]
    (tmp_path / "cohort.yaml").write_text(as_yaml(guess))
    assert read_cohort(tmp_path)["rna"].shape == (ROWS, 5)
