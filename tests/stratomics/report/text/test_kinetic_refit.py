"""Sentences and numbers of a refitted kinetic model."""

from __future__ import annotations

import pandas as pd
import pytest

from stratomics.pharmacology.run_exposure import RefitSummary
from stratomics.report.text.kinetic_refit import refit_sentence, refit_table


def test_the_model_that_is_used_is_named() -> None:
    used = refit_sentence(RefitSummary(12, 30, "", pd.DataFrame()), "drug_2020")
    assert "drug_2020 refitted to 30 levels of 12 training patients" in used
    kept = refit_sentence(
        RefitSummary(2, 2, "2 patients: the published model drug_2020 is used", pd.DataFrame()), "drug_2020"
    )
    assert kept == "A refit was asked for: 2 patients: the published model drug_2020 is used."


@pytest.mark.parametrize(
    ("value", "published", "shown"),
    [("CL", 0.00941, "0.00941"), ("variance CL", 0.147051, "39.8"), ("occasion variance V", 0.0392, "20.0")],
)
def test_variances_are_shown_as_in_a_model(value: str, published: float, shown: str) -> None:
    row = {
        "value": value,
        "unit": "",
        "published": published,
        "refitted": published * 2,
        "relative_error": None,
    }
    table = refit_table(RefitSummary(1, 1, "", pd.DataFrame([row])))
    assert table["published"].tolist() == [shown]
    assert table["relative standard error"].tolist() == ["not available"]
