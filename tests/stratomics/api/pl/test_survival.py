"""Kaplan-Meier plots: lines, bands, marks, numbers and texts, against lifelines."""

from __future__ import annotations

import itertools
import re
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import matplotlib.pyplot as plt
import numpy as np
import pandas as pd
import pytest
from lifelines import CoxPHFitter, KaplanMeierFitter
from lifelines.statistics import logrank_test
from matplotlib.figure import Figure
from saved_run import SavedRun

from omics.cohort.read import read_cohort
from omics.common.errors import InputError
from stratomics.api.pl.survival import km
from stratomics.api.run import Run
from stratomics.report.figures.style import svg

# lifelines uses interfaces that pandas deprecates.
pytestmark = pytest.mark.filterwarnings("ignore:::lifelines")


@pytest.fixture(autouse=True)
def _closed() -> Iterator[None]:
    yield
    plt.close("all")


@pytest.fixture
def table() -> pd.DataFrame:
    rng = np.random.default_rng(3)
    arm = np.where(rng.permutation(90) % 2, "new", "old")
    time = np.ceil(100 * rng.exponential(np.where(arm == "new", 12.0, 7.0))) / 10
    return pd.DataFrame(
        {"months": time, "died": rng.random(90) < 0.7, "arm": pd.Categorical(arm, ["old", "new"])}
    )


def title(axes: Any) -> str:
    return str(axes.get_legend().get_title().get_text())


def test_lines_and_bands_are_those_of_lifelines(table: pd.DataFrame) -> None:
    own = Figure().add_subplot()
    assert km(table, "arm", time="months", event="died", unit="months", ax=own) is own
    lines = [line for line in own.lines if line.get_drawstyle() == "steps-post"]
    for line, band, name in zip(lines, own.collections, ("old", "new"), strict=True):
        part = table[table["arm"] == name]
        oracle = KaplanMeierFitter().fit(part["months"], part["died"])
        times = line.get_xdata()
        np.testing.assert_allclose(line.get_ydata(), oracle.survival_function_at_times(times), atol=1e-12)
        ends = oracle.confidence_interval_survival_function_.to_numpy()
        corners = band.get_paths()[0].vertices
        assert corners[:, 0].max() == part["months"].max()
        low, high = np.nanmin(ends[:, 0]), np.nanmax(ends[ends[:, 1] < 1, 1])
        assert np.isclose(corners[:, 1], low).any()
        assert np.isclose(corners[:, 1], high).any()


def test_marks_are_at_the_times_of_censoring(table: pd.DataFrame) -> None:
    axes = km(table, time="months", event="died")
    (marks,) = (line for line in axes.lines if line.get_marker() == "|")
    np.testing.assert_array_equal(marks.get_xdata(), np.sort(table.loc[~table["died"], "months"]))
    oracle = KaplanMeierFitter().fit(table["months"], table["died"])
    np.testing.assert_allclose(
        marks.get_ydata(), oracle.survival_function_at_times(marks.get_xdata()), atol=1e-12
    )


def test_ratio_and_test_are_those_of_lifelines(table: pd.DataFrame) -> None:
    axes = km(table, "arm", time="months", event="died")
    new = (table["arm"] == "new").to_numpy()
    frame = pd.DataFrame({"new": new * 1.0, "t": table["months"], "e": table["died"]})
    cox = CoxPHFitter().fit(frame, "t", "e")
    low, high = np.exp(cox.confidence_intervals_).to_numpy()[0]
    p = logrank_test(
        *(table.loc[g, "months"] for g in (new, ~new)), *(table.loc[g, "died"] for g in (new, ~new))
    )
    assert title(axes).split("\n") == [
        "arm",
        "Hazard ratio, new to old:",
        f"{cox.hazard_ratios_['new']:.2f} (95% {low:.2f} to {high:.2f})",
        f"Log-rank p = {p.p_value:.2g}",
    ]
    names = [text.get_text() for text in axes.get_legend().get_texts()]
    assert names == [f"old (n = {(~new).sum()})", f"new (n = {new.sum()})"]


def test_numbers_at_risk_are_counts(table: pd.DataFrame) -> None:
    axes = km(table, "arm", time="months", event="died", unit="months")
    texts = [text.get_text() for text in axes.texts]
    ticks = [float(tick.get_text()) for tick in axes.get_xticklabels()]
    rows = [
        str((table.loc[table["arm"] == name, "months"] >= tick).sum())
        for name in ("old", "new")
        for tick in ticks
    ]
    assert texts == ["At risk", "old", *rows[: len(ticks)], "new", *rows[len(ticks) :]]
    assert all(tick % 6 == 0 for tick in ticks)


def test_three_groups_have_a_test_and_no_ratio(acc: Any) -> None:
    axes = km(acc, "stage", unit="years")
    assert re.fullmatch(r"stage\nLog-rank p < 0\.001", title(axes))
    assert axes.get_title(loc="left") == "2 patients without 'stage' left out"
    assert axes.get_xlabel() == "time in years"


def test_one_curve_has_no_test(acc: Any) -> None:
    axes = km(acc)
    assert [text.get_text() for text in axes.get_legend().get_texts()] == ["all patients (n = 92)"]
    assert title(axes) == ""
    assert axes.get_xlabel() == "time in days"


