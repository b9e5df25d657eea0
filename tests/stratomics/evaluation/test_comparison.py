"""Comparison of methods: estimates, differences, follow-up beyond the curves, and metrics without a value."""

from __future__ import annotations

import dataclasses
import logging

import numpy as np
import pytest
from response_cases import made_up_response
from survival_cases import exponential, made_up, with_survival

from models.prediction import Prediction
from omics.cohort.endpoints import Survival
from omics.common.errors import DataError
from stratomics.evaluation.cases import ResponseCases, cases_of
from stratomics.evaluation.comparison import compare
from stratomics.evaluation.metrics import METRICS
from stratomics.evaluation.metrics.metric import find_metric
from stratomics.evaluation.metrics.survival_calibration import d_calibration_counts
from stratomics.report.text.metrics import verdict


def test_methods_are_compared_on_the_same_resamples() -> None:
    ours, theirs = made_up(), made_up()
    worse = with_survival(
        theirs.event,
        theirs.time,
        -theirs.risk,
        theirs.fold,
        theirs.grid,
        exponential(theirs.grid, -3 * theirs.risk, 10.0),
    )
    comparison = compare(
        {"stratomics": ours, "same": theirs, "worse": worse}, "survival", "survival", "ibs", 200, seed=1
    )
    same = comparison.differences["same"]["ibs"]
    assert (same["estimate"], same["low"], same["high"]) == (0.0, 0.0, 0.0)
    assert verdict(comparison.differences["worse"]["ibs"], "ibs", "X") == "better than X"
    for key, estimate in comparison.estimates["stratomics"].items():
        if not find_metric(key).interval:
            assert set(estimate) == {"estimate"}
        else:
            assert estimate["low"] <= estimate["estimate"] <= estimate["high"], key


def test_the_json_has_the_endpoint_as_a_key() -> None:
    content = compare(
        {"stratomics": made_up(), "other": made_up(seed=1)}, "os", "survival", "ibs", 20, seed=1
    ).to_json()
    assert list(content) == [
        *("endpoint", "metric", "intervals", "os"),
        *("baselines", "differences", "absent", "curves", "beyond_training"),
    ]
    assert set(content["baselines"]["other"]["os"]) == set(content["os"])
    difference = content["os"]["ibs"]["estimate"] - content["baselines"]["other"]["os"]["ibs"]["estimate"]
    assert content["differences"]["other"]["os"]["ibs"]["estimate"] == difference


def test_the_metrics_depend_on_the_kind_of_endpoint() -> None:
    data = made_up_response()
    ours = ResponseCases(data.positive, np.tile(np.where(data.positive, 0.8, 0.2), (2, 1)), data.fold)
    worse = ResponseCases(ours.positive, 1 - ours.probability, ours.fold)
    comparison = compare({"stratomics": ours, "worse": worse}, "pcr", "response", "log_loss", 200, seed=1)
    estimates = comparison.estimates["stratomics"]
    assert set(estimates) == {"auroc", "auprc", "brier", "log_loss", "aurc"}
    assert set(comparison.absent["worse"]) == set(METRICS["response"]) - set(estimates)
    assert comparison.beyond_training is None
    assert "beyond_training" not in comparison.to_json()
    assert verdict(comparison.differences["worse"]["log_loss"], "log_loss", "X") == "better than X"


def test_follow_up_beyond_the_curves_is_counted_and_logged(caplog: pytest.LogCaptureFixture) -> None:
    data = made_up(n=50, repeats=1, ties=False)
    end = float(np.quantile(data.time, 0.8))
    steps = np.linspace(0.01, end, 50)
    ids = np.array([f"p{i}" for i in range(50)])
    prediction = Prediction.of_survival(ids, data.risk[0], steps, exponential(steps, data.risk[0], 5.0))
    outcome = Survival(data.time, data.event, np.ones(50, dtype=bool), "days")
    cases = cases_of(prediction, ids, outcome)
    with caplog.at_level(logging.INFO):
        comparison = compare({"stratomics": cases}, "survival", "survival", "ibs", 100, seed=1)
    assert comparison.beyond_training == {"patients": 10, "n": 50, "first_end": end, "last_end": end}
    assert "10 of 50 patients were followed beyond" in caplog.text
    assert all(np.isfinite(e["estimate"]) for e in comparison.estimates["stratomics"].values())
    # The curve keeps its last value, and patients with a later event count as censored at its end.
    last = exponential(steps, data.risk[0], 5.0)[:, -1]
    np.testing.assert_allclose(
        cases.survival[0][:, cases.grid > end].T, last[None] * np.ones((sum(cases.grid > end), 1))
    )
    late = data.time > end
    censored = dataclasses.replace(cases, event=data.event & ~late, time=np.minimum(data.time, end))
    one = np.ones((1, 50))
    np.testing.assert_allclose(d_calibration_counts(cases, one), d_calibration_counts(censored, one))


def test_follow_up_within_the_curves_counts_no_patient() -> None:
    comparison = compare({"stratomics": made_up()}, "survival", "survival", "ibs", 100, seed=1)
    assert comparison.beyond_training is not None
    assert comparison.beyond_training["patients"] == 0


def test_an_endpoint_without_events_is_an_error() -> None:
    data = made_up(n=40)
    without_events = dataclasses.replace(data, event=np.zeros(40, dtype=bool))
    with pytest.raises(DataError, match="no fold has two patients that can be compared"):
        compare({"stratomics": without_events}, "survival", "survival", "ibs", 100, seed=1)
