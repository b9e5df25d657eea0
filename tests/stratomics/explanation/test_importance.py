"""Importance and dependence of a model on covariates alone: views have none, and the dependence is a sum."""

from __future__ import annotations

import numpy as np
import pytest
from explained_model import ExplainedModel, explained_model

from omics.cohort.read import cohort_endpoints
from stratomics.explanation.attribution import explain
from stratomics.explanation.dependence import top_two_dependence
from stratomics.explanation.importance import importance_groups, permutation_importance
from stratomics.explanation.missing_views import missing_views


@pytest.fixture(scope="module")
def clinical(tmp_path_factory: pytest.TempPathFactory) -> ExplainedModel:
    return explained_model(tmp_path_factory.mktemp("clinical"), model="clinical_cox")


def test_views_that_the_model_does_not_use_have_no_importance(
    clinical: ExplainedModel, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("stratomics.explanation.importance.REPEATS", 1)
    fitted, cohort, patients, reference = clinical
    found = explain(fitted, cohort, reference)
    groups = importance_groups(fitted, found.levels["features"], reference)
    assert [group.kind for group in groups].count("block") == 5
    held_out_by = np.arange(cohort.n_obs) % len(fitted.encoders)
    outcome = cohort_endpoints(cohort).primary()
    table = permutation_importance(fitted, patients, outcome, held_out_by, groups)
    others = table[table["kind"] != "covariate"]
    assert (others[["importance", "low", "high"]] == 0).all().all()
    assert (table[table["kind"] == "covariate"]["importance"] != 0).any()
    assert (table["low"] <= table["high"]).all()
    again = permutation_importance(fitted, patients, outcome, held_out_by, groups)
    assert table.equals(again)


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
