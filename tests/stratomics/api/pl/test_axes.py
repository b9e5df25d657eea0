"""The Axes of a plot: given, created, or refused."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import matplotlib as mpl
import matplotlib.pyplot as plt
import numpy as np
import pytest
from matplotlib.figure import Figure

from omics.common.errors import InputError
from stratomics.api.pl.axes import drawing, note


@pytest.fixture(autouse=True)
def _closed() -> Iterator[None]:
    yield
    plt.close("all")


def test_given_axes_are_used() -> None:
    own = Figure().add_subplot()
    with drawing(own, (1, 1)) as axes:
        assert axes is own
        assert not axes.spines["top"].get_visible()
        assert not axes.spines["right"].get_visible()
        assert axes.spines["left"].get_visible()
    assert not plt.get_fignums()


def test_a_new_figure_is_one_of_pyplot() -> None:
    with drawing(None, (3, 2)) as axes:
        assert mpl.rcParams["axes.spines.top"] is False
    assert plt.get_fignums() == [axes.figure.number]
    assert tuple(axes.figure.get_size_inches()) == (3, 2)
    assert mpl.rcParams["axes.spines.top"] is True


@pytest.mark.parametrize(
    ("other", "sentence"),
    [
        (Figure(), "ax is of type Figure; give one Axes"),
        (np.array([1, 2]), "ax is of type ndarray; give one Axes"),
        (3, "ax is of type int; give one Axes"),
    ],
)
def test_an_ax_of_another_kind_is_one_sentence(other: Any, sentence: str) -> None:
    with pytest.raises(InputError, match=sentence), drawing(other, (1, 1)):
        raise AssertionError
    assert not plt.get_fignums()


def test_polar_axes_are_one_sentence() -> None:
    polar = Figure().add_subplot(projection="polar")
    with pytest.raises(InputError, match="ax has polar coordinates"), drawing(polar, (1, 1)):
        raise AssertionError


def test_notes_are_written_above() -> None:
    axes = Figure().add_subplot()
    note(axes, [])
    assert axes.get_title(loc="left") == ""
    note(axes, ["2 patients left out", "3 more"])
    assert axes.get_title(loc="left") == "2 patients left out; 3 more"
