"""Exposure of single patients: against closed forms and against simulated truths."""

from __future__ import annotations

import logging

import numpy as np
import pandas as pd
import pytest
import torch

from datamodules.exposure.individual import IndividualExposure, individual_exposure, within_window
from datamodules.exposure.metrics import metric_draws
from datamodules.exposure.published.kinetic_model import KineticModel
from datamodules.exposure.regimen import doses_given
from omics.common.errors import DataError
from omics.events.event_table import DOSE, EventTable
from tests.helpers.exposure import REGIMEN, simulated, vancomycin

log = logging.getLogger(__name__)


@pytest.fixture(scope="module")
def model() -> KineticModel:
    return vancomycin()


@pytest.fixture(scope="module")
def estimated(model: KineticModel) -> tuple[IndividualExposure, torch.Tensor]:
    events, truth = simulated(model, 80, 1)
    return individual_exposure(model, events, ("auc24_ss",), "all", np.random.default_rng(2), 500), truth


def test_posterior_is_closer_to_the_truth_than_the_population_and_as_wide_as_its_error(
    estimated: tuple[IndividualExposure, torch.Tensor],
) -> None:
    found, truth = estimated
    clearance = truth[:, 0, 0]
    error = found.posterior.mean()[:, 0] - clearance
    assert (error**2).mean().sqrt() < 0.85 * (clearance**2).mean().sqrt()
    standardised = error / found.posterior.sd()[:, 0]
    assert abs(standardised.mean()) < 3 / np.sqrt(80)
    assert abs(standardised.std() - 1) < 3 / np.sqrt(2 * 80)


def test_error_of_the_area_is_the_spread_of_its_draws(
    estimated: tuple[IndividualExposure, torch.Tensor],
) -> None:
    found, _ = estimated
    area = 2000 / (4.5 * (90 / 120) ** 0.8 * torch.exp(found.posterior.effects[..., 0]))
    weights = found.posterior.weights
    mean = (weights * area).sum(1)
    sd = (weights * (area - mean[:, None]) ** 2).sum(1).sqrt()
    assert np.allclose(found.mean["auc24_ss"], mean, rtol=1e-9)
    assert np.allclose(found.error["auc24_ss"], sd, rtol=1e-9)


def test_shrinkage_is_what_simulation_gives(estimated: tuple[IndividualExposure, torch.Tensor]) -> None:
    found, _ = estimated
    assert 0.3 < found.shrinkage["CL"] < 0.65
    assert (found.levels == 2).all()


def test_without_levels_the_exposure_is_that_of_the_population(model: KineticModel) -> None:
    events, _ = simulated(model, 1, 3)
    blind = EventTable(events.table.assign(observed=False), events.covariates)
    found = individual_exposure(model, blind, ("auc24_ss",), "all", np.random.default_rng(0), 4000)
    mean = 2000 / (4.5 * (90 / 120) ** 0.8) * np.exp(model.omega[0, 0] / 2)
    assert found.mean.iloc[0, 0] == pytest.approx(mean, rel=0.02)
    assert found.levels.iloc[0] == 0


def test_same_seed_gives_the_same_exposure(model: KineticModel) -> None:
    events, _ = simulated(model, 3, 4)
    one, two = (
        individual_exposure(model, events, ("auc24_ss", "cmin_ss"), "all", np.random.default_rng(5), 200)
        for _ in range(2)
    )
    pd.testing.assert_frame_equal(one.mean, two.mean, check_exact=True)


def test_later_levels_do_not_change_the_first_cycle(model: KineticModel) -> None:
    events, _ = simulated(model, 4, 6)
    later = events.table["time"] > 12
    changed = EventTable(
        events.table.assign(level=events.table["level"].where(~later, 99.0)), events.covariates
    )
    found = [
        individual_exposure(model, table, ("auc24_first",), "first_cycle", np.random.default_rng(0), 200)
        for table in (events, changed)
    ]
    pd.testing.assert_frame_equal(found[0].mean, found[1].mean, check_exact=True)


