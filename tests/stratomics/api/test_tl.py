"""Tools: what they write, in place or in a copy, that it survives a file, and errors of one sentence."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import mudata
import numpy as np
import pandas as pd
import pytest

from datamodules.config import HarmonizeConfig
from datamodules.harmonizer import Harmonizer
from models.factors.associations import associations
from models.factors.pca import PCA
from omics.cohort.read import read_cohort
from omics.common.errors import ConfigError, DataError, InputError
from stratomics.api import tl
from stratomics.api.cohort import cohort as make_cohort


@pytest.fixture
def cohort(write_small: Callable[..., Path]) -> Any:
    return read_cohort(write_small(without_views))


@pytest.fixture(autouse=True)
def _quick_umap(monkeypatch: pytest.MonkeyPatch) -> None:
    # UMAP itself is tested with scanpy; here the question is what is written where.
    def place(values: Any, seed: int, neighbours: int = 15) -> Any:
        return values[:, :2] * seed + neighbours

    monkeypatch.setattr(tl, "neighbours_umap", place)


def without_views(frames: dict[str, Any], spec: dict[str, Any]) -> None:
    """The first patient has no view."""
    frames["rna"] = frames["rna"].iloc[1:]


def contents(cohort: Any) -> dict[str, Any]:
    """Everything in a cohort as comparable texts and bytes."""
    found: dict[str, Any] = {"obs": cohort.obs.to_csv(), "uns": repr(sorted(cohort.uns))}
    for name, table in (("", cohort), *cohort.mod.items()):
        for kind in ("obsm", "varm"):
            found |= {
                f"{name}.{kind}.{key}": np.asarray(v).tobytes() for key, v in getattr(table, kind).items()
            }
    return found


def test_factors_are_those_of_a_fit_to_all_patients(cohort: Any) -> None:
    harmonizer = Harmonizer(HarmonizeConfig(max_features=6)).fit(cohort)
    batch = harmonizer.transform(cohort)
    model = PCA(3).fit(batch)
    assert tl.factors(cohort, 3, max_features=6) is None
    scale = np.sqrt(model.variance_explained().mean(axis=0).to_numpy())
    np.testing.assert_array_equal(cohort.obsm["X_factors"], model.transform(batch).mean * scale)
    assert not cohort.obs["factors_known"].iloc[0]
    assert cohort.obs["factors_known"].iloc[1:].all()
    about = cohort.uns["factors"]
    assert (about["model"], about["count"], about["seed"]) == ("pca", 3, 1)
    assert json.loads(about["harmonize"])["max_features"] == 6


def test_a_copy_is_returned_and_the_cohort_is_not_changed(cohort: Any) -> None:
    before = contents(cohort)
    copied = tl.factors(cohort, 2, copy=True)
    assert contents(cohort) == before
    assert copied is not None
    pd.testing.assert_frame_equal(copied.obs.drop(columns="factors_known"), cohort.obs)
    assert tl.associations(copied, copy=True) is not None
    assert "factors_associations" not in copied.uns
    moved = tl.umap(copied, copy=True)
    assert moved is not None
    assert "X_umap" in moved.obsm
    assert "X_umap" not in copied.obsm


def test_a_view_is_refused_and_may_be_copied(cohort: Any) -> None:
    with pytest.raises(InputError, match="view of another one"):
        tl.factors(cohort[:20], 2)
    tl.factors(cohort, 2)
    with pytest.raises(InputError, match="view of another one"):
        tl.associations(cohort[:20])
    with pytest.raises(InputError, match="view of another one"):
        tl.umap(cohort[:20])
    part = tl.umap(cohort[:20], copy=True)
    assert part is not None
    assert part.obsm["X_umap"].shape == (20, 2)


def test_everything_written_survives_a_file(cohort: Any, tmp_path: Path) -> None:
    for key in ("factors", "second"):
        tl.factors(cohort, 3, key_added=key)
        tl.associations(cohort, key)
        tl.umap(cohort, key)
    cohort.write(tmp_path / "cohort.h5mu")
    stored = mudata.read_h5mu(tmp_path / "cohort.h5mu")
    # mudata reads a column of whole numbers as integers.
    assert contents(stored) | {"obs": ""} == contents(cohort) | {"obs": ""}
    known = ["factors_known", "second_known"]
    pd.testing.assert_frame_equal(stored.obs[known], cohort.obs[known], check_dtype=False)
    for key in ("factors", "second"):
        there, here = stored.uns[key], cohort.uns[key]
        assert sorted(there) == sorted(here)
        pd.testing.assert_frame_equal(there["variance_explained"], here["variance_explained"])
        assert list(there["names"]) == list(here["names"])
        np.testing.assert_array_equal(there["scale"], here["scale"])
        assert {k: there[k] for k in ("model", "count", "seed", "harmonize")} == {
            k: here[k] for k in ("model", "count", "seed", "harmonize")
        }
        table, before = stored.uns[f"{key}_associations"], cohort.uns[f"{key}_associations"]
        pd.testing.assert_frame_equal(table.reset_index(drop=True), before.reset_index(drop=True))
    assert stored.uns["umap"] == cohort.uns["umap"]


def test_the_same_seed_gives_the_same_bytes(cohort: Any) -> None:
    first, second = tl.factors(cohort, 3, copy=True), tl.factors(cohort, 3, copy=True)
    assert contents(first) == contents(second)


def test_associations_are_those_of_patients_with_a_view(cohort: Any) -> None:
    tl.factors(cohort, 3)
    tl.associations(cohort)
    table = cohort.uns["factors_associations"]
    scores = pd.DataFrame(cohort.obsm["X_factors"], cohort.obs_names, ["factor1", "factor2", "factor3"])
    pd.testing.assert_frame_equal(table, associations(scores.iloc[1:], cohort), check_dtype=False)
    assert set(table["n"]) == {39}


def test_patients_without_a_view_have_no_place(cohort: Any) -> None:
    tl.factors(cohort, 3)
    tl.umap(cohort, seed=2, neighbours=4)
    places = cohort.obsm["X_umap"]
    assert np.isnan(places[0]).all()
    np.testing.assert_array_equal(places[1:], cohort.obsm["X_factors"][1:, :2] * 2 + 4)
    rows = cohort.obs_names.get_indexer(cohort["protein"].obs_names)
    np.testing.assert_array_equal(cohort["protein"].obsm["X_umap"], places[rows])
    assert cohort.uns["umap"] == {"key": "factors", "params": {"random_state": 2, "n_neighbors": 4}}


def test_new_factors_remove_what_was_computed_from_the_old_ones(cohort: Any) -> None:
    tl.factors(cohort, 3)
    tl.factors(cohort, 3, key_added="other")
    tl.associations(cohort)
    tl.umap(cohort)
    tl.factors(cohort, 2, key_added="other")
    assert "X_umap" in cohort.obsm
    tl.factors(cohort, 2)
    assert "factors_associations" not in cohort.uns
    assert "umap" not in cohort.uns
    assert "X_umap" not in cohort.obsm
    assert "X_umap" not in cohort["rna"].obsm


def test_coordinates_of_another_tool_stay(cohort: Any) -> None:
    cohort.obsm["X_umap"] = np.zeros((cohort.n_obs, 2))
    cohort.uns["umap"] = {"params": {"a": 1.0}}
    tl.factors(cohort, 2)
    assert "X_umap" in cohort.obsm


def test_a_cohort_without_an_endpoint(tmp_path: Path) -> None:
    rng = np.random.default_rng(0)
    rna = pd.DataFrame(
        rng.normal(size=(20, 6)), [f"p{i:02d}" for i in range(20)], [f"g{i}" for i in range(6)]
    )
    kinds = {"modality": {"rna": "transcriptomics"}, "scale": {"rna": "log"}}
    bare = make_cohort({"rna": rna}, **kinds)
    tl.factors(bare, 2)
    tl.associations(bare)
    assert list(bare.uns["factors_associations"]["p"]) == []
    bare.write(tmp_path / "bare.h5mu")
    assert list(mudata.read_h5mu(tmp_path / "bare.h5mu").uns["factors_associations"].columns) == list(
        bare.uns["factors_associations"].columns
    )
    clinical = pd.DataFrame({"age": rng.normal(60, 9, 20)}, rna.index)
    with_age = make_cohort({"rna": rna}, clinical, covariates=["age"], **kinds)
    tl.factors(with_age, 2)
    tl.associations(with_age)
    assert list(with_age.uns["factors_associations"]["name"]) == ["age", "age"]


@pytest.mark.parametrize(
    ("settings", "error", "sentence"),
    [
        (
            {"count": 39},
            DataError,
            "39 factors are too many for 39 patients with a view and 28 features; ask for at most",
        ),
        ({"count": 0}, ConfigError, "^count is 0; it must be at least 1"),
        ({"count": 2.5}, ConfigError, "^(?!.*factors).*count"),
        ({"model": "pcaa"}, ConfigError, "unknown factor model 'pcaa'; did you mean 'pca'"),
        ({"seed": "x"}, ConfigError, "seed"),
        ({"max_feature": 3}, ConfigError, "unknown argument 'max_feature'; did you mean 'max_features'"),
        ({"counts": 4}, ConfigError, "unknown argument 'counts'; did you mean 'count'"),
        ({"max_features": 0}, ConfigError, "^max_features is 0"),
        ({"key_added": "umap"}, InputError, "key_added is 'umap'"),
        ({"key_added": "a/b"}, InputError, "key_added is 'a/b'"),
        ({"key_added": ""}, InputError, "key_added is ''"),
        ({"key_added": "stratomics"}, InputError, r"has uns\['stratomics'\] from elsewhere"),
    ],
)
def test_wrong_settings_are_one_sentence(
    cohort: Any, settings: dict[str, Any], error: type[InputError], sentence: str
) -> None:
    before = contents(cohort)
    with pytest.raises(error, match=sentence):
        tl.factors(cohort, **settings)
    assert contents(cohort) == before


@pytest.mark.parametrize("place", ["X_pca", "X_pca_sd"])
def test_what_another_tool_wrote_is_not_replaced(cohort: Any, place: str) -> None:
    cohort["rna"].obsm[place] = np.zeros((cohort["rna"].n_obs, 2))
    with pytest.raises(InputError, match=rf"has \['rna'\]\.obsm\['{place}'\] from elsewhere"):
        tl.factors(cohort, 2, key_added="pca")


def test_a_model_that_finds_fewer_factors_says_so(
    cohort: Any, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    class Fewer(PCA):
        """One factor, as a model that drops the others."""

        def fit(self, batch: Any) -> Any:
            self.count = 1
            return super().fit(batch)

    monkeypatch.setattr(tl, "resolve", lambda *_: Fewer)
    tl.factors(cohort, 3)
    assert "1 of the 3 factors" in caplog.text
    assert cohort.obsm["X_factors"].shape == (40, 1)


def test_tools_before_factors_are_one_sentence(cohort: Any) -> None:
    for tool in (tl.associations, tl.umap):
        with pytest.raises(InputError, match=r"run st\.tl\.factors\(cohort\) first"):
            tool(cohort)


@pytest.mark.filterwarnings("ignore:The set_bad function")  # scanpy 1.11 uses what matplotlib 3.11 deprecates
def test_scanpy_draws_the_coordinates_of_a_view(cohort: Any) -> None:
    import matplotlib.pyplot as plt
    import scanpy as sc

    tl.factors(cohort, 3)
    tl.umap(cohort)
    view = cohort["rna"]
    view.obs["stage"] = cohort.obs.loc[view.obs_names, "stage"].astype("category")
    axes = sc.pl.umap(view, color="stage", show=False)
    points = np.vstack([np.asarray(drawn.get_offsets()) for drawn in axes.collections])
    assert sorted(map(tuple, points)) == sorted(map(tuple, view.obsm["X_umap"]))
    plt.close("all")
