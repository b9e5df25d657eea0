"""Outcomes that contradict each other, or that a model could not learn."""

from __future__ import annotations

import re
from collections.abc import Iterator
from itertools import permutations
from typing import TYPE_CHECKING

import numpy as np

from omics.checks.finding import ERROR, WARNING, Finding
from omics.cohort.endpoint_columns import HALF_A_DAY, NEGATIVE, POSITIVE, response_sides
from omics.cohort.endpoints import Survival
from omics.cohort.read import cohort_endpoints, cohort_spec
from omics.common.errors import DataError

if TYPE_CHECKING:
    from mudata import MuData

__all__ = ["after_death", "censoring_as_event", "labels_of_responses", "not_learnable"]

DEATH = {"survival", "os", "overall_survival", "overall", "death"}
"""Names of endpoints that end with death; no other event can be later."""

CENSORING = re.compile(r"(^|[^a-z])(cens(or(ed|ing|ship)?)?|cnsr)([^a-z]|$)", re.IGNORECASE)
"""Names of columns that are usually 1 where the event did not occur."""

ROUNDING = 0.01
"""Share by which a time may exceed another one because of rounding."""

SHOWN = 5
FEW = 10
"""Number of events, or of patients in a class, below which hardly anything can be learned."""

FOLDS = 5
"""Folds of a run, unless `split.folds` says another number."""


def after_death(cohort: MuData) -> Iterator[Finding]:
    """Find patients with an event or a censoring of another endpoint after their death or last follow-up."""
    named = {n: e for n, e in cohort_endpoints(cohort).named.items() if isinstance(e, Survival)}
    for (death, last), (other, endpoint) in permutations(named.items(), 2):
        if death.lower() not in DEATH or other.lower() in DEATH:
            continue
        days, limit = endpoint.time / HALF_A_DAY[endpoint.unit], last.time / HALF_A_DAY[last.unit]
        late = endpoint.observed & last.observed & (days > limit * (1 + ROUNDING) + 1)
        if late.any():
            ids = list(cohort.obs_names[late])
            yield Finding(
                "after_death",
                WARNING,
                other,
                f"in {late.sum()} patient(s) its time is longer than that of '{death}', which cannot be: "
                f"{', '.join(ids[:SHOWN])}{', ...' if ids[SHOWN:] else ''}; correct the times or their units",
            )


def censoring_as_event(cohort: MuData) -> Iterator[Finding]:
    """Find events that are read from a column of censoring, where 1 usually means that no event occurred."""
    for name, endpoint in cohort_spec(cohort).endpoints.items():
        if (
            endpoint.event is None
            or not CENSORING.search(str(endpoint.event))
            or " is " in str(endpoint.event)
        ):
            continue
        events = int((cohort.obs[endpoint.event] == 1).sum())
        others = int((cohort.obs[endpoint.event] == 0).sum())
        yield Finding(
            "censoring_as_event",
            WARNING,
            name,
            f"a column called {endpoint.event} is usually 1 where the event did not occur, and 1 counts as an event "
            f"here ({events} events, otherwise {others}): if so, declare event: {{column: {endpoint.event}, is: 0}}",
        )


def labels_of_responses(cohort: MuData) -> Iterator[tuple[str, str]]:
    """Yield each response with the side of every label, such as ``; CR 3 positive, NE 2 not evaluable``."""
    for name, endpoint in cohort_spec(cohort).endpoints.items():
        if endpoint.column is None:
            continue
        column = cohort.obs[endpoint.column]
        sides = response_sides(column, endpoint)
        order = {POSITIVE: 0, NEGATIVE: 1}
        counts = column.groupby([column.astype(str), sides]).size()
        rows = sorted(counts.items(), key=lambda item: (order.get(item[0][1], 2), item[0][0]))
        if 2 < len(rows) <= 4 * SHOWN:  # noqa: PLR2004  # two labels say nothing new
            yield name, "; " + ", ".join(f"{label} {n} {side}" for (label, side), n in rows)


def not_learnable(cohort: MuData) -> Iterator[Finding]:
    """Find a primary endpoint that a run would refuse, or with too few events or patients of a class."""
    endpoints, name = cohort_endpoints(cohort), cohort_spec(cohort).primary_endpoint
    endpoint = endpoints.named[name]
    try:
        endpoint.check_learnable(name)
    except DataError as error:
        yield Finding("not_learnable", ERROR, name, f"{error}; a run refuses it")
        return
    for label, members in endpoint.required_groups.items():
        count = int(np.sum(members))
        if count < FEW:
            refuses = (
                f"; a run in {FOLDS} folds refuses it, lower split.folds" if count < 2 * FOLDS - 1 else ""
            )
            yield Finding(
                "few_events",
                WARNING,
                name,
                f"there are only {count} {label}(s), from which hardly anything can be learned{refuses}",
            )
