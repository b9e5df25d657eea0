"""Coverage and width of response sets."""

from __future__ import annotations

import numpy as np
import pytest
from response_cases import one_fold, sets_of

from omics.common.errors import DataError
from stratomics.evaluation.cases import ResponseCases
from stratomics.evaluation.comparison import compare
from stratomics.evaluation.coverage_tables import set_coverage_table
from stratomics.evaluation.metrics.metric import find_metric


def score(name: str, data: ResponseCases) -> float:
    return float(find_metric(name).function(data, np.ones((1, len(data))))[0])


def test_sets_are_read_and_counted() -> None:
    """The first and third patient are positive."""
    data = sets_of(["positive", "negative|positive", "negative", ""])
    assert (score("set_coverage", data), score("set_width", data)) == (0.5, 1.0)
    assert score("set_coverage_positive", data) == 0.5
    assert score("set_coverage_negative", data) == 0.5
    assert (score("marginal_set_coverage", data), score("marginal_set_width", data)) == (0.5, 1.0)
    assert score("marginal_set_coverage_positive", data) == 0.0
    np.testing.assert_array_equal(data.take(np.array([1])).marginal.sets, [[[True, False]]])
    with pytest.raises(DataError, match="response_set 'maybe' is none of"):
        sets_of(["maybe"])


def test_overall_coverage_can_hide_low_coverage_of_a_class() -> None:
    rng = np.random.default_rng(1)
    positive = np.arange(200) < 20
    covered = np.where(positive, rng.random(200) < 0.5, rng.random(200) < 0.95)
    sets = np.stack([np.where(positive, ~covered, covered), np.where(positive, covered, ~covered)], axis=-1)
    data = one_fold(positive, np.full((1, 200), 0.1), sets[None])
    metrics = compare({"stratomics": data}, "r", "response", "log_loss", 200, seed=1).estimates["stratomics"]
    assert metrics["set_coverage"]["estimate"] > 0.85
    assert metrics["set_coverage_positive"]["high"] < 0.9
    table = set_coverage_table(data, {}).set_index(["by", "level"])
    for level, name in (("positive", "set_coverage_positive"), ("negative", "set_coverage_negative")):
        assert table.loc[("class", level), "coverage"] == pytest.approx(metrics[name]["estimate"])
    assert table.loc[("all", "all"), "width"] == metrics["set_width"]["estimate"] == 1.0
