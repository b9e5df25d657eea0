"""Methods side by side: estimates with intervals, paired differences, and one honest sentence."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
from numpy.typing import NDArray

from omics.errors import DataError
from omics.randomness import named_generator
from stratomics.evaluation import METRICS
from stratomics.evaluation.cases import Cases
from stratomics.evaluation.metric import find_metric

__all__ = ["LABELS", "compare", "resamples", "verdict"]

Array = NDArray[np.float64]

OURS = "stratomics"
LABELS = {
    OURS: "stratomics",
    "clinical_cox": "clinical Cox",
    "elastic_net_cox": "elastic-net Cox on everything",
    "clinical_logistic": "clinical logistic",
    "elastic_net_logistic": "elastic-net logistic on everything",
}


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
        ``baselines``, and ``differences`` (ours minus theirs).
    """
    n, keys = len(methods[OURS]), METRICS[kind]
    weight = resamples(np.arange(n) if families is None else families, draws, seed)
    scores = {
        name: {key: find_metric(key).function(cases, weight) for key in keys}
        for name, cases in methods.items()
    }
    ours = scores.pop(OURS)
    return {
        "endpoint": endpoint,
        "metric": metric,
        "intervals": "95%, patients resampled with all their repeats, conditional on the fitted models",
        endpoint: {key: _interval(values) for key, values in ours.items()},
        "baselines": {
            name: {endpoint: {key: _interval(values) for key, values in theirs.items()}}
            for name, theirs in scores.items()
        },
        "differences": {
            name: {endpoint: {key: _interval(ours[key] - theirs[key]) for key in keys}}
            for name, theirs in scores.items()
        },
    }


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


def _interval(values: Array) -> dict[str, float]:
    if not np.isfinite(values[0]):
        raise DataError("no fold has two patients that can be compared; lower split.folds")
    low, high = np.nanquantile(values[1:], [0.025, 0.975])
    return {"estimate": float(values[0]), "low": float(low), "high": float(high)}