def test_the_window_ends_repeated_doses(model: KineticModel) -> None:
    events, _ = simulated(model, 1, 7)
    within = within_window(events, 30.0)
    assert within.table["time"].max() == 26
    assert within.table["additional"].iloc[0] == 2  # doses at 12 and 24 h


def test_a_single_dose_has_no_steady_state(model: KineticModel) -> None:
    events, _ = simulated(model, 1, 8)
    single = EventTable(events.table.assign(interval=0.0, additional=0), events.covariates)
    with pytest.raises(DataError, match="patient p0 has a single dose without an interval"):
        individual_exposure(model, single, ("auc24_ss",), "all", np.random.default_rng(0), 50)


def test_a_patient_without_a_dose_has_missing_values(model: KineticModel) -> None:
    events, _ = simulated(model, 2, 9)
    undosed = (events.table["patient"] == "p1") & (events.table["kind"] == DOSE)
    table = events.table.assign(kind=np.where(undosed, 2, events.table["kind"]), observed=False)
    found = individual_exposure(
        model, EventTable(table, events.covariates), ("auc24_ss",), "all", np.random.default_rng(0), 50
    )
    assert found.mean["auc24_ss"].notna().tolist() == [True, False]


def test_first_and_last_doses_are_told_apart(model: KineticModel) -> None:
    events, _ = simulated(model, 1, 10)
    first = events.table.iloc[:1]
    second = first.assign(time=24.0, amount=500.0, interval=8.0, rate=0.0)
    both = EventTable(pd.concat([first, second], ignore_index=True), events.covariates)
    assert doses_given(both, last=False)[["amount", "interval", "infusion"]].iloc[0].tolist() == [1000, 12, 1]
    assert doses_given(both, last=True)[["amount", "interval", "infusion"]].iloc[0].tolist() == [500, 8, 0]


def test_measures_match_the_closed_form(model: KineticModel) -> None:
    covariates = pd.DataFrame({"CRCL": [90.0], "WT": [70.0]}, index=["a"])
    zero = torch.zeros(1, 1, 3, dtype=torch.float64)
    names = ("auc24_first", "auc24_ss", "cavg_ss", "cmin_first")
    found = {
        name: float(value) for name, value in metric_draws(model, REGIMEN, covariates, zero, names).items()
    }
    expected = {
        "auc24_first": 273.50683454,
        "auc24_ss": 559.45926595,
        "cavg_ss": 559.45926595 / 24,
        "cmin_first": 5.99890892,
    }
    assert found == pytest.approx(expected, rel=1e-7)


@pytest.mark.simulation
@pytest.mark.parametrize("levels", [(47.5,), (26.0, 35.5, 38.0, 47.5)], ids=["one", "four"])
def test_intervals_of_the_area_cover(model: KineticModel, levels: tuple[float, ...]) -> None:
    """With one level and with four, 90% intervals hold the true area in 88 to 92% of patients."""
    size = 2000
    events, truth = simulated(model, size, 11, levels)
    found = individual_exposure(model, events, ("auc24_ss",), "all", np.random.default_rng(0), 2000)
    area = found.draws["auc24_ss"].numpy()
    order = np.argsort(area, axis=1)
    shares = np.take_along_axis(found.posterior.weights.numpy(), order, 1).cumsum(1)
    ordered = np.take_along_axis(area, order, 1)
    low, high = (ordered[np.arange(size), (shares < level).sum(1)] for level in (0.05, 0.95))
    true_area = 2000 / (4.5 * (90 / 120) ** 0.8 * np.exp(truth[:, 0, 0].numpy()))
    covered = float(((low <= true_area) & (true_area <= high)).mean())
    log.info("%s level(s): %.4f of %s patients are covered", len(levels), covered, size)
    assert 0.88 <= covered <= 0.92
