"""Importance and dependence of a model on covariates alone: views have none, the dependence is a sum; intervals."""

from __future__ import annotations

import dataclasses

import numpy as np
import pandas as pd
import pytest
from explained_model import ExplainedModel, explained_model

from omics.cohort.read import cohort_endpoints
from stratomics.explanation.attribution import explain
from stratomics.explanation.dependence import top_two_dependence
from stratomics.explanation.importance import (
    importance_groups,
    importance_over_folds,
    permutation_importance,
)
from stratomics.explanation.missing_views import missing_views


@pytest.fixture(scope="module")
def clinical(tmp_path_factory: pytest.TempPathFactory) -> ExplainedModel:
    return explained_model(tmp_path_factory.mktemp("clinical"), model="clinical_cox")


def test_views_that_the_model_does_not_use_have_no_importance(
    clinical: ExplainedModel,
) -> None:
    fitted, cohort, patients, reference = clinical
    found = explain(fitted, cohort, reference)
    groups = importance_groups(fitted, found.levels["features"], reference)
    assert [group.kind for group in groups].count("block") == 5
    outcome = cohort_endpoints(cohort).primary()
    table = permutation_importance(fitted, patients, outcome, groups)
    others = table[table["kind"] != "covariate"]
    assert (others["importance"] == 0).all()
    assert (table[table["kind"] == "covariate"]["importance"] != 0).any()
    again = permutation_importance(fitted, patients, outcome, groups)
    assert table.equals(again)


def test_interval_over_folds_by_hand(clinical: ExplainedModel) -> None:
    rows = [
        {"kind": "covariate", "name": "age", "view": "", "features": 1, "importance": value}
        | {"repeat": 0, "fold": fold, "ratio": 0.25}
        for fold, value in enumerate([0.1, 0.2, 0.3, 0.2, 0.2])
    ]
    first, second = map(str, clinical.fitted.encoders[0].harmonizer.features["rna"][:2])
    rows += [
        {"kind": "block", "name": name, "view": "rna", "features": 1, "importance": 0.5}
        | {"repeat": 0, "fold": fold, "ratio": 0.25}
        for fold, name in enumerate([first, first, second])
    ]
    labels = {view: np.arange(len(one)) for view, one in clinical.reference.correlated.items()}
    labels["rna"][1] = 0
    reference = dataclasses.replace(clinical.reference, correlated=labels)
    found = importance_over_folds(pd.DataFrame(rows), clinical.fitted, reference)
    # Mean .2, variance .005; (1 / 5 + .25) x .005 is the squared error .00225, and t with 4 degrees of freedom 2.7764.
    half = 2.7764451 * np.sqrt(0.00225)
    age, block = found.iloc[0], found.iloc[1]
    assert [age["importance"], age["low"], age["high"]] == pytest.approx([0.2, 0.2 - half, 0.2 + half])
    # Two features of one block of the final model are one row; folds without it count as 0.
    assert len(found) == 2
    assert (block["name"], block["features"], block["folds"]) == (first, 2, 3)
    assert block["importance"] == pytest.approx(0.3)
    alone = importance_over_folds(pd.DataFrame(rows[:1]), clinical.fitted, reference)
    assert alone[["low", "high"]].isna().all().all()


def test_a_model_without_views_does_not_change_with_them(clinical: ExplainedModel) -> None:
    found = missing_views(clinical.fitted, clinical.patients)
    assert [one.view for one in found] == ["protein"]
    lacking = ~clinical.patients.batch(0).present("protein")
    assert np.isnan(found[0].sd[~lacking]).all()
    np.testing.assert_allclose(found[0].sd[lacking], 0.0, atol=1e-9)


def test_the_dependence_of_a_linear_model_is_a_sum(clinical: ExplainedModel) -> None:
    fitted, cohort, patients, reference = clinical
    found = top_two_dependence(fitted, patients, explain(fitted, cohort, reference))
    assert found is not None
    assert set(found.names) == {"age", "stage"}
    assert found.interaction == pytest.approx(0.0, abs=1e-9)
    for values, alone in zip(found.values, found.alone, strict=True):
        slopes = np.diff(alone) / np.diff(values)
        np.testing.assert_allclose(slopes, slopes[0], rtol=1e-4)
