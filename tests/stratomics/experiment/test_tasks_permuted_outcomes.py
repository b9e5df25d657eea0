"""With a permuted outcome all methods perform at chance; leakage would show here."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from claims import repetitions as sizes
from claims import z_of

from datamodules.split import stratified_folds
from models.config import TrainerConfig
from models.prediction import Prediction
from omics.cohort.read import cohort_endpoints, read_cohort
from omics.common.seeds import named_generator
from stratomics.config import ExperimentConfig
from stratomics.encoding.training_part import NewPatients
from stratomics.evaluation.cases import cases_of
from stratomics.evaluation.metrics.metric import find_metric
from stratomics.experiment.check_config import complete_config
from stratomics.fitting.fit import fit_part

SMALL, FULL = 3, 20


def permuted_scores(
    cohort: Any, kind: str, metric: str, permutations: int, epochs: int
) -> dict[str, list[float]]:
    """Method -> metric of each permutation of the outcome, 3 folds each."""
    config = complete_config(ExperimentConfig(trainer=TrainerConfig(epochs=epochs)), kind)
    columns = {"survival": ["time", "event"], "response": ["response"]}[kind]
    scores: dict[str, list[float]] = {
        name: [] for name in ("stratomics", "wide_deep", *(config.baselines or ()))
    }
    for number in range(permutations):
        shuffled = cohort.copy()
        order = named_generator(number, "permutation").permutation(cohort.n_obs)
        shuffled.obs[columns] = shuffled.obs[columns].to_numpy()[order]
        ids, endpoint = shuffled.obs_names.to_numpy(dtype=str), cohort_endpoints(shuffled).primary()
        folds = stratified_folds(shuffled, 3, 1, number, "outer")
        parts: dict[str, list[Prediction]] = {name: [] for name in scores}
        for fold in folds:
            new = NewPatients.of_fold(shuffled, fold, config, number)
            for name, prediction in fit_part(new.part).predict_each(new.patients).items():
                parts[name].append(prediction.at(0, fold.number))
        for name, predicted in parts.items():
            cases = cases_of(Prediction.concatenate(predicted), ids, endpoint)
            scores[name].append(float(find_metric(metric).function(cases, np.ones((1, len(cases))))[0]))
    return scores


def check_chance(scores: dict[str, list[float]]) -> None:
    """The mean of each method is within 3 standard errors of 0.5.

    A few permutations do not tell their standard error: at the small size it is the largest of a method at the full
    size of the response, which has about as many patients, and all methods share the false alarms.
    """
    for name, values in scores.items():
        if len(values) == FULL:
            error, z = np.std(values, ddof=1) / np.sqrt(len(values)), 3.0
        else:
            error, z = 0.035 * np.sqrt(FULL / len(values)), z_of(len(scores))
        print(f"{name}: mean {np.mean(values):.4f}, standard error {error:.4f}")  # noqa: T201  # shown with -s
        assert abs(np.mean(values) - 0.5) < z * error, (name, np.mean(values), error)


@sizes(SMALL, FULL)
@pytest.mark.timeout(2400)
def test_permuted_survival_is_chance(acc: Any, write_small: Callable[..., Path], repetitions: int) -> None:
    """20 permutations of 92 patients: a mean C has a Monte Carlo standard error of 0.009 to 0.017.

    The small size permutes the outcome of the small cohort, which has 40 patients.
    """
    cohort, epochs = (acc, 100) if repetitions == FULL else (read_cohort(write_small()), 20)
    check_chance(permuted_scores(cohort, "survival", "harrell_c", repetitions, epochs))


@sizes(SMALL, FULL)
def test_permuted_response_is_chance(write_response: Callable[..., Path], repetitions: int) -> None:
    """20 permutations of 36 labelled patients: a mean AUROC has a Monte Carlo standard error of 0.016 to 0.035."""
    epochs = 100 if repetitions == FULL else 20
    check_chance(permuted_scores(read_cohort(write_response()), "response", "auroc", repetitions, epochs))
