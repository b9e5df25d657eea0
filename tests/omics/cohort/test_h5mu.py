"""A cohort in one h5mu file."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest

from omics.cohort.read import (
    cohort_endpoints,
    cohort_spec,
    observed_views,
    read_cohort,
)
from omics.common.errors import CohortError


def test_h5mu_holds_the_same_cohort(acc: Any, tmp_path: Path) -> None:
    acc.write(tmp_path / "acc.h5mu")
    again = read_cohort(tmp_path / "acc.h5mu")
    pd.testing.assert_frame_equal(observed_views(again), observed_views(acc))
    assert cohort_spec(again) == cohort_spec(acc)
    np.testing.assert_array_equal(
        cohort_endpoints(again).survival().time, cohort_endpoints(acc).survival().time
    )
    for view in cohort_spec(acc).views:
        np.testing.assert_array_equal(again[view].X, acc[view].X)


def test_h5mu_without_specification_says_what_it_needs(tmp_path: Path) -> None:
    (tmp_path / "x.h5mu").write_bytes(b"not hdf5")
    with pytest.raises(CohortError, match=r"cohort\.yaml as json") as caught:
        read_cohort(tmp_path / "x.h5mu")
    assert caught.value.code == "unreadable_file"


def test_h5mu_with_a_view_without_values_is_named(acc: Any, tmp_path: Path) -> None:
    bare = acc.copy()
    bare.mod["rppa"] = bare.mod["rppa"].copy()
    bare.mod["rppa"].X = None
    bare.write(tmp_path / "bare.h5mu")
    with pytest.raises(CohortError, match="view 'rppa' has no values") as caught:
        read_cohort(tmp_path / "bare.h5mu")
    assert caught.value.code == "missing_view"
