"""Planted sets have the highest loadings; they are written with a simulated cohort, and read back."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pandas as pd

from omics.simulate.config import SimulationConfig
from omics.simulate.planted_sets import SETS, planted_sets
from omics.simulate.simulate_cohort import simulate, write_simulated
from stratomics.strata.biology.sets import read_gmt


def test_planted_sets_have_the_highest_loadings() -> None:
    loadings = np.random.default_rng(0).normal(size=(100, 2))
    names = pd.Index([f"g{n}" for n in range(100)])
    sets = planted_sets({"rna": loadings, "small": loadings[:59]}, {"rna": names, "small": names[:59]}, 1)
    assert list(sets) == ["planted_rna_factor1", "random_rna_1", "planted_rna_factor2", "random_rna_2"]
    for factor in range(2):
        planted = names.get_indexer(list(sets[f"planted_rna_factor{factor + 1}"]))
        others = np.setdiff1d(np.arange(100), planted)
        assert loadings[planted, factor].min() > loadings[others, factor].max()
        assert len(set(sets[f"random_rna_{factor + 1}"])) == 20
    assert planted_sets({"rna": loadings}, {"rna": names}, 1) == sets
    assert planted_sets({"rna": loadings}, {"rna": names}, 2) != sets


def test_sets_are_written_with_the_truth(tmp_path: Path) -> None:
    simulated = simulate(SimulationConfig(40, features={"rna": 80, "protein": 10}))
    write_simulated(simulated, tmp_path)
    sets = read_gmt(tmp_path / SETS).members
    names = {"rna": simulated.cohort["rna"].var_names}
    assert sets == planted_sets({"rna": simulated.truth.loadings["rna"]}, names, 0)
