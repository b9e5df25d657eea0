"""Closed test of a subgroup and all comers: power of rpact, familywise level, and computations by hand."""

from __future__ import annotations

import json
import math
from collections.abc import Callable

import numpy as np
import places
import pytest
from claims import at_most, repetitions
from hypothesis import given
from hypothesis import strategies as st
from scipy.optimize import brentq
from scipy.stats import multivariate_normal, norm

from omics.common.errors import ConfigError, DesignError
from stratomics.enrichment.design.adaptive_enrichment import AdaptiveEnrichment
from stratomics.enrichment.design.combination import (
    INTERSECTIONS,
    Stage,
    bonferroni,
    closed_test,
    closed_test_one_stage,
    intersection_critical,
    simes,
    spiessens_debois,
)

GOLDEN = json.loads((places.GOLDEN / "trial_design.json").read_text())["adaptive_enrichment"]
Z = st.floats(-4.0, 4.0)


def golden_design(intersection: str) -> AdaptiveEnrichment:
    first, last = GOLDEN["events"]
    return AdaptiveEnrichment(GOLDEN["prevalence"], (first, last), GOLDEN["weight"], intersection)


@pytest.mark.parametrize(("intersection", "column"), [("spiessens_debois", 2), ("simes", 3)])
@pytest.mark.parametrize("row", GOLDEN["rows"], ids=lambda row: f"{row[0]}/{row[1]}")
def test_power_equals_that_of_rpact(intersection: str, column: int, row: list[float]) -> None:
    """Within 3 sqrt(2) standard errors of the 20,000 simulations of rpact; this test uses 200,000."""
    found = golden_design(intersection).simulate(row[0], row[1], 200_000, seed=1)
    for power, expected in ((found.any_rejected, row[column]), (found.subgroup_selected, row[4])):
        se = math.sqrt(expected * (1 - expected) / GOLDEN["trials"])
        assert power == pytest.approx(expected, abs=3 * math.sqrt(2) * se)


def partial_null(inside: float, prevalence: float) -> float:
    """Hazard ratio outside at which all comers have no effect, although the subgroup has the hazard ratio `inside`."""

    def gain(outside: float) -> float:
        share = prevalence * (1 + inside)
        rest = (1 - prevalence) * (1 + outside)
        return (share * math.log(inside) + rest * math.log(outside)) / (share + rest)

    return brentq(gain, 1.0, 20.0)


RULES = {
    "better": {},
    "margin": {"margin": 0.15},
    "dropping": {"drop_above": 0.9, "margin": 0.1},
    "early": {"weight": 0.2},
}


@repetitions(20_000, 400_000, quick=True)
@pytest.mark.parametrize("intersection", sorted(INTERSECTIONS))
@pytest.mark.parametrize("rule", sorted(RULES))
def test_the_familywise_level_is_kept_at_every_null(intersection: str, rule: str, repetitions: int) -> None:
    """400,000 trials per null hypothesis: standard error 0.00025. Only rejections of true null hypotheses count."""
    trials, limit = repetitions, 0.025 + 2 * math.sqrt(0.025 * 0.975 / 400_000)
    if trials < 400_000:
        limit = at_most(0.025, trials, checks=14) / trials
    for prevalence in (0.2, 0.6):
        design = AdaptiveEnrichment(prevalence, (80, 240), intersection=intersection, **RULES[rule])
        assert design.simulate(1.0, 1.0, trials, seed=2).any_rejected <= limit
        for better in (0.5, 0.7, 0.85):
            assert design.simulate(1.0, better, trials, seed=3).subgroup_rejected <= limit
            outside = partial_null(better, prevalence)
            assert design.simulate(better, outside, trials, seed=4).all_comers_rejected <= limit


def test_without_the_closed_test_the_level_would_be_lost() -> None:
    """The better of two tests, each at the full level, exceeds the level; the test above would detect this."""
    rng = np.random.default_rng(5)
    subgroup = rng.standard_normal(200_000)
    all_comers = math.sqrt(0.3) * subgroup + math.sqrt(0.7) * rng.standard_normal(200_000)
    assert (np.maximum(subgroup, all_comers) >= norm.isf(0.025)).mean() > 0.035


@given(Z, Z, st.floats(0.05, 0.95))
def test_intersections_equal_their_definitions(subgroup: float, all_comers: float, share: float) -> None:
    a, b, w = np.array([subgroup]), np.array([all_comers]), np.array([share])
    low, high = sorted([norm.sf(subgroup), norm.sf(all_comers)])
    rho = math.sqrt(share)
    joint = multivariate_normal([0, 0], [[1, rho], [rho, 1]], abseps=1e-9, releps=1e-9)
    highest = max(subgroup, all_comers)
    assert norm.sf(bonferroni(a, b, w))[0] == pytest.approx(min(2 * low, 1.0), rel=1e-9)
    assert norm.sf(simes(a, b, w))[0] == pytest.approx(min(2 * low, high), rel=1e-9)
    assert norm.sf(spiessens_debois(a, b, w))[0] == pytest.approx(1 - joint.cdf([highest, highest]), abs=1e-6)
    assert spiessens_debois(a, b, w)[0] >= bonferroni(a, b, w)[0] - 1e-9
    critical = intersection_critical(0.025, share)
    assert norm.isf(0.025) < critical < norm.isf(0.0125)


