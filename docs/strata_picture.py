"""Make the README's picture of new patients: ``python docs/strata_picture.py COHORT``.

COHORT is breast_pam50: 150 patients with three views, from whom groups are learned without labels, and 70 new patients,
none of whom has proteins (``part`` says which).
"""

from __future__ import annotations

import argparse
from pathlib import Path

import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from mudata import MuData

from omics.cohort.read import read_cohort
from omics.readers.plain_tables import read_columns
from stratomics.report.figures.style import COLOURS, INK, new_figure, style
from stratomics.strata.groups.subtypes import Subtypes, search_subtypes

DOCS = Path(__file__).parent
K = 3


def main() -> None:
    """Learn three groups, assign the new patients, and draw both."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("cohort", type=Path, help="folder of breast_pam50")
    folder = parser.parse_args().cohort
    cohort = read_cohort(folder)
    published = read_columns(folder / "outcome.csv").set_index("sample_id").loc[cohort.obs_names]
    train = (published["part"] == "train").to_numpy()
    found = search_subtypes(cohort[train].copy(), (2,), K)
    assert found.subtypes is not None, "a number of groups was asked for"
    learned, new = (found.subtypes.predict(cohort[rows].copy()) for rows in (train, ~train))
    subtype = published["subtype"].to_numpy()
    name = pd.crosstab(learned["subtype"].to_numpy(), subtype[train]).idxmax(axis=1)
    called = name.loc[new["subtype"]].to_numpy()
    truth = subtype[~train]
    errors = [(called[truth == one] != one).mean() for one in np.unique(truth)]
    with style():
        figure = new_figure(12.8, 4.6)
        left, right = figure.subplots(1, 2, width_ratios=[1.0, 1.45])
        _places(left, found.subtypes, (cohort[train].copy(), cohort[~train].copy()), (learned, new))
        left.set_title(
            "150 patients, and 70 new ones without proteins (rings)", loc="left", fontweight="bold"
        )
        _probabilities(right, new, truth, name.to_dict())
        right.set_title(
            f"Probability of each group in the new patients; balanced error {np.mean(errors):.3f}",
            loc="left",
            fontweight="bold",
        )
        figure.savefig(DOCS / "strata.png", dpi=100, facecolor="white")


def _places(
    axes: Axes,
    subtypes: Subtypes,
    cohorts: tuple[MuData, MuData],
    tables: tuple[pd.DataFrame, pd.DataFrame],
) -> None:
    places = [subtypes.factors.coordinates(cohort).mean for cohort in cohorts]
    # Factors of proteins alone have the prior mean in patients without proteins.
    x, y = np.argsort(-places[1].var(axis=0))[:2]
    for number, (colour, mark) in enumerate(zip(COLOURS[:K], ("o", "s", "^"), strict=True), 1):
        for part, (place, table) in enumerate(zip(places, tables, strict=True)):
            rows = (table["subtype"] == f"S{number}").to_numpy()
            edge = {"markerfacecolor": "none", "markeredgecolor": colour, "markeredgewidth": 1.6}
            fill = {"color": colour, "markeredgewidth": 0, "alpha": 0.45}
            axes.plot(
                place[rows, x], place[rows, y], mark, markersize=7 if part else 5, **(edge if part else fill)
            )
    axes.set_xlabel(f"Factor {x + 1}")
    axes.set_ylabel(f"Factor {y + 1}")


def _probabilities(axes: Axes, new: pd.DataFrame, truth: np.ndarray, name: dict[str, str]) -> None:
    columns = [f"p_S{number}" for number in range(1, K + 1)]
    own = np.array([new[f"p_{group}"] for group in name]).T[
        np.arange(len(new)), [list(name.values()).index(one) for one in truth]
    ]
    rank = {subtype: place for place, subtype in enumerate(name.values())}
    order = np.lexsort((-own, [rank[one] for one in truth]))
    bottom = np.zeros(len(new))
    at = np.arange(len(new))
    for column, colour in zip(columns, COLOURS[:K], strict=True):
        height = new[column].to_numpy()[order]
        axes.bar(at, height, 1.0, bottom=bottom, color=colour, linewidth=0)
        bottom += height
    start = 0
    for group, subtype in name.items():
        size = int((truth == subtype).sum())
        colour = COLOURS[int(group[1:]) - 1]
        axes.plot([start - 0.4, start + size - 0.6], [-0.035] * 2, color=INK, linewidth=1.2, clip_on=False)
        axes.text(
            start + size / 2 - 0.5,
            -0.06,
            f"{subtype} ({size})",
            ha="center",
            va="top",
            color=colour,
            fontweight="bold",
        )
        start += size
    axes.set_xlim(-0.6, len(new) - 0.4)
    axes.set_ylim(0, 1)
    axes.set_xticks([])
    axes.set_yticks([0, 0.5, 1], ["0", "50%", "100%"])
    axes.set_xlabel("70 new patients by published subtype, which no step has seen", labelpad=30)


if __name__ == "__main__":
    main()
