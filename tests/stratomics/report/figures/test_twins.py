"""The figure of a patient under several regimens: grey outside the range of training, limits of use below."""

from __future__ import annotations

import pandas as pd
import pytest

from stratomics.report.figures.style import COLOURS, GREY, style, svg
from stratomics.report.figures.twins import twin_figure

NOTE = "Model-based; causal only where the dose was randomised."


def tables(survival: bool = True) -> tuple[pd.DataFrame, pd.DataFrame, pd.DataFrame]:
    exposure = pd.DataFrame(
        {
            "patient": "p1",
            "regimen": ["low", "high"],
            "measure": "auc24_ss",
            "estimate": [300.0, 900.0],
            "low": [200.0, 600.0],
            "high": [400.0, 1200.0],
            "basis": "posterior",
            "training_low": 100.0,
            "training_high": 800.0,
            "outside": [False, True],
        }
    )
    curves = pd.DataFrame(
        {
            "regimen": ["low", "low", "high", "high"],
            "time": [10.0, 20.0] * 2,
            "survival": [0.8, 0.6, 0.9, 0.8],
            "low": [0.7, 0.5, 0.8, 0.7],
            "high": [0.9, 0.7, 1.0, 0.9],
        }
    )
    predictions = exposure.assign(endpoint="toxicity", estimate=[0.2, 0.4], low=[0.1, 0.2], high=[0.3, 0.6])
    return exposure, curves if survival else pd.DataFrame(), predictions


@pytest.mark.parametrize("survival", [True, False])
def test_a_regimen_outside_the_range_of_training_is_grey(survival: bool) -> None:
    figure = twin_figure(*tables(survival), "days", NOTE)
    left, right = figure.get_axes()
    colours = [[line.get_color() for line in axes.get_lines()] for axes in (left, right)]
    assert set(colours[0]) == set(colours[1]) == {COLOURS[0], GREY}
    assert figure.get_supxlabel() == f"Grey area: range of training. {NOTE}"
    texts = [text.get_text() for text in right.get_legend().get_texts()]
    assert texts == (["low", "high (outside the range of training)"] if survival else ["low", "high"])


def test_the_curves_and_their_bands_are_those_of_the_table() -> None:
    right = twin_figure(*tables(), "days", NOTE).get_axes()[1]
    assert [list(line.get_ydata()) for line in right.get_lines()] == [[1, 0.8, 0.6], [1, 0.9, 0.8]]
    assert len(right.collections) == 2
    assert right.get_xlabel() == "time in days"


def test_the_same_tables_give_the_same_figure() -> None:
    with style():
        assert svg(twin_figure(*tables(), "days", NOTE)) == svg(twin_figure(*tables(), "days", NOTE))
