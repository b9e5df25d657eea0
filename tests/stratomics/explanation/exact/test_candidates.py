"""Attributions of candidates: trees as xgboost gives them, and a candidate without an attribution."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
import xgboost
from small import write

from models.config import FactorsConfig, TrainerConfig
from omics.cohort.read import read_cohort
from omics.common.errors import ConfigError
from stratomics.candidates.trees import BoostedTrees
from stratomics.config import ExperimentConfig
from stratomics.encoding.training_part import EncodedPatients
from stratomics.experiment.check_config import complete_config
from stratomics.explanation.exact.candidates import candidate_parts
from stratomics.explanation.reference import TrainingReference
from stratomics.fitting.fit import Fitted, fit

CONFIG = complete_config(
    ExperimentConfig(factors=FactorsConfig(count=3), trainer=TrainerConfig(epochs=3)), "survival"
)


@pytest.fixture(scope="module")
def patients(tmp_path_factory: pytest.TempPathFactory) -> tuple[Fitted, EncodedPatients, TrainingReference]:
    cohort = read_cohort(write(tmp_path_factory.mktemp("cohort") / "small"))
    fitted = fit(cohort, CONFIG, 1)
    reference = TrainingReference.of(fitted, cohort, {}, informative=True)
    return fitted, EncodedPatients.of(cohort, fitted.encoders), reference


def test_trees_are_those_of_xgboost(
    patients: tuple[Fitted, EncodedPatients, TrainingReference],
) -> None:
    fitted, encoded, reference = patients
    trees: Any = fitted.candidates["boosted_trees"].candidate
    assert isinstance(trees, BoostedTrees)
    parts = candidate_parts(trees, encoded, reference)
    margins = trees.estimates(encoded)[..., 0]
    for member, (part, booster) in enumerate(zip(parts, trees.boosters, strict=True)):
        batch = encoded.batch(member)
        views = [np.where(batch.observed[name], x, np.nan) for name, x in batch.views.items()]
        data = xgboost.DMatrix(np.hstack([batch.covariates, *views]))
        expected = booster.predict(data, pred_contribs=True, iteration_range=(0, trees.rounds))
        ours = np.hstack(list(part.values.values()))
        np.testing.assert_allclose(ours, expected[:, :-1], atol=1e-6)
        np.testing.assert_allclose(part.base, expected[:, -1], atol=1e-6)
        np.testing.assert_allclose(part.score, margins[member], atol=1e-6)
        assert np.abs(ours).max() > 0


@pytest.mark.parametrize("name", ["clinical_cox", "elastic_net_cox", "factors_ridge", "late_fusion"])
def test_linear_candidates_are_complete(
    name: str, patients: tuple[Fitted, EncodedPatients, TrainingReference]
) -> None:
    fitted, encoded, reference = patients
    candidate = fitted.candidates[name].candidate
    scores = np.stack([part.score for part in candidate_parts(candidate, encoded, reference)])
    np.testing.assert_allclose(scores, candidate.estimates(encoded)[..., 0], atol=1e-6)


def test_a_candidate_without_an_attribution_is_named(
    patients: tuple[Fitted, EncodedPatients, TrainingReference],
) -> None:
    class Mine:
        pass

    with pytest.raises(ConfigError, match="a candidate Mine, which has no attribution"):
        candidate_parts(Mine(), *patients[1:])
