"""Pseudo-outcomes, RATE, calibration of benefit and evidence against R's grf, against identities, and by hand."""

from __future__ import annotations

from itertools import pairwise

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st
from trials import GOLDEN, Find, actg175, big198, response_trial, survival_trial

from models.survival.kaplan_meier import censoring_survival
from omics.cohort.endpoints import Survival
from omics.common.errors import DataError
from stratomics.enrichment.effects.aipcw import LARGEST_WEIGHT, aipcw
from stratomics.enrichment.effects.benefit_calibration import (
    benefit_by_quantile,
    best_linear_predictor,
    c_for_benefit,
    policy_value,
)
from stratomics.enrichment.effects.cross_fitted import ranks_within_folds
from stratomics.enrichment.effects.horizon import checked_horizon, furthest_horizon
from stratomics.enrichment.effects.nuisance import ArmCurves, arm_curves, probability_of
from stratomics.enrichment.effects.propensity import overlap_of, interpretation_of, treatment_probability
from stratomics.enrichment.effects.pseudo_outcomes import pseudo_outcomes
from stratomics.enrichment.effects.ridge_benefit import cross_fitted_benefit
from stratomics.enrichment.effects.trial import Trial
from stratomics.enrichment.effects.trial_folds import FOLDS, REPEATS, trial_folds
from stratomics.enrichment.effects.two_arm_curves import two_arm_curves
from stratomics.enrichment.read_trial import trial_of
from stratomics.enrichment.selection.heterogeneity import evidence_of
from stratomics.enrichment.selection.targeting_curve import areas, rate_of, targeting_curve
from stratomics.evaluation.multiplicity import holm

NOBODY = np.zeros((120, 0))


@pytest.mark.parametrize(("kind", "which"), [("rmst", 0), ("survival", 1)])
@pytest.mark.parametrize("ties", [False, True])
def test_freed_of_censoring_by_kaplan_meier_the_mean_is_kaplan_meiers(
    kind: str, which: int, ties: bool
) -> None:
    """With the curves of the very patients, augmented weighting gives back the area and the height of the curve."""
    trial = survival_trial(0, ties=ties)
    event, time = trial.survival.event, trial.survival.time
    whole, start, _ = aipcw(event, time, arm_curves(NOBODY, event, time, NOBODY), 1.0, kind)
    one = np.ones((1, 120))
    curves, _ = two_arm_curves(np.ones(120, dtype=np.bool_), event, time, one, 1.0)
    assert whole.mean() == pytest.approx(curves[0, 1, which], abs=1e-9)
    assert start == pytest.approx(curves[0, 1, which], abs=1e-9)


def test_without_censoring_the_outcome_stays_what_it_is() -> None:
    trial = survival_trial(1)
    time, event = trial.survival.time, np.ones(120, dtype=np.bool_)
    wrong = ArmCurves(np.unique(time), np.full((1, 120), 0.3), np.ones((1, 120)))
    for kind, seen in (("rmst", np.minimum(time, 0.7)), ("survival", (time > 0.7).astype(float))):
        assert aipcw(event, time, wrong, 0.7, kind)[0] == pytest.approx(seen)


def test_a_right_censoring_curve_makes_good_for_a_wrong_survival_curve() -> None:
    """Doubly robust: with one of the two right, the mean is right; with neither it is not."""
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


def test_nobody_stands_for_more_than_twenty() -> None:
    trial = survival_trial(2)
    event, time = trial.survival.event, trial.survival.time
    thin = ArmCurves(np.unique(time), np.full((1, 120), 0.5), np.full((1, 120), 0.001))
    assert aipcw(event, time, thin, 1.0, "rmst")[2].max() == LARGEST_WEIGHT


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


def test_big198_agrees_with_a_causal_forest(shared: Find) -> None:
    trial, ki67 = big198(shared)
    golden = GOLDEN["big198_rmst"]
    pseudo = pseudo_outcomes(trial, ki67[:, None], horizon=golden["horizon"])
    assert abs(pseudo.average.estimate - golden["average"]) < 2 * golden["average_se"]
    assert pseudo.average.se == pytest.approx(golden["average_se"], rel=0.15)
    rate = rate_of(pseudo.value, ki67)
    assert abs(rate.autoc.estimate - golden["autoc"]) < 2 * golden["autoc_se"]
    assert rate.autoc.se == pytest.approx(golden["autoc_se"], rel=0.15)


