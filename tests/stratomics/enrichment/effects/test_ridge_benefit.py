"""Cross-fitted ridge regressions of benefit, against one fit per fold."""

from __future__ import annotations

import numpy as np
import pytest
from sklearn.linear_model import Ridge
from trials import response_trial, survival_trial

from stratomics.enrichment.effects.ridge_benefit import (
    EXPLAINED,
    RidgeBenefit,
    cross_fitted_benefit,
    cross_fitted_ridge,
)
from stratomics.enrichment.effects.trial import Trial
from stratomics.enrichment.effects.trial_folds import FOLDS, balanced_folds, trial_folds


@pytest.mark.parametrize("p", [7, 150])
def test_one_inverse_for_all_folds_is_a_fit_a_fold(p: int) -> None:
    rng, n = np.random.default_rng(0), 90
    x, target = rng.normal(size=(n, p)) + 2.0, rng.normal(size=(10, n))
    fold = balanced_folds(np.zeros(n, dtype=np.int64), 5, 2, rng)
    predicted, lines = cross_fitted_ridge(x, target, fold)
    places = [(repeat, number) for repeat in range(2) for number in range(5)]
    for line, (repeat, number) in enumerate(places):
        out = fold[repeat] == number
        theirs = Ridge(alpha=p / EXPLAINED).fit(x[~out], target[line, ~out])
        assert predicted[repeat, out] == pytest.approx(theirs.predict(x[out]), abs=1e-9)
        assert lines[line] == pytest.approx(theirs.coef_, abs=1e-9)


@pytest.mark.parametrize("make", [survival_trial, response_trial])
def test_cross_fitted_benefit_is_what_a_fit_without_the_fold_predicts(make: type[Trial]) -> None:
    trial: Trial = make(0)  # type: ignore[call-arg, arg-type]
    x = np.random.default_rng(0).normal(size=(len(trial), 6))
    fold = trial_folds(trial, FOLDS, 2, 0)
    score, _ = cross_fitted_benefit(trial, x, fold, 1.0)
    for repeat, number in ((0, 0), (1, 3)):
        out = fold[repeat] == number
        line = RidgeBenefit.fit(trial.take(np.flatnonzero(~out)), x[~out], 1.0)
        assert score[repeat, out] == pytest.approx(line.predict(x[out]), abs=1e-9)
    # The predictions of other outcomes differ.
    other = make(1)  # type: ignore[call-arg, arg-type]
    assert not np.allclose(cross_fitted_benefit(other, x, fold, 1.0)[0], score)


def test_a_benefit_of_its_own_patients_does_not_see_them() -> None:
    trial = survival_trial(0)
    x = np.random.default_rng(0).normal(size=(len(trial), 6))
    fold = trial_folds(trial, FOLDS, 1, 0)
    score, _ = cross_fitted_benefit(trial, x, fold, 1.0)
    out = np.flatnonzero(fold[0] == 2)
    time = trial.survival.time.copy()
    time[out] = time[out][::-1] / 2
    changed = Trial(trial.treated, type(trial.survival)(time, trial.survival.event, trial.survival.observed))
    changed_score, _ = cross_fitted_benefit(
        Trial(changed.treated, changed.outcome, trial.probability), x, fold, 1.0
    )
    assert changed_score[0, out] == pytest.approx(score[0, out], abs=1e-12)
    assert not np.allclose(changed_score[0, fold[0] != 2], score[0, fold[0] != 2])
