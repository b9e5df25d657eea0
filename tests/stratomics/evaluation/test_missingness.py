"""Association of missingness with outcome or arm, against lifelines, scipy and brute force."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
from lifelines.statistics import logrank_test
from scipy.stats import chi2_contingency, fisher_exact

from omics.cohort.endpoints import Response, Survival
from stratomics.evaluation.missingness import (
    FEWEST,
    covariate_missingness,
    log_rank,
    one_step_odds_ratio,
    view_missingness,
)


def drawn(seed: int, n: int = 50, ties: bool = True) -> tuple[np.ndarray, Survival]:
    rng = np.random.default_rng(seed)
    group = rng.random(n) < 0.4
    time = rng.exponential(np.where(group, 6.0, 10.0))
    time = np.ceil(time) if ties else time
    return group, Survival(time, rng.random(n) < 0.7, np.ones(n, dtype=bool))


@pytest.mark.parametrize("seed", range(6))
def test_the_log_rank_test_equals_lifelines(seed: int) -> None:
    group, survival = drawn(seed, ties=seed % 2 == 0)
    theirs = logrank_test(
        survival.time[group], survival.time[~group], survival.event[group], survival.event[~group]
    )
    assert log_rank(group, survival)[1] == pytest.approx(theirs.p_value, rel=1e-9)


@pytest.mark.parametrize("late", [False, True])
def test_the_one_step_hazard_ratio_equals_brute_force(late: bool) -> None:
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


def test_the_one_step_odds_ratio_is_that_of_peto() -> None:
    """Hypergeometric: 4 of 6 positive inside, 10 of 40 outside."""
    positive = np.repeat([True, False, True, False], [4, 2, 10, 30])
    group = np.repeat([True, False], [6, 40])
    n, inside, events = 46, 6, 14
    expected = events * inside / n
    variance = inside * 40 * events * 32 / (n**2 * (n - 1))
    ours = one_step_odds_ratio(group, Response(positive, np.ones(n, dtype=bool)))
    assert ours == pytest.approx(np.exp((4 - expected) / variance), rel=1e-12)


def test_the_table_of_views() -> None:
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
    table = view_missingness(patients, Response(positive, observed)).set_index("view")
    row = table.loc["rna"]
    assert (row["missing"], row["n"], row["share"]) == (lacking.sum(), n, lacking.mean())
    counts = pd.crosstab(lacking[observed], positive[observed])
    assert row["endpoint_p"] == pytest.approx(fisher_exact(counts).pvalue)
    assert row["endpoint_effect"] > 1
    assert row["arm_p"] == pytest.approx(fisher_exact(pd.crosstab(lacking[3:], arm[3:])).pvalue)
    # The other views are missing in no or too few patients.
    tests = ["endpoint_p", "endpoint_effect", "arm_p"]
    assert table.loc[["cna", "four"], tests].isna().all(axis=None)
    assert list(table["missing"]) == [lacking.sum(), 0, 4]


def test_more_than_two_arms_are_compared_by_chi_squared() -> None:
    gone = np.arange(90) % 3 == 0
    arm = np.array(["a", "b", "c"])[(np.arange(90) // 7) % 3]
    table = view_missingness(
        pd.DataFrame({"view.x": ~gone, "arm": arm}), Response(np.arange(90) % 2 == 0, np.ones(90, dtype=bool))
    )
    assert table["arm_p"][0] == pytest.approx(chi2_contingency(pd.crosstab(gone, arm)).pvalue)


@pytest.mark.parametrize("event", [np.zeros(40, dtype=bool), np.ones(40, dtype=bool)])
def test_one_class_is_not_tested(event: np.ndarray) -> None:
    patients = pd.DataFrame({"view.x": np.arange(40) % 2 == 0})
    observed = np.ones(40, dtype=bool)
    assert np.isnan(view_missingness(patients, Response(event, observed))["endpoint_p"][0])
    of_survival = view_missingness(patients, Survival(np.arange(1.0, 41.0), event, observed))["endpoint_p"][0]
    assert np.isnan(of_survival) == (not event.any())


def test_covariates_without_any_view() -> None:
    patients = pd.DataFrame({"covariate.$x$": [np.nan] * 6 + [1.0] * 34, "covariate.s": ["I"] * 40})
    outcome = Survival(np.arange(1.0, 41.0), np.arange(40) % 2 == 0, np.ones(40, dtype=bool))
    assert len(view_missingness(patients, outcome)) == 0
    table = covariate_missingness(patients, outcome).set_index("covariate")
    assert table.loc["$x$", "endpoint_effect"] > 1
    assert table["missing"].tolist() == [6, 0]
    assert FEWEST <= 6


def test_patients_without_the_endpoint_are_left_out() -> None:
    group, survival = drawn(11, 60)
    observed = np.arange(60) >= 20
    hidden = Survival(np.where(observed, survival.time, np.nan), survival.event & observed, observed)
    assert log_rank(group, hidden) == log_rank(group[20:], survival.take(np.arange(20, 60)))
