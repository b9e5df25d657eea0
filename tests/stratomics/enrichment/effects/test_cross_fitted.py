"""The cross-fitted effect is a mean over repeats."""

from __future__ import annotations

import numpy as np
import pytest
from trials import survival_trial

from omics.common.errors import DataError
from stratomics.enrichment.effects.cross_fitted import (
    chosen_within_folds,
    cross_fitted_effect,
    ranks_within_folds,
)
from stratomics.enrichment.effects.effect import effect_of, measure_of
from stratomics.enrichment.effects.ridge_benefit import (
    cross_fitted_benefit,
)
from stratomics.enrichment.effects.trial_folds import FOLDS, REPEATS, trial_folds


def test_a_cross_fitted_effect_is_the_mean_over_repeats_and_needs_twenty() -> None:
    trial = survival_trial(0, n=300)
    x = np.random.default_rng(0).normal(size=(300, 5))
    fold = trial_folds(trial, FOLDS, REPEATS, 0)
    score, _ = cross_fitted_benefit(trial, x, fold, 1.0)
    chosen = chosen_within_folds(score, fold, 0.3)
    assert chosen.mean(axis=1) == pytest.approx(np.full(REPEATS, 0.3), abs=0.01)
    measure = measure_of(trial)
    result = cross_fitted_effect(measure, chosen)
    one_by_one = [np.log(effect_of(measure, row.astype(float)).estimate) for row in chosen]
    assert np.log(result.effect.estimate) == pytest.approx(np.mean(one_by_one))
    assert result.between == pytest.approx(np.std(one_by_one, ddof=1))
    assert "not learned from" in result.estimand
    with pytest.raises(DataError, match="19 repeats of the cross-fit give no valid interval"):
        cross_fitted_effect(measure, chosen[:19])
    ranks = ranks_within_folds(score, fold)
    assert np.array_equal(ranks > 0.7, chosen)
