"""The report's section on discrimination of a response: ROC and precision-recall curves."""

from __future__ import annotations

import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from omics.cohort.endpoints import Response
from stratomics.evaluation.comparison import LABELS, OURS, clinical_baseline
from stratomics.evaluation.metrics.response_curves import ResponseCurves, response_curves
from stratomics.report.figures.style import COLOURS, DASHES, GREY, WIDE, LineDash, new_figure
from stratomics.report.section import Panel, Section
from stratomics.report.sections.response import observed_response
from stratomics.report.text.metrics import interval
from stratomics.runs.run_directory import RunDirectory

__all__ = ["discrimination"]

STYLES: tuple[tuple[str, LineDash], ...] = ((COLOURS[0], "-"), (COLOURS[2], DASHES[0]))
"""Colour and dash of stratomics and of the clinical model."""
FEWEST = 10
"""Fewest patients above a threshold at which precision is drawn."""
TITLE = "ROC and precision-recall curves"


def discrimination(run: RunDirectory) -> Section | None:
    """Draw both curves of stratomics and the clinical model; None unless the response has both classes."""
    if run.kind != Response.kind:
        return None
    _, positive = observed_response(run)
    if positive.all() or not positive.any():
        return None
    names = [OURS, *filter(None, [clinical_baseline(run.cases)])]
    curves = {}
    for name in names:
        probability, _ = observed_response(run, name)
        curves[name] = response_curves(positive, probability)
    sentence = (
        f"{'; '.join(_figures(run, name) for name in names)}. A ROC curve on the diagonal, and a precision equal to "
        f"the share of positive patients ({positive.mean():.0%}), are chance. Precision is drawn from "
        f"{FEWEST} patients on. Curves use the mean of the out-of-fold probabilities over the repeats; the estimates "
        "compare patients within a fold and may differ from their areas."
    )
    figure = _draw(curves, float(positive.mean()), len(positive))
    panel = Panel("response-curves", TITLE, figure, sentence, _table(curves))
    return Section("discrimination", "Discrimination", [panel])


def _draw(curves: dict[str, ResponseCurves], prevalence: float, n: int) -> Figure:
    figure = new_figure(WIDE, 4.2)
    roc, precision = figure.subplots(1, 2)
    roc.plot([0, 1], [0, 1], color=GREY, linewidth=0.9)
    precision.axhline(prevalence, color=GREY, linewidth=0.9)
    for (name, one), (colour, dash) in zip(curves.items(), STYLES, strict=False):
        drawn = {"color": colour, "linestyle": dash, "linewidth": 2.0, "label": LABELS.get(name, name)}
        roc.plot(one.false_positive, one.sensitivity, **drawn)
        # The precision of a few patients says little, and its spikes would cover the axis.
        enough = one.recall * prevalence * n >= FEWEST * one.precision
        precision.step(one.recall[enough], one.precision[enough], where="pre", **drawn)
    _label(roc, "1 - specificity", "Sensitivity")
    _label(precision, "Recall (sensitivity)", "Precision")
    roc.legend(loc="lower right")
    return figure


def _label(axes: Axes, x: str, y: str) -> None:
    axes.set_xlim(0, 1)
    axes.set_ylim(0, 1.02)
    for axis in (axes.xaxis, axes.yaxis):
        axis.set_major_formatter(lambda value, _: f"{value:.0%}")
    axes.set_xlabel(x)
    axes.set_ylabel(y)


def _figures(run: RunDirectory, name: str) -> str:
    figures = (run.metrics if name == OURS else run.metrics["baselines"][name])[run.endpoint]
    known = {"auroc": "AUROC", "auprc": "average precision"}
    texts = [f"{label} {interval(figures[key])}" for key, label in known.items() if key in figures]
    return f"{LABELS.get(name, name)}: {', '.join(texts)}"


def _table(curves: dict[str, ResponseCurves]) -> pd.DataFrame:
    parts = [
        pd.DataFrame(
            {
                "method": LABELS.get(name, name),
                "1 - specificity": one.false_positive,
                "sensitivity": one.sensitivity,
                "precision": one.precision,
            }
        )
        for name, one in curves.items()
    ]
    return pd.concat(parts, ignore_index=True)
