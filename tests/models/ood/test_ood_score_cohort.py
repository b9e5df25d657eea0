"""Ood score with fitted factor models: patients like those of training, and patients of another disease."""

from __future__ import annotations

import numpy as np
import pytest
from mudata import MuData
from scipy.stats import kstest

from datamodules.cohort_datamodule import CohortDataModule
from datamodules.config import HarmonizeConfig
from models.calibration.abstention import OOD_LIMIT
from models.factors import FACTOR_MODELS
from models.factors.factor_model import Factors
from models.ood.ood_score import OodScore
from models.ood.reconstruction_error import reconstruction_error
from omics.common.registry import resolve
from omics.simulate.simulate_cohort import SimulationConfig, simulate

TRAINING, MEMBERS = 300, 5
FOLD = np.arange(TRAINING) % MEMBERS

Encoded = tuple[list[Factors], list[np.ndarray], list[np.ndarray]]
"""Factors, reconstruction errors and measured shares of patients by each member."""


def disease(seed: int, patients: int) -> MuData:
    features = {"rna": 200, "protein": 80, "metabolite": 80}
    config = SimulationConfig(
        patients=patients, features=features, missing_views=0.15, site_effect=0.0, seed=seed
    )
    return simulate(config).cohort


def encode(name: str, training: MuData, *others: MuData) -> list[Encoded]:
    """Encode the training patients, as if they were new, and other patients by each member."""
    cohorts = [training, *others]
    encoded: list[Encoded] = [([], [], []) for _ in cohorts]
    for member in range(MEMBERS):
        train = np.flatnonzero(member != FOLD)
        data = CohortDataModule(training, train, HarmonizeConfig())
        data.setup()
        model = resolve(FACTOR_MODELS, name, "factors.model")(10, 0)
        [batch] = data.train_dataloader()
        as_new = model.fit_transform(batch)
        for (factors, reconstruction_errors, measured), cohort in zip(encoded, cohorts, strict=True):
            batch = data.harmonizer.transform(cohort)
            factors.append(model.transform(batch))
            reconstruction_errors.append(reconstruction_error(model, batch))
            measured.append(batch.measured_shares())
        of_training = encoded[0][0][-1]
        of_training.mean[train], of_training.sd[train] = as_new.mean, as_new.sd
    return encoded


@pytest.mark.slow
@pytest.mark.parametrize("name", ["pca", "gfa"])
def test_another_disease_scores_high_and_the_same_disease_does_not(name: str) -> None:
    """300 training and 400 new patients, a sixth of the views missing: two-sample KS test at 1%.

    Nearly all patients with other loadings are above the limit. The distance alone detects 7 to 21% (pca) and 0 to 2%
    (gfa) of them (seeds 3 to 5), since their factors are small.
    """
    both = disease(3, 700)
    training, same = both[np.arange(TRAINING)].copy(), both[np.arange(TRAINING, 700)].copy()
    of_training, of_same, of_other = encode(name, training, same, disease(99, 300))
    ood_score = OodScore.fit(*of_training, FOLD)
    inliers, outliers = ood_score.score(*of_same), ood_score.score(*of_other)
    assert kstest(inliers, "uniform").statistic < 1.628 * np.sqrt(1 / 300 + 1 / 400)
    complete = np.isfinite(of_same[1][0]).all(axis=1)
    assert abs(inliers[complete].mean() - inliers[~complete].mean()) < 0.08
    assert (inliers > OOD_LIMIT).mean() < 0.08
    assert (outliers > OOD_LIMIT).mean() > 0.95
    without = OodScore.fit(*without_errors(of_training), FOLD).score(*without_errors(of_other))
    assert (without > OOD_LIMIT).mean() < 0.25


def without_errors(encoded: Encoded) -> Encoded:
    """Replace reconstruction errors by a constant, so that only the distance is used."""
    factors, reconstruction_errors, measured = encoded
    return factors, [np.where(np.isnan(error), error, 0.0) for error in reconstruction_errors], measured
