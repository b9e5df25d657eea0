"""Every metric of the main table has a sentence on what a good value is."""

from __future__ import annotations

import pytest

from stratomics.evaluation.metrics import SHOWN
from stratomics.report.text.metric_guide import METRIC_GUIDE, guide


@pytest.mark.parametrize("kind", sorted(SHOWN))
def test_every_shown_metric_is_explained(kind: str) -> None:
    assert set(SHOWN[kind]) <= set(METRIC_GUIDE)
    sentences = guide(SHOWN[kind])
    assert len(sentences) == len(SHOWN[kind])
    assert all("perfect" in sentence and sentence.endswith(".") for sentence in sentences)


def test_metrics_without_an_entry_are_left_out() -> None:
    assert guide(["uno_c"]) == []
