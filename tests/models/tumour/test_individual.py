"""Curves of single patients, against the truth they were simulated from."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from tumours import ADDITIVE, PROPORTIONAL, SPREAD, TIMES, TYPICAL, Tumours, tumours

from models.tumour.growth_model import GrowthModel
from models.tumour.individual import IndividualGrowth, individual_growth, patient_deviance

PATIENTS = 200


@pytest.fixture(scope="module")
def simulated() -> Tumours:
    return tumours(PATIENTS, 3, factors=1)


@pytest.fixture(scope="module")
def truth() -> GrowthModel:
    """The population that patients were simulated from."""
    return GrowthModel(
        curve="stein",
        typical=np.log(TYPICAL),
        spread=np.array(SPREAD),
        additive=ADDITIVE,
        proportional=PROPORTIONAL,
        names=("factor_1", "exposure"),
        penalised=np.array([True, False]),
        slopes=np.array([0.25, -0.3]),
        covariance=np.eye(5),
        centre=np.zeros(2),
        scale=np.ones(2),
        deviance=0.0,
        patients=PATIENTS,
    )


@pytest.fixture(scope="module")
def found(simulated, truth) -> IndividualGrowth:
    return individual_growth(truth, simulated.sizes, simulated.predictors, np.random.default_rng(0))


def test_intervals_of_the_size_cover_the_truth(simulated, found):
    low, high = found.intervals_at(simulated.sizes.time).unbind(-1)
    true = torch.from_numpy(simulated.truth)
    covered = ((true > low) & (true < high)).double().mean(0)
    assert bool(((covered > 0.82) & (covered < 0.97)).all())  # .9 with a standard error of .021


def test_the_median_is_nearer_to_the_truth_than_the_measurement(simulated, found):
    measured = simulated.sizes.level.numpy()
    error = np.log(found.sizes_at(simulated.sizes.time).numpy() / simulated.truth)
    assert (error**2).mean() < 0.7 * (np.log(measured / simulated.truth) ** 2).mean()


def test_a_patient_without_sizes_has_the_curves_of_the_population(simulated, truth):
    never = simulated.sizes.until(torch.full((PATIENTS, 1), -1.0))
    prior = individual_growth(truth, never, simulated.predictors, np.random.default_rng(0))
    centre = truth.typical_of(simulated.predictors).exp()
    table = prior.table(8.0)
    np.testing.assert_allclose(table["growth"], centre[:, 2], rtol=0.05)
    np.testing.assert_allclose(
        np.log(table["size_high"] / table["size_low"]), 2 * 1.645 * SPREAD[0], rtol=0.1
    )


def test_the_change_is_that_of_the_sizes(found):
    table = found.table(8.0)
    early, late = (found.curve.size(found.logarithms, torch.tensor([week])) for week in (0.0, 8.0))
    change = (found.posterior.weights * (late / early - 1)[..., 0]).sum(1).numpy()
    np.testing.assert_allclose(table["change"], change, atol=0.05)
    assert (table["change_low"] <= table["change"]).all()
    assert (table["time_to_growth"] >= 0).all()
    assert (table["change"] > -1).all()


def test_the_factor_raises_the_likelihood_of_its_patients(simulated, truth):
    with_it = patient_deviance(truth, simulated.sizes, simulated.predictors)
    shuffled = simulated.predictors.take(np.random.default_rng(1).permutation(PATIENTS))
    assert with_it.sum() < patient_deviance(truth, simulated.sizes, shuffled).sum() - 10


def test_no_patient_changes_another(simulated, truth, found):
    few = torch.tensor([5, 6, 9])
    alone = individual_growth(
        truth, simulated.sizes.take(few), simulated.predictors.take(few.numpy()), np.random.default_rng(0)
    )
    weeks = torch.tensor(TIMES, dtype=torch.float64).repeat(3, 1)
    np.testing.assert_allclose(alone.sizes_at(weeks), found.sizes_at(simulated.sizes.time)[few], rtol=0.05)
