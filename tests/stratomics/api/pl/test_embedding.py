"""Plot of UMAP: stored coordinates, or new ones that are not stored."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import matplotlib.pyplot as plt
import numpy as np
import pytest
from matplotlib.figure import Figure

from omics.cohort.read import read_cohort
from omics.common.errors import InputError
from stratomics.api import tl
from stratomics.api.pl import embedding
from stratomics.api.pl.embedding import umap


def place(values: Any, seed: int, neighbours: int = 15) -> Any:
    """Stands for UMAP, which is tested with scanpy."""
    return values[:, :2] + 10 * seed


@pytest.fixture(autouse=True)
def _quick(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    monkeypatch.setattr(tl, "neighbours_umap", place)
    monkeypatch.setattr(embedding, "neighbours_umap", place)
    yield
    plt.close("all")


@pytest.fixture
def cohort(write_small: Callable[..., Path]) -> Any:
    def change(frames: dict[str, Any], spec: dict[str, Any]) -> None:
        frames["rna"] = frames["rna"].iloc[1:]

    made = read_cohort(write_small(change))
    tl.factors(made, 3)
    return made


def points(axes: Any) -> Any:
    return np.asarray(axes.collections[0].get_offsets())


def test_coordinates_are_computed_and_not_stored(cohort: Any) -> None:
    own = Figure().add_subplot()
    assert umap(cohort, ax=own) is own
    np.testing.assert_array_equal(points(own), cohort.obsm["X_factors"][1:, :2] + 10)
    assert "X_umap" not in cohort.obsm
    assert "umap" not in cohort.uns
    assert own.get_title(loc="left") == "1 patient without any view left out"
    assert not list(own.get_xticks())


def test_stored_coordinates_are_used(cohort: Any) -> None:
    tl.umap(cohort, seed=4)
    np.testing.assert_array_equal(points(umap(cohort)), cohort.obsm["X_umap"][1:])
    np.testing.assert_array_equal(points(umap(cohort, seed=4)), cohort.obsm["X_umap"][1:])


def test_another_seed_or_key_is_computed(cohort: Any) -> None:
    tl.umap(cohort, seed=4)
    assert (points(umap(cohort, seed=2)) < 25).all()
    tl.factors(cohort, 2, key_added="two")
    np.testing.assert_array_equal(points(umap(cohort, key="two")), cohort.obsm["X_two"][1:] + 10)


def test_coordinates_of_another_tool_are_used(cohort: Any) -> None:
    cohort.obsm["X_umap"] = np.arange(2.0 * cohort.n_obs).reshape(-1, 2)
    np.testing.assert_array_equal(points(umap(cohort)), cohort.obsm["X_umap"])
    assert (points(umap(cohort, seed=2)) < 25).all()


def test_the_same_seed_gives_the_same_bytes(cohort: Any) -> None:
    assert points(umap(cohort, seed=3)).tobytes() == points(umap(cohort, seed=3)).tobytes()


def test_axes_are_checked_first(cohort: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delattr(embedding, "neighbours_umap")
    with pytest.raises(InputError, match="ax has polar coordinates"):
        umap(cohort, ax=Figure().add_subplot(projection="polar"))


def test_wrong_arguments_are_one_sentence(cohort: Any, acc: Any) -> None:
    with pytest.raises(InputError, match="did you mean 'stage'"):
        umap(cohort, "stag")
    with pytest.raises(InputError, match=r"run st\.tl\.factors\(cohort\) first"):
        umap(acc)
    with pytest.raises(InputError, match="ax is of type Figure"):
        umap(cohort, ax=Figure())  # type: ignore[arg-type]
