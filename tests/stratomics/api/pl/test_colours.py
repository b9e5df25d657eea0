"""Colours of patients: columns, features, categories, numbers, missing values and wrong names."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
from matplotlib.colors import to_hex
from matplotlib.figure import Figure

from omics.cohort.read import read_cohort
from omics.common.errors import InputError
from stratomics.api.cohort import cohort as make_cohort
from stratomics.api.pl.colours import ColourValues, colour_values, scatter
from stratomics.api.pl.survival import km


@pytest.fixture
def cohort(write_small: Callable[..., Path]) -> Any:
    return read_cohort(write_small())


def drawn(values: Any, places: Any = None) -> Any:
    axes = Figure().add_subplot()
    column = pd.Series(values)
    where = np.random.default_rng(0).normal(size=(len(column), 2)) if places is None else places
    scatter(axes, where, ColourValues("name", column))
    return axes


def legend(axes: Any) -> list[str]:
    return [text.get_text() for text in axes.get_legend().get_texts()]


def test_a_column_of_obs(cohort: Any) -> None:
    found = colour_values(cohort, "stage")
    assert found.categories == ["I", "II", "III"]
    pd.testing.assert_series_equal(found.values, cohort.obs["stage"])


def test_a_feature_is_missing_where_the_view_is(cohort: Any) -> None:
    found = colour_values(cohort, "protein:protein2")
    rows = cohort.obs_names.get_indexer(cohort["protein"].obs_names)
    np.testing.assert_array_equal(found.values.iloc[rows], cohort["protein"][:, "protein2"].X[:, 0])
    assert found.values.isna().sum() == cohort.n_obs - len(rows)
    assert found.categories is None
    assert found.name == "protein2 (protein, log)"


def test_a_feature_with_a_colon(cohort: Any) -> None:
    cohort["rna"].var_names = ["cg:1", *cohort["rna"].var_names[1:]]
    assert colour_values(cohort, "rna:cg:1").values.notna().all()


def test_a_view_with_a_colon(cohort: Any) -> None:
    frame = pd.DataFrame({"CD3E": np.arange(len(cohort.obs))}, cohort.obs_names)
    clinical = pd.DataFrame({"t": 1.0, "e": 1}, cohort.obs_names)
    made = make_cohort({"cells:T": frame}, clinical, time="t", event="e", unit="days")
    assert colour_values(made, "cells:T:CD3E").values.notna().all()


def test_few_whole_numbers_have_the_colours_of_km(acc: Any) -> None:
    axes, curves = Figure().add_subplot(), Figure().add_subplot()
    acc = acc.copy()
    acc.obs["stage"] = acc.obs["stage"].astype(float)
    scatter(axes, np.zeros((acc.n_obs, 2)), colour_values(acc, "stage"))
    km(acc, "stage", ax=curves)
    of_km = {text.get_text(): line.get_color() for text, line in _entries(curves)}
    for text, points in _entries(axes)[:-1]:
        assert to_hex(points.get_facecolor()[0]) == of_km[text.get_text()]


def _entries(axes: Any) -> Any:
    found = axes.get_legend()
    return list(zip(found.get_texts(), found.legend_handles, strict=True))


def test_a_column_comes_before_a_feature_of_the_same_name(cohort: Any) -> None:
    cohort.obs["rna:rna0"] = "column"
    assert set(colour_values(cohort, "rna:rna0").values) == {"column"}


@pytest.mark.parametrize(
    ("color", "sentence"),
    [
        (
            "stag",
            "no column 'stag' in obs, and it is no feature written as VIEW:FEATURE; did you mean 'stage'",
        ),
        ("rnaa:rna1", "no column 'rnaa:rna1' in obs"),
        ("rna1", "did you mean 'rna:rna1'"),
        (["stage"], "color is of type list; give one name, and draw several with one Axes for each"),
        ("rna:rn1", "view 'rna' has no feature 'rn1'; did you mean 'rna1'"),
        ("rna:TP53", r"view 'rna' has no feature 'TP53'; see cohort\[view\]\.var_names"),
    ],
)
def test_wrong_names_are_one_sentence(cohort: Any, color: Any, sentence: str) -> None:
    with pytest.raises(InputError, match=sentence):
        colour_values(cohort, color)


def test_too_many_categories_are_one_sentence(cohort: Any) -> None:
    cohort.obs["id"] = cohort.obs_names
    with pytest.raises(InputError, match="'id' has 40 different values, and at most 25 can be distinguished"):
        colour_values(cohort, "id")


@pytest.mark.parametrize(
    ("values", "categories"),
    [
        ([2.0, 1.0, 4.0, np.nan], [1.0, 2.0, 4.0]),
        ([0, 1, 1, 0], [0, 1]),
        ([True, False, True, None], [False, True]),
        ([0.5, 1.0, 2.0], None),
        (list(range(7)), None),
        (pd.Categorical(["b", "a", "b"], ["b", "a", "c"]), ["b", "a"]),
        (pd.array([1, None, 3], dtype="Int64"), [1, 3]),
        ([np.nan, np.nan], []),
    ],
)
def test_categories_and_numbers(values: Any, categories: list[Any] | None) -> None:
    assert ColourValues("x", pd.Series(values)).categories == categories
    drawn(values)


def test_categories_have_a_legend_with_missing_last() -> None:
    axes = drawn(["b", None, "a", "b"])
    assert legend(axes) == ["a (n = 1)", "b (n = 2)", "missing"]
    assert axes.get_legend().get_title().get_text() == "name"
    # Grey points are drawn first, so that others cover them.
    assert axes.collections[0].get_label() == "missing"


def test_numbers_have_a_colour_bar() -> None:
    values = np.linspace(0, 1, 9)
    values[3] = np.nan
    axes = drawn(values)
    assert axes.figure.axes[1].get_ylabel() == "name"
    np.testing.assert_array_equal(axes.collections[1].get_array(), values[np.isfinite(values)])
    assert legend(axes) == ["missing"]


def test_patients_without_a_place_are_not_drawn() -> None:
    places = np.array([[0.0, 1.0], [np.nan, np.nan], [2.0, 3.0]])
    axes = drawn(["a", "a", "b"], places)
    assert legend(axes) == ["a (n = 1)", "b (n = 1)"]
    offsets = np.vstack([points.get_offsets() for points in axes.collections])
    np.testing.assert_array_equal(offsets, places[[0, 2]])


def test_25_categories_look_different() -> None:
    axes = drawn([f"c{number:02d}" for number in range(25)])
    looks = {
        (tuple(points.get_facecolor()[0]), points.get_paths()[0].vertices.tobytes())
        for points in axes.collections
    }
    assert len(looks) == 25
