"""Names and values of the metrics in MLflow, whose pages group metrics by the part of the name before the last ``/``.

A name is the path of a number in ``metrics.json``, such as ``survival/ibs`` or ``baselines/clinical_cox/survival/ibs``.
Runs of folds have the same names. Ends of intervals are apart, as ``interval/survival/ibs_low``.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import TYPE_CHECKING, Any

from stratomics.enrichment.effects.effect import Effect
from stratomics.enrichment.result import AnyEnrichment, EnrichmentResult, PrognosticResult
from stratomics.evaluation.comparison import OURS

if TYPE_CHECKING:
    import pandas as pd

    from stratomics.strata.groups.findings import Findings

__all__ = ["enrichment_metrics", "evaluation_metrics", "group_metrics", "loss_metrics", "metric_name"]


def metric_name(method: str, endpoint: str, metric: str) -> str:
    """Name of a metric of one method.

    Parameters
    ----------
    method, endpoint, metric
        Their names in ``metrics.json``.

    Returns
    -------
    str
        Name in MLflow.

    Examples
    --------
    >>> metric_name("stratomics", "survival", "ibs"), metric_name("clinical_cox", "survival", "ibs")
    ('survival/ibs', 'baselines/clinical_cox/survival/ibs')
    """
    name = f"{endpoint}/{metric}"
    return name if method == OURS else f"baselines/{method}/{name}"


def evaluation_metrics(metrics: Mapping[str, Any], endpoint: str) -> Iterator[tuple[str, float]]:
    """Name the numbers of ``metrics.json`` for all methods, and those of their differences.

    Parameters
    ----------
    metrics
        Content of ``metrics.json``.
    endpoint
        Name of the primary endpoint.

    Yields
    ------
    tuple
        Name and value.

    Examples
    --------
    >>> metrics = {"os": {"ibs": {"estimate": 0.1, "low": 0.0, "high": 0.2}}, "baselines": {}, "differences": {}}
    >>> list(evaluation_metrics(metrics, "os"))
    [('os/ibs', 0.1), ('interval/os/ibs_low', 0.0), ('interval/os/ibs_high', 0.2)]
    """
    for group in (endpoint, "baselines", "differences"):
        for path, value in _numbers(metrics[group], group):
            yield _grouped(path), value


def _grouped(path: str) -> str:
    """Leave ``estimate`` out, and group the ends of intervals."""
    name, _, part = path.rpartition("/")
    if part == "estimate":
        return name
    return f"interval/{name}_{part}" if part in ("low", "high") else path


def _numbers(content: Mapping[str, Any], path: str) -> Iterator[tuple[str, float]]:
    for key, value in content.items():
        if isinstance(value, Mapping):
            yield from _numbers(value, f"{path}/{key}")
        elif isinstance(value, int | float):
            yield f"{path}/{key}", float(value)


def loss_metrics(training_history: pd.DataFrame) -> Iterator[tuple[str, float, int]]:
    """Yield the losses of the members by epoch: name, value, epoch."""
    for row in training_history.to_dict("records"):
        for part in ("training", "validation"):
            yield f"loss/{part}_member{row['member']}", row[f"{part}_loss"], int(row["epoch"])


def enrichment_metrics(result: AnyEnrichment) -> Iterator[tuple[str, float]]:
    """Yield name and value of the main figures of an enrichment, and of the planned trial."""
    if isinstance(result, PrognosticResult):
        yield from _prognostic(result)
        return
    yield "enrichment/patients_inside", result.chosen.n
    yield "enrichment/share_inside", result.chosen.prevalence
    yield from _effect("enrichment/effect_all", result.rows[0].inside)
    yield from _effect("enrichment/effect_inside", result.corrected)
    if result.chosen.outside is not None:
        yield from _effect("enrichment/effect_outside", result.chosen.outside)
    if result.search is not None:
        yield "enrichment/p_adjusted", result.search.p_adjusted
    yield from _trial(result)


def _effect(name: str, effect: Effect) -> Iterator[tuple[str, float]]:
    yield name, effect.estimate
    yield f"interval/{name}_low", effect.low
    yield f"interval/{name}_high", effect.high


def _trial(result: EnrichmentResult) -> Iterator[tuple[str, float]]:
    design = None if result.run is None else result.run.plan.design
    if design is None:
        return
    yield "trial/patients", design.patients
    yield "trial/screened", design.tested
    yield "trial/power", design.power
    if design.events:
        yield "trial/events", design.events[-1]
    if design.duration is not None:
        yield "trial/duration", design.duration


def _prognostic(result: PrognosticResult) -> Iterator[tuple[str, float]]:
    for row in result.prognostic:
        share = f"highest_{row.share * 100:.0f}_percent"
        yield f"enrichment/rate_{share}", row.rate
        if row.patients is not None:
            yield f"trial/patients_{share}", row.patients


def group_metrics(findings: Findings) -> Iterator[tuple[str, float]]:
    """Yield name and value of the main figures of a search for groups of patients."""
    yield "groups/supported", findings.existence.k or 1
    yield "groups/learned", len(findings.sizes) or 1
    for test in findings.existence.tests:
        yield f"groups/prediction_strength_{test.k}", test.strength
    for outcome in findings.outcomes:
        if outcome.test is not None:
            yield f"groups/{outcome.name}/p", outcome.test.p
        for loss in outcome.losses:
            yield f"groups/{outcome.name}/loss_{loss.label.lower().replace(' ', '_')}", loss.loss["estimate"]
    if findings.labels is not None:
        yield "groups/labels/balanced_accuracy", findings.labels.accuracy.balanced_accuracy
