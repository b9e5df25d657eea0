"""Events, sizes, assays, boundaries and calendars: reference values, simulations, properties and errors."""

from __future__ import annotations

import json
import math
from collections.abc import Callable

import numpy as np
import places
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.stats import multivariate_normal, norm

from omics.common.errors import DesignError
from stratomics.enrichment.design.assay import Assay
from stratomics.enrichment.design.calendar import Calendar, Group
from stratomics.enrichment.design.events import (
    detectable_hazard_ratio,
    freedman_events,
    interaction_events,
    power_of_events,
    schoenfeld_events,
)
from stratomics.enrichment.design.group_sequential import (
    GroupSequential,
    alpha_spending,
    fixed_design,
    obrien_fleming,
    pocock,
    with_futility,
)
from stratomics.enrichment.design.spending import (
    hwang_shih_decani,
    lan_demets_obrien_fleming,
    lan_demets_pocock,
)
from stratomics.enrichment.design.step_rate import StepRate
from stratomics.enrichment.design.two_samples import proportions_power, proportions_size, rmst_size

GOLDEN = json.loads((places.GOLDEN / "trial_design.json").read_text())
SEQUENTIAL = GOLDEN["group_sequential"]
RATIO = st.floats(0.3, 0.95)
POWER = st.floats(0.5, 0.95)


@pytest.mark.parametrize(
    ("formula", "name"), [(schoenfeld_events, "schoenfeld"), (freedman_events, "freedman")]
)
def test_events_equal_the_golden_ones(formula: Callable[..., float], name: str) -> None:
    for ratio, expected in GOLDEN["events"][name].items():
        for power, events in zip(GOLDEN["events"]["power"], expected, strict=True):
            assert formula(float(ratio), power) == pytest.approx(
                events, abs=0.0051 if events < 200 else 0.006
            )


def test_events_to_three_digits_and_their_power() -> None:
    assert schoenfeld_events(0.7, 0.8) == pytest.approx(246.787, abs=5e-4)
    assert schoenfeld_events(0.7, 0.9) == pytest.approx(330.378, abs=5e-4)
    assert freedman_events(0.7, 0.8) == pytest.approx(252.036, abs=5e-4)
    assert freedman_events(0.7, 0.9) == pytest.approx(337.405, abs=5e-4)
    assert power_of_events(247, 0.7) == pytest.approx(GOLDEN["events"]["power_of_247_at_0.7"], abs=5e-6)


def test_events_of_big_1_98_and_their_power_after_correction_for_optimism() -> None:
    big = GOLDEN["events"]["big_1_98"]
    for ratio, events in big["events_80"].items():
        # The hazard ratios are given to three digits, which is up to one event.
        assert schoenfeld_events(float(ratio)) == pytest.approx(events, abs=0.8)
    assert power_of_events(52, 0.512) == pytest.approx(big["power_of_52_at_0.512"], abs=0.0051)


def test_two_proportions_equal_the_golden_ones() -> None:
    for treated, control, low, high in GOLDEN["two_proportions"]:
        assert proportions_size(treated, control, 0.8) == pytest.approx(low, abs=5e-4)
        assert proportions_size(treated, control, 0.9) == pytest.approx(high, abs=5e-4)


def test_two_proportions_have_their_power_in_200_000_simulated_trials() -> None:
    """Standard error 0.0009; the error of the normal approximation is below 0.01 with 124 patients per arm."""
    rng = np.random.default_rng(0)
    n = 124
    treated, control = rng.binomial(n, 0.5, 200_000) / n, rng.binomial(n, 0.3, 200_000) / n
    pooled = (treated + control) / 2
    rejected = (treated - control) / np.sqrt(pooled * (1 - pooled) * 2 / n) >= norm.isf(0.025)
    assert rejected.mean() == pytest.approx(proportions_power(2 * n, 0.5, 0.3), abs=0.01)


def test_rmst_size_of_the_colon_trial() -> None:
    rmst = GOLDEN["rmst"]
    total = rmst_size(
        rmst["difference"],
        rmst["se_treated"] * math.sqrt(rmst["n_treated"]),
        rmst["se_control"] * math.sqrt(rmst["n_control"]),
    )
    assert math.ceil(total / 2) == rmst["per_arm"]


