"""The report's section on views: the performance of each view alone, and what it adds to the others."""

from __future__ import annotations

import pandas as pd

from stratomics.evaluation.metrics import DISCRIMINATION
from stratomics.evaluation.metrics.metric import find_metric
from stratomics.report.section import Section, Table
from stratomics.report.text.metrics import view_rows
from stratomics.runs.run_directory import RunDirectory

__all__ = ["view_contributions"]

MEANING = (
    "All rows use the same method: ridge regression on the leading components of each view, fitted on the same folds. "
    "It is fitted on the view alone, on clinical covariates and all views together, and on all of these except the "
    "view. The gain is the improvement when the view is added to the others; a gain above 0 is better for every "
    "metric. Redundancy is the share of the view's signal that the other views explain."
)


def view_contributions(run: RunDirectory) -> Section | None:
    """Show the contribution of each view; None if the run did not evaluate views."""
    rows = view_rows(run.metrics)
    if not rows:
        return None
    metric, rank = find_metric(run.metrics["metric"]).label, find_metric(DISCRIMINATION[run.kind]).label
    columns = ["view", f"alone, {metric}", f"alone, {rank}", f"gain, {metric}", "redundancy", "verdict"]
    table = pd.DataFrame(
        [(row.view, row.alone, row.rank, row.gain, row.redundancy, row.verdict) for row in rows],
        columns=columns,
    )
    shown = Table(
        "view_contributions", "Contribution of each view (95% intervals, patients resampled)", table
    )
    return Section("view_contributions", "Contribution of each view", [MEANING, shown])
