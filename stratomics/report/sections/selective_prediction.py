"""Selective prediction: the error in the patients with the most certain predictions, and abstentions."""

from __future__ import annotations

import numpy as np
import pandas as pd
from matplotlib.figure import Figure
from numpy.typing import NDArray

from models.calibration.abstention import OOD_LIMIT
from stratomics.evaluation.cases import ResponseCases
from stratomics.evaluation.comparison import LABELS, OURS, clinical_baseline
from stratomics.evaluation.coverage_tables import coverage_groups, merge_small_groups
from stratomics.evaluation.intervals import estimate_with_interval, pointwise_interval
from stratomics.evaluation.risk_coverage import (
    abstention_table,
    brier_by_coverage,
    brier_of_subset,
    mean_over_coverage,
    outcome_variance,
)
from stratomics.report.figures.style import COLOURS, DASHES, GREY, WIDE, new_figure
from stratomics.report.section import Block, Panel, Table
from stratomics.report.text.arms import with_named_arms
from stratomics.report.text.metrics import interval
from stratomics.runs.run_directory import RunDirectory

__all__ = ["abstentions", "risk_coverage"]

Array = NDArray[np.float64]

FEWEST = 10
"""Fewest retained patients for which the error is drawn."""
HALF = 0.5
VARIANCE, DISAGREEMENT, OOD = (
    "predicted variance",
    "disagreement of ensemble members",
    "out-of-distribution score",
)
SPREADS = ("restricted_mean_epistemic_sd", "response_entropy_epistemic", "risk_sd", "response_sd")
"""Columns with the disagreement of members, in order of preference; older runs have only the later ones."""


