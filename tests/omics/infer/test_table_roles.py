"""Which table has the patients: malformed folders are one sentence, and a user may name table and id."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pandas as pd
import pytest
from guess_tables import counts, outcomes, write

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
