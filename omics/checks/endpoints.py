"""Endpoints: number of events, follow-up, and endpoints that repeat another one."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import permutations
from typing import TYPE_CHECKING

import numpy as np

from omics.checks.finding import INFO, WARNING, Finding
from omics.checks.outcome_columns import labels_of_responses
from omics.cohort.endpoints import Response, Survival
from omics.cohort.read import cohort_endpoints, cohort_spec

if TYPE_CHECKING:
    from mudata import MuData

__all__ = ["describe_endpoints", "follow_up_wall", "function_of_another", "half_observed", "time_zero"]

WALL = 0.8
"""Share of the censored patients at the same time from which follow-up ends at a wall."""

FEWEST = 20
"""Number of patients that a rule must hold for before it is reported."""


def describe_endpoints(cohort: MuData) -> Iterator[Finding]:
    """Describe each endpoint: events and follow-up, or prevalence."""
    labels = dict(labels_of_responses(cohort))
    for name, endpoint in cohort_endpoints(cohort).named.items():
        n = int(endpoint.observed.sum())
        if isinstance(endpoint, Survival):
            median = float(np.median(endpoint.time[endpoint.observed])) if n else np.nan
            what = f"{int(endpoint.event.sum())} events, median time {median:g} {endpoint.unit}"
        else:
            positive = int(endpoint.positive.sum())
            what = f"{positive} positive ({positive / max(n, 1):.0%}){labels.get(name, '')}"
        yield Finding("endpoint", INFO, name, f"observed in {n} of {cohort.n_obs} patients, {what}")


def time_zero(cohort: MuData) -> Iterator[Finding]:
    """Count patients with a recorded time of 0."""
    for name, endpoint in cohort_spec(cohort).endpoints.items():
        zero = 0 if endpoint.time is None else int((cohort.obs[endpoint.time] == 0).sum())
        if zero:
            yield Finding(
                "time_zero",
                WARNING,
                name,
                f"{zero} patient(s) have time 0; they stay, with half a day of follow-up",
            )


def half_observed(cohort: MuData) -> Iterator[Finding]:
    """Count patients who have a time without an event, or an event without a time."""
    for name, endpoint in cohort_spec(cohort).endpoints.items():
        if endpoint.time is None or endpoint.event is None:
            continue
        half = int((cohort.obs[endpoint.time].isna() != cohort.obs[endpoint.event].isna()).sum())
        if half:
            yield Finding(
                "half_endpoint",
                WARNING,
                name,
                f"{half} patient(s) lack either time or event and are not evaluated by it",
            )


def follow_up_wall(cohort: MuData) -> Iterator[Finding]:
    """Find endpoints with most patients censored at the same time, by the end of the study or by a cut of the times."""
    for name, endpoint in cohort_endpoints(cohort).named.items():
        if not isinstance(endpoint, Survival):
            continue
        censored = endpoint.time[endpoint.observed & ~endpoint.event]
        times, counts = np.unique(censored, return_counts=True)
        if len(censored) >= FEWEST and counts.max() >= WALL * len(censored):
            wall = times[counts.argmax()]
            yield Finding(
                "follow_up_wall",
                WARNING,
                name,
                f"{counts.max()} of {len(censored)} censored patients are censored at {wall:g} {endpoint.unit}: "
                "follow-up ends at this time, and nothing is known beyond it",
            )


def function_of_another(cohort: MuData) -> Iterator[Finding]:
    """Find responses that are only a cut of a survival time, or a copy of another response."""
    named = cohort_endpoints(cohort).named
    for (name, response), (other, source) in permutations(named.items(), 2):
        if not isinstance(response, Response):
            continue
        rule = _cut(response, source) if isinstance(source, Survival) else _copy(response, source)
        if rule and (isinstance(source, Survival) or name < other):
            both = int((response.observed & source.observed).sum())
            yield Finding(
                "function_of_another",
                WARNING,
                name,
                f"it is {rule.format(other=other)} in {both} of {both} patients: it does not confirm the other one",
            )


def _cut(response: Response, survival: Survival) -> str | None:
    both = response.observed & survival.observed
    yes, no = survival.time[both & response.positive], survival.time[both & ~response.positive]
    if len(yes) + len(no) < FEWEST or not len(yes) or not len(no):
        return None
    if yes.min() > no.max():
        return f"the time of '{{other}}' beyond {no.max():g} (at least {yes.min():g}) {survival.unit}"
    if no.min() > yes.max():
        return f"the time of '{{other}}' up to {yes.max():g} {survival.unit}"
    return None


def _copy(response: Response, other: Response) -> str | None:
    both = response.observed & other.observed
    if both.sum() < FEWEST:
        return None
    same = response.positive[both] == other.positive[both]
    return "'{other}'" if same.all() else "the opposite of '{other}'" if not same.any() else None
