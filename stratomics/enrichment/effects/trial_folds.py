"""Repeated folds of a trial, stratified by arm and outcome."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from omics.common.seeds import named_generator
from stratomics.enrichment.effects.trial import Trial

__all__ = ["FOLDS", "REPEATS", "balanced_folds", "trial_folds"]

FOLDS, REPEATS = 5, 20
"""One cross-fit varies with the random split: its Wald interval covers about 90%, and that of the mean of twenty 95%
(`tests/stratomics/enrichment/effects/test_cross_fitted_coverage.py`)."""


def trial_folds(trial: Trial, folds: int, repeats: int, seed: int, *names: str | int) -> NDArray[np.int64]:
    """Assign the patients of a trial to folds, stratified by arm and outcome.

    Parameters
    ----------
    trial
        The patients.
    folds, repeats
        Number of folds, and of random assignments.
    seed
        Seed of the assignments.
    *names
        Names that select the random stream of this seed.

    Returns
    -------
    ndarray
        (repeats, n) fold number of each patient.
    """
    label = 2 * trial.treated.astype(np.int64) + trial.outcome.label.astype(np.int64)
    return balanced_folds(label, folds, repeats, named_generator(seed, *names, "folds"))


def balanced_folds(
    label: NDArray[np.int64], folds: int, repeats: int, generator: np.random.Generator
) -> NDArray[np.int64]:
    """Assign patients to folds so that each label, and the whole, is divided as evenly as possible.

    Parameters
    ----------
    label
        (n,) code of the stratum of each patient.
    folds, repeats
        Number of folds, and of random assignments.
    generator
        Source of random numbers.

    Returns
    -------
    ndarray
        (repeats, n) fold number of each patient.

    Examples
    --------
    >>> parts = balanced_folds(np.array([0, 0, 1, 1]), 2, 3, np.random.default_rng(0))
    >>> parts[:, :2].sum(axis=1), parts[:, 2:].sum(axis=1)
    (array([1, 1, 1]), array([1, 1, 1]))
    """
    draws = generator.random((repeats, len(label)))
    # Patients are sorted by label, in random order within a label, and assigned to the folds in turn.
    order = np.lexsort((draws, np.broadcast_to(label, draws.shape)), axis=-1)
    parts = np.empty(draws.shape, dtype=np.int64)
    np.put_along_axis(parts, order, np.broadcast_to(np.arange(len(label)) % folds, draws.shape), axis=-1)
    return parts
