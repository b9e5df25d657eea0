"""The report's section on time-dependent AUC: how well risk is ordered as follow-up goes on."""

from __future__ import annotations

import numpy as np
import pandas as pd
from matplotlib.figure import Figure
from numpy.typing import NDArray

from models.survival.kaplan_meier import followed_until
from omics.cohort.endpoints import Survival
from stratomics.evaluation.cases import SurvivalCases
from stratomics.evaluation.comparison import LABELS, OURS, clinical_baseline
from stratomics.evaluation.metrics.time_auc import auc_curve, auc_times
from stratomics.evaluation.percentile_intervals import band
from stratomics.report.figures import COLOURS, method_lines
from stratomics.report.section import Block, Panel, Section
from stratomics.report.text.metrics import interval
from stratomics.runs.run_directory import RunDirectory

__all__ = ["time_auc"]

Array = NDArray[np.float64]

FEWEST = 5
"""Events, below which an AUC says more of chance than of the method."""
TITLE = "Time-dependent AUC"
MEANING = (
    "The time-dependent AUC at a time is the share of pairs in the right order, of one patient who had the event by "
    "then and one who was still free of it: 0.5 is chance, 1 is perfect."
)


def time_auc(run: RunDirectory) -> Section | None:
    """Draw the saved AUC of every method over follow-up; None of another kind of endpoint, or a run that kept none."""
    curves = run.metrics.get("curves", {})
    cases = run.cases[OURS] if run.kind == Survival.kind else None
    if not isinstance(cases, SurvivalCases) or "time_auc" not in curves.get(OURS, {}):
        return None
    table = auc_table(run, cases)
    if table.empty:
        nowhere = (
            f"At no time have {FEWEST} patients had the event while ten are followed, none of whom stands for more "
            "than ten, so that no AUC over time can be drawn."
        )
        return Section("time-auc", TITLE, [MEANING, nowhere])
    unit = run.survival.unit
    blocks: list[Block] = [
        MEANING,
        Panel("time-auc", _draw(table, unit), _sentence(run, table, cases), _named(table, unit)),
    ]
    return Section("time-auc", TITLE, blocks)


def auc_table(run: RunDirectory, cases: SurvivalCases) -> pd.DataFrame:
    """``time``, ``events`` by then, ``at risk`` then, ``low`` and ``high`` of ours, and the AUC of each method.

    Only times by which five patients had the event, up to the last at which ten are followed, none of whom stands for
    more than ten.
    """
    times = auc_times(cases)
    low, high = band(auc_curve(cases, run.resamples))
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
        own = pd.Series(saved["y"], index=pd.Index(saved["x"], dtype=np.float64), dtype=np.float64)
        # Written as decimals, a time may come back one bit off.
        table[name] = own.reindex(times, method="nearest", tolerance=1e-9 * float(times[-1])).to_numpy()
    inside = (table["events"] >= FEWEST) & (times <= followed_until(cases.event, cases.time))
    return table[inside & table[OURS].notna()].reset_index(drop=True)


def _named(table: pd.DataFrame, unit: str) -> pd.DataFrame:
    first = {"time": f"time in {unit}", "low": "stratomics, low", "high": "stratomics, high"}
    return table.rename(columns=first | LABELS)


def _draw(table: pd.DataFrame, unit: str) -> Figure:
    figure = Figure(figsize=(7, 4.2))
    axes = figure.add_subplot()
    axes.axhline(0.5, color="#999999", linewidth=1)
    axes.fill_between(table["time"], table["low"], table["high"], color=COLOURS[0], alpha=0.15, linewidth=0)
    for name, line in method_lines(table.columns[5:]).items():
        # One time alone has no line.
        axes.plot(table["time"], table[name], marker="o" if len(table) == 1 else None, **line)
    axes.set_ylim(min(0.45, float(np.nanmin(table.iloc[:, 3:]))), 1.01)
    axes.set_ylabel("AUC")
    axes.set_xlabel(f"time in {unit}, and below it events by then / patients still free of it", labelpad=20)
    ticks = table.iloc[np.unique(np.linspace(0, len(table) - 1, 5).round().astype(int))]
    axes.set_xticks(ticks["time"], [f"{time:.4g}" for time in ticks["time"]])
    for _, row in ticks.iterrows():
        counts = f"{row['events']:.0f} / {row['at risk']:.0f}"
        axes.text(row["time"], -0.13, counts, transform=axes.get_xaxis_transform(), ha="center", fontsize=8)
    axes.legend(frameon=False, fontsize=8, loc="center left", bbox_to_anchor=(1.0, 0.5))
    return figure


def _sentence(run: RunDirectory, table: pd.DataFrame, cases: SurvivalCases) -> str:
    unit, first, last = run.survival.unit, table.iloc[0], table.iloc[-1]
    said = [f"The AUC of stratomics is {_at(first, unit)}"]
    if len(table) > 1:
        said[0] += f" and {_at(last, unit)}"
    if (left_out := len(auc_times(cases)) - len(table)) > 0:
        said.append(
            f"{left_out} more of its times, up to {cases.grid[-1]:.4g} {unit}, are left out, since too few had the "
            "event by then or were still followed"
        )
    return "; ".join([*said, *_average(run)]) + "."


def _at(row: pd.Series[float], unit: str) -> str:
    ends = {key: row[key] for key in ("low", "high")} if np.isfinite(row["low"]) else {}
    auc, counts = interval({"estimate": row[OURS], **ends}), (row["events"], row["at risk"])
    return "{} at {:.4g} {} ({:.0f} events by then, {:.0f} still free of it)".format(
        auc, row["time"], unit, *counts
    )


def _average(run: RunDirectory) -> list[str]:
    """Say the mean over the times of events, beside the clinic, where it was saved."""
    metrics, endpoint = run.metrics, run.endpoint
    ours, clinic = metrics[endpoint].get("time_auc"), clinical_baseline(metrics["baselines"])
    if ours is None:
        return []
    said = f"averaged over the times of events it is {interval(ours)}"
    theirs = metrics["baselines"].get(clinic, {}).get(endpoint, {}).get("time_auc")
    if clinic is not None and theirs is not None:
        difference = metrics["differences"][clinic][endpoint]["time_auc"]
        said += (
            f", that of {LABELS[clinic]} {interval(theirs)}, and the difference {interval(difference, '+')}"
        )
    return [said]