def test_covariates_sharpen_a_mean_benefit() -> None:
    rng, n = np.random.default_rng(1), 400
    x = rng.normal(size=(n, 1))
    treated = rng.permutation(n) % 2 == 0
    time, censored = rng.exponential(np.exp(x[:, 0] + 0.3 * treated)), rng.exponential(4.0, n)
    outcome = Survival(np.minimum(time, censored), time < censored, np.ones(n, dtype=np.bool_))
    trial = Trial(treated, outcome, np.full(n, 0.5))
    with_x, without = (pseudo_outcomes(trial, c, horizon=1.0).average for c in (x, None))
    assert with_x.se < 0.9 * without.se


def test_rate_is_grfs_to_six_digits(shared: Find) -> None:
    table, golden = pd.read_csv(shared("reference/actg175_ipw_scores.csv")), GOLDEN["rate"]
    benefit = table["score"].to_numpy()
    for name in ("age", "negcd40"):
        rate = rate_of(benefit, table[name].to_numpy())
        assert rate.average == pytest.approx(golden["ate"], abs=5.1e-7)
        assert rate.autoc.estimate == pytest.approx(golden[name]["autoc"], abs=5.1e-7)
        assert rate.qini.estimate == pytest.approx(golden[name]["qini"], abs=5.1e-7)
        assert rate.autoc.se == pytest.approx(golden[name]["autoc_se"], rel=0.08)
        assert rate.qini.se == pytest.approx(golden[name]["qini_se"], rel=0.08)
        assert rate.curve[-1] == 0.0
        assert rate.curve.mean() == pytest.approx(rate.autoc.estimate)
    constant = rate_of(benefit, np.ones(len(benefit)))
    assert constant.autoc.estimate == constant.qini.estimate == 0.0
    assert constant.p_autoc == 1.0


@given(st.integers(0, 10_000), st.integers(5, 40))
def test_the_targeting_curve_by_hand(seed: int, n: int) -> None:
    rng = np.random.default_rng(seed)
    benefit, priority = rng.normal(size=n), rng.integers(0, 5, n).astype(float)
    group = {p: benefit[priority == p].mean() for p in np.unique(priority)}
    ordered = np.array([group[p] for p in sorted(priority, reverse=True)])
    by_hand = [ordered[: k + 1].mean() - benefit.mean() for k in range(n)]
    curve, _ = targeting_curve(benefit, priority, np.ones((1, n)))
    assert curve[0] == pytest.approx(by_hand, abs=1e-9)
    autoc, qini = areas(benefit, priority, np.ones((1, n)))[0]
    assert autoc == pytest.approx(np.mean(by_hand), abs=1e-9)
    assert qini == pytest.approx(np.mean(np.array(by_hand) * np.arange(1, n + 1) / n), abs=1e-9)


def test_the_half_sample_error_is_the_spread_over_trials() -> None:
    rng = np.random.default_rng(0)
    truth = rng.normal(size=(300, 200))
    rates = [rate_of(row + rng.normal(size=200), row, seed=k, halves=100) for k, row in enumerate(truth)]
    spread = np.std([rate.autoc.estimate for rate in rates], ddof=1)
    assert np.mean([rate.autoc.se for rate in rates]) == pytest.approx(spread, rel=0.12)


def test_the_best_line_finds_a_calibrated_slope_and_is_statsmodels_formula() -> None:
    rng, n = np.random.default_rng(0), 4000
    benefit = rng.normal(size=n)
    seen = benefit + (1 + np.abs(benefit)) * rng.normal(size=n)
    line = best_linear_predictor(seen, benefit)
    assert abs(line.slope.estimate - 1) < 3 * line.slope.se
    assert line.credible
    assert line.mean.estimate == pytest.approx(seen.mean())
    # HC3 by leaving each out: its jackknife to the first order.
    few, short = benefit[:60], seen[:60]
    left_out = [best_linear_predictor(np.delete(short, i), np.delete(few, i)).slope.estimate for i in range(60)]
    jackknife = np.sqrt(59 / 60 * np.sum((np.array(left_out) - np.mean(left_out)) ** 2))
    assert best_linear_predictor(short, few).slope.se == pytest.approx(jackknife, rel=0.05)
    with pytest.raises(DataError, match="same predicted benefit"):
        best_linear_predictor(seen, np.ones(n))


