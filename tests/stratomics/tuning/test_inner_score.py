"""Inner scores: all patients have the same weight, and no information means no dependence on hyperparameters."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from cheap_model import SPLIT

from datamodules.split import stratified_folds
from models.config import TrainerConfig
from models.ensemble.inputs import InputLayout
from models.prediction import Prediction
from omics.cohort.read import cohort_endpoints, read_cohort
from omics.common.seeds import named_seed
from stratomics.config import ExperimentConfig
from stratomics.experiment.check_config import complete_config
from stratomics.fitting import fit as fitting
from stratomics.tuning.inner_score import inner_scores
from stratomics.tuning.search_space import SearchSpace


def test_all_inner_test_patients_have_the_same_weight(
    write_response: Callable[..., Path], monkeypatch: pytest.MonkeyPatch
) -> None:
    """Each fold predicts another probability; the log loss by hand is a mean over patients, with unequal folds."""
    cohort = read_cohort(write_response())
    cohort = cohort[np.arange(cohort.n_obs) % 7 != 3].copy()
    folds = stratified_folds(cohort, 3, 1, 5, "tuning")
    assert len({len(fold.test) for fold in folds}) > 1
    constants = {named_seed(5, "tuning", fold.number): 0.2 + 0.25 * fold.number for fold in folds}

    class Constant:
        def __init__(self, p: float) -> None:
            self.p = p

        def predict(self, cohort: Any) -> Prediction:
            ids = cohort.obs_names.to_numpy(dtype=str)
            return Prediction.of_response(ids, "response", np.full(len(ids), self.p))

    monkeypatch.setattr(fitting, "fit", lambda cohort, config, seed: Constant(constants[seed]))
    scores = list(inner_scores(cohort, folds, ExperimentConfig(), ["log_loss", "brier"], 5))
    response, losses, squares = cohort_endpoints(cohort).primary(), [], []
    for (log_loss, brier), fold in zip(scores, folds, strict=True):
        p = constants[named_seed(5, "tuning", fold.number)]
        for row in fold.test[response.observed[fold.test]]:
            y = float(response.label[row])
            losses.append(-np.log(p if y else 1 - p))
            squares.append((y - p) ** 2)
        assert log_loss == pytest.approx(np.mean(losses), abs=1e-12)
        assert brier == pytest.approx(np.mean(squares), abs=1e-12)


WITHOUT_EFFECT = {
    "trainer.batch_size": (5, 4096),
    "trainer.learning_rate": (0.1,),
    "trainer.epochs": (6,),
    "factors.count": (2,),
    "head.hidden": (4,),
    "head.ridge_deep": (2.0,),
}


@pytest.mark.slow
@pytest.mark.parametrize("kind", ["survival", "response"])
def test_the_objective_of_a_model_without_information_depends_on_no_hyperparameter(
    kind: str,
    write_small: Callable[..., Path],
    write_response: Callable[..., Path],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """Real fits to inputs of zeros: all patients have the same prediction, and all settings have the same score.

    If the objective, a calibration or early stopping depended on the batches, the score would depend on their size.
    """
    cohort = read_cohort(write_small() if kind == "survival" else write_response())
    folds = stratified_folds(cohort, 3, 1, 1, "tuning")
    # The network alone: elastic net and trees have other inputs.
    base = complete_config(ExperimentConfig(split=SPLIT, trainer=TrainerConfig(epochs=9), baselines=[]), kind)

    def scores(key: str, value: Any) -> list[float]:
        tried = SearchSpace({}).apply(base, {key: value})
        return [score for (score,) in inner_scores(cohort, folds, tried, [str(base.evaluation.metric)], 1)]

    informed = [scores("trainer.batch_size", size) for size in (5, 4096)]
    assert not np.allclose(*informed, atol=1e-4)
    stacked = InputLayout.stack
    monkeypatch.setattr(InputLayout, "stack", lambda self, *given: np.zeros_like(stacked(self, *given)))
    blind = [scores(key, value) for key, values in WITHOUT_EFFECT.items() for value in values]
    assert blind == [blind[0]] * len(blind)
    assert blind[0] not in informed
    if kind == "response":
        # The prediction is the fraction of responders in training.
        response, losses = cohort_endpoints(cohort).primary(), []
        for fold in folds:
            train, test = (response.label[rows[response.observed[rows]]] for rows in (fold.train, fold.test))
            losses += list(-np.log(np.where(test.astype(bool), train.mean(), 1 - train.mean())))
        assert blind[0][-1] == pytest.approx(np.mean(losses), abs=1e-6)