def test_a_ratio_that_is_not_finite_is_named() -> None:
    table = pd.DataFrame({"t": [1.0, 2.0, 3.0, 4.0], "e": [1, 1, 0, 0], "g": ["a", "a", "b", "b"]})
    assert "Hazard ratio, b to a:\nnot estimable" in title(km(table, "g", time="t", event="e"))


def test_no_events_at_all() -> None:
    table = pd.DataFrame({"t": [1.0, 2.0, 3.0], "e": 0, "g": ["a", "b", "b"]})
    axes = km(table, "g", time="t", event="e")
    assert title(axes) == "g\nHazard ratio, b to a:\nnot estimable"
    assert all((line.get_ydata() == 1).all() for line in axes.lines)


@pytest.mark.parametrize("by", ["stage", None])
@pytest.mark.parametrize("layout", ["constrained", "tight"])
def test_panels_do_not_cover_curves_or_each_other(acc: Any, by: str | None, layout: Any) -> None:
    figure = Figure(figsize=(10, 4.5), layout=layout)
    panels = list(figure.subplots(1, 3))
    for axes in panels:
        km(acc, by, ax=axes)
    figure.draw_without_rendering()
    boxes = [axes.get_tightbbox() for axes in panels]
    assert all(one.x1 <= other.x0 for one, other in itertools.pairwise(boxes))
    for axes, box in zip(panels, boxes, strict=True):
        legend = axes.get_legend().get_window_extent()
        assert box.y0 >= 0
        assert not legend.overlaps(axes.bbox)
        assert not any(legend.overlaps(text.get_window_extent()) for text in axes.texts)
        assert axes.get_title(loc="left") == ""
    if by:
        assert "2 patients without 'stage' left out" in title(panels[0])


def test_thirds_of_risk_have_no_p_value(tmp_path: Path) -> None:
    run = Run(SavedRun(tmp_path / "run").run("survival"))
    assert title(km(run, "risk")) == "risk"
    assert "Log-rank" in title(km(run, "site"))


def test_delayed_entry_changes_the_curve(table: pd.DataFrame) -> None:
    table["entry"] = np.where(np.arange(90) % 2, table["months"] / 2, 0.0)
    late = km(table, time="months", event="died", entry="entry")
    line = late.lines[0]
    oracle = KaplanMeierFitter().fit(table["months"], table["died"], entry=table["entry"])
    times = line.get_xdata()[:-1]
    np.testing.assert_allclose(line.get_ydata()[:-1], oracle.survival_function_at_times(times), atol=1e-10)
    at_zero = [text.get_text() for text in late.texts][1]
    assert at_zero == "45"


def test_the_input_is_not_changed(table: pd.DataFrame, write_small: Callable[..., Path]) -> None:
    before = table.copy()
    km(table, "arm", time="months", event="died")
    pd.testing.assert_frame_equal(table, before)
    cohort = read_cohort(write_small())
    obs = cohort.obs.copy()
    km(cohort, "stage")
    pd.testing.assert_frame_equal(cohort.obs, obs)


def test_the_same_data_give_the_same_picture(table: pd.DataFrame) -> None:
    def picture() -> str:
        axes = Figure().add_subplot()
        km(table, "arm", time="months", event="died", ax=axes)
        return re.sub(r'id="\w+"|#\w+', "", svg(axes.figure))

    assert picture() == picture()


def test_names_with_markup_and_dollars_are_shown_as_they_are() -> None:
    table = pd.DataFrame({"t": [1.0, 2.0], "e": 1, "g": ["$x^$", "<b>"]})
    axes = km(table, "g", time="t", event="e")
    axes.figure.canvas.draw()
    assert not any(text.get_parse_math() for text in axes.texts)


@pytest.mark.parametrize(
    ("call", "sentence"),
    [
        (lambda t, c: km(t, "arm"), "give time= and event="),
        (lambda t, c: km(t, "arms", time="months", event="died"), "no column 'arms'; did you mean 'arm'"),
        (lambda t, c: km(t, time="months", event="died", endpoint="x"), "endpoint= is for a cohort"),
        (lambda t, c: km(c, time="time"), "time= is for a data frame"),
        (lambda t, c: km(c, endpoint="surviva"), "did you mean 'survival'"),
        (lambda t, c: km(c, unit="year"), "did you mean 'years'"),
        (lambda t, c: km(c, "risk"), r"draw it from a run: st\.pl\.km\(run, 'risk'\)"),
        (lambda t, c: km(c, f"mrna:{c['mrna'].var_names[0]}"), "is a feature, which has no groups"),
        (lambda t, c: km(c, str(c["mrna"].var_names[0])), "is a feature, which has no groups"),
        (lambda t, c: km(c, ["stage"]), "by is of type list; give the name of one column"),
        (lambda t, c: km([1, 2]), "a cohort is needed, and this is of type list"),
        (lambda t, c: km(c, ax=plt), "ax is of type module"),
    ],
)
def test_wrong_arguments_are_one_sentence(table: pd.DataFrame, acc: Any, call: Any, sentence: str) -> None:
    with pytest.raises(InputError, match=sentence):
        call(table, acc)
    assert not plt.get_fignums()
