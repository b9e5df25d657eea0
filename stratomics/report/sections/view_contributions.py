"""The report's ledger of views: what each tells alone, and what it adds to the others."""

from __future__ import annotations

import pandas as pd

from stratomics.evaluation.metrics.metric import find_metric
from stratomics.evaluation.view_contributions import RANKS
from stratomics.report.section import Section, Table
from stratomics.report.text.controls_and_views import view_rows
from stratomics.runs.run_directory import RunDirectory

__all__ = ["views"]

SAID = (
    "A ridge regression on each view's leading components, fitted on the same folds: alone; clinic and all views "
    "together; and all but that one. The gain is what having the view adds to the others, so that above zero is better "
    "whatever the metric. What the others know is the share of the view's own signal that theirs explain."
)


def views(run: RunDirectory) -> Section | None:
    """Show the ledger; None of a run that kept none."""
    rows = view_rows(run.metrics)
    if not rows:
        return None
    metric, rank = find_metric(run.metrics["metric"]).label, find_metric(RANKS[run.kind]).label
    columns = ["view", f"alone, {metric}", f"alone, {rank}", "gain", "known to the others", "verdict"]
    table = pd.DataFrame(
        [(row.view, row.alone, row.rank, row.gain, row.redundancy, row.verdict) for row in rows],
        columns=columns,
    )
    shown = Table("ledger", "What each view tells (95% intervals, patients resampled)", table)
    return Section("ledger", "The ledger of views", [SAID, shown])