def test_quantiles_of_benefit_and_the_value_of_a_policy() -> None:
    rng = np.random.default_rng(0)
    predicted = rng.normal(size=400)
    benefit = predicted + rng.normal(size=400)
    groups = benefit_by_quantile(benefit, predicted)
    assert all(low[0] < high[0] for low, high in pairwise(groups))
    assert np.mean([effect.estimate for _, effect in groups]) == pytest.approx(benefit.mean())
    value = policy_value(benefit, predicted > 0)
    gained = value.over_nobody.estimate - value.over_everybody.estimate
    assert gained == pytest.approx(benefit.mean())
    assert value.over_everybody.low > 0
    with pytest.raises(DataError, match="ask for fewer"):
        benefit_by_quantile(benefit[:5], predicted[:5])


def test_c_for_benefit_is_a_half_for_noise_and_refused_where_nothing_differs() -> None:
    rng, n = np.random.default_rng(0), 2000
    treated, benefit = np.arange(n) % 2 == 0, rng.normal(size=n)
    outcome = rng.normal(size=n) * 0.5 + benefit * treated
    assert c_for_benefit(outcome, treated, benefit) > 0.65
    assert c_for_benefit(outcome, treated, rng.normal(size=n)) == pytest.approx(0.5, abs=0.02)
    with pytest.raises(DataError, match="none can be compared"):
        c_for_benefit(np.ones(n), treated, benefit)


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


def test_actg175_cd4_alone_is_nominally_a_find_and_among_four_markers_none(shared: Find) -> None:
    table = actg175(shared)
    # As the golden figures have it, by inverse weights alone.
    treated, p, y = table["drug"].to_numpy() == 1, 1607 / 2139, table["response"].to_numpy(dtype=np.float64)
    inverse = np.where(treated, y / p, -y / (1 - p))
    markers = {name: table[name].to_numpy(dtype=np.float64) for name in ("age", "wtkg", "karnof")}
    markers["-cd40"] = -table["cd40"].to_numpy(dtype=np.float64)
    rates = {name: rate_of(inverse, values) for name, values in markers.items()}
    said = {evidence.name: evidence for evidence in evidence_of(rates)}
    assert said["-cd40"].p == pytest.approx(0.03, abs=0.01)
    assert said["-cd40"].p_adjusted > 0.05
    assert "nominally p 0.02" in said["-cd40"].sentence
    assert "a hint to be tested in other patients, not a finding" in said["-cd40"].sentence


def test_holm_is_stepwise_and_counts_what_is_not_shown() -> None:
    assert holm(np.array([0.01, 0.02, 0.5])) == pytest.approx([0.03, 0.04, 0.5])
    rate = rate_of(
        np.append(np.full(30, 1.0), np.full(30, 0.0)) + np.tile([0.1, -0.1], 30), np.arange(60.0)[::-1]
    )
    alone, among = (evidence_of({"marker": rate}, number)[0] for number in (None, 10))
    assert among.p_adjusted == pytest.approx(10 * alone.p_adjusted)
    assert "the only priority looked at" in alone.sentence
    turned = rate_of(
        np.append(np.full(30, 1.0), np.full(30, 0.0)) + np.tile([0.1, -0.1], 30), np.arange(60.0)
    )
    assert "wrong way round" in evidence_of({"marker": turned})[0].sentence


def test_a_known_probability_is_taken_and_a_stratum_of_one_arm_refused() -> None:
    trial = response_trial(0)
    assert np.array_equal(treatment_probability(trial, np.zeros((200, 0)), 0), np.full(200, 0.5))
    stratum = np.arange(200) % 2
    in_strata = Trial(trial.treated, trial.outcome, None, stratum)
    shares = treatment_probability(in_strata, np.zeros((200, 0)), 0)
    assert shares[0] == pytest.approx(trial.treated[stratum == 0].mean())
    alone = Trial(trial.treated, trial.outcome, None, trial.treated.astype(np.int64))
    with pytest.raises(DataError, match="one arm only"):
        treatment_probability(alone, np.zeros((200, 0)), 0)


def test_without_randomisation_the_propensity_takes_confounding_out() -> None:
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
