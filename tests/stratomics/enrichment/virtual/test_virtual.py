"""Virtual trials against formulas, the log-rank test of lifelines, and computations by hand."""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import replace

import numpy as np
import pandas as pd
import pytest
from claims import at_most, repetitions, z_of
from hypothesis import given, settings
from hypothesis import strategies as st
from lifelines.statistics import logrank_test

from omics.common.errors import ConfigError, DesignError
from stratomics.enrichment.design.adaptive_enrichment import AdaptiveEnrichment
from stratomics.enrichment.design.assay import Assay
from stratomics.enrichment.design.events import power_of_events
from stratomics.enrichment.design.group_sequential import (
    alpha_spending,
    fixed_design,
    obrien_fleming,
    with_futility,
)
from stratomics.enrichment.design.setting import AssumedEffect, Economics, Setting
from stratomics.enrichment.design.spending import hwang_shih_decani, lan_demets_obrien_fleming
from stratomics.enrichment.design.step_rate import StepRate
from stratomics.enrichment.virtual.adaptive import AdaptiveTrial
from stratomics.enrichment.virtual.baseline_hazard import baseline_hazard
from stratomics.enrichment.virtual.effect_scenarios import (
    SCENARIOS,
    DrawnPrior,
    LogHazardRatio,
    NormalPrior,
    TrialScenario,
)
from stratomics.enrichment.virtual.log_rank import LogRankScore, log_rank, time_of_event
from stratomics.enrichment.virtual.outcomes import Outcomes, TrialPlan, utility
from stratomics.enrichment.virtual.patients import Patients, draw_patients, enrol_all_comers, enrol_positives
from stratomics.enrichment.virtual.single import AllComers, EnrichmentTrial
from stratomics.enrichment.virtual.stratified import StratifiedTrial
from stratomics.enrichment.virtual.trials import virtual_trials

PLAIN = Setting(Assay(0.4), StepRate.of_median(12.0), StepRate.of_median(12.0), StepRate.constant(20.0))
HARD = Setting(
    Assay(0.4, 0.85, 0.9),
    StepRate((0.0, 3.0, 10.0), (0.02, 0.08, 0.05)),
    StepRate.of_median(20.0),
    StepRate((0.0, 4.0), (10.0, 30.0)),
    dropout=0.01,
    allocation=0.6,
)


def scenario(inside: float, outside: float, trials: int, delay: float = 0.0) -> TrialScenario:
    return TrialScenario(np.log([[inside], [outside]]) * np.ones((2, trials)), delay)


