"""Of whom the models should be believed: the error among the patients they are surest of, and abstentions."""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd
from matplotlib.figure import Figure
from numpy.typing import NDArray

from models.calibration.abstention import MOST_OUTLYING
from stratomics.evaluation.cases import ResponseCases
from stratomics.evaluation.comparison import LABELS, OURS, clinical_baseline
from stratomics.evaluation.metrics.response_set_coverage import few_together, known_groups
from stratomics.evaluation.percentile_intervals import band, with_interval
from stratomics.evaluation.risk_coverage import (
    abstention_table,
    brier_among,
    brier_by_coverage,
    doubt,
    mean_over_coverage,
)
from stratomics.report.figures import COLOURS, DASHES
from stratomics.report.section import Block, Panel, Table
from stratomics.report.text.metrics import interval
from stratomics.runs.run_directory import RunDirectory

__all__ = ["abstentions", "risk_coverage"]

Array = NDArray[np.float64]

FEWEST = 10
"""Patients who must be kept, for their error to be drawn."""
HALF = 0.5
DOUBT, DISAGREE, UNLIKE = "predicted variance", "disagreement of members", "unlikeness to training"
SPREADS = ("restricted_mean_epistemic_sd", "response_entropy_epistemic", "risk_sd", "response_sd")
"""Columns of the members' disagreement, the best first; older runs have the later ones."""


def risk_coverage(run: RunDirectory) -> Panel | None:
    """Draw the Brier score among the patients kept as the least certain are set aside; None of too few patients."""
    n = len(run.evaluated)
    if n < 2 * FEWEST:
        return None
    shares = np.arange(max(5, -(-100 * FEWEST // n)), 101) / 100
    curves, ours = _curves(run, shares)
    low, high = band(ours)
    table = pd.DataFrame({"share kept": shares, "patients kept": np.round(shares * n).astype(int)} | curves)
    table.insert(3, "low", low)
    table.insert(4, "high", high)
    return Panel("risk-coverage", _draw(table), _sentence(ours, shares), table)


def abstentions(run: RunDirectory) -> list[Block]:
    """Say of how many patients the models abstain, of whom and why; nothing of runs that never did."""
    if "abstain" not in run.predictions[OURS].patients:
        return []
    abstained, strange = _abstained(run), _wide(run, "ood") > MOST_OUTLYING
    groups = {name: few_together(labels) for name, labels in _groups(run).items()}
    counts = abstention_table(abstained, strange, groups)
    who = np.where(counts["by"] == "all", "all", counts["by"] + ": " + counts["level"])
    table = counts.drop(columns=["by", "level"]).rename(
        columns={
            "n": "number",
            "unlike": "because unlike those of training",
            "unsure": "because unsure, no more",
        }
    )
    table.insert(0, "patients", who)
    table.insert(3, "share", (counts["abstained"] / counts["n"]).round(3))
    first = counts.iloc[0]
    said = (
        f"The models abstain of {first['abstained']} of {first['n']} patients: {first['unlike']} are unlike those of "
        f"training (some of these are unsure too), and of {first['unsure']} the prediction says itself that it is "
        f"unsure. {_believed(run, abstained)}"
    )
    return [said, Table("abstentions", "Of whom the models abstain in most repeats, and why", table)]


def _curves(run: RunDirectory, shares: Array) -> tuple[dict[str, Array], Array]:
    """Order -> Brier score (shares,), and (draws + 1, shares) of ours by its own doubt."""
    cases, once = run.cases[OURS], np.ones((1, len(run.evaluated)))
    ours = brier_by_coverage(cases, doubt(cases), shares, run.resamples)
    curves = {DOUBT: ours[0]}
    columns = run.predictions[OURS].patients.columns
    orders = {
        DISAGREE: next((c for c in SPREADS if c in columns), None),
        UNLIKE: "ood" if "ood" in columns else None,
    }
    for name, column in orders.items():
        if column is not None:
            curves[name] = brier_by_coverage(cases, _wide(run, column), shares, once)[0]
    if (clinic := clinical_baseline(run.cases)) is not None:
        theirs = run.cases[clinic]
        curves[LABELS[clinic]] = brier_by_coverage(theirs, doubt(theirs), shares, once)[0]
    return curves, ours


def _groups(run: RunDirectory) -> dict[str, NDArray[np.str_]]:
    """Observed class of a response, and what is known before."""
    cases, known = run.cases[OURS], known_groups(run.evaluated)
    if isinstance(cases, ResponseCases):
        return {"class": np.where(cases.positive, "positive", "negative")} | known
    return known


def _wide(run: RunDirectory, column: str) -> Array:
    """(repeats, n) of a column of ours, of the patients who are evaluated."""
    wide = run.predictions[OURS].patients.pivot(index="repeat", columns="sample_id", values=column)
    return wide[list(run.evaluated["sample_id"])].to_numpy(dtype=np.float64)


def _abstained(run: RunDirectory) -> NDArray[np.bool_]:
    return _wide(run, "abstain") > HALF


def _draw(table: pd.DataFrame) -> Figure:
    figure = Figure(figsize=(7, 3.8))
    axes = figure.add_subplot()
    share = table["share kept"]
    axes.axhline(table[DOUBT].iloc[-1], color="#999999", linewidth=1)
    axes.fill_between(share, table["low"], table["high"], color=COLOURS[0], alpha=0.15, linewidth=0)
    for place, name in enumerate(table.columns.drop(["share kept", "patients kept", "low", "high"])):
        label = f"stratomics, by {name}" if name in {DOUBT, DISAGREE, UNLIKE} else f"{name}, by {DOUBT}"
        line: dict[str, Any] = {
            "linestyle": DASHES[(place - 1) % len(DASHES)] if place else "-",
            "label": label,
        }
        axes.plot(share, table[name], color=COLOURS[place], linewidth=1.3 if place else 2.4, **line)
    axes.set_ylim(bottom=0.0)
    axes.set_xlabel("share of patients kept, the surest first")
    axes.set_ylabel("Brier score among them")
    axes.legend(frameon=False, fontsize=8, loc="center left", bbox_to_anchor=(1.0, 0.5))
    return figure


def _sentence(ours: Array, shares: Array) -> str:
    half, average = int(np.argmin(np.abs(shares - HALF))), mean_over_coverage(ours, shares)
    kept, everybody, mean = (interval(with_interval(one)) for one in (ours[:, half], ours[:, -1], average))
    gained = interval(with_interval(average - ours[:, -1]), "+")
    return (
        f"Among the {shares[half]:.0%} of patients of whom stratomics is surest (smallest {DOUBT}) the Brier score is "
        f"{kept}, among all {everybody}. Averaged over all shares kept it is {mean}, where an order that says nothing "
        f"would leave it as it is of all: a difference of {gained}. Part of that is no merit: outcomes that are rare "
        "are easy to be sure of."
    )


def _believed(run: RunDirectory, abstained: NDArray[np.bool_]) -> str:
    """Say the error among those of whom the models do not abstain, beside the others."""
    cases, weight = run.cases[OURS], run.resamples
    kept, left = (brier_among(cases, chosen, weight) for chosen in (~abstained, abstained))
    if not np.isfinite([kept[0], left[0]]).all():
        return ""
    where, elsewhere = (interval(with_interval(one)) for one in (kept, left))
    difference = interval(with_interval(kept - left), "+")
    return (
        f"The Brier score is {where} where they do not abstain and {elsewhere} where they do, a difference of "
        f"{difference}."
    )
