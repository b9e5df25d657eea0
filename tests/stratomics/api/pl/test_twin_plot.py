"""Plot of one patient under several regimens."""

from __future__ import annotations

from collections.abc import Iterator

import matplotlib.pyplot as plt
import pandas as pd
import pytest

from omics.common.errors import InputError
from stratomics.api.pl.twin_plot import twin
from stratomics.pharmacology.twins.result import Twins


@pytest.fixture(autouse=True)
def _closed() -> Iterator[None]:
    yield
    plt.close("all")


def twins(curves: bool = True) -> Twins:
    exposure = pd.DataFrame(
        {
            "patient": "p1",
            "regimen": ["low", "high"],
            "measure": "auc24_ss",
            "estimate": [300.0, 900.0],
            "low": [200.0, 600.0],
            "high": [400.0, 1200.0],
            "outside": [False, True],
        }
    )
    lines = pd.DataFrame({"patient": "p1", "regimen": ["low", "high"], "time": 10.0})
    lines = lines.assign(survival=[0.5, 0.7], low=[0.4, 0.6], high=[0.6, 0.8])
    empty = pd.DataFrame()
    return Twins(exposure, exposure, empty, lines if curves else empty, empty, ("low", "high"), "days")


def test_the_legend_has_the_exposure_and_the_title_the_limits_of_use() -> None:
    axes = twin(twins(), "p1")
    texts = [text.get_text() for text in axes.get_legend().get_texts()]
    assert texts == [
        "low: auc24_ss 300 (200 to 400)",
        "high: auc24_ss 900 (600 to 1.2e+03) (outside the range of training)",
    ]
    assert axes.get_title(loc="left") == twins().note


def test_it_draws_on_given_axes() -> None:
    _, ax = plt.subplots()
    assert twin(twins(), "p1", ax=ax) is ax
    assert [list(line.get_ydata()) for line in ax.get_lines()] == [[1, 0.5], [1, 0.7]]


def test_a_patient_who_is_not_there_and_twins_without_survival_are_refused() -> None:
    with pytest.raises(InputError, match="there are no twins of patient p2; choose one of p1"):
        twin(twins(), "p2")
    with pytest.raises(InputError, match="no survival endpoint"):
        twin(twins(curves=False), "p1")
