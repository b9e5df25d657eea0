"""Factors and loadings in a cohort: correct rows, correct features, plain arrays."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import mudata
import numpy as np
import pytest

from datamodules.config import HarmonizeConfig
from datamodules.harmonizer import Harmonizer
from models.config import TrainerConfig
from models.factors import FACTOR_MODELS
from models.factors.annotate import annotate, factor_scale, loadings_key
from models.factors.pca import PCA
from models.factors.vae.model import VAE
from omics.cohort.read import read_cohort
from omics.common.errors import InputError
from omics.common.registry import resolve


@pytest.fixture(params=sorted(FACTOR_MODELS))
def kind(request: pytest.FixtureRequest) -> Any:
    return resolve(FACTOR_MODELS, request.param, "factors.model")


@pytest.fixture
def cohort(write_small: Callable[..., Path]) -> Any:
    return read_cohort(write_small())


def fitted(kind: Any, cohort: Any, **config: Any) -> tuple[Harmonizer, Any]:
    harmonizer = Harmonizer(HarmonizeConfig(**config)).fit(cohort)
    # A good fit is not needed: names and places are tested.
    short = {"trainer": TrainerConfig(epochs=5)} if issubclass(kind, VAE) else {}
    return harmonizer, kind(3, 0, **short).fit(harmonizer.transform(cohort))


def test_rows_and_features_match_their_names(kind: Any, cohort: Any) -> None:
    harmonizer, model = fitted(kind, cohort, max_features=6)
    annotate(cohort, harmonizer, model)
    scale = np.sqrt(model.variance_explained().mean(axis=0).to_numpy())
    for place in range(0, cohort.n_obs, 9):
        alone = model.transform(harmonizer.transform(cohort[[place]].copy()))
        np.testing.assert_allclose(cohort.obsm["X_factors"][place], alone.mean[0] * scale, atol=1e-9)
        np.testing.assert_allclose(cohort.obsm["X_factors_sd"][place], alone.sd[0] * scale, atol=1e-9)
    for name in ("rna", "protein"):
        view, loadings = cohort[name], model.loadings(name)
        for patient, row in zip(view.obs_names, view.obsm["X_factors"], strict=True):
            np.testing.assert_array_equal(row, cohort.obsm["X_factors"][cohort.obs_names.get_loc(patient)])
        kept = list(harmonizer.features[name])
        assert len(kept) == 6
        for feature, row in zip(view.var_names, view.varm["loadings"], strict=True):
            expected = loadings[kept.index(feature)] if feature in kept else np.zeros(loadings.shape[1])
            np.testing.assert_array_equal(row, expected)


def test_arrays_are_plain_and_finite_also_after_writing_to_a_file(
    kind: Any, cohort: Any, tmp_path: Path
) -> None:
    annotate(cohort, *fitted(kind, cohort))
    cohort.write(tmp_path / "annotated.h5mu")
    for source in (cohort, mudata.read_h5mu(tmp_path / "annotated.h5mu")):
        arrays = [source.obsm["X_factors"], source.obsm["X_factors_sd"]]
        for name in ("rna", "protein"):
            arrays += [source[name].obsm["X_factors"], source[name].varm["loadings"]]
        for array in arrays:
            assert type(array) is np.ndarray
            assert array.dtype == np.float64
            assert array.ndim == 2
            assert np.isfinite(array).all()
        assert source.obsm["X_factors"].shape[0] == source.n_obs
        assert source["protein"].varm["loadings"].shape[0] == source["protein"].n_vars


def test_new_patients_with_other_features_in_another_order(cohort: Any, kind: Any) -> None:
    harmonizer, model = fitted(kind, cohort)
    new = cohort.copy()
    rna = new["rna"][:, ::-1][:, 2:].copy()
    rna.var_names = ["unknown", *rna.var_names[1:]]
    clinical = new["clinical"].copy()
    changed = mudata.MuData({"clinical": clinical, "rna": rna})
    changed.obs, changed.uns = new.obs, new.uns
    annotate(changed, harmonizer, model)
    assert (changed["rna"].varm["loadings"][0] == 0).all()
    kept = list(harmonizer.features["rna"])
    np.testing.assert_array_equal(
        changed["rna"].varm["loadings"][1], model.loadings("rna")[kept.index(rna.var_names[1])]
    )
    assert "X_factors" not in changed["clinical"].obsm


def test_a_patient_without_any_view_has_the_prior(kind: Any, write_small: Callable[..., Path]) -> None:
    def change(frames: dict[str, Any], spec: dict[str, Any]) -> None:
        frames["rna"] = frames["rna"].iloc[1:]

    cohort = read_cohort(write_small(change))
    annotate(cohort, *fitted(kind, cohort))
    place = cohort.obs_names.get_loc("p000")
    assert (cohort.obsm["X_factors"][place] == 0).all()
    np.testing.assert_array_equal(cohort.obsm["X_factors_sd"][place], cohort.uns["factors"]["scale"])
    assert list(cohort.obs["factors_known"]) == [name != "p000" for name in cohort.obs_names]


def test_another_key_leaves_the_first_one_as_it_is(cohort: Any) -> None:
    first, second = fitted(PCA, cohort), fitted(PCA, cohort, max_features=3)
    annotate(cohort, *first)
    before = cohort.obsm["X_factors"].copy()
    annotate(cohort, *second, key="few")
    np.testing.assert_array_equal(cohort.obsm["X_factors"], before)
    assert {"X_few", "X_few_sd"} <= set(cohort.obsm)
    assert {"few", "factors"} <= set(cohort.uns)
    assert {"few_known", "factors_known"} <= set(cohort.obs)
    assert (loadings_key("few"), loadings_key("factors")) == ("few_loadings", "loadings")
    assert (cohort["rna"].varm["few_loadings"] != 0).any(axis=1).sum() == 3


def test_scaled_factors_have_the_variance_that_they_explain(cohort: Any) -> None:
    harmonizer, model = fitted(PCA, cohort)
    annotate(cohort, harmonizer, model)
    explained = cohort.uns["factors"]["variance_explained"]
    assert (
        list(explained.columns) == list(cohort.uns["factors"]["names"]) == ["factor1", "factor2", "factor3"]
    )
    np.testing.assert_allclose(cohort.uns["factors"]["scale"] ** 2, explained.mean(axis=0))
    # The second moment of a posterior that is right is the prior variance of 1.
    moment = (cohort.obsm["X_factors"] ** 2 + cohort.obsm["X_factors_sd"] ** 2).mean(axis=0)
    np.testing.assert_allclose(moment, factor_scale(explained) ** 2, rtol=0.15)


def test_a_view_of_a_cohort_is_refused(cohort: Any, kind: Any) -> None:
    with pytest.raises(InputError, match=r"annotate a copy: cohort\.copy\(\)"):
        annotate(cohort[:10], *fitted(kind, cohort))
