"""The report's section on decisions: what is gained by acting on a prediction, at every threshold for acting."""

from __future__ import annotations

import numpy as np
import pandas as pd
from matplotlib.figure import Figure
from numpy.typing import NDArray

from omics.cohort.endpoints import Survival
from stratomics.evaluation.cases import SurvivalCases
from stratomics.evaluation.comparison import LABELS, OURS, clinical_baseline
from stratomics.evaluation.decision_curve import net_benefit, thresholds_of, treat_all
from stratomics.evaluation.percentile_intervals import band
from stratomics.report.figures import COLOURS, DASHES, method_lines
from stratomics.report.section import Block, Panel, Section
from stratomics.runs.run_directory import RunDirectory

__all__ = ["caveats", "decision", "spans"]

Array = NDArray[np.float64]

TIE = 1e-12
CLOSE = 0.001
"""One patient in a thousand, which nobody would call a difference."""
MOST_SPANS = 4
DEFAULTS = "the better of treating all and treating none"


def decision(run: RunDirectory) -> Section:
    """Draw the net benefit of every method, and what ours gains over the default strategies and over the clinic."""
    cases = run.cases[OURS]
    what = f"an event by {cases.horizon:.4g} {run.survival.unit}" if isinstance(cases, SurvivalCases) else ""
    what = what or f"a positive {run.endpoint}"
    thresholds = thresholds_of(cases)
    curves, gains = _curves(run, thresholds), _gains(run, thresholds)
    meaning = (
        f"Suppose that whoever has a predicted probability of {what} of at least a threshold is treated, whatever "
        "treatment stands for. The net benefit is the share of all patients who are treated rightly, less the share "
        "treated in vain, weighted by the odds of the threshold: who treats at 20% holds one patient missed to be as "
        "bad as four treated in vain. A net benefit of 0.05 is worth five patients in a hundred treated rightly and "
        "none in vain."
    )
    blocks: list[Block] = [
        meaning,
        Panel("decision", _draw_curves(curves), _highest(curves), _percents(curves)),
        Panel("decision-gain", _draw_gains(gains), _gained(gains), _percents(gains)),
        *caveats(run),
    ]
    return Section("decision", "Decision curves", blocks)


def caveats(run: RunDirectory) -> list[str]:
    """Say what net benefit, Brier score and Kaplan-Meier hold of in competing risks and delayed entry."""
    if run.kind != Survival.kind:
        return []
    said = []
    if f"{run.endpoint}.cause" in run.patients:
        said.append(
            "Events are of several causes, and an event here is one of any cause: nothing is said of decisions about "
            "one cause alone."
        )
    if f"{run.endpoint}.entry" in run.patients:
        said.append(
            "Some patients came under observation late. Here they count as if followed from time 0, so that events "
            "before anybody could be seen are missing and too few are counted, for every method."
        )
    return said


def spans(thresholds: Array, where: NDArray[np.bool_]) -> str:
    """Write the thresholds that are meant, neighbours as one span; of more than four spans, how many and from where.

    Examples
    --------
    >>> spans(np.array([0.1, 0.11, 0.12, 0.2]), np.array([True, True, False, True]))
    '10% to 11% and 20%'
    """
    edges = np.flatnonzero(np.diff(np.concatenate([[False], where, [False]]).astype(int)))
    found = [(thresholds[start], thresholds[stop - 1]) for start, stop in edges.reshape(-1, 2)]
    if len(found) > MOST_SPANS:
        return f"{where.sum()} thresholds between {found[0][0]:.0%} and {found[-1][1]:.0%}"
    words = [f"{a:.0%}" if a == b else f"{a:.0%} to {b:.0%}" for a, b in found]
    return " and ".join([", ".join(words[:-1]), words[-1]] if len(words) > 1 else words)


def _curves(run: RunDirectory, thresholds: Array) -> pd.DataFrame:
    """Net benefit of every method, and of treating all and none."""
    once = np.ones((1, len(run.evaluated)))
    own = {name: net_benefit(cases, thresholds, once)[0] for name, cases in run.cases.items()}
    everybody = treat_all(run.cases[OURS], thresholds, once)[0]
    return pd.DataFrame({"threshold": thresholds} | own | {"treat all": everybody, "treat none": 0.0})


