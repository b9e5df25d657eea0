"""Subtypes: learned without outcomes, saved, and assigned to new patients who may lack views."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from places import SHARED

from omics.cohort.read import read_cohort
from omics.common.errors import DataError
from stratomics.strata.groups.subtypes import Subtypes, SubtypeSearch, search_subtypes

SETTINGS = {"model": "pca", "count": 5, "seed": 3}


@pytest.fixture(scope="module")
def found() -> SubtypeSearch:
    return search_subtypes(read_cohort("bundled:tcga_acc"), (2,), 2, **SETTINGS)  # type: ignore[arg-type]  # mixed values


def test_probabilities_add_up_and_the_first_group_is_the_largest(found: SubtypeSearch) -> None:
    assert found.subtypes is not None
    table = found.subtypes.predict(read_cohort("bundled:tcga_acc"))
    np.testing.assert_allclose(table[["p_S1", "p_S2"]].sum(axis=1), 1.0)
    sizes = found.ways["mixture"].value_counts()
    assert sizes[1] >= sizes[2] >= 5
    assert set(found.agreement) == {"consensus of k-means", "graph of shared views"}
    # Training patients are called like none of the groups about as often as the level says.
    assert 0.0 <= table["none"].mean() <= 0.15


def test_groups_do_not_depend_on_outcomes(found: SubtypeSearch) -> None:
    cohort = read_cohort("bundled:tcga_acc")
    order = np.random.default_rng(1).permutation(cohort.n_obs)
    for column in cohort.obs.columns.difference(["sample_id"]):
        cohort.obs[column] = cohort.obs[column].to_numpy()[order]
    again = search_subtypes(cohort, (2,), 2, **SETTINGS)  # type: ignore[arg-type]  # mixed values
    pd.testing.assert_frame_equal(again.ways, found.ways)
    assert again.existence == found.existence


def test_saved_groups_assign_patients_as_before(found: SubtypeSearch, tmp_path: Path) -> None:
    assert found.subtypes is not None
    patients = read_cohort("bundled:tcga_acc")[:30].copy()
    found.subtypes.save(tmp_path / "groups")
    again = Subtypes.load(tmp_path / "groups").predict(patients)
    pd.testing.assert_frame_equal(again, found.subtypes.predict(patients))


def test_the_same_patient_is_less_certain_without_a_view(found: SubtypeSearch) -> None:
    assert found.subtypes is not None
    cohort = read_cohort("bundled:tcga_acc")
    whole = found.subtypes.predict(cohort)
    without = cohort[:, ~cohort.var_names.isin(cohort["mrna"].var_names)].copy()
    fewer = found.subtypes.predict(without)
    certain = [table[["p_S1", "p_S2"]].max(axis=1).mean() for table in (whole, fewer)]
    assert certain[1] < certain[0]


@pytest.mark.parametrize(
    ("k", "message"),
    [
        (1, "1 groups are asked for; ask for at least 2"),
        (12, "12 groups are too many for 92 patients with a view; ask for at most 9"),
    ],
)
def test_numbers_that_cannot_be_learned_are_refused(k: int, message: str) -> None:
    with pytest.raises(DataError, match=message):
        search_subtypes(read_cohort("bundled:tcga_acc"), (2,), k, **SETTINGS)  # type: ignore[arg-type]  # mixed values


def test_a_group_of_fewer_than_five_is_refused() -> None:
    with pytest.raises(
        DataError, match="92 patients do not form 9 groups of at least 5 patients; ask for fewer"
    ):
        search_subtypes(read_cohort("bundled:tcga_acc"), (2,), 9, **SETTINGS)  # type: ignore[arg-type]  # mixed values


@pytest.mark.skipif(not (SHARED / "strata").is_dir(), reason="shared data are absent")
@pytest.mark.slow
def test_new_patients_without_a_view_belong_where_their_published_subtype_is() -> None:
    cohort = read_cohort(SHARED / "strata" / "breast_pam50")
    outcome = pd.read_csv(SHARED / "strata" / "breast_pam50" / "outcome.csv", index_col=0).loc[
        cohort.obs_names
    ]
    train = (outcome["part"] == "train").to_numpy()
    found = search_subtypes(cohort[train].copy(), (2,), 3, seed=1)
    assert found.subtypes is not None
    learned, new = (found.subtypes.predict(cohort[rows].copy()) for rows in (train, ~train))
    subtype = outcome["subtype"].to_numpy()
    name = pd.crosstab(learned["subtype"].to_numpy(), subtype[train]).idxmax(axis=1)
    called, truth = name.loc[new["subtype"]].to_numpy(), subtype[~train]
    errors = [(called[truth == one] != one).mean() for one in np.unique(truth)]
    # DIABLO, which is supervised, has 0.068.
    assert np.mean(errors) <= 0.075
