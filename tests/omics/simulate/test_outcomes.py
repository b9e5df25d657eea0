"""Covariates and outcomes: shares of events, responses and toxicities, and censoring.

The bound of a comparison with a target is four standard errors of the comparison.
"""

from __future__ import annotations

import dataclasses
from typing import Any

import numpy as np
import pandas as pd
import pytest
from simulated import MANY, OUTCOMES

from omics.simulate.simulate_cohort import (
    Simulated,
    SimulationConfig,
    simulate,
)


@pytest.mark.slow
def test_age_and_stage_go_with_prognosis(plain: Simulated) -> None:
    samples, prognostic = plain.cohort.obs, plain.truth.prognostic
    assert np.corrcoef(samples["age"], prognostic)[0, 1] == pytest.approx(0.3, abs=4 / np.sqrt(MANY))
    assert np.corrcoef(samples["female"], prognostic)[0, 1] < -0.05
    by_stage = pd.Series(prognostic).groupby(samples["stage"].to_numpy()).mean()
    assert by_stage.index.tolist() == ["I", "II", "III", "IV"]
    assert by_stage.is_monotonic_increasing
    np.testing.assert_allclose(
        samples["stage"].value_counts(normalize=True).sort_index(), (0.25, 0.3, 0.25, 0.2), atol=0.035
    )


@pytest.mark.parametrize(
    "changes",
    [
        {},
        {"event_share": 0.05, "response_share": 0.05, "toxicity_share": 0.03},
        {"event_share": 0.9, "response_share": 0.95, "toxicity_share": 0.9},
        {"weibull_shape": 0.5, "dropout": 0.4, "accrual": 0},
        {"weibull_shape": 3, "prognostic_strength": 2, "predictive_strength": 2, "dropout": 0},
        {"arm": False, "event_share": 0.3},
    ],
)
def test_events_responses_and_toxicities_have_their_shares(changes: dict[str, Any]) -> None:
    n = 1000
    config = SimulationConfig(n, features=OUTCOMES, seed=4, **changes)
    samples = simulate(config).cohort.obs
    for column in ("event", "response", "toxicity"):
        share = getattr(config, f"{column}_share")
        error = np.sqrt(share * (1 - share) / n)
        assert abs(samples[column].mean() - share) < 4 * error, column
    assert samples["time"].min() >= 1
    assert samples["time"].max() <= config.follow_up


def test_censoring_is_by_the_end_of_the_study_and_by_loss() -> None:
    config = SimulationConfig(1000, features=OUTCOMES, event_share=0.3, dropout=0.0)
    kept = simulate(config).cohort.obs
    censored = kept.loc[kept["event"] == 0, "time"]
    assert censored.min() >= config.follow_up - config.accrual
    lost = simulate(dataclasses.replace(config, dropout=0.2)).cohort.obs
    early = lost.loc[lost["event"] == 0, "time"] < config.follow_up - config.accrual
    assert 0.1 < early.mean() < 0.6
