"""The numbers of ``metrics.json`` in words: methods, differences, views and negative controls."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from statistics import fmean
from typing import Any

from stratomics.evaluation.comparison import LABELS, OURS, clinical_baseline
from stratomics.evaluation.metrics import SHOWN
from stratomics.evaluation.metrics.metric import find_metric

__all__ = [
    "MetricRow",
    "ViewRow",
    "clinical_advice",
    "comparison_sentence",
    "control_sentence",
    "controls_fail",
    "difference_sentences",
    "interval",
    "main_metrics",
    "metric_label",
    "metric_rows",
    "verdict",
    "view_rows",
]

CHANCE = 0.5
"""Expected concordance or AUROC without signal."""

VIEW_LABELS = {"clinic (covariates)": "clinical covariates"}
"""Name of a view in ``metrics.json`` -> its name in texts."""

VIEW_VERDICTS = {
    "hurts: the others do better without it": "harmful: the other views do better without it",
    "no evidence that it tells anything": "no evidence that it is informative",
    "tells something, most of which the others know too": "informative alone, but mostly redundant with the others",
    "tells something alone; no evidence that it adds to the others": (
        "informative alone; no evidence that it adds to the others"
    ),
}
"""Verdict on a view in ``metrics.json`` -> how texts word it; other verdicts are shown as they are."""


@dataclass(frozen=True)
class MetricRow:
    """One method.

    Attributes
    ----------
    label
        Name of the method in texts.
    cells
        Metric -> estimate with its interval.
    difference
        stratomics minus this method, with its interval; empty for stratomics itself.
    """

    label: str
    cells: Mapping[str, str]
    difference: str


@dataclass(frozen=True)
class ViewRow:
    """The contribution of one view.

    Attributes
    ----------
    view
        Name of the view.
    alone, rank
        Declared metric, and concordance or AUROC, of the view alone.
    gain
        Improvement of the declared metric when the view is added to all others.
    redundancy
        Share of the view's signal that the other views explain.
    verdict
        What these numbers mean.
    """

    view: str
    alone: str
    rank: str
    gain: str
    redundancy: str
    verdict: str


def interval(figure: Mapping[str, Any], sign: str = "", digits: int = 3) -> str:
    """Format an estimate, with its interval if it has one.

    Parameters
    ----------
    figure
        ``estimate``, and ``low`` and ``high`` if there is an interval.
    sign
        ``"+"`` to write the sign of positive numbers too, as for differences.
    digits
        Number of decimals.

    Returns
    -------
    str

    Examples
    --------
    >>> interval({"estimate": 0.1234, "low": 0.1, "high": 0.15})
    '0.123 (0.100 to 0.150)'
    >>> interval({"estimate": 0.1234})
    '0.123'
    """
    estimate = f"{figure['estimate']:{sign}.{digits}f}"
    if "low" not in figure:
        return estimate
    low, high = (f"{figure[key]:{sign}.{digits}f}" for key in ("low", "high"))
    return f"{estimate} ({low} to {high})"


def main_metrics(metrics: Mapping[str, Any], kind: str) -> list[str]:
    """Select the metrics of the main table.

    Parameters
    ----------
    metrics
        Content of ``metrics.json``.
    kind
        Kind of the primary endpoint, ``survival`` or ``response``.

    Returns
    -------
    list of str
        Those of SHOWN, and the declared metric, that at least one method has; discrimination comes first.
    """
    figures = [metrics[metrics["endpoint"]], *(m[metrics["endpoint"]] for m in metrics["baselines"].values())]
    keys = dict.fromkeys((*SHOWN[kind], metrics["metric"]))
    return [key for key in keys if any(key in method for method in figures)]


def metric_label(metric: str) -> str:
    """Name of a metric in texts, with its direction."""
    rule = find_metric(metric)
    return f"{rule.label}, {rule.direction}"


def metric_rows(metrics: Mapping[str, Any]) -> list[MetricRow]:
    """One row per method, stratomics first."""
    endpoint, metric = _endpoint(metrics), metrics["metric"]
    table = [MetricRow(LABELS[OURS], {k: interval(f) for k, f in metrics[endpoint].items()}, "")]
    for name, figures in metrics["baselines"].items():
        difference = metrics["differences"][name][endpoint][metric]
        cells = {key: interval(figure) for key, figure in figures[endpoint].items()}
        table.append(MetricRow(LABELS.get(name, name), cells, interval(difference, "+")))
    return table


def verdict(difference: Mapping[str, Any], metric: str, other: str) -> str:
    """Interpret a paired difference by its interval.

    Parameters
    ----------
    difference
        ``low`` and ``high`` of stratomics minus the other method.
    metric
        Name of the metric; it must have a direction.
    other
        Label of the other method.

    Returns
    -------
    str
        Better, worse, or no evidence of a difference if the interval includes 0.

    Examples
    --------
    >>> verdict({"estimate": -0.02, "low": -0.05, "high": 0.01}, "ibs", "clinical Cox")
    'no evidence of a difference from clinical Cox'
    """
    low, high = difference["low"], difference["high"]
    # Ends that are not numbers show nothing.
    if not (low > 0.0 or high < 0.0):
        return f"no evidence of a difference from {other}"
    better = (low > 0.0) == find_metric(metric).higher_is_better
    return f"{'better' if better else 'worse'} than {other}"


def difference_sentences(metrics: Mapping[str, Any]) -> list[str]:
    """One sentence per baseline, on the declared metric."""
    endpoint, metric = _endpoint(metrics), metrics["metric"]
    label = find_metric(metric).label
    return [
        f"On {label}, stratomics: {verdict(figures[endpoint][metric], metric, LABELS.get(name, name))}."
        for name, figures in metrics["differences"].items()
    ]


def comparison_sentence(metrics: Mapping[str, Any]) -> str:
    """State on the declared metric which baselines stratomics is better than, not shown to differ from, or worse than.

    Parameters
    ----------
    metrics
        Content of ``metrics.json``.

    Returns
    -------
    str
        One sentence; empty without baselines.
    """
    endpoint, metric = _endpoint(metrics), metrics["metric"]
    groups: dict[str, list[str]] = {}
    for name, figures in metrics["differences"].items():
        group = verdict(figures[endpoint][metric], metric, "").strip()
        groups.setdefault(group, []).append(LABELS.get(name, name))
    order = ("better than", "no evidence of a difference from", "worse than")
    parts = [f"{phrase} {', '.join(groups[phrase])}" for phrase in order if phrase in groups]
    return f"On {find_metric(metric).label}, stratomics: {'; '.join(parts)}." if parts else ""


def clinical_advice(metrics: Mapping[str, Any], *, covariates: bool) -> str:
    """Advise which model to use where stratomics is not shown to be better than clinical covariates; empty otherwise.

    The clinical model is advised only where it is at least as good with evidence: where the interval of the difference
    excludes 0 in its favour. An interval that includes 0 shows neither.

    Parameters
    ----------
    metrics
        Content of ``metrics.json``.
    covariates
        Whether the cohort has clinical covariates.

    Returns
    -------
    str
        A sentence, or nothing.
    """
    name, metric = clinical_baseline(metrics["baselines"]), metrics["metric"]
    difference = (metrics["differences"].get(name) or {}).get(_endpoint(metrics), {}).get(metric)
    found = "" if difference is None else verdict(difference, metric, "it")
    if not covariates or found in ("", "better than it"):
        return ""
    command = f"`stratomics predict RUN COHORT --method {name}`"
    if found == "worse than it":
        return f"Use the clinical model: {command}."
    return (
        "stratomics is not shown to be better than clinical covariates. The clinical model is simpler and needs no "
        f"omics: {command}."
    )


def view_rows(metrics: Mapping[str, Any]) -> list[ViewRow]:
    """One row per view; empty if the run did not evaluate views."""
    return [
        ViewRow(
            VIEW_LABELS.get(row["view"], row["view"]),
            interval(row["alone"]),
            interval(row["rank"]),
            "" if row["gain"] is None else interval(row["gain"], "+"),
            "" if row["redundancy"] is None else f"{row['redundancy']:.0%}",
            VIEW_VERDICTS.get(row["verdict"], row["verdict"]),
        )
        for row in metrics.get("ledger") or ()
    ]


def controls_fail(metrics: Mapping[str, Any]) -> bool:
    """Whether a negative control performs better than chance."""
    return any(row["off"] for row in (metrics.get("controls") or {}).values())


def control_sentence(metrics: Mapping[str, Any]) -> str:
    """State the results of the negative controls; empty if the run has none.

    Examples
    --------
    >>> row = {"metric": "auroc", "estimate": 0.7, "low": 0.6, "high": 0.8, "p": 0.0001, "off": True}
    >>> control_sentence({"controls": {"noise_view": row}})[:62]
    'DO NOT TRUST THIS RUN: the negative control noise view differs'
    """
    rows = metrics.get("controls") or {}
    if not rows:
        return ""
    texts = {
        name.replace("_", " "): f"{find_metric(row['metric']).label} {interval(row)}"
        for name, row in rows.items()
    }
    off = [name for name, row in zip(texts, rows.values(), strict=True) if row["off"]]
    if off:
        figures = ", ".join(f"{name} differs from chance ({texts[name]})" for name in off)
        again = next((row.get("again") for row in rows.values() if row["off"]), None)
        cause = "An identifier, the order of the rows or a column leaks the outcome"
        return f"DO NOT TRUST THIS RUN: the negative control {figures}, where 0.5 is expected. " + (
            f"{cause}: {len(again)} more permutations average {fmean(again):.2f}."
            if again
            else f"{cause}, or this one permutation is above 0.5 by chance, which a run with another seed shows."
        )
    figures = "; ".join(f"{name}, {figure}" for name, figure in texts.items())
    text = f"Negative controls, which contain no signal, are no better than chance (0.5): {figures}."
    for name, row in zip(texts, rows.values(), strict=True):
        if again := row.get("again"):
            text += (
                f" The first permutation of {name} was above chance; {len(again)} more average {fmean(again):.2f}, "
                "so that the first one was chance."
            )
    if any(row.get("high", row["estimate"]) < CHANCE for row in rows.values()):
        text += (
            " Values below 0.5 are no fault: what a model learns by chance from the training part is reversed in the "
            "rest of the same cohort (Parker et al. 2007, doi 10.1186/1471-2105-8-326)."
        )
    return text


def _endpoint(metrics: Mapping[str, Any]) -> str:
    return str(metrics["endpoint"])
