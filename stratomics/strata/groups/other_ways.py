"""Two other ways of grouping patients, shown beside the mixture: consensus of k-means, and a graph of shared views."""

from __future__ import annotations

import warnings
from collections.abc import Mapping

import numpy as np
from numpy.typing import NDArray

__all__ = ["consensus_groups", "graph_groups"]

Array = NDArray[np.float64]

SUBSAMPLES, SHARE = 50, 0.8
NEIGHBOURS = 0.1
"""Neighbours by which the distances of a patient are scaled, as a share of the patients with the view."""


def consensus_groups(mean: Array, k: int, generator: np.random.Generator) -> NDArray[np.int64]:
    """Group patients who are together in k-means of most subsamples (Monti et al. 2003, doi 10.1023/A:1023949509487).

    Parameters
    ----------
    mean
        (n, q) coordinates.
    k
        Number of groups.
    generator
        Source of subsamples and starts.

    Returns
    -------
    numpy.ndarray
        (n,) group of each patient, by average linkage of the share of subsamples in which two patients are apart.
    """
    from sklearn.cluster import AgglomerativeClustering, KMeans

    n = len(mean)
    together, drawn = np.zeros((n, n)), np.zeros((n, n))
    for _ in range(SUBSAMPLES):
        rows = generator.choice(n, max(k, int(SHARE * n)), replace=False)
        seed = int(generator.integers(2**31))
        labels = KMeans(k, n_init=3, random_state=seed).fit_predict(mean[rows])
        together[np.ix_(rows, rows)] += labels[:, None] == labels
        drawn[np.ix_(rows, rows)] += 1
    apart = 1.0 - together / np.maximum(drawn, 1.0)
    groups: NDArray[np.int64] = AgglomerativeClustering(
        k, metric="precomputed", linkage="average"
    ).fit_predict(apart)
    return groups


def graph_groups(views: Mapping[str, Array], k: int, generator: np.random.Generator) -> NDArray[np.int64]:
    """Group patients by spectral clustering of a graph, averaged over the views that two patients share.

    The idea of NEMO (Rappoport and Shamir 2019, doi 10.1093/bioinformatics/btz058): a patient who lacks a view is
    compared by the others.

    Parameters
    ----------
    views
        View -> (n, p) harmonized values; a row of NaN is a patient without the view.
    k
        Number of groups.
    generator
        Source of the starts.

    Returns
    -------
    numpy.ndarray
        (n,) group of each patient.
    """
    from sklearn.cluster import SpectralClustering

    n = len(next(iter(views.values())))
    total, shared = np.zeros((n, n)), np.zeros((n, n))
    for values in views.values():
        rows = np.flatnonzero(~np.isnan(values).any(axis=1))
        if len(rows) > k:
            total[np.ix_(rows, rows)] += _affinity(values[rows])
            shared[np.ix_(rows, rows)] += 1
    affinity = total / np.maximum(shared, 1.0)
    clustering = SpectralClustering(k, affinity="precomputed", random_state=int(generator.integers(2**31)))
    with warnings.catch_warnings():
        # Patients without a common view are not connected.
        warnings.filterwarnings("ignore", message="Graph is not fully connected")
        groups: NDArray[np.int64] = clustering.fit_predict(affinity)
    return groups


def _affinity(values: Array) -> Array:
    """Similarity (n, n) that decreases with the squared distance, relative to the nearest neighbours of both."""
    norm = (values**2).sum(axis=1)
    squared = np.maximum(norm[:, None] + norm - 2 * values @ values.T, 0.0)
    neighbours = max(2, int(NEIGHBOURS * len(values)))
    near = np.sort(squared, axis=1)[:, 1 : neighbours + 1].mean(axis=1)
    result: Array = np.exp(-squared / np.maximum(near[:, None] + near, 1e-12))
    return result
