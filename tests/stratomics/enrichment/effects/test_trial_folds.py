"""Folds are balanced by label."""

from __future__ import annotations

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from stratomics.enrichment.effects.trial_folds import balanced_folds


@given(st.integers(0, 1000), st.integers(2, 7), st.integers(20, 60))
def test_folds_part_labels_as_evenly_as_can_be(seed: int, folds: int, n: int) -> None:
    rng = np.random.default_rng(seed)
    label = rng.integers(0, 3, n)
    for row in balanced_folds(label, folds, 2, rng):
        assert np.ptp(np.bincount(row, minlength=folds)) <= 1
        for value in np.unique(label):
            assert np.ptp(np.bincount(row[label == value], minlength=folds)) <= 1
