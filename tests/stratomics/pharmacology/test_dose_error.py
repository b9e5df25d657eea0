"""Errors of doses by race: a real gain in some groups, and none in Black patients."""

import numpy as np
import pandas as pd
import pytest
from pgx_cohort import warfarin_patients

from omics.common.errors import DataError
from stratomics.pharmacology.dose_error import ALL, dose_errors, equity_sentences
from stratomics.pharmacology.warfarin import warfarin_dose


def test_errors_by_race(shared):
    patients, dose = warfarin_patients(shared)
    doses = {name: warfarin_dose(patients, name).to_numpy() for name in ("iwpc", "iwpc clinical", "gage")}
    errors = dose_errors(doses, dose.to_numpy(), patients["race"], "iwpc clinical", draws=300)
    table = errors.set_index(["group", "method"])
    # ../shared/reference/pharmacology-numbers.md, genotypes known, dose below 300.
    for group, genotype, clinical, count in [
        ("Asian", 6.504, 7.016, 1128),
        ("Black", 12.040, 12.189, 399),
        ("White", 8.495, 10.928, 2410),
        ("Unknown", 7.185, 9.262, 242),
    ]:
        assert table.loc[(group, "iwpc"), "error"] == pytest.approx(genotype, abs=1e-3)
        assert table.loc[(group, "iwpc clinical"), "error"] == pytest.approx(clinical, abs=1e-3)
        assert table.loc[(group, "iwpc"), "patients"] == count
    assert table.loc[("Black", "gage"), "error"] == pytest.approx(12.075, abs=1e-3)
    sentences = {line.split(" (")[0]: line for line in equity_sentences(errors, "iwpc", "mg/week")}
    assert "no real gain" in sentences["Black"]
    assert "reduces" in sentences["White"]
    assert "reduces" in sentences["All patients"]


def test_a_bootstrap_interval_covers_the_estimate_and_small_groups_have_no_row():
    rng = np.random.default_rng(0)
    true = rng.uniform(20, 50, 100)
    doses = {"plain": np.full(100, 35.0), "close": true + rng.normal(0, 1, 100), "worse": true + 40.0}
    doses["close"][0] = np.nan
    group = pd.Series(["A"] * 95 + ["B"] * 5)
    errors = dose_errors(doses, true, group, "plain", draws=200)
    assert set(errors["group"]) == {ALL, "A"}
    assert (errors["low"] <= errors["error"]).all()
    assert (errors["error"] <= errors["high"]).all()
    assert errors.set_index(["group", "method"]).loc[(ALL, "close"), "patients"] == 99
    assert "increases" in equity_sentences(errors, "worse", "mg/week")[0]
    with pytest.raises(DataError, match="no patient"):
        dose_errors(doses, np.full(100, np.nan), group, "plain")
