"""Plots of an evaluation: calibration, performance of all methods, and forest plots."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING

from omics.common.errors import InputError, nearest
from stratomics.api.enrichment import Enrichment
from stratomics.api.pl.axes import drawing
from stratomics.api.run import Run
from stratomics.enrichment.result import EnrichmentResult
from stratomics.enrichment.selection.threshold_table import ThresholdRow
from stratomics.evaluation.comparison import LABELS, OURS
from stratomics.evaluation.metrics.metric import find_metric
from stratomics.report.figures.forest import ForestRow, plot_forest, values_beside
from stratomics.report.figures.style import COLOURS, GREY
from stratomics.report.sections import response_calibration, survival_calibration
from stratomics.report.sections.enrichment_figures import effect_axis
from stratomics.report.text.metrics import interval, metric_label

if TYPE_CHECKING:
    from matplotlib.axes import Axes

__all__ = ["calibration", "enrichment_of", "forest", "performance"]

Figures = Mapping[str, float]


def calibration(run: Run, *, ax: Axes | None = None) -> Axes:
    """Draw predicted against observed survival or response, from out-of-fold predictions.

    Parameters
    ----------
    run
        A run of ``st.run`` or ``st.open_run``.
    ax
        Axes to draw on; a new figure by default.

    Returns
    -------
    Axes
        Groups of patients by prediction with 95% intervals of what is observed, and the clinical baseline, as in the
        report. Survival is that at the horizon of the run.

    Raises
    ------
    InputError
        If `run` is of another type.
    """
    directory = _run(run).directory
    plot = survival_calibration.calibration_plot(directory)
    points = response_calibration.points_by_method(directory) if plot is None else {}
    with drawing(ax, (4.6, 4.6)) as axes:
        if plot is None:
            response_calibration.draw_calibration(axes, points)
        else:
            survival_calibration.draw_calibration(axes, plot)
        for line in axes.lines:
            # The frame would cut the marker of a share of 0 or 1.
            line.set_clip_on(line.get_marker() in ("None", ""))
    return axes


def performance(run: Run, metric: str | None = None, *, ax: Axes | None = None) -> Axes:
    """Draw the estimate of each method with its 95% interval, stratomics first.

    Parameters
    ----------
    run
        A run of ``st.run`` or ``st.open_run``.
    metric
        A metric of the run; its primary metric by default.
    ax
        Axes to draw on; a new figure by default.

    Returns
    -------
    Axes
        Intervals of two methods may overlap although one is better on the same patients: see :func:`forest`.

    Raises
    ------
    InputError
        If no method has this metric, or it has no interval.
    """
    metrics = _run(run).directory.metrics
    endpoint = metrics["endpoint"]
    by_method = {OURS: metrics[endpoint]} | {name: m[endpoint] for name, m in metrics["baselines"].items()}
    name, figures = _with_interval(by_method, metric or metrics["metric"])
    colours = [COLOURS[0] if method == OURS else GREY for method in figures]
    return _draw(figures, metric_label(name), colours, ax)


def forest(data: Run | Enrichment, metric: str | None = None, *, ax: Axes | None = None) -> Axes:
    """Draw differences from other methods for a run, or treatment effects for an enrichment, with 95% intervals.

    Parameters
    ----------
    data
        A run of ``st.run`` or ``st.open_run``, or an enrichment of ``st.enrich``.
    metric
        For a run: a metric; the primary one by default.
    ax
        Axes to draw on; a new figure by default.

    Returns
    -------
    Axes
        For a run, stratomics minus each method on the same patients; an interval that includes 0 is no evidence of a
        difference. For an enrichment, the effect of treatment, treated against control, in all patients, then inside
        each cut; intervals are not adjusted for the number of cuts.

    Raises
    ------
    InputError
        If `data` is of another type, the run has no such metric, or the enrichment is of one arm.
    """
    if isinstance(data, Enrichment):
        if metric is not None:
            raise InputError(
                f"metric is '{metric}', and an enrichment has one measure of effect; leave it out"
            )
        return _effects(enrichment_of(data), ax)
    metrics = _run(data, "an enrichment").directory.metrics
    differences = {name: m[metrics["endpoint"]] for name, m in metrics["differences"].items()}
    if not differences:
        raise InputError("this run has no other methods to compare with; run it with baselines")
    name, figures = _with_interval(differences, metric or metrics["metric"])
    rule = find_metric(name)
    better = (
        ""
        if rule.higher_is_better is None
        else f" ({'above' if rule.higher_is_better else 'below'} 0 is better)"
    )
    axes = _draw(figures, f"{rule.label}, stratomics minus method{better}", [COLOURS[0]] * len(figures), ax)
    axes.axvline(0.0, color=GREY, linewidth=1, zorder=0)
    return axes


def enrichment_of(data: Enrichment) -> EnrichmentResult:
    """Take the findings of an enrichment that compares arms.

    Raises
    ------
    InputError
        If `data` is of another type, or there is one arm.
    """
    if not isinstance(data, Enrichment):
        raise InputError(f"an enrichment of st.enrich is needed, and this is of type {type(data).__name__}")
    if not isinstance(data.result, EnrichmentResult):
        raise InputError("this enrichment is of a cohort of one arm, which has no effect of treatment")
    return data.result


def _effects(result: EnrichmentResult, ax: Axes | None) -> Axes:
    figures = {_cut_label(result, row): _figure(row) for row in result.rows}
    colours = [GREY, *[COLOURS[0]] * (len(figures) - 1)]
    arms = "treated / control" if result.ratio else "treated minus control"
    # Every measure of a difference has more of what is good above 0; a hazard is of an event.
    better = f"{'below 1' if result.ratio else 'above 0'}: treatment is better"
    axes = _draw(figures, f"{result.measure_label}, {arms}\n({better})", colours, ax)
    effect_axis(axes, ratio=result.ratio)
    return axes


def _draw(figures: Mapping[str, Figures], title: str, colours: Sequence[str], ax: Axes | None) -> Axes:
    """Forest plot with the numbers beside it."""
    rows = [
        ForestRow(
            LABELS.get(name, name),
            figure["estimate"],
            figure["low"],
            figure["high"],
            interval(figure),
            colour,
        )
        for (name, figure), colour in zip(figures.items(), colours, strict=True)
    ]
    with drawing(ax, (7.5, 0.9 + 0.4 * len(rows))) as axes:
        plot_forest(axes, rows, title)
        values_beside(axes, rows)
        axes.tick_params(axis="y", length=0)
    return axes


def _with_interval(
    by_method: Mapping[str, Mapping[str, Figures]], metric: str
) -> tuple[str, dict[str, Figures]]:
    """Select the estimates of a metric with their intervals, by method."""
    known = sorted({key for figures in by_method.values() for key, one in figures.items() if "low" in one})
    figures = {name: m[metric] for name, m in by_method.items() if "low" in m.get(metric, {})}
    if not figures:
        raise InputError(f"no method has a metric '{metric}' with an interval; {nearest(metric, known)}")
    return metric, figures


def _cut_label(result: EnrichmentResult, row: ThresholdRow) -> str:
    if row.cut is None:
        return f"all patients (n = {row.n:.0f})"
    # The score of a run is learned, and cut at shares; a marker is cut at raw values.
    rule = f"highest {row.cut:.0%} of {result.score}" if result.run else f"{result.score} above {row.cut:.4g}"
    return f"{rule} (n = {row.n:.0f})"


def _figure(row: ThresholdRow) -> Figures:
    return {"estimate": row.inside.estimate, "low": row.inside.low, "high": row.inside.high}


def _run(run: Run, other: str = "") -> Run:
    if not isinstance(run, Run):
        kinds = " or ".join(filter(None, ["a run of st.run or st.open_run", other]))
        raise InputError(f"{kinds} is needed, and this is of type {type(run).__name__}")
    return run
