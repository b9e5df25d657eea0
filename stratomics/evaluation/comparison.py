"""Compare methods: estimates with bootstrap intervals, and paired differences."""

from __future__ import annotations

import logging
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import TypedDict

import numpy as np
from numpy.typing import NDArray

from omics.common.errors import DataError
from omics.common.files import JsonObject
from omics.common.seeds import named_generator
from stratomics.evaluation.cases import Cases, SurvivalCases
from stratomics.evaluation.intervals import Estimate, percentile_estimate, with_training_variability
from stratomics.evaluation.metrics import METRICS
from stratomics.evaluation.metrics.curves import CurvePoints, curves_of
from stratomics.evaluation.metrics.metric import find_metric

__all__ = [
    "LABELS",
    "OURS",
    "BeyondTraining",
    "Comparison",
    "MetricEstimates",
    "clinical_baseline",
    "compare",
    "metric_estimates",
    "resamples",
]

log = logging.getLogger(__name__)

Array = NDArray[np.float64]

MetricEstimates = dict[str, Estimate]
"""Metric -> its estimate."""

OURS = "stratomics"
LABELS = {
    OURS: "stratomics",
    "clinical_cox": "clinical Cox",
    "elastic_net_cox": "elastic-net Cox on everything",
    "clinical_logistic": "clinical logistic",
    "clinical_effect": "the effect by clinical covariates",
    "elastic_net_logistic": "elastic-net logistic on everything",
    "boosted_trees": "gradient-boosted trees on everything",
    "factors_ridge": "ridge on factors and components",
    "late_fusion": "late fusion of the views",
    "wide_deep": "wide and deep network",
    "untuned": "itself untuned",
}
"""Method -> its name in texts."""


INTERVALS = {
    True: "95%, patients resampled with all their repeats, with the variability of training",
    False: "95%, patients resampled, conditional on the fitted model",
}
"""Whether patients were predicted by cross-validation -> the intervals in words."""


class BeyondTraining(TypedDict):
    """Follow-up beyond the predicted curves, as in ``metrics.json``.

    Attributes
    ----------
    patients
        Patients who were followed beyond the end of their predicted curve in some repeat.
    n
        All evaluated patients.
    first_end, last_end
        Times at which the first and the last predicted curve end.
    """

    patients: int
    n: int
    first_end: float
    last_end: float


@dataclass(frozen=True)
class Comparison:
    """All methods on the same patients.

    Attributes
    ----------
    endpoint
        Name of the endpoint.
    metric
        The declared metric.
    estimates
        Method -> metric -> estimate. A metric without interval has no ``low`` and ``high``.
    differences
        Baseline -> metric -> stratomics minus the baseline; only metrics with an interval.
    absent
        Method -> metric without a value -> the reason.
    curves
        Method -> curve -> points.
    beyond_training
        Follow-up beyond the predicted curves; None for a response.
    cross_validated
        Whether patients were predicted by cross-validation, so that intervals include the variability of training.
    """

    endpoint: str
    metric: str
    estimates: Mapping[str, MetricEstimates]
    differences: Mapping[str, MetricEstimates]
    absent: Mapping[str, Mapping[str, str | None]]
    curves: Mapping[str, Mapping[str, CurvePoints]]
    beyond_training: BeyondTraining | None
    cross_validated: bool

    def to_json(self) -> JsonObject:
        """Content of ``metrics.json``, in which the name of the endpoint is a key."""
        endpoint = self.endpoint
        content: JsonObject = {
            "endpoint": endpoint,
            "metric": self.metric,
            "intervals": INTERVALS[self.cross_validated],
            endpoint: self.estimates[OURS],
            "baselines": {
                name: {endpoint: values} for name, values in self.estimates.items() if name != OURS
            },
            "differences": {name: {endpoint: values} for name, values in self.differences.items()},
            "absent": self.absent,
            "curves": self.curves,
        }
        return (
            content if self.beyond_training is None else content | {"beyond_training": self.beyond_training}
        )


def clinical_baseline(names: Iterable[str]) -> str | None:
    """Find the baseline that uses clinical covariates only; None if there is none.

    Examples
    --------
    >>> clinical_baseline(["stratomics", "late_fusion", "clinical_cox"])
    'clinical_cox'
    """
    return next((name for name in names if name.startswith("clinical_")), None)


