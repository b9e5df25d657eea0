"""The report's section on performance: all methods with intervals, and differences from stratomics."""

from __future__ import annotations

import pandas as pd

from stratomics.evaluation.comparison import LABELS
from stratomics.evaluation.metrics.metric import find_metric
from stratomics.report.figures import forest
from stratomics.report.section import Panel, Section, Table
from stratomics.report.text.metrics import difference_sentences, main_metrics, metric_label, metric_rows
from stratomics.runs.run_directory import RunDirectory

__all__ = ["performance"]


def performance(run: RunDirectory) -> Section:
    """Compare all methods on the same patients."""
    return Section(
        "performance",
        "Performance and baselines",
        [_table(run), difference_sentences(run.metrics), *_forests(run)],
    )


def _table(run: RunDirectory) -> Table:
    metrics = run.metrics
    keys, label = main_metrics(metrics, run.kind), find_metric(metrics["metric"]).label
    rows = [
        (row.label, *(row.cells.get(key, "none") for key in keys), row.difference)
        for row in metric_rows(metrics)
    ]
    columns = [
        "method",
        *(find_metric(key).label for key in keys),
        f"difference in {label}, stratomics minus method",
    ]
    table = pd.DataFrame(rows, columns=columns)
    return Table("methods", f"Out-of-fold estimates with intervals ({metrics['intervals']})", table)


def _forests(run: RunDirectory) -> list[Panel]:
    metrics, panels = run.metrics, []
    methods = [metrics, *metrics["baselines"].values()]
    labels = [LABELS["stratomics"], *(LABELS.get(name, name) for name in metrics["baselines"])]
    for key in main_metrics(metrics, run.kind):
        entries = [method[metrics["endpoint"]].get(key, {}) for method in methods]
        if find_metric(key).higher_is_better is None or not all("low" in entry for entry in entries):
            continue
        best = (max if find_metric(key).higher_is_better else min)(
            range(len(entries)), key=lambda i: entries[i]["estimate"]
        )
        sentence = f"{metric_label(key)}: {labels[best]} has the best estimate."
        table = pd.DataFrame(entries)[["estimate", "low", "high"]]
        table.insert(0, "method", labels)
        panels.append(Panel(f"forest-{key}", forest(labels, entries, metric_label(key)), sentence, table))
    return panels
