"""What the report says and draws of the factors: what they explain, hang on, hang together with, and are worth."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd
from matplotlib.figure import Figure

from omics.common.files import read_parquet
from stratomics.report.section import Panel, Section
from stratomics.runs.run_directory import RunDirectory

__all__ = ["FactorPart", "association_sentence", "factors", "stability_sentences"]

FEATURES = 4
"""Features named for each factor and view."""

DISCOVERY = 0.1
"""Associations of a smaller q are told."""

READABLE = 20
"""Factors up to which the heat map has room for numbers."""


@dataclass(frozen=True)
class FactorPart:
    """The report's section on factors.

    Attributes
    ----------
    explained
        Variance explained.
    stability
        Sentences, the poor factors first.
    members
        What the members' own factors have in common with these.
    associations
        Sentences of those with q < .1, the smallest q first.
    tested
        How many associations were tested.
    views
        Columns of the table of largest loadings.
    rows
        Factor, its verdict, and a cell a view.
    """

    explained: Panel
    stability: list[str]
    members: str
    associations: list[str]
    tested: int
    views: list[str]
    rows: list[tuple[str, str, list[list[str]]]]


def factors(run: RunDirectory) -> Section | None:
    """Read ``factors/`` of a run; None for one of a release that wrote none."""
    folder = run.path / "factors"
    if not folder.is_dir():
        return None
    explained, loadings, associations, stability = (
        read_parquet(folder / f"{name}.parquet")
        for name in ("variance_explained", "loadings", "associations", "stability")
    )
    explained = explained.set_index("view")
    told = associations[associations["q"] < DISCOVERY].sort_values(["q", "p"], kind="stable")
    share = Panel(
        "explained", _draw_explained(explained), _explained_sentence(explained), explained.reset_index()
    )
    part = FactorPart(
        share,
        stability_sentences(stability),
        _members_sentence(stability),
        [association_sentence(row) + _warning(row["factor"], stability) for _, row in told.iterrows()],
        len(associations),
        list(dict.fromkeys(loadings["view"])),
        _rows(loadings, stability),
    )
    return Section("factors", "Factors", template="factors.html.j2", content=part)


def association_sentence(row: Mapping[str, Any] | pd.Series[Any]) -> str:
    """One association in words.

    Examples
    --------
    >>> association_sentence(
    ...     {"factor": "factor2", "kind": "site", "name": "centre", "measure": "eta2",
    ...      "effect": 0.61, "direction": "Leeds", "q": 1e-9})
    'factor 2 is tied to the site centre (highest in Leeds, eta2 0.61, q 1e-09): it may be the batch'
    """
    factor, name, direction = _spaced(row["factor"]), row["name"], row["direction"]
    measure = {"hazard_ratio": "hazard ratio per sd of its ranks"}.get(row["measure"], row["measure"])
    size = f"{measure} {row['effect']:.2f}, q {row['q']:.1g}"
    match row["measure"], row["kind"]:
        case "eta2", "site":
            return (
                f"{factor} is tied to the site {name} (highest in {direction}, {size}): it may be the batch"
            )
        case "eta2", "arm":
            return f"{factor} differs between the arms of {name} (highest in {direction}, {size})"
        case "eta2", _:
            return f"{factor} differs by {name} (highest in {direction}, {size})"
        case "rho", _:
            return f"{factor} {direction} with {name} ({size})"
        case "auc", _:
            return f"{factor} is {direction} in patients with a positive {name} ({size})"
        case _:
            return f"where {factor} is high, the event of {name} comes {direction} ({size})"


def stability_sentences(stability: pd.DataFrame) -> list[str]:
    """Say what each factor's stability is worth, one sentence a verdict.

    Examples
    --------
    >>> for sentence in stability_sentences(
    ...     pd.DataFrame({"factor": ["factor1", "factor2"], "stability": [0.9, 0.12], "verdict": ["stable", "poor"]})):
    ...     print(sentence)
    Poor: factor 2 (0.12). Another cohort would hardly show it; do not interpret it.
    Stable: factor 1 (0.90). Another cohort of this kind would show much the same.
    """
    meaning = {
        "poor": "Another cohort would hardly show {0}; do not interpret {0}.",
        "unsteady": "Another cohort would show {0} changed, or mixed with another factor; read {0} with care.",
        "stable": "Another cohort of this kind would show much the same.",
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
    return ", but the factor is poor" if poor else ""


def _members_sentence(stability: pd.DataFrame) -> str:
    low, high = stability["members"].min(), stability["members"].max()
    return (
        "The members of the ensemble have factors of their own, which go with these by an absolute congruence of "
        f"{low:.2f} to {high:.2f}. They were fitted to overlapping parts of the same patients and share their noise: "
        "this says how alike the members are, and not whether a factor is real."
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


def _draw_explained(explained: pd.DataFrame) -> Figure:
    views, factors = explained.shape
    figure = Figure(figsize=(1.6 + 0.5 * min(factors, READABLE), 1.2 + 0.45 * views))
    axes = figure.add_subplot()
    percent = 100 * explained.to_numpy()
    mesh = axes.pcolormesh(percent, cmap="Blues", vmin=0, edgecolors="white", linewidth=1)
    axes.set_yticks(np.arange(views) + 0.5, list(explained.index))
    axes.invert_yaxis()
    axes.tick_params(length=0)
    axes.set_xlabel("factor")
    figure.colorbar(mesh, ax=axes, label="% explained")
    if factors > READABLE:
        return figure
    axes.set_xticks(np.arange(factors) + 0.5, [name.removeprefix("factor") for name in explained.columns])
    for (view, factor), value in np.ndenumerate(percent):
        shade = "white" if value > 0.6 * percent.max() else "#1a1a1a"
        axes.text(factor + 0.5, view + 0.5, f"{value:.0f}", ha="center", va="center", color=shade, fontsize=8)
    return figure


def _explained_sentence(explained: pd.DataFrame) -> str:
    sums = ", ".join(f"{share:.0%} of {view}" for view, share in explained.sum(axis=1).items())
    return f"Variance that the factors explain, in percent of each view's features on the harmonized scale: {sums}."


def _spaced(factor: str) -> str:
    return f"factor {factor.removeprefix('factor')}"
