"""Forecasts of levels with and without factors: what they may see, and what factors add in simulated patients."""

from __future__ import annotations

import logging

import numpy as np
import pandas as pd
import pytest
import torch
from numpy.typing import NDArray

from datamodules.exposure.compartments.records import records_of
from datamodules.exposure.metrics import draws_at
from datamodules.exposure.published.kinetic_model import KineticModel
from datamodules.exposure.regimen import Regimen, regimen_events
from omics.events.event_table import LEVEL, EventTable
from stratomics.pharmacology import hybrid_forecasts
from stratomics.pharmacology.hybrid_forecasts import factors_and_exposure
from tests.helpers.exposure import vancomycin

Array = NDArray[np.float64]

log = logging.getLogger(__name__)


def simulated(model: KineticModel, n: int, slope: float, seed: int) -> tuple[EventTable, pd.DataFrame]:
    """Patients with levels at 38 and 47.5 h, whose log clearance follows the first of ten factors."""
    generator = np.random.default_rng(seed)
    names = [f"p{i}" for i in range(n)]
    factors = generator.standard_normal((n, 10))
    effects = generator.multivariate_normal(np.zeros(3), model.omega, n)
    variance = model.omega[0, 0]
    effects[:, 0] = effects[:, 0] * np.sqrt(1 - slope**2 / variance) + slope * factors[:, 0]
    covariates = pd.DataFrame({"CRCL": 90.0, "WT": 70.0}, index=names)
    doses = Regimen(1000, 12, 1).doses(covariates)
    times = np.repeat([[38.0, 47.5]], n, axis=0)
    events = regimen_events(doses, covariates, times, steady_state=False)
    level = draws_at(model, records_of(events), torch.from_numpy(effects)[:, None]).level[:, 0].numpy()
    error = np.sqrt(model.residual.additive**2 + (model.residual.proportional * level) ** 2)
    measured = np.maximum(level + error * generator.standard_normal(level.shape), 0.5)
    counts = events.table["time"] > 0
    table = events.table.assign(
        level=np.where(counts, measured.reshape(-1), np.nan),
        observed=counts,
        kind=np.where(counts, LEVEL, events.table["kind"]),
    )
    return EventTable(table, events.covariates), pd.DataFrame(factors, index=names).add_prefix("factor")


@pytest.fixture
def few_draws(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(hybrid_forecasts, "DRAWS", 64)


@pytest.mark.slow
def test_a_forecast_does_not_see_the_level_that_it_forecasts(few_draws: None) -> None:
    model = vancomycin()
    events, factors = simulated(model, 30, 0.3, 1)
    last = (events.table["patient"] == "p3") & (events.table["time"] == 47.5)
    changed = EventTable(
        events.table.assign(level=events.table["level"] + np.where(last, 5.0, 0.0)), events.covariates
    )
    errors = []
    for table in (events, changed):
        found = factors_and_exposure(model, table, factors, np.random.default_rng(0)).errors
        errors.append(found[(found["patient"] == "p3") & (found["number"] == 2)].iloc[0])
    assert errors[1]["published"] - errors[0]["published"] == pytest.approx(5.0)
    assert errors[1]["hybrid"] - errors[0]["hybrid"] == pytest.approx(5.0)


@pytest.mark.slow
def test_each_level_of_each_patient_is_forecast_once(few_draws: None) -> None:
    model = vancomycin()
    events, factors = simulated(model, 12, 0.0, 2)
    found = factors_and_exposure(model, events, factors.iloc[:10], np.random.default_rng(0))
    assert found.errors.groupby("number")["patient"].nunique().to_list() == [10, 10]
    assert not found.errors.duplicated(["patient", "number"]).any()
    assert found.forecasts()["levels"].to_list() == [10, 10]
    assert len(found.slopes()) == 3 * 10


@pytest.mark.simulation
def test_factors_improve_forecasts_where_they_matter_and_do_no_harm_where_not() -> None:
    model = vancomycin()
    ratios: dict[float, list[float]] = {0.25: [], 0.0: []}
    slopes = []
    for slope, found in ratios.items():
        for seed in range(6):
            events, factors = simulated(model, 300, slope, seed)
            result = factors_and_exposure(model, events, factors, np.random.default_rng(seed))
            new = np.random.default_rng(100 + seed).standard_normal((20_000, 10))
            rest = np.random.default_rng(200 + seed).standard_normal(20_000)
            truth = slope * new[:, 0] + np.sqrt(model.omega[0, 0] - slope**2) * rest
            error = truth - result.model.shift(new)[:, 0]
            found.append(float(np.sqrt((error**2).mean() / (truth**2).mean())))
            if slope:
                slopes.append(result.model.slopes[0, 0])
    log.info(
        "slope %.3f, errors %s", np.mean(slopes), {slope: np.mean(found) for slope, found in ratios.items()}
    )
    assert abs(np.mean(slopes) - 0.25) < 0.03 + 3 * np.std(slopes) / np.sqrt(6)
    assert np.mean(ratios[0.25]) < 0.85
    assert np.mean(ratios[0.0]) < 1.01 + 3 * np.std(ratios[0.0]) / np.sqrt(6)
