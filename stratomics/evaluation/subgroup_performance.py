"""Who differs: how well each group of patients is ordered, and whether its level of risk is right."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from scipy.stats import chi2

from models.survival.kaplan_meier import kaplan_meier
from stratomics.evaluation.cases import Cases, SurvivalCases
from stratomics.evaluation.metrics.metric import find_metric
from stratomics.evaluation.multiplicity import holm
from stratomics.evaluation.patient_groups import NOT_RECORDED
from stratomics.evaluation.view_contributions import RANKS

__all__ = ["FEWEST", "FEWEST_EVENTS", "Groups", "difference", "group_figures", "level_ratio"]

Array = NDArray[np.float64]

FEWEST, FEWEST_EVENTS = 10, 5
"""Patients, and of them events (or of either class), below which a group is counted and nothing said of it."""

PIECES = 10
"""Parts in which resamples are looked at, so that memory stays small."""

FEWEST_DRAWS = 20
"""Resamples that say something, below which no interval and no test is given."""


@dataclass(frozen=True)
class Groups:
    """Figures of each group, and whether groups differ.

    Attributes
    ----------
    rows
        ``by``, ``level``, ``n``, ``events`` (or positive responses), ``enough``, ``rank`` (Harrell's C or AUROC) with
        ``low`` and ``high``, ``observed`` and ``expected`` (share with the event by the horizon, or with a positive
        response), ``ratio`` (observed / expected, 1 is right) with ``ratio_low`` and ``ratio_high``, and where it is
        known ``selected``. Figures are NaN of groups that are not ``enough``.
    tests
        ``by``, ``levels`` (compared), ``p`` of no difference in rank between them, ``p_holm`` adjusted for all ``by``.
    """

    rows: pd.DataFrame
    tests: pd.DataFrame


def group_figures(cases: Cases, by: Mapping[str, pd.Categorical], weight: Array) -> Groups:
    """Judge each group of patients alone, by models that saw none of them.

    Parameters
    ----------
    cases
        n patients; they are compared within their fold as everywhere, so that a group is compared within itself.
    by
        Name -> level of each patient (n,), as :func:`stratomics.evaluation.patient_groups.patient_groups` gives them.
    weight
        (1 + draws, n) how often each counts, once in the first row: bootstrap resamples of patients or families.

    Returns
    -------
    Groups
        Intervals are 95% percentiles over the resamples, conditional on the fitted models.
    """
    rows, tests = [], []
    for name, labels in by.items():
        ranks = {}
        for level in labels.categories:
            members = np.flatnonzero(labels == level)
            if not len(members):
                continue
            row, rank = _row(cases.take(members), weight[:, members])
            rows.append({"by": name, "level": str(level)} | row)
            if rank is not None and level != NOT_RECORDED:
                ranks[str(level)] = rank
        tests.append((name, len(ranks), difference(np.array(list(ranks.values())))))
    table = pd.DataFrame(tests, columns=["by", "levels", "p"])
    table["p_holm"] = holm(table["p"].to_numpy(dtype=np.float64))
    return Groups(pd.DataFrame(rows, columns=_COLUMNS), table)


_COLUMNS = [
    *("by", "level", "n", "events", "enough", "rank", "low", "high"),
    *("observed", "expected", "ratio", "ratio_low", "ratio_high"),
]


def _row(cases: Cases, weight: Array) -> tuple[dict[str, object], Array | None]:
    """Figures of a group, and its rank in every resample where it has one."""
    event = cases.event if isinstance(cases, SurvivalCases) else cases.positive
    n, events = len(cases), int(event.sum())
    # Of a survival endpoint it is events that inform; of a response it is the rarer class.
    informing = events if isinstance(cases, SurvivalCases) else min(events, n - events)
    enough = n >= FEWEST and informing >= FEWEST_EVENTS
    row: dict[str, object] = {"n": n, "events": events, "enough": enough}
    if not enough:
        return row | dict.fromkeys(_COLUMNS[5:], np.nan), None
    kind = "survival" if isinstance(cases, SurvivalCases) else "response"
    rank = find_metric(RANKS[kind]).function(cases, weight)
    observed, expected = level_ratio(cases, weight)
    ratio = np.divide(observed, expected, out=np.full(len(observed), np.nan), where=expected > 0)
    figures = {
        **dict(zip(("rank", "low", "high"), _interval(rank), strict=True)),
        "observed": float(observed[0]),
        "expected": float(expected[0]),
        **dict(zip(("ratio", "ratio_low", "ratio_high"), _interval(ratio), strict=True)),
    }
    return row | figures, rank if np.isfinite(rank[0]) else None


def level_ratio(cases: Cases, weight: Array) -> tuple[Array, Array]:
    """(draws,) observed and mean predicted probability of an event by the horizon, or of a positive response.

    Calibration in the large (Steyerberg et al. 2010, doi 10.1097/EDE.0b013e3181c30fb2): equal where predictions are
    right in the mean. What is observed by the horizon is one minus the Kaplan-Meier estimate; NaN where nobody is
    followed so far. Repeats are averaged.
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


def difference(ranks: Array) -> float:
    """P value of no difference between groups; NaN with fewer than two.

    Parameters
    ----------
    ranks
        (groups, 1 + draws) estimates, and those of the same resamples in every group: a Wald test with their
        covariance, so that families across groups are allowed for. Estimates are taken to be normal, which of few
        patients is rough: in 300 simulated cohorts of 200, where groups do not differ, 2% are below .05.
    """
    if len(ranks) < 2:  # noqa: PLR2004  # nobody to compare with
        return np.nan
    apart = ranks[1:] - ranks[0]
    draws = apart[:, 1:][:, np.isfinite(apart[:, 1:]).all(axis=0)]
    if draws.shape[1] < max(FEWEST_DRAWS, 2 * len(ranks)):
        return np.nan
    covariance = np.atleast_2d(np.cov(draws))
    distance = float(apart[:, 0] @ np.linalg.pinv(covariance) @ apart[:, 0])
    return float(chi2.sf(distance, len(apart)))


def _interval(values: Array) -> tuple[float, float, float]:
    """Estimate and 95% percentile interval; NaN where too few resamples say anything."""
    draws = values[1:][np.isfinite(values[1:])]
    if not np.isfinite(values[0]) or len(draws) < FEWEST_DRAWS:
        return float(values[0]), np.nan, np.nan
    low, high = np.quantile(draws, [0.025, 0.975])
    return float(values[0]), float(low), float(high)


def _share(top: Array, bottom: Array) -> Array:
    share: Array = np.divide(top, bottom, out=np.full(len(bottom), np.nan), where=bottom > 0)
    return share
