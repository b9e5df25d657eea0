"""Arms and sites: associations with missing views and with outcomes that a model could mistake for biology."""

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

__all__ = ["confounded_site", "describe_arms", "missing_views_by_group", "site_associations"]

SIGNIFICANT = 0.001
"""p-value below which two groupings count as associated."""

STRONG = 0.25
"""Cramer's V from which a site counts as confounded; a large cohort would show weaker associations too."""


def describe_arms(cohort: MuData) -> Iterator[Finding]:
    """Count the patients of each arm, and report how arms were allocated."""
    spec, arm = cohort_spec(cohort), arms(cohort)
    if spec.arm is None or arm is None:
        return
    counts = ", ".join(f"{name} {count}" for name, count in arm.value_counts(sort=False).items())
    yield Finding("arms", INFO, spec.arm.column, f"patients per arm: {counts}; control is {spec.arm.control}")
    if spec.arm.randomised == "adaptive":
        yield Finding(
            "adaptive_allocation",
            WARNING,
            spec.arm.column,
            "allocation was adaptive: arms enrolled at different times, and without dates of enrolment a drift over "
            "time cannot be distinguished from an effect of treatment",
        )
    elif spec.arm.randomised == "no":
        yield Finding(
            "not_randomised",
            WARNING,
            spec.arm.column,
            "arms were not randomised: a difference between them need not be an effect of treatment",
        )


def missing_views_by_group(cohort: MuData) -> Iterator[Finding]:
    """Find views that only one arm, site or outcome has, or that are missing more often in one of them."""
    observed = observed_views(cohort)
    for what, groups in _groups(cohort):
        for view, measured in observed.items():
            yield from _missing_by_group(what, groups, str(view), measured)


def _missing_by_group(
    what: str, groups: pd.Series[Any], view: str, measured: pd.Series[bool]
) -> Iterator[Finding]:
    holders = groups[measured].dropna().unique()
    if len(holders) == 1 and len(groups.dropna().unique()) > 1:
        yield Finding(
            f"view_in_one_{what.split(maxsplit=1)[0]}",
            WARNING,
            view,
            f"it was measured only where {what} is {holders[0]}, so its absence reveals {what}: do not use it",
        )
        return
    presence = pd.Series(measured.map({True: "measured", False: "missing"}), measured.index)
    strength, p = association(presence, groups)
    if p < SIGNIFICANT:
        yield Finding(
            "missing_tied",
            WARNING,
            view,
            f"whether it was measured is associated with {what} (Cramer's V {strength:.2f}, p {p:.1g})",
        )


def confounded_site(cohort: MuData) -> Iterator[Finding]:
    """Find sites that differ so much in outcome or arm that a model could mistake a site effect for a predictor."""
    spec = cohort_spec(cohort)
    if spec.site is None:
        return
    for what, strength, p in site_associations(cohort):
        if p < SIGNIFICANT:
            yield Finding(
                "site_confounded",
                WARNING,
                spec.site,
                f"sites differ in {what} (Cramer's V {strength:.2f}, p {p:.1g}): a correction for site would remove "
                "signal too, and without one the site effect stays",
            )


def site_associations(
    cohort: MuData, rows: NDArray[np.int64] | None = None
) -> Iterator[tuple[str, float, float]]:
    """Find the arm and outcomes in which sites differ strongly.

    Parameters
    ----------
    cohort
        The cohort.
    rows
        Patients to compare; all of them if left out.

    Yields
    ------
    tuple
        ``"arm"`` or the outcome, Cramer's V of at least `STRONG`, and the p-value.
    """
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
