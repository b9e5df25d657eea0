"""Response sets, risk and coverage, and the debiased calibration error: golden numbers, brute force, truths."""

from __future__ import annotations

import json

import numpy as np
import pandas as pd
import places
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from models.prediction import Prediction
from omics.cohort.endpoints import Response
from omics.common.errors import DataError
from stratomics.evaluation.cases import ResponseCases, cases_of
from stratomics.evaluation.comparison import compare
from stratomics.evaluation.metrics.curves import curves_of
from stratomics.evaluation.metrics.metric import find_metric
from stratomics.evaluation.metrics.response_set_coverage import coverage_table, known_groups, missing_views
from stratomics.evaluation.metrics.selective_prediction import risk_coverage_curve

GOLDEN = json.loads((places.GOLDEN / "metrics.json").read_text())


def one_fold(positive: np.ndarray, probability: np.ndarray, sets: np.ndarray | None = None) -> ResponseCases:
    fold = np.zeros(probability.shape, dtype=np.int64)
    return ResponseCases(positive, probability, fold, sets)


def score(name: str, data: ResponseCases) -> float:
    return float(find_metric(name).function(data, np.ones((1, len(data))))[0])


def test_ece_equals_uncertainty_calibration() -> None:
    data = one_fold(np.array(GOLDEN["data"]["positive"]), np.array(GOLDEN["data"]["probability"])[None])
    expected = GOLDEN["figures"]["uncertainty-calibration"]["squared_ece"]
    assert score("ece", data) ** 2 == pytest.approx(expected, rel=1e-9)


def test_ece_of_the_truth_is_near_zero_and_of_a_fault_near_the_fault() -> None:
    """300 repetitions of n 250; the plain error of the truth is 0.07 on average."""
    true, wrong = [], []
    for seed in range(300):
        rng = np.random.default_rng([seed, 5])
        p = rng.uniform(0.2, 0.7, 250)
        positive = rng.random(250) < p
        true.append(score("ece", one_fold(positive, p[None])))
        wrong.append(score("ece", one_fold(positive, p[None] + 0.2)))
    squares = np.sign(true) * np.square(true)
    assert abs(np.mean(squares)) < 3 * np.std(squares) / np.sqrt(300)
    assert abs(np.mean(true)) < 0.02
    assert np.mean(wrong) == pytest.approx(0.2, abs=0.01)


def test_ece_is_absent_below_200_patients_with_its_reason() -> None:
    rng = np.random.default_rng(0)
    for n, there in ((199, False), (200, True)):
        p = rng.uniform(size=(1, n))
        metrics = compare(
            {"stratomics": one_fold(rng.random(n) < p[0], p)}, "r", "response", "log_loss", 100, seed=1
        )
        assert ("ece" in metrics["r"]) == there
        assert ("fewer than 200 patients" in metrics["absent"]["stratomics"].get("ece", "")) != there


@given(st.integers(0, 1000))
@settings(max_examples=20, deadline=None)
def test_aurc_equals_brute_force_over_orders_of_ties(seed: int) -> None:
    """Ties broken at random 4,000 times: the mean has a standard error below 0.002."""
    rng = np.random.default_rng(seed)
    p, positive = rng.uniform(size=12).round(1), rng.random(12) < 0.5
    sure, wrong = np.maximum(p, 1 - p).round(9), np.where(p == 0.5, 0.5, (p > 0.5) != positive)
    order = np.argsort(-sure + rng.random((4000, 12)) * 1e-6, axis=1)
    curves = np.cumsum(wrong[order], axis=1) / np.arange(1, 13)
    data = one_fold(positive, p[None])
    assert score("aurc", data) == pytest.approx(curves.mean(), abs=0.008)
    kept, risk = risk_coverage_curve(data)
    np.testing.assert_allclose(risk, curves.mean(axis=0), atol=0.04)
    assert kept[-1] == 1.0
    assert risk[-1] == pytest.approx(wrong.mean())
    assert score("aurc", data) == pytest.approx(risk.mean(), abs=1e-12)


def test_aurc_of_sureness_that_says_nothing_is_the_share_of_errors() -> None:
    data = one_fold(np.array([True, False, True, True]), np.full((1, 4), 0.7))
    assert score("aurc", data) == pytest.approx(0.25)


