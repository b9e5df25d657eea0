"""The ledger of views: what each tells alone, what is lost without it, and how much of it the others know."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
from numpy.typing import NDArray

from stratomics.evaluation.cases import Cases, SurvivalCases
from stratomics.evaluation.metrics.metric import find_metric

__all__ = ["ledger", "redundancy"]

Array = NDArray[np.float64]

RANKS = {"survival": "harrell_c", "response": "auroc"}
"""Kind of endpoint -> the measure that says whether a view tells anything at all, 0.5 where it does not."""

SHARED = 0.5
"""Of more than this share of a view's signal the other views know too, it is called redundant."""


def ledger(
    fused: Cases,
    alone: Mapping[str, Cases],
    without: Mapping[str, Cases],
    kind: str,
    metric: str,
    weight: Array,
) -> list[dict[str, Any]]:
    """Compare views by predictions of one and the same method on each of them.

    Parameters
    ----------
    fused
        Clinic and all views together.
    alone, without
        View -> the view alone, and clinic and all views but it; the clinic has no entry in `without`.
    kind, metric
        Of the endpoint, and the metric that decides.
    weight
        (draws, n) as from :func:`stratomics.evaluation.comparison.resamples`.

    Returns
    -------
    list
        A row a view: ``alone`` by the metric, ``rank`` alone by concordance or AUROC, ``gain`` of having it (positive
        is better, whatever the metric's direction), each {estimate, low, high}; ``redundancy`` with the other views,
        0 to 1, null where nothing can be said; and ``verdict`` in words.
    """
    rule, ranks = find_metric(metric), find_metric(RANKS[kind])
    sign = 1.0 if rule.higher_is_better else -1.0
    together = rule.function(fused, weight)
    rows = []
    for view, cases in alone.items():
        row: dict[str, Any] = {
            "view": view,
            "alone": _figure(rule.function(cases, weight)),
            "rank": _figure(ranks.function(cases, weight)),
            "gain": None,
            "redundancy": redundancy(cases, [own for name, own in alone.items() if name != view]),
        }
        if view in without:
            row["gain"] = _figure(sign * (together - rule.function(without[view], weight)))
        rows.append(row | {"verdict": _verdict(row)})
    return rows


def redundancy(view: Cases, others: list[Cases]) -> float | None:
    """Share of the variance of a view's own predictions that those of the other views explain.

    A linear regression among ranks of the patients, adjusted for the number of other views, mean over repeats; null
    where the view tells everybody the same.
    """
    if not others:
        return None
    shares = []
    for repeat, own in enumerate(_said(view)):
        if np.ptp(own) == 0.0:
            continue
        x = np.column_stack([_ranks(_said(other)[repeat]) for other in others])
        y = _ranks(own)
        design = np.column_stack([np.ones(len(y)), x])
        left = y - design @ np.linalg.lstsq(design, y, rcond=None)[0]
        plain = 1.0 - float(left @ left) / float(((y - y.mean()) ** 2).sum())
        spare = max(len(y) - design.shape[1], 1)
        shares.append(1.0 - (1.0 - plain) * (len(y) - 1) / spare)
    return float(np.clip(np.mean(shares), 0.0, 1.0)) if shares else None


def _said(cases: Cases) -> Array:
    """(repeats, n) what orders the patients."""
    return cases.risk if isinstance(cases, SurvivalCases) else cases.probability


def _ranks(values: Array) -> Array:
    from scipy.stats import rankdata

    ranks: Array = rankdata(values)
    return ranks


def _figure(values: Array) -> dict[str, float]:
    low, high = np.nanquantile(values[1:], [0.025, 0.975])
    return {"estimate": float(values[0]), "low": float(low), "high": float(high)}


def _verdict(row: Mapping[str, Any]) -> str:
    """Say what a row means, in words that claim no more than its intervals."""
    tells = row["rank"]["low"] > 0.5  # noqa: PLR2004  # chance
    gain, shared = row["gain"], row["redundancy"]
    if gain is not None and gain["low"] > 0:
        return "adds to the others" if tells else "adds only together with the others"
    if gain is not None and gain["high"] < 0:
        return "hurts: the others do better without it"
    if not tells:
        return "no evidence that it tells anything"
    if shared is not None and shared > SHARED:
        return "tells something, most of which the others know too"
    return "tells something alone; no evidence that it adds to the others"
