"""Discrimination and O/E by site, and what to expect in a new site."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy.special import expit, logit

from stratomics.evaluation.cases import Cases, SurvivalCases
from stratomics.evaluation.intervals import Estimate
from stratomics.evaluation.metrics import DISCRIMINATION
from stratomics.evaluation.metrics.metric import find_metric
from stratomics.evaluation.subgroup_performance import observed_and_expected
from stratomics.transportability.external import FEWEST_OUTCOMES, fewest_outcomes, kind_of
from stratomics.transportability.levels import wald
from stratomics.transportability.random_effects import FEWEST_SITES, RandomEffects, random_effects

__all__ = ["SiteRow", "SiteSummary", "site_summary"]

Array = NDArray[np.float64]

INSIDE = 1e-3
"""Discrimination is clipped to this distance from 0 and 1 before its logit."""


@dataclass(frozen=True)
class SiteRow:
    """One site: patients, events (or positive responses), and its estimates, or None where it has too few events."""

    site: str
    patients: int
    events: int
    discrimination: Estimate | None
    ratio: Estimate | None


@dataclass(frozen=True)
class SiteSummary:
    """All sites, and a new site.

    Attributes
    ----------
    rows
        One per site.
    left_out
        Whether the patients of each site were predicted without this site in training.
    discrimination
        Summary of the C index or AUROC, back on its own scale, from the logit; None with fewer than three sites.
    ratio
        Summary of O/E, from its logarithm.
    """

    rows: tuple[SiteRow, ...]
    left_out: bool
    discrimination: RandomEffects | None
    ratio: RandomEffects | None


def site_summary(cases: Cases, site: NDArray[np.str_], weight: Array, *, left_out: bool) -> SiteSummary:
    """Summarise sites by random effects.

    Parameters
    ----------
    cases
        n patients; pairs are compared within fold.
    site
        (n,) site of each patient.
    weight
        (1 + draws, n) bootstrap weights, from which standard errors are estimated.
    left_out
        Whether each site was predicted without it in training.

    Returns
    -------
    SiteSummary
        Sites with fewer than 10 events, or patients in the rarer class, have rows without estimates.
    """
    metric = find_metric(DISCRIMINATION[kind_of(cases)])
    rows, ranks, ratios = [], [], []
    for name in np.unique(site):
        members = np.flatnonzero(site == name)
        part, drawn = cases.take(members), weight[:, members]
        events = int((part.event if isinstance(part, SurvivalCases) else part.positive).sum())
        if fewest_outcomes(part) < FEWEST_OUTCOMES:
            rows.append(SiteRow(str(name), len(part), events, None, None))
            continue
        rank = _with_error(logit(np.clip(metric.function(part, drawn), INSIDE, 1.0 - INSIDE)))
        ratio = _with_error(_log_ratio(*observed_and_expected(part, drawn)))
        ranks += [rank] if rank else []
        ratios += [ratio] if ratio else []
        rows.append(SiteRow(str(name), len(part), events, _shown(rank, expit), _shown(ratio, np.exp)))
    return SiteSummary(tuple(rows), left_out, _summary(ranks, expit), _summary(ratios, np.exp))


def _log_ratio(observed: Array, expected: Array) -> Array:
    known = (observed > 0) & (expected > 0)
    ratio = np.divide(observed, expected, out=np.full(len(observed), np.nan), where=known)
    logarithm: Array = np.log(ratio)
    return logarithm


def _with_error(values: Array) -> tuple[float, float] | None:
    """Estimate and its standard error over the resamples, from (1 + draws,) values."""
    drawn = values[1:][np.isfinite(values[1:])]
    se = float(drawn.std(ddof=1)) if len(drawn) > 1 else 0.0
    return (float(values[0]), se) if np.isfinite(values[0]) and se > 0 else None


def _shown(value: tuple[float, float] | None, back: np.ufunc) -> Estimate | None:
    if value is None:
        return None
    interval = wald(*value)
    return {
        "estimate": float(back(interval["estimate"])),
        "low": float(back(interval["low"])),
        "high": float(back(interval["high"])),
    }


def _summary(values: list[tuple[float, float]], back: np.ufunc) -> RandomEffects | None:
    if len(values) < FEWEST_SITES:
        return None
    estimate, se = np.array(values).T
    found = random_effects(estimate, se)
    ends = (found.mean, found.low, found.high)
    mean, low, high = (float(back(value)) for value in ends)
    new = (float(back(value)) for value in (found.new_low, found.new_high))
    return RandomEffects(found.sites, mean, low, high, found.between, *new)
