"""``st.pl.biology`` draws one row per set, and refuses what it cannot draw."""

from __future__ import annotations

from typing import Any

import matplotlib.pyplot as plt
import pytest

import stratomics as st


@pytest.fixture(scope="module")
def cohort() -> Any:
    found = st.datasets.acc()
    st.tl.biology(found, groups="stage")
    return found


def test_the_smallest_p_come_first(cohort: Any) -> None:
    axes = st.pl.biology(cohort, n=5)
    table = st.get.biology(cohort).sort_values("p", kind="stable")
    labels = [label.get_text() for label in axes.get_yticklabels()]
    assert len(labels) == 5
    assert labels[0].endswith(f", {table['view'].iloc[0]}")
    assert labels[0][:5] == table["title"].iloc[0][:5]
    assert len(axes.get_xticklabels()) == table["contrast"].nunique()
    plt.close(axes.figure)


def test_given_axes_are_used(cohort: Any) -> None:
    figure, ax = plt.subplots()
    assert st.pl.biology(cohort, ax=ax) is ax
    plt.close(figure)


def test_what_cannot_be_drawn_is_refused(cohort: Any, acc: Any) -> None:
    with pytest.raises(st.InputError, match="n is 0"):
        st.pl.biology(cohort, n=0)
    with pytest.raises(st.InputError, match="no gene-set analysis"):
        st.pl.biology(acc)
    with pytest.raises(st.InputError, match="ax is of type Figure"):
        st.pl.biology(cohort, ax=plt.figure())
    plt.close("all")
