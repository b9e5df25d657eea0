"""``st.tl.biology`` and ``st.tl.pathway_activity``: what they write and refuse."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest

import stratomics as st
from omics.common.errors import DataError


@pytest.fixture(scope="module")
def cohort() -> Any:
    found = st.datasets.acc()
    st.tl.factors(found, count=3, max_features=100)
    return found


def test_factors_are_tested_and_survive_a_file(cohort: Any, tmp_path: Path) -> None:
    copied = st.tl.biology(cohort, copy=True)
    assert "biology" not in cohort.uns
    table = st.get.biology(copied)
    verdicts = st.tl.stability(cohort).set_index("factor")["verdict"]
    assert set(table["contrast"]) == set(verdicts[verdicts != "poor"].index)
    assert set(table["view"]) <= {"cna", "mrna", "rppa"}
    assert any("View 'mirna' is not tested" in note for note in copied.uns["biology"]["notes"])
    again = st.read_cohort(st.write_cohort(copied, tmp_path / "cohort.h5mu"))
    pd.testing.assert_frame_equal(st.get.biology(again), table)


def test_new_factors_remove_the_biology_of_earlier_ones(cohort: Any) -> None:
    copied = st.tl.biology(cohort, copy=True)
    st.tl.factors(copied, count=2, max_features=50, key_added="others")
    assert "biology" in copied.uns
    st.tl.factors(copied, count=2, max_features=50)
    assert "biology" not in copied.uns
    with pytest.raises(st.InputError, match="other than 'umap' and 'biology'"):
        st.tl.factors(copied, count=2, key_added="biology")


def test_sets_in_memory_and_groups_without_factors() -> None:
    cohort = st.datasets.acc()
    names = list(cohort["mrna"].var_names)
    st.tl.biology(cohort, {"first": names[:20], "second": names[20:45]}, groups="stage")
    table = st.get.biology(cohort)
    assert set(table["set"]) == {"first", "second"}
    assert set(table["contrast"]) == {f"stage {level}" for level in cohort.obs["stage"].dropna().unique()}
    np.testing.assert_array_less(table["p"], table["q"] + 1e-12)


def test_a_file_of_sets(tmp_path: Path) -> None:
    cohort = st.datasets.acc()
    path = tmp_path / "my.gmt"
    path.write_text("one\tOne\t" + "\t".join(cohort["rppa"].var_names[:12]) + "\n")
    st.tl.biology(cohort, path, groups="female")
    assert set(st.get.biology(cohort)["collection"]) == {"my"}


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({}, "no factors in this cohort"),
        ({"groups": "absent"}, "no column 'absent'"),
        ({"groups": "stage", "sets": "absent.gmt"}, "no such file"),
        ({"groups": "stage", "sets": {}}, "neither a gmt file nor a dict"),
        ({"groups": "stage", "sets": {"one": "TP53"}}, "neither a gmt file nor a dict"),
        ({"groups": "stage", "sets": {"one": ["Q1", "Q2"]}}, "no set can be tested"),
    ],
)
def test_what_is_refused(arguments: dict[str, Any], message: str, acc: Any) -> None:
    with pytest.raises(st.InputError, match=message):
        st.tl.biology(acc.copy(), **arguments)


def test_missing_results_name_the_call(acc: Any) -> None:
    with pytest.raises(st.InputError, match=r"run st\.tl\.biology\(cohort\) first"):
        st.get.biology(acc)
    with pytest.raises(DataError, match="a third of the genes of PROGENy"):
        st.tl.pathway_activity(acc)
