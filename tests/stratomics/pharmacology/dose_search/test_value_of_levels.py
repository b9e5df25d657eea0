"""What levels buy: predicted probabilities against the simulated truth, and against one dose for all."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
import torch
from claims import Z, repetitions
from exposure import vancomycin

from datamodules.exposure.compartments.records import records_of
from datamodules.exposure.metrics import draws_at
from datamodules.exposure.published.library import find_model
from datamodules.exposure.regimen import Regimen
from omics.common.errors import ConfigError
from stratomics.pharmacology.dose_search.target import ExposureTarget
from stratomics.pharmacology.dose_search.value_of_levels import simulate_levels, value_of_levels

TARGET = ExposureTarget("auc24_ss", 400, 600)
FIRST = Regimen(1000, 12, 1)
DESIGNS = ([47.5], [38.0, 47.5], [26.0, 35.5, 38.0, 47.5])
LARGEST_GAP = 0.03


def covariates(size: int) -> pd.DataFrame:
    return pd.DataFrame({"CRCL": 90.0, "WT": 70.0}, index=[str(place) for place in range(size)])


@repetitions(60, 2400, quick=True)
def test_a_predicted_probability_is_the_share_of_simulated_patients_in_the_target(repetitions: int) -> None:
    full = repetitions > 100
    designs = DESIGNS if full else DESIGNS[:1]
    model = find_model("vancomycin_goti_2018")
    table = covariates(repetitions).assign(DIAL=0.0)
    found = value_of_levels(
        model, FIRST, table, designs, TARGET, limit=0.5, draws=2000 if full else 800, seed=7
    )
    gap = (found["predicted"] - found["within"]).abs()
    assert (gap < (LARGEST_GAP if full else Z * found["error"])).all()
    assert found["predicted"].iloc[0] == pytest.approx(0.4030, abs=5e-5)
    assert found["predicted"].iloc[1] > found["predicted"].iloc[0]
    if full:
        assert found["predicted"].is_monotonic_increasing
        one_level = found.iloc[1]
        assert one_level["within"] == pytest.approx(0.55, abs=0.04)
        assert one_level["within"] - found["within"].iloc[0] > Z * np.hypot(*found["error"].iloc[:2])


def test_simulated_levels_have_the_residual_error() -> None:
    size = 4000
    model = vancomycin()
    events, effects = simulate_levels(
        model, FIRST, covariates(size), [2.0, 47.5], np.random.default_rng(3), limit=None
    )
    predicted = draws_at(model, records_of(events), effects).level[:, 0, 1:].numpy()
    levels = events.table.loc[events.table["observed"], "level"].to_numpy().reshape(size, 2)
    score = (levels - predicted) / np.sqrt(3.4**2 + (0.227 * predicted) ** 2)
    positive = (predicted > 15).all(1)
    assert positive.sum() > 500
    assert score[positive, 0].std() == pytest.approx(1, abs=0.09)
    assert abs(score[positive, 0].mean()) < 0.09
    spread = effects[:, 0].numpy().std(0)
    assert spread == pytest.approx(np.sqrt(np.diag(model.omega)), rel=0.06)
    assert (levels >= 0).all()


def test_levels_below_the_limit_are_known_to_be_below() -> None:
    events, _ = simulate_levels(
        vancomycin(), FIRST, covariates(50), [11.5], np.random.default_rng(1), limit=8.0
    )
    levels = events.table[events.table["observed"]]
    assert 0 < levels["censored"].sum() < 50
    assert (levels.loc[levels["censored"], "level"] == 8).all()
    assert (levels.loc[~levels["censored"], "level"] >= 8).all()
    assert not events.table.loc[events.is_dose, "censored"].any()


def test_lognormal_errors_are_factors() -> None:
    residual = vancomycin().residual.model_copy(update={"form": "lognormal", "proportional": 0.2})
    model = vancomycin().model_copy(update={"residual": residual})
    events, effects = simulate_levels(model, FIRST, covariates(2000), [20.0], np.random.default_rng(1))
    predicted = draws_at(model, records_of(events), effects).level[:, 0, 1].numpy()
    levels = events.table.loc[events.table["observed"], "level"].to_numpy()
    assert np.log(levels / predicted).std() == pytest.approx(0.2, rel=0.06)


def test_patients_are_the_same_in_all_designs() -> None:
    designs = ([47.5], [38.0, 47.5])
    both = value_of_levels(vancomycin(), FIRST, covariates(3), designs, TARGET, draws=200, seed=1)
    again = value_of_levels(vancomycin(), FIRST, covariates(3), designs, TARGET, draws=200, seed=1)
    pd.testing.assert_frame_equal(both, again, check_exact=True)
    assert both["levels"].tolist() == ["none, one dose for all", "47.5", "38, 47.5"]
    assert np.allclose(both[["below", "within", "above"]].sum(axis=1), 1)


@pytest.mark.parametrize("times", [[], [0.0], [47.5, 38.0], [-1.0, 5.0]])
def test_wrong_times(times: list[float]) -> None:
    with pytest.raises(ConfigError, match="give times after the first dose, from small to large"):
        value_of_levels(vancomycin(), FIRST, covariates(2), [times], TARGET)


def test_effects_are_one_draw_per_patient() -> None:
    _, effects = simulate_levels(vancomycin(), FIRST, covariates(3), [5.0], np.random.default_rng(1))
    assert effects.shape == (3, 1, 3)
    assert effects.dtype == torch.float64
