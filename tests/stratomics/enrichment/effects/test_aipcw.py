"""Censoring-corrected outcomes against Kaplan-Meier curves and a known truth."""

from __future__ import annotations

import numpy as np
import pytest
from trials import survival_trial

from stratomics.enrichment.effects.aipcw import LARGEST_WEIGHT, aipcw
from stratomics.enrichment.effects.nuisance import ArmCurves, arm_curves
from stratomics.enrichment.effects.two_arm_curves import two_arm_curves

NO_COVARIATES = np.zeros((120, 0))


@pytest.mark.parametrize(("kind", "which"), [("rmst", 0), ("survival", 1)])
@pytest.mark.parametrize("ties", [False, True])
def test_with_kaplan_meier_curves_the_mean_is_that_of_kaplan_meier(kind: str, which: int, ties: bool) -> None:
    """With the curves of the same patients, augmented weighting returns the area and the height of the curve."""
    trial = survival_trial(0, ties=ties)
    event, time = trial.survival.event, trial.survival.time
    corrected, baseline, _ = aipcw(
        event, time, arm_curves(NO_COVARIATES, event, time, NO_COVARIATES), 1.0, kind
    )
    one = np.ones((1, 120))
    curves, _ = two_arm_curves(np.ones(120, dtype=np.bool_), event, time, one, 1.0)
    assert corrected.mean() == pytest.approx(curves[0, 1, which], abs=1e-9)
    assert baseline == pytest.approx(curves[0, 1, which], abs=1e-9)


def test_without_censoring_the_outcome_does_not_change() -> None:
    trial = survival_trial(1)
    time, event = trial.survival.time, np.ones(120, dtype=np.bool_)
    wrong = ArmCurves(np.unique(time), np.full((1, 120), 0.3), np.ones((1, 120)))
    for kind, seen in (("rmst", np.minimum(time, 0.7)), ("survival", (time > 0.7).astype(float))):
        assert aipcw(event, time, wrong, 0.7, kind)[0] == pytest.approx(seen)


def test_a_correct_censoring_curve_compensates_for_a_wrong_survival_curve() -> None:
    """Double robustness: the mean is unbiased if one of the two curves is correct, and biased if both are wrong."""
    rng, n = np.random.default_rng(0), 40_000
    time, censored = rng.exponential(1.0, n), rng.exponential(1.5, n)
    event, seen = time < censored, np.minimum(time, censored)
    grid = np.linspace(0.001, 1.0, 400)
    right, wrong = np.exp(-grid)[None], np.exp(-0.2 * grid)[None]
    free, not_free = np.exp(-grid / 1.5)[None], np.exp(-0.1 * grid)[None]
    truth = 1 - np.exp(-1.0)
    means = {
        (s, g): aipcw(event, seen, ArmCurves(grid, a, b), 1.0, "rmst")[0].mean()
        for s, a in (("right", right), ("wrong", wrong))
        for g, b in (("right", free), ("wrong", not_free))
    }
    for key in (("right", "right"), ("right", "wrong"), ("wrong", "right")):
        assert means[key] == pytest.approx(truth, abs=0.006), key
    assert abs(means["wrong", "wrong"] - truth) > 0.03


def test_weights_are_truncated() -> None:
    trial = survival_trial(2)
    event, time = trial.survival.event, trial.survival.time
    thin = ArmCurves(np.unique(time), np.full((1, 120), 0.5), np.full((1, 120), 0.001))
    assert aipcw(event, time, thin, 1.0, "rmst")[2].max() == LARGEST_WEIGHT
