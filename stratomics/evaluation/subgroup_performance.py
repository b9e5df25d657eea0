"""Subgroup performance: discrimination and calibration in the large in each group of patients."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from scipy.stats import chi2

from models.survival.kaplan_meier import kaplan_meier
from stratomics.evaluation.cases import Cases, SurvivalCases
from stratomics.evaluation.metrics import DISCRIMINATION
from stratomics.evaluation.metrics.metric import find_metric
from stratomics.evaluation.p_values import holm
from stratomics.evaluation.patient_groups import NOT_RECORDED

__all__ = [
    "FEWEST",
    "FEWEST_EVENTS",
    "SubgroupPerformance",
    "equality_p_value",
    "observed_and_expected",
    "subgroup_performance",
]

Array = NDArray[np.float64]

FEWEST, FEWEST_EVENTS = 10, 5
"""Minimum number of patients, and of events (or patients of either class), to evaluate a group."""

PIECES = 10
"""Number of parts in which resamples are processed, to limit memory."""

FEWEST_DRAWS = 20
"""Minimum number of resamples with a value, for an interval or a test."""


@dataclass(frozen=True)
class SubgroupPerformance:
    """Performance in each group, and tests of differences between groups.

    Attributes
    ----------
    rows
        ``by``, ``level``, ``n``, ``events`` (or positive responses), ``enough`` (whether the group is evaluated),
        ``rank`` (Harrell's C or AUROC) with ``low`` and ``high``, ``observed`` and ``expected`` (share with the event
        by the horizon, or with a positive response), ``ratio`` (observed / expected; 1 is best) with ``ratio_low`` and
        ``ratio_high``, and optionally ``selected``. All numbers are NaN for groups that are not evaluated.
    tests
        ``by``, ``levels`` (number of levels compared), ``p`` (no difference in ``rank``), ``p_holm`` (adjusted for all
        ``by``).
    """

    rows: pd.DataFrame
    tests: pd.DataFrame


def subgroup_performance(
    cases: Cases, by: Mapping[str, pd.Categorical], weight: Array, fewest_events: int = FEWEST_EVENTS
) -> SubgroupPerformance:
    """Evaluate out-of-fold predictions within each group of patients.

    Parameters
    ----------
    cases
        n patients; patients of a group are compared with each other within fold.
    by
        Name -> level of each patient (n,), as from :func:`stratomics.evaluation.patient_groups.patient_groups`.
    weight
        (1 + draws, n) bootstrap weights, as from :func:`stratomics.evaluation.comparison.resamples`.
    fewest_events
        Events, or patients of either class, that a group needs.

    Returns
    -------
    SubgroupPerformance
        Intervals are 95% percentile intervals over the resamples, conditional on the fitted models.
    """
    rows, tests = [], []
    for name, labels in by.items():
        ranks = {}
        for level in labels.categories:
            members = np.flatnonzero(labels == level)
            if not len(members):
                continue
            row, rank = _row(cases.take(members), weight[:, members], fewest_events)
            rows.append({"by": name, "level": str(level)} | row)
            if rank is not None and level != NOT_RECORDED:
                ranks[str(level)] = rank
        tests.append((name, len(ranks), equality_p_value(np.array(list(ranks.values())))))
    table = pd.DataFrame(tests, columns=["by", "levels", "p"])
    table["p_holm"] = holm(table["p"].to_numpy(dtype=np.float64))
    return SubgroupPerformance(pd.DataFrame(rows, columns=_COLUMNS), table)


_COLUMNS = [
    *("by", "level", "n", "events", "enough", "rank", "low", "high"),
    *("observed", "expected", "ratio", "ratio_low", "ratio_high"),
]


def _row(cases: Cases, weight: Array, fewest_events: int) -> tuple[dict[str, object], Array | None]:
    """Row of a group, and its rank in all resamples; None if the group is not evaluated."""
    event = cases.event if isinstance(cases, SurvivalCases) else cases.positive
    n, events = len(cases), int(event.sum())
    # Information depends on the number of events for survival, and on the rarer class for a response.
    informative = events if isinstance(cases, SurvivalCases) else min(events, n - events)
    enough = n >= FEWEST and informative >= fewest_events
    row: dict[str, object] = {"n": n, "events": events, "enough": enough}
    if not enough:
        return row | dict.fromkeys(_COLUMNS[5:], np.nan), None
    kind = "survival" if isinstance(cases, SurvivalCases) else "response"
    rank = find_metric(DISCRIMINATION[kind]).function(cases, weight)
    observed, expected = observed_and_expected(cases, weight)
    ratio = np.divide(observed, expected, out=np.full(len(observed), np.nan), where=expected > 0)
    numbers = {
        **dict(zip(("rank", "low", "high"), _interval(rank), strict=True)),
        "observed": float(observed[0]),
        "expected": float(expected[0]),
        **dict(zip(("ratio", "ratio_low", "ratio_high"), _interval(ratio), strict=True)),
    }
    return row | numbers, rank if np.isfinite(rank[0]) else None


def observed_and_expected(cases: Cases, weight: Array) -> tuple[Array, Array]:
    """Observed and expected probability of an event by the horizon, or of a positive response.

    Calibration in the large (Steyerberg et al. 2010, doi 10.1097/EDE.0b013e3181c30fb2): both are equal if predictions
    are correct on average. For survival, the observed probability is 1 minus the Kaplan-Meier estimate. Repeats are
    averaged.

    Parameters
    ----------
    cases
        n patients.
    weight
        (draws, n) how often each patient counts.

    Returns
    -------
    tuple of numpy.ndarray
        (draws,) observed and mean predicted probability; the observed one is NaN if no patient is followed to the
        horizon.
    """
    total = weight.sum(axis=1)
    expected = _share(weight @ cases.probability.mean(axis=0), total)
    if not isinstance(cases, SurvivalCases):
        return _share(weight @ cases.positive, total), expected
    at = np.array([cases.horizon])
    if cases.time.max() < cases.horizon:
        return np.full(len(weight), np.nan), expected
    parts = [kaplan_meier(cases.event, cases.time, part)(at) for part in np.array_split(weight, PIECES)]
    observed = 1.0 - np.concatenate(parts)[:, 0]
    return np.where(total > 0, observed, np.nan), expected


def equality_p_value(ranks: Array) -> float:
    """P value of a Wald test that all groups have equal discrimination.

    The covariance is that of the resamples, so that families across groups are taken into account. Estimates are
    assumed to be normal, which is approximate in small groups: in 300 simulated cohorts of 200 patients without a
    difference, 2% of the p values are below .05.

    Parameters
    ----------
    ranks
        (groups, 1 + draws) estimate of each group, then its values in the same resamples.

    Returns
    -------
    float
        NaN with fewer than two groups, or too few resamples.
    """
    if len(ranks) < 2:  # noqa: PLR2004  # no second group
        return np.nan
    differences = ranks[1:] - ranks[0]
    draws = differences[:, 1:][:, np.isfinite(differences[:, 1:]).all(axis=0)]
    if draws.shape[1] < max(FEWEST_DRAWS, 2 * len(ranks)):
        return np.nan
    covariance = np.atleast_2d(np.cov(draws))
    distance = float(differences[:, 0] @ np.linalg.pinv(covariance) @ differences[:, 0])
    return float(chi2.sf(distance, len(differences)))


def _interval(values: Array) -> tuple[float, float, float]:
    """Estimate and 95% percentile interval; NaN if too few resamples have a value."""
    draws = values[1:][np.isfinite(values[1:])]
    if not np.isfinite(values[0]) or len(draws) < FEWEST_DRAWS:
        return float(values[0]), np.nan, np.nan
    low, high = np.quantile(draws, [0.025, 0.975])
    return float(values[0]), float(low), float(high)


def _share(top: Array, bottom: Array) -> Array:
    share: Array = np.divide(top, bottom, out=np.full(len(bottom), np.nan), where=bottom > 0)
    return share
