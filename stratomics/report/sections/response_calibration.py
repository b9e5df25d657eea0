"""Section of the report: calibration of the predicted response probabilities."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from numpy.typing import NDArray

from omics.cohort.endpoints import Response
from stratomics.evaluation.cases import ResponseCases
from stratomics.evaluation.comparison import LABELS, OURS, clinical_baseline
from stratomics.evaluation.intervals import estimate_with_interval, exact_interval, with_training_variability
from stratomics.evaluation.response_calibration import calibration_in_the_large, recalibration
from stratomics.report.figures.style import GREY, NARROW, method_lines, new_figure
from stratomics.report.section import Panel, Section
from stratomics.report.sections.response import observed_response
from stratomics.report.text.metrics import interval
from stratomics.runs.run_directory import RunDirectory

__all__ = ["calibration", "calibration_points", "draw_calibration", "points_by_method"]

Array = NDArray[np.float64]

GROUPS = 5
FEWEST = 15
"""Fewest patients of a calibration group."""


def calibration(run: RunDirectory) -> Section | None:
    """Draw predicted against observed shares; None unless the endpoint is a response."""
    if run.kind != Response.kind:
        return None
    points, clinical = points_by_method(run), clinical_baseline(run.cases)
    columns = ["mean predicted probability", "low", "observed share", "high", "patients"]
    tables = []
    for name, groups in points.items():
        table = pd.DataFrame(groups, columns=columns)
        table.insert(0, "group by prediction", [f"{LABELS[name]}, {k}" for k in range(1, len(groups) + 1)])
        tables.append(table)
    sentence = " ".join([_calibration_sentence(points[OURS]), *_calibration_figures(run, clinical)])
    figure = new_figure(NARROW, 4.8)
    draw_calibration(figure.add_subplot(), points)
    panel = Panel(
        "calibration",
        "Predicted and observed response",
        figure,
        sentence,
        pd.concat(tables, ignore_index=True),
    )
    return Section("calibration", "Calibration", [panel])


def points_by_method(run: RunDirectory) -> dict[str, list[tuple[float, float, float, float, int]]]:
    """Compute the :func:`calibration_points` of stratomics and the clinical baseline; the endpoint is a response."""
    points = {OURS: calibration_points(*observed_response(run))}
    if (clinical := clinical_baseline(run.cases)) is not None:
        points[clinical] = calibration_points(*observed_response(run, clinical))
    return points


def calibration_points(
    probability: Array, positive: NDArray[np.bool_]
) -> list[tuple[float, float, float, float, int]]:
    """Predicted and observed shares in groups of equal size, with exact binomial intervals.

    Clopper and Pearson 1934, doi 10.1093/biomet/26.4.404. There are at most 5 groups, of at least 15 patients each.

    Parameters
    ----------
    probability
        (n,) predicted probability of a positive response.
    positive
        (n,) whether the response was positive.

    Returns
    -------
    list of tuple
        (mean predicted, low, observed, high, n) of each group, lowest prediction first.

    Examples
    --------
    >>> [point] = calibration_points(np.full(20, 0.5), np.arange(20) < 10)
    >>> f"{point[0]:.2f} {point[1]:.2f} {point[2]:.2f} {point[3]:.2f} {point[4]}"
    '0.50 0.27 0.50 0.73 20'
    """
    groups = max(1, min(GROUPS, len(probability) // FEWEST))
    points = []
    for members in np.array_split(np.argsort(probability, kind="stable"), groups):
        n, k = len(members), int(positive[members].sum())
        low, high = exact_interval(k, n)
        points.append((float(probability[members].mean()), low, k / n, high, n))
    return points


def draw_calibration(axes: Axes, points: Mapping[str, list[tuple[float, float, float, float, int]]]) -> None:
    """Draw predicted against observed shares.

    Parameters
    ----------
    axes
        Where to draw.
    points
        Method -> :func:`calibration_points`.
    """
    axes.plot([0, 1], [0, 1], color=GREY, linewidth=1)
    for place, (name, line) in enumerate(method_lines(points).items()):
        mean, low, observed, high, _ = np.array(points[name]).T
        axes.vlines(mean, low, high, color=line["color"], linewidth=line["linewidth"])
        axes.plot(mean, observed, "os"[place], **line | {"linewidth": 1.0})
    axes.set_xlim(0, 1)
    axes.set_ylim(0, 1)
    axes.set_yticks(np.linspace(0, 1, 6))
    axes.set_xlabel("Mean predicted probability of the group")
    axes.set_ylabel("Share of positive patients")
    axes.legend(loc="lower left", bbox_to_anchor=(0.0, 1.0))


def _calibration_figures(run: RunDirectory, clinical: str | None) -> list[str]:
    """State slope and calibration-in-the-large of stratomics and the clinical baseline."""
    texts = []
    for name in (OURS, *([clinical] if clinical else [])):
        cases = run.cases[name]
        assert isinstance(cases, ResponseCases)
        slope, large = (
            with_training_variability(values, cases.fold)
            for values in (
                recalibration(cases, run.resamples)[:, 1],
                calibration_in_the_large(cases, run.resamples),
            )
        )
        both = (
            [f"calibration slope {interval(estimate_with_interval(slope))}"] if np.isfinite(slope[0]) else []
        )
        both.append(f"observed minus predicted share {interval(estimate_with_interval(large), '+')}")
        texts.append(f"{LABELS[name]}: {', '.join(both)}")
    return [f"{'; '.join(texts)}. A slope of 1 and a difference of 0 are best."]


def _calibration_sentence(points: list[tuple[float, float, float, float, int]]) -> str:
    inside = sum(low <= mean <= high for mean, low, _, high, _ in points)
    return (
        "The mean predicted probability lies inside the 95% interval of the observed share of positive patients "
        f"in {inside} of {len(points)} groups."
    )
