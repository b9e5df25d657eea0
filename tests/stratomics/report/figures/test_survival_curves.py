"""Survival curves: what is written beside, below and inside the plot, and the same bytes each time."""

from __future__ import annotations

import numpy as np
import pytest

from omics.cohort.endpoints import Survival
from stratomics.report.figures.curve_groups import compare_groups, curve_groups
from stratomics.report.figures.style import INK, style, svg
from stratomics.report.figures.survival_curves import CurvePlot, survival_figure, survival_figures
from stratomics.report.figures.time_axis import time_axis

NAMES = ("placebo", "<i>new</i>")


def trial(n: int = 80, ratio: float = 0.5) -> tuple[Survival, np.ndarray]:
    rng = np.random.default_rng(4)
    group = rng.permutation(n) % 2
    time = rng.exponential(np.where(group == 1, 900.0 / ratio, 900.0))
    return Survival(np.minimum(time, 2500.0), time < 2500.0, np.ones(n, dtype=bool)), group


def test_text_of_a_figure() -> None:
    survival, group = trial()
    groups, compared = curve_groups(survival, group, NAMES), compare_groups(survival, group, NAMES)
    axis = time_axis(float(survival.time.max()), "days")
    with style():
        first, second = (svg(survival_figure(groups, axis, compared.lines)) for _ in range(2))
    assert first == second
    for part in (
        "Time (years)",
        ">At risk<",
        ">placebo<",
        "&lt;i&gt;new&lt;/i&gt;",
        compared.lines[1],
        ">40<",
    ):
        assert part in first
    # Text and axes follow the page, whose style may be dark.
    assert INK not in first
    assert "currentColor" in first
    assert "white" not in first


@pytest.mark.parametrize(("ratio", "side"), [(0.2, "left"), (20.0, "right")])
def test_the_text_is_in_the_corner_that_is_free(ratio: float, side: str) -> None:
    survival, group = trial(ratio=ratio)
    rows = np.flatnonzero(group == 1)
    groups = curve_groups(survival.take(rows), np.zeros(len(rows), dtype=np.int64), ("all",), ("#000000",))
    with style():
        figure = survival_figure(groups, time_axis(2500.0, "days"), ["some text"])
    (text,) = figure.axes[0].texts[-1:]
    assert text.get_text() == "some text"
    assert text.get_ha() == side


def test_plots_side_by_side() -> None:
    survival, group = trial()
    groups = curve_groups(survival, group, NAMES)
    axis = time_axis(float(survival.time.max()), "days")
    with style():
        figure = survival_figures([CurvePlot("Inside", groups), CurvePlot("Outside", groups)], axis)
        assert {"Inside", "Outside"} <= {axes.get_title(loc="left") for axes in figure.axes}
