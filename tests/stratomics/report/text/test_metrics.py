"""Texts on the numbers of ``metrics.json``."""

from __future__ import annotations

from typing import Any

import pytest

from stratomics.report.text.metrics import clinical_advice, comparison_sentence, verdict


@pytest.mark.parametrize(
    ("low", "high", "metric", "text"),
    [
        (-0.2, -0.1, "ibs", "better than X"),
        (0.1, 0.2, "ibs", "worse than X"),
        (0.1, 0.2, "harrell_c", "better than X"),
        (-0.2, -0.1, "harrell_c", "worse than X"),
        (-0.1, 0.2, "ibs", "no evidence of a difference from X"),
        (0.0, 0.2, "ibs", "no evidence of a difference from X"),
    ],
)
def test_the_verdict_depends_on_the_direction_of_the_metric(
    low: float, high: float, metric: str, text: str
) -> None:
    assert verdict({"estimate": (low + high) / 2, "low": low, "high": high}, metric, "X") == text


def compared(low: float, high: float) -> dict[str, Any]:
    figure = {"estimate": (low + high) / 2, "low": low, "high": high}
    names = {"clinical_cox": figure, "late_fusion": {"estimate": -0.1, "low": -0.2, "high": -0.05}}
    return {
        "endpoint": "os",
        "metric": "ibs",
        "baselines": {name: {} for name in names},
        "differences": {name: {"os": {"ibs": value}} for name, value in names.items()},
    }


@pytest.mark.parametrize(
    ("low", "high", "begins"),
    [
        (-0.2, -0.1, ""),
        (0.1, 0.2, "Use the clinical model: `stratomics predict"),
        (-0.1, 0.2, "stratomics is not shown to be better than clinical covariates."),
        (float("nan"), float("nan"), "stratomics is not shown to be better than clinical covariates."),
    ],
)
def test_the_clinical_model_is_advised_only_with_evidence(low: float, high: float, begins: str) -> None:
    text = clinical_advice(compared(low, high), covariates=True)
    assert text.startswith(begins)
    assert bool(text) == bool(begins)
    assert clinical_advice(compared(low, high), covariates=False) == ""


def test_baselines_are_grouped_by_what_their_intervals_show() -> None:
    assert comparison_sentence(compared(-0.1, 0.2)) == (
        "On IBS, stratomics: better than late fusion of the views; no evidence of a difference from clinical Cox."
    )
    assert comparison_sentence(compared(0.0, 0.2) | {"differences": {}}) == ""
