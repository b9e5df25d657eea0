"""Methods side by side: estimates with intervals, paired differences, and one honest sentence."""

from __future__ import annotations

import logging
from collections.abc import Iterable, Mapping
from typing import Any

import numpy as np
from numpy.typing import NDArray

from omics.common.errors import DataError
from omics.common.seeds import named_generator
from stratomics.evaluation.cases import Cases, SurvivalCases
from stratomics.evaluation.metrics import METRICS
from stratomics.evaluation.metrics.curves import curves_of
from stratomics.evaluation.metrics.metric import find_metric

__all__ = ["LABELS", "clinical_baseline", "compare", "figures", "resamples", "verdict"]

log = logging.getLogger(__name__)

Array = NDArray[np.float64]

OURS = "stratomics"
LABELS = {
    OURS: "stratomics",
    "clinical_cox": "clinical Cox",
    "elastic_net_cox": "elastic-net Cox on everything",
    "clinical_logistic": "clinical logistic",
    "elastic_net_logistic": "elastic-net logistic on everything",
    "boosted_trees": "gradient-boosted trees on everything",
    "factors_ridge": "ridge on factors and components",
    "late_fusion": "late fusion of the views",
    "stack": "mixture of all methods",
    "untuned": "itself untuned",
}


def clinical_baseline(names: Iterable[str]) -> str | None:
    """Give the method, of those named, that knows the clinic alone.

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
) -> dict[str, Any]:
    """Judge every method on the same patients and the same bootstrap resamples of them.

    Intervals are 95% percentile intervals over patients, each resampled with all his repeats; they are
    conditional on the fitted models, so the spread from training is not in them.

    Parameters
    ----------
    methods
        Name -> cases; ``stratomics`` among them, the others are baselines.
    endpoint
        Name under which the figures stand.
    kind
        Kind of the endpoint, which says what the metrics are.
    metric
        The one metric declared beforehand.
    draws, seed
        Number of resamples, seed of the experiment.
    families
        (n,) code of the related patients that are resampled together; everybody alone if left out.

    Returns
    -------
    dict
        The content of ``metrics.json``: endpoint -> metric -> {estimate, low, high}, the same under
        ``baselines``, and ``differences`` (ours minus theirs); a metric without interval has an estimate alone, and no
        difference. ``absent`` says of each method why a metric has no figure, ``curves`` holds what takes many
        numbers, and ``beyond_training``, of survival, how many patients were followed beyond the end of their curve,
        and when curves end.

    Raises
    ------
    DataError
        If a metric that every method must have cannot be computed.
    """
    n = len(methods[OURS])
    weight = resamples(np.arange(n) if families is None else families, draws, seed)
    scores = {name: _scores(cases, kind, weight) for name, cases in methods.items()}
    ours = scores[OURS]
    theirs = {name: figures for name, figures in scores.items() if name != OURS}
    return {
        "endpoint": endpoint,
        "metric": metric,
        "intervals": "95%, patients resampled with all their repeats, conditional on the fitted models",
        endpoint: {key: _figure(key, values) for key, values in ours.items()},
        "baselines": {
            name: {endpoint: {key: _figure(key, values) for key, values in figures.items()}}
            for name, figures in theirs.items()
        },
        "differences": {
            name: {
                endpoint: {
                    key: _figure(key, ours[key] - figures[key])
                    for key in figures
                    if key in ours and find_metric(key).interval
                }
            }
            for name, figures in theirs.items()
        },
        "absent": {
            name: {key: find_metric(key).absent for key in METRICS[kind] if key not in figures}
            for name, figures in scores.items()
        },
        "curves": {name: curves_of(cases, kind) for name, cases in methods.items()},
        **_beyond_training(methods[OURS]),
    }


def figures(
    cases: Cases, kind: str, draws: int, seed: int, families: NDArray[np.int64] | None = None
) -> dict[str, dict[str, float]]:
    """Metric -> {estimate, low, high} of one method alone; arguments as :func:`compare` takes them."""
    weight = resamples(np.arange(len(cases)) if families is None else families, draws, seed)
    return {key: _figure(key, values) for key, values in _scores(cases, kind, weight).items()}


def _scores(cases: Cases, kind: str, weight: Array) -> dict[str, Array]:
    """Metric -> its value of all patients and of each resample; those that the cases do not allow are left out."""
    scores = {}
    for key in METRICS[kind]:
        rule = find_metric(key)
        values = rule.function(cases, weight if rule.interval else weight[:1])
        if np.isfinite(values[0]):
            scores[key] = values
        elif rule.absent is None:
            raise DataError("no fold has two patients that can be compared; lower split.folds")
    return scores


def _beyond_training(cases: Cases) -> dict[str, Any]:
    """Count who was followed beyond the end of his predicted curve, and say it."""
    if not isinstance(cases, SurvivalCases):
        return {}
    beyond = cases.beyond.any(axis=0)
    if beyond.any():
        log.info(
            "%d of %d patients were followed beyond the last event of those who trained the models that predict them "
            "(the first curve ends at %.4g), where the predicted curve keeps its last value",
            beyond.sum(),
            len(cases),
            cases.end.min(),
        )
    ends = {"first_end": float(cases.end.min()), "last_end": float(cases.end.max())}
    return {"beyond_training": {"patients": int(beyond.sum()), "n": len(cases), **ends}}


def resamples(families: NDArray[np.int64], draws: int, seed: int) -> Array:
    """(1 + draws, n) how often each patient counts: once in the first row, then bootstrap resamples of families."""
    _, member = np.unique(families, return_inverse=True)
    units = int(member.max()) + 1
    drawn = named_generator(seed, "bootstrap").multinomial(units, np.full(units, 1.0 / units), size=draws)
    return np.vstack([np.ones((1, len(families))), drawn[:, member].astype(np.float64)])


def verdict(difference: Mapping[str, float], metric: str, theirs: str) -> str:
    """Say honestly what a paired difference with its interval means.

    Examples
    --------
    >>> verdict({"estimate": -0.02, "low": -0.05, "high": 0.01}, "ibs", "clinical Cox")
    'no evidence of a difference from clinical Cox'
    """
    low, high = difference["low"], difference["high"]
    if low <= 0.0 <= high:
        return f"no evidence of a difference from {theirs}"
    better = (low > 0.0) == find_metric(metric).higher_is_better
    return f"{'better' if better else 'worse'} than {theirs}"


def _figure(key: str, values: Array) -> dict[str, float]:
    """Estimate of all patients, with the percentile interval of the resamples where the metric has one."""
    estimate = {"estimate": float(values[0])}
    if not find_metric(key).interval:
        return estimate
    low, high = np.nanquantile(values[1:], [0.025, 0.975])
    return estimate | {"low": float(low), "high": float(high)}
