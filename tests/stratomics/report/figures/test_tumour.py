"""The figure of tumour sizes: one panel per patient, from the most to the least shrunken."""

from __future__ import annotations

import numpy as np
import pandas as pd

from stratomics.report.figures.tumour import tumour_figure


def tables(count: int) -> tuple[pd.DataFrame, pd.DataFrame]:
    weeks = np.linspace(0, 20, 5)
    curves = pd.concat(
        [
            pd.DataFrame({"patient": f"p{k}", "time": weeks, "size": 50 * np.exp(0.01 * k * weeks)})
            for k in range(count)
        ]
    )
    curves = curves.assign(low=0.9 * curves["size"], high=1.1 * curves["size"])
    return curves, curves[["patient", "time", "size"]].assign(censored=curves["time"] == 20)


def test_patients_are_ordered_by_their_change_and_have_their_sizes() -> None:
    figure = tumour_figure(*tables(30), "a note")
    shown = [axes for axes in figure.axes if axes.get_visible()]
    titles = [axes.get_title() for axes in shown]
    assert len(titles) == 12
    assert (titles[0], titles[-1]) == ("p0", "p29")
    assert [int(title[1:]) for title in titles] == sorted(int(title[1:]) for title in titles)
    for axes in shown:
        _, measured, below = axes.collections
        assert (len(measured.get_offsets()), len(below.get_offsets())) == (4, 1)
    assert "a note" in figure.get_supxlabel()


def test_few_patients_leave_panels_empty() -> None:
    figure = tumour_figure(*tables(5), "")
    assert sum(axes.get_visible() for axes in figure.axes) == 5
