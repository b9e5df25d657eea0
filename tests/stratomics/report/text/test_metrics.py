"""Texts on the numbers of ``metrics.json``."""

from __future__ import annotations

import pytest

from stratomics.report.text.metrics import verdict


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
