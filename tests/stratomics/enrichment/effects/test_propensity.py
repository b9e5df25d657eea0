"""Probability of treatment: known, by stratum, and estimated; overlap of the arms."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
from trials import response_trial

from omics.common.errors import DataError
from stratomics.enrichment.effects.nuisance import probability_of
from stratomics.enrichment.effects.propensity import interpretation_of, overlap_of, treatment_probability
from stratomics.enrichment.effects.pseudo_outcomes import pseudo_outcomes
from stratomics.enrichment.effects.trial import Trial
from stratomics.enrichment.read_trial import trial_of


def test_a_known_probability_is_used_and_a_stratum_of_one_arm_is_refused() -> None:
    trial = response_trial(0)
    assert np.array_equal(treatment_probability(trial, np.zeros((200, 0)), 0), np.full(200, 0.5))
    stratum = np.arange(200) % 2
    in_strata = Trial(trial.treated, trial.outcome, None, stratum)
    shares = treatment_probability(in_strata, np.zeros((200, 0)), 0)
    assert shares[0] == pytest.approx(trial.treated[stratum == 0].mean())
    alone = Trial(trial.treated, trial.outcome, None, trial.treated.astype(np.int64))
    with pytest.raises(DataError, match="one arm only"):
        treatment_probability(alone, np.zeros((200, 0)), 0)


def test_without_randomisation_the_propensity_removes_confounding() -> None:
    rng, n = np.random.default_rng(0), 4000
    x = rng.normal(size=(n, 2))
    treated = rng.random(n) < 1 / (1 + np.exp(-x[:, 0]))
    positive = rng.random(n) < 1 / (1 + np.exp(-x[:, 0] - 0.5 * treated))
    table = pd.DataFrame({"arm": treated.astype(int), "y": positive.astype(int)})
    trial = trial_of(table, "arm", "0", response="y", randomised="no")[0]
    truth = np.mean(1 / (1 + np.exp(-x[:, 0] - 0.5)) - 1 / (1 + np.exp(-x[:, 0])))
    pseudo = pseudo_outcomes(trial, x)
    crude = positive[treated].mean() - positive[~treated].mean()
    assert abs(pseudo.average.estimate - truth) < 2 * pseudo.average.se < abs(crude - truth)
    overlap = overlap_of(trial, pseudo.probability)
    assert overlap.quantiles["treated"][3] > overlap.quantiles["control"][3]
    assert "almost certain to be in their arm" in overlap.sentence
    assert "not randomised" in interpretation_of(trial)


def test_a_probability_without_covariates_is_the_share() -> None:
    positive = np.arange(10) < 3
    assert probability_of(np.zeros((10, 0)), positive, np.zeros((2, 0))) == pytest.approx([3.5 / 11] * 2)
