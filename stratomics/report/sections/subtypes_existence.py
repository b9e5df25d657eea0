"""Groups of patients in the report: whether there are any."""

from __future__ import annotations

import numpy as np
import pandas as pd
from matplotlib.figure import Figure

from stratomics.report.figures.style import COLOURS, GREY, INK, NARROW, new_figure
from stratomics.report.section import Block, Panel
from stratomics.strata.groups.existence import LEAST_STRENGTH, LEVEL, Existence, PredictionStrength, Reference
from stratomics.strata.groups.findings import Findings

__all__ = ["existence_blocks", "existence_sentence"]

NAMES = ("one heavy-tailed cloud", "axes with one mode")


def existence_sentence(findings: Findings) -> str:
    """Answer whether the data support groups."""
    found, learned = findings.existence.k, len(findings.sizes)
    if found is None:
        answer = (
            "Gradients, no groups: no number of groups is found again in new halves of the patients more often than in "
            "data without groups."
        )
        return f"{answer} {learned} groups were asked for, and are described here." if learned else answer
    answer = f"The data support {found} groups: they are found again in new halves of the patients more often than in "
    other = "" if learned == found else f" {learned} groups were asked for, and are described here."
    return f"{answer}data without groups.{other}"


def existence_blocks(findings: Findings) -> list[Block]:
    """Draw the prediction strength of each number of groups beside both references."""
    tests = findings.existence.tests
    sentence = (
        "Prediction strength: smallest share of pairs of patients of a group who are together again when groups are "
        "learned from the other half. Bars reach from the mean to the 95th percentile of draws without groups. A "
        f"number of groups is supported if its p against both is at most {LEVEL:g} and the strength at least "
        f"{LEAST_STRENGTH:g}; the largest such number counts."
    )
    panel = Panel(
        "existence",
        "Are there groups: prediction strength against data without groups",
        _draw(findings.existence),
        sentence,
        _table(tests),
    )
    return [panel]


def _draw(existence: Existence) -> Figure:
    figure = new_figure(NARROW, 3.4)
    axes = figure.add_subplot()
    tests = existence.tests
    numbers = np.array([test.k for test in tests], dtype=np.float64)
    for shift, colour, name, references in (
        (-0.14, GREY, NAMES[0], [test.cloud for test in tests]),
        (0.14, COLOURS[1], NAMES[1], [test.one_mode for test in tests]),
    ):
        _bars(axes, numbers + shift, references, colour, name)
    strength = [test.strength for test in tests]
    axes.plot(numbers, strength, color=COLOURS[0], linewidth=1.4, zorder=3)
    for test, beyond in ((test, test.beyond) for test in tests):
        fill = COLOURS[0] if beyond else "none"
        axes.plot(test.k, test.strength, "o", color=COLOURS[0], markersize=7, markerfacecolor=fill, zorder=4)
    axes.plot([], [], "o-", color=COLOURS[0], label="cohort (filled: supported)")
    axes.axhline(LEAST_STRENGTH, color=INK, linewidth=0.8, linestyle=(0, (1, 1.5)))
    axes.set_xticks(numbers)
    axes.set_xlim(numbers[0] - 0.5, numbers[-1] + 0.5)
    axes.set_ylim(0, 1.02)
    axes.set_xlabel("Number of groups")
    axes.set_ylabel("Prediction strength")
    axes.legend(loc="lower left", bbox_to_anchor=(-0.02, 1.0), borderaxespad=0.0, alignment="left")
    return figure


def _bars(axes: object, at: np.ndarray, references: list[Reference], colour: str, name: str) -> None:
    from matplotlib.axes import Axes

    assert isinstance(axes, Axes)
    low = np.array([one.mean for one in references])
    high = np.array([one.high for one in references])
    axes.vlines(at, low, np.maximum(low, high), color=colour, linewidth=6, alpha=0.35)
    axes.plot(at, low, "_", color=colour, markersize=9, markeredgewidth=2, label=name)


def _table(tests: tuple[PredictionStrength, ...]) -> pd.DataFrame:
    return pd.DataFrame(
        {
            "groups": [test.k for test in tests],
            "prediction strength": [test.strength for test in tests],
            **{
                f"{what} of {name}": [getattr(getattr(test, key), what) for test in tests]
                for key, name in zip(("cloud", "one_mode"), NAMES, strict=True)
                for what in ("mean", "p", "draws")
            },
            "supported": ["yes" if test.beyond else "no" for test in tests],
        }
    )
