"""Subgroup performance against scikit-survival, scikit-learn and lifelines; small groups; tests of equality."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
from claims import at_most
from claims import repetitions as sizes
from lifelines import KaplanMeierFitter
from sklearn.metrics import roc_auc_score
from sksurv.metrics import concordance_index_censored
from survival_cases import made_up

from stratomics.evaluation.cases import ResponseCases
from stratomics.evaluation.comparison import resamples
from stratomics.evaluation.patient_groups import NOT_RECORDED
from stratomics.evaluation.subgroup_performance import (
    FEWEST,
    FEWEST_EVENTS,
    equality_p_value,
    observed_and_expected,
    subgroup_performance,
)


def in_two(n: int, first: int) -> dict[str, pd.Categorical]:
    return {"sex": pd.Categorical(np.where(np.arange(n) < first, "female", "male"))}


def made_up_response(n: int, seed: int = 0) -> ResponseCases:
    rng = np.random.default_rng(seed)
    score = rng.normal(size=(2, n))
    positive = rng.random(n) < 1 / (1 + np.exp(-score[0]))
    return ResponseCases(positive, 1 / (1 + np.exp(-score)), np.zeros((2, n), dtype=np.int64))


def test_survival_groups_equal_scikit_survival_and_lifelines() -> None:
    cases = made_up(80, repeats=2, folds=1, seed=2)
    rows = subgroup_performance(cases, in_two(80, 30), resamples(np.arange(80), 60, 1)).rows.set_index(
        "level"
    )
    for level, members in (("female", slice(0, 30)), ("male", slice(30, 80))):
        event, time, row = cases.event[members], cases.time[members], rows.loc[level]
        c = [concordance_index_censored(event, time, risk[members])[0] for risk in cases.risk]
        assert row["rank"] == pytest.approx(np.mean(c))
        assert row["low"] <= row["rank"] <= row["high"]
        alive = KaplanMeierFitter().fit(time, event).predict(cases.horizon)
        predicted = 1 - np.mean([curve(np.array([cases.horizon]))[members] for curve in cases.curves])
        assert row["observed"] == pytest.approx(1 - alive)
        assert row["expected"] == pytest.approx(predicted)
        assert row["ratio"] == pytest.approx((1 - alive) / predicted)
        assert (row["n"], row["events"]) == (len(event), event.sum())


def test_response_groups_equal_scikit_learn() -> None:
    cases = made_up_response(90)
    rows = subgroup_performance(cases, in_two(90, 40), resamples(np.arange(90), 60, 1)).rows.set_index(
        "level"
    )
    for level, members in (("female", slice(0, 40)), ("male", slice(40, 90))):
        auroc = np.mean([roc_auc_score(cases.positive[members], p[members]) for p in cases.probability])
        assert rows.loc[level, "rank"] == pytest.approx(auroc)
        assert rows.loc[level, "ratio"] == pytest.approx(
            cases.positive[members].mean() / cases.probability[:, members].mean()
        )


def test_small_groups_are_counted_but_not_evaluated() -> None:
    cases = made_up_response(60)
    performance = subgroup_performance(cases, in_two(60, FEWEST - 1), resamples(np.arange(60), 40, 1))
    few = performance.rows.set_index("level").loc["female"]
    assert few["n"] == FEWEST - 1
    assert few["events"] == cases.positive[: FEWEST - 1].sum()
    assert not few["enough"]
    assert few[["rank", "low", "high", "observed", "expected", "ratio"]].isna().all()
    # A single group cannot be compared.
    assert performance.tests["p"].isna().all()
    assert performance.tests["p_holm"].isna().all()


@pytest.mark.parametrize("positive", [0, FEWEST_EVENTS - 1, 30 - FEWEST_EVENTS + 1, 30])
def test_a_group_with_few_patients_of_either_class_is_not_evaluated(positive: int) -> None:
    probability = np.linspace(0.1, 0.9, 60)[None]
    cases = ResponseCases(
        np.append(np.arange(30) < positive, np.arange(30) < 15), probability, np.zeros((1, 60), int)
    )
    rows = subgroup_performance(cases, in_two(60, 30), resamples(np.arange(60), 40, 1)).rows
    assert rows["enough"].tolist() == [False, True]


def test_a_group_without_events_is_not_evaluated() -> None:
    cases = made_up(60, folds=1, seed=1)
    cases.event[:20] = False
    rows = subgroup_performance(cases, in_two(60, 20), resamples(np.arange(60), 40, 1)).rows
    assert rows["events"].tolist()[0] == 0
    assert rows["enough"].tolist() == [False, True]


def test_a_group_not_followed_to_the_horizon_has_no_observed_probability() -> None:
    cases = made_up(60, folds=1, seed=1)
    early = np.flatnonzero(cases.time < cases.horizon)
    observed, expected = observed_and_expected(cases.take(early), np.ones((1, len(early))))
    assert np.isnan(observed).all()
    assert np.isfinite(expected).all()


def test_two_groups_are_compared_by_a_z_test() -> None:
    rng = np.random.default_rng(0)
    draws = rng.multivariate_normal([0.7, 0.6], [[0.01, 0.003], [0.003, 0.02]], size=400).T
    ranks = np.hstack([[[0.72], [0.58]], draws])
    z = (0.72 - 0.58) / (draws[0] - draws[1]).std(ddof=1)
    from scipy.stats import norm

    assert equality_p_value(ranks) == pytest.approx(2 * norm.sf(abs(z)))
    assert np.isnan(equality_p_value(ranks[:1]))
    assert np.isnan(equality_p_value(np.full((2, 401), np.nan)))
    # The result does not depend on the order of groups.
    three = np.vstack([ranks, rng.normal(0.65, 0.1, 401)])
    assert equality_p_value(three) == pytest.approx(equality_p_value(three[::-1]))


def test_patients_without_a_level_are_shown_but_not_compared() -> None:
    cases = made_up_response(90)
    labels = np.repeat(["female", "male", NOT_RECORDED], 30)
    by = {"sex": pd.Categorical(labels, ["female", "male", NOT_RECORDED])}
    performance = subgroup_performance(cases, by, resamples(np.arange(90), 40, 1))
    assert performance.rows["level"].tolist() == ["female", "male", NOT_RECORDED]
    assert performance.rows["n"].sum() == 90
    assert performance.tests["levels"].tolist() == [2]


@sizes(60, 300)
def test_equal_groups_are_called_different_at_about_the_nominal_level(repetitions: int) -> None:
    """300 cohorts of 200 patients in two random groups: 5%, within three Monte Carlo errors and a margin of 2%."""
    p = []
    for seed in range(repetitions):
        cases = made_up(200, repeats=1, folds=5, seed=seed, ties=False)
        labels = {"sex": pd.Categorical(np.random.default_rng(seed).choice(["a", "b"], 200))}
        p.append(subgroup_performance(cases, labels, resamples(np.arange(200), 200, seed)).tests["p"][0])
    count = int((np.array(p) < 0.05).sum())
    rejected = count / repetitions
    if repetitions == 300:
        assert 0.01 < rejected < 0.05 + 3 * np.sqrt(0.05 * 0.95 / 300) + 0.02
    assert count <= at_most(0.07, repetitions)
