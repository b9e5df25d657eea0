"""Whether factors would be found again in other patients."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import replace

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from datamodules.batch import Batch
from models.factors.loadings import Loadings
from models.factors.matching import aligned, congruence
from omics.common.errors import DataError
from omics.common.seeds import named_generator, named_seed

__all__ = ["half_fits", "stability", "verdict"]

HALVINGS = 3
STABLE, POOR = 0.8, 0.5
FEWEST = 4
"""Patients; a half of fewer than two has no factor."""


def verdict(score: float) -> str:
    """Say in a word what a stability is worth.

    Factors of pure noise score about 0.1 and seldom above 0.4, strong ones above 0.8 (the simulation in
    ``tests/models/factors/test_stability.py``), so that 0.5 and 0.8 part them with room on either side.

    Examples
    --------
    >>> verdict(0.9), verdict(0.6), verdict(0.2)
    ('stable', 'unsteady', 'poor')
    """
    if score >= STABLE:
        return "stable"
    return "unsteady" if score >= POOR else "poor"


def half_fits(
    fit: Callable[[Batch, int], Loadings], batch: Batch, seed: int, groups: NDArray[np.int64] | None = None
) -> Iterator[tuple[Loadings, Loadings]]:
    """Give the loadings of fits to two halves of the patients, drawn anew each time.

    Parameters
    ----------
    fit
        Gives loadings of some patients, and gets a seed of its own.
    batch
        All patients.
    seed
        Of the halves and the fits.
    groups
        (n,) who belongs together, and goes into the same half.

    Raises
    ------
    DataError
        If there are fewer than four patients.
    """
    if len(batch) < FEWEST:
        raise DataError(
            f"{len(batch)} patients cannot be halved to see whether factors come again; give {FEWEST}"
        )
    groups = np.arange(len(batch)) if groups is None else groups
    kinds = np.unique(groups)
    for halving in range(HALVINGS):
        order = named_generator(seed, "halves", halving).permutation(kinds)
        one, two = (
            fit(
                _varying(batch.take(np.flatnonzero(np.isin(groups, order[side::2])))),
                named_seed(seed, halving, side),
            )
            for side in range(2)
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
        From :func:`half_fits`: pairs of fits that share no patient.
    members
        Fits that the predictions rest on; they may share patients with each other and with the reference.

    Returns
    -------
    pandas.DataFrame
        Columns ``factor``; ``stability``, 0 to 1: the congruence to expect between these loadings and
        those from as many other patients; ``members``, 0 to 1: mean absolute congruence with the matched factor of the
        members; ``verdict``, of `stability`.

    Notes
    -----
    Fits that share patients share their noise: with four fifths in common a principal component of pure noise
    comes again with a congruence of up to 0.83. Therefore the verdict rests on halves that share nobody. Both
    fits are matched to the reference, and the congruence r between them, the mean over halvings, is stepped up from
    half to all of the patients by 2 r / (1 + r) (Spearman 1910, doi 10.1111/j.2044-8295.1910.tb00206.x).
    """
    names = list(next(iter(reference.values())).columns)
    found = [congruence(aligned(reference, one), aligned(reference, two)) for one, two in halves]
    half = np.mean(found, axis=0).clip(0.0, 1.0)
    score = 2 * half / (1 + half)
    again = [np.abs(congruence(reference, aligned(reference, member))) for member in members]
    return pd.DataFrame(
        {
            "factor": names,
            "stability": score,
            "members": np.mean(again, axis=0),
            "verdict": [verdict(value) for value in score],
        }
    )


def _varying(batch: Batch) -> Batch:
    """Leave out views in which nothing varies among these patients: they have no loadings to find."""
    views = {name: x for name, x in batch.views.items() if _varies(x, batch.observed[name])}
    return replace(batch, views=views, observed={name: batch.observed[name] for name in views})


def _varies(values: NDArray[np.float32], seen: NDArray[np.bool_]) -> bool:
    high = np.where(seen, values, -np.inf).max(axis=0, initial=-np.inf)
    low = np.where(seen, values, np.inf).min(axis=0, initial=np.inf)
    return bool((high > low).any())
