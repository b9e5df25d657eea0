"""Sample swaps: pairs of patients with samples that were probably exchanged between two views."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import combinations
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from omics.cells.view_names import pairs_of_families
from omics.checks.finding import WARNING, Finding
from omics.cohort.read import cohort_spec
from omics.cohort.views import modality_of

if TYPE_CHECKING:
    from anndata import AnnData
    from mudata import MuData

__all__ = ["swapped_pairs", "swapped_samples"]

Array = NDArray[np.float64]

FEWEST_PATIENTS = 20
FEWEST_FEATURES = 10
AGREES = 0.3
"""Correlation above which a feature of the same name agrees between two views."""
MARGIN = 4.0
"""Smallest gain by an exchange, in standard deviations of the match of two different patients."""


def swapped_samples(cohort: MuData) -> Iterator[Finding]:
    """Find pairs of patients who seem exchanged between two views that share feature names."""
    views = cohort_spec(cohort).views
    # The types of cells of a patient are parts of one sample.
    same = pairs_of_families(views)
    for one, two in (pair for pair in combinations(views, 2) if pair not in same):
        names = cohort[one].var_names.intersection(cohort[two].var_names)
        patients = cohort[one].obs_names.intersection(cohort[two].obs_names)
        if len(names) < FEWEST_FEATURES or len(patients) < FEWEST_PATIENTS:
            continue
        first, second = (
            modality_of(views[view]).transform(_values(cohort[view][patients, names]), views[view].scale)
            for view in (one, two)
        )
        for i, j in swapped_pairs(first, second):
            yield Finding(
                "swapped_samples",
                WARNING,
                f"{one}, {two}",
                f"patients {patients[i]} and {patients[j]} match better after an exchange in one view: "
                "were two samples exchanged?",
            )


def _values(view: AnnData) -> Array:
    return np.asarray(view.X, dtype=np.float64)


def swapped_pairs(one: Array, two: Array) -> list[tuple[int, int]]:
    """Find rows that were exchanged between two arrays of the same patients and features.

    Only features that are correlated between the arrays count; they are standardised. A pair counts as exchanged
    when the match of both patients is better after the exchange, in sum by `MARGIN` standard deviations of the
    match of two different patients.

    Parameters
    ----------
    one, two
        (n, p) values, NaN where not measured.

    Returns
    -------
    list of tuple
        Pairs (i, j) of rows, with i < j.

    Examples
    --------
    >>> rng = np.random.default_rng(0)
    >>> one = rng.normal(size=(40, 60))
    >>> two = one + rng.normal(size=one.shape)
    >>> two[[3, 8]] = two[[8, 3]]
    >>> swapped_pairs(one, two)
    [(3, 8)]
    """
    first, second = _standardised(one), _standardised(two)
    agrees = (first * second).mean(axis=0) > AGREES
    if agrees.sum() < FEWEST_FEATURES:
        return []
    match = first[:, agrees] @ second[:, agrees].T / agrees.sum()
    gain = match - np.diag(match)[:, None]
    spread = float(match[~np.eye(len(match), dtype=bool)].std())
    # The gain of both patients, where each of them gains.
    both = np.where((gain > 0) & (gain.T > 0), gain + gain.T, 0.0)
    pairs: list[tuple[int, int]] = []
    while both.max() > MARGIN * spread:
        i, j = sorted(int(k) for k in np.unravel_index(both.argmax(), both.shape))
        pairs.append((i, j))
        both[[i, j]] = both[:, [i, j]] = 0.0
    return sorted(pairs)


def _standardised(values: Array) -> Array:
    """Return standard scores per feature; 0 where a value is missing or the feature is constant."""
    measured = np.isfinite(values)
    count = np.maximum(measured.sum(axis=0), 1)
    centred = np.where(measured, values - np.where(measured, values, 0.0).sum(axis=0) / count, 0.0)
    spread = np.sqrt((centred**2).sum(axis=0) / count)
    scores = centred / np.where(spread > 0, spread, np.inf)
    return np.clip(scores, -4, 4)
