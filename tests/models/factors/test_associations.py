"""Associations of factors: each test against a reference, q against its definition, error rates by simulation."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
from claims import at_least, at_most, repetitions
from hypothesis import given, settings
from hypothesis import strategies as st
from lifelines import CoxPHFitter
from lifelines.statistics import logrank_test
from scipy.stats import kruskal, mannwhitneyu, rankdata, spearmanr
from small import specification, tables, with_response

from models.factors.associations import associations, cox_score
from omics.cohort.assemble import assemble_cohort
from omics.cohort.parse import parse_spec
from omics.cohort.read import read_cohort
from omics.common.errors import InputError


def everything(frames: dict[str, pd.DataFrame], spec: dict[str, Any]) -> None:
    """Add a response, a site and an arm, and missing values in all of them."""
    rng = np.random.default_rng(5)
    survival = dict(spec["endpoints"])
    with_response(frames, spec)
    spec["endpoints"] |= survival
    spec["primary"] = "survival"
    outcome = frames["outcome"]
    outcome["centre"] = rng.choice(["Leeds", "Lyon", "Lund"], len(outcome))
    outcome["drug"] = rng.choice([0, 20], len(outcome))
    outcome.loc[3, ["age", "stage", "centre"]] = np.nan
    outcome.loc[5:8, ["time", "event"]] = np.nan
    spec["site"] = "centre"
    spec["arm"] = {"column": "drug", "control": 0, "randomised": "yes"}


@pytest.fixture
def cohort(write_small: Callable[..., Path]) -> Any:
    return read_cohort(write_small(everything))


def scores(cohort: Any, k: int = 2, seed: int = 0) -> pd.DataFrame:
    values = np.random.default_rng(seed).normal(size=(cohort.n_obs, k))
    return pd.DataFrame(values, cohort.obs_names, [f"factor{i + 1}" for i in range(k)])


def row(table: pd.DataFrame, name: str, factor: str = "factor1") -> pd.Series[Any]:
    [found] = table[(table["name"] == name) & (table["factor"] == factor)].to_dict("records")
    return pd.Series(found)


def test_every_test_equals_its_oracle(cohort: Any) -> None:
    z = scores(cohort)
    table, x, obs = associations(z, cohort), z["factor1"], cohort.obs
    assert list(table[table["factor"] == "factor1"]["kind"]) == [
        "covariate",
        "covariate",
        "site",
        "arm",
        "endpoint",
        "endpoint",
    ]

    age, known = row(table, "age"), obs["age"].notna()
    rho, p = spearmanr(x[known], obs["age"][known])
    assert (age["effect"], age["p"], age["n"]) == pytest.approx((rho, p, 39))
    assert age["direction"] == ("rises" if rho > 0 else "falls")

    centre = row(table, "centre")
    groups = {name: x[obs["centre"] == name] for name in ("Leeds", "Lyon", "Lund")}
    statistic, p = kruskal(*groups.values())
    assert (centre["p"], centre["n"]) == pytest.approx((p, 39))
    assert centre["effect"] == pytest.approx(max(0, (statistic - 2) / 36))
    ranks = x[obs["centre"].notna()].rank()
    assert centre["direction"] == max(groups, key=lambda name: ranks[groups[name].index].mean())

    drug = row(table, "drug")
    assert drug["p"] == pytest.approx(kruskal(x[obs["drug"] == 0], x[obs["drug"] == 20])[1])

    response = row(table, "response")
    yes, no = x[obs["response"] == 1], x[obs["response"] == 0]
    assert response["p"] == pytest.approx(mannwhitneyu(yes, no)[1])
    auc = np.mean(yes.to_numpy()[:, None] > no.to_numpy())
    assert response["effect"] == pytest.approx(auc)
    assert response["direction"] == ("higher" if auc > 0.5 else "lower")

    survival, seen = row(table, "survival"), obs["time"].notna()
    frame = pd.DataFrame({"x": rankdata(x[seen]), "time": obs["time"][seen], "event": obs["event"][seen]})
    frame["x"] = (frame["x"] - frame["x"].mean()) / frame["x"].std(ddof=0)
    lifelines = CoxPHFitter().fit(frame, "time", "event")
    assert survival["n"] == 36
    # One Newton step and the score test are close to the maximum and the likelihood ratio test, not equal.
    assert np.log(survival["effect"]) == pytest.approx(lifelines.params_["x"], abs=0.02)
    assert survival["p"] == pytest.approx(lifelines.log_likelihood_ratio_test().p_value, abs=0.02)


def test_direction_of_survival_and_response(cohort: Any) -> None:
    z = scores(cohort)
    z["factor1"] = -cohort.obs["time"].fillna(500).to_numpy()
    z["factor2"] = cohort.obs["response"].fillna(0).to_numpy()
    table = associations(z, cohort)
    assert row(table, "survival")["direction"] == "earlier"
    assert row(table, "survival")["effect"] > 2
    assert row(table, "response", "factor2")["direction"] == "higher"
    assert row(table, "response", "factor2")["effect"] == 1.0


@settings(max_examples=30, deadline=None)
@given(st.integers(0, 2**32 - 1), st.integers(6, 60), st.integers(2, 30))
def test_two_groups_give_the_log_rank_test_also_with_ties(seed: int, n: int, distinct: int) -> None:
    rng = np.random.default_rng(seed)
    time, event = rng.integers(1, distinct + 1, n).astype(float), rng.random(n) < 0.7
    group = np.arange(n) % 2
    u, v = cox_score(group.astype(float), event, time)
    if v < 1e-9:
        return
    expected = logrank_test(time[group == 1], time[group == 0], event[group == 1], event[group == 0])
    assert u**2 / v == pytest.approx(expected.test_statistic, rel=1e-8)


@given(st.integers(0, 2**32 - 1))
def test_score_and_information_equal_sums_over_risk_sets(seed: int) -> None:
    rng = np.random.default_rng(seed)
    x, event, time = rng.normal(size=25), rng.random(25) < 0.6, rng.integers(1, 12, 25).astype(float)
    score = information = 0.0
    for t in np.unique(time[event]):
        risk, dead = x[time >= t], (time == t) & event
        d, n = dead.sum(), len(risk)
        score += x[dead].sum() - d * risk.mean()
        information += d * (n - d) / max(n - 1, 1) * risk.var()
    assert cox_score(x, event, time) == pytest.approx((score, information))


def test_q_follows_benjamini_and_hochberg_over_the_whole_table(cohort: Any) -> None:
    table = associations(scores(cohort, 5), cohort)
    p = table["p"].to_numpy()
    m = len(p)
    assert m == 30
    rank = {place: r for r, place in enumerate(np.argsort(p), 1)}
    # By the definition: the smallest p m / rank among the p-values at least as large.
    expected = [min(min(1.0, p[j] * m / rank[j]) for j in range(m) if p[j] >= p[i]) for i in range(m)]
    np.testing.assert_allclose(table["q"], expected)


def test_variables_without_variation_have_no_row(write_small: Callable[..., Path]) -> None:
    def change(frames: dict[str, pd.DataFrame], spec: dict[str, Any]) -> None:
        everything(frames, spec)
        frames["outcome"]["age"] = 50
        frames["outcome"]["stage"] = "I"
        # A separate site for each patient is no grouping.
        frames["outcome"]["centre"] = frames["outcome"]["sample_id"]

    cohort = read_cohort(write_small(change))
    z = scores(cohort, 3)
    z["factor2"] = 0.0
    table = associations(z, cohort)
    assert set(table["name"]) == {"drug", "response", "survival"}
    assert set(table["factor"]) == {"factor1", "factor3"}
    assert table.notna().all(axis=None)
    empty = associations(z[["factor2"]], cohort)
    assert len(empty) == 0
    assert list(empty.columns) == list(table.columns)


def test_patients_without_a_score_are_ignored(cohort: Any) -> None:
    z = scores(cohort)
    part = z.iloc[::-1].iloc[:30]
    table = associations(part, cohort)
    known = cohort.obs.loc[part.index, "age"].notna()
    assert row(table, "age")["n"] == known.sum()
    rho = spearmanr(part["factor1"][known], cohort.obs.loc[part.index, "age"][known])[0]
    assert row(table, "age")["effect"] == pytest.approx(rho)


def test_an_unknown_patient_is_named(cohort: Any) -> None:
    with pytest.raises(InputError, match="patient p999 has factors but is not in the cohort"):
        associations(scores(cohort).rename(index={"p003": "p999"}), cohort)


def test_a_simulated_site_effect_is_found_and_an_outlier_has_no_effect(cohort: Any) -> None:
    z = scores(cohort)
    z["factor1"] += 3.0 * (cohort.obs["centre"] == "Lyon")
    z.iloc[0, 1] = 1e6
    table = associations(z, cohort)
    site = row(table, "centre")
    assert site["q"] < 1e-3
    assert site["direction"] == "Lyon"
    assert site["effect"] > 0.4
    assert (table[table["factor"] == "factor2"]["q"] > 0.05).all()


def random_cohort(seed: int, n: int = 60) -> Any:
    frames, spec = tables(n, seed), specification()
    everything(frames, spec)
    outcome = frames.pop("outcome").set_index("sample_id")
    rng = np.random.default_rng([13, seed])
    outcome["centre"] = rng.choice(["Leeds", "Lyon", "Lund"], n)
    views = {name: frame.set_index("sample_id") for name, frame in frames.items()}
    return assemble_cohort(outcome, views, parse_spec(spec, "spec"), "0" * 64, "outcome.csv")


@repetitions(40, 200)
def test_false_and_true_discoveries(repetitions: int) -> None:
    """Without any association, at most 5% of the tables have a q < .05 (Benjamini and Hochberg).

    Monte Carlo error of .05 with 200 simulations: 0.015. Each single p-value is also below .05 in 5%.
    """
    false, single, found = [], [], []
    for seed in range(repetitions):
        cohort = random_cohort(seed)
        # Heavy tails and correlated factors: the tests use ranks, and the guarantee holds in both cases.
        rng = np.random.default_rng([14, seed])
        values = rng.standard_t(3, size=(cohort.n_obs, 5)) + 0.5 * rng.normal(size=(cohort.n_obs, 1))
        z = pd.DataFrame(values, cohort.obs_names, [f"factor{i}" for i in range(1, 6)])
        table = associations(z, cohort)
        false.append((table["q"] < 0.05).any())
        single.append(table.groupby("name")["p"].agg(lambda p: (p < 0.05).mean()))
        z["factor3"] += 3.0 * (cohort.obs["centre"] == "Lund")
        site = associations(z, cohort).set_index(["factor", "name"]).loc[("factor3", "centre")]
        found.append(site["q"] < 0.05 and site["direction"] == "Lund")
    error = np.sqrt(0.05 * 0.95 / repetitions)
    shares = pd.concat(single, axis=1).mean(axis=1)
    print(np.mean(false), error, np.mean(found), shares.round(3).to_dict())  # noqa: T201  # shown with -s
    if repetitions < 200:
        # Each variable, and the two checks below.
        checks = len(shares) + 2
        assert np.sum(false) <= at_most(0.05, repetitions, checks)
        assert (shares <= at_most(0.05, repetitions, checks) / repetitions).all(), shares
        assert np.sum(found) >= at_least(0.95, repetitions, checks)
        return
    assert np.mean(false) < 0.05 + 2 * error
    # Factors are correlated, and so are the tests of a variable: the error is that of one test per table.
    assert (np.abs(shares - 0.05) < 3 * error).all(), shares
    assert np.mean(found) > 0.95
