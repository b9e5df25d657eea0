"""Under a permuted outcome nobody predicts anything: leakage would show here."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from datamodules.split import stratified_folds
from models.config import TrainerConfig
from models.prediction import Prediction
from omics.cohort import cohort_endpoints
from omics.randomness import named_generator
from omics.tables import look_up
from stratomics.baselines import BASELINES
from stratomics.config import ExperimentConfig
from stratomics.evaluation.cases import Cases
from stratomics.evaluation.survival import harrell_c
from stratomics.fitting import fit

PERMUTATIONS = 50


@pytest.mark.slow
@pytest.mark.timeout(2400)
def test_permuted_outcome_is_chance_for_every_method(acc: Any) -> None:
    """50 permutations, 5 folds each: every method's mean C lies within 3 standard errors of 0.5."""
    config = ExperimentConfig(trainer=TrainerConfig(epochs=100))
    methods = {"stratomics": fit} | {name: look_up(BASELINES, name, "baseline") for name in BASELINES}
    scores: dict[str, list[float]] = {name: [] for name in methods}
    for number in range(PERMUTATIONS):
        cohort = acc.copy()
        order = named_generator(number, "permutation").permutation(cohort.n_obs)
        cohort.obs[["time", "event"]] = cohort.obs[["time", "event"]].to_numpy()[order]
        ids, survival = cohort.obs_names.to_numpy(dtype=str), cohort_endpoints(cohort).survival()
        folds = stratified_folds(cohort, 5, 1, number, "outer")
        for name, method in methods.items():
            parts = [
                method(cohort[f.train], config, number).predict(cohort[f.test]).at(0, f.number) for f in folds
            ]
            cases = Cases.of(Prediction.concatenate(parts), ids, survival)
            scores[name].append(float(harrell_c(cases, np.ones((1, len(ids))))[0]))
    for name, values in scores.items():
        error = np.std(values, ddof=1) / np.sqrt(PERMUTATIONS)
        print(f"{name}: mean C {np.mean(values):.4f}, standard error {error:.4f}")  # noqa: T201  # shown with -s
        assert abs(np.mean(values) - 0.5) < 3 * error, (name, np.mean(values), error)
