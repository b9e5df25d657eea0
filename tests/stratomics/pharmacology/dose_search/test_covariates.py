"""Covariates of a model: completed, refused, noted."""

from __future__ import annotations

import pandas as pd
import pytest
from exposure import vancomycin

from datamodules.exposure.published.library import find_model
from omics.common.errors import ConfigError
from stratomics.pharmacology.dose_search.covariates import check_names, complete_table, range_notes

TABLE = pd.DataFrame({"CRCL": [90.0, 300.0, 4.0], "WT": [70.0, 80.0, 90.0]}, index=["a", "b", "c"])


def test_a_complete_table_stays() -> None:
    pd.testing.assert_frame_equal(complete_table(vancomycin(), TABLE), TABLE)


def test_what_can_be_computed_is_added() -> None:
    model = find_model("vancomycin_colin_2019")
    table = pd.DataFrame({"AGE": [35.0], "WT": [70.0], "SCR": [0.83]})
    complete = complete_table(model, table)
    assert complete["PMA"].iloc[0] == pytest.approx(35 + 40 * 7 / 365.25)
    assert set(model.covariates) <= set(complete)


@pytest.mark.parametrize(
    ("table", "message"),
    [
        (TABLE[["CRCL"]], r"vancomycin_test needs the covariate WT \(kg; its source has 30 to 200\)"),
        (TABLE.assign(WT=[70, None, 80]), "covariate WT has a value that is no number"),
        (TABLE.assign(CRCL=0.0), "no positive parameters for CRCL 0, WT 70"),
        (TABLE.assign(WT=-70.0), "no positive parameters for CRCL 90, WT -70"),
        (TABLE.assign(WT="heavy"), "covariate WT has a value that is no number"),
    ],
)
def test_missing_covariates(table: pd.DataFrame, message: str) -> None:
    with pytest.raises(ConfigError, match=message):
        complete_table(vancomycin(), table)


def test_unknown_covariates() -> None:
    check_names(vancomycin(), ["WT", "BSA"], "BSA")
    with pytest.raises(ConfigError, match="no covariate 'WGT'; did you mean 'WT'"):
        check_names(vancomycin(), ["WGT"], None)
    with pytest.raises(ConfigError, match="no covariate 'WT'; leave it out"):
        check_names(find_model("imatinib_widmer_2006"), ["WT"], None)


def test_values_out_of_range_are_noted() -> None:
    assert range_notes(vancomycin(), TABLE.loc[["a"]]) == []
    (note,) = range_notes(vancomycin(), TABLE)
    assert note.startswith(
        "CRCL is 300 in patient b and 1 others, outside the patients of vancomycin_test (5 to 250"
    )
    (alone,) = range_notes(vancomycin(), TABLE.loc[["c"]])
    assert alone.startswith("CRCL is 4 in the patient, outside")