def conduct(
    plan: TrialPlan, setting: Setting, inside: float, outside: float, trials: int, seed: int = 0
) -> Outcomes:
    size = 1_000
    return Outcomes.joined(
        [
            plan.conduct(
                draw_patients(seed, k, size, plan.patients, setting), setting, scenario(inside, outside, size)
            )
            for k in range(trials // size)
        ]
    )


# Patients


@pytest.mark.parametrize("delay", [0.0, 5.0])
def test_patients_have_the_requested_survival(delay: float) -> None:
    """One million patients; the distance of two distribution functions exceeds 1.95 / sqrt(n) with probability .001."""
    setting = replace(HARD, assay=Assay(0.4), dropout=0.0)
    patients = enrol_all_comers(
        draw_patients(3, 0, 1_000, 1_000, setting), setting, scenario(0.5, 1.4, 1_000, delay)
    )
    treated = np.broadcast_to(patients.treated, patients.time.shape)
    for hazard, ratio, belongs in (
        (setting.inside, 0.5, patients.positive),
        (setting.outside, 1.4, ~patients.positive),
    ):
        for arm, factor in ((True, ratio), (False, 1.0)):
            time = np.sort(patients.time[belongs & (treated == arm)])
            before = hazard.cumulative(np.minimum(time, delay))
            expected = -np.expm1(-(before + factor * (hazard.cumulative(time) - before)))
            found = np.arange(1, len(time) + 1) / len(time)
            assert np.abs(found - expected).max() < 1.95 / math.sqrt(len(time))


def test_shares_of_arms_tests_and_dropouts() -> None:
    draws = draw_patients(1, 0, 500, 1_000, HARD)
    all_comers, some = (
        enrol_all_comers(draws, HARD, scenario(1, 1, 500)),
        enrol_positives(draws, HARD, scenario(1, 1, 500)),
    )
    assert all_comers.positive.mean() == pytest.approx(HARD.assay.positive, abs=0.003)
    assert some.positive.all()
    assert all_comers.treated.sum() == some.treated.sum() == 600
    # Dropout competes with the event at constant rates outside the subgroup.
    rate = HARD.outside.rates[0]
    outside = enrol_all_comers(draws, replace(HARD, inside=HARD.outside), scenario(1, 1, 500))
    assert outside.seen.mean() == pytest.approx(rate / (rate + 0.01), abs=0.003)
    # The last of 1,000 patients comes with candidate 1,000, or with the candidate who is the 1,000th positive.
    assert all_comers.entry.max() == pytest.approx(HARD.candidates.inverse(1_000.0), rel=0.01)
    assert some.entry.max() == pytest.approx(HARD.candidates.inverse(1_000 / HARD.assay.positive), rel=0.01)


def curves(seed: int) -> pd.DataFrame:
    rng = np.random.default_rng(seed)
    parts = []
    for patient in ("a", "b", "c"):
        for repeat in range(2 if patient == "a" else 1):
            time = np.sort(rng.uniform(0.0, 40.0, 30)).round(2)
            curve = np.exp(-np.cumsum(rng.uniform(0.0, 0.05, 30)))
            parts.append(
                pd.DataFrame({"sample_id": patient, "repeat": repeat, "time": time, "survival": curve})
            )
    return pd.concat(parts, ignore_index=True)


def test_the_baseline_hazard_is_that_of_the_mean_curve() -> None:
    table = curves(0)
    hazard = baseline_hazard(table, ["a", "b"])
    end = table[table.sample_id != "c"].groupby(["sample_id", "repeat"]).time.max().min()
    for at in np.array(hazard.starts[1:]):
        by_hand = []
        for _, patient in table[table.sample_id != "c"].groupby("sample_id"):
            values = [
                repeat[repeat.time <= at].survival.min() if (repeat.time <= at).any() else 1.0
                for _, repeat in patient.groupby("repeat")
            ]
            by_hand.append(np.mean(values))
        assert np.exp(-hazard.cumulative(at)) == pytest.approx(np.mean(by_hand), rel=1e-9)
    assert hazard.starts[-1] == pytest.approx(end)


# Log-rank


@given(st.integers(0, 10_000))
@settings(max_examples=8, deadline=None)
def test_log_rank_equals_that_of_lifelines(seed: int) -> None:
    patients = enrol_all_comers(draw_patients(seed, 0, 3, 60, HARD), HARD, scenario(0.6, 1.0, 3))
    at = np.array([4.0, 12.0, 200.0])
    for among in (None, patients.positive, ~patients.positive):
        found = log_rank(patients, among, at)
        for trial in range(3):
            there = patients.entry[trial] < at[trial]
            if among is not None:
                there &= among[trial]
            followed = at[trial] - patients.entry[trial]
            time = np.minimum(patients.time[trial], followed)
            event = patients.seen[trial] & (patients.time[trial] <= followed)
            a, b = there & patients.treated, there & ~patients.treated
            if not (event & there).any() or not a.any() or not b.any():
                continue
            theirs = logrank_test(time[a], time[b], event[a], event[b]).test_statistic
            mine = found.score[trial] ** 2 / max(found.variance[trial], 1e-300)
            assert mine == pytest.approx(theirs, rel=1e-9, abs=1e-12)


def test_a_score_is_expected_minus_observed_by_hand() -> None:
    """Four patients from time 0: events of a treated, a control and a treated patient, then a censored control."""
    patients = Patients(
        candidate=np.zeros((1, 4)),
        entry=np.zeros((1, 4)),
        time=np.array([[1.0, 2.0, 3.0, 4.0]]),
        seen=np.array([[True, True, True, False]]),
        positive=np.ones((1, 4), dtype=bool),
        treated=np.array([True, False, True, False]),
    )
    found = log_rank(patients, None, np.array([10.0]))
    assert found.score[0] == pytest.approx((1 / 2 - 1) + 1 / 3 + (1 / 2 - 1))
    assert found.variance[0] == pytest.approx(1 / 4 + 2 / 9 + 1 / 4)
    early = log_rank(patients, None, np.array([1.5]))
    assert early.score[0] == pytest.approx(-1 / 2)
    assert log_rank(patients, None, np.array([0.5])).z[0] == -np.inf


def test_an_arm_without_patients_or_events_rejects_nothing() -> None:
    nothing = LogRankScore(np.zeros(1), np.zeros(1))
    assert nothing.z[0] == -np.inf
    assert nothing.log_ratio[0] == 0.0


@given(st.integers(0, 1_000), st.integers(1, 12))
def test_the_time_of_an_event_equals_sorting(seed: int, number: int) -> None:
    rng = np.random.default_rng(seed)
    event_calendar_time = np.where(rng.random((4, 10)) < 0.3, np.inf, rng.random((4, 10)))
    expected = np.sort(event_calendar_time, axis=1)[:, number - 1] if number <= 10 else np.full(4, np.inf)
    np.testing.assert_array_equal(time_of_event(event_calendar_time, number), expected)


def test_a_look_includes_the_event_that_triggers_it() -> None:
    """Its calendar time minus the entry may differ from the drawn time by rounding."""
    patients = enrol_all_comers(draw_patients(5, 0, 500, 100, HARD), HARD, scenario(1.0, 1.0, 500))
    at = time_of_event(patients.event_calendar_time, 40)
    twin = replace(patients, seen=patients.event_calendar_time <= at[:, None])
    np.testing.assert_array_equal(twin.seen.sum(axis=1), 40)
    for among in (None, patients.positive):
        found, expected = (
            log_rank(patients, among, at),
            log_rank(twin, among, np.nextafter(at, np.inf) + 1e-9),
        )
        np.testing.assert_allclose(found.variance, expected.variance, rtol=1e-9)
        np.testing.assert_allclose(found.score, expected.score, rtol=1e-9, atol=1e-12)


# Plans against formulas


@repetitions(2_000, 20_000, quick=True)
def test_the_power_of_one_test_equals_the_formula(repetitions: int) -> None:
    """20,000 trials, standard error 0.0028; the error of the formula is up to 0.01 at this hazard ratio."""
    allowed = 3 * 0.0028 if repetitions == 20_000 else z_of(3) * 0.0028 * math.sqrt(20_000 / repetitions)
    for ratio, events in ((0.7, 247), (0.8, 247), (1.0, 247)):
        found = conduct(AllComers(400, events), PLAIN, ratio, ratio, repetitions)
        expected = power_of_events(events, ratio)
        assert found.rejected.mean() == pytest.approx(expected, abs=0.01 + allowed)
        assert not found.subgroup.any()
        assert (found.events == events).all()


@repetitions(4_000, 20_000)
def test_three_looks_stop_with_the_computed_probabilities(repetitions: int) -> None:
    """Stopping at each look, for efficacy and futility, without and with the planned effect; error as above."""
    # The standard error of a share is at most 0.5 / sqrt(n); the formula is off by up to 0.01, and by 2% of the events.
    allowed, off = (
        (0.015, 0.02) if repetitions == 20_000 else (0.01 + z_of(14) * 0.5 / math.sqrt(repetitions), 0.03)
    )
    looks = with_futility(
        alpha_spending(lan_demets_obrien_fleming, (0.4, 0.7, 1.0)), hwang_shih_decani(-2), power=0.8
    )
    events = 300
    plan = AllComers(500, events, looks)
    for ratio in (1.0, 0.72):
        found = conduct(plan, PLAIN, ratio, ratio, repetitions)
        drift = -math.log(ratio) * math.sqrt(events / 4)
        expected = looks.crossing(drift)
        for look, share in enumerate(looks.information):
            here = found.events == round(share * events)
            assert (here & found.rejected).mean() == pytest.approx(expected.efficacy[look], abs=allowed)
            assert (here & ~found.rejected).mean() == pytest.approx(expected.futility[look], abs=allowed)
        assert found.events.mean() == pytest.approx(looks.expected_events(events, ratio), rel=off)


def test_duration_equals_that_of_the_calendar() -> None:
    """2,000 trials; the mean duration and the calendar of expected events differ by less than 1%."""
    effect = AssumedEffect(0.6, 0.9)
    calendar = HARD.calendar(HARD.positive, effect)
    found = conduct(EnrichmentTrial(300, 180), HARD, 0.6, 0.9, 2_000)
    assert found.duration.mean() == pytest.approx(calendar.duration(300, 180), rel=0.01)
    assert found.tested.mean() == pytest.approx(300 / HARD.positive.taken, rel=0.02)
    all_comers = HARD.calendar(HARD.all_comers, effect)
    found = conduct(AllComers(300, 180), HARD, 0.6, 0.9, 2_000)
    assert found.duration.mean() == pytest.approx(all_comers.duration(300, 180), rel=0.01)


def test_a_trial_without_enough_events_ends_and_is_marked() -> None:
    losing = replace(PLAIN, dropout=0.1)
    found = conduct(AllComers(100, 95), losing, 1.0, 1.0, 1_000)
    assert found.short.all()
    assert (found.events < 95).all()
    assert np.isfinite(found.duration).all()
    stopped = conduct(AllComers(300, 250), replace(PLAIN, longest=10.0), 1.0, 1.0, 1_000)
    assert (stopped.duration == 10.0).all()
    assert stopped.short.all()
    assert not conduct(AllComers(300, 200), PLAIN, 1.0, 1.0, 1_000).short.any()


RULE = AdaptiveEnrichment(0.4, (100, 250))
EQUAL = replace(HARD, allocation=0.5)


@repetitions(10_000, 40_000)
def test_the_log_rank_test_of_unequal_arms_is_skewed(repetitions: int) -> None:
    """The reason for tests of the level with equal arms: 40,000 trials of 100 events, standard error 0.0008."""
    rejected = [
        conduct(
            AllComers(160, 100), replace(HARD, allocation=share), 1.0, 1.0, repetitions, seed=9
        ).rejected.mean()
        for share in (0.4, 0.5, 0.6)
    ]
    if repetitions < 40_000:
        error = 0.0008 * math.sqrt(40_000 / repetitions)
        assert rejected[0] < 0.025 + z_of(4) * error
        assert rejected[1] == pytest.approx(0.025, abs=z_of(4) * error)
        assert rejected[0] < rejected[2] < 0.031 + z_of(4) * error
        return
    assert rejected[0] < 0.025 + 2 * 0.0008
    assert rejected[1] == pytest.approx(0.025, abs=3 * 0.0008)
    assert 0.025 + 2 * 0.0008 < rejected[2] < 0.031


def level_limit(trials: int, full: int) -> float:
    """Share of rejections that the level allows: two standard errors above it at the full size."""
    if trials == full:
        return 0.025 + 2 * math.sqrt(0.025 * 0.975 / full)
    return at_most(0.025, trials, checks=2) / trials


@repetitions(3_000, 20_000)
@pytest.mark.parametrize("split", [None, 3.0], ids=["increments", "patients"])
@pytest.mark.parametrize("setting", [PLAIN, EQUAL], ids=["plain", "hard"])
def test_adaptive_trials_of_patients_keep_the_level(
    setting: Setting, split: float | None, repetitions: int
) -> None:
    """20,000 trials per null hypothesis: at most 0.025 + 2 standard errors of 0.0011, global and partial null."""
    limit = level_limit(repetitions, 20_000)
    rule = replace(RULE, prevalence=setting.assay.positive)
    plan = AdaptiveTrial(600, rule, split)
    assert conduct(plan, setting, 1.0, 1.0, repetitions).rejected.mean() <= limit
    if setting is PLAIN:
        # With an imperfect assay the nulls of positives and of all comers are mixtures.
        assert conduct(plan, setting, 1.0, 0.7, repetitions, seed=1).subgroup.mean() <= limit


@repetitions(5_000, 40_000)
@pytest.mark.parametrize("setting", [PLAIN, EQUAL], ids=["plain", "hard"])
def test_a_stratified_trial_keeps_the_level(setting: Setting, repetitions: int) -> None:
    limit, plan = level_limit(repetitions, 40_000), StratifiedTrial(400, 250)
    assert conduct(plan, setting, 1.0, 1.0, repetitions).rejected.mean() <= limit
    if setting is PLAIN:
        assert conduct(plan, setting, 1.0, 0.7, repetitions, seed=1).subgroup.mean() <= limit


@repetitions(2_000, 10_000)
def test_adaptive_trials_of_patients_equal_those_of_normal_increments(repetitions: int) -> None:
    """10,000 trials, standard error at most 0.005; the share of events in the subgroup varies, so within 0.025."""
    more = 0.0 if repetitions == 10_000 else z_of(4) * 0.005 * math.sqrt(10_000 / repetitions)
    for inside, outside in ((0.55, 0.95), (0.7, 0.7)):
        found = conduct(AdaptiveTrial(800, RULE), PLAIN, inside, outside, repetitions)
        expected = RULE.simulate(inside, outside, 200_000, seed=1)
        assert found.rejected.mean() == pytest.approx(expected.any_rejected, abs=0.025 + more)
        assert found.subgroup.mean() == pytest.approx(expected.subgroup_rejected, abs=0.035 + more)
        assert found.short.mean() < 0.01


def test_after_dropping_all_comers_only_positives_are_enrolled_and_more_slowly() -> None:
    from stratomics.enrichment.virtual import adaptive

    draws, effect = draw_patients(2, 0, 200, 300, PLAIN), scenario(0.5, 1.0, 200)
    start = enrol_all_comers(draws, PLAIN, effect)
    interim, dropped = np.full(200, 8.0), np.arange(200) % 2 == 0
    continued = adaptive._continue(start, draws, PLAIN, effect, interim, dropped)
    before, after = start.entry <= 8.0, start.entry > 8.0
    for name in ("entry", "time", "positive", "seen"):
        old, new = getattr(start, name), getattr(continued, name)
        np.testing.assert_array_equal(new[before], old[before])
        np.testing.assert_array_equal(new[~dropped], old[~dropped])
    later = after & dropped[:, None]
    assert continued.positive[later].all()
    np.testing.assert_allclose(continued.entry[later] - 8.0, (start.entry[later] - 8.0) / 0.4, rtol=1e-9)


def test_stages_by_patients_do_not_share_a_patient() -> None:
    """The first stage must not depend on patients enrolled after the interim look."""
    from stratomics.enrichment.virtual import adaptive

    patients = enrol_all_comers(draw_patients(2, 0, 100, 300, PLAIN), PLAIN, scenario(0.7, 0.7, 100))
    interim, all_comers = np.full(100, 8.0), np.ones(100, dtype=bool)
    early, late, _ = adaptive._by_patients(patients, PLAIN, interim, all_comers, 60, 4.0)
    changed = replace(patients, time=np.where(patients.entry > 8.0, patients.time * 0.3, patients.time))
    other, later, _ = adaptive._by_patients(changed, PLAIN, interim, all_comers, 60, 4.0)
    np.testing.assert_array_equal(early.subgroup, other.subgroup)
    assert (late.subgroup != later.subgroup).any()


# All plans together


PRIOR = NormalPrior(LogHazardRatio(math.log(0.6), 0.2), LogHazardRatio(math.log(0.9), 0.15))
PLANS: dict[str, TrialPlan] = {
    "all": AllComers(300, 200),
    "looks": AllComers(300, 200, obrien_fleming(3)),
    "enriched": EnrichmentTrial(200, 130),
    "stratified": StratifiedTrial(300, 200),
    "adaptive": AdaptiveTrial(350, AdaptiveEnrichment(0.4, (60, 160))),
    "by patients": AdaptiveTrial(350, AdaptiveEnrichment(0.4, (60, 100)), split=3.0),
}


def test_every_plan_has_a_row_per_scenario_and_the_seed_determines_it() -> None:
    found = virtual_trials(PLANS, HARD, PRIOR, trials=300, seed=4)
    table = found.table
    assert set(zip(table.truth, table.plan, strict=True)) == {(s, p) for s in SCENARIOS for p in PLANS}
    assert not table.isna().any().any()
    assert table.equals(virtual_trials(PLANS, HARD, PRIOR, trials=300, seed=4).table)
    assert not table.equals(virtual_trials(PLANS, HARD, PRIOR, trials=300, seed=5).table)
    # 300 trials have a standard error of at most 0.03. A delayed or halved effect reduces the power.
    rejected = table.pivot(index="plan", columns="truth", values="rejected")
    assert (rejected["null"] < 0.025 + 4 * 0.009).all()
    for weaker in ("halved", "delayed"):
        assert (rejected["null"] <= rejected[weaker] + 0.03).all()
        assert (rejected[weaker] < rejected["estimate"]).all()


def test_a_plan_does_not_depend_on_other_plans() -> None:
    alone = virtual_trials({"enriched": PLANS["enriched"]}, HARD, PRIOR, trials=200, seed=4).table
    beside = virtual_trials(PLANS, HARD, PRIOR, trials=200, seed=4).table
    assert alone.equals(beside[beside.plan == "enriched"].reset_index(drop=True))


def test_utility_and_the_better_plan_by_hand() -> None:
    setting = replace(HARD, economics=Economics(patient=2.0, test=0.5, time=3.0, benefit=500.0))
    found = virtual_trials({k: PLANS[k] for k in ("all", "enriched")}, setting, PRIOR, trials=200, seed=1)
    ended, true = found.outcomes["drawn", "enriched"], found.scenarios["drawn"].log_ratio
    assay = setting.assay
    for i in range(200):
        gain = 0.0
        if ended.subgroup[i]:
            ppv = assay.positive_predictive_value
            gain = -assay.positive * (ppv * true[0, i] + (1 - ppv) * true[1, i])
        spent = 2.0 * ended.randomised[i] + 0.5 * ended.tested[i] + 3.0 * ended.duration[i]
        assert found.utility("drawn", "enriched")[i] == pytest.approx(500.0 * gain - spent)
    ended = found.outcomes["drawn", "all"]
    gain = -0.4 * true[0] - 0.6 * true[1]
    spent = 2.0 * ended.randomised + 3.0 * ended.duration
    np.testing.assert_allclose(
        utility(ended, setting, found.scenarios["drawn"]), 500.0 * gain * ended.all_comers - spent
    )
    share, se = found.better("enriched", "all")
    wins = found.utility("drawn", "enriched") > found.utility("drawn", "all")
    assert share == pytest.approx(wins.mean())
    assert se == pytest.approx(math.sqrt(share * (1 - share) / 200))
    assert share + found.better("all", "enriched")[0] == pytest.approx(1.0)
    assert found.better("all", "all")[0] == 0.5


def test_assurance_is_power_averaged_over_the_prior() -> None:
    """By formula over 2,001 draws of the effect; 2,000 trials, standard error 0.011."""
    prior = NormalPrior(LogHazardRatio(-0.35, 0.2), LogHazardRatio(0.0))
    found = virtual_trials({"e": EnrichmentTrial(400, 250)}, PLAIN, prior, trials=2_000, seed=2)
    z = np.random.default_rng(0).standard_normal(2_001)
    power = [
        power_of_events(250, math.exp(v)) if v < 0 else 1 - power_of_events(250, math.exp(v), alpha=0.975)
        for v in -0.35 + 0.2 * z
    ]
    drawn = found.table.set_index("truth").rejected["drawn"]
    assert drawn == pytest.approx(np.mean(power), abs=0.03)


def test_drawn_effects_come_in_pairs() -> None:
    inside = np.linspace(-1.0, 0.0, 50)
    prior = DrawnPrior(inside, inside / 2)
    drawn = prior.draw(np.random.default_rng(0), 5_000)
    np.testing.assert_allclose(drawn[1], drawn[0] / 2)
    np.testing.assert_allclose(prior.estimate, [-0.5, -0.25])
    assert drawn[0].mean() == pytest.approx(-0.5, abs=0.02)


@given(st.floats(0.3, 1.5), st.floats(0.05, 0.5), st.floats(0.5, 0.99))
def test_an_interval_gives_back_its_standard_error(ratio: float, se: float, level: float) -> None:
    from scipy.stats import norm

    half = norm.isf((1 - level) / 2) * se
    found = LogHazardRatio.of_interval(ratio, ratio * math.exp(-half), ratio * math.exp(half), level)
    assert found.mean == pytest.approx(math.log(ratio))
    assert found.se == pytest.approx(se)


@pytest.mark.parametrize(
    ("call", "error", "sentence"),
    [
        (lambda: AllComers(100, 101), DesignError, "101 events of 100 patients"),
        (
            lambda: EnrichmentTrial(100, 0),
            DesignError,
            "0 events of 100 patients; there must be at least one",
        ),
        (lambda: StratifiedTrial(100, 50, alpha=0.0), DesignError, "alpha .one-sided. is 0"),
        (
            lambda: StratifiedTrial(100, 50, intersection="holm"),
            ConfigError,
            "unknown test of the intersection",
        ),
        (lambda: AdaptiveTrial(200, RULE), DesignError, "250 events of 200 patients"),
        (lambda: AdaptiveTrial(600, RULE, split=-1.0), DesignError, "analysed -1 after the interim look"),
        (lambda: LogHazardRatio(math.nan), DesignError, "a log hazard ratio of nan"),
        (lambda: LogHazardRatio(0.0, -1.0), DesignError, "the second at least 0"),
        (
            lambda: LogHazardRatio.of_interval(0.5, 0.6, 0.9),
            DesignError,
            "does not include its hazard ratio",
        ),
        (lambda: DrawnPrior(np.zeros(0), np.zeros(0)), DesignError, "two equally long rows of finite"),
        (lambda: DrawnPrior(np.zeros(2), np.zeros(3)), DesignError, "two equally long rows of finite"),
        (lambda: DrawnPrior(np.zeros(1), np.array([np.nan])), DesignError, "two equally long rows of finite"),
        (
            lambda: AdaptiveTrial(9, AdaptiveEnrichment(0.4, (0.2, 5.0))),
            DesignError,
            "the stages have 0.2 and 5 events",
        ),
        (lambda: Economics(patient=-1.0), DesignError, "the cost .patient. is -1"),
        (lambda: AssumedEffect(0.0, 1.0), DesignError, "hazard ratio inside the subgroup is 0"),
        (lambda: replace(PLAIN, dropout=-0.1), DesignError, "hazard of dropout is -0.1"),
        (lambda: replace(PLAIN, longest=0.0), DesignError, "the longest duration of a trial is 0"),
        (lambda: baseline_hazard(curves(0), ["a", "z"]), DesignError, "no survival curve of z"),
        (lambda: baseline_hazard(curves(0), []), DesignError, "no survival curve of any patient"),
        (
            lambda: baseline_hazard(curves(0).assign(arm=lambda t: t.sample_id), ["a"]),
            DesignError,
            "of several arms .a, b, c.; pass",
        ),
        (lambda: virtual_trials({}, PLAIN, PRIOR), DesignError, "there are no plans"),
        (lambda: virtual_trials(PLANS, PLAIN, PRIOR, trials=0), DesignError, "0 trials"),
        (
            lambda: virtual_trials(PLANS, PLAIN, PRIOR, trials=9, delay=0.0),
            DesignError,
            "the delay of the effect is 0",
        ),
        (
            lambda: virtual_trials({"a": AllComers(9, 9, fixed_design())}, PLAIN, PRIOR, 9).better("a", "b"),
            ConfigError,
            "unknown plan 'b'",
        ),
    ],
)
def test_wrong_arguments_are_refused(
    call: Callable[[], object], error: type[Exception], sentence: str
) -> None:
    with pytest.raises(error, match=sentence):
        call()
