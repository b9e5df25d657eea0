"""Benefit minus weight times toxicity."""

from __future__ import annotations

import numpy as np
import pytest
from trials import response_trial, survival_trial

from omics.common.errors import DataError
from stratomics.enrichment.effects.effect import measure_of
from stratomics.enrichment.selection.utility import utility_of


def test_benefit_is_weighed_against_toxicity() -> None:
    trial = response_trial(0)
    toxic = np.random.default_rng(0).random(200) < np.where(trial.treated, 0.4, 0.2)
    all_patients = np.ones((1, 200), dtype=np.bool_)
    weighed = utility_of(measure_of(trial), trial.treated, toxic, all_patients)
    assert weighed.utility[0.0] == weighed.efficacy
    assert weighed.utility[1.0].estimate == pytest.approx(
        weighed.efficacy.estimate - weighed.toxicity.estimate
    )
    assert weighed.even == pytest.approx(weighed.efficacy.estimate / weighed.toxicity.estimate)
    survival = survival_trial(0)
    with pytest.raises(DataError, match="cannot be weighed"):
        utility_of(
            measure_of(survival), survival.treated, np.ones(120, dtype=np.bool_), all_patients[:, :120]
        )
