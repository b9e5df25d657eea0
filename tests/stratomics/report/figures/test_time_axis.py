"""Ticks of time are round, and inside the follow-up."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from stratomics.report.figures.time_axis import time_axis


@given(st.floats(5.0, 20_000.0), st.sampled_from(["days", "weeks", "months", "years", "cycles"]))
def test_ticks_are_round_few_and_observed(end: float, unit: str) -> None:
    axis = time_axis(end, unit)
    assert 2 <= len(axis.ticks) <= 8
    assert axis.ticks[0] == 0.0
    assert axis.at[-1] <= end * (1.0 + 1e-9)
    steps = np.diff(axis.ticks)
    np.testing.assert_allclose(steps, steps[0])
    # No tick such as 934.6: at most two digits that count in a step.
    assert float(f"{steps[0]:.2g}") == pytest.approx(steps[0])


@pytest.mark.parametrize(
    ("end", "unit", "ticks"),
    [
        (4673.0, "days", "years: 0 2 4 6 8 10 12"),
        (1100.0, "days", "months: 0 6 12 18 24 30 36"),
        (40.0, "months", "months: 0 6 12 18 24 30 36"),
        (12.0, "years", "years: 0 2 4 6 8 10 12"),
        (60.0, "days", "days: 0 10 20 30 40 50 60"),
    ],
)
def test_unit_and_ticks_follow_the_length_of_follow_up(end: float, unit: str, ticks: str) -> None:
    axis = time_axis(end, unit)
    assert f"{axis.unit.name}: {' '.join(f'{tick:g}' for tick in axis.ticks)}" == ticks
