"""Everything that uses scanpy: neighbours and UMAP of patients. scanpy is imported when a function is called."""

from __future__ import annotations

import warnings

import numpy as np
from numpy.typing import NDArray

from omics.common.errors import DataError, InputError
from omics.common.seeds import named_generator

__all__ = ["neighbours_umap"]

Array = NDArray[np.float64]

MIN_NEIGHBOURS = 2
"""A patient counts as a neighbour of itself, so that two are needed for one other patient."""

LARGEST_SEED = 2**32 - 1

START, JITTER = 10.0, 1e-4
"""Largest starting coordinate, and standard deviation of its noise, as umap-learn has them."""


def neighbours_umap(values: Array, seed: int, neighbours: int = 15) -> Array:
    """Place patients in the plane by UMAP (McInnes et al. 2018, arXiv 1802.03426), as scanpy computes it.

    Neighbours are exact, from ``scanpy.pp.neighbors``; coordinates are from ``scanpy.tl.umap``. The first call in a
    process takes some seconds, in which numba compiles umap-learn.

    Parameters
    ----------
    values
        (n, k) coordinates of n patients, all finite, comparable in scale.
    seed
        Seed of the optimization, from 0 to 4294967295. The same seed gives the same bytes.
    neighbours
        Number of neighbours that the graph connects, the patient itself included.

    Returns
    -------
    Array
        (n, 2) coordinates. Distances between groups, and their density, have no meaning.

    Raises
    ------
    DataError
        If there are no more patients than neighbours.
    InputError
        If `seed` or `neighbours` is out of range.

    Notes
    -----
    The optimization starts from the two columns with the largest variance (Kobak and Linderman 2021, doi
    10.1038/s41587-020-00809-z). The spectral start of umap-learn is not reproducible: where the graph has several
    components or repeated eigenvalues, the eigenvector solver of scipy continues from random vectors without a seed.
    """
    if not 0 <= seed <= LARGEST_SEED:
        raise InputError(f"seed is {seed}; it must be between 0 and {LARGEST_SEED}")
    if neighbours < MIN_NEIGHBOURS:
        raise InputError(f"neighbours is {neighbours}; it must be at least {MIN_NEIGHBOURS}")
    if len(values) <= neighbours:
        raise DataError(
            f"{len(values)} patients are too few for {neighbours} neighbours; lower neighbours to at most "
            f"{len(values) - 1}, or add patients"
        )
    from anndata import AnnData

    with warnings.catch_warnings():
        # Advice of scanpy, umap-learn and their packages on their own code, which a user cannot follow.
        warnings.simplefilter("ignore", FutureWarning)
        warnings.simplefilter("ignore", DeprecationWarning)
        # Patients with the same values are their own neighbours in another place of the list.
        warnings.filterwarnings("ignore", "Changing the sparsity structure")
        import scanpy as sc

        graph = AnnData(np.ascontiguousarray(values, dtype=np.float64))
        # With many patients scanpy would look for approximate neighbours by pynndescent.
        sc.pp.neighbors(graph, n_neighbors=neighbours, use_rep="X", transformer="sklearn", random_state=seed)
        sc.tl.umap(graph, init_pos=_start(graph.X, seed), random_state=seed)
    return np.asarray(graph.obsm["X_umap"], dtype=np.float64)


def _start(values: Array, seed: int) -> Array:
    """(n, 2) starting coordinates: two columns, the second one noise if there is no other."""
    largest = np.argsort(-values.var(axis=0), kind="stable")[:2]
    start = np.zeros((len(values), 2))
    start[:, : len(largest)] = values[:, largest] - values[:, largest].mean(axis=0)
    scale = np.abs(start).max()
    noise = named_generator(seed, "umap").normal(scale=JITTER, size=start.shape)
    return start * (START / scale if scale > 0 else 1.0) + noise
