"""The explanation of one outer fold: it is saved, and adds up."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from explained_model import ExplainedModel, explained_model

from models.config import FactorsConfig, TrainerConfig
from stratomics.config import ExperimentConfig
from stratomics.encoding.training_part import NewPatients, TrainingPart
from stratomics.experiment.check_config import complete_config
from stratomics.explanation.levels import FEATURE
from stratomics.explanation.outer_fold import explain_fold
from stratomics.explanation.outer_folds import FoldExplanation

QUICKLY = ExperimentConfig(factors=FactorsConfig(count=3), trainer=TrainerConfig(epochs=3))


@pytest.fixture(scope="module")
def model(tmp_path_factory: pytest.TempPathFactory) -> ExplainedModel:
    return explained_model(tmp_path_factory.mktemp("fold"))


def of_fold(model: ExplainedModel) -> FoldExplanation:
    part = TrainingPart(model.cohort, complete_config(QUICKLY, "survival"), 1)
    part.__dict__["encoders"] = model.fitted.encoders
    found = explain_fold(model.fitted, NewPatients(part, model.cohort), model.cohort, 1)
    assert found is not None
    return found


def test_levels_add_up_and_are_saved(model: ExplainedModel, tmp_path: Path) -> None:
    found = of_fold(model)
    sums = {level: values.sum(axis=1, dtype=np.float64) for level, values in found.values.items()}
    for level in ("views", "features"):
        np.testing.assert_allclose(sums[level], sums["sources"], atol=1e-5)
    found.save(tmp_path)
    again = FoldExplanation.load(tmp_path)
    assert again is not None
    assert again.items == found.items
    assert again.sample_ids == found.sample_ids
    assert again.importance.equals(found.importance)
    assert all((again.values[level] == found.values[level]).all() for level in found.values)
    assert FoldExplanation.load(tmp_path / "absent") is None


def test_features_with_small_contributions_are_left_out(
    model: ExplainedModel, monkeypatch: pytest.MonkeyPatch
) -> None:
    whole = of_fold(model)
    monkeypatch.setattr("stratomics.explanation.outer_fold.FEATURES", 2)
    few = of_fold(model)
    size = np.abs(whole.values["features"]).mean(axis=0)
    features = [n for n, item in enumerate(whole.items["features"]) if item.kind == FEATURE]
    largest = sorted(features, key=lambda n: -size[n])[:2]
    kept = [item for item in few.items["features"] if item.kind == FEATURE]
    assert set(kept) == {whole.items["features"][n] for n in largest}
    assert len(few.items["features"]) == len(whole.items["features"]) - len(features) + 2


def test_a_candidate_without_attribution_is_not_explained(
    model: ExplainedModel, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("stratomics.explanation.outer_fold.has_attribution", lambda _: False)
    part = TrainingPart(model.cohort, complete_config(QUICKLY, "survival"), 1)
    assert explain_fold(model.fitted, NewPatients(part, model.cohort), model.cohort, 1) is None
