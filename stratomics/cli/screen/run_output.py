"""Output of a run on a terminal: progress on stderr, the result on stdout."""

from __future__ import annotations

import sys
from collections.abc import Mapping
from typing import Any

from rich.console import Console
from rich.markup import escape
from rich.table import Table

from stratomics.cli.screen.progress import ProgressBar
from stratomics.config import ExperimentConfig
from stratomics.evaluation.metrics import METRICS
from stratomics.evaluation.metrics.metric import find_metric
from stratomics.experiment.run_experiment import FitProgress
from stratomics.report.text.metrics import (
    MetricRow,
    ViewRow,
    control_sentence,
    controls_fail,
    difference_sentences,
    metric_label,
    metric_rows,
    view_rows,
)
from stratomics.report.text.run_facts import advice
from stratomics.runs.run_directory import RunDirectory

__all__ = ["RunOutput"]

SHOWN = 2
"""Number of metrics in the table; the report has all of them."""


class RunOutput(ProgressBar):
    """Progress of the fits, and the result of a run."""

    def __init__(self) -> None:
        super().__init__("fitting")

    def step(self, step: FitProgress) -> None:
        """Show that one more fit is done."""
        self.show(step.done, step.total, step.what)

    def methods(self, metrics: Mapping[str, Any], kind: str, advice: str = "") -> None:
        """Print the table of methods and the comparisons in words."""
        # A pipe has no width; 100 columns are enough for the table.
        console = Console(width=None if sys.stdout.isatty() else 100)
        if controls_fail(metrics):
            console.print(control_sentence(metrics), style="bold red", highlight=False)
        console.print(_table(metric_rows(metrics), str(metrics["metric"]), list(METRICS[kind])[:SHOWN]))
        for sentence in difference_sentences(metrics):
            console.print(sentence, style="bold", highlight=False)
        if advice:
            console.print(advice, style="bold", highlight=False)
        if views := view_rows(metrics):
            console.print(_view_table(views, str(metrics["metric"])))
            for verdict in dict.fromkeys(row.verdict for row in views):
                names = ", ".join(row.view for row in views if row.verdict == verdict)
                console.print(f"{names}: {verdict}", highlight=False, markup=False)
        if not controls_fail(metrics) and (sentence := control_sentence(metrics)):
            console.print(sentence, highlight=False)

    def result(self, run: RunDirectory, config: ExperimentConfig) -> None:
        """Print the table of methods, the comparisons in words, and the places of all files."""
        self.methods(run.metrics, run.kind, advice(run))
        print(f"report  {run.path / 'report.html'}")
        print(f"MLflow  {config.tracking.uri}  (mlflow ui --backend-store-uri {config.tracking.uri})")
        print(run.path)


def _view_table(views: list[ViewRow], metric: str) -> Table:
    table = Table(
        title="Contribution of each view: ridge on the view alone, and the gain from adding it to all others"
    )
    table.add_column("view")
    for name in (f"alone, {find_metric(metric).label}", "gain"):
        table.add_column(name, justify="right", no_wrap=True)
    table.add_column("redundancy", justify="right")
    for row in views:
        table.add_row(escape(row.view), row.alone, row.gain, row.redundancy)
    return table


def _table(methods: list[MetricRow], metric: str, shown: list[str]) -> Table:
    table = Table(title=f"Out-of-fold performance with 95% intervals; primary metric: {metric_label(metric)}")
    table.add_column("method")
    for name in (*(find_metric(key).label for key in shown), "stratomics minus method"):
        table.add_column(name, justify="right", no_wrap=True)
    for row in methods:
        table.add_row(row.label, *(row.cells[key] for key in shown), row.difference)
    return table
