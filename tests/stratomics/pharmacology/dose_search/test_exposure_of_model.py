"""Exposure by a model: closed forms against the solved model, scaling with the dose, occasions, doses per weight."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
import torch
from exposure import vancomycin

from datamodules.exposure.metrics import metric_draws
from datamodules.exposure.published.kinetic_model import Block
from datamodules.exposure.published.library import find_model
from datamodules.exposure.regimen import Regimen
from stratomics.pharmacology.dose_search.exposure_of_model import drawn_exposure, prior_exposure
from stratomics.pharmacology.dose_search.exposures import LognormalExposure
from stratomics.pharmacology.dose_search.target import ExposureTarget

COVARIATES = pd.DataFrame({"CRCL": [90.0, 40.0], "WT": [70.0, 100.0]}, index=["a", "b"])
SCHEDULE = Regimen(1, 12, 1)


def effects_of(random: int, seed: int = 1, draws: int = 5) -> tuple[torch.Tensor, torch.Tensor]:
    effects = torch.from_numpy(0.4 * np.random.default_rng(seed).standard_normal((2, draws, random)))
    return effects, torch.full((2, draws), 1 / draws, dtype=torch.float64)


@pytest.mark.parametrize(
    "measure", ["auc24_ss", "cavg_ss", "cmin_ss", "cmax_ss", "auc24_first", "cmin_first"]
)
@pytest.mark.parametrize("dose", [500.0, 1250.0])
def test_exposure_is_that_of_the_solved_model(measure: str, dose: float) -> None:
    effects, weights = effects_of(3)
    exposure = drawn_exposure(
        vancomycin(), SCHEDULE, COVARIATES, effects, weights, measure, np.random.default_rng(0)
    )
    expected = metric_draws(vancomycin(), Regimen(dose, 12, 1), COVARIATES, effects, (measure,))[measure]
    assert exposure.linear
    assert np.allclose(exposure.values(np.full(2, dose)), expected, rtol=1e-8)


def test_time_above_a_level_is_computed_for_each_dose() -> None:
    effects, weights = effects_of(3)
    exposure = drawn_exposure(
        vancomycin(), SCHEDULE, COVARIATES, effects, weights, "t_above_10_ss", np.random.default_rng(0)
    )
    assert not exposure.linear
    values = exposure.values(np.array([500.0, 1250.0]))
    for row, dose in enumerate((500.0, 1250.0)):
        expected = metric_draws(vancomycin(), Regimen(dose, 12, 1), COVARIATES, effects, ("t_above_10_ss",))[
            "t_above_10_ss"
        ]
        assert np.allclose(values[row], expected[row])


def test_areas_of_an_oral_model_with_available_share_are_those_of_the_solved_model() -> None:
    model = find_model("tacrolimus_woillard_2011")
    covariates = pd.DataFrame([model.typical_patient.covariates] * 2, index=["a", "b"])
    whole = model.model_copy(
        update={"variability": (*model.variability, *model.occasion_variability), "occasion_variability": ()}
    )
    effects, weights = effects_of(len(whole.random_parameters))
    exposure = drawn_exposure(
        whole, Regimen(1, 12), covariates, effects, weights, "auc24_ss", np.random.default_rng(0)
    )
    expected = metric_draws(whole, Regimen(3, 12), covariates, effects, ("auc24_ss",))["auc24_ss"]
    assert np.allclose(exposure.values(np.full(2, 3.0)), expected, rtol=1e-6)


def test_doses_per_weight_are_multiplied_by_it() -> None:
    generator = np.random.default_rng(0)
    plain, per = (
        prior_exposure(vancomycin(), Regimen(1, 12, 1, name), COVARIATES, "auc24_ss", generator, 10)
        for name in (None, "WT")
    )
    factor = per.quantile(np.ones(2), 0.5) / plain.quantile(np.ones(2), 0.5)
    assert factor == pytest.approx([70, 100])
    drawn = [
        prior_exposure(
            vancomycin(), Regimen(1, 12, 1, name), COVARIATES, "cmin_ss", np.random.default_rng(0), 10
        )
        for name in (None, "WT")
    ]
    factor = drawn[1].quantile(np.ones(2), 0.5) / drawn[0].quantile(np.ones(2), 0.5)
    assert factor == pytest.approx([70, 100])


def test_the_exact_prior_is_that_of_many_draws() -> None:
    target = ExposureTarget("cavg_ss", 15, 25)
    exact = prior_exposure(vancomycin(), SCHEDULE, COVARIATES, "cavg_ss", np.random.default_rng(0), 10)
    root = np.linalg.cholesky(vancomycin().omega)
    effects = torch.from_numpy(np.random.default_rng(1).standard_normal((2, 20_000, 3)) @ root.T)
    weights = torch.full((2, 20_000), 1 / 20_000, dtype=torch.float64)
    drawn = drawn_exposure(
        vancomycin(), SCHEDULE, COVARIATES, effects, weights, "cavg_ss", np.random.default_rng(0)
    )
    one, two = (exposure.shares(np.array([900.0, 500.0]), target) for exposure in (exact, drawn))
    assert isinstance(exact, LognormalExposure)
    assert (np.abs(one.within - two.within) < 4 * np.sqrt(two.variance)).all()


def test_a_new_occasion_adds_its_variance() -> None:
    block = Block(parameters=("CL",), covariance=((0.09,),))
    model = vancomycin().model_copy(update={"occasion_variability": (block,)})
    exact = prior_exposure(model, SCHEDULE, COVARIATES, "auc24_ss", np.random.default_rng(0), 10)
    assert isinstance(exact, LognormalExposure)
    assert exact.sd == pytest.approx(np.sqrt(0.14705 + 0.09))
    # The effects of past occasions, 5 here, do not count; each draw has a new one.
    effects = torch.zeros(2, 20_000, 4, dtype=torch.float64)
    effects[..., 3] = 5.0
    weights = torch.full((2, 20_000), 1 / 20_000, dtype=torch.float64)
    drawn = drawn_exposure(
        model, SCHEDULE, COVARIATES, effects, weights, "auc24_ss", np.random.default_rng(0)
    )
    spread = np.log(drawn.values(np.ones(2))).std(1)
    assert spread == pytest.approx([0.3, 0.3], rel=0.03)
    by_draws = prior_exposure(model, SCHEDULE, COVARIATES, "cmin_ss", np.random.default_rng(0), 50)
    assert by_draws.patients == 2
