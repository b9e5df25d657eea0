"""Groups of patients and their figures: scikit-survival, scikit-learn, brute force, names of columns, small groups."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
from lifelines import KaplanMeierFitter
from sklearn.metrics import roc_auc_score
from sksurv.metrics import concordance_index_censored
from survival_cases import made_up

from stratomics.evaluation.cases import ResponseCases
from stratomics.evaluation.comparison import resamples
from stratomics.evaluation.patient_groups import AGE, NOT_RECORDED, SEX, column_named, patient_groups
from stratomics.evaluation.subgroup_performance import (
    FEWEST,
    FEWEST_EVENTS,
    difference,
    group_figures,
    level_ratio,
)


def in_two(n: int, first: int) -> dict[str, pd.Categorical]:
    return {"sex": pd.Categorical(np.where(np.arange(n) < first, "female", "male"))}


def made_up_response(n: int, seed: int = 0) -> ResponseCases:
    rng = np.random.default_rng(seed)
    score = rng.normal(size=(2, n))
    positive = rng.random(n) < 1 / (1 + np.exp(-score[0]))
    return ResponseCases(positive, 1 / (1 + np.exp(-score)), np.zeros((2, n), dtype=np.int64))


def test_a_group_of_survival_by_scikit_survival_and_lifelines() -> None:
    cases = made_up(80, repeats=2, folds=1, seed=2)
    rows = group_figures(cases, in_two(80, 30), resamples(np.arange(80), 60, 1)).rows.set_index("level")
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


def test_a_group_of_a_response_by_scikit_learn() -> None:
    cases = made_up_response(90)
    rows = group_figures(cases, in_two(90, 40), resamples(np.arange(90), 60, 1)).rows.set_index("level")
    for level, members in (("female", slice(0, 40)), ("male", slice(40, 90))):
        auroc = np.mean([roc_auc_score(cases.positive[members], p[members]) for p in cases.probability])
        assert rows.loc[level, "rank"] == pytest.approx(auroc)
        assert rows.loc[level, "ratio"] == pytest.approx(
            cases.positive[members].mean() / cases.probability[:, members].mean()
        )


def test_small_groups_are_counted_and_nothing_is_said() -> None:
    cases = made_up_response(60)
    found = group_figures(cases, in_two(60, FEWEST - 1), resamples(np.arange(60), 40, 1))
    few = found.rows.set_index("level").loc["female"]
    assert few["n"] == FEWEST - 1
    assert few["events"] == cases.positive[: FEWEST - 1].sum()
    assert not few["enough"]
    assert few[["rank", "low", "high", "observed", "expected", "ratio"]].isna().all()
    # One group cannot be compared with anybody.
    assert found.tests["p"].isna().all()
    assert found.tests["p_holm"].isna().all()


@pytest.mark.parametrize("positive", [0, FEWEST_EVENTS - 1, 30 - FEWEST_EVENTS + 1, 30])
def test_a_class_of_few_is_too_few_whichever_it_is(positive: int) -> None:
    probability = np.linspace(0.1, 0.9, 60)[None]
    cases = ResponseCases(
        np.append(np.arange(30) < positive, np.arange(30) < 15), probability, np.zeros((1, 60), int)
    )
    rows = group_figures(cases, in_two(60, 30), resamples(np.arange(60), 40, 1)).rows
    assert rows["enough"].tolist() == [False, True]


def test_a_group_without_events_says_nothing() -> None:
    cases = made_up(60, folds=1, seed=1)
    cases.event[:20] = False
    rows = group_figures(cases, in_two(60, 20), resamples(np.arange(60), 40, 1)).rows
    assert rows["events"].tolist()[0] == 0
    assert rows["enough"].tolist() == [False, True]


def test_nobody_followed_to_the_horizon_leaves_the_level_open() -> None:
    cases = made_up(60, folds=1, seed=1)
    early = np.flatnonzero(cases.time < cases.horizon)
    observed, expected = level_ratio(cases.take(early), np.ones((1, len(early))))
    assert np.isnan(observed).all()
    assert np.isfinite(expected).all()


def test_two_groups_are_compared_by_a_z_test_of_their_resamples() -> None:
    rng = np.random.default_rng(0)
    draws = rng.multivariate_normal([0.7, 0.6], [[0.01, 0.003], [0.003, 0.02]], size=400).T
    ranks = np.hstack([[[0.72], [0.58]], draws])
    z = (0.72 - 0.58) / (draws[0] - draws[1]).std(ddof=1)
    from scipy.stats import norm

    assert difference(ranks) == pytest.approx(2 * norm.sf(abs(z)))
    assert np.isnan(difference(ranks[:1]))
    assert np.isnan(difference(np.full((2, 401), np.nan)))
    # The order of groups does not matter.
    three = np.vstack([ranks, rng.normal(0.65, 0.1, 401)])
    assert difference(three) == pytest.approx(difference(three[::-1]))


def test_those_not_recorded_are_shown_and_not_compared() -> None:
    cases = made_up_response(90)
    labels = np.repeat(["female", "male", NOT_RECORDED], 30)
    by = {"sex": pd.Categorical(labels, ["female", "male", NOT_RECORDED])}
    found = group_figures(cases, by, resamples(np.arange(90), 40, 1))
    assert found.rows["level"].tolist() == ["female", "male", NOT_RECORDED]
    assert found.rows["n"].sum() == 90
    assert found.tests["levels"].tolist() == [2]


@pytest.mark.slow
def test_groups_that_do_not_differ_are_said_to_differ_about_as_often_as_promised() -> None:
    """300 cohorts of 200 patients in two random groups: 5%, within three Monte Carlo errors and some."""
    p = []
    for seed in range(300):
        cases = made_up(200, repeats=1, folds=5, seed=seed, ties=False)
        labels = {"sex": pd.Categorical(np.random.default_rng(seed).choice(["a", "b"], 200))}
        p.append(group_figures(cases, labels, resamples(np.arange(200), 200, seed)).tests["p"][0])
    rejected = float((np.array(p) < 0.05).mean())
    assert 0.01 < rejected < 0.05 + 3 * np.sqrt(0.05 * 0.95 / 300) + 0.02


@pytest.mark.parametrize(
    ("column", "values", "name", "levels"),
    [
        ("female", [0, 1, 1, 0], "sex", ["female", "male"]),
        ("Male", [0.0, 1.0, np.nan, 0.0], "sex", ["female", "male", NOT_RECORDED]),
        ("sex", [0.0, 1.0, np.nan, 1.0], "sex", ["0", "1", NOT_RECORDED]),
        ("Gender", ["f", "m", None, "f"], "sex", ["f", "m", NOT_RECORDED]),
        ("female", ["yes", "no", "yes", None], "sex", ["no", "yes", NOT_RECORDED]),
        ("Age.at.diagnosis", [40, 50, 60, 70], "age", ["up to 50", "above 50 to 60", "above 60"]),
        ("AGE", [40.0, np.nan, 60.0, 70.0], "age", ["up to 53", "above 53 to 63", "above 63", NOT_RECORDED]),
        ("age", [50.0] * 4, "age", ["all"]),
        ("age", [np.nan] * 4, "age", [NOT_RECORDED]),
        ("age_years", ["<50", "50+", "<50", "50+"], "age", ["50+", "<50"]),
        ("age", [0.2, 0.5, 0.9, 1.4], "age", ["up to 0.5", "above 0.5 to 0.9", "above 0.9"]),
    ],
)
def test_columns_of_sex_and_age(column: str, values: list[object], name: str, levels: list[str]) -> None:
    table = pd.DataFrame({f"covariate.{column}": values})
    found = patient_groups(table)
    assert list(found) == [name]
    assert list(found[name].categories) == levels
    assert len(found[name]) == 4
    assert not pd.isna(np.asarray(found[name], dtype=object)).any()


def test_who_is_younger_is_in_a_lower_group() -> None:
    age = np.random.default_rng(0).normal(60, 12, 300)
    labels = patient_groups(pd.DataFrame({"covariate.age": age}))["age"]
    assert [int((labels == level).sum()) > 80 for level in labels.categories] == [True] * 3
    tops = [age[labels == level].max() for level in labels.categories]
    bottoms = [age[labels == level].min() for level in labels.categories]
    assert tops[0] < bottoms[1]
    assert tops[1] < bottoms[2]


@pytest.mark.parametrize(
    ("name", "columns"),
    [
        ("tcga_acc", {"sex": "female", "age": "age"}),
        ("race_septic_shock", {"sex": "female", "age": "age"}),
        ("iirn_crohn_flare", {"sex": "female", "age": "Age"}),
        ("loris_icb", {"sex": "sex", "age": "age"}),
        ("nat_breast", {"age": "Age.at.diagnosis"}),
        ("placenta_hood", {"age": "age"}),
        ("tcga_ov", {"age": "age"}),
        ("gdsc_celllines", {}),
    ],
)
def test_every_shared_cohort_is_read_aright(name: str, columns: dict[str, str], shared: object) -> None:
    import yaml

    spec = yaml.safe_load((shared(f"cohorts/{name}") / "cohort.yaml").read_text())  # type: ignore[operator]
    table = pd.DataFrame(columns=[f"covariate.{c}" for c in spec["covariates"]])
    found = {"sex": column_named(table, SEX), "age": column_named(table, AGE)}
    assert {k: v for k, v in found.items() if v} == {k: f"covariate.{v}" for k, v in columns.items()}


def test_arms_and_sites_are_words() -> None:
    table = pd.DataFrame({"arm": [18.0, 0.0, np.nan, 6.0], "site": ["b", "a", "<script>", "b"]})
    found = patient_groups(table)
    assert list(found["arm"].categories) == ["0", "6", "18", NOT_RECORDED]
    assert list(found["site"].categories) == ["<script>", "a", "b"]