def test_the_risk_coverage_curve_tells_no_patient() -> None:
    p = np.random.default_rng(0).uniform(size=(2, 400))
    curve = curves_of(one_fold(p[0] > 0.5, p), "response")["risk_coverage"]
    assert len(curve["x"]) == len(curve["y"]) == 50
    assert curve["x"][-1] == 1.0


def sets_of(written: list[str]) -> ResponseCases:
    ids = np.array([f"p{i}" for i in range(len(written))])
    plain = Prediction.of_response(ids, "r", np.full(len(ids), 0.5))
    marginal = ["negative"] * len(ids)
    columns = {"response_set": written, "response_set_marginal": marginal}
    prediction = Prediction(plain.patients.assign(**columns), plain.long)
    response = Response(np.arange(len(ids)) % 2 == 0, np.ones(len(ids), dtype=bool))
    return cases_of(prediction, ids, response)


def test_sets_are_read_and_counted() -> None:
    """Positive patients come first and third."""
    data = sets_of(["positive", "negative|positive", "negative", ""])
    assert (score("set_coverage", data), score("set_width", data)) == (0.5, 1.0)
    assert score("set_coverage_positive", data) == 0.5
    assert score("set_coverage_negative", data) == 0.5
    assert (score("marginal_set_coverage", data), score("marginal_set_width", data)) == (0.5, 1.0)
    assert score("marginal_set_coverage_positive", data) == 0.0
    np.testing.assert_array_equal(data.take(np.array([1])).marginal.sets, [[[True, False]]])
    with pytest.raises(DataError, match="response_set 'maybe' is none of"):
        sets_of(["maybe"])


def test_marginal_coverage_hides_a_class_and_the_figures_show_it() -> None:
    rng = np.random.default_rng(1)
    positive = np.arange(200) < 20
    covered = np.where(positive, rng.random(200) < 0.5, rng.random(200) < 0.95)
    sets = np.stack([np.where(positive, ~covered, covered), np.where(positive, covered, ~covered)], axis=-1)
    data = one_fold(positive, np.full((1, 200), 0.1), sets[None])
    metrics = compare({"stratomics": data}, "r", "response", "log_loss", 200, seed=1)["r"]
    assert metrics["set_coverage"]["estimate"] > 0.85
    assert metrics["set_coverage_positive"]["high"] < 0.9
    table = coverage_table(data, {}).set_index(["by", "level"])
    for level, name in (("positive", "set_coverage_positive"), ("negative", "set_coverage_negative")):
        assert table.loc[("class", level), "coverage"] == pytest.approx(metrics[name]["estimate"])
    assert table.loc[("all", "all"), "width"] == metrics["set_width"]["estimate"] == 1.0


def test_coverage_by_group_and_by_missing_views() -> None:
    patients = pd.DataFrame(
        {
            "sample_id": ["a", "b", "c", "d"],
            "site": ["x", "x", "y", "y"],
            "view.rna": [True, True, False, False],
            "view.cnv": [True, False, True, False],
        }
    )
    assert missing_views(patients).tolist() == [
        "none missing",
        "without cnv",
        "without rna",
        "without rna, cnv",
    ]
    data = sets_of(["positive", "positive", "negative|positive", "negative"])
    by = known_groups(patients)
    assert set(by) == {"site", "views"}
    table = coverage_table(data, by).set_index(["by", "level"])
    assert table.loc[("site", "x"), ["n", "coverage", "width"]].tolist() == [2, 0.5, 1.0]
    assert table.loc[("site", "y"), ["n", "coverage", "width"]].tolist() == [2, 1.0, 1.5]
    assert table.loc[("views", "without cnv"), "coverage"] == 0.0
    for name in by:
        assert table.loc[name, "n"].sum() == 4
    assert (table["low"] <= table["coverage"]).all()
    assert (table["coverage"] <= table["high"]).all()


def test_no_sets_no_table() -> None:
    data = one_fold(np.array([True, False]), np.array([[0.2, 0.7]]))
    assert coverage_table(data, {}).empty
    reason = compare({"stratomics": data}, "r", "response", "log_loss", 100, seed=1)["absent"]["stratomics"]
    assert reason["marginal_set_coverage"] == reason["marginal_set_width"] == reason["set_coverage"]
    assert reason["set_coverage"] == reason["set_width"] == "no sets of responses were predicted"
