"""Agreement of groups with labels that patients already have, and with their sites."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from sklearn.metrics import adjusted_rand_score, normalized_mutual_info_score

from omics.common.errors import DataError
from omics.common.seeds import named_generator
from stratomics.strata.groups.given_labels import class_name

__all__ = ["LabelOverlap", "SiteOverlap", "label_overlap", "site_overlap"]

Labels = NDArray[Any]


@dataclass(frozen=True)
class LabelOverlap:
    """Agreement of groups with labels.

    Attributes
    ----------
    adjusted_rand
        Adjusted Rand index: 1 for the same partition, 0 on average for unrelated ones.
    table
        Number of patients by group (rows) and label (columns).
    patients
        Number of patients with a group and a label.
    """

    adjusted_rand: float
    table: pd.DataFrame
    patients: int


@dataclass(frozen=True)
class SiteOverlap:
    """Agreement of groups with sites, which a batch effect also causes.

    Attributes
    ----------
    mutual_information
        Normalized mutual information, between 0 and 1.
    permuted
        Its mean over permutations of the sites; it is above 0, since many sites match any groups to some extent.
    p
        Share of permutations with at least as much mutual information.
    one_site_each
        Every group has patients of a single site, so that groups and sites cannot be separated.
    table
        Number of patients by group (rows) and site (columns).
    draws
        Number of permutations.
    """

    mutual_information: float
    permuted: float
    p: float
    one_site_each: bool
    table: pd.DataFrame
    draws: int


def label_overlap(group: Labels, label: Labels) -> LabelOverlap:
    """Compare groups with existing labels.

    Hubert and Arabie 1985, doi 10.1007/BF01908075.

    Parameters
    ----------
    group, label
        (n,) each; missing for patients without.

    Returns
    -------
    LabelOverlap
        Of the patients who have both.

    Raises
    ------
    DataError
        If no patient has both.

    Examples
    --------
    >>> label_overlap(np.array(["a", "a", "b"]), np.array([1, 1, 2])).adjusted_rand
    1.0
    """
    one, other = _both(group, label, "a label")
    return LabelOverlap(float(adjusted_rand_score(one, other)), pd.crosstab(one, other), len(one))


def site_overlap(group: Labels, site: Labels, draws: int = 999, seed: int = 0) -> SiteOverlap:
    """Compare groups with sites.

    Parameters
    ----------
    group, site
        (n,) each; missing for patients without.
    draws, seed
        Number of permutations, and their seed.

    Returns
    -------
    SiteOverlap
        Of the patients who have both.

    Raises
    ------
    DataError
        If no patient has both, or all are from one site.
    """
    one, other = _both(group, site, "a site")
    table = pd.crosstab(one, other)
    if table.shape[1] == 1:
        raise DataError("all patients are from one site, so that groups cannot be compared with sites")
    generator = named_generator(seed, "groups and sites")
    observed = _mutual_information(one, other)
    permuted = np.array([_mutual_information(one, generator.permutation(other)) for _ in range(draws)])
    return SiteOverlap(
        observed,
        float(permuted.mean()),
        float((1 + (permuted >= observed - 1e-12).sum()) / (1 + draws)),
        bool(((table > 0).sum(axis=1) == 1).all()),
        table,
        draws,
    )


def _mutual_information(one: Labels, other: Labels) -> float:
    return float(normalized_mutual_info_score(one, other))


def _both(group: Labels, other: Labels, what: str) -> tuple[Labels, Labels]:
    """Names of both, of the patients who have both."""
    rows = np.flatnonzero(pd.notna(group) & pd.notna(other))
    if not len(rows):
        raise DataError(f"no patient has a group and {what}, so there is nothing to compare; check the ids")
    one, two = (np.array([class_name(value) for value in np.asarray(v)[rows]]) for v in (group, other))
    return one, two
