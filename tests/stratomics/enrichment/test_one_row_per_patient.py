"""Tables with several rows of a patient are refused, and one row of each can be chosen."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest

from omics.common.errors import ConfigError, InputError
from stratomics.cli import main
from stratomics.enrichment.one_row_per_patient import refuse_repeated_patients, rows_where


def table(name: str = "id", **changes: Any) -> pd.DataFrame:
    """Two rows of each of four patients: recurrence and death."""
    rows = {
        name: np.repeat([11, 12, 13, 14], 2),
        "arm": np.repeat(["a", "b", "a", "b"], 2),
        "ki67": np.repeat([1.0, 2.0, 3.0, 4.0], 2),
        "time": [1.0, 2.0, 3.0, 4.0, 5.0, 6.0, 7.0, 8.0],
        "kind": ["relapse", "death"] * 4,
    }
    return pd.DataFrame(rows | changes)


@pytest.mark.parametrize("name", ["id", "ID", "patient", "patient_id", "PatientID", "USUBJID", "Subject No"])
def test_a_column_named_as_an_id_of_patients_is_found(name: str) -> None:
    with pytest.raises(InputError, match=r"4 values of column .* have several rows.*--where kind=death"):
        refuse_repeated_patients(table(name), None, ("ki67", "arm"))


@pytest.mark.parametrize("name", ["site_id", "hospital", "identity", "block", "family_id", "valid"])
def test_other_repeated_columns_are_patients_only_if_they_are_declared(name: str) -> None:
    refuse_repeated_patients(table(name), None, ("ki67", "arm"))
    with pytest.raises(InputError, match=f"4 values of column '{name}'"):
        refuse_repeated_patients(table(name), name, ("ki67", "arm"))


def test_a_column_whose_values_have_several_arms_is_no_patient_unless_it_is_declared() -> None:
    mixed = table(arm=["a", "b"] * 4)
    refuse_repeated_patients(mixed, None, ("ki67", "arm"))
    with pytest.raises(InputError, match="4 values of column 'id'"):
        refuse_repeated_patients(mixed, "id", ("ki67", "arm"))


def test_without_a_column_that_tells_rows_apart_no_choice_is_proposed() -> None:
    with pytest.raises(InputError, match="keep one row per patient"):
        refuse_repeated_patients(table(kind="death", time=1.0), None, ("ki67", "arm"))


def test_rows_are_chosen_by_number_or_text() -> None:
    assert rows_where(table(), "kind=death")["time"].tolist() == [2.0, 4.0, 6.0, 8.0]
    assert rows_where(table(kind=[1.0, 2.0] * 4), "kind=1")["time"].tolist() == [1.0, 3.0, 5.0, 7.0]
    refuse_repeated_patients(rows_where(table(), "kind=death"), "id", ("ki67", "arm"))


@pytest.mark.parametrize(
    ("condition", "sentence"),
    [("kind", "COLUMN=VALUE"), ("knd=death", "did you mean 'kind'"), ("kind=cure", "has relapse, death")],
)
def test_a_wrong_condition_is_refused(condition: str, sentence: str) -> None:
    with pytest.raises(ConfigError, match=sentence):
        rows_where(table(), condition)


def test_an_unknown_column_of_ids_is_refused() -> None:
    with pytest.raises(ConfigError, match="--id: no column 'idd'"):
        refuse_repeated_patients(table(), "idd", ("ki67", "arm"))


def test_the_public_table_of_two_rows_per_patient(shared: Any, capsys: pytest.CaptureFixture[str]) -> None:
    folder: Path = shared("cases/36-two-rows-a-patient")
    words = ["enrich", "--table", str(folder / "colon.csv"), "--score", "nodes", "--arm", "rx"]
    words += ["--control", "Obs", "--time", "time", "--event", "status", "--draws", "20"]
    assert main(words) == 2
    assert "120 values of column 'id'" in capsys.readouterr().err
    assert main([*words, "--where", "etype=1"]) == 0
    assert "120 patients" in capsys.readouterr().out
    assert main([*words, "--alpha", "0.01"]) == 2
    assert "--alpha belongs to a RUN" in capsys.readouterr().err
