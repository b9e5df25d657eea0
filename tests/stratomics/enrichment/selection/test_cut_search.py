"""The search of a cut: against R, by seed, and by the effects of both sides."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
from trials import GOLDEN, Find, big198, survival_trial

from stratomics.enrichment.effects.effect import measure_of
from stratomics.enrichment.selection.cut_search import best_cut, both_sides, search_cuts
from stratomics.enrichment.selection.cuts import marker_cuts

SEARCH = GOLDEN["big198_search"]


def test_big198_the_best_of_twelve_cuts_is_corrected(shared: Find) -> None:
    trial, ki67 = big198(shared)
    cuts = marker_cuts(
        trial, ki67, pd.read_csv(shared("reference/big198_threshold_table.csv"))["cut"].tolist()
    )
    search = search_cuts(measure_of(trial), cuts, seed=1)
    assert cuts.values[search.best] == search.cut == SEARCH["best"]
    assert SEARCH["out_of_bag"][0] <= search.out_of_bag.estimate <= SEARCH["out_of_bag"][1]
    assert search.apparent.estimate < search.harrell.estimate < search.out_of_bag.estimate
    assert SEARCH["false_positives"][0] <= search.false_positives <= SEARCH["false_positives"][1]
    assert 0.02 < search.p_adjusted < 0.07
    assert search.p == pytest.approx(0.0148, abs=1e-4)
    assert sum(search.chosen.values()) == pytest.approx(1.0)


def test_a_search_depends_on_its_seed_only() -> None:
    trial = survival_trial(0)
    cuts = marker_cuts(trial, np.random.default_rng(0).normal(size=120), [-0.3, 0.0, 0.3])
    one, same, other = (search_cuts(measure_of(trial), cuts, seed, draws=20) for seed in (1, 1, 2))
    assert one == same
    assert one != other


def test_both_sides_are_the_effects_of_both_tables() -> None:
    trial = survival_trial(0)
    marker = np.random.default_rng(0).normal(size=len(trial))
    measure = measure_of(trial)
    sides = both_sides(measure, (marker > 0)[None, None], np.ones((1, len(trial))))
    inside = measure_of(trial.take(np.flatnonzero(marker > 0))).effects(np.ones((1, int((marker > 0).sum()))))
    assert sides.inside[0, 0] == pytest.approx(inside[0][0])
    assert sides.inside_se[0, 0] == pytest.approx(inside[1][0])
    assert sides.z[0, 0] == pytest.approx(
        (sides.inside - sides.outside)[0, 0] / np.hypot(sides.inside_se, sides.outside_se)[0, 0]
    )
    assert list(best_cut(np.array([[1.0, np.nan, -3.0]]), -1)) == [2]
    assert list(best_cut(np.array([[1.0, np.nan, -3.0]]), 1)) == [0]
