"""Cuts of a score: which are refused, and which are chosen by default."""

from __future__ import annotations

import numpy as np
import pytest
from trials import survival_trial

from omics.common.errors import DataError
from stratomics.enrichment.effects.cross_fitted import (
    chosen_within_folds,
)
from stratomics.enrichment.selection.cuts import marker_cuts, share_cuts


@pytest.mark.parametrize(
    ("cuts", "sentence"),
    [
        ([99.0], "cut 99 is outside the scores, which run from 0 to 1"),
        ([1.0], "cut 1 is outside"),
        ([-0.1], "cut -0.1 is outside"),
        ([0.97], "leaves 4 patients inside"),
        ([0.02], "leaves 3 patients outside"),
    ],
)
def test_a_cut_that_cannot_be_compared_is_refused(cuts: list[float], sentence: str) -> None:
    trial = survival_trial(0)
    marker = np.linspace(0.0, 1.0, len(trial))
    with pytest.raises(DataError, match=sentence):
        marker_cuts(trial, marker, cuts)
    with pytest.raises(DataError, match=r"share 0\.03 leaves"):
        share_cuts(trial, marker[None], np.zeros((1, len(trial)), dtype=np.int64), [0.03])
    with pytest.raises(DataError, match="chooses no patient or all patients"):
        chosen_within_folds(marker[None], np.zeros((1, len(trial)), dtype=np.int64), 1.0)
    with pytest.raises(DataError, match="no cut of this score"):
        marker_cuts(trial, np.ones(len(trial)))
    with pytest.raises(DataError, match="a share of 30 leaves one side empty"):
        marker_cuts(trial, marker, shares=[30.0])


@pytest.mark.parametrize("shares", [None, (0.8, 0.7, 0.6, 0.5, 0.4, 0.3, 0.2)])
def test_a_marker_is_cut_at_shares(shares: tuple[float, ...] | None) -> None:
    trial = survival_trial(0)
    cuts = marker_cuts(trial, np.random.default_rng(0).normal(size=len(trial)), shares=shares)
    assert np.all(np.diff(cuts.values) > 0)
    assert cuts.members.mean(axis=(1, 2)) == pytest.approx(np.arange(0.8, 0.15, -0.1), abs=0.02)
