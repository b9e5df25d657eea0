"""Patients: from covariates and from tables of events."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pandas as pd
import pytest
from exposure import vancomycin

from datamodules.exposure.published.library import find_model
from omics.common.errors import ConfigError, InputError
from stratomics.pharmacology.dose_search.patients import patients_of

EVENTS = """ID,TIME,AMT,RATE,DV,ADDL,II,crcl,WEIGHT
7,0,1000,1000,.,3,12,90,70
7,26,.,.,30,.,.,80,70
7,47.5,.,.,12,.,.,70,71
8,0,1000,1000,.,3,12,170,82
8,47.5,.,.,22,.,.,150,82
9,0,1000,1000,.,3,12,60,50
"""


@pytest.fixture
def events(tmp_path: Path) -> Path:
    file = tmp_path / "events.csv"
    file.write_text(EVENTS)
    return file


def test_events_give_levels_and_the_last_covariates(events: Path) -> None:
    patients = patients_of(vancomycin(), {"WT": "WEIGHT"}, events)
    expected = pd.DataFrame(
        {"CRCL": [70.0, 150, 60], "WT": [71.0, 82, 50]}, index=pd.Index(["7", "8", "9"], name="patient")
    )
    pd.testing.assert_frame_equal(patients.covariates, expected)
    assert patients.events is not None
    assert patients.events.table["observed"].sum() == 3
    assert [note for note in patients.notes if note.startswith("patient 9: there is no level")]


def test_values_for_all_patients_replace_columns(events: Path) -> None:
    patients = patients_of(vancomycin(), {"CRCL": 100.0, "WT": "WEIGHT"}, events, patient="8")
    assert patients.covariates.loc["8"].to_dict() == {"CRCL": 100, "WT": 82}
    assert patients.events is not None
    assert list(patients.events.patients) == ["8"]
    assert (patients.events.table["CRCL"] == 100).all()


def test_computed_covariates_of_events(tmp_path: Path) -> None:
    file = tmp_path / "events.csv"
    file.write_text("ID,TIME,AMT,DV,AGE,WT,SCR\n1,0,1000,.,35,70,.83\n1,10,.,12,35,70,.83\n")
    patients = patients_of(find_model("vancomycin_colin_2019"), None, file)
    assert patients.covariates.loc["1", "PMA"] == pytest.approx(35.766, abs=1e-3)


def test_a_table_of_covariates_has_one_patient_per_row() -> None:
    table = pd.DataFrame({"CRCL": [90.0, 300], "WT": [70.0, 80]}, index=[1, 2])
    patients = patients_of(vancomycin(), table, None)
    assert list(patients.covariates.index) == ["1", "2"]
    assert "CRCL is 300 in patient 2" in patients.notes[0]


TABLE = pd.DataFrame({"CRCL": [90.0], "WT": [70.0]})


@pytest.mark.parametrize(
    ("covariates", "with_events", "options", "message"),
    [
        ({"CRCL": 90.0}, False, {}, "needs the covariate WT"),
        (None, False, {}, "needs the covariate CRCL"),
        ({"CRCL": 90.0, "WT": "weight"}, False, {}, "WT has a value that is no number"),
        ({"CRCL": 90.0, "WT": 70.0, "BSA": 2.0}, False, {}, "no covariate 'BSA'"),
        (TABLE, False, {"patient": "7"}, "patient 7 needs a table of events"),
        (TABLE, True, {}, "exclude each other"),
        (TABLE.iloc[:0], False, {}, "has no patient"),
        (pd.concat([TABLE, TABLE]), False, {}, "have a patient twice"),
        (TABLE.assign(BSA=0.0), False, {"per": "BSA"}, "BSA has a value that is not above 0"),
        (None, True, {}, "needs the covariate WT"),
        ({"WT": "weight_kg"}, True, {}, "no such column, for the covariate WT"),
        ({"WT": "WEIGHT"}, True, {"patient": "70"}, "there is no patient 70; did you mean '7'"),
    ],
)
def test_wrong_patients(
    covariates: Any, with_events: bool, options: dict[str, str], message: str, events: Path
) -> None:
    with pytest.raises(InputError) as caught:
        patients_of(vancomycin(), covariates, events if with_events else None, **options)
    assert message in str(caught.value)


def test_an_unknown_compartment(tmp_path: Path) -> None:
    file = tmp_path / "events.csv"
    file.write_text("ID,TIME,AMT,DV,CMT\n1,0,1000,.,3\n1,10,.,12,1\n")
    with pytest.raises(InputError, match="the model has the compartments 1 to 2"):
        patients_of(vancomycin(), {"CRCL": 90.0, "WT": 70.0}, file)


def test_levels_in_another_unit(tmp_path: Path) -> None:
    file = tmp_path / "events.csv"
    file.write_text("ID,TIME,AMT,DV\n1,0,1000,.\n1,10,.,12000\n")
    with pytest.raises(InputError, match="look like ug/L"):
        patients_of(vancomycin(), {"CRCL": 90.0, "WT": 70.0}, file)


def test_a_dose_per_covariate_takes_its_column(tmp_path: Path) -> None:
    file = tmp_path / "events.csv"
    file.write_text("ID,TIME,AMT,DV,BSA\n1,0,1000,.,1.9\n1,10,.,12,1.9\n")
    patients = patients_of(vancomycin(), {"CRCL": 90.0, "WT": 70.0}, file, per="BSA")
    assert patients.covariates.loc["1", "BSA"] == 1.9
    with pytest.raises(ConfigError, match="no covariate 'BSA'"):
        patients_of(vancomycin(), {"CRCL": 90.0, "WT": 70.0, "BSA": "BSA"}, file)
