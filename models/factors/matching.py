"""Factors of one fit found again in another: order and sign of factors mean nothing, their loadings do."""

from __future__ import annotations

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from scipy.optimize import linear_sum_assignment

from models.factors.loadings import Loadings

__all__ = ["aligned", "congruence"]

Array = NDArray[np.float64]


def aligned(reference: Loadings, other: Loadings) -> dict[str, pd.DataFrame]:
    """Put the loadings of another fit in the order and with the signs of a reference fit.

    Factors are paired so that the sum of absolute congruences is largest (Hungarian assignment). A factor of the
    reference that has no partner, the other fit having fewer, gets loadings 0.

    Examples
    --------
    >>> one = {"rna": pd.DataFrame({"factor1": [1.0, 0.0, 0.1], "factor2": [0.0, 1.0, 0.0]})}
    >>> two = {"rna": pd.DataFrame({"factor1": [0.1, -2.0, 0.0], "factor2": [1.0, 0.0, 0.0]})}
    >>> aligned(one, two)["rna"].to_numpy().tolist()
    [[1.0, -0.1], [0.0, 2.0], [0.0, -0.0]]
    """
    products = _congruences(*_shared(reference, other))
    rows, partners = linear_sum_assignment(-np.abs(products))
    signs = np.where(products[rows, partners] < 0, -1.0, 1.0)
    names = next(iter(reference.values())).columns
    turned = {}
    for view, table in other.items():
        values = np.zeros((len(table), len(names)))
        values[:, rows] = table.to_numpy()[:, partners] * signs
        turned[view] = pd.DataFrame(values, table.index, names)
    return turned


def congruence(one: Loadings, two: Loadings) -> Array:
    """(k,) correlation about 0 of each factor's loadings in two aligned fits, over the features that both have.

    This is Tucker's coefficient of congruence (Lorenzo-Seva and ten Berge 2006, doi 10.1027/1614-2241.2.2.57). About 0
    and not about the mean, since loadings that share a sign are much of what a factor is. 0 where one fit
    has no loadings for a factor.
    """
    return np.asarray(np.diag(_congruences(*_shared(one, two))))


def _shared(one: Loadings, two: Loadings) -> tuple[Array, Array]:
    """Give the loadings of both over the same features, views below each other."""
    left, right = [_nothing(one)], [_nothing(two)]
    for view in one:
        if view in two:
            common = one[view].index.intersection(two[view].index, sort=False)
            left.append(one[view].loc[common].to_numpy())
            right.append(two[view].loc[common].to_numpy())
    return np.vstack(left), np.vstack(right)


def _nothing(loadings: Loadings) -> Array:
    return np.zeros((0, next(iter(loadings.values())).shape[1]))


def _congruences(one: Array, two: Array) -> Array:
    lengths = np.linalg.norm(one, axis=0)[:, None] * np.linalg.norm(two, axis=0)
    products: Array = np.divide(one.T @ two, lengths, out=np.zeros_like(lengths), where=lengths > 0)
    return products
