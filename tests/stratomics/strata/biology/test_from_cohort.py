"""What is taken from a cohort: harmonized features, factors that are not poor, groups, and pathway activity."""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd
import pytest

import stratomics as st
from datamodules.config import HarmonizeConfig
from datamodules.harmonizer import Harmonizer
from omics.common.errors import DataError, InputError
from stratomics.strata.biology.from_cohort import (
    activity_of,
    factor_comparison,
    feature_tables,
    group_comparisons,
)
from stratomics.strata.biology.progeny import pathway_activity, progeny_weights


def test_tables_hold_the_kept_features_of_the_patients_with_a_view(acc: Any) -> None:
    harmonizer = Harmonizer(HarmonizeConfig(max_features=50)).fit(acc)
    tables = {one.view: one for one in feature_tables(acc, harmonizer)}
    assert {name: one.values.shape for name, one in tables.items()} == {
        "cna": (90, 50),
        "mrna": (79, 50),
        "mirna": (80, 50),
        "rppa": (46, 33),
    }
    for name, one in tables.items():
        assert list(one.values.columns) == list(one.var.index) == list(harmonizer.features[name])
        assert np.isfinite(one.values.to_numpy()).all()


def test_factors_of_poor_stability_stay_in_the_model_only() -> None:
    scores = pd.DataFrame(np.zeros((3, 3)), columns=["factor1", "factor2", "factor3"])
    verdicts = pd.DataFrame({"factor": list(scores), "verdict": ["stable", "poor", "unsteady"]})
    comparison, notes = factor_comparison(scores, verdicts)
    assert comparison.tested == ("factor1", "factor3")
    assert list(comparison.contrasts) == list(scores)
    assert notes == ["Factor 2 is not tested, because of poor stability."]
    assert factor_comparison(scores, verdicts.assign(verdict="poor"))[1] == [
        "Factors 1, 2, 3 are not tested, because of poor stability."
    ]
    assert factor_comparison(scores, verdicts.assign(verdict="stable"))[1] == []


def test_each_group_is_against_the_rest() -> None:
    samples = pd.DataFrame({"kind": [*"aaaaabbbbbccccc", "d", None], "two": [*[True] * 6, *[False] * 11]})
    found = group_comparisons(samples, "kind")
    assert [one.tested for one in found] == [("kind a",), ("kind b",), ("kind c",)]
    column = found[1].contrasts["kind b"]
    assert column.sum() == 5
    assert column.isna().tolist() == samples["kind"].isna().tolist()
    assert [one.tested for one in group_comparisons(samples, "two")] == [("two True",)]
    stages = pd.DataFrame({"stage": ["Stage I"] * 6 + ["Stage II"] * 6})
    assert [one.tested for one in group_comparisons(stages, "stage")] == [("Stage II",)]


@pytest.mark.parametrize(
    ("column", "error", "message"),
    [
        ("absent", InputError, "no column 'absent'"),
        ("number", DataError, "30 different values"),
        ("same", DataError, "1 different values"),
        ("rare", DataError, "no group of column 'rare' has 5"),
    ],
)
def test_a_column_without_groups_is_refused(column: str, error: type[Exception], message: str) -> None:
    samples = pd.DataFrame({"number": range(30), "same": "x", "rare": [*"ab", *"c" * 28]})
    samples.loc[samples["rare"] == "c", "rare"] = [*"cd", *[None] * 26]
    with pytest.raises(error, match=message):
        group_comparisons(samples, column)


def test_activity_is_that_of_the_transcripts_on_a_log_scale(acc: Any) -> None:
    assert activity_of(acc) is None
    genes = progeny_weights().index[:600]
    rng = np.random.default_rng(0)
    values = pd.DataFrame(rng.normal(8.0, 1.0, (20, 600)), [f"p{n}" for n in range(20)], genes)
    values.iloc[3] = np.nan
    clinical = pd.DataFrame({"response": [0, 1] * 10}, index=values.index)
    cohort = st.cohort(
        {"rna": values},
        clinical,
        response="response",
        positive=1,
        modality={"rna": "transcriptomics"},
        scale={"rna": "log"},
    )
    found = activity_of(cohort)
    assert found is not None
    pd.testing.assert_frame_equal(
        found, pathway_activity(values.drop(index="p3")), check_names=False, rtol=1e-5, atol=1e-5
    )
