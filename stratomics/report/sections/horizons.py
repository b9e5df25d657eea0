"""Table of survival and discrimination at a few times, such as 1, 3 and 5 years."""

from __future__ import annotations

import pandas as pd

from models.survival.time_unit import survival_unit
from stratomics.evaluation.cases import SurvivalCases
from stratomics.evaluation.comparison import LABELS, OURS, clinical_baseline
from stratomics.evaluation.follow_up import horizon_times
from stratomics.evaluation.intervals import Estimate
from stratomics.evaluation.metrics.horizons import horizon_auc, horizons
from stratomics.report.section import Block, Table
from stratomics.runs.run_directory import RunDirectory

__all__ = ["horizon_blocks"]


def horizon_blocks(run: RunDirectory) -> list[Block]:
    """Show survival, and the AUC of stratomics and of the clinical model; empty if follow-up is too short."""
    cases, clinical = run.cases[OURS], clinical_baseline(run.cases)
    if not isinstance(cases, SurvivalCases):
        return []
    unit = survival_unit(run.survival)
    times = horizon_times(run.survival, run.horizons)
    if not len(times):
        return []
    theirs = None if clinical is None else run.cases[clinical]
    other = theirs if isinstance(theirs, SurvivalCases) else None
    rows = []
    both = zip(horizons(cases, times), horizon_auc(cases, other, times, run.resamples), strict=True)
    for at, (ours, second, difference) in both:
        row = {
            "time": unit.text(at.time),
            "events by then": at.events,
            "still followed": at.at_risk,
            "survival, observed (95%)": _percent(at.survival),
            "predicted": f"{at.predicted:.0%}",
            "AUC of stratomics (95%)": _two(ours),
        }
        if clinical is not None and second is not None and difference is not None:
            row |= {
                f"AUC of {LABELS[clinical]} (95%)": _two(second),
                "difference (95%)": _two(difference, "+"),
            }
        rows.append(row)
    caption = (
        "Survival (Kaplan-Meier), mean predicted survival and area under the ROC curve at fixed times. The AUC at a "
        "time compares patients with the event by then to patients still free of it"
    )
    return [Table("horizons", caption, pd.DataFrame(rows))]


def _percent(one: Estimate) -> str:
    return f"{one['estimate']:.0%} ({one['low']:.0%} to {one['high']:.0%})"


def _two(one: Estimate, sign: str = "") -> str:
    if one["estimate"] != one["estimate"]:  # NaN
        return "not available"
    # A difference of -0.001 is written without its sign.
    text = f"{one['estimate']:{sign}.2f}".replace("-0.00", "0.00").replace("+0.00", "0.00")
    return f"{text} ({one['low']:{sign}.2f} to {one['high']:{sign}.2f})" if "low" in one else text