def risk_coverage(run: RunDirectory) -> Panel | None:
    """Draw the Brier score as the least certain patients are excluded; None if there are too few patients."""
    n = len(run.evaluated)
    if n < 2 * FEWEST:
        return None
    shares = np.arange(max(5, -(-100 * FEWEST // n)), 101) / 100
    curves, ours = _curves(run, shares)
    low, high = pointwise_interval(ours)
    table = pd.DataFrame(
        {"share retained": shares, "patients retained": np.round(shares * n).astype(int)} | curves
    )
    table.insert(3, "low", low)
    table.insert(4, "high", high)
    return Panel(
        "risk-coverage", "Error in the most certain patients", _draw(table), _sentence(ours, shares), table
    )


def abstentions(run: RunDirectory) -> list[Block]:
    """State for how many patients the models abstain, for whom and why; empty if abstention was not predicted."""
    if "abstain" not in run.predictions[OURS].patients:
        return []
    abstained, unlike = _wide(run, "abstain") > HALF, _wide(run, "ood") > OOD_LIMIT
    groups = {name: merge_small_groups(labels) for name, labels in _groups(run).items()}
    counts = abstention_table(abstained, unlike, groups)
    names = np.where(counts["by"] == "all", "all", counts["by"] + ": " + counts["level"])
    table = counts.drop(columns=["by", "level"]).rename(
        columns={
            "n": "number",
            "unlike": "out of distribution",
            "unsure": "uncertain prediction only",
        }
    )
    table.insert(0, "patients", names)
    table.insert(3, "share", (counts["abstained"] / counts["n"]).round(3))
    first = counts.iloc[0]
    text = (
        f"The models abstain for {first['abstained']} of {first['n']} patients: {first['unlike']} are out of "
        f"distribution (for some of them the prediction is also uncertain), and for {first['unsure']} only the "
        f"prediction is uncertain. {_error_by_abstention(run, abstained)}"
    )
    return [
        text.strip(),
        Table("abstentions", "Patients for whom the models abstain in most repeats, and why", table),
    ]


def _curves(run: RunDirectory, shares: Array) -> tuple[dict[str, Array], Array]:
    """Ordering -> Brier score (shares,), and resamples (draws + 1, shares) of stratomics by predicted variance."""
    cases, once = run.cases[OURS], np.ones((1, len(run.evaluated)))
    ours = brier_by_coverage(cases, outcome_variance(cases), shares, run.resamples)
    curves = {VARIANCE: ours[0]}
    columns = run.predictions[OURS].patients.columns
    orders = {
        DISAGREEMENT: next((c for c in SPREADS if c in columns), None),
        OOD: "ood" if "ood" in columns else None,
    }
    for name, column in orders.items():
        if column is not None:
            curves[name] = brier_by_coverage(cases, _wide(run, column), shares, once)[0]
    if (clinical := clinical_baseline(run.cases)) is not None:
        theirs = run.cases[clinical]
        curves[LABELS[clinical]] = brier_by_coverage(theirs, outcome_variance(theirs), shares, once)[0]
    return curves, ours


def _groups(run: RunDirectory) -> dict[str, NDArray[np.str_]]:
    """Observed class of a response, and groups that are known at prediction."""
    cases, known = run.cases[OURS], coverage_groups(with_named_arms(run, run.evaluated))
    if isinstance(cases, ResponseCases):
        return {"class": np.where(cases.positive, "positive", "negative")} | known
    return known


def _wide(run: RunDirectory, column: str) -> Array:
    """(repeats, n) values of a column of the predictions of stratomics for the evaluated patients."""
    wide = run.predictions[OURS].patients.pivot(index="repeat", columns="sample_id", values=column)
    return wide[list(run.evaluated["sample_id"])].to_numpy(dtype=np.float64)


def _draw(table: pd.DataFrame) -> Figure:
    figure = new_figure(WIDE, 4.8)
    axes = figure.add_subplot()
    share = table["share retained"]
    axes.axhline(table[VARIANCE].iloc[-1], color=GREY, linewidth=1)
    axes.fill_between(share, table["low"], table["high"], color=COLOURS[0], alpha=0.15, linewidth=0)
    for place, name in enumerate(table.columns.drop(["share retained", "patients retained", "low", "high"])):
        label = (
            f"stratomics, by {name}" if name in {VARIANCE, DISAGREEMENT, OOD} else f"{name}, by {VARIANCE}"
        )
        dashes = DASHES[(place - 1) % len(DASHES)] if place else "-"
        width = 1.3 if place else 2.4
        axes.plot(share, table[name], color=COLOURS[place], linewidth=width, linestyle=dashes, label=label)
    axes.set_ylim(bottom=0.0)
    axes.xaxis.set_major_formatter(lambda value, _: f"{value:.0%}")
    axes.set_xlabel("Share of patients retained, most certain first")
    axes.set_ylabel("Brier score of retained patients")
    axes.legend(loc="lower left", bbox_to_anchor=(0.0, 1.0))
    return figure


def _sentence(ours: Array, shares: Array) -> str:
    half, average = int(np.argmin(np.abs(shares - HALF))), mean_over_coverage(ours, shares)
    retained, overall, mean = (
        interval(estimate_with_interval(one)) for one in (ours[:, half], ours[:, -1], average)
    )
    gain = interval(estimate_with_interval(average - ours[:, -1]), "+")
    return (
        f"The Brier score of stratomics is {retained} in the {shares[half]:.0%} of patients with the most certain "
        f"predictions (smallest {VARIANCE}), and {overall} in all patients. Averaged over all retained shares it is "
        f"{mean}, a difference of {gain} from all patients; an uninformative ordering has a difference of 0. Part of "
        "the difference arises because rare outcomes are easy to predict with certainty."
    )


def _error_by_abstention(run: RunDirectory, abstained: NDArray[np.bool_]) -> str:
    """Compare the error in patients with and without abstention."""
    cases, weight = run.cases[OURS], run.resamples
    predicted, rejected = (brier_of_subset(cases, chosen, weight) for chosen in (~abstained, abstained))
    if not np.isfinite([predicted[0], rejected[0]]).all():
        return ""
    without, with_abstention = (interval(estimate_with_interval(one)) for one in (predicted, rejected))
    difference = interval(estimate_with_interval(predicted - rejected), "+")
    return (
        f"The Brier score is {without} in patients without abstention and {with_abstention} in patients with "
        f"abstention, a difference of {difference}."
    )
