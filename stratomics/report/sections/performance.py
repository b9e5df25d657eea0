"""The report's section on performance: all methods with intervals, and differences from stratomics."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import pandas as pd

from models.survival.time_unit import survival_unit
from omics.cohort.endpoints import Survival
from stratomics.evaluation.cases import SurvivalCases
from stratomics.evaluation.comparison import LABELS
from stratomics.evaluation.intervals import Estimate
from stratomics.evaluation.metrics import DISCRIMINATION
from stratomics.evaluation.metrics.horizons import horizon_auc
from stratomics.evaluation.metrics.metric import find_metric
from stratomics.evaluation.metrics.null_model import SCALED, null_cases, scaled_scores
from stratomics.report.figures.forest import ForestRow, forest
from stratomics.report.figures.style import COLOURS, GREY
from stratomics.report.section import Block, Details, Panel, Section, Table
from stratomics.report.text.metric_guide import guide
from stratomics.report.text.metrics import (
    comparison_sentence,
    interval,
    main_metrics,
    metric_label,
    metric_rows,
)
from stratomics.runs.run_directory import RunDirectory

__all__ = ["performance"]

TIME_AUC = "time_auc"
CHANCE = {"harrell_c": 0.5, "uno_c": 0.5, "antolini_c": 0.5, "time_auc": 0.5, "auroc": 0.5}
"""Metric -> its value for predictions without information."""


NULL_LABELS = {"survival": "null model (Kaplan-Meier)", "response": "null model (prevalence)"}
"""Kind of the primary endpoint -> name of the predictions that are the same for all patients."""


def performance(run: RunDirectory) -> Section:
    """Compare all methods, and the null model, on the same patients."""
    keys = main_metrics(run.metrics, run.kind)
    blocks: list[Block] = [_table(run, keys)]
    if sentence := comparison_sentence(run.metrics):
        blocks.append(sentence)
    scaled = (
        f"Scaled {find_metric(SCALED[run.kind]).label}: share of the error of the null model that a method removes; "
        "0 is no better than the null model, 1 is perfect, below 0 is worse."
    )
    blocks.append(Details("How to read these numbers", [[*guide(keys), scaled]]))
    return Section("performance", "Performance and baselines", [*blocks, *_forests(run)])


def _table(run: RunDirectory, keys: Sequence[str]) -> Table:
    """One row per method, the null model last."""
    metrics, label = run.metrics, find_metric(run.metrics["metric"]).label
    scaled = scaled_scores(run.cases, run.resamples)
    names = ["stratomics", *metrics["baselines"]]
    at_horizon = _auc_at_horizon(run, names)
    methods = [metrics, *metrics["baselines"].values()]
    rows = [
        (
            row.label,
            *(_cell(at_horizon.get((key, name)) or method[run.endpoint].get(key), key) for key in keys),
            interval(scaled[name]),
            row.difference,
        )
        for name, row, method in zip(names, metric_rows(metrics), methods, strict=True)
    ]
    null, once = null_cases(run.cases["stratomics"]), run.resamples[:1]
    figures = [float(find_metric(key).function(null, once)[0]) for key in keys]
    nothing = [f"{figure:.{_digits(key)}f}" for key, figure in zip(keys, figures, strict=True)]
    rows.append((NULL_LABELS[run.kind], *nothing, "0", ""))
    columns = [
        "method",
        *(_column(run, key) for key in keys),
        f"scaled {find_metric(SCALED[run.kind]).label}",
        f"difference in {label}",
    ]
    table = pd.DataFrame(rows, columns=columns)
    caption = f"Out-of-fold estimates with intervals ({metrics['intervals']}); differences are stratomics minus method"
    return Table("methods", caption, table)


def _column(run: RunDirectory, key: str) -> str:
    """Name of a metric; the AUC is that at the horizon of the run."""
    if key != TIME_AUC:
        return find_metric(key).label
    return f"AUC at {survival_unit(run.survival).text(run.horizon)}"


def _digits(key: str) -> int:
    """Decimals of a metric: two of discrimination, three of errors."""
    return 2 if key in CHANCE else 3


def _cell(figure: Estimate | None, key: str) -> str:
    """Write a metric of one method."""
    if figure is None or not np.isfinite(figure["estimate"]):
        return "none"
    return interval(figure, digits=_digits(key))


def _auc_at_horizon(run: RunDirectory, names: Sequence[str]) -> dict[tuple[str, str], Estimate]:
    """Compute the AUC at the horizon of each method of a survival endpoint, in place of the average over times."""
    at, found = np.array([run.horizon]) if run.kind == Survival.kind else np.array([]), {}
    for name in names if len(at) else ():
        cases = run.cases[name]
        assert isinstance(cases, SurvivalCases)
        ((estimate, _, _),) = horizon_auc(cases, None, at, run.resamples)
        found[TIME_AUC, name] = estimate
    return found


def _forests(run: RunDirectory) -> list[Panel]:
    metrics, panels = run.metrics, []
    methods = [metrics, *metrics["baselines"].values()]
    labels = [LABELS["stratomics"], *(LABELS.get(name, name) for name in metrics["baselines"])]
    for key in dict.fromkeys((DISCRIMINATION[run.kind], metrics["metric"])):
        entries = [method[metrics["endpoint"]].get(key, {}) for method in methods]
        if find_metric(key).higher_is_better is None or not all("low" in entry for entry in entries):
            continue
        best = (max if find_metric(key).higher_is_better else min)(
            range(len(entries)), key=lambda i: entries[i]["estimate"]
        )
        sentence = f"{metric_label(key)}: {labels[best]} has the best estimate."
        table = pd.DataFrame(entries)[["estimate", "low", "high"]]
        table.insert(0, "method", labels)
        rows = [
            ForestRow(
                label,
                entry["estimate"],
                entry["low"],
                entry["high"],
                interval(entry),
                GREY if place else COLOURS[0],
            )
            for place, (label, entry) in enumerate(zip(labels, entries, strict=True))
        ]
        figure = forest(rows, metric_label(key), "estimate (95% interval)", reference=CHANCE.get(key))
        title = f"{find_metric(key).label} of every method"
        panels.append(Panel(f"forest-{key}", f"{title[0].upper()}{title[1:]}", figure, sentence, table))
    return panels
