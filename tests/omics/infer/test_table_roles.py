"""Which table has the patients: malformed folders are one sentence, and a user may name table and id."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
import yaml
from guess_tables import counts, outcomes, write

from omics.cohort.read import read_cohort
from omics.common.errors import CohortError
from omics.infer.cohort_yaml import guess_cohort


def _nothing(folder: Path) -> None:
    (folder / "notes.txt").write_text("x")


def _one(folder: Path) -> None:
    write(folder, outcome=outcomes())


def _strangers(folder: Path) -> None:
    write(folder, outcome=outcomes(), rna=counts("X"))


def _two(folder: Path) -> None:
    write(folder, outcome=outcomes(), outcomes=outcomes(), rna=counts())


def _cut(folder: Path) -> None:
    write(folder, outcome=outcomes())
    (folder / "rna.csv").write_text("patient,gene1\n")


def _twice(folder: Path) -> None:
    write(folder, outcome=pd.concat([outcomes(), outcomes()]), rna=counts())


@pytest.mark.parametrize(
    ("make", "code"),
    [
        (_nothing, "no_table"),
        (_one, "one_table"),
        (_strangers, "no_shared_ids"),
        (_two, "two_samples_tables"),
        (_cut, "no_patient"),
        (_twice, "duplicate_patient"),
    ],
    ids=["no table", "one table", "no shared id", "two candidates", "cut short", "twice"],
)
def test_malformed_folders_are_one_sentence(make: Callable[[Path], None], code: str, tmp_path: Path) -> None:
    make(tmp_path)
    with pytest.raises(CohortError) as caught:
        guess_cohort(tmp_path)
    assert caught.value.code == code
    assert "\n" not in str(caught.value)


def test_the_table_and_the_id_may_be_named(tmp_path: Path) -> None:
    _two(tmp_path)
    assert guess_cohort(tmp_path, "outcomes.csv").as_dict()["samples"]["file"] == "outcomes.csv"
    with pytest.raises(CohortError, match=r"did you mean 'outcomes\.csv'"):
        guess_cohort(tmp_path, "outcome_s.csv")
    with pytest.raises(CohortError, match="no column of ids"):
        guess_cohort(tmp_path, "outcomes.csv", "event")


@pytest.mark.parametrize("transposed", [False, True])
def test_ids_with_a_suffix_are_matched_by_a_pattern(transposed: bool, tmp_path: Path) -> None:
    rng = np.random.default_rng(0)
    patients = [f"Q{i}" for i in range(12)]
    outcome = pd.DataFrame({"patient": patients, "os_days": rng.integers(9, 900, 12), "os_event": [0, 1] * 6})
    outcome.to_csv(tmp_path / "outcome.csv", index=False)
    samples = [f"{one}-T1" for one in patients] + ["Q3-T2"]
    rna = pd.DataFrame(rng.normal(8, 2, (13, 5)), samples, [f"ENSG0000000000{i}" for i in range(5)])
    (rna.T if transposed else rna).to_csv(tmp_path / "rna.csv", index_label="id")
    spec = guess_cohort(tmp_path).as_dict()
    assert spec["samples"]["file"] == "outcome.csv"
    assert spec["views"]["rna"]["id"] == {"pattern": "^([^-]+)"}
    assert spec["views"]["rna"]["samples_per_patient"] == "first"
    (tmp_path / "cohort.yaml").write_text(yaml.safe_dump(spec))
    assert list(read_cohort(tmp_path)["rna"].obs_names) == patients


def test_a_table_with_several_rows_of_a_patient_is_passed_over_with_its_reason(tmp_path: Path) -> None:
    patients = outcomes()
    ids = patients.iloc[:, 0]
    drugs = pd.DataFrame({"patient": [*ids, *ids[:3]], "dose": range(len(ids) + 3)})
    labels = pd.DataFrame({"patient": ids, "subtype": ["a", "b"] * (len(ids) // 2)})
    guess = guess_cohort(write(tmp_path, outcome=patients, rna=counts(), drugs=drugs, labels=labels))
    assert list(guess.views) == ["rna"]
    assert set(guess.roles.unmatched) == {"drugs.csv", "labels.csv"}
    assert "several rows of 3 patients" in guess.roles.unmatched["drugs.csv"]
    assert "text" in guess.roles.unmatched["labels.csv"]
