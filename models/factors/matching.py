"""Match the factors of two fits by their loadings: the order and the sign of factors are arbitrary."""

from __future__ import annotations

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from scipy.optimize import linear_sum_assignment

from models.factors.loadings import Loadings

__all__ = ["align_loadings", "congruence", "match_factors"]

Array = NDArray[np.float64]


def align_loadings(reference: Loadings, other: Loadings) -> dict[str, pd.DataFrame]:
    """Match the factors of another fit to a reference fit, and give them the order and signs of the reference.

    Factors are matched so that the sum of absolute congruences is largest (Hungarian algorithm, Kuhn 1955,
    doi 10.1002/nav.3800020109).

    Parameters
    ----------
    reference
        Loadings of the reference fit.
    other
        Loadings of the fit to align.

    Returns
    -------
    dict
        View -> aligned loadings. If the other fit has fewer factors, the unmatched ones have loadings 0.

    Examples
    --------
    >>> one = {"rna": pd.DataFrame({"factor1": [1.0, 0.0, 0.1], "factor2": [0.0, 1.0, 0.0]})}
    >>> two = {"rna": pd.DataFrame({"factor1": [0.1, -2.0, 0.0], "factor2": [1.0, 0.0, 0.0]})}
    >>> align_loadings(one, two)["rna"].to_numpy().tolist()
    [[1.0, -0.1], [0.0, 2.0], [0.0, -0.0]]
    """
    congruences = _congruences(*_common_features(reference, other))
    rows, partners = linear_sum_assignment(-np.abs(congruences))
    signs = np.where(congruences[rows, partners] < 0, -1.0, 1.0)
    names = next(iter(reference.values())).columns
    aligned = {}
    for view, table in other.items():
        values = np.zeros((len(table), len(names)))
        values[:, rows] = table.to_numpy()[:, partners] * signs
        aligned[view] = pd.DataFrame(values, table.index, names)
    return aligned


def match_factors(
    reference: Loadings, other: Loadings, least: float
) -> tuple[NDArray[np.int64], NDArray[np.float64]]:
    """Find the factor of another fit that is each factor of a reference fit, as :func:`align_loadings` does.

    Parameters
    ----------
    reference, other
        Loadings of both fits.
    least
        Smallest absolute congruence of a match.

    Returns
    -------
    partner
        (k,) number of the factor of `other`, -1 for none.
    sign
        (k,) 1 or -1.

    Examples
    --------
    >>> one = {"rna": pd.DataFrame({"factor1": [1.0, 0.0, 0.1], "factor2": [0.0, 1.0, 0.0]})}
    >>> two = {"rna": pd.DataFrame({"factor1": [0.1, -2.0, 0.0], "factor2": [1.0, 0.0, 0.0]})}
    >>> [part.tolist() for part in match_factors(one, two, 0.7)]
    [[1, 0], [1.0, -1.0]]
    """
    congruences = _congruences(*_common_features(reference, other))
    rows, partners = linear_sum_assignment(-np.abs(congruences))
    found = congruences[rows, partners]
    partner, sign = np.full(len(congruences), -1), np.ones(len(congruences))
    partner[rows] = np.where(np.abs(found) >= least, partners, -1)
    sign[rows] = np.where(found < 0, -1.0, 1.0)
    return partner, sign


def congruence(one: Loadings, two: Loadings) -> Array:
    """Tucker's coefficient of congruence (Lorenzo-Seva and ten Berge 2006, doi 10.1027/1614-2241.2.2.57).

    It is the correlation about 0, not about the mean, because a common sign of the loadings is part of the factor.

    Parameters
    ----------
    one, two
        Aligned loadings of two fits.

    Returns
    -------
    numpy.ndarray
        (k,) congruence of each factor, over the features that both fits have; 0 where a fit has no loadings.
    """
    return np.asarray(np.diag(_congruences(*_common_features(one, two))))


def _common_features(one: Loadings, two: Loadings) -> tuple[Array, Array]:
    """Select the loadings of the features that both fits have, all views in one matrix."""
    left, right = [_no_rows(one)], [_no_rows(two)]
    for view in one:
        if view in two:
            common = one[view].index.intersection(two[view].index, sort=False)
            left.append(one[view].loc[common].to_numpy())
            right.append(two[view].loc[common].to_numpy())
    return np.vstack(left), np.vstack(right)


def _no_rows(loadings: Loadings) -> Array:
    return np.zeros((0, next(iter(loadings.values())).shape[1]))


def _congruences(one: Array, two: Array) -> Array:
    lengths = np.linalg.norm(one, axis=0)[:, None] * np.linalg.norm(two, axis=0)
    products: Array = np.divide(one.T @ two, lengths, out=np.zeros_like(lengths), where=lengths > 0)
    return products
