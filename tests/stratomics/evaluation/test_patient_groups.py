"""Groups of patients by sex, age, arm and site."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from stratomics.evaluation.patient_groups import AGE, NOT_RECORDED, SEX, covariate_column, patient_groups


@pytest.mark.parametrize(
    ("column", "values", "name", "levels"),
    [
        ("female", [0, 1, 1, 0], "sex", ["female", "male"]),
        ("Male", [0.0, 1.0, np.nan, 0.0], "sex", ["female", "male", NOT_RECORDED]),
        ("sex", [0.0, 1.0, np.nan, 1.0], "sex", ["0", "1", NOT_RECORDED]),
        ("Gender", ["f", "m", None, "f"], "sex", ["f", "m", NOT_RECORDED]),
        ("female", ["yes", "no", "yes", None], "sex", ["no", "yes", NOT_RECORDED]),
        ("Age.at.diagnosis", [40, 50, 60, 70], "age", ["up to 50", "above 50 to 60", "above 60"]),
        ("AGE", [40.0, np.nan, 60.0, 70.0], "age", ["up to 53", "above 53 to 63", "above 63", NOT_RECORDED]),
        ("age", [50.0] * 4, "age", ["all"]),
        ("age", [np.nan] * 4, "age", [NOT_RECORDED]),
        ("age_years", ["<50", "50+", "<50", "50+"], "age", ["50+", "<50"]),
        ("age", [0.2, 0.5, 0.9, 1.4], "age", ["up to 0.5", "above 0.5 to 0.9", "above 0.9"]),
    ],
)
def test_sex_and_age_are_found_by_the_name_of_their_column(
    column: str, values: list[object], name: str, levels: list[str]
) -> None:
    table = pd.DataFrame({f"covariate.{column}": values})
    groups = patient_groups(table)
    assert list(groups) == [name]
    assert list(groups[name].categories) == levels
    assert len(groups[name]) == 4
    assert not pd.isna(np.asarray(groups[name], dtype=object)).any()


def test_age_groups_are_tertiles_in_order() -> None:
    age = np.random.default_rng(0).normal(60, 12, 300)
    labels = patient_groups(pd.DataFrame({"covariate.age": age}))["age"]
    assert [int((labels == level).sum()) > 80 for level in labels.categories] == [True] * 3
    tops = [age[labels == level].max() for level in labels.categories]
    bottoms = [age[labels == level].min() for level in labels.categories]
    assert tops[0] < bottoms[1]
    assert tops[1] < bottoms[2]


@pytest.mark.parametrize(
    ("name", "columns"),
    [
        ("tcga_acc", {"sex": "female", "age": "age"}),
        ("race_septic_shock", {"sex": "female", "age": "age"}),
        ("iirn_crohn_flare", {"sex": "female", "age": "Age"}),
        ("loris_icb", {"sex": "sex", "age": "age"}),
        ("nat_breast", {"age": "Age.at.diagnosis"}),
        ("placenta_hood", {"age": "age"}),
        ("tcga_ov", {"age": "age"}),
        ("gdsc_celllines", {}),
    ],
)
def test_sex_and_age_of_the_shared_cohorts_are_found(
    name: str, columns: dict[str, str], shared: object
) -> None:
    import yaml

    spec = yaml.safe_load((shared(f"cohorts/{name}") / "cohort.yaml").read_text())  # type: ignore[operator]
    table = pd.DataFrame(columns=[f"covariate.{c}" for c in spec["covariates"]])
    found = {"sex": covariate_column(table, SEX), "age": covariate_column(table, AGE)}
    assert {k: v for k, v in found.items() if v} == {k: f"covariate.{v}" for k, v in columns.items()}


def test_levels_of_arms_and_sites_are_text() -> None:
    table = pd.DataFrame({"arm": [18.0, 0.0, np.nan, 6.0], "site": ["b", "a", "<script>", "b"]})
    found = patient_groups(table)
    assert list(found["arm"].categories) == ["0", "6", "18", NOT_RECORDED]
    assert list(found["site"].categories) == ["<script>", "a", "b"]
