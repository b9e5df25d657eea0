"""The report's section on time-dependent AUC: discrimination along follow-up."""

from __future__ import annotations

import numpy as np
import pandas as pd
from matplotlib.figure import Figure
from numpy.typing import NDArray

from models.survival.kaplan_meier import followed_until
from models.survival.time_unit import TimeUnit, survival_unit
from omics.cohort.endpoints import Survival
from stratomics.evaluation.cases import SurvivalCases
from stratomics.evaluation.comparison import LABELS, OURS, clinical_baseline
from stratomics.evaluation.intervals import pointwise_interval
from stratomics.evaluation.metrics.time_auc import auc_curve, auc_times
from stratomics.report.figures.line_labels import LineEnd, beside_lines, draw_methods
from stratomics.report.figures.style import COLOURS, GREY, WIDE, new_figure
from stratomics.report.figures.time_axis import time_axis
from stratomics.report.section import Block, Panel, Section
from stratomics.report.sections.horizons import horizon_blocks
from stratomics.report.text.metrics import interval
from stratomics.runs.run_directory import RunDirectory

__all__ = ["time_auc"]

Array = NDArray[np.float64]

FEWEST = 5
"""Fewest events at which an AUC is shown."""
TITLE = "Time-dependent AUC"
MEANING = (
    "The time-dependent AUC at a time compares patients who had the event by then with patients who were still free of "
    "it: it is the share of such pairs in which the patient with the event has the higher predicted risk. 0.5 is "
    "chance, 1 is perfect."
)


def time_auc(run: RunDirectory) -> Section | None:
    """Draw the saved AUC of every method over follow-up; None if there is none, as for a response."""
    curves = run.metrics.get("curves", {})
    cases = run.cases[OURS] if run.kind == Survival.kind else None
    if not isinstance(cases, SurvivalCases) or "time_auc" not in curves.get(OURS, {}):
        return None
    table = auc_table(run, cases)
    if table.empty:
        none = (
            f"The AUC is not shown: at no time have {FEWEST} patients had the event while ten are still followed with "
            "censoring weights of at most ten."
        )
        return Section("time-auc", TITLE, [MEANING, none, *horizon_blocks(run)])
    unit = run.survival.unit
    blocks: list[Block] = [
        MEANING,
        *horizon_blocks(run),
        Panel(
            "time-auc",
            "Discrimination over follow-up",
            _draw(table, unit),
            _sentence(run, table, cases),
            _named(table, unit),
        ),
    ]
    return Section("time-auc", TITLE, blocks)


def auc_table(run: RunDirectory, cases: SurvivalCases) -> pd.DataFrame:
    """AUC of each method over time.

    Only times by which five patients had the event are used, up to the last time at which ten patients are still
    followed with censoring weights of at most ten.

    Parameters
    ----------
    run
        A finished run with saved curves.
    cases
        Evaluated patients and their predictions by stratomics.

    Returns
    -------
    DataFrame
        ``time``, ``events`` by then, ``at risk``, ``low`` and ``high`` of stratomics, and one column per method.
    """
    times = auc_times(cases)
    low, high = pointwise_interval(auc_curve(cases, run.resamples))
    died = cases.event[:, None] & (cases.time[:, None] <= times)
    table = pd.DataFrame(
        {
            "time": times,
            "events": died.sum(axis=0),
            "at risk": (cases.time[:, None] > times).sum(axis=0),
            "low": low,
            "high": high,
        }
    )
    for name in run.cases:
        saved = run.metrics["curves"][name]["time_auc"]
        curve = pd.Series(saved["y"], index=pd.Index(saved["x"], dtype=np.float64), dtype=np.float64)
        # A time read back from decimals may differ in the last bit.
        table[name] = curve.reindex(times, method="nearest", tolerance=1e-9 * float(times[-1])).to_numpy()
    inside = (table["events"] >= FEWEST) & (times <= followed_until(cases.event, cases.time))
    return table[inside & table[OURS].notna()].reset_index(drop=True)


def _named(table: pd.DataFrame, unit: str) -> pd.DataFrame:
    first = {"time": f"time in {unit}", "low": "stratomics, low", "high": "stratomics, high"}
    return table.rename(columns=first | LABELS)


def _draw(table: pd.DataFrame, unit: str) -> Figure:
    figure = new_figure(WIDE, 4.2)
    axes = figure.add_subplot()
    axes.axhline(0.5, color=GREY, linewidth=1)
    axes.fill_between(table["time"], table["low"], table["high"], color=COLOURS[0], alpha=0.15, linewidth=0)
    ends = draw_methods(axes, table["time"], table[table.columns[5:]])
    axes.set_ylim(min(0.45, float(np.nanmin(table.iloc[:, 3:]))), 1.01)
    axes.set_ylabel("AUC at this time")
    time_axis(float(table["time"].max()), unit).show(axes)
    beside_lines(axes, [*ends, LineEnd("chance", 0.5, GREY)])
    return figure


def _sentence(run: RunDirectory, table: pd.DataFrame, cases: SurvivalCases) -> str:
    unit, first, last = survival_unit(run.survival), table.iloc[0], table.iloc[-1]
    parts = [f"The AUC of stratomics is {_at(first, unit)}"]
    if len(table) > 1:
        parts[0] += f" and {_at(last, unit)}"
    if (excluded := len(auc_times(cases)) - len(table)) > 0:
        parts.append(
            f"{excluded} other times, up to {unit.text(float(cases.grid[-1]))}, are excluded because too few patients "
            "had the event by then or were still followed"
        )
    return "; ".join([*parts, *_average(run)]) + "."


def _at(row: pd.Series[float], unit: TimeUnit) -> str:
    ends = {key: row[key] for key in ("low", "high")} if np.isfinite(row["low"]) else {}
    auc, counts = interval({"estimate": row[OURS], **ends}), (row["events"], row["at risk"])
    return "{} at {} ({:.0f} events by then, {:.0f} patients still free of the event)".format(
        auc, unit.text(row["time"]), *counts
    )


def _average(run: RunDirectory) -> list[str]:
    """State the saved mean over event times, and the difference from the clinical baseline."""
    metrics, endpoint = run.metrics, run.endpoint
    ours, clinical = metrics[endpoint].get("time_auc"), clinical_baseline(metrics["baselines"])
    if ours is None:
        return []
    text = f"the average over event times is {interval(ours)}"
    theirs = metrics["baselines"].get(clinical, {}).get(endpoint, {}).get("time_auc")
    if clinical is not None and theirs is not None:
        difference = metrics["differences"][clinical][endpoint]["time_auc"]
        text += (
            f", that of {LABELS[clinical]} {interval(theirs)}, and the difference {interval(difference, '+')}"
        )
    return [text]
