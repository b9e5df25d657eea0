"""A cohort written to h5mu is read back with everything that was added to it."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import mudata
import numpy as np
import pandas as pd
import pytest

from omics.cohort.read import cohort_spec, read_cohort
from omics.cohort.write import write_cohort
from omics.common.errors import InputError


def test_views_samples_and_additions_come_back(acc: Any, tmp_path: Path) -> None:
    cohort = acc.copy()
    cohort.obsm["X_factors"] = np.arange(2.0 * cohort.n_obs).reshape(-1, 2)
    place = write_cohort(cohort, tmp_path / "new" / "acc.h5mu")
    again, stored = read_cohort(place), mudata.read_h5mu(place)
    pd.testing.assert_frame_equal(again.obs.notna(), cohort.obs.notna())
    numbers = cohort.obs[["time", "event", "age"]].astype(float)
    pd.testing.assert_frame_equal(again.obs[["time", "event", "age"]].astype(float), numbers)
    for view in cohort_spec(cohort).views:
        pd.testing.assert_frame_equal(again[view].to_df(), cohort[view].to_df())
    np.testing.assert_array_equal(stored.obsm["X_factors"], cohort.obsm["X_factors"])
    assert cohort_spec(again).endpoints == cohort_spec(cohort).endpoints
    assert all(view.file is None for view in cohort_spec(again).views.values())
    assert cohort_spec(cohort).views["rppa"].file == "proteomic.csv.gz", "the input is unchanged"


def test_the_same_cohort_gives_the_same_bytes_and_nothing_else_is_left(acc: Any, tmp_path: Path) -> None:
    one, two = (write_cohort(acc, tmp_path / name) for name in ("one.h5mu", "two.h5mu"))
    assert one.read_bytes() == two.read_bytes()
    assert sorted(path.name for path in tmp_path.iterdir()) == ["one.h5mu", "two.h5mu"]


def test_another_ending_and_a_plain_mudata_are_refused(acc: Any, tmp_path: Path) -> None:
    with pytest.raises(InputError, match=r"ending \.h5mu"):
        write_cohort(acc, tmp_path / "acc.csv")
    plain = acc.copy()
    del plain.uns["stratomics"]
    with pytest.raises(InputError, match="no specification"):
        write_cohort(plain, tmp_path / "acc.h5mu")
