"""The furthest horizon of a trial, and checks of a requested horizon."""

from __future__ import annotations

import numpy as np
import pytest
from trials import survival_trial

from models.survival.kaplan_meier import censoring_survival
from omics.common.errors import DataError
from stratomics.enrichment.effects.horizon import checked_horizon, furthest_horizon


def test_the_horizon_keeps_ten_at_risk_and_a_tenth_uncensored() -> None:
    trial = survival_trial(3)
    horizon = furthest_horizon(trial)
    for rows in (trial.treated, ~trial.treated):
        time, event = trial.survival.time[rows], trial.survival.event[rows]
        assert (time >= horizon).sum() >= 10
        assert censoring_survival(event, time)(np.array([horizon - 1e-9]))[0] >= 0.1
    later = np.unique(trial.survival.time[trial.survival.time > horizon])[0]
    assert min((trial.survival.time[rows] >= later).sum() for rows in (trial.treated, ~trial.treated)) < 10
    assert checked_horizon(trial, None) == horizon
    for wrong in (horizon * 1.01, 0.0, -1.0):
        with pytest.raises(DataError, match="is not between 0 and"):
            checked_horizon(trial, wrong)
