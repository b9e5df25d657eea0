"""The contribution of each view: its value alone, the loss without it, and its redundancy with the other views."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TypedDict

import numpy as np
from numpy.typing import NDArray

from stratomics.evaluation.cases import Cases, SurvivalCases
from stratomics.evaluation.intervals import Estimate, percentile_estimate, with_training_variability
from stratomics.evaluation.metrics import DISCRIMINATION
from stratomics.evaluation.metrics.metric import Metric, find_metric

__all__ = ["ViewContribution", "redundancy", "view_contributions"]

Array = NDArray[np.float64]

REDUNDANT = 0.5
"""A view is called redundant if the other views explain more than this share of its signal."""


class ViewContribution(TypedDict):
    """Contribution of one view, as in ``metrics.json``.

    Attributes
    ----------
    view
        Name of the view.
    alone
        The declared metric of the view alone.
    rank
        Concordance or AUROC of the view alone.
    gain
        Improvement of the declared metric when the view is added to all others; positive is better. None for the
        clinical covariates.
    redundancy
        Share of the view's signal that the other views explain, 0 to 1; None if it cannot be estimated.
    verdict
        One of six fixed texts, which :mod:`stratomics.report.text.metrics` words for readers.
    """

    view: str
    alone: Estimate
    rank: Estimate
    gain: Estimate | None
    redundancy: float | None
    verdict: str


def view_contributions(
    fused: Cases,
    alone: Mapping[str, Cases],
    without: Mapping[str, Cases],
    kind: str,
    metric: str,
    weight: Array,
) -> list[ViewContribution]:
    """Compare views by the predictions of one method, fitted on different sets of views.

    Parameters
    ----------
    fused
        Predictions from clinical covariates and all views.
    alone
        View -> predictions from this view alone.
    without
        View -> predictions from clinical covariates and all other views; the clinical covariates have no entry.
    kind
        Kind of the endpoint, ``survival`` or ``response``.
    metric
        The declared metric.
    weight
        (1 + draws, n) bootstrap weights, as from :func:`stratomics.evaluation.comparison.resamples`.

    Returns
    -------
    list of ViewContribution
        One row per view.
    """
    rule, discrimination = find_metric(metric), find_metric(DISCRIMINATION[kind])
    sign = 1.0 if rule.higher_is_better else -1.0

    def values(of: Metric, cases: Cases) -> Array:
        return with_training_variability(of.function(cases, weight), cases.fold)

    together = values(rule, fused)
    rows: list[ViewContribution] = []
    for view, cases in alone.items():
        rank = percentile_estimate(values(discrimination, cases), discrimination.limits)
        gain = None
        if view in without:
            gain = percentile_estimate(sign * (together - values(rule, without[view])))
        shared = redundancy(cases, [other for name, other in alone.items() if name != view])
        rows.append(
            {
                "view": view,
                "alone": percentile_estimate(values(rule, cases), rule.limits),
                "rank": rank,
                "gain": gain,
                "redundancy": shared,
                "verdict": _verdict(rank, gain, shared),
            }
        )
    return rows


def redundancy(view: Cases, others: list[Cases]) -> float | None:
    """Share of the variance of a view's predictions that the predictions of the other views explain.

    The share is the R2 of a linear regression between ranks of the patients, adjusted for the number of other views;
    mean over the repeats.

    Parameters
    ----------
    view
        n patients, predicted from one view alone.
    others
        The same patients, predicted from each of the other views alone.

    Returns
    -------
    float or None
        Between 0 and 1; None without other views, or if the view predicts the same for all patients.
    """
    if not others:
        return None
    shares = []
    for repeat, scores in enumerate(_scores(view)):
        if np.ptp(scores) == 0.0:
            continue
        x = np.column_stack([_ranks(_scores(other)[repeat]) for other in others])
        y = _ranks(scores)
        design = np.column_stack([np.ones(len(y)), x])
        residual = y - design @ np.linalg.lstsq(design, y, rcond=None)[0]
        r2 = 1.0 - float(residual @ residual) / float(((y - y.mean()) ** 2).sum())
        degrees = max(len(y) - design.shape[1], 1)
        shares.append(1.0 - (1.0 - r2) * (len(y) - 1) / degrees)
    return float(np.clip(np.mean(shares), 0.0, 1.0)) if shares else None


def _scores(cases: Cases) -> Array:
    """(repeats, n) predicted risk or probability, by which patients are ranked."""
    return cases.risk if isinstance(cases, SurvivalCases) else cases.probability


def _ranks(values: Array) -> Array:
    from scipy.stats import rankdata

    ranks: Array = rankdata(values)
    return ranks


def _verdict(rank: Estimate, gain: Estimate | None, shared: float | None) -> str:
    """Summarise a row, without claiming more than its intervals support.

    Finished runs store these texts, so they do not change; the report words them for readers.
    """
    informative = rank["low"] > 0.5  # noqa: PLR2004  # chance
    if gain is not None and gain["low"] > 0:
        return "adds to the others" if informative else "adds only together with the others"
    if gain is not None and gain["high"] < 0:
        return "hurts: the others do better without it"
    if not informative:
        return "no evidence that it tells anything"
    if shared is not None and shared > REDUNDANT:
        return "tells something, most of which the others know too"
    return "tells something alone; no evidence that it adds to the others"
