"""Cohorts from memory: any origin gives the cohort that files give, and wrong input is refused in one sentence."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import anndata
import mudata
import numpy as np
import pandas as pd
import pytest
from sksurv.util import Surv

import stratomics as st
from omics.cohort.read import cohort_digest, cohort_endpoints, cohort_spec
from omics.common.errors import CohortError, InputError

PATIENTS = [f"p{number:02d}" for number in range(30)]
RNG = np.random.default_rng(0)
RNA = pd.DataFrame(RNG.normal(8, 2, (25, 6)), PATIENTS[:25], [f"ENSG{number:011d}" for number in range(6)])
PROTEIN = pd.DataFrame(RNG.normal(3, 1, (20, 4)), PATIENTS[10:], ["IL-6", "TNF", "CXCL9", "CCL2"])
CLINICAL = pd.DataFrame(
    {
        "months": RNG.exponential(20, 30) + 0.1,
        "died": RNG.integers(0, 2, 30),
        "response": RNG.choice(["CR", "PD"], 30),
        "age": RNG.normal(60, 9, 30),
        "centre": ["a", "b"] * 15,
        "drug": ["new", "old", "old"] * 10,
    },
    PATIENTS,
)
SURVIVAL: dict[str, Any] = {"time": "months", "event": "died", "unit": "months"}
VIEWS: dict[str, Any] = {
    "modality": {"rna": "transcriptomics", "protein": "proteomics"},
    "scale": {"rna": "log", "protein": "log"},
}
FRAMES = {"rna": RNA, "protein": PROTEIN}


def as_anndata(frame: pd.DataFrame) -> anndata.AnnData:
    return anndata.AnnData(
        frame.to_numpy(), obs=pd.DataFrame(index=frame.index), var=pd.DataFrame(index=frame.columns)
    )


def as_mudata() -> mudata.MuData:
    mudata.set_options(pull_on_update=False)
    joined = mudata.MuData({name: as_anndata(frame) for name, frame in FRAMES.items()})
    joined.obs = CLINICAL.loc[joined.obs_names].copy()
    return joined


def test_frames_give_views_endpoint_arm_and_covariates() -> None:
    made = st.cohort(
        FRAMES, CLINICAL, **SURVIVAL, **VIEWS, arm="drug", control="old", covariates=["age"], site="centre"
    )
    assert list(made.mod) == ["clinical", "rna", "protein"]
    assert made.obs_names.tolist() == PATIENTS
    pd.testing.assert_frame_equal(made["rna"].to_df(), RNA, check_names=False)
    survival = cohort_endpoints(made).survival()
    np.testing.assert_array_equal(survival.event, CLINICAL["died"] == 1)
    np.testing.assert_array_equal(survival.time, CLINICAL["months"])
    spec = cohort_spec(made)
    assert (spec.site, spec.covariates, spec.arm and spec.arm.control) == ("centre", ("age",), "old")


@pytest.mark.parametrize("origin", ["mudata", "dict of AnnData", "h5mu", "outcome"])
def test_every_origin_gives_the_same_cohort(origin: str, tmp_path: Path) -> None:
    expected = st.cohort(FRAMES, CLINICAL, **SURVIVAL, **VIEWS)
    data: Any = (
        as_mudata() if origin in ("mudata", "h5mu") else {name: as_anndata(f) for name, f in FRAMES.items()}
    )
    arguments: dict[str, Any] = {**SURVIVAL, **VIEWS, "clinical": CLINICAL}
    if origin == "h5mu":
        data.write(tmp_path / "plain.h5mu")
        data, arguments["clinical"] = tmp_path / "plain.h5mu", CLINICAL
    if origin == "outcome":
        arguments["clinical"] = CLINICAL.drop(columns=["months", "died"])
        arguments |= {
            "outcome": Surv.from_arrays(CLINICAL["died"] == 1, CLINICAL["months"]),
            "time": None,
            "event": None,
        }
    made = st.cohort(data, **arguments)
    for view in FRAMES:
        pd.testing.assert_frame_equal(made[view].to_df(), expected[view].to_df())
    first, second = (cohort_endpoints(one).survival() for one in (made, expected))
    np.testing.assert_array_equal(first.event, second.event)
    np.testing.assert_array_equal(first.time, second.time)
    if origin != "outcome":
        assert cohort_digest(made) == cohort_digest(expected)


def test_clinical_table_of_a_mudata_is_its_obs_and_features_keep_their_annotation() -> None:
    data = as_mudata()
    data["rna"].var["symbol"] = list("ABCDEF")
    before = data.obs.copy()
    made = st.cohort(data, **SURVIVAL, **VIEWS)
    assert made["rna"].var["symbol"].tolist() == list("ABCDEF")
    pd.testing.assert_frame_equal(data.obs, before)
    made.obs["months"] = 0.0
    made["rna"].X[:] = 0.0
    pd.testing.assert_frame_equal(data.obs, before)
    assert data["rna"].X.all()


def test_one_anndata_is_one_view_named_after_its_modality(tmp_path: Path) -> None:
    single = as_anndata(RNA)
    single.obs = CLINICAL.iloc[:25].copy()
    single.write_h5ad(tmp_path / "rna.h5ad")
    for data in (single, tmp_path / "rna.h5ad"):
        made = st.cohort(data, response="response", positive="CR")
        assert list(cohort_spec(made).views) == ["transcriptomics"]
        assert cohort_spec(made).views["transcriptomics"].scale == "log"
        assert cohort_endpoints(made).response().positive.sum() == (CLINICAL["response"][:25] == "CR").sum()


def test_sparse_values_are_read_as_numbers() -> None:
    from scipy.sparse import csr_matrix

    counts = np.random.default_rng(1).poisson(60, (30, 5))
    sparse = anndata.AnnData(csr_matrix(counts), obs=CLINICAL.copy())
    made = st.cohort({"rna": sparse}, CLINICAL, **SURVIVAL)
    np.testing.assert_array_equal(made["rna"].X, counts)
    assert cohort_spec(made).views["rna"].scale == "counts"


def test_without_an_endpoint_it_is_a_cohort_for_factors(tmp_path: Path) -> None:
    made = st.cohort(FRAMES, **VIEWS)
    assert cohort_endpoints(made).named == {}
    assert made.n_obs == 30
    again = st.read_cohort(st.write_cohort(made, tmp_path / "made.h5mu"))
    pd.testing.assert_frame_equal(again["protein"].to_df(), made["protein"].to_df())
    with pytest.raises(InputError, match="no endpoint"):
        cohort_endpoints(made).primary()


def test_survival_and_response_together_and_ordered_levels() -> None:
    both = st.cohort(FRAMES, CLINICAL, **SURVIVAL, **VIEWS, response="response", positive="CR")
    assert list(cohort_endpoints(both).named) == ["survival", "response"]
    levels = st.cohort(FRAMES, CLINICAL, **VIEWS, response="response", levels=["PD", "CR"])
    assert cohort_endpoints(levels).response().levels == ("PD", "CR")


WRONG: dict[str, tuple[Any, dict[str, Any], str]] = {
    "an array": ({"rna": RNA.to_numpy()}, SURVIVAL, "view 'rna' is a ndarray"),
    "scale of two": (
        {"x": RNA.rename(columns=str.lower).abs().round()},
        {"scale": {"x": "counts"}},
        "give its modality",
    ),
    "numbered rows": ({"rna": RNA.reset_index(drop=True)}, {}, "only numbered"),
    "event missing": (FRAMES, {"time": "months"}, "name both"),
    "no such column": (FRAMES, SURVIVAL | {"time": "month"}, "did you mean 'months'"),
    "covariate absent": (FRAMES, SURVIVAL | {"covariates": ["agee"]}, "did you mean 'age'"),
    "arm without control": (FRAMES, SURVIVAL | {"arm": "drug"}, "give control="),
    "randomised": (
        FRAMES,
        SURVIVAL | {"arm": "drug", "control": "old", "randomised": "maybe"},
        "yes, no or adaptive",
    ),
    "no view": ({}, SURVIVAL, "has no view"),
    "other type": ([RNA], SURVIVAL, "data is a list"),
    "no such file": ("nowhere.h5mu", SURVIVAL, "no such file"),
    "unknown patient": (
        {"rna": RNA.rename(index={"p03": "x"})},
        SURVIVAL,
        r"patient x: 1 patient id\(s\) of view 'rna'",
    ),
    "other ids": (
        {"rna": RNA.set_axis([f"x{n}" for n in range(25)])},
        SURVIVAL,
        "shares no id with the clinical table",
    ),
    "repeated patient": ({"rna": RNA.rename(index={"p03": "p04"})}, SURVIVAL, "p04"),
    "repeated feature": (
        {"rna": RNA.set_axis(list("AABCDE"), axis=1)},
        SURVIVAL,
        "column A: the name appears twice",
    ),
    "text": ({"rna": RNA.astype(object).mask(RNA.to_numpy().max() - 1e-9 < RNA, "low")}, SURVIVAL, "low"),
    "wrong scale": (FRAMES, SURVIVAL | {"scale": {"rna": "relative"}}, "relative"),
    "unknown view": (FRAMES, SURVIVAL | {"scale": {"rnaa": "log"}}, "names the view 'rnaa'"),
    "outcome and time": (
        FRAMES,
        SURVIVAL | {"outcome": Surv.from_arrays([True], [1.0])},
        "leave time and event out",
    ),
    "outcome too short": (
        FRAMES,
        {"outcome": Surv.from_arrays([True], [1.0])},
        "1 patients and the clinical table 30",
    ),
    "outcome of floats": (FRAMES, {"outcome": np.zeros(30)}, "one field of bool and one of float"),
    "entry alone": (FRAMES, {"entry": "age"}, "name time and event too"),
}


@pytest.mark.parametrize("case", WRONG)
def test_wrong_input_is_refused_in_one_sentence(case: str) -> None:
    data, arguments, sentence = WRONG[case]
    clinical = CLINICAL.reset_index(drop=True) if case == "numbered rows" else CLINICAL
    with pytest.raises(InputError, match=sentence) as caught:
        st.cohort(data, clinical, **arguments)
    assert "\n" not in str(caught.value)


def test_a_table_without_clinical_rows_and_a_file_of_something_else(tmp_path: Path) -> None:
    (tmp_path / "broken.h5ad").write_bytes(b"no")
    with pytest.raises(CohortError, match=r"not an \.h5ad or \.h5mu file"):
        st.cohort(tmp_path / "broken.h5ad")
    with pytest.raises(CohortError, match="the clinical table has none"):
        st.cohort(FRAMES, CLINICAL.iloc[:0])


def test_what_was_added_to_a_cohort_comes_back_from_its_file(tmp_path: Path) -> None:
    made = st.cohort(FRAMES, CLINICAL, **SURVIVAL, **VIEWS)
    made["rna"].var["symbol"] = list("ABCDEF")
    st.tl.factors(made, count=2)
    st.tl.associations(made)
    again = st.read_cohort(st.write_cohort(made, tmp_path / "made.h5mu"))
    for key in ("X_factors", "X_factors_sd"):
        np.testing.assert_array_equal(again.obsm[key], made.obsm[key])
        np.testing.assert_array_equal(again["rna"].obsm[key], made["rna"].obsm[key])
    np.testing.assert_array_equal(again["protein"].varm["loadings"], made["protein"].varm["loadings"])
    assert again["rna"].var["symbol"].tolist() == list("ABCDEF")
    pd.testing.assert_frame_equal(st.get.factors(again), st.get.factors(made))
    pd.testing.assert_frame_equal(
        st.get.associations(again).reset_index(drop=True), st.get.associations(made).reset_index(drop=True)
    )


def test_a_table_may_say_its_modality_and_an_unsure_guess_is_reported(
    caplog: pytest.LogCaptureFixture,
) -> None:
    counts = as_anndata(RNA.abs().round().rename(columns=lambda name: f"x{name}"))
    counts.uns["view"] = {"modality": "transcriptomics", "scale": "counts"}
    made = st.cohort({"T cells": counts}, CLINICAL, **SURVIVAL)
    assert cohort_spec(made).views["T cells"].scale == "counts"
    assert not caplog.records
    st.cohort({"table1": RNA.rename(columns=lambda name: f"x{name}")}, CLINICAL, **SURVIVAL)
    (record,) = caplog.records
    assert "'table1' is read as generic on the scale numeric" in record.getMessage()
