"""The report's section on decision curves: net benefit of acting on a prediction, at every threshold."""

from __future__ import annotations

from typing import Literal

import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from numpy.typing import NDArray

from models.survival.time_unit import survival_unit
from omics.cohort.endpoints import Survival
from stratomics.evaluation.cases import SurvivalCases
from stratomics.evaluation.comparison import LABELS, OURS, clinical_baseline
from stratomics.evaluation.decision_curve import decision_thresholds, net_benefit, treat_all
from stratomics.evaluation.intervals import pointwise_interval
from stratomics.report.figures.line_labels import beside_lines, draw_methods
from stratomics.report.figures.style import COLOURS, DASHES, GREY, WIDE, new_figure
from stratomics.report.section import Block, Panel, Section
from stratomics.runs.run_directory import RunDirectory

__all__ = ["caveats", "decision_curve", "spans"]

Array = NDArray[np.float64]

TIE = 1e-12
CLOSE = 0.001
"""Difference in net benefit that is ignored: one patient in a thousand."""
MOST_SPANS = 4
"""Spans of thresholds listed in a sentence."""
DEFAULTS = "the better of treating all and treating none"


def decision_curve(run: RunDirectory) -> Section:
    """Draw the net benefit of every method, and the gain of stratomics over default strategies and clinical model."""
    cases = run.cases[OURS]
    what = (
        f"an event by {survival_unit(run.survival).text(cases.horizon)}"
        if isinstance(cases, SurvivalCases)
        else ""
    )
    what = what or f"a positive {run.endpoint}"
    thresholds = decision_thresholds(cases)
    curves, gains = _curves(run, thresholds), _gains(run, thresholds)
    meaning = (
        f"Patients are treated if their predicted probability of {what} reaches a threshold; treatment stands for any "
        "action. The net benefit is the share of patients treated correctly minus the share treated unnecessarily, "
        "weighted by the odds of the threshold. A threshold of 20% means that missing one patient is as bad as "
        "treating four unnecessarily. A net benefit of 0.05 corresponds to five of 100 patients treated correctly and "
        "none unnecessarily."
    )
    blocks: list[Block] = [
        meaning,
        Panel(
            "decision_curve",
            "Net benefit of every method",
            _draw_curves(curves),
            _highest(curves),
            _percents(curves),
        ),
        Panel(
            "decision_curve_gain",
            "Gain in net benefit of stratomics",
            _draw_gains(gains),
            _gained(gains),
            _percents(gains),
        ),
        *caveats(run),
    ]
    return Section("decision_curve", "Decision curves", blocks)


def caveats(run: RunDirectory) -> list[str]:
    """State how competing risks and delayed entry are handled."""
    if run.kind != Survival.kind:
        return []
    sentences = []
    if f"{run.endpoint}.cause" in run.patients:
        sentences.append(
            "There are competing events. An event here is an event of any cause; decisions about a single cause are "
            "not evaluated."
        )
    if f"{run.endpoint}.entry" in run.patients:
        sentences.append(
            "Some patients have delayed entry. They are treated as if followed from time 0, so that too few events are "
            "counted, for every method."
        )
    return sentences


def spans(thresholds: Array, where: NDArray[np.bool_]) -> str:
    """List thresholds, with neighbours joined into spans.

    Parameters
    ----------
    thresholds
        All thresholds, in order.
    where
        Which of them to list.

    Returns
    -------
    str
        The spans, or the number and range of thresholds if there are more than four spans.

    Examples
    --------
    >>> spans(np.array([0.1, 0.11, 0.12, 0.2]), np.array([True, True, False, True]))
    '10% to 11% and 20%'
    """
    edges = np.flatnonzero(np.diff(np.concatenate([[False], where, [False]]).astype(int)))
    ranges = [(thresholds[start], thresholds[stop - 1]) for start, stop in edges.reshape(-1, 2)]
    if len(ranges) > MOST_SPANS:
        return f"{where.sum()} thresholds between {ranges[0][0]:.0%} and {ranges[-1][1]:.0%}"
    texts = [f"{a:.0%}" if a == b else f"{a:.0%} to {b:.0%}" for a, b in ranges]
    return " and ".join([", ".join(texts[:-1]), texts[-1]] if len(texts) > 1 else texts)


def _curves(run: RunDirectory, thresholds: Array) -> pd.DataFrame:
    """Net benefit of every method, and of treating all and none."""
    once = np.ones((1, len(run.evaluated)))
    by_method = {name: net_benefit(cases, thresholds, once)[0] for name, cases in run.cases.items()}
    all_treated = treat_all(run.cases[OURS], thresholds, once)[0]
    return pd.DataFrame({"threshold": thresholds} | by_method | {"treat all": all_treated, "treat none": 0.0})


