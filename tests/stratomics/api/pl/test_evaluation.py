"""Plots of runs and enrichments: the numbers drawn are those of the metrics and of the threshold table."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import matplotlib.pyplot as plt
import numpy as np
import pytest
from matplotlib.figure import Figure
from saved_run import SavedRun
from trials import enrichment_result, survival_trial

from omics.common.errors import InputError
from stratomics.api.enrichment import Enrichment
from stratomics.api.pl.evaluation import calibration, forest, performance
from stratomics.api.run import Run
from stratomics.enrichment.effects.effect import Effect
from stratomics.enrichment.result import PrognosticResult
from stratomics.report.figures.forest import ratio_ticks
from stratomics.report.sections.survival_calibration import calibration_plot


@pytest.fixture(autouse=True)
def _closed() -> Iterator[None]:
    yield
    plt.close("all")


@pytest.fixture(params=["survival", "response"])
def run(request: pytest.FixtureRequest, tmp_path: Path) -> Run:
    return Run(SavedRun(tmp_path / "run").run(request.param))


@pytest.fixture
def survival_run(tmp_path: Path) -> Run:
    return Run(SavedRun(tmp_path / "run").run("survival"))


def lines(axes: Any) -> list[tuple[float, float, float]]:
    """(estimate, low, high) of each line of a forest plot."""
    spans = [
        line.get_xdata() for line in axes.lines if len(line.get_xdata()) == 2 and line.get_linewidth() == 1.8
    ]
    points = [line.get_xdata()[0] for line in axes.lines if line.get_marker() in ("o", "s")]
    return [(point, *span) for point, span in zip(points, spans, strict=True)]


def labels(axes: Any) -> list[str]:
    return [tick.get_text() for tick in axes.get_yticklabels()]


def test_calibration_on_given_axes(run: Run) -> None:
    own = Figure().add_subplot()
    assert calibration(run, ax=own) is own
    assert "stratomics" in own.get_legend().get_texts()[0].get_text()
    assert own.get_xlim() == (0, 1)
    assert not any(line.get_clip_on() for line in own.lines if line.get_marker() == "o")


def test_calibration_draws_the_points_of_the_report(survival_run: Run) -> None:
    plot = calibration_plot(survival_run.directory)
    assert plot is not None
    axes = calibration(survival_run)
    drawn = [
        (line.get_xdata()[0], line.get_ydata()[0]) for line in axes.lines if line.get_marker() in ("o", "s")
    ]
    assert drawn == [(mean, observed) for mean, _, observed, _ in plot.points]


def test_performance_is_that_of_all_methods(run: Run) -> None:
    content = run.directory.metrics
    axes = performance(run)
    assert labels(axes)[0] == "stratomics"
    ours = content["end"][content["metric"]]
    assert lines(axes)[0] == (ours["estimate"], ours["low"], ours["high"])
    assert len(lines(axes)) == 1 + len(content["baselines"])


def test_performance_on_another_metric(survival_run: Run) -> None:
    figure = survival_run.directory.metrics["end"]["harrell_c"]
    assert lines(performance(survival_run, "harrell_c"))[0][0] == figure["estimate"]


def test_forest_of_a_run_shows_paired_differences(run: Run) -> None:
    content = run.directory.metrics
    axes = forest(run)
    expected = [m["end"][content["metric"]] for m in content["differences"].values()]
    assert lines(axes) == [(one["estimate"], one["low"], one["high"]) for one in expected]
    assert "stratomics minus method" in axes.get_xlabel()
    better = "below" if content["metric"] in ("ibs", "log_loss") else "above"
    assert f"({better} 0 is better)" in axes.get_xlabel()
    table = run.compare().dropna(subset="difference")
    np.testing.assert_allclose([one[0] for one in lines(axes)], table["difference"])


def test_forest_of_an_enrichment_begins_with_all_patients() -> None:
    inside = Effect(0.5, 0.3, 0.8, 0.2)
    axes = forest(Enrichment(enrichment_result(inside)))
    assert labels(axes) == ["all patients (n = 100)", "highest 30% of benefit (n = 30)"]
    assert lines(axes)[1] == (0.5, 0.3, 0.8)
    assert axes.get_xscale() == "log"
    assert axes.get_xlabel() == "hazard ratio, treated / control\n(below 1: treatment is better)"


@pytest.mark.parametrize(
    ("low", "high", "ticks"),
    [
        (0.55, 1.7, [0.7, 1.0, 1.2, 1.5]),
        (0.25, 3.0, [0.3, 0.5, 1.0, 2.0, 3.0]),
        (0.04, 25.0, [0.05, 0.2, 1.0, 5.0, 20.0]),
        (0.1, 10.0, [0.2, 1.0, 5.0]),
        (2.2, 4.0, [3.0]),
    ],
)
def test_ticks_of_ratios_are_few_and_round(low: float, high: float, ticks: list[float]) -> None:
    assert ratio_ticks(low, high) == ticks


def test_forest_of_an_enriched_table_names_the_cut() -> None:
    trial = survival_trial(0, n=200)
    import pandas as pd

    from stratomics.api.enrichment import enrich

    table = pd.DataFrame({"time": trial.survival.time, "event": trial.survival.event})
    table["arm"] = np.where(trial.treated, "b", "a")
    table["ki67"] = np.random.default_rng(0).normal(size=200).round(2)
    found = enrich(
        table, score="ki67", arm="arm", control="a", time="time", event="event", cuts=[0.0], draws=20
    )
    axes = forest(found)
    inside = int((table["ki67"] > 0).sum())
    assert labels(axes) == ["all patients (n = 200)", f"ki67 above 0 (n = {inside})"]
    rows = found.rows
    np.testing.assert_array_equal(lines(axes), rows[["inside", "inside_low", "inside_high"]].to_numpy())
    assert len(axes.get_xticks()) >= 2


def test_wrong_arguments_are_one_sentence(survival_run: Run, acc: Any) -> None:
    for plot in (calibration, performance):
        with pytest.raises(
            InputError, match=r"a run of st\.run or st\.open_run is needed, and this is of type MuData"
        ):
            plot(acc)
    with pytest.raises(InputError, match=r"or an enrichment is needed, and this is of type MuData"):
        forest(acc)
    for plot in (performance, forest):
        with pytest.raises(
            InputError, match="no method has a metric 'harel_c' with an interval; did you mean"
        ):
            plot(survival_run, "harel_c")
    with pytest.raises(InputError, match="metric is 'ibs', and an enrichment has one measure"):
        forest(Enrichment(enrichment_result()), "ibs")
    with pytest.raises(InputError, match="a cohort of one arm, which has no effect"):
        forest(Enrichment(PrognosticResult(score="risk", follow_up=1.0, prognostic=())))
    with pytest.raises(InputError, match="ax is of type Figure"):
        calibration(survival_run, ax=Figure())  # type: ignore[arg-type]
    assert not plt.get_fignums()


def test_a_run_without_other_methods_is_one_sentence(survival_run: Run) -> None:
    survival_run.directory.metrics["differences"] = {}
    with pytest.raises(InputError, match="no other methods to compare with"):
        forest(survival_run)
