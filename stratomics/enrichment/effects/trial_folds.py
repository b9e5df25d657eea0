"""Patients of a trial into folds, many times over, arms and outcomes alike in each."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from omics.common.seeds import named_generator
from stratomics.enrichment.effects.trial import Trial

__all__ = ["FOLDS", "REPEATS", "balanced_folds", "trial_folds"]

FOLDS, REPEATS = 5, 20
"""One cross-fit leaves luck in how patients were parted: Wald's interval of it covers about 90%, the mean of twenty 95%
(`tests/stratomics/enrichment/test_honest_coverage.py`)."""


def trial_folds(trial: Trial, folds: int, repeats: int, seed: int, *names: str | int) -> NDArray[np.int64]:
    """(repeats, n) number of each patient's fold, stratified by arm and outcome."""
    label = 2 * trial.treated.astype(np.int64) + trial.outcome.label.astype(np.int64)
    return balanced_folds(label, folds, repeats, named_generator(seed, *names, "folds"))


def balanced_folds(
    label: NDArray[np.int64], folds: int, repeats: int, generator: np.random.Generator
) -> NDArray[np.int64]:
    """(repeats, n) fold numbers that part every label, and everybody, as evenly as can be.

    Examples
    --------
    >>> parts = balanced_folds(np.array([0, 0, 1, 1]), 2, 3, np.random.default_rng(0))
    >>> parts[:, :2].sum(axis=1), parts[:, 2:].sum(axis=1)
    (array([1, 1, 1]), array([1, 1, 1]))
    """
    luck = generator.random((repeats, len(label)))
    # In the order of labels, and of luck within them, patients are dealt out like cards.
    order = np.lexsort((luck, np.broadcast_to(label, luck.shape)), axis=-1)
    parts = np.empty(luck.shape, dtype=np.int64)
    np.put_along_axis(parts, order, np.broadcast_to(np.arange(len(label)) % folds, luck.shape), axis=-1)
    return parts