def test_enrichment_with_an_assay_equals_the_golden_ratios() -> None:
    for prevalence, accuracy, outside, size, screening in GOLDEN["assay"]["rows"]:
        saved = Assay(prevalence, accuracy, accuracy).enrichment(outside)
        assert saved.size_ratio == pytest.approx(size, abs=0.0051)
        if screening is not None:
            assert saved.screening_ratio == pytest.approx(screening, abs=0.0051)


def test_shares_of_an_assay_equal_simulated_ones() -> None:
    assay, n = Assay(0.3, 0.85, 0.7), 1_000_000
    rng = np.random.default_rng(1)
    belongs = rng.random(n) < 0.3
    positive = rng.random(n) < np.where(belongs, 0.85, 0.3)
    assert positive.mean() == pytest.approx(assay.positive, abs=0.002)
    assert belongs[positive].mean() == pytest.approx(assay.positive_predictive_value, abs=0.003)
    assert belongs[~positive].mean() == pytest.approx(assay.false_omission_rate, abs=0.003)


@given(RATIO, POWER, st.floats(0.2, 0.8))
def test_events_and_power_are_inverse_functions(ratio: float, power: float, allocation: float) -> None:
    events = schoenfeld_events(ratio, power, allocation=allocation)
    assert power_of_events(events, ratio, allocation=allocation) == pytest.approx(power, abs=1e-9)
    assert detectable_hazard_ratio(events, power, allocation=allocation) == pytest.approx(ratio, rel=1e-9)
    assert schoenfeld_events(1.0 / ratio, power, allocation=allocation) == pytest.approx(events, rel=1e-9)


@given(RATIO, POWER, st.floats(0.001, 0.02), st.floats(0.005, 0.04))
def test_smaller_effects_and_more_power_need_more_events(
    ratio: float, power: float, more: float, step: float
) -> None:
    for formula in (schoenfeld_events, freedman_events):
        assert formula(ratio, power + step) > formula(ratio, power)
        assert formula(ratio, power, alpha=0.02) > formula(ratio, power, alpha=0.02 + more)
        assert formula(ratio + step, power) > formula(ratio, power)
    assert schoenfeld_events(ratio, power, allocation=0.5 + step) > schoenfeld_events(ratio, power)
    assert interaction_events(ratio, 0.5, power) == pytest.approx(
        4 * schoenfeld_events(ratio, power), rel=1e-12
    )
    assert interaction_events(ratio, 0.5 - step, power) > interaction_events(ratio, 0.5, power)


@given(st.floats(0.05, 0.95), st.floats(0.0, 0.9), st.floats(0.55, 1.0), st.floats(0.55, 1.0))
def test_a_better_assay_saves_more(
    prevalence: float, outside: float, sensitivity: float, specificity: float
) -> None:
    saved = Assay(prevalence, sensitivity, specificity).enrichment(outside)
    assert 1.0 <= saved.size_ratio <= Assay(prevalence).enrichment(outside).size_ratio * (1 + 1e-12)
    assert (
        saved.screening_ratio < saved.size_ratio
        or Assay(prevalence, sensitivity, specificity).positive == 1.0
    )


# Group sequential


@pytest.mark.parametrize("looks", [2, 3, 4, 5])
def test_boundaries_equal_those_of_rpact(looks: int) -> None:
    of, lan = SEQUENTIAL["obrien_fleming"][str(looks)], SEQUENTIAL["lan_demets_obrien_fleming"][str(looks)]
    # rpact computes boundaries to 1e-5.
    np.testing.assert_allclose(obrien_fleming(looks).efficacy, of, atol=1.2e-5)
    np.testing.assert_allclose(pocock(looks).efficacy, SEQUENTIAL["pocock"][str(looks)], atol=1.2e-5)
    np.testing.assert_allclose(alpha_spending(lan_demets_obrien_fleming, looks).efficacy, lan, atol=1.2e-5)


def test_a_survival_trial_with_three_looks_equals_that_of_rpact() -> None:
    example = SEQUENTIAL["survival_example"]
    design = alpha_spending(lan_demets_obrien_fleming, (0.5, 0.75, 1.0))
    most = design.maximum_events(0.7, power=0.9)
    np.testing.assert_allclose(design.efficacy, example["efficacy"], atol=1e-5)
    assert most == pytest.approx(example["maximum_events"], abs=1e-3)
    assert design.expected_events(most, 0.7) == pytest.approx(example["expected_events"], abs=1e-3)
    np.testing.assert_allclose(design.hazard_ratios(most), example["hazard_ratios"], atol=1e-5)
    np.testing.assert_allclose(design.crossing(design.drift(0.9)).efficacy, example["rejection"], atol=5.1e-5)


