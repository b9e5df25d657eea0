"""Findings about a new cohort: missing, extra and reordered features, values out of range, new sites."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from datamodules.config import HarmonizeConfig
from datamodules.harmonizer import Harmonizer
from datamodules.shift import shift_findings
from omics.common.errors import DataError
from omics.simulate.simulate_cohort import SimulationConfig, simulate

FEATURES = {"mutation": 20, "rna": 30, "microbiome": 25}


@pytest.fixture(scope="module")
def cohort() -> Any:
    return simulate(SimulationConfig(patients=80, features=FEATURES, seed=2)).cohort


@pytest.fixture(scope="module")
def harmonizer(cohort: Any) -> Harmonizer:
    return Harmonizer(HarmonizeConfig(correct_site=True)).fit(cohort)


def finding_texts(harmonizer: Harmonizer, cohort: Any) -> dict[str, str]:
    return {
        finding.code: f"{finding.place}: {finding.sentence}" for finding in shift_findings(harmonizer, cohort)
    }


def with_columns(cohort: Any, view: str, columns: Any) -> Any:
    other = cohort.copy()
    other.mod[view] = other[view][:, columns].copy()
    return other


def test_the_training_cohort_has_no_findings(harmonizer: Harmonizer, cohort: Any) -> None:
    assert shift_findings(harmonizer, cohort) == []


def test_missing_features_and_their_share_of_the_total(harmonizer: Harmonizer, cohort: Any) -> None:
    counts = cohort["microbiome"].X
    order = np.argsort(-counts.sum(axis=0))
    texts = finding_texts(harmonizer, with_columns(cohort, "microbiome", np.sort(order[2:])))
    assert (
        "2 of the 25 features of training are missing, among them 2 of the 21 that the model uses"
        in texts["features_missing"]
    )
    share = (counts / counts.sum(axis=1, keepdims=True)).mean(axis=0)[order[:2]].sum()
    assert f"made up {share:.0%} of a training patient's total" in texts["lost_share"]


def test_a_rare_feature_gives_no_lost_share(harmonizer: Harmonizer, cohort: Any) -> None:
    order = np.argsort(-cohort["microbiome"].X.sum(axis=0))
    texts = finding_texts(harmonizer, with_columns(cohort, "microbiome", np.sort(order[:-1])))
    assert "features_missing" in texts
    assert "lost_share" not in texts


def test_extra_and_reordered_features(harmonizer: Harmonizer, cohort: Any) -> None:
    other = cohort.copy()
    other.mod["rna"] = other["rna"][:, ::-1].copy()
    assert set(finding_texts(harmonizer, other)) == {"features_reordered"}
    few = Harmonizer(HarmonizeConfig(correct_site=True)).fit(with_columns(cohort, "rna", slice(0, 20)))
    assert "10 features are not in the training set" in finding_texts(few, cohort)["features_extra"]


def test_values_outside_the_range_of_training(harmonizer: Harmonizer, cohort: Any) -> None:
    other = cohort.copy()
    # One gene of one patient takes most of the library.
    other["rna"].X[0, 0] = 1e9
    finding = next(f for f in shift_findings(harmonizer, other) if f.code == "outside_range")
    values = np.log2((other["rna"].X + 0.5) / (other["rna"].X.sum(axis=1, keepdims=True) + 1) * 1e6)
    before = np.log2((cohort["rna"].X + 0.5) / (cohort["rna"].X.sum(axis=1, keepdims=True) + 1) * 1e6)
    # All 30 genes of this patient are more than a robust standard deviation outside the range.
    extreme = (values < before.min(axis=0) - 1) | (values > before.max(axis=0) + 1)
    assert finding.severity == "info"
    assert extreme.sum() == 30
    assert f"30 values ({extreme.mean():.2%}) of 30 feature(s)" in finding.sentence
    other["rna"].X[:] = other["rna"].X[:, ::-1]
    assert (
        next(f for f in shift_findings(harmonizer, other) if f.code == "outside_range").severity == "warning"
    )


def test_a_view_that_no_patient_has(harmonizer: Harmonizer, cohort: Any) -> None:
    other = cohort.copy()
    del other.mod["rna"]
    assert finding_texts(harmonizer, other) == {
        "view_absent": "rna: no patient has this view; predictions use the other views only"
    }


def test_a_site_that_is_not_in_the_training_set(harmonizer: Harmonizer, cohort: Any) -> None:
    other = cohort.copy()
    other.obs.loc[other.obs_names[:6], "site"] = "site_9"
    texts = finding_texts(harmonizer, other)["site_unseen"]
    assert "not in the training set, site_9: site correction is not done" in texts
    adapting = Harmonizer(HarmonizeConfig(correct_site=True, adapt=True)).fit(cohort)
    assert (
        "is estimated from these patients for 1 of 1 site(s) (adapt: true)"
        in finding_texts(adapting, other)["site_unseen"]
    )


def test_another_scale_of_the_same_modality_is_converted_and_reported(
    harmonizer: Harmonizer, cohort: Any
) -> None:
    import json

    other = cohort.copy()
    counts = other["microbiome"].X
    other.mod["microbiome"].X = counts / counts.sum(axis=1, keepdims=True)
    spec = json.loads(other.uns["stratomics"]["spec"])
    spec["views"]["microbiome"]["scale"] = "relative"
    other.uns["stratomics"]["spec"] = json.dumps(spec)
    assert set(finding_texts(harmonizer, other)) <= {"other_scale", "outside_range"}
    one, two = harmonizer.transform(cohort), harmonizer.transform(other)
    np.testing.assert_allclose(one.views["microbiome"], two.views["microbiome"], atol=1e-3)
    spec["views"]["microbiome"]["modality"] = "generic"
    other.uns["stratomics"]["spec"] = json.dumps(spec)
    with pytest.raises(DataError, match="declared generic, but the model was trained on microbiome"):
        harmonizer.transform(other)
