"""Plots of factors: what is drawn is what is stored."""

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
from stratomics.api.pl.factor_plots import factors, loadings, variance_explained


@pytest.fixture(autouse=True)
def _closed() -> Iterator[None]:
    yield
    plt.close("all")


@pytest.fixture
def cohort(write_small: Callable[..., Path]) -> Any:
    def change(frames: dict[str, Any], spec: dict[str, Any]) -> None:
        frames["rna"] = frames["rna"].iloc[1:]

    made = read_cohort(write_small(change))
    tl.factors(made, 3)
    return made


def test_patients_are_where_their_factors_are(cohort: Any) -> None:
    own = Figure().add_subplot()
    assert factors(cohort, 1, "factor3", ax=own) is own
    np.testing.assert_array_equal(own.collections[0].get_offsets(), cohort.obsm["X_factors"][1:, [0, 2]])
    share = cohort.uns["factors"]["variance_explained"].mean()
    assert own.get_xlabel() == f"factor 1 ({share.iloc[0]:.0%} of the variance)"
    assert own.get_title(loc="left") == "1 patient without any view left out"


def test_colours_leave_the_cohort_as_it_is(cohort: Any) -> None:
    before, obs = cohort.copy(), cohort.obs.copy()
    for color in ("stage", "age", "rna:rna3"):
        factors(cohort, color=color)
    assert cohort.obs.equals(obs)
    assert set(cohort.obsm) == set(before.obsm)
    assert set(cohort.uns) == set(before.uns)


def test_variance_explained_is_written_in_percent(cohort: Any) -> None:
    axes = variance_explained(cohort)
    stored = cohort.uns["factors"]["variance_explained"]
    texts = [text.get_text() for text in axes.texts]
    assert texts == [f"{100 * share:.0f}" for share in stored.to_numpy().ravel()]
    assert [tick.get_text() for tick in axes.get_yticklabels()] == list(stored.index)


def test_largest_loadings_come_first(cohort: Any) -> None:
    axes = loadings(cohort, 2, "rna", n=4)
    values = cohort["rna"].varm["loadings"][:, 1]
    order = np.argsort(-np.abs(values), kind="stable")[:4]
    assert [tick.get_text() for tick in axes.get_yticklabels()] == list(cohort["rna"].var_names[order])
    line = next(line for line in axes.lines if line.get_label() == "rna")
    np.testing.assert_array_equal(line.get_xdata(), values[order])
    bottom, top = axes.get_ylim()
    assert bottom > top


def test_loadings_of_all_views_name_their_view(cohort: Any) -> None:
    axes = loadings(cohort, n=100)
    assert len(axes.get_yticklabels()) == 28
    assert {text.get_text() for text in axes.get_legend().get_texts()} == {"rna", "protein"}


def test_features_that_were_left_out_are_not_drawn(cohort: Any) -> None:
    tl.factors(cohort, 3, max_features=2, key_added="few")
    assert len(loadings(cohort, n=100, key="few").get_yticklabels()) == 4


@pytest.mark.parametrize(
    ("call", "sentence"),
    [
        (lambda c: factors(c, 4), "no factor 4; choose a number from 1 to 3"),
        (lambda c: factors(c, color="stag"), "did you mean 'stage'"),
        (lambda c: factors(c, key="other"), "no factors with the key 'other'"),
        (lambda c: factors(c, ax=Figure()), "ax is of type Figure"),
        (lambda c: loadings(c, 1, "rnaa"), "no loadings of a view 'rnaa'; did you mean 'rna'"),
        (lambda c: loadings(c, 1, n=0), "n is 0; give the number of features to draw"),
        (lambda c: variance_explained(c, "other"), "no factors with the key 'other'"),
    ],
)
def test_wrong_arguments_are_one_sentence(cohort: Any, call: Any, sentence: str) -> None:
    with pytest.raises(InputError, match=sentence):
        call(cohort)
    assert not plt.get_fignums()