def test_inflation_and_repeated_testing() -> None:
    inflation = SEQUENTIAL["inflation_90_4_looks"]
    assert obrien_fleming(4).inflation(0.9) == pytest.approx(inflation["obrien_fleming"], abs=2e-6)
    assert pocock(4).inflation(0.9) == pytest.approx(inflation["pocock"], abs=2e-6)
    for looks, expected in SEQUENTIAL["repeated_at_1.96"].items():
        k = int(looks)
        naive = GroupSequential(
            tuple((look + 1) / k for look in range(k)), (float(norm.isf(0.025)),) * k, (-math.inf,) * k, 0.025
        )
        assert naive.crossing(0.0).power == pytest.approx(expected, abs=5.1e-4)


def test_futility_equals_the_default_design_of_gsdesign() -> None:
    golden = SEQUENTIAL["gsdesign_default"]
    design = with_futility(alpha_spending(hwang_shih_decani(-4), 3), hwang_shih_decani(-2), power=0.9)
    np.testing.assert_allclose(design.efficacy, golden["efficacy"], atol=0.0051)
    np.testing.assert_allclose(design.futility, golden["futility"], atol=0.0051)
    drift = design.drift(0.9)
    inflation = design.inflation(0.9)
    np.testing.assert_allclose(np.array(design.information) * inflation, golden["size_ratio"], atol=5.1e-4)
    for truth, mean in (("null", 0.0), ("alternative", drift)):
        found = design.crossing(mean)
        np.testing.assert_allclose(found.efficacy, golden[truth]["efficacy"], atol=5.1e-5)
        np.testing.assert_allclose(found.futility, golden[truth]["futility"], atol=5.1e-5)
        expected = design.expected_information(mean) * inflation
        assert expected == pytest.approx(golden[truth]["expected"], abs=5.1e-5)


def test_crossing_equals_the_multivariate_normal() -> None:
    """Four unequal looks; scipy integrates the joint density over trials that continue."""
    design = with_futility(
        alpha_spending(lan_demets_pocock, (0.2, 0.5, 0.8, 1.0)), hwang_shih_decani(-2), power=0.85
    )
    times, drift = np.array(design.information), 1.7
    found = design.crossing(drift)
    covariance = np.sqrt(np.minimum.outer(times, times) / np.maximum.outer(times, times))
    for look in range(1, 4):
        t, mean, cov = (
            times[: look + 1],
            drift * np.sqrt(times[: look + 1]),
            covariance[: look + 1, : look + 1],
        )
        low, high = np.array(design.futility[: look + 1]), np.array(design.efficacy[: look + 1])
        low[-1], high[-1] = high[-1], 12.0
        box = multivariate_normal(mean, cov, abseps=1e-7, releps=1e-7, maxpts=2_000_000, seed=1)
        assert len(t) == look + 1
        assert found.efficacy[look] == pytest.approx(box.cdf(high, lower_limit=low), abs=2e-6)


SHAPES = st.sampled_from(
    [lan_demets_obrien_fleming, lan_demets_pocock, hwang_shih_decani(-4), hwang_shih_decani(1)]
)


@given(SHAPES, st.lists(st.floats(0.05, 0.95), min_size=1, max_size=4), st.floats(0.005, 0.1))
@settings(max_examples=15, deadline=None)
def test_spending_spends_exactly_alpha(
    spending: Callable[..., np.ndarray], interim: list[float], alpha: float
) -> None:
    looks = [*sorted({round(time, 2) for time in interim}), 1.0]
    design = alpha_spending(spending, looks, alpha)
    spent = np.cumsum(design.crossing(0.0).efficacy)
    np.testing.assert_allclose(spent, spending(np.array(looks), alpha), atol=1e-7)
    assert design.inflation(0.8) >= 1.0 - 1e-9
    drifts = [design.crossing(drift).power for drift in (0.0, 1.0, 2.0, 3.0)]
    assert np.all(np.diff(drifts) > 0)


