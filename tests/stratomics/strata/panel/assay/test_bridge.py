"""Deming regression: exact lines, an orthogonal-regression twin, coverage, and what is refused."""

from __future__ import annotations

import numpy as np
import pytest
from claims import at_least, repetitions

from omics.common.errors import DataError
from stratomics.strata.panel.assay.bridge import Bridge, deming


def pairs(n: int, seed: int, slope: float = 1.5) -> tuple[np.ndarray, np.ndarray]:
    rng = np.random.default_rng(seed)
    true = rng.normal(10, 2, n)
    return true + 0.5 * rng.normal(size=n), 2 + slope * true + 0.5 * rng.normal(size=n)


def test_with_equal_errors_it_is_the_first_principal_axis() -> None:
    x, y = pairs(60, 0)
    axis = np.linalg.svd(np.column_stack([x - x.mean(), y - y.mean()]), full_matrices=False)[2][0]
    line = deming(x, y)
    assert line.slope == pytest.approx(axis[1] / axis[0])
    assert line.intercept == pytest.approx(y.mean() - line.slope * x.mean())
    assert line.slope_low < line.slope < line.slope_high


def test_the_other_direction_is_the_inverse_line() -> None:
    x, y = pairs(60, 1)
    assert deming(y, x, 0.25).slope == pytest.approx(1 / deming(x, y, 4.0).slope)


def test_a_bridge_converts_values_and_keeps_what_is_not_a_number() -> None:
    x = np.arange(20.0)
    bridge = Bridge.fit(np.column_stack([x, x]), np.column_stack([2 * x + 1, x - 3]), ["a", "b"])
    converted = bridge.to_training(np.array([[1.0, np.nan], [-np.inf, 4.0]]))
    np.testing.assert_allclose(converted, [[3.0, np.nan], [-np.inf, 1.0]])
    assert Bridge.from_json(bridge.to_json()) == bridge


def test_too_few_and_unrelated_pairs_are_refused() -> None:
    x = np.arange(9.0)[:, None]
    with pytest.raises(DataError, match="'gene' has 9 samples measured on both platforms; a bridge needs 10"):
        Bridge.fit(x, x, ["gene"])
    with pytest.raises(DataError, match="'gene': values of the two platforms do not increase together"):
        deming(np.arange(12.0), -np.arange(12.0), name="gene")


@repetitions(60, 1000, quick=True)
def test_intervals_cover(repetitions: int) -> None:
    inside = 0
    for seed in range(repetitions):
        line = deming(*pairs(40, seed))
        inside += line.slope_low <= 1.5 <= line.slope_high
    assert inside >= at_least(0.93, repetitions)
