"""Fits of growth to simulated tumours whose slopes are known, and what a fit must not depend on."""

from __future__ import annotations

import logging
from dataclasses import replace

import numpy as np
import pytest
from claims import at_least, at_most, margin, repetitions
from tumours import PROPORTIONAL, SPREAD, TYPICAL, Tumours, tumours

from models.tumour.fit_growth import fit_growth
from models.tumour.growth_model import GrowthModel, Predictors
from omics.common.errors import TooFewError

log = logging.getLogger(__name__)

PATIENTS, SLOPE, EXPOSED = 300, 0.25, -0.3


@pytest.fixture(scope="module")
def simulated() -> Tumours:
    return tumours(80, 0, factors=2)


@pytest.fixture(scope="module")
def fitted(simulated) -> GrowthModel:
    return fit_growth("stein", simulated.sizes, simulated.predictors)


def test_what_was_simulated_is_found(fitted):
    sd = np.sqrt(np.diag(fitted.covariance))
    truth = np.array([*np.log(TYPICAL), SLOPE, 0.0, EXPOSED])
    estimates = np.concatenate([fitted.typical, fitted.slopes])
    # The slope per standard deviation of the sampled factor; shrinkage moves it by less than its error.
    assert (np.abs(estimates - truth) < 3.3 * np.maximum(sd, 0.03)).all()
    np.testing.assert_allclose(fitted.spread, SPREAD, rtol=0.3)
    assert fitted.proportional == pytest.approx(PROPORTIONAL, rel=0.3)
    assert fitted.penalised.tolist() == [True, True, False]


def test_predictors_raise_the_likelihood(simulated, fitted):
    without = fit_growth("stein", simulated.sizes, Predictors.none(80))
    assert without.deviance > fitted.deviance + 10
    assert without.spread[2] > fitted.spread[2]


@pytest.mark.slow
def test_the_optimum_is_one(simulated, fitted):
    """No small change of a typical value or of the slope of exposure raises the likelihood."""
    from models.tumour.curves import find_curve
    from models.tumour.marginal import GrowthPopulation, best_modes, marginal_deviance

    def deviance(model: GrowthModel) -> float:
        import torch

        centre = model.typical_of(simulated.predictors)
        values = GrowthPopulation(centre, torch.from_numpy(model.spread), model.error)
        modes = best_modes(find_curve("stein"), simulated.sizes, values)
        return float(
            marginal_deviance(find_curve("stein"), simulated.sizes, values, modes.effects).sum().detach()
        )

    best = deviance(fitted)
    assert best == pytest.approx(fitted.deviance)
    for change in (-0.02, 0.02):
        for k in range(3):
            moved = fitted.typical + change * np.eye(3)[k]
            assert deviance(replace(fitted, typical=moved)) > best
        assert deviance(replace(fitted, slopes=fitted.slopes + change * np.eye(3)[2])) > best


@pytest.mark.slow
def test_units_of_covariates_and_exposure_do_not_matter(simulated, fitted):
    given = simulated.predictors
    other = Predictors(10 * given.factors + 3, given.covariates, given.exposure + 7, given.names)
    again = fit_growth("stein", simulated.sizes, other)
    np.testing.assert_allclose(again.slopes, fitted.slopes, atol=2e-3)
    assert again.deviance == pytest.approx(fitted.deviance, abs=1e-2)


def test_too_few_patients_are_refused():
    few = tumours(19, 0)
    with pytest.raises(TooFewError, match=r"19 patients have two tumour sizes"):
        fit_growth("stein", few.sizes, few.predictors)


@pytest.mark.slow
def test_claret_is_fitted_too():
    few = tumours(40, 2, exposed=-0.8)
    found = fit_growth("claret", few.sizes, few.predictors.without_factors())
    assert found.typical.shape == (4,)
    # Exposure acts on the effect of the drug, which slows growth: its slope has the other sign.
    assert found.slopes[0] > 0


@repetitions(8, 34)
def test_slopes_are_found_and_their_intervals_cover(repetitions: int) -> None:
    """Ten factors, one with the slope .25, and exposure with -.3; 300 patients with six sizes."""
    found = [fitted_to(seed, SLOPE, EXPOSED) for seed in range(repetitions)]
    slope, exposed = (np.array([one.slopes[k] for one in found]) for k in (0, -1))
    others = np.array([one.slopes[1:10] for one in found])
    covered = covers(found, EXPOSED)
    log.info(
        "slope %.4f (SE %.4f), of others %.4f (sd %.4f), exposure %.4f (SE %.4f), covers %.3f",
        slope.mean(), error_of(slope), others.mean(), others.std(), exposed.mean(), error_of(exposed), covered.mean(),
    )  # fmt: skip
    assert abs(slope.mean() - SLOPE) < 0.03 + margin(0.006, repetitions, 34)
    assert abs(exposed.mean() - EXPOSED) < 0.03 + margin(0.008, repetitions, 34)
    assert at_least(0.92, repetitions) <= covered.sum() <= at_most(0.97, repetitions)


@repetitions(4, 34)
def test_without_effects_slopes_are_0(repetitions: int) -> None:
    found = [fitted_to(1000 + seed, 0.0, 0.0) for seed in range(repetitions)]
    slopes, exposed = (
        np.array([one.slopes[:10] for one in found]),
        np.array([one.slopes[-1] for one in found]),
    )
    log.info(
        "slopes %.5f (sd %.4f), exposure %.4f (SE %.4f), covers %.3f",
        slopes.mean(), slopes.std(), exposed.mean(), error_of(exposed), covers(found, 0.0).mean(),
    )  # fmt: skip
    assert abs(exposed.mean()) < max(3 * error_of(exposed), margin(0.008, repetitions, 34))
    assert np.abs(slopes).mean() < 0.02
    assert at_least(0.92, repetitions) <= covers(found, 0.0).sum()


def fitted_to(seed: int, slope: float, exposed: float) -> GrowthModel:
    one = tumours(PATIENTS, seed, slope=slope, exposed=exposed)
    return fit_growth("stein", one.sizes, one.predictors)


def covers(found: list[GrowthModel], truth: float) -> np.ndarray:
    return np.array([abs(one.slopes[-1] - truth) < 1.96 * one.slopes_sd[-1] for one in found])


def error_of(values: np.ndarray) -> float:
    return float(values.std(ddof=1) / np.sqrt(len(values)))
