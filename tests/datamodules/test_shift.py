"""A new cohort beside that of training: what is missing, extra, elsewhere or out of range is counted and said."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from datamodules.config import HarmonizeConfig
from datamodules.harmonizer import Harmonizer
from datamodules.shift import novelties
from omics.common.errors import DataError
from omics.simulate.simulate_cohort import SimulationConfig, simulate

FEATURES = {"mutation": 20, "rna": 30, "microbiome": 25}


@pytest.fixture(scope="module")
def cohort() -> Any:
    return simulate(SimulationConfig(patients=80, features=FEATURES, seed=2)).cohort


@pytest.fixture(scope="module")
def harmonizer(cohort: Any) -> Harmonizer:
    return Harmonizer(HarmonizeConfig(correct_site=True)).fit(cohort)


def found(harmonizer: Harmonizer, cohort: Any) -> dict[str, str]:
    return {finding.code: f"{finding.place}: {finding.sentence}" for finding in novelties(harmonizer, cohort)}


def replaced(cohort: Any, view: str, columns: Any) -> Any:
    other = cohort.copy()
    other.mod[view] = other[view][:, columns].copy()
    return other


def test_the_cohort_of_training_is_nothing_new(harmonizer: Harmonizer, cohort: Any) -> None:
    assert novelties(harmonizer, cohort) == []


def test_missing_features_and_the_share_that_is_lost(harmonizer: Harmonizer, cohort: Any) -> None:
    counts = cohort["microbiome"].X
    order = np.argsort(-counts.sum(axis=0))
    said = found(harmonizer, replaced(cohort, "microbiome", np.sort(order[2:])))
    assert (
        "2 of the 25 features of training are missing, 2 of the 21 that the model uses"
        in said["features_missing"]
    )
    share = (counts / counts.sum(axis=1, keepdims=True)).mean(axis=0)[order[:2]].sum()
    assert f"made up {share:.0%} of a training patient's total" in said["lost_share"]


def test_a_rare_feature_is_no_lost_share(harmonizer: Harmonizer, cohort: Any) -> None:
    order = np.argsort(-cohort["microbiome"].X.sum(axis=0))
    said = found(harmonizer, replaced(cohort, "microbiome", np.sort(order[:-1])))
    assert "features_missing" in said
    assert "lost_share" not in said


def test_extra_and_reordered_features(harmonizer: Harmonizer, cohort: Any) -> None:
    other = cohort.copy()
    other.mod["rna"] = other["rna"][:, ::-1].copy()
    assert set(found(harmonizer, other)) == {"features_reordered"}
    few = Harmonizer(HarmonizeConfig(correct_site=True)).fit(replaced(cohort, "rna", slice(0, 20)))
    assert "10 features were not in training" in found(few, cohort)["features_extra"]


def test_values_outside_the_range_of_training(harmonizer: Harmonizer, cohort: Any) -> None:
    other = cohort.copy()
    # One gene of one patient takes most of his library.
    other["rna"].X[0, 0] = 1e9
    finding = next(f for f in novelties(harmonizer, other) if f.code == "outside_range")
    values = np.log2((other["rna"].X + 0.5) / (other["rna"].X.sum(axis=1, keepdims=True) + 1) * 1e6)
    before = np.log2((cohort["rna"].X + 0.5) / (cohort["rna"].X.sum(axis=1, keepdims=True) + 1) * 1e6)
    # More than a robust standard deviation beyond the range: here all 30 genes of the one patient.
    wild = (values < before.min(axis=0) - 1) | (values > before.max(axis=0) + 1)
    assert finding.severity == "info"
    assert wild.sum() == 30
    assert f"30 values ({wild.mean():.2%}) of 30 feature(s)" in finding.sentence
    other["rna"].X[:] = other["rna"].X[:, ::-1]
    assert next(f for f in novelties(harmonizer, other) if f.code == "outside_range").severity == "warning"


def test_a_view_that_nobody_has(harmonizer: Harmonizer, cohort: Any) -> None:
    other = cohort.copy()
    del other.mod["rna"]
    assert found(harmonizer, other) == {
        "view_absent": "rna: nobody has this view; predictions rest on the others"
    }


def test_a_site_that_training_did_not_see(harmonizer: Harmonizer, cohort: Any) -> None:
    other = cohort.copy()
    other.obs.loc[other.obs_names[:6], "site"] = "site_9"
    said = found(harmonizer, other)["site_unseen"]
    assert "did not see, site_9: site correction is not done" in said
    adapting = Harmonizer(HarmonizeConfig(correct_site=True, adapt=True)).fit(cohort)
    assert "is learned from them for 1 of 1 site(s) (adapt: true)" in found(adapting, other)["site_unseen"]


def test_another_scale_of_the_same_modality_is_converted_and_said(
    harmonizer: Harmonizer, cohort: Any
) -> None:
    import json

    other = cohort.copy()
    counts = other["microbiome"].X
    other.mod["microbiome"].X = counts / counts.sum(axis=1, keepdims=True)
    spec = json.loads(other.uns["stratomics"]["spec"])
    spec["views"]["microbiome"]["scale"] = "relative"
    other.uns["stratomics"]["spec"] = json.dumps(spec)
    assert set(found(harmonizer, other)) <= {"other_scale", "outside_range"}
    one, two = harmonizer.transform(cohort), harmonizer.transform(other)
    np.testing.assert_allclose(one.views["microbiome"], two.views["microbiome"], atol=1e-3)
    spec["views"]["microbiome"]["modality"] = "generic"
    other.uns["stratomics"]["spec"] = json.dumps(spec)
    with pytest.raises(DataError, match="declared generic and the model was trained on microbiome"):
        harmonizer.transform(other)