def test_the_closed_test_equals_one_by_hand() -> None:
    rng = np.random.default_rng(6)
    n, critical, weight = 500, 1.2, 0.3
    z = rng.normal(0.8, 1.0, (4, n))
    share = rng.uniform(0.1, 0.9, (2, n))
    keep = rng.random((2, n)) < 0.7
    first, second = Stage(z[0], z[1], share[0]), Stage(z[2], z[3], share[1])
    subgroup, all_comers = closed_test(first, second, keep[0], keep[1], weight, critical, simes)

    def p_both(a: float, b: float) -> float:
        low, high = sorted([norm.sf(a), norm.sf(b)])
        return min(2 * low, high)

    def reaches(p: float, q: float) -> bool:
        return math.sqrt(weight) * norm.isf(p) + math.sqrt(1 - weight) * norm.isf(q) >= critical

    for i in range(n):
        kept = [norm.sf(z[2 + k, i]) for k in (0, 1) if keep[k, i]]
        later = p_both(z[2, i], z[3, i]) if len(kept) == 2 else (kept[0] if kept else 1.0)
        both = reaches(p_both(z[0, i], z[1, i]), later)
        assert subgroup[i] == (keep[0, i] and both and reaches(norm.sf(z[0, i]), norm.sf(z[2, i])))
        assert all_comers[i] == (keep[1, i] and both and reaches(norm.sf(z[1, i]), norm.sf(z[3, i])))
    assert 0.05 < subgroup.mean() < 0.95


def test_nothing_observed_rejects_nothing() -> None:
    nothing = Stage(np.array([-np.inf]), np.array([-np.inf]), np.array([1.0]))
    for intersection in INTERSECTIONS.values():
        assert not np.any(closed_test_one_stage(nothing, 1.96, intersection))


def test_the_seed_determines_the_draws_for_all_effects() -> None:
    design = golden_design("simes")
    assert design.simulate(0.7, 0.9, 5_000, seed=7) == design.simulate(0.7, 0.9, 5_000, seed=7)
    assert design.simulate(0.7, 0.9, 5_000, seed=7) != design.simulate(0.7, 0.9, 5_000, seed=8)
    powers = [design.simulate(ratio, 0.95, 5_000, seed=7).any_rejected for ratio in (0.9, 0.8, 0.7, 0.6, 0.5)]
    assert np.all(np.diff(powers) > 0)
    drawn = design.simulate(np.full(5_000, 0.7), 0.9, 5_000, seed=7)
    assert drawn == design.simulate(0.7, 0.9, 5_000, seed=7)


def test_a_population_that_does_badly_is_dropped() -> None:
    design = AdaptiveEnrichment(0.4, (100, 250), drop_above=0.8)
    keep = design.select(np.log([0.7, 0.85, 0.75, 0.9]), np.log([0.75, 0.85, 0.7, 0.79]))
    np.testing.assert_array_equal(keep[0], [True, False, False, False])
    np.testing.assert_array_equal(keep[1], [False, False, True, True])


@pytest.mark.parametrize(
    ("call", "error", "sentence"),
    [
        (lambda: AdaptiveEnrichment(1.0, (100, 250)), DesignError, "the prevalence is 1"),
        (lambda: AdaptiveEnrichment(0.4, (250, 100)), DesignError, "go from 250 to 100; they must increase"),
        (lambda: AdaptiveEnrichment(0.4, (100, 100)), DesignError, "they must increase strictly"),
        (lambda: AdaptiveEnrichment(0.4, (0, 100)), DesignError, "events of the first stage is 0"),
        (lambda: AdaptiveEnrichment(0.4, (1, 2, 3)), DesignError, "there are two stages"),  # type: ignore[arg-type]
        (lambda: AdaptiveEnrichment(0.4, (1, 2), weight=1.0), DesignError, "weight of the first stage is 1"),
        (lambda: AdaptiveEnrichment(0.4, (1, 2), margin=-1.0), DesignError, "margin of the selection is -1"),
        (lambda: AdaptiveEnrichment(0.4, (1, 2), drop_above=0.0), DesignError, "it must be above 0"),
        (lambda: AdaptiveEnrichment(0.4, (1, 2), intersection="sime"), ConfigError, "did you mean 'simes'"),
        (lambda: AdaptiveEnrichment(0.4, (1, 2)).simulate(0.0, 1.0), DesignError, "a hazard ratio is 0"),
        (lambda: AdaptiveEnrichment(0.4, (1, 2)).simulate(1.0, 1.0, 0), DesignError, "0 trials"),
    ],
)
def test_wrong_arguments_are_refused(
    call: Callable[[], object], error: type[Exception], sentence: str
) -> None:
    with pytest.raises(error, match=sentence):
        call()
