"""Bounds of stability selection: 108 golden settings of R stabs, and when they hold."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from omics.common.errors import ConfigError
from stratomics.strata.panel.false_selections import false_selection_bound, stability_settings


def test_108_golden_settings_are_exact(shared: Callable[[str], Path]) -> None:
    """R stabs, ``stabsel_parameters``: q is the largest number that keeps the bound, and the bound is the same."""
    table = pd.read_csv(shared("reference/stabsel_golden.csv"))
    assert len(table) == 108
    for row in table.itertuples():
        pairs = 100 if row.assumption == "none" else 50
        here = false_selection_bound(row.q, row.p, row.cutoff, row.assumption, pairs)
        above = false_selection_bound(row.q + 1, row.p, row.cutoff, row.assumption, pairs)
        assert f"{here:.3g}" == f"{row.PFER_bound:.3g}"
        assert here <= row.PFER_wanted < above


@pytest.mark.parametrize(
    ("assumption", "q", "bound"),
    [("none", 22, 0.968), ("unimodal", 31, 0.981), ("r-concave", 61, 0.985)],
)
def test_the_largest_number_within_the_bound_is_found(assumption: str, q: int, bound: float) -> None:
    found = stability_settings(1000, 0.75, 1.0, assumption)
    assert found.per_half == q
    assert found.bound == pytest.approx(bound, rel=1e-3)


def test_stronger_assumptions_give_smaller_bounds() -> None:
    any_form, one_mode, concave = (
        false_selection_bound(20, 1000, 0.75, name) for name in ("none", "unimodal", "r-concave")
    )
    assert any_form == pytest.approx(0.8)
    assert concave == pytest.approx(0.09695478, abs=1e-8)
    assert concave < one_mode < any_form


def test_a_bound_that_does_not_hold_is_infinite_or_all_features() -> None:
    assert false_selection_bound(99, 100, 0.51, "unimodal") == np.inf
    assert false_selection_bound(99, 100, 0.6) == 100


@pytest.mark.parametrize(
    ("cutoff", "wanted", "message"),
    [(0.5, 1.0, "cutoff is 0.5"), (0.75, 1e-9, "no number of features per half")],
)
def test_impossible_settings_are_one_sentence(cutoff: float, wanted: float, message: str) -> None:
    with pytest.raises(ConfigError, match=message):
        stability_settings(100, cutoff, wanted, "none")
