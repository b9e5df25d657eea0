"""What a person sees of a run: progress on stderr, the result on stdout."""

from __future__ import annotations

import sys
from collections.abc import Mapping
from typing import Any

from rich.console import Console
from rich.markup import escape
from rich.table import Table

from stratomics.cli.progress import ProgressBar
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
from stratomics.runs.run_directory import RunDirectory

__all__ = ["Screen"]

SHOWN = 2
"""Metrics in the table; the report has all of them."""


class Screen(ProgressBar):
    """A bar with fits and time left on a terminal, plain lines when piped; and the result."""

    def __init__(self) -> None:
        super().__init__("fitting")

    def step(self, step: FitProgress) -> None:
        """Show one more fit."""
        self.show(step.done, step.total, step.what)

    def methods(self, metrics: Mapping[str, Any], kind: str) -> None:
        """Print the table of methods, and the honest sentences."""
        # A pipe has no width of its own: 100 columns hold the table whole.
        console = Console(width=None if sys.stdout.isatty() else 100)
        if controls_fail(metrics):
            console.print(control_sentence(metrics), style="bold red", highlight=False)
        console.print(_table(metric_rows(metrics), str(metrics["metric"]), list(METRICS[kind])[:SHOWN]))
        for sentence in difference_sentences(metrics):
            console.print(sentence, style="bold", highlight=False)
        if views := view_rows(metrics):
            console.print(_ledger(views, str(metrics["metric"])))
        if not controls_fail(metrics) and (sentence := control_sentence(metrics)):
            console.print(sentence, highlight=False)

    def result(self, run: RunDirectory, config: ExperimentConfig) -> None:
        """Print the table of methods, the honest sentences, and where everything is."""
        self.methods(run.metrics, run.kind)
        print(f"report  {run.path / 'report.html'}")
        print(f"MLflow  {config.tracking.uri}  (mlflow ui --backend-store-uri {config.tracking.uri})")
        print(run.path)


def _ledger(views: list[ViewRow], metric: str) -> Table:
    table = Table(title="The ledger of views: ridge on each alone, and what is lost without it")
    table.add_column("view")
    for name in (f"alone, {find_metric(metric).label}", "gain"):
        table.add_column(name, justify="right", no_wrap=True)
    table.add_column("known to others", justify="right")
    table.add_column("verdict")
    for row in views:
        table.add_row(escape(row.view), row.alone, row.gain, row.redundancy, row.verdict)
    return table


def _table(methods: list[MetricRow], metric: str, shown: list[str]) -> Table:
    table = Table(
        title=f"Out-of-fold performance with 95% intervals; declared beforehand: {metric_label(metric)}"
    )
    table.add_column("method")
    for name in (*(find_metric(key).label for key in shown), "ours minus theirs"):
        table.add_column(name, justify="right", no_wrap=True)
    for row in methods:
        table.add_row(row.label, *(row.cells[key] for key in shown), row.difference)
    return table