def _gains(run: RunDirectory, thresholds: Array) -> pd.DataFrame:
    """Net benefit of ours minus that of the better default and of the clinic, with bands."""
    cases, weight = run.cases[OURS], run.resamples
    ours = net_benefit(cases, thresholds, weight)
    against = {DEFAULTS: np.maximum(treat_all(cases, thresholds, weight), 0.0)}
    if (clinic := clinical_baseline(run.cases)) is not None:
        against[LABELS[clinic]] = net_benefit(run.cases[clinic], thresholds, weight)
    columns = {"threshold": thresholds}
    for name, theirs in against.items():
        low, high = band(ours - theirs)
        columns |= {f"minus {name}": (ours - theirs)[0], f"{name}, low": low, f"{name}, high": high}
    return pd.DataFrame(columns)


def _percents(table: pd.DataFrame) -> pd.DataFrame:
    shown = table.assign(threshold=[f"{threshold:.0%}" for threshold in table["threshold"]])
    return shown.rename(columns={name: LABELS.get(str(name), str(name)) for name in shown})


def _draw_curves(curves: pd.DataFrame) -> Figure:
    figure = Figure(figsize=(7, 4.2))
    axes = figure.add_subplot()
    axes.plot(curves["threshold"], curves["treat all"], color="#555555", linewidth=1, label="treat all")
    axes.plot(curves["threshold"], curves["treat none"], color="#555555", linestyle=":", label="treat none")
    for name, line in method_lines(curves.columns[1:-2]).items():
        axes.plot(curves["threshold"], curves[name], **line)
    top = max(float(np.nanmax(curves.iloc[:, 1:])), 0.02)
    # Treating all falls without end.
    axes.set_ylim(-0.25 * top, 1.1 * top)
    axes.set_xlabel("threshold probability")
    axes.set_ylabel("net benefit")
    axes.legend(frameon=False, fontsize=8, loc="center left", bbox_to_anchor=(1.0, 0.5))
    return figure


def _draw_gains(gains: pd.DataFrame) -> Figure:
    figure = Figure(figsize=(7, 3.6))
    axes = figure.add_subplot()
    axes.axhline(0.0, color="#999999", linewidth=1)
    for place, name in enumerate(_compared(gains)):
        colour, dash = COLOURS[2 * place], DASHES[0] if place else "-"
        low, high = gains[f"{name}, low"], gains[f"{name}, high"]
        axes.fill_between(gains["threshold"], low, high, color=colour, alpha=0.15, linewidth=0)
        axes.plot(
            gains["threshold"], gains[f"minus {name}"], color=colour, linestyle=dash, label=f"over {name}"
        )
    axes.set_xlabel("threshold probability")
    axes.set_ylabel("gain in net benefit")
    axes.legend(frameon=False, fontsize=8, loc="lower center", bbox_to_anchor=(0.5, 1.0))
    return figure


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
            f"At none of {drawn} does stratomics have a net benefit above those of treating all and treating none and "
            f"within {CLOSE:g} of that of the best method."
        )
    return (
        f"Of all methods, treating all and treating none, stratomics has the highest net benefit, or one within "
        f"{CLOSE:g} of it, at {highest.sum()} of {drawn}, namely at {spans(thresholds, highest)}."
    )


def _gained(gains: pd.DataFrame) -> str:
    said = "; ".join(_gain(gains, name) for name in _compared(gains))
    return f"The 95% interval of the gain of stratomics, one threshold at a time, {said}."


def _gain(gains: pd.DataFrame, name: str) -> str:
    thresholds = gains["threshold"].to_numpy(dtype=np.float64)
    above, below = (gains[f"{name}, low"] > TIE).to_numpy(), (gains[f"{name}, high"] < -TIE).to_numpy()
    said = f"over {name} lies above 0 at {spans(thresholds, above) if above.any() else 'no threshold'}"
    return said + (f" and below 0 at {spans(thresholds, below)}" if below.any() else "")
