"""Residuals against brute force, and residuals and predictive check of patients who follow the model."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pandas as pd
import pytest
import torch
from exposure import vancomycin

from datamodules.exposure.compartments.records import Records, records_of
from datamodules.exposure.estimation.map_estimate import map_estimate, predicted_at
from datamodules.exposure.estimation.residual import residual_variance
from datamodules.exposure.metrics import draws_at
from datamodules.exposure.published.kinetic_model import KineticModel
from datamodules.exposure.regimen import Regimen, regimen_events
from omics.events.event_table import LEVEL, OTHER, EventTable
from stratomics.pharmacology.goodness_of_fit import conditional_residuals, goodness_of_fit

N = 150


def simulated(model: KineticModel, *, limit: float | None = None, factor: float = 1.0) -> Records:
    """Two levels of each patient, drawn from the model; those below a limit are censored."""
    rng = np.random.default_rng(4)
    covariates = pd.DataFrame(
        {"CRCL": rng.uniform(50, 120, N), "WT": rng.uniform(50, 100, N)},
        index=[f"p{i:03d}" for i in range(N)],
    )
    times = np.tile([14.0, 23.5], (N, 1))
    doses = Regimen(1000, 12, 1).doses(covariates)
    events = regimen_events(doses, covariates, times, steady_state=False)
    root = np.linalg.cholesky(model.omega)
    effects = torch.from_numpy(rng.standard_normal((N, 1, len(root))) @ root.T)
    level = draws_at(model, records_of(events), effects).level[:, 0, 1:].numpy()
    error = residual_variance(model.residual, torch.from_numpy(level)).sqrt().numpy()
    drawn = factor * np.maximum(level + error * rng.standard_normal(level.shape), 0.01)
    table = events.table
    is_level = table["kind"] == OTHER
    table.loc[is_level, "level"] = drawn.ravel()
    if limit is not None:
        below = is_level & (table["level"] < limit)
        table = table.assign(censored=below, limit=np.where(below, limit, np.nan))
        table.loc[below, "level"] = limit
    table = table.assign(observed=is_level, kind=table["kind"].where(~is_level, LEVEL))
    return records_of(EventTable(table, events.covariates, events.time_unit))


@pytest.fixture(scope="module")
def model() -> KineticModel:
    return vancomycin()


def test_residuals_are_those_of_a_linear_model_around_the_mode(model: KineticModel) -> None:
    """Derivatives by differences, and the covariance of both levels by hand."""
    records = simulated(model).take(torch.arange(3))
    effects = map_estimate(model, records).effects
    found = conditional_residuals(model, records, effects)
    level = predicted_at(model, records, effects).level
    step = 1e-6
    moved = [predicted_at(model, records, effects + step * one).level for one in torch.eye(3).double()]
    slopes = torch.stack([(value - level) / step for value in moved], 2).numpy()
    for patient in range(3):
        j = slopes[patient, 1:]
        variance = residual_variance(model.residual, level[patient, 1:]).numpy()
        covariance = j @ model.omega @ j.T + np.diag(variance)
        apart = (records.level[patient] - level[patient])[1:].numpy() + j @ effects[patient].numpy()
        # The sum of squares does not depend on which root is taken.
        assert (found[patient, 1:] ** 2).sum() == pytest.approx(
            apart @ np.linalg.solve(covariance, apart), rel=1e-4
        )
        assert np.isnan(found[patient, 0])


def test_levels_of_the_model_fit_it(model: KineticModel) -> None:
    fit = goodness_of_fit(model, simulated(model), np.random.default_rng(0))
    assert fit is not None
    assert len(fit.levels) == fit.residuals.levels == 2 * N
    # Standard error of the mean .06, of the standard deviation .04; FOCE is slightly biased.
    assert abs(fit.residuals.mean) < 0.25
    assert 0.8 < fit.residuals.sd < 1.2
    individual = np.corrcoef(fit.levels["individual"], fit.levels["observed"])[0, 1]
    assert individual > np.corrcoef(fit.levels["population"], fit.levels["observed"])[0, 1]
    check = fit.check
    assert check["middle"].tolist() == [14.0, 23.5]
    assert check["levels"].tolist() == [N, N]
    for level in (5, 50, 95):
        low, high = check[f"simulated_{level}_low"], check[f"simulated_{level}_high"]
        assert (low <= check[f"simulated_{level}"]).all()
        assert (check[f"simulated_{level}"] <= high).all()
    inside = [(check[f"simulated_{p}_low"] <= check[f"observed_{p}"]).all() for p in (5, 50, 95)]
    assert all(inside)


def test_levels_of_another_drug_do_not_fit(model: KineticModel) -> None:
    fit = goodness_of_fit(model, simulated(model, factor=2.0), np.random.default_rng(0))
    assert fit is not None
    assert fit.residuals.mean > 0.5
    assert (fit.check["observed_50"] > fit.check["simulated_50_high"]).all()


def test_levels_below_the_limit_count_in_the_check_only(model: KineticModel) -> None:
    records = simulated(model, limit=8.0)
    fit = goodness_of_fit(model, records, np.random.default_rng(0))
    assert fit is not None
    below = int(records.censored.sum())
    assert 0 < below < N
    assert fit.residuals.levels == 2 * N - below
    assert fit.check["levels"].sum() == 2 * N
    assert fit.check["observed_5"].min() == 8.0


def test_without_levels_there_is_no_fit(model: KineticModel) -> None:
    records = simulated(model, limit=1e6)
    assert goodness_of_fit(model, records, np.random.default_rng(0)) is None


def test_a_level_before_the_first_dose_does_not_count(model: KineticModel) -> None:
    """The error of a prediction of 0 is 0 where it is proportional."""
    proportional = model.residual.model_copy(update={"form": "proportional", "additive": 0.0})
    records = simulated(model)
    early = records.level.clone()
    early[0, 0] = 0.3
    observed = records.observed.clone()
    observed[0, 0] = True
    doses = replace(records.doses, time=records.doses.time + 0.5)
    records = replace(records, level=early, observed=observed, doses=doses)
    fit = goodness_of_fit(
        model.model_copy(update={"residual": proportional}), records, np.random.default_rng(0)
    )
    assert fit is not None
    assert fit.residuals.levels == 2 * N
    assert np.isfinite(fit.levels.to_numpy()).all()