@given(POWER, st.integers(2, 5))
@settings(max_examples=6, deadline=None)
def test_futility_keeps_the_level_and_the_power(power: float, looks: int) -> None:
    plain = obrien_fleming(looks)
    design = with_futility(plain, hwang_shih_decani(-2), power)
    assert design.efficacy == plain.efficacy
    assert design.crossing(0.0).power < plain.crossing(0.0).power <= 0.025 + 1e-8
    drift = design.drift(power)
    lost = design.crossing(drift)
    assert lost.power + lost.futility.sum() == pytest.approx(1.0, abs=1e-8)
    np.testing.assert_allclose(
        np.cumsum(lost.futility), hwang_shih_decani(-2)(np.array(design.information), 1 - power), atol=1e-6
    )
    assert design.expected_information(0.0) < plain.expected_information(0.0)


def test_one_look_is_the_fixed_trial() -> None:
    for design in (fixed_design(), obrien_fleming(1), alpha_spending(lan_demets_pocock, 1)):
        assert design.efficacy[0] == pytest.approx(norm.isf(0.025), abs=1e-8)
        assert design.maximum_events(0.7) == pytest.approx(schoenfeld_events(0.7), rel=1e-7)


def test_conditional_power_averages_to_the_power_left() -> None:
    """Average over z of the first look, which is normal with mean drift sqrt(t)."""
    design, drift = obrien_fleming((0.4, 1.0)), 2.5
    node, weight = np.polynomial.hermite_e.hermegauss(60)
    z = node + drift * math.sqrt(0.4)
    mean = weight @ [design.conditional_power(1, value, drift) for value in z] / weight.sum()
    assert mean == pytest.approx(norm.sf(design.efficacy[1] - drift), abs=1e-9)


# Calendar


def example_calendar(dropout: float = 0.01, accrual: StepRate | None = None) -> Calendar:
    arms = (Group(0.5, StepRate((0.0, 4.0, 9.0), (0.05, 0.0, 0.03))), Group(0.5, StepRate.of_median(18.0)))
    return Calendar(arms, accrual or StepRate((0.0, 6.0, 10.0), (5.0, 0.0, 20.0)), dropout)


def test_expected_events_equal_those_of_simulated_patients() -> None:
    """Two million patients: three standard errors are 0.3 events at most."""
    calendar, n = example_calendar(), 2_000_000
    rng = np.random.default_rng(2)
    entry = calendar.accrual.inverse(rng.random(n) * 300)
    exposure, arm = rng.exponential(size=n), rng.random(n) < 0.5
    time = np.where(
        arm, calendar.groups[0].hazard.inverse(exposure), calendar.groups[1].hazard.inverse(exposure)
    )
    seen = time < rng.exponential(1 / 0.01, n)
    for at in (3.0, 12.0, 24.0, 60.0, 500.0):
        share = (seen & (entry + time < at)).mean()
        assert calendar.events(300, at) == pytest.approx(
            300 * share, abs=3 * 300 * math.sqrt(share / n) + 1e-9
        )


@given(st.floats(50, 400), st.floats(0.0, 0.05), st.floats(0.1, 0.7))
@settings(max_examples=30, deadline=None)
def test_duration_is_the_inverse_of_events(patients: float, dropout: float, share: float) -> None:
    calendar = example_calendar(dropout, StepRate((0.0, 6.0), (5.0, 20.0)))
    events = share * calendar.events(patients, 1e5)
    at = calendar.duration(patients, events)
    assert calendar.events(patients, at) == pytest.approx(events, rel=1e-7)
    assert calendar.duration(patients, events * 1.05) > at
    needed = calendar.patients(events, follow_up=6.0)
    assert calendar.events(needed, calendar.accrual_time(needed) + 6.0) == pytest.approx(events, rel=1e-6)
    assert calendar.patients(events, follow_up=12.0) <= needed + 1e-6


@given(st.lists(st.floats(0.001, 2.0), min_size=1, max_size=5), st.floats(0.0, 5.0))
def test_the_inverse_of_a_step_rate(rates: list[float], total: float) -> None:
    rate = StepRate(tuple(float(k) for k in range(len(rates))), tuple(rates))
    assert float(rate.cumulative(rate.inverse(total))) == pytest.approx(total, abs=1e-9)


def test_the_hazard_of_a_survival_curve_reproduces_the_curve() -> None:
    time, survival = np.array([1.0, 3.0, 7.0]), np.array([0.9, 0.9, 0.4])
    np.testing.assert_allclose(
        np.exp(-StepRate.of_survival(time, survival).cumulative(time)), survival, rtol=1e-12
    )


# Errors


