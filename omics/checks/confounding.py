"""Arms and sites: who is missing where, and what hangs together that a model would mistake for biology."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from omics.checks.finding import INFO, WARNING, Finding
from omics.checks.labels import arms, as_text, association, outcomes
from omics.cohort.read import cohort_spec, observed_views

if TYPE_CHECKING:
    from mudata import MuData

__all__ = ["describe_arms", "missing_views_tied_to_groups", "site_tied_to_outcome_or_arm", "site_ties"]

SURE = 0.001
"""p-value below which two groupings are said to hang together."""

STRONG = 0.25
"""Cramer's V from which a site is called confounded; a large cohort finds weaker ties too."""


def describe_arms(cohort: MuData) -> Iterator[Finding]:
    """Patients an arm, and how they came there."""
    spec, arm = cohort_spec(cohort), arms(cohort)
    if spec.arm is None or arm is None:
        return
    counts = ", ".join(f"{name} {count}" for name, count in arm.value_counts(sort=False).items())
    yield Finding("arms", INFO, spec.arm.column, f"patients an arm: {counts}; control is {spec.arm.control}")
    if spec.arm.randomised == "adaptive":
        yield Finding(
            "adaptive_allocation",
            WARNING,
            spec.arm.column,
            "allocation was adaptive: arms differ in when they enrolled, and drift over time cannot be told "
            "from treatment without dates of enrolment",
        )
    elif not spec.arm.randomised:
        yield Finding(
            "not_randomised",
            WARNING,
            spec.arm.column,
            "arms were not randomised: a difference between them need not be their effect",
        )


def missing_views_tied_to_groups(cohort: MuData) -> Iterator[Finding]:
    """Find a view that only one group has, or whose absence hangs together with arm, site or outcome."""
    seen = observed_views(cohort)
    for what, groups in _groups(cohort):
        for view, presence in seen.items():
            yield from _tied(what, groups, str(view), presence)


def _tied(what: str, groups: pd.Series[Any], view: str, seen: pd.Series[bool]) -> Iterator[Finding]:
    holders = groups[seen].dropna().unique()
    if len(holders) == 1 and len(groups.dropna().unique()) > 1:
        yield Finding(
            f"view_in_one_{what.split(maxsplit=1)[0]}",
            WARNING,
            view,
            f"it was measured only where {what} is {holders[0]}: its absence says the same as {what}, so never use it",
        )
        return
    presence = pd.Series(seen.map({True: "measured", False: "missing"}), seen.index)
    strength, p = association(presence, groups)
    if p < SURE:
        yield Finding(
            "missing_tied",
            WARNING,
            view,
            f"whether it was measured hangs together with {what} (Cramer's V {strength:.2f}, p {p:.1g})",
        )


def site_tied_to_outcome_or_arm(cohort: MuData) -> Iterator[Finding]:
    """Sites that differ in outcome or arm so much that a site effect would pass for a predictor."""
    spec = cohort_spec(cohort)
    if spec.site is None:
        return
    for what, strength, p in site_ties(cohort):
        if p < SURE:
            yield Finding(
                "site_confounded",
                WARNING,
                spec.site,
                f"sites differ in {what} (Cramer's V {strength:.2f}, p {p:.1g}): correcting for site would take the "
                "signal along, not correcting leaves the site in it",
            )


def site_ties(cohort: MuData, rows: NDArray[np.int64] | None = None) -> Iterator[tuple[str, float, float]]:
    """Arm and outcomes in which sites differ strongly among `rows`: what, Cramer's V of at least `STRONG`, p-value."""
    chosen = slice(None) if rows is None else rows
    spec = cohort_spec(cohort)
    for what, groups in _groups(cohort):
        if spec.site is None or what == "site":
            continue
        strength, p = association(as_text(cohort.obs[spec.site]).iloc[chosen], groups.iloc[chosen])
        if strength >= STRONG:
            yield what, strength, p


def _groups(cohort: MuData) -> Iterator[tuple[str, pd.Series[Any]]]:
    spec, arm = cohort_spec(cohort), arms(cohort)
    if arm is not None:
        yield "arm", arm
    if spec.site is not None:
        yield "site", as_text(cohort.obs[spec.site])
    for name, label in outcomes(cohort):
        yield f"outcome '{name}'", label
