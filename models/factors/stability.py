"""Stability of factors: how well they are found again in other patients."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import replace

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from datamodules.batch import Batch
from models.factors.loadings import Loadings
from models.factors.matching import align_loadings, congruence
from omics.common.errors import DataError
from omics.common.seeds import named_generator, named_seed

__all__ = ["split_half_fits", "stability", "verdict"]

SPLITS = 3
STABLE, POOR = 0.8, 0.5
MIN_PATIENTS = 4
"""With fewer, a half has fewer than two patients, and no factor can be fitted."""


def verdict(score: float) -> str:
    """Classify a stability as stable, unsteady or poor.

    Factors of pure noise have a stability of about 0.1, rarely above 0.4; strong factors are above 0.8 (simulation in
    ``tests/models/factors/test_stability.py``). The limits of 0.5 and 0.8 separate them.

    Examples
    --------
    >>> verdict(0.9), verdict(0.6), verdict(0.2)
    ('stable', 'unsteady', 'poor')
    """
    if score >= STABLE:
        return "stable"
    return "unsteady" if score >= POOR else "poor"


def split_half_fits(
    fit: Callable[[Batch, int], Loadings], batch: Batch, seed: int, groups: NDArray[np.int64] | None = None
) -> Iterator[tuple[Loadings, Loadings]]:
    """Fit two halves of the patients, for several random splits.

    Parameters
    ----------
    fit
        Function of patients and a seed that returns loadings.
    batch
        All patients.
    seed
        Of the splits and the fits.
    groups
        (n,) patients of the same group, such as relatives, are in the same half; by default each is a separate group.

    Yields
    ------
    tuple of Loadings
        Loadings of the two halves of one split.

    Raises
    ------
    DataError
        If there are fewer than four patients.
    """
    if len(batch) < MIN_PATIENTS:
        raise DataError(
            f"{len(batch)} patients cannot be split in halves for the stability of factors; give {MIN_PATIENTS} or more"
        )
    groups = np.arange(len(batch)) if groups is None else groups
    distinct = np.unique(groups)
    for split in range(SPLITS):
        order = named_generator(seed, "halves", split).permutation(distinct)
        one, two = (
            fit(
                _without_constant_views(batch.take(np.flatnonzero(np.isin(groups, order[half::2])))),
                named_seed(seed, split, half),
            )
            for half in range(2)
        )
        yield one, two


def stability(
    reference: Loadings, halves: Sequence[tuple[Loadings, Loadings]], members: Sequence[Loadings]
) -> pd.DataFrame:
    """How well each factor of a reference fit is found again.

    Parameters
    ----------
    reference
        Loadings of the fit whose factors are evaluated.
    halves
        From :func:`split_half_fits`: pairs of fits without a patient in common.
    members
        Fits of the ensemble members; they may share patients with each other and with the reference.

    Returns
    -------
    pandas.DataFrame
        Columns ``factor``; ``stability``, 0 to 1: the expected congruence between these loadings and the loadings
        from the same number of other patients; ``members``, 0 to 1: mean absolute congruence with the matched factor
        of the members; ``verdict``, from `stability`.

    Notes
    -----
    Fits that share patients also share the noise of these patients: with four fifths of the patients in common, a
    principal component of pure noise has a congruence of up to 0.83. The verdict therefore uses halves without a
    patient in common. Both fits are matched to the reference. The mean congruence r between them is extrapolated from
    half of the patients to all of them by 2 r / (1 + r) (Spearman 1910, doi 10.1111/j.2044-8295.1910.tb00206.x).
    """
    names = list(next(iter(reference.values())).columns)
    congruences = [
        congruence(align_loadings(reference, one), align_loadings(reference, two)) for one, two in halves
    ]
    half = np.mean(congruences, axis=0).clip(0.0, 1.0)
    score = 2 * half / (1 + half)
    of_members = [np.abs(congruence(reference, align_loadings(reference, member))) for member in members]
    return pd.DataFrame(
        {
            "factor": names,
            "stability": score,
            "members": np.mean(of_members, axis=0),
            "verdict": [verdict(value) for value in score],
        }
    )


def _without_constant_views(batch: Batch) -> Batch:
    """Drop views in which nothing varies among these patients: they have no loadings."""
    views = {name: x for name, x in batch.views.items() if _varies(x, batch.observed[name])}
    return replace(batch, views=views, observed={name: batch.observed[name] for name in views})


def _varies(values: NDArray[np.float32], observed: NDArray[np.bool_]) -> bool:
    high = np.where(observed, values, -np.inf).max(axis=0, initial=-np.inf)
    low = np.where(observed, values, np.inf).min(axis=0, initial=np.inf)
    return bool((high > low).any())
