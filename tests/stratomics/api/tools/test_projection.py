"""Factors of new patients from a reference: the same as in the reference, and nothing is learned from the new ones."""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd
import pytest

import stratomics as st
from omics.cohort.h5mu import allow_shared_feature_names
from omics.common.errors import InputError


@pytest.fixture(scope="module")
def reference(acc: Any) -> Any:
    with allow_shared_feature_names():
        cohort = acc[:60].copy()
    st.tl.factors(cohort, count=3, seed=2, max_features=40)
    return cohort


def test_projected_patients_of_the_reference_have_their_factors(reference: Any) -> None:
    again = reference.copy()
    del again.obsm["X_factors"], again.uns["factors"]
    st.tl.project(again, reference)
    np.testing.assert_array_equal(again.obsm["X_factors"], reference.obsm["X_factors"])


def test_one_new_patient_has_the_factors_that_they_have_among_others(acc: Any, reference: Any) -> None:
    many, one = acc[60:].copy(), acc[[70]].copy()
    for cohort in (many, one):
        st.tl.project(cohort, reference)
    np.testing.assert_allclose(one.obsm["X_factors"][0], many.obsm["X_factors"][10], atol=1e-12)


def test_a_missing_view_widens_the_factors_and_is_predicted(acc: Any, reference: Any) -> None:
    complete = [
        name for name in acc.obs_names[60:] if all(name in view.obs_names for view in acc.mod.values())
    ]
    new = acc[complete].copy()
    fewer = new.copy()
    del fewer.mod["rppa"]
    for cohort in (new, fewer):
        st.tl.project(cohort, reference)
    assert (fewer.obsm["X_factors_sd"] >= new.obsm["X_factors_sd"] - 1e-12).all()
    mean, sd = st.tl.reconstruct(fewer, reference, "rppa")
    assert mean.shape == sd.shape == (len(complete), acc["rppa"].n_vars)
    pd.testing.assert_index_equal(mean.columns, sd.columns)
    assert (sd > 0).all().all()


def test_stability_has_one_verdict_per_factor_and_is_repeatable(reference: Any) -> None:
    table = st.tl.stability(reference)
    assert table["factor"].tolist() == list(reference.uns["factors"]["names"])
    assert set(table["verdict"]) <= {"stable", "unsteady", "poor"}
    pd.testing.assert_frame_equal(table, st.tl.stability(reference))


def test_wrong_input(acc: Any, reference: Any) -> None:
    with pytest.raises(InputError, match=r"run st\.tl\.factors\(cohort\) first"):
        st.tl.project(acc[60:].copy(), acc)
    with pytest.raises(InputError, match="did you mean 'rppa'"):
        st.tl.reconstruct(acc[60:].copy(), reference, "rpa")
    with pytest.raises(InputError, match="a view of another one"):
        st.tl.project(acc[60:], reference)
    changed = reference.copy()
    changed["mrna"].X[::2] *= 2.0
    with pytest.raises(InputError, match="changed since its factors were computed"):
        st.tl.project(acc[60:].copy(), changed)