@pytest.mark.parametrize(
    ("call", "sentence"),
    [
        (
            lambda: schoenfeld_events(1.0),
            "the hazard ratio is 1: no number of events gives power for a zero effect",
        ),
        (lambda: schoenfeld_events(-0.5), "the hazard ratio is -0.5; it must be a number above 0"),
        (lambda: schoenfeld_events(math.nan), "the hazard ratio is nan; it must be a number above 0"),
        (lambda: schoenfeld_events(0.7, power=1.0), "power is 1; it must be above 0 and below 1"),
        (lambda: schoenfeld_events(0.7, power=0.02), "power 0.02 is not above alpha 0.025"),
        (
            lambda: schoenfeld_events(0.7, allocation=1.0),
            "the allocation is 1; it must be above 0 and below 1",
        ),
        (lambda: power_of_events(0, 0.7), "the number of events is 0; it must be a number above 0"),
        (lambda: interaction_events(1.0, 0.5), "no number of events shows a zero interaction"),
        (lambda: interaction_events(0.7, 1.0), "the prevalence is 1; it must be above 0 and below 1"),
        (lambda: proportions_size(0.3, 0.3), "both arms have the same response rate"),
        (lambda: proportions_size(0.0, 0.3), "share of responders among the treated is 0"),
        (lambda: rmst_size(0.0, 1.0, 1.0), "the difference of restricted means is 0"),
        (lambda: rmst_size(1.0, 0.0, 1.0), "the standard deviation of the treated is 0"),
        (lambda: Assay(0.0), "the prevalence is 0; it must be above 0 and below 1"),
        (lambda: Assay(1.2), "the prevalence is 1.2"),
        (lambda: Assay(0.3, sensitivity=1.1), "sensitivity is 1.1; it must lie above 0 and be at most 1"),
        (lambda: Assay(0.3, 0.4, 0.6), "add up to 1 or less: a positive test carries no information"),
        (lambda: Assay(0.5).enrichment(-1.0), "cancel to zero"),
        (lambda: obrien_fleming(0), "0 looks are asked for; there must be at least one"),
        (lambda: pocock((0.5, 0.5, 1.0)), "go from 0.5 to 0.5; they must increase strictly"),
        (
            lambda: alpha_spending(lan_demets_pocock, (0.5, 0.9)),
            "the looks go from 0.5 to 0.9; they must end at 1",
        ),
        (lambda: alpha_spending(lan_demets_pocock, (0.0, 1.0)), "none may be at 0"),
        (lambda: obrien_fleming(2, alpha=0.0), "alpha .one-sided. is 0"),
        (lambda: hwang_shih_decani(math.inf), "gamma is inf"),
        (lambda: GroupSequential((0.5, 1.0), (2.0, 2.0), (2.5, 2.0), 0.025), "the boundaries overlap"),
        (
            lambda: GroupSequential((0.5, 1.0), (2.0,), (0.0, 2.0), 0.025),
            "there must be one of each per look",
        ),
        (lambda: fixed_design().conditional_power(1, 0.0, 1.0), "look 1 is not an interim look"),
        (lambda: StepRate((0.0, 0.0), (1.0, 1.0)), "go from 0 to 0; they must increase"),
        (lambda: StepRate((1.0,), (1.0,)), "the first rate starts at 1"),
        (lambda: StepRate((0.0,), (0.0,)), "an arm would end without events"),
        (lambda: StepRate((0.0, 1.0), (-1.0, 1.0)), "each must be a number of at least 0"),
        (lambda: StepRate((0.0, 1.0), (1.0,)), "2 starts and 1 rates"),
        (lambda: StepRate.of_survival([1.0, 2.0], [1.0, 1.0]), "a curve without events"),
        (lambda: StepRate.of_survival([1.0, 2.0], [0.5, 0.6]), "it must decrease"),
        (lambda: StepRate.of_survival([1.0], []), "there must be one value per time"),
        (
            lambda: Calendar((Group(0.5, StepRate.constant(1.0)),), StepRate.constant(1.0)),
            "hold 0.5 of the randomised patients",
        ),
        (lambda: example_calendar(-1.0), "the hazard of dropout is -1"),
        (lambda: example_calendar(0.05).duration(100, 90.0), "90 events never occur: 100 patients have"),
        (lambda: example_calendar().patients(100, -1.0), "the follow-up after the last patient is -1"),
    ],
)
def test_wrong_arguments_are_refused(call: Callable[[], object], sentence: str) -> None:
    with pytest.raises(DesignError, match=sentence):
        call()