def _gains(run: RunDirectory, thresholds: Array) -> pd.DataFrame:
    """Net benefit of stratomics minus that of the better default and of the clinical baseline, with intervals."""
    cases, weight = run.cases[OURS], run.resamples
    ours = net_benefit(cases, thresholds, weight)
    against = {DEFAULTS: np.maximum(treat_all(cases, thresholds, weight), 0.0)}
    if (clinical := clinical_baseline(run.cases)) is not None:
        against[LABELS[clinical]] = net_benefit(run.cases[clinical], thresholds, weight)
    columns = {"threshold": thresholds}
    for name, theirs in against.items():
        low, high = pointwise_interval(ours - theirs)
        columns |= {f"minus {name}": (ours - theirs)[0], f"{name}, low": low, f"{name}, high": high}
    return pd.DataFrame(columns)


def _percents(table: pd.DataFrame) -> pd.DataFrame:
    shown = table.assign(threshold=[f"{threshold:.0%}" for threshold in table["threshold"]])
    return shown.rename(columns={name: LABELS.get(str(name), str(name)) for name in shown})


def _draw_curves(curves: pd.DataFrame) -> Figure:
    figure = new_figure(WIDE, 4.2)
    axes = figure.add_subplot()
    axes.plot(curves["threshold"], curves["treat all"], color=GREY, linewidth=1)
    axes.plot(curves["threshold"], curves["treat none"], color=GREY, linestyle=":")
    ends = draw_methods(axes, curves["threshold"], curves[curves.columns[1:-2]])
    top = max(float(np.nanmax(curves.iloc[:, 1:])), 0.02)
    # The curve of treating all has no lower limit.
    axes.set_ylim(-0.25 * top, 1.1 * top)
    _percent_axis(axes)
    axes.set_ylabel("Net benefit")
    beside_lines(axes, ends)
    _named(axes, "treat none", float(curves["threshold"].iloc[0]), -12, "left")
    if len(shown := curves.loc[curves["treat all"] >= 0.0, "threshold"]):
        _named(axes, "treat all", float(shown.iloc[-1]), 6, "right")
    return figure


def _draw_gains(gains: pd.DataFrame) -> Figure:
    figure = new_figure(WIDE, 3.8)
    axes = figure.add_subplot()
    axes.axhline(0.0, color=GREY, linewidth=1)
    for place, name in enumerate(_compared(gains)):
        colour, dash = COLOURS[2 * place], DASHES[0] if place else "-"
        low, high = gains[f"{name}, low"], gains[f"{name}, high"]
        axes.fill_between(gains["threshold"], low, high, color=colour, alpha=0.15, linewidth=0)
        axes.plot(
            gains["threshold"], gains[f"minus {name}"], color=colour, linestyle=dash, label=f"over {name}"
        )
    _percent_axis(axes)
    axes.set_ylabel("Gain in net benefit")
    axes.legend(loc="lower left", bbox_to_anchor=(0.0, 1.0))
    return figure


def _named(axes: Axes, name: str, at: float, points: float, side: Literal["left", "right"]) -> None:
    """Name a default strategy beside the line of no net benefit."""
    axes.annotate(name, (at, 0.0), (-4, points), textcoords="offset points", ha=side, color=GREY)


def _percent_axis(axes: Axes) -> None:
    axes.xaxis.set_major_formatter(lambda value, _: f"{value:.0%}")
    axes.set_xlabel("Threshold probability")


def _compared(gains: pd.DataFrame) -> list[str]:
    return [str(name).removeprefix("minus ") for name in gains.columns if str(name).startswith("minus ")]


def _highest(curves: pd.DataFrame) -> str:
    thresholds = curves["threshold"].to_numpy(dtype=np.float64)
    others = curves.drop(columns=["threshold", OURS]).to_numpy(dtype=np.float64)
    ours = curves[OURS].to_numpy(dtype=np.float64)
    defaults = curves[["treat all", "treat none"]].max(axis=1).to_numpy(dtype=np.float64)
    highest = (ours >= np.nanmax(others, axis=1) - CLOSE) & (ours > defaults + TIE)
    drawn = f"the {len(curves)} thresholds drawn ({thresholds[0]:.0%} to {thresholds[-1]:.0%})"
    if not highest.any():
        return (
            f"At none of {drawn} does stratomics have a higher net benefit than treating all and treating none while "
            f"being within {CLOSE:g} of the best method."
        )
    return (
        f"Among all methods, treating all and treating none, stratomics has the highest net benefit, or one within "
        f"{CLOSE:g} of it, at {highest.sum()} of {drawn}: {spans(thresholds, highest)}."
    )


def _gained(gains: pd.DataFrame) -> str:
    text = "; ".join(_gain(gains, name) for name in _compared(gains))
    return f"Pointwise 95% interval of the gain of stratomics: {text}."


def _gain(gains: pd.DataFrame, name: str) -> str:
    thresholds = gains["threshold"].to_numpy(dtype=np.float64)
    above, below = (gains[f"{name}, low"] > TIE).to_numpy(), (gains[f"{name}, high"] < -TIE).to_numpy()
    text = f"over {name}, above 0 at {spans(thresholds, above) if above.any() else 'no threshold'}"
    return text + (f" and below 0 at {spans(thresholds, below)}" if below.any() else "")
