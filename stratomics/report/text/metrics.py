"""The figures of ``metrics.json`` in words, for the screen and the report alike."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from stratomics.evaluation.comparison import LABELS, OURS, verdict
from stratomics.evaluation.metrics import SHOWN
from stratomics.evaluation.metrics.metric import find_metric

__all__ = ["MetricRow", "difference_sentences", "interval", "metric_label", "rows", "shown"]


@dataclass(frozen=True)
class MetricRow:
    """One method: its name for people, each metric with its interval, and ours minus theirs."""

    label: str
    cells: Mapping[str, str]
    difference: str


def interval(figure: Mapping[str, float], sign: str = "") -> str:
    """Write an estimate with its interval, where it has one.

    Examples
    --------
    >>> interval({"estimate": 0.1234, "low": 0.1, "high": 0.15})
    '0.123 (0.100 to 0.150)'
    >>> interval({"estimate": 0.1234})
    '0.123'
    """
    estimate = f"{figure['estimate']:{sign}.3f}"
    if "low" not in figure:
        return estimate
    low, high = (f"{figure[key]:{sign}.3f}" for key in ("low", "high"))
    return f"{estimate} ({low} to {high})"


def shown(metrics: Mapping[str, Any], kind: str) -> list[str]:
    """Metrics of the main table: the one declared, and those of SHOWN for which any method has a figure."""
    figures = [metrics[metrics["endpoint"]], *(m[metrics["endpoint"]] for m in metrics["baselines"].values())]
    keys = dict.fromkeys((metrics["metric"], *SHOWN[kind]))
    return [key for key in keys if any(key in method for method in figures)]


def metric_label(metric: str) -> str:
    """Name of a metric for people, with its direction."""
    rule = find_metric(metric)
    return f"{rule.label}, {rule.direction}"


def rows(metrics: Mapping[str, Any]) -> list[MetricRow]:
    """Every method, ours first."""
    endpoint, metric = _endpoint(metrics), metrics["metric"]
    table = [MetricRow(LABELS[OURS], {k: interval(f) for k, f in metrics[endpoint].items()}, "")]
    for name, figures in metrics["baselines"].items():
        difference = metrics["differences"][name][endpoint][metric]
        cells = {key: interval(figure) for key, figure in figures[endpoint].items()}
        table.append(MetricRow(LABELS.get(name, name), cells, interval(difference, "+")))
    return table


def difference_sentences(metrics: Mapping[str, Any]) -> list[str]:
    """One sentence a baseline, on the metric declared beforehand."""
    endpoint, metric = _endpoint(metrics), metrics["metric"]
    label = find_metric(metric).label
    return [
        f"On {label}, stratomics: {verdict(figures[endpoint][metric], metric, LABELS.get(name, name))}."
        for name, figures in metrics["differences"].items()
    ]


def _endpoint(metrics: Mapping[str, Any]) -> str:
    return str(metrics["endpoint"])
