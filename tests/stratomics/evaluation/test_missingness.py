"""Missingness tied to outcome or arm: lifelines, scipy, brute force, and what is not asked."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st
from lifelines.statistics import logrank_test
from scipy.stats import chi2_contingency, fisher_exact

from omics.cohort.endpoints import Response, Survival
from stratomics.evaluation.missingness import (
    FEWEST,
    log_rank,
    missing_covariates,
    missingness,
    one_step_odds,
)
from stratomics.evaluation.multiplicity import holm


def drawn(seed: int, n: int = 50, ties: bool = True) -> tuple[np.ndarray, Survival]:
    rng = np.random.default_rng(seed)
    group = rng.random(n) < 0.4
    time = rng.exponential(np.where(group, 6.0, 10.0))
    time = np.ceil(time) if ties else time
    return group, Survival(time, rng.random(n) < 0.7, np.ones(n, dtype=bool))


@pytest.mark.parametrize("seed", range(6))
def test_the_log_rank_test_is_that_of_lifelines(seed: int) -> None:
    group, survival = drawn(seed, ties=seed % 2 == 0)
    theirs = logrank_test(
        survival.time[group], survival.time[~group], survival.event[group], survival.event[~group]
    )
    assert log_rank(group, survival)[1] == pytest.approx(theirs.p_value, rel=1e-9)


@pytest.mark.parametrize("late", [False, True])
def test_the_one_step_ratio_is_counted_death_by_death(late: bool) -> None:
    group, survival = drawn(7, 30)
    entry = np.floor(survival.time / 2) if late else np.zeros(30)
    beyond = variance = 0.0
    for t in sorted({*survival.time[survival.event]}):
        risk = [i for i in range(30) if entry[i] < t <= survival.time[i]]
        inside = [i for i in risk if group[i]]
        dead = [i for i in risk if survival.event[i] and survival.time[i] == t]
        share = len(inside) / len(risk)
        beyond += sum(group[i] for i in dead) - len(dead) * share
        if len(risk) > 1:
            variance += len(dead) * share * (1 - share) * (len(risk) - len(dead)) / (len(risk) - 1)
    ours = log_rank(group, Survival(survival.time, survival.event, survival.observed, entry=entry))[0]
    assert ours == pytest.approx(np.exp(beyond / variance), rel=1e-12)


def test_the_one_step_odds_ratio_is_peto_s() -> None:
    """Hypergeometric: 4 of 6 positive inside, 10 of 40 outside."""
    positive = np.repeat([True, False, True, False], [4, 2, 10, 30])
    group = np.repeat([True, False], [6, 40])
    n, inside, events = 46, 6, 14
    expected = events * inside / n
    variance = inside * 40 * events * 32 / (n**2 * (n - 1))
    ours = one_step_odds(group, Response(positive, np.ones(n, dtype=bool)))
    assert ours == pytest.approx(np.exp((4 - expected) / variance), rel=1e-12)


def test_a_table_of_views() -> None:
    rng = np.random.default_rng(3)
    n = 80
    lacking = rng.random(n) < 0.4
    positive = rng.random(n) < np.where(lacking, 0.7, 0.3)
    observed = np.arange(n) >= 10
    arm = np.where(rng.random(n) < 0.5, "a", "b").astype(object)
    arm[:3] = None
    patients = pd.DataFrame(
        {"view.rna": ~lacking, "view.cna": True, "view.four": np.arange(n) >= 4, "arm": arm}
    )
    table = missingness(patients, Response(positive, observed)).set_index("view")
    row = table.loc["rna"]
    assert (row["missing"], row["n"], row["share"]) == (lacking.sum(), n, lacking.mean())
    own = pd.crosstab(lacking[observed], positive[observed])
    assert row["endpoint_p"] == pytest.approx(fisher_exact(own).pvalue)
    assert row["endpoint_effect"] > 1
    assert row["arm_p"] == pytest.approx(fisher_exact(pd.crosstab(lacking[3:], arm[3:])).pvalue)
    # Nobody, or too few, lack the others.
    asked = ["endpoint_p", "endpoint_effect", "arm_p"]
    assert table.loc[["cna", "four"], asked].isna().all(axis=None)
    assert list(table["missing"]) == [lacking.sum(), 0, 4]


def test_more_arms_than_two_are_compared_by_chi_squared() -> None:
    gone = np.arange(90) % 3 == 0
    arm = np.array(["a", "b", "c"])[(np.arange(90) // 7) % 3]
    found = missingness(
        pd.DataFrame({"view.x": ~gone, "arm": arm}), Response(np.arange(90) % 2 == 0, np.ones(90, dtype=bool))
    )
    assert found["arm_p"][0] == pytest.approx(chi2_contingency(pd.crosstab(gone, arm)).pvalue)


@pytest.mark.parametrize("event", [np.zeros(40, dtype=bool), np.ones(40, dtype=bool)])
def test_one_class_says_nothing(event: np.ndarray) -> None:
    patients = pd.DataFrame({"view.x": np.arange(40) % 2 == 0})
    everybody = np.ones(40, dtype=bool)
    assert np.isnan(missingness(patients, Response(event, everybody))["endpoint_p"][0])
    of_survival = missingness(patients, Survival(np.arange(1.0, 41.0), event, everybody))["endpoint_p"][0]
    assert np.isnan(of_survival) == (not event.any())


def test_covariates_and_no_views_at_all() -> None:
    patients = pd.DataFrame({"covariate.$x$": [np.nan] * 6 + [1.0] * 34, "covariate.s": ["I"] * 40})
    outcome = Survival(np.arange(1.0, 41.0), np.arange(40) % 2 == 0, np.ones(40, dtype=bool))
    assert len(missingness(patients, outcome)) == 0
    table = missing_covariates(patients, outcome).set_index("covariate")
    assert table.loc["$x$", "endpoint_effect"] > 1
    assert table["missing"].tolist() == [6, 0]
    assert FEWEST <= 6


def test_who_is_not_observed_is_not_asked() -> None:
    group, survival = drawn(11, 60)
    observed = np.arange(60) >= 20
    hidden = Survival(np.where(observed, survival.time, np.nan), survival.event & observed, observed)
    assert log_rank(group, hidden) == log_rank(group[20:], survival.take(np.arange(20, 60)))


@given(st.lists(st.floats(0, 1), min_size=1, max_size=8))
def test_holm_is_the_step_down_it_is(values: list[float]) -> None:
    p = np.array(values)
    order = sorted(range(len(p)), key=lambda i: p[i])
    worst, expected = 0.0, np.empty(len(p))
    for step, place in enumerate(order):
        worst = max(worst, min(1.0, (len(p) - step) * p[place]))
        expected[place] = worst
    np.testing.assert_allclose(holm(p), expected)
    assert np.isnan(holm(np.append(p, np.nan))[-1])
    np.testing.assert_allclose(holm(np.append(p, np.nan))[:-1], expected)
