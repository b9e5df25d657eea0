"""Reading factors out of a cohort, and the errors where there are none."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import mudata
import numpy as np
import pandas as pd
import pytest

from omics.cohort.read import read_cohort
from omics.common.errors import InputError
from stratomics.api import tl
from stratomics.api.tools.stored_factors import checked_cohort, stored_factors, stored_keys


@pytest.fixture
def cohort(write_small: Callable[..., Path]) -> Any:
    made = read_cohort(write_small())
    tl.factors(made, 3)
    return made


def test_what_is_stored_is_read(cohort: Any) -> None:
    stored = stored_factors(cohort)
    assert stored.names == ("factor1", "factor2", "factor3")
    np.testing.assert_array_equal(stored.mean, cohort.obsm["X_factors"])
    np.testing.assert_array_equal(stored.sd, cohort.obsm["X_factors_sd"])
    assert stored.known.all()
    assert stored_keys(cohort) == ["factors"]


def test_loadings_have_names(cohort: Any) -> None:
    loadings = stored_factors(cohort).loadings(cohort)
    assert set(loadings) == {"rna", "protein"}
    assert list(loadings["protein"].index) == list(cohort["protein"].var_names)
    np.testing.assert_array_equal(loadings["rna"].to_numpy(), cohort["rna"].varm["loadings"])


def test_a_part_of_a_cohort_has_the_factors_of_its_patients(cohort: Any) -> None:
    part = stored_factors(cohort[5:9])
    np.testing.assert_array_equal(part.mean, cohort.obsm["X_factors"][5:9])


@pytest.mark.parametrize(("given", "place"), [(1, 0), (3, 2), (np.int64(2), 1), ("factor3", 2)])
def test_a_factor_is_found_by_number_or_name(cohort: Any, given: Any, place: int) -> None:
    assert stored_factors(cohort).number(given) == place


@pytest.mark.parametrize("given", [0, 4, -1, "factor9", 1.5])
def test_another_factor_is_one_sentence(cohort: Any, given: Any) -> None:
    with pytest.raises(
        InputError, match=r"^no factor .*; choose a number from 1 to 3, or a name such as 'factor1'$"
    ):
        stored_factors(cohort).number(given)


def test_errors_say_what_to_run(cohort: Any, acc: Any) -> None:
    with pytest.raises(InputError, match=r"^no factors in this cohort; run st\.tl\.factors\(cohort\) first$"):
        stored_factors(acc)
    with pytest.raises(InputError, match=r"run st\.tl\.factors\(cohort, key_added='gfa'\) first$"):
        stored_factors(acc, "gfa")
    with pytest.raises(
        InputError, match="no factors with the key 'gfa' in this cohort; it has those of 'factors'"
    ):
        stored_factors(cohort, "gfa")


def test_a_key_of_something_else_has_no_factors(acc: Any) -> None:
    with pytest.raises(InputError, match="no factors in this cohort"):
        stored_factors(acc, "stratomics")


def test_what_is_no_cohort_is_one_sentence() -> None:
    with pytest.raises(
        InputError, match=r"a cohort is needed, and this is of type DataFrame; make one with st\.cohort"
    ):
        checked_cohort(pd.DataFrame())  # type: ignore[arg-type]
    with pytest.raises(
        InputError, match=r"this MuData has no specification of a cohort; make one with st\.cohort"
    ):
        checked_cohort(mudata.MuData({}))


def test_a_view_can_be_read_and_not_written(acc: Any) -> None:
    part = acc[:9]
    assert checked_cohort(part) is part
    with pytest.raises(InputError, match=r"view of another one; take a copy first: cohort\.copy\(\)"):
        checked_cohort(part, write=True)
