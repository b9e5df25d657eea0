"""The report's section on factors: variance explained, stability, associations and largest loadings."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd
from matplotlib.axes import Axes

from omics.common.files import read_parquet
from stratomics.report.figures.style import NARROW, WIDE, new_figure
from stratomics.report.section import Panel, Section
from stratomics.report.sections.factor_space import factor_space
from stratomics.report.text.numbers import p_value
from stratomics.runs.run_directory import RunDirectory

__all__ = [
    "FactorPart",
    "association_sentence",
    "draw_explained",
    "explained_size",
    "factors",
    "stability_sentences",
]

FEATURES = 4
"""Features named for each factor and view."""

DISCOVERY = 0.1
"""False discovery rate q below which an association is reported."""

FEW = 7
"""Maximum number of factors of a heat map that is narrow."""

READABLE = 20
"""Maximum number of factors for which the heat map shows numbers."""


@dataclass(frozen=True)
class FactorPart:
    """Content of the section.

    Attributes
    ----------
    explained, space
        Variance explained, and patients by two factors.
    stability
        Sentences, the poor factors first.
    members
        How similar the factors of the ensemble members are to these.
    associations
        Sentences on associations with q below 0.1, smallest q first.
    tested
        Number of associations tested.
    views
        Columns of the table of largest loadings.
    rows
        Factor, its verdict, and one cell per view.
    """

    explained: Panel
    space: Panel | None
    stability: list[str]
    members: str
    associations: list[str]
    tested: int
    views: list[str]
    rows: list[tuple[str, str, list[list[str]]]]


def factors(run: RunDirectory) -> Section | None:
    """Summarize ``factors/`` of a run; None if the run has no such folder."""
    folder = run.path / "factors"
    if not folder.is_dir():
        return None
    explained, loadings, associations, stability = (
        read_parquet(folder / f"{name}.parquet")
        for name in ("variance_explained", "loadings", "associations", "stability")
    )
    explained = explained.set_index("view")
    reported = associations[associations["q"] < DISCOVERY].sort_values(["q", "p"], kind="stable")
    figure = new_figure(NARROW if explained.shape[1] <= FEW else WIDE, explained_size(explained)[1])
    draw_explained(figure.add_subplot(), explained)
    share = Panel(
        "explained",
        "Variance of each view that the factors explain",
        figure,
        _explained_sentence(explained),
        explained.reset_index(),
    )
    part = FactorPart(
        share,
        factor_space(run, explained),
        stability_sentences(stability),
        _members_sentence(stability),
        [association_sentence(row) + _warning(row["factor"], stability) for _, row in reported.iterrows()],
        len(associations),
        list(dict.fromkeys(loadings["view"])),
        _rows(loadings, stability),
    )
    return Section("factors", "Factors", template="factors.html.j2", content=part)


MEASURES = {
    "hazard_ratio": "hazard ratio per standard deviation of its ranks",
    "eta2": "eta squared",
    "rho": "Spearman rho",
    "auc": "area under the ROC curve",
}
"""Measure of an association -> its name."""


def association_sentence(row: Mapping[str, Any] | pd.Series[Any]) -> str:
    """Describe one association.

    Parameters
    ----------
    row
        One row of ``factors/associations.parquet``.

    Returns
    -------
    str

    Examples
    --------
    >>> association_sentence(
    ...     {"factor": "factor2", "kind": "site", "name": "centre", "measure": "eta2",
    ...      "effect": 0.61, "direction": "Leeds", "q": 1e-9})
    'factor 2 is associated with the site centre (highest in Leeds, eta squared 0.61, q < 0.001); possible batch effect'
    """
    factor, name, direction = _spaced(row["factor"]), row["name"], row["direction"]
    measure = MEASURES.get(row["measure"], row["measure"])
    q = p_value(row["q"]).removeprefix("p ")
    size = f"{measure} {row['effect']:.2f}, q {q}"
    match row["measure"], row["kind"]:
        case "eta2", "site":
            text = f"{factor} is associated with the site {name} (highest in {direction}, {size})"
            return f"{text}; possible batch effect"
        case "eta2", "arm":
            return f"{factor} differs between the arms of {name} (highest in {direction}, {size})"
        case "eta2", _:
            return f"{factor} differs by {name} (highest in {direction}, {size})"
        case "rho", _:
            return f"{factor} {direction} with {name} ({size})"
        case "auc", _:
            return f"{factor} is {direction} in patients with a positive {name} ({size})"
        case _:
            return f"with high {factor}, the event of {name} occurs {direction} ({size})"


def stability_sentences(stability: pd.DataFrame) -> list[str]:
    """Interpret the stability of the factors, one sentence per verdict.

    Examples
    --------
    >>> for sentence in stability_sentences(
    ...     pd.DataFrame({"factor": ["factor1", "factor2"], "stability": [0.9, 0.12], "verdict": ["stable", "poor"]})):
    ...     print(sentence)
    Poor: factor 2 (0.12). Unlikely to be found in another cohort; do not interpret it.
    Stable: factor 1 (0.90). Likely to be found in another cohort of this kind.
    """
    meaning = {
        "poor": "Unlikely to be found in another cohort; do not interpret {0}.",
        "unsteady": "Likely to be changed, or mixed with another factor, in another cohort; interpret {0} with care.",
        "stable": "Likely to be found in another cohort of this kind.",
    }
    sentences = []
    for verdict, words in meaning.items():
        members = stability[stability["verdict"] == verdict]
        if len(members):
            names = ", ".join(
                f"{_spaced(f)} ({s:.2f})"
                for f, s in zip(members["factor"], members["stability"], strict=True)
            )
            them = "it" if len(members) == 1 else "them"
            sentences.append(f"{verdict.capitalize()}: {names}. {words.format(them)}")
    return sentences


def _warning(factor: str, stability: pd.DataFrame) -> str:
    poor = factor in set(stability.loc[stability["verdict"] == "poor", "factor"])
    return ", but the stability of the factor is poor" if poor else ""


def _members_sentence(stability: pd.DataFrame) -> str:
    low, high = stability["members"].min(), stability["members"].max()
    return (
        "Each member of the ensemble has separate factors; their absolute congruence with the factors shown here is "
        f"{low:.2f} to {high:.2f}. The members were fitted to overlapping parts of the same patients and share their "
        "noise. The congruence shows how similar the members are, and not whether a factor is real."
    )


def _rows(loadings: pd.DataFrame, stability: pd.DataFrame) -> list[tuple[str, str, list[list[str]]]]:
    top = loadings[loadings["rank"] <= FEATURES]
    verdicts = stability.set_index("factor")["verdict"]
    views = list(dict.fromkeys(loadings["view"]))
    rows = []
    for factor in verdicts.index:
        cells = [_cell(top[(top["factor"] == factor) & (top["view"] == view)]) for view in views]
        rows.append((_spaced(factor), str(verdicts[factor]), cells))
    return rows


def _cell(part: pd.DataFrame) -> list[str]:
    pairs = zip(part["feature"], part["loading"], strict=True)
    return [f"{feature} {loading:+.2f}" for feature, loading in pairs if loading != 0]


def explained_size(explained: pd.DataFrame) -> tuple[float, float]:
    """Width and height of the heat map in inches."""
    views, factors = explained.shape
    return 1.6 + 0.5 * min(factors, READABLE), 1.2 + 0.45 * views


def draw_explained(axes: Axes, explained: pd.DataFrame) -> None:
    """Draw a heat map of the variance explained.

    Parameters
    ----------
    axes
        Where to draw; the colour bar takes part of its space.
    explained
        Proportion of the variance of each view (rows) that each factor (columns) explains.
    """
    views, factors = explained.shape
    percent = 100 * explained.to_numpy()
    mesh = axes.pcolormesh(percent, cmap="Blues", vmin=0, edgecolors="white", linewidth=1)
    axes.set_yticks(np.arange(views) + 0.5, list(explained.index))
    axes.invert_yaxis()
    axes.tick_params(length=0)
    axes.set_xlabel("Factor")
    axes.figure.colorbar(mesh, ax=axes, label="% explained")
    if factors > READABLE:
        return
    axes.set_xticks(np.arange(factors) + 0.5, [name.removeprefix("factor") for name in explained.columns])
    for (view, factor), value in np.ndenumerate(percent):
        shade = "white" if value > 0.6 * percent.max() else "#1a1a1a"
        axes.text(factor + 0.5, view + 0.5, f"{value:.0f}", ha="center", va="center", color=shade)


def _explained_sentence(explained: pd.DataFrame) -> str:
    sums = ", ".join(f"{share:.0%} of {view}" for view, share in explained.sum(axis=1).items())
    return f"Share of the variance of each view's harmonized features that the factors explain: {sums}."


def _spaced(factor: str) -> str:
    return f"factor {factor.removeprefix('factor')}"
