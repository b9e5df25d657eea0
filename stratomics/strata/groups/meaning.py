"""What groups mean: outcomes, arms, sites, labels and markers, computed after the groups were learned."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import TYPE_CHECKING, Any, TypeVar

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from omics.cohort.arms import arm_codes
from omics.cohort.endpoints import Response, Survival
from omics.cohort.read import cohort_endpoints, cohort_spec
from omics.common.errors import DataError
from stratomics.strata.groups.arm_interaction import group_interaction
from stratomics.strata.groups.findings import NamedOverlap, OutcomeByGroup
from stratomics.strata.groups.loss_against_factors import loss_against_factors
from stratomics.strata.groups.outcomes import (
    GroupResponse,
    GroupTest,
    response_by_group,
    strata_of,
    survival_by_group,
)
from stratomics.strata.groups.overlap import SiteOverlap, label_overlap, site_overlap

if TYPE_CHECKING:
    from mudata import MuData

__all__ = ["label_overlaps", "outcomes_of_groups", "overlap_with_sites"]

Array = NDArray[np.float64]
T = TypeVar("T")

MOST_CLASSES = 10
"""A column with more values is no classification of the patients."""


def outcomes_of_groups(
    cohort: MuData, group: NDArray[Any], coordinates: Array, seed: int
) -> tuple[OutcomeByGroup, ...]:
    """Compare the outcomes of groups, for each endpoint of a cohort.

    Parameters
    ----------
    cohort
        n patients.
    group
        (n,) group of each patient, learned without outcomes; missing for patients in none.
    coordinates
        (n, q) factors from which the groups were learned.
    seed
        Of permutations, folds and resamples.

    Returns
    -------
    tuple of OutcomeByGroup
        One per endpoint; what cannot be computed is a note of it.
    """
    arm, site = arm_codes(cohort), _sites(cohort)
    stratum = None if site is None else strata_of(site)
    return tuple(
        _outcome(name, endpoint, group, coordinates, arm, stratum, seed)
        for name, endpoint in cohort_endpoints(cohort).named.items()
    )


def _outcome(
    name: str,
    endpoint: Survival | Response,
    group: NDArray[Any],
    coordinates: Array,
    arm: Array | None,
    stratum: NDArray[np.int64] | None,
    seed: int,
) -> OutcomeByGroup:
    notes: list[str] = []

    def attempt(what: str, function: Callable[[], T]) -> T | None:
        try:
            return function()
        except DataError as error:
            notes.append(f"{what} of '{name}' is not computed: {error}")
            return None

    test: GroupTest | None = None
    rates: tuple[GroupResponse, ...] = ()
    if isinstance(endpoint, Survival):
        survival = attempt("the test", lambda: survival_by_group(group, endpoint, stratum, seed=seed))
        test = None if survival is None else survival.test
    else:
        response = attempt("the test", lambda: response_by_group(group, endpoint, stratum, seed=seed))
        if response is not None:
            test, rates = response.test, response.rates
    losses = attempt(
        "the loss against the factors", lambda: loss_against_factors(group, coordinates, endpoint, seed=seed)
    )
    interaction = (
        None
        if arm is None
        else attempt("the effect by group", lambda: group_interaction(group, endpoint, arm, stratum))
    )
    unit = endpoint.unit if isinstance(endpoint, Survival) else ""
    return OutcomeByGroup(name, endpoint.kind, unit, test, rates, losses or (), interaction, tuple(notes))


def overlap_with_sites(cohort: MuData, group: NDArray[Any], seed: int) -> SiteOverlap | None:
    """Compare groups with the sites of a cohort.

    Parameters
    ----------
    cohort
        n patients.
    group
        (n,) group of each patient; missing for patients in none.
    seed
        Of the permutations.

    Returns
    -------
    SiteOverlap or None
        None if the cohort has fewer than two sites.
    """
    site = _sites(cohort)
    return None if site is None else site_overlap(group, site.to_numpy(), seed=seed)


def _sites(cohort: MuData) -> pd.Series[Any] | None:
    name = cohort_spec(cohort).site
    if name is None or cohort.obs[name].nunique() < 2:  # noqa: PLR2004  # sites to compare
        return None
    site: pd.Series[Any] = cohort.obs[name]
    return site


def label_overlaps(cohort: MuData, group: NDArray[Any], column: str | None) -> tuple[NamedOverlap, ...]:
    """Compare groups with the classifications that the samples table has.

    Parameters
    ----------
    cohort
        n patients.
    group
        (n,) group of each patient.
    column
        Published labels that are compared in any case.

    Returns
    -------
    tuple of NamedOverlap
        One per column with two to ten values, except endpoints, arm, site, part and group.
    """
    columns = dict.fromkeys([*([] if column is None else [column]), *_classifications(cohort)])
    both = {name: pd.notna(group) & cohort.obs[name].notna().to_numpy() for name in columns}
    return tuple(
        NamedOverlap(name, label_overlap(group, cohort.obs[name].to_numpy(dtype=object)))
        for name in columns
        if both[name].any()
    )


def _classifications(cohort: MuData) -> Iterator[str]:
    spec = cohort_spec(cohort)
    taken = {spec.site, spec.group, spec.part, None if spec.arm is None else spec.arm.column}
    for one in spec.endpoints.values():
        taken |= {one.time, one.event, one.cause, one.entry, one.column}
    for name in cohort.obs.columns.difference([one for one in taken if one is not None], sort=False):
        values = cohort.obs[name].dropna()
        whole = not pd.api.types.is_float_dtype(values) or bool((values % 1 == 0).all())
        if whole and 2 <= values.nunique() <= MOST_CLASSES:  # noqa: PLR2004  # classes to tell apart
            yield str(name)