def compare(
    methods: Mapping[str, Cases],
    endpoint: str,
    kind: str,
    metric: str,
    draws: int,
    seed: int,
    families: NDArray[np.int64] | None = None,
) -> Comparison:
    """Evaluate all methods on the same patients and the same bootstrap resamples.

    Intervals are 95% percentile intervals over patients, each resampled with all their repeats, and include the
    variability of training (:func:`stratomics.evaluation.intervals.with_training_variability`).

    Parameters
    ----------
    methods
        Name -> cases; ``stratomics`` must be among them, the others are baselines.
    endpoint
        Name of the endpoint.
    kind
        Kind of the endpoint, ``survival`` or ``response``, which determines the metrics.
    metric
        The declared metric.
    draws
        Number of bootstrap resamples.
    seed
        Seed of the experiment.
    families
        (n,) code of the family of each patient; families are resampled together. By default patients are unrelated.

    Returns
    -------
    Comparison
        Estimates, differences, and curves of all methods.

    Raises
    ------
    DataError
        If a metric that every method must have cannot be computed.
    """
    n = len(methods[OURS])
    weight = resamples(np.arange(n) if families is None else families, draws, seed)
    scores = {name: _scores(cases, kind, weight) for name, cases in methods.items()}
    ours = scores[OURS]
    return Comparison(
        endpoint,
        metric,
        {name: _estimates(values) for name, values in scores.items()},
        {
            name: {
                key: percentile_estimate(ours[key] - theirs[key])
                for key in theirs
                if key in ours and find_metric(key).interval
            }
            for name, theirs in scores.items()
            if name != OURS
        },
        {
            name: {key: find_metric(key).absent for key in METRICS[kind] if key not in values}
            for name, values in scores.items()
        },
        {name: curves_of(cases, kind) for name, cases in methods.items()},
        _beyond_training(methods[OURS]),
        np.unique(methods[OURS].fold).size > 1,
    )


def metric_estimates(
    cases: Cases, kind: str, draws: int, seed: int, families: NDArray[np.int64] | None = None
) -> MetricEstimates:
    """Evaluate one method.

    Parameters
    ----------
    cases
        n patients.
    kind
        Kind of the endpoint, ``survival`` or ``response``.
    draws, seed, families
        As in :func:`compare`.

    Returns
    -------
    dict
        Metric -> estimate; metrics that cannot be computed are left out.
    """
    weight = resamples(np.arange(len(cases)) if families is None else families, draws, seed)
    return _estimates(_scores(cases, kind, weight))


def _scores(cases: Cases, kind: str, weight: Array) -> dict[str, Array]:
    """Metric -> its value in all patients, and draws with its spread; metrics that cannot be computed are left out."""
    scores = {}
    for key in METRICS[kind]:
        rule = find_metric(key)
        values = rule.function(cases, weight if rule.interval else weight[:1])
        if np.isfinite(values[0]):
            scores[key] = with_training_variability(values, cases.fold)
        elif rule.absent is None:
            raise DataError("no fold has two patients that can be compared; lower split.folds")
    return scores


def _beyond_training(cases: Cases) -> BeyondTraining | None:
    """Count the patients who were followed beyond the end of their predicted curve, and log it."""
    if not isinstance(cases, SurvivalCases):
        return None
    beyond = cases.beyond_curve.any(axis=0)
    if beyond.any():
        log.info(
            "%d of %d patients were followed beyond the last event of their training patients (the first curve ends "
            "at %.4g); the predicted curve keeps its last value there",
            beyond.sum(),
            len(cases),
            cases.end.min(),
        )
    return {
        "patients": int(beyond.sum()),
        "n": len(cases),
        "first_end": float(cases.end.min()),
        "last_end": float(cases.end.max()),
    }


def resamples(families: NDArray[np.int64], draws: int, seed: int) -> Array:
    """Bootstrap weights of patients, resampled by family.

    Parameters
    ----------
    families
        (n,) code of the family of each patient.
    draws
        Number of resamples.
    seed
        Seed of the experiment.

    Returns
    -------
    numpy.ndarray
        (1 + draws, n) how often each patient counts: once in the first row, then in each resample.
    """
    _, member = np.unique(families, return_inverse=True)
    units = int(member.max()) + 1
    drawn = named_generator(seed, "bootstrap").multinomial(units, np.full(units, 1.0 / units), size=draws)
    return np.vstack([np.ones((1, len(families))), drawn[:, member].astype(np.float64)])


def _estimates(scores: Mapping[str, Array]) -> MetricEstimates:
    return {key: _estimate(key, values) for key, values in scores.items()}


def _estimate(key: str, values: Array) -> Estimate:
    """Value in all patients, with its interval if the metric has one, within the limits of the metric."""
    metric = find_metric(key)
    if not metric.interval:
        return {"estimate": float(values[0])}
    return percentile_estimate(values, metric.limits)
