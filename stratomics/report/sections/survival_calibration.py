"""Section of the report: calibration of the predicted survival curves."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from numpy.typing import NDArray

from models.survival.kaplan_meier import kaplan_meier
from models.survival.risk_sets import greenwood_terms
from models.survival.time_unit import survival_unit
from omics.cohort.endpoints import Survival
from stratomics.evaluation.cases import SurvivalCases
from stratomics.evaluation.comparison import LABELS, OURS, clinical_baseline
from stratomics.evaluation.intervals import log_log_interval
from stratomics.evaluation.metrics.metric import find_metric
from stratomics.report.figures.style import COLOURS, GREY, NARROW, method_lines, new_figure
from stratomics.report.section import Panel, Section
from stratomics.report.sections.survival import observed_survival, quantile_groups
from stratomics.report.text.metric_guide import CALIBRATION_GUIDE
from stratomics.report.text.metrics import interval
from stratomics.report.text.numbers import with_p_values
from stratomics.runs.run_directory import RunDirectory

__all__ = [
    "CalibrationPlot",
    "calibration",
    "calibration_figures",
    "calibration_plot",
    "calibration_points",
    "draw_calibration",
]

Array = NDArray[np.float64]


@dataclass(frozen=True)
class CalibrationPlot:
    """Predicted against observed survival at one time.

    Attributes
    ----------
    points
        (mean predicted, low, observed, high) of each group of patients by prediction.
    smooth
        Method -> predicted and observed survival along its smooth curve.
    survival
        Endpoint of the patients.
    horizon
        The time.
    """

    points: list[tuple[float, float, float, float]]
    smooth: Mapping[str, tuple[Array, Array]]
    survival: Survival
    horizon: float


def calibration(run: RunDirectory) -> Section | None:
    """Draw predicted against observed survival; None unless the endpoint is survival."""
    plot = calibration_plot(run)
    if plot is None:
        return None
    points = plot.points
    names = ["mean predicted survival", "low", "observed survival", "high"]
    table = pd.DataFrame(points, columns=names)
    table.insert(0, "patients", [f"group {number + 1} by prediction" for number in range(len(points))])
    curves = [
        pd.DataFrame({"patients": f"{LABELS[name]}, smooth", names[0]: x, names[2]: y})
        for name, (x, y) in plot.smooth.items()
    ]
    sentence = " ".join(
        [_calibration_sentence(points, plot.survival, plot.horizon), *calibration_figures(run)]
    )
    figure = new_figure(NARROW, 4.6)
    draw_calibration(figure.add_subplot(), plot)
    return Section(
        "calibration",
        "Calibration",
        [
            Panel(
                "calibration",
                "Predicted and observed survival",
                figure,
                sentence,
                pd.concat([table, *curves], ignore_index=True),
            )
        ],
    )


def calibration_plot(run: RunDirectory) -> CalibrationPlot | None:
    """Compute what the plot shows; None unless the endpoint is survival."""
    cases = run.cases[OURS]
    if not isinstance(cases, SurvivalCases):
        return None
    survival = observed_survival(run)
    # A patient predicted in several repeats is one patient: repeats are averaged first.
    predicted = 1.0 - cases.probability.mean(axis=0)
    points = calibration_points(predicted, survival, cases.horizon)
    return CalibrationPlot(points, _smooth_curves(run), survival, cases.horizon)


def _smooth_curves(run: RunDirectory) -> dict[str, tuple[Array, Array]]:
    """Predicted and observed survival, smoothed by a spline, of stratomics and the clinical baseline."""
    saved = run.metrics.get("curves", {})
    named = [
        name for name in (OURS, clinical_baseline(saved)) if name and "calibration" in saved.get(name, {})
    ]
    curves = {name: saved[name]["calibration"] for name in named}
    return {name: (1.0 - np.array(c["x"]), 1.0 - np.array(c["y"])) for name, c in curves.items()}


def calibration_figures(run: RunDirectory) -> list[str]:
    """State the saved measures of calibration of stratomics and the clinical baseline; empty if there are none."""
    metrics = run.metrics
    clinical = clinical_baseline(metrics["baselines"])
    methods = {OURS: metrics} | ({clinical: metrics["baselines"][clinical]} if clinical else {})
    texts = []
    for name, of_method in methods.items():
        figures = of_method[run.endpoint]
        keys = [key for key in ("calibration_slope", "ici", "d_calibration") if key in figures]
        if keys:
            values = [with_p_values(f"{find_metric(key).label} {interval(figures[key])}") for key in keys]
            texts.append(f"{LABELS[name]} {', '.join(values)}")
    if not texts:
        return []
    return [f"{'; '.join(texts)}. {CALIBRATION_GUIDE}"]


def draw_calibration(axes: Axes, plot: CalibrationPlot) -> None:
    """Draw predicted against observed survival at one time, in groups by prediction and as smooth curves.

    Parameters
    ----------
    axes
        Where to draw.
    plot
        What to draw.
    """
    points, smooth = plot.points, plot.smooth
    axes.plot([0, 1], [0, 1], color=GREY, linewidth=1)
    for name, line in method_lines(smooth).items():
        axes.plot(*smooth[name], **line | {"label": f"{LABELS[name]}, smooth", "linewidth": 1.5})
    for place, (mean, low, observed, high) in enumerate(points):
        label = f"{LABELS[OURS]}, groups (95%)" if place == 0 else None
        axes.plot([mean, mean], [low, high], color=COLOURS[0], linewidth=2)
        axes.plot(mean, observed, "o", color=COLOURS[0], label=label, clip_on=False)
    axes.set_xlim(0, 1)
    axes.set_ylim(0, 1)
    axes.set_xlabel(f"Predicted survival at {survival_unit(plot.survival).text(plot.horizon)}")
    axes.set_ylabel("Observed survival")
    axes.legend(loc="lower left", bbox_to_anchor=(0.0, 1.0))


def calibration_points(
    predicted: Array, survival: Survival, horizon: float
) -> list[tuple[float, float, float, float]]:
    """Predicted and observed survival in groups of equal size, with Greenwood intervals on the log-log scale.

    There are three groups, one more for every 40 patients above 120, and at most ten.

    Parameters
    ----------
    predicted
        (n,) predicted survival at `horizon`.
    survival
        Endpoint of the same patients.
    horizon
        Time at which survival is predicted.

    Returns
    -------
    list of tuple
        (mean predicted, low, observed, high) of each group.
    """
    points: list[tuple[float, float, float, float]] = []
    count = min(max(len(predicted) // 40, 3), 10)
    groups = quantile_groups(predicted, count)
    for group in range(count):
        members = groups == group
        event, time = survival.event[members], survival.time[members]
        observed = float(kaplan_meier(event, time)(np.array([horizon]))[0])
        low, high = _observed_interval(event, time, observed, horizon)
        points.append((float(predicted[members].mean()), low, observed, high))
    return points


def _observed_interval(
    event: NDArray[np.bool_], time: Array, observed: float, horizon: float
) -> tuple[float, float]:
    if observed in (0.0, 1.0):
        # No patient, or every patient, had the event: an exact binomial bound among those at risk.
        bound = 0.025 ** (1.0 / max(int((time >= horizon).sum()), 1))
        return (bound, 1.0) if observed == 1.0 else (0.0, 1.0 - bound)
    greenwood = greenwood_terms(event, time, np.unique(time[event & (time <= horizon)])).sum()
    low, high = log_log_interval(np.array([observed]), np.array([greenwood]))
    return float(low[0]), float(high[0])


def _calibration_sentence(
    points: list[tuple[float, float, float, float]], survival: Survival, horizon: float
) -> str:
    inside = sum(low <= mean <= high for mean, low, _, high in points)
    return (
        f"At {survival_unit(survival).text(horizon)}, the predicted survival lies inside "
        f"the 95% interval of the observed survival in {inside} of {len(points)} groups."
    )
