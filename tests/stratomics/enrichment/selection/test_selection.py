"""Cuts and the price of choosing one, honest effects, the locked rule: against R, by brute force, and by hand."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st
from sklearn.linear_model import Ridge
from trials import GOLDEN, Find, big198, response_trial, survival_trial

from omics.cohort.endpoints import Response
from omics.common.errors import ConfigError, DataError, InputError
from stratomics.enrichment.design.events import schoenfeld_events
from stratomics.enrichment.effects.cross_fitted import (
    chosen_within_folds,
    cross_fitted_effect,
    ranks_within_folds,
)
from stratomics.enrichment.effects.effect import effect_of, measure_of
from stratomics.enrichment.effects.ridge_benefit import (
    EXPLAINED,
    RidgeBenefit,
    cross_fitted_benefit,
    cross_fitted_ridge,
)
from stratomics.enrichment.effects.trial import Trial
from stratomics.enrichment.effects.trial_folds import FOLDS, REPEATS, balanced_folds, trial_folds
from stratomics.enrichment.selection.adaptive_signature import adaptive_signature
from stratomics.enrichment.selection.cut_search import best_cut, both_sides, search_cuts
from stratomics.enrichment.selection.cuts import marker_cuts, share_cuts
from stratomics.enrichment.selection.patients_needed import patients_needed
from stratomics.enrichment.selection.permutation import permutation_p
from stratomics.enrichment.selection.prognostic import prognostic_table
from stratomics.enrichment.selection.ridge_permutation import ridge_permutation_p
from stratomics.enrichment.selection.subgroup import Subgroup, selection_rates
from stratomics.enrichment.selection.surrogate_tree import surrogate_tree
from stratomics.enrichment.selection.threshold_table import Costs, threshold_table
from stratomics.enrichment.selection.utility import utility_of
from stratomics.evaluation.metrics.weighted_cox import weighted_cox

SEARCH = GOLDEN["big198_search"]


def test_big198_threshold_table_is_that_of_r(shared: Find) -> None:
    """To 6 digits with Breslow's ties, which the golden table has; ours, Efron's, differ from it by .0003 at most."""
    trial, ki67 = big198(shared)
    golden = pd.read_csv(shared("reference/big198_threshold_table.csv"))
    rows = threshold_table(trial, measure_of(trial), marker_cuts(trial, ki67, golden["cut"].tolist()), 4.0)
    assert rows[0].inside.estimate == pytest.approx(0.63482, abs=5.1e-6)
    assert rows[0].events_needed is not None
    assert rows[0].events_needed[0.8] == pytest.approx(152, abs=0.1)
    for row, truth in zip(rows[1:], golden.itertuples(), strict=True):
        assert row.outside is not None
        assert row.events_needed is not None
        assert row.patients_needed is not None
        assert row.screened is not None
        assert [row.cut, row.n, row.events] == [truth.cut, truth.n, truth.events]
        assert row.prevalence == pytest.approx(truth.prev)
        assert row.control_rate == pytest.approx(truth.p0_4y, abs=1e-9)
        assert row.inside.estimate == pytest.approx(truth.HRpos, abs=3e-4)
        assert [row.inside.low, row.inside.high] == pytest.approx([truth.lo, truth.hi], abs=1e-3)
        assert row.outside.estimate == pytest.approx(truth.HRneg, abs=3e-4)
        assert row.p == pytest.approx(truth.p_int, abs=1e-3)
        sizes = [row.events_needed[0.8], row.patients_needed[0.8], row.screened[0.8]]
        assert sizes == pytest.approx([truth.events80, truth.N80, truth.screened], rel=1e-3)
        one = np.stack([ki67 > truth.cut, ki67 <= truth.cut]).astype(float)
        breslow = weighted_cox(
            trial.treated[:, None].astype(float),
            trial.survival.event,
            trial.survival.time,
            one,
            np.zeros(len(trial), dtype=np.int64),
        )
        assert np.exp(breslow[:, 0]) == pytest.approx([truth.HRpos, truth.HRneg], abs=1e-6)


def test_big198_the_best_of_twelve_cuts_and_its_price(shared: Find) -> None:
    trial, ki67 = big198(shared)
    cuts, chosen = marker_cuts(
        trial, ki67, pd.read_csv(shared("reference/big198_threshold_table.csv"))["cut"].tolist()
    )
    search = search_cuts(measure_of(trial), chosen, seed=1)
    assert cuts[search.best] == SEARCH["best"]
    assert SEARCH["out_of_bag"][0] <= search.out_of_bag.estimate <= SEARCH["out_of_bag"][1]
    assert search.apparent.estimate < search.harrell.estimate < search.out_of_bag.estimate
    assert SEARCH["false_positives"][0] <= search.false_positives <= SEARCH["false_positives"][1]
    assert 0.02 < search.p_adjusted < 0.07
    assert search.p == pytest.approx(0.0148, abs=1e-4)
    assert sum(search.chosen) == pytest.approx(1.0)


def test_a_search_is_the_same_by_seed_and_another_by_another() -> None:
    trial = survival_trial(0)
    _, chosen = marker_cuts(trial, np.random.default_rng(0).normal(size=120), [-0.3, 0.0, 0.3])
    one, same, other = (search_cuts(measure_of(trial), chosen, seed, draws=20) for seed in (1, 1, 2))
    assert one == same
    assert one != other


def test_schoenfelds_events_are_rs() -> None:
    for ratio, (eighty, ninety) in GOLDEN["schoenfeld"].items():
        found = [schoenfeld_events(float(ratio), power) for power in (0.8, 0.9)]
        assert found == pytest.approx([eighty, ninety], abs=5.1e-3)


def test_patients_for_a_restricted_mean_are_rs() -> None:
    """Colon, Lev+5FU against Obs, 1825 days: 433 an arm for 80%, by (z_a + z_b)^2 (s0^2 + s1^2) / D^2."""
    effect = GOLDEN["effects"]["colon_rmst_1825"]
    assert patients_needed(effect["difference"], effect["se"], 619, 0.8) / 2 == pytest.approx(433, abs=1)


def test_both_sides_are_the_effects_of_both_tables() -> None:
    trial = survival_trial(0)
    marker = np.random.default_rng(0).normal(size=len(trial))
    measure = measure_of(trial)
    sides = both_sides(measure, (marker > 0)[None, None], np.ones((1, len(trial))))
    inside = measure_of(trial.take(np.flatnonzero(marker > 0))).effects(np.ones((1, int((marker > 0).sum()))))
    assert sides.inside[0, 0] == pytest.approx(inside[0][0])
    assert sides.inside_se[0, 0] == pytest.approx(inside[1][0])
    assert sides.z[0, 0] == pytest.approx(
        (sides.inside - sides.outside)[0, 0] / np.hypot(sides.inside_se, sides.outside_se)[0, 0]
    )
    assert list(best_cut(np.array([[1.0, np.nan, -3.0]]), -1)) == [2]
    assert list(best_cut(np.array([[1.0, np.nan, -3.0]]), 1)) == [0]


@pytest.mark.parametrize(
    ("cuts", "sentence"),
    [
        ([99.0], "cut 99 is outside the scores, which run from 0 to 1"),
        ([1.0], "cut 1 is outside"),
        ([-0.1], "cut -0.1 is outside"),
        ([0.97], "leaves 4 patients inside"),
        ([0.02], "leaves 3 patients outside"),
    ],
)
def test_a_cut_that_cannot_be_compared_is_refused(cuts: list[float], sentence: str) -> None:
    trial = survival_trial(0)
    marker = np.linspace(0.0, 1.0, len(trial))
    with pytest.raises(DataError, match=sentence):
        marker_cuts(trial, marker, cuts)
    with pytest.raises(DataError, match=r"share 0\.03 leaves"):
        share_cuts(trial, marker[None], np.zeros((1, len(trial)), dtype=np.int64), [0.03])
    with pytest.raises(DataError, match="chooses no patient or all patients"):
        chosen_within_folds(marker[None], np.zeros((1, len(trial)), dtype=np.int64), 1.0)
    with pytest.raises(DataError, match="no cut of this score"):
        marker_cuts(trial, np.ones(len(trial)))


def test_cuts_left_out_are_shares_of_the_marker() -> None:
    trial = survival_trial(0)
    cuts, chosen = marker_cuts(trial, np.random.default_rng(0).normal(size=len(trial)))
    assert np.all(np.diff(cuts) > 0)
    assert chosen.mean(axis=(1, 2)) == pytest.approx(np.arange(0.8, 0.15, -0.1), abs=0.02)


@given(st.integers(0, 1000), st.integers(2, 7), st.integers(20, 60))
def test_folds_part_labels_as_evenly_as_can_be(seed: int, folds: int, n: int) -> None:
    rng = np.random.default_rng(seed)
    label = rng.integers(0, 3, n)
    for row in balanced_folds(label, folds, 2, rng):
        assert np.ptp(np.bincount(row, minlength=folds)) <= 1
        for value in np.unique(label):
            assert np.ptp(np.bincount(row[label == value], minlength=folds)) <= 1


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
    # What happened to a patient changes nothing of what is foretold of his own fold.
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


def test_an_honest_effect_is_the_mean_over_repeats_and_wants_twenty() -> None:
    trial = survival_trial(0, n=300)
    x = np.random.default_rng(0).normal(size=(300, 5))
    fold = trial_folds(trial, FOLDS, REPEATS, 0)
    score, _ = cross_fitted_benefit(trial, x, fold, 1.0)
    chosen = chosen_within_folds(score, fold, 0.3)
    assert chosen.mean(axis=1) == pytest.approx(np.full(REPEATS, 0.3), abs=0.01)
    measure = measure_of(trial)
    honest = cross_fitted_effect(measure, chosen)
    one_by_one = [np.log(effect_of(measure, row.astype(float)).estimate) for row in chosen]
    assert np.log(honest.effect.estimate) == pytest.approx(np.mean(one_by_one))
    assert honest.between == pytest.approx(np.std(one_by_one, ddof=1))
    assert "not learned from" in honest.estimand
    with pytest.raises(DataError, match="19 repeats of the cross-fit give no valid interval"):
        cross_fitted_effect(measure, chosen[:19])
    ranks = ranks_within_folds(score, fold)
    assert np.array_equal(ranks > 0.7, chosen)


def test_a_permutation_p_deals_within_strata() -> None:
    stratum = np.repeat([0, 1], 10)

    def statistic(order: np.ndarray) -> float:
        assert np.array_equal(stratum[order], stratum)
        return float(np.array_equal(order, np.arange(20)))

    assert permutation_p(statistic, 20, 99, 0, stratum) == 0.01


def test_the_adaptive_signature_finds_a_qualitative_interaction_and_nothing_in_nothing() -> None:
    rng, n = np.random.default_rng(0), 400
    x = rng.normal(size=(n, 5))
    treated = rng.permutation(n) % 2 == 0
    for strength, found in ((2.5, True), (0.0, False)):
        positive = rng.random(n) < 1 / (1 + np.exp(-np.where(treated, strength * x[:, 0], 0.0)))
        outcome = Response(positive, np.ones(n, dtype=np.bool_))
        answer = adaptive_signature(Trial(treated, outcome, np.full(n, 0.5)), x, 0.4, draws=99)
        assert (answer.p_found <= 0.01) == found
        assert ("those the signature finds" in answer.sentence) == found
    everybody = np.ones(n, dtype=np.bool_)
    for better, side in ((treated, "for"), (~treated, "against")):
        overall = Response(rng.random(n) < np.where(better, 0.7, 0.3), everybody)
        answer = adaptive_signature(Trial(treated, overall, np.full(n, 0.5)), x, 0.4, draws=19)
        assert f"in all patients, {side} the treatment" in answer.sentence
    with pytest.raises(DataError, match="takes a randomised trial"):
        adaptive_signature(Trial(treated, outcome, randomised="adaptive"), x, 0.4)


def test_benefit_is_weighed_against_toxicity() -> None:
    trial = response_trial(0)
    toxic = np.random.default_rng(0).random(200) < np.where(trial.treated, 0.4, 0.2)
    everybody = np.ones((1, 200), dtype=np.bool_)
    weighed = utility_of(measure_of(trial), trial.treated, toxic, everybody)
    assert weighed.utility[0.0] == weighed.efficacy
    assert weighed.utility[1.0].estimate == pytest.approx(
        weighed.efficacy.estimate - weighed.toxicity.estimate
    )
    assert weighed.even == pytest.approx(weighed.efficacy.estimate / weighed.toxicity.estimate)
    survival = survival_trial(0)
    with pytest.raises(DataError, match="cannot be weighed"):
        utility_of(measure_of(survival), survival.treated, np.ones(120, dtype=np.bool_), everybody[:, :120])


def test_costs_are_of_screened_and_randomised() -> None:
    trial = response_trial(0)
    marker = np.random.default_rng(0).normal(size=200)
    rows = threshold_table(
        trial, measure_of(trial), marker_cuts(trial, marker, [0.0]), costs=Costs(10.0, 1000.0)
    )
    for row in rows:
        if row.patients_needed is None or row.screened is None or row.cost is None:
            assert row.inside.estimate <= 0
            continue
        assert row.screened[0.8] == pytest.approx(row.patients_needed[0.8] / row.prevalence)
        assert row.cost[0.8] == pytest.approx(10 * row.screened[0.8] + 1000 * row.patients_needed[0.8])


def test_harm_has_no_sample_size() -> None:
    trial = survival_trial(0)
    harmed = Trial(~trial.treated, trial.outcome)
    row = threshold_table(harmed, measure_of(harmed), marker_cuts(harmed, np.arange(120.0), [59.0]))[0]
    assert row.inside.estimate > 1
    assert row.events_needed is None
    assert row.screened is None


def test_a_readable_rule_says_the_threshold_it_approximates() -> None:
    trial = response_trial(0)
    rng = np.random.default_rng(0)
    covariates = pd.DataFrame({"age": rng.normal(60, 10, 200), "noise": rng.normal(size=200)})
    rule = surrogate_tree(measure_of(trial), covariates, (covariates["age"] > 65).to_numpy(), depth=1)
    assert len(rule.sentences) == 1
    assert rule.sentences[0].startswith("age above 6")
    assert rule.agreement > 0.95
    assert rule.effect_of_tree is not None
    with pytest.raises(DataError, match="have gaps"):
        surrogate_tree(
            measure_of(trial), covariates.mask(covariates > 70), (covariates["age"] > 65).to_numpy()
        )
    with pytest.raises(DataError, match="ask for 1 to 3"):
        surrogate_tree(measure_of(trial), covariates, (covariates["age"] > 65).to_numpy(), depth=9)


def test_a_locked_rule_comes_back_as_it_was_saved(tmp_path: Path) -> None:
    rule = Subgroup("benefit", 0.1, model="abc", prevalence=0.3, effects={"apparent": {"estimate": 0.5}})
    rule.save(tmp_path / "subgroup.json")
    assert Subgroup.load(tmp_path / "subgroup.json") == rule
    content = json.loads((tmp_path / "subgroup.json").read_text())
    assert content["schema_version"] == 1
    assert content["status"].startswith("exploratory")
    content["colour"] = "red"
    (tmp_path / "subgroup.json").write_text(json.dumps(content))
    with pytest.raises(InputError, match="not a subgroup"):
        Subgroup.load(tmp_path / "subgroup.json")
    with pytest.raises(ConfigError, match="direction is 'over'"):
        Subgroup("benefit", 0.1, direction="over")
    with pytest.raises(DataError, match="no finite number"):
        Subgroup("benefit", float("nan"))


def test_who_is_eligible_who_abstains_and_how_much_the_ensemble_agrees() -> None:
    score, sd = np.array([1.0, 3.0, np.nan, 3.0]), np.array([1.0, 1.0, 1.0, 0.0])
    observed = np.array([True, False, True, True])
    rule = Subgroup("benefit", 2.0)
    table = rule.eligible(score, sd, observed)
    assert table["eligible"].tolist() == [False, False, False, True]
    assert table["abstain"].tolist() == [False, True, True, False]
    assert table["agreement"].tolist() == pytest.approx([0.8413447, np.nan, np.nan, 1.0], nan_ok=True)
    lenient = Subgroup("benefit", 2.0, missing="score").eligible(score, sd, observed)
    assert lenient["eligible"].tolist() == [False, True, False, True]
    below = Subgroup("risk", 2.0, direction="below").eligible(score)
    assert below["eligible"].tolist() == [True, False, False, False]
    rates = selection_rates(table, np.array(["a", "a", "b", "b"]))
    assert rates["n"].tolist() == [2, 2]
    assert rates["eligible"].tolist() == [0.0, 0.5]
    assert rates["abstain"].tolist() == [0.5, 0.5]


def test_prognostic_enrichment_saves_patients_and_screens_more() -> None:
    trial = survival_trial(0, n=400)
    rng = np.random.default_rng(0)
    risk = (-np.log(trial.survival.time) + rng.normal(size=400))[None]
    rows = prognostic_table(trial.outcome, risk, np.zeros((1, 400), dtype=np.int64), 1.0)
    rates = [row.rate for row in rows]
    assert rates == sorted(rates)
    assert rows[0].patients is not None
    assert rows[-1].patients is not None
    assert rows[-1].screened is not None
    assert rows[-1].patients < rows[0].patients < rows[-1].screened
    with pytest.raises(DataError, match="needs the time"):
        prognostic_table(trial.outcome, risk, np.zeros((1, 400), dtype=np.int64))


def test_the_p_of_a_whole_pipeline_finds_an_interaction_and_no_main_effect() -> None:
    rng, n = np.random.default_rng(0), 300
    x, treated = rng.normal(size=(n, 5)), rng.permutation(n) % 2 == 0
    found = {}
    for name, logit in (("interaction", 2.5 * treated * x[:, 0]), ("main", 1.5 * treated + x[:, 0])):
        positive = rng.random(n) < 1 / (1 + np.exp(-logit))
        outcome = Response(positive, np.ones(n, dtype=np.bool_))
        found[name] = ridge_permutation_p(Trial(treated, outcome, np.full(n, 0.5)), x, 0.4, draws=49)
    assert found["interaction"] == 0.02
    assert found["main"] > 0.1
