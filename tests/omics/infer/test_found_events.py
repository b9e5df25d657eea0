"""A table of doses and levels becomes the block ``exposure``, and never a samples table, an endpoint or a view."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pandas as pd
import pytest
from guess_tables import ROWS, counts, outcomes, patients, write

from omics.cohort.read import events_of, read_cohort
from omics.infer.cohort_yaml import guess_cohort
from omics.infer.found_events import KnownModel, is_events
from omics.infer.found_table import FoundTable
from omics.infer.write_yaml import as_yaml, unsure

MODELS = [
    KnownModel("vancomycin_large", "vancomycin", ("CRCL", "WT", "DIAL")),
    KnownModel("vancomycin_small", "vancomycin", ("CRCL", "WT")),
    KnownModel("imatinib_one", "imatinib", ("ALB",)),
]


def models() -> Sequence[KnownModel]:
    return MODELS


def doses(ids: Sequence[str], **more: Any) -> pd.DataFrame:
    rows = [
        {"ID": one, "TIME": time, "AMT": dose, "DV": level, "EVID": kind}
        for one in ids
        for time, dose, level, kind in ((0, 1000, ".", 1), (8, ".", 12.5, 0), (12, 1000, ".", 1))
    ]
    return pd.DataFrame(rows).assign(**more)


def folder(place: Path, name: str, covariates: Sequence[str] = (), **more: Any) -> Path:
    clinical = outcomes().assign(**{column: 50.0 + i for i, column in enumerate(covariates)})
    write(place, clinical=clinical, rna=counts(), **{name: doses(patients(), **more)})
    return place


def test_the_drug_of_the_file_chooses_the_model_whose_covariates_are_there(tmp_path: Path) -> None:
    guess = guess_cohort(folder(tmp_path, "vancomycin_levels", ["weight", "crcl"]), models=models)
    content = guess.as_dict()
    assert content["exposure"] == {
        "model": "vancomycin_small",
        "events": "vancomycin_levels.csv",
        "covariates": {"CRCL": "crcl", "WT": "weight"},
        "metrics": ["auc24_first"],
    }
    assert content["samples"]["file"] == "clinical.csv"
    assert list(content["views"]) == ["rna"]
    assert "exposure" in unsure(guess)
    assert "(others: vancomycin_large)" in as_yaml(guess)
    (tmp_path / "cohort.yaml").write_text(
        as_yaml(guess).replace("vancomycin_small", "vancomycin_buelga_2005")
    )
    events = events_of(read_cohort(tmp_path))
    assert events is not None
    assert events.is_dose.sum() == 2 * ROWS


def test_a_covariate_of_the_events_comes_first_and_a_cell_names_the_drug(tmp_path: Path) -> None:
    place = folder(tmp_path, "pk", ["weight", "crcl"], WT=70.0, drug="Vancomycin")
    exposure = guess_cohort(place, models=models).as_dict()["exposure"]
    assert exposure["covariates"] == {"CRCL": "crcl", "WT": "WT"}


@pytest.mark.parametrize(
    ("name", "sentence"),
    [("pk", "stratomics exposure --list"), ("imatinib", "no column of numbers is called ALB")],
)
def test_without_a_model_or_a_covariate_the_block_is_a_comment(
    tmp_path: Path, name: str, sentence: str
) -> None:
    guess = guess_cohort(folder(tmp_path, name), models=models)
    text = as_yaml(guess)
    assert "exposure" not in guess.as_dict()
    assert "\n# exposure: {model: " in text
    assert sentence in " ".join(text.replace("#", "").split())
    assert "doses and levels" in guess.roles.unmatched[f"{name}.csv"]
    (tmp_path / "cohort.yaml").write_text(text)
    assert events_of(read_cohort(tmp_path)) is None


def test_doses_of_other_patients_are_not_used(tmp_path: Path) -> None:
    write(tmp_path, clinical=outcomes(), rna=counts(), vancomycin=doses(patients(prefix="Q")))
    guess = guess_cohort(tmp_path, models=models)
    assert guess.exposure is None
    assert "doses of patients who are not in clinical.csv" in guess.roles.unmatched["vancomycin.csv"]


def test_the_first_of_two_tables_is_taken(tmp_path: Path) -> None:
    place = folder(tmp_path, "vancomycin_a", ["wt", "crcl"])
    write(place, vancomycin_b=doses(patients()))
    guess = guess_cohort(place, models=models)
    assert guess.as_dict()["exposure"]["events"] == "vancomycin_a.csv"
    assert guess.roles.unmatched == {"vancomycin_b.csv": "a cohort has one table of doses and levels"}


@pytest.mark.parametrize(
    ("names", "expected"),
    [(["#id", "time", "Amt"], True), (["ID", "TIME", "DV"], False), (["C", "ID", "TIME", "AMT", "DV"], True)],
)
def test_the_layout_is_recognised_by_its_columns(names: list[str], expected: bool) -> None:
    assert is_events(FoundTable("a.csv", pd.DataFrame(columns=names))) == expected
