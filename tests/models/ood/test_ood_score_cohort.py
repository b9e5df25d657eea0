"""Factor models that were fitted: patients like those of training, and patients of another disease."""

from __future__ import annotations

import numpy as np
import pytest
from mudata import MuData
from scipy.stats import kstest

from datamodules.cohort_datamodule import CohortDataModule
from datamodules.config import HarmonizeConfig
from models.calibration.abstention import MOST_OUTLYING
from models.factors import FACTOR_MODELS
from models.factors.factor_model import Factors
from models.ood.ood_score import OodScore
from models.ood.reconstruction_error import reconstruction_error
from omics.common.registry import resolve
from omics.simulate.simulate_cohort import SimulationConfig, simulate

TRAINING, MEMBERS = 300, 5
FOLD = np.arange(TRAINING) % MEMBERS

Told = tuple[list[Factors], list[np.ndarray]]
"""Factors and reconstruction_errors of patients by each member."""


def disease(seed: int, patients: int) -> MuData:
    features = {"rna": 200, "protein": 80, "metabolite": 80}
    config = SimulationConfig(
        patients=patients, features=features, missing_views=0.15, site_effect=0.0, seed=seed
    )
    return simulate(config).cohort


def told(name: str, training: MuData, *others: MuData) -> list[Told]:
    """What is said of the patients of training, as if they were new, and of others."""
    cohorts = [training, *others]
    said: list[Told] = [([], []) for _ in cohorts]
    for member in range(MEMBERS):
        learns = np.flatnonzero(member != FOLD)
        data = CohortDataModule(training, learns, HarmonizeConfig())
        data.setup()
        model = resolve(FACTOR_MODELS, name, "factors.model")(10, 0)
        [batch] = data.train_dataloader()
        as_new = model.fit_transform(batch)
        for (factors, reconstruction_errors), cohort in zip(said, cohorts, strict=True):
            batch = data.harmonizer.transform(cohort)
            factors.append(model.transform(batch))
            reconstruction_errors.append(reconstruction_error(model, batch))
        of_training = said[0][0][-1]
        of_training.mean[learns], of_training.sd[learns] = as_new.mean, as_new.sd
    return said


@pytest.mark.slow
@pytest.mark.parametrize("name", ["pca", "gfa"])
def test_another_disease_is_found_and_the_same_is_not(name: str) -> None:
    """300 of training, 400 new, a sixth of the views missing: KS of two samples at 1%; other loadings are all found.

    The distance alone finds 7 to 21% (pca) and 0 to 2% (gfa) of them, seeds 3 to 5: they lie where factors are small.
    """
    both = disease(3, 700)
    training, same = both[np.arange(TRAINING)].copy(), both[np.arange(TRAINING, 700)].copy()
    of_training, of_same, of_other = told(name, training, same, disease(99, 300))
    ood_score = OodScore.fit(*of_training, FOLD)
    usual, strange = ood_score.score(*of_same), ood_score.score(*of_other)
    assert kstest(usual, "uniform").statistic < 1.628 * np.sqrt(1 / 300 + 1 / 400)
    complete = np.isfinite(of_same[1][0]).all(axis=1)
    assert abs(usual[complete].mean() - usual[~complete].mean()) < 0.08
    assert (usual > MOST_OUTLYING).mean() < 0.08
    assert (strange > MOST_OUTLYING).mean() > 0.95
    without = OodScore.fit(*unjudged(of_training), FOLD).score(*unjudged(of_other))
    assert (without > MOST_OUTLYING).mean() < 0.25


def unjudged(said: Told) -> Told:
    """The same with one misfit for all, so that distance alone decides."""
    factors, reconstruction_errors = said
    return factors, [np.where(np.isnan(own), own, 0.0) for own in reconstruction_errors]
