"""Names beside lines never cover one another."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st
from matplotlib.figure import Figure

from stratomics.report.figures.line_labels import apart, draw_methods


@given(st.lists(st.floats(0.0, 1.0), min_size=1, max_size=8), st.floats(0.01, 0.12))
def test_names_are_apart_and_in_order(heights: list[float], distance: float) -> None:
    placed = apart(np.array(heights), distance)
    ordered = np.sort(placed)
    assert (np.diff(ordered) >= distance - 1e-9).all()
    assert ordered[0] >= -1e-9
    higher = np.argsort(-np.array(heights), kind="stable")
    assert (np.diff(placed[higher]) < 0).all()


def test_heights_that_are_apart_stay() -> None:
    heights = np.array([0.9, 0.1, 0.5])
    np.testing.assert_array_equal(apart(heights, 0.1), heights)


def test_methods_are_named_once_and_missing_ends_are_carried_forward() -> None:
    curves = pd.DataFrame(
        {
            "stratomics": [0.6, 0.8],
            "late_fusion": [0.5, 0.7],
            "wide_deep": [0.5, 0.6],
            "clinical_cox": [0.6, np.nan],
        }
    )
    axes = Figure().add_subplot()
    ends = {end.name: end.height for end in draw_methods(axes, pd.Series([1.0, 2.0]), curves)}
    assert ends == pytest.approx({"other methods": 0.65, "clinical Cox": 0.6, "stratomics": 0.8})
    assert len(axes.lines) == 4
