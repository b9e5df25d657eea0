"""A simulated cohort on disk: the same bytes for the same seed, and a round trip."""

from __future__ import annotations

import dataclasses
import gzip
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
from simulated import SMALL

from omics.cohort.read import cohort_spec, read_cohort
from omics.common.errors import InputError
from omics.simulate.simulate_cohort import (
    SimulationConfig,
    Truth,
    read_truth,
    simulate,
    write_simulated,
)
from omics.simulate.simulated_views import VIEWS


def test_the_same_seed_writes_the_same_bytes(tmp_path: Path) -> None:
    config = SimulationConfig(40, features=dict.fromkeys(VIEWS, 3))
    for name, changed in (("a", config), ("b", config), ("c", dataclasses.replace(config, seed=1))):
        write_simulated(simulate(changed), tmp_path / name)
    names = sorted(str(path.relative_to(tmp_path / "a")) for path in (tmp_path / "a").rglob("*.*"))
    assert names == sorted(
        [
            "cohort.yaml",
            "outcome.csv",
            "truth/patients.parquet",
            "truth/settings.json",
            *(f"{view}.csv.gz" for view in VIEWS),
        ]
    )
    for name in names:
        first = (tmp_path / "a" / name).read_bytes()
        assert first == (tmp_path / "b" / name).read_bytes(), name
        assert first != (tmp_path / "c" / name).read_bytes(), name
    # The modification time within a gzip file, RFC 1952, 2.3.1.
    packed = (tmp_path / "a" / "rna.csv.gz").read_bytes()
    assert packed[4:8] == bytes(4)
    assert gzip.decompress(packed).startswith(b"sample_id,gene1,gene2,gene3\n")


@pytest.mark.parametrize(
    "changes",
    [
        {"features": dict.fromkeys(VIEWS, 7)},
        {"features": SMALL, "arm": False, "sites": 1},
        {"features": SMALL, "doses": (0.5, 2.0)},
        {"features": SMALL, "viewless": True, "missing_views": 0.8},
    ],
)
def test_round_trip_through_a_folder(changes: dict[str, Any], tmp_path: Path) -> None:
    simulated = simulate(SimulationConfig(60, **changes))
    write_simulated(simulated, tmp_path / "new" / "folder")
    again = read_cohort(tmp_path / "new" / "folder")
    pd.testing.assert_frame_equal(again.obs, simulated.cohort.obs)
    assert again.uns == simulated.cohort.uns
    assert list(again.mod) == list(simulated.cohort.mod)
    for view in cohort_spec(again).views:
        pd.testing.assert_frame_equal(again[view].to_df(), simulated.cohort[view].to_df())
    assert_same_truth(read_truth(tmp_path / "new" / "folder"), simulated.truth)


def assert_same_truth(left: Truth, right: Truth) -> None:
    for field in dataclasses.fields(Truth):
        np.testing.assert_equal(getattr(left, field.name), getattr(right, field.name), field.name)
    np.testing.assert_array_equal(left.benefit_rmst, right.benefit_rmst)


def test_truth_tables_hold_what_the_truth_says(tmp_path: Path) -> None:
    simulated = simulate(SimulationConfig(40, features=SMALL, doses=(1.5, 3)))
    write_simulated(simulated, tmp_path)
    table, truth = pd.read_parquet(tmp_path / "truth/patients.parquet"), simulated.truth
    assert table["sample_id"].tolist() == simulated.cohort.obs_names.tolist()
    np.testing.assert_array_equal(table["log_hazard_1.5"], truth.log_hazard[:, 1])
    np.testing.assert_array_equal(table["response_probability_3"], truth.response_probability[:, 2])
    np.testing.assert_array_equal(table["benefit_rmst"], table["rmst_3"] - table["rmst_0"])
    np.testing.assert_array_equal(table["benefits"], table["benefit_response"] > 0)


def test_a_cohort_without_truth_is_refused_in_a_sentence(tmp_path: Path) -> None:
    with pytest.raises(InputError, match=r"patients\.parquet: no such file"):
        read_truth(tmp_path)
