"""Site effects: the share of the predictions that is explained by the site."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray
from scipy.stats import rankdata

from stratomics.evaluation.cases import Cases, SurvivalCases

__all__ = ["explained_by_site"]

Array = NDArray[np.float64]


def explained_by_site(cases: Cases, site: NDArray[np.str_]) -> float | None:
    """Share of the variance of the patients' predicted ranks that is explained by their sites.

    Patients are ranked within fold, because models of different folds have different scales. The share is adjusted for
    the number of sites, so that its expectation is 0 if sites have no effect; mean over the repeats.

    Parameters
    ----------
    cases
        n patients.
    site
        (n,) site of each patient.

    Returns
    -------
    float or None
        Between 0 and 1; None if every fold has patients of one site only, or all patients have the same prediction.
    """
    predicted = cases.risk if isinstance(cases, SurvivalCases) else cases.probability
    shares = [
        _share(_ranks(scores, fold), fold, site) for scores, fold in zip(predicted, cases.fold, strict=True)
    ]
    known = [share for share in shares if share is not None]
    return float(np.clip(np.mean(known), 0.0, 1.0)) if known else None


def _share(ranks: Array, fold: NDArray[np.int64], site: NDArray[np.str_]) -> float | None:
    """R2 of ranks on site, adjusted, in folds with several sites; None if it cannot be computed."""
    mixed = np.concatenate([np.flatnonzero(fold == f) for f in np.unique(fold)])
    mixed = mixed[[len(np.unique(site[fold == fold[row]])) > 1 for row in mixed]]
    if not len(mixed) or np.ptp(ranks[mixed]) == 0.0:
        return None
    y, codes = ranks[mixed], np.unique(site[mixed], return_inverse=True)[1]
    n, groups = len(y), int(codes.max()) + 1
    if n <= groups:
        return None
    means = np.bincount(codes, y) / np.bincount(codes)
    unexplained = ((y - means[codes]) ** 2).sum() / ((y - y.mean()) ** 2).sum()
    return float(1.0 - unexplained * (n - 1) / (n - groups))


def _ranks(values: Array, fold: NDArray[np.int64]) -> Array:
    """(n,) rank within fold, between 0 and 1."""
    ranks = np.empty(len(values))
    for number in np.unique(fold):
        rows = np.flatnonzero(fold == number)
        ranks[rows] = (rankdata(values[rows]) - 0.5) / len(rows)
    return ranks
