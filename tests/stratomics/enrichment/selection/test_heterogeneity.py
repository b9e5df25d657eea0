"""Evidence of heterogeneity in ACTG 175, and adjustment for the number of scores examined."""

from __future__ import annotations

import numpy as np
import pytest
from trials import Find, actg175

from stratomics.enrichment.effects.benefit_calibration import (
    best_linear_predictor,
)
from stratomics.enrichment.effects.cross_fitted import ranks_within_folds
from stratomics.enrichment.effects.pseudo_outcomes import pseudo_outcomes
from stratomics.enrichment.effects.ridge_benefit import cross_fitted_benefit
from stratomics.enrichment.effects.trial_folds import FOLDS, REPEATS, trial_folds
from stratomics.enrichment.read_trial import trial_of
from stratomics.enrichment.selection.heterogeneity import evidence_of
from stratomics.enrichment.selection.targeting_curve import rate_of
from stratomics.evaluation.p_values import holm


@pytest.mark.slow
def test_actg175_response_shows_no_credible_heterogeneity_to_a_model(shared: Find) -> None:
    table = actg175(shared)
    names = ["age", "wtkg", "karnof", "cd40", "cd80", "hemo", "homo", "drugs", "race", "gender", "symptom"]
    x = table[names].to_numpy(dtype=np.float64)
    x = (x - x.mean(axis=0)) / x.std(axis=0)
    trial = trial_of(table, "drug", "0", response="response")[0]
    fold = trial_folds(trial, FOLDS, REPEATS, 0)
    score, _ = cross_fitted_benefit(trial, x, fold)
    pseudo = pseudo_outcomes(trial, x)
    rate = rate_of(pseudo.value, ranks_within_folds(score, fold), halves=200)
    assert rate.p_autoc > 0.05
    assert "no credible heterogeneity" in evidence_of({"model": rate})[0].sentence
    assert not best_linear_predictor(pseudo.value, score.mean(axis=0)).credible


def test_actg175_cd4_is_nominally_significant_alone_and_not_among_four_markers(shared: Find) -> None:
    table = actg175(shared)
    # Inverse probability weights only, as in the golden values.
    treated, p, y = table["drug"].to_numpy() == 1, 1607 / 2139, table["response"].to_numpy(dtype=np.float64)
    inverse = np.where(treated, y / p, -y / (1 - p))
    markers = {name: table[name].to_numpy(dtype=np.float64) for name in ("age", "wtkg", "karnof")}
    markers["-cd40"] = -table["cd40"].to_numpy(dtype=np.float64)
    rates = {name: rate_of(inverse, values) for name, values in markers.items()}
    evidence_by_name = {evidence.name: evidence for evidence in evidence_of(rates)}
    assert evidence_by_name["-cd40"].p == pytest.approx(0.03, abs=0.01)
    assert evidence_by_name["-cd40"].p_adjusted > 0.05
    assert "nominally p 0.02" in evidence_by_name["-cd40"].sentence
    assert "a hypothesis to test in other patients, not a finding" in evidence_by_name["-cd40"].sentence


def test_holm_is_stepwise_and_counts_scores_that_are_not_shown() -> None:
    assert holm(np.array([0.01, 0.02, 0.5])) == pytest.approx([0.03, 0.04, 0.5])
    rate = rate_of(
        np.append(np.full(30, 1.0), np.full(30, 0.0)) + np.tile([0.1, -0.1], 30), np.arange(60.0)[::-1]
    )
    alone, among = (evidence_of({"marker": rate}, number)[0] for number in (None, 10))
    assert among.p_adjusted == pytest.approx(10 * alone.p_adjusted)
    assert "the only score examined" in alone.sentence
    turned = rate_of(
        np.append(np.full(30, 1.0), np.full(30, 0.0)) + np.tile([0.1, -0.1], 30), np.arange(60.0)
    )
    assert "check the direction of the score" in evidence_of({"marker": turned})[0].sentence
