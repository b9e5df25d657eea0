"""Patients in the space of two factors, coloured by outcome, predicted risk and site."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd
from matplotlib.figure import Figure
from numpy.typing import NDArray

from omics.cohort.endpoints import Survival
from omics.common.files import read_parquet
from stratomics.evaluation.cases import SurvivalCases
from stratomics.evaluation.comparison import OURS
from stratomics.evaluation.patient_groups import patient_groups
from stratomics.report.figures.style import COLOURS, GREY, RISK_COLOURS, WIDE, new_figure
from stratomics.report.section import Panel
from stratomics.report.sections.survival import GROUPS, thirds
from stratomics.runs.run_directory import RunDirectory

__all__ = ["factor_space"]

MARKS = ("o", "s", "^", "D", "v")
"""Marks of groups, which can be distinguished without colours."""
PAIR = 2


@dataclass(frozen=True)
class Colouring:
    """How patients are coloured.

    Attributes
    ----------
    name
        What the groups are.
    label
        (n,) group of each patient; empty where it is unknown.
    groups, colours
        The groups in their order, and their colours.
    """

    name: str
    label: NDArray[np.object_]
    groups: Sequence[str]
    colours: Sequence[str]


def factor_space(run: RunDirectory, explained: pd.DataFrame) -> Panel | None:
    """Draw the patients by the two factors that explain most variance.

    Parameters
    ----------
    run
        A run with factors.
    explained
        Proportion of the variance of each view (rows) that each factor (columns) explains.

    Returns
    -------
    Panel or None
        None with fewer than two factors.
    """
    if explained.shape[1] < PAIR:
        return None
    share = explained.mean(axis=0).sort_values(ascending=False, kind="stable")
    first, second = (str(name) for name in share.index[:PAIR])
    factors = read_parquet(run.path / "factors" / "factors.parquet").set_index("sample_id")
    places = factors.reindex(run.sample_ids)[[first, second]]
    colourings = [_outcome(run), _risk(run), *_sites(run)]
    names = [f"factor {name.removeprefix('factor')}" for name in (first, second)]
    labels = [
        f"{name.capitalize()} ({share[key]:.0%} of the variance)"
        for name, key in zip(names, (first, second), strict=True)
    ]
    columns = dict(zip(names, places.to_numpy().T, strict=True)) | {one.name: one.label for one in colourings}
    sentence = (
        f"Each point is a patient, placed by {names[0]} and {names[1]}, which explain most variance. "
        f"{'Outcome and site are' if len(colourings) > PAIR else 'The outcome is'} observed; the risk is an "
        "out-of-fold prediction. Factors were fitted to all patients, without outcomes: the figure "
        "describes the cohort and does not evaluate a prediction."
    )
    figure = _draw(places.to_numpy(dtype=np.float64), colourings, labels)
    return Panel("factor-space", "Patients by two factors", figure, sentence, pd.DataFrame(columns))


def _draw(places: NDArray[np.float64], colourings: Sequence[Colouring], labels: Sequence[str]) -> Figure:
    figure = new_figure(WIDE, 3.6)
    plots = figure.subplots(1, len(colourings), sharey=True, squeeze=False)[0]
    for axes, one in zip(plots, colourings, strict=True):
        for group, colour, mark in zip(one.groups, one.colours, MARKS, strict=False):
            rows = one.label == group
            axes.plot(
                *places[rows].T,
                mark,
                color=colour,
                markersize=3.6,
                alpha=0.75,
                markeredgewidth=0,
                label=group,
            )
        axes.set_xlabel(labels[0])
        legend = axes.legend(
            title=one.name,
            loc="lower left",
            bbox_to_anchor=(-0.02, 1.0),
            alignment="left",
            handletextpad=0.1,
            borderaxespad=0.0,
            labelspacing=0.25,
        )
        legend.get_title().set_fontweight("bold")
    plots[0].set_ylabel(labels[1])
    return figure


def _outcome(run: RunDirectory) -> Colouring:
    outcome = run.outcome
    groups = ("event", "no event") if isinstance(outcome, Survival) else ("positive", "negative")
    label = np.where(outcome.label, *groups).astype(object)
    label[~outcome.observed] = ""
    return Colouring("outcome", label, groups, (COLOURS[2], GREY))


def _risk(run: RunDirectory) -> Colouring:
    """Thirds of the predicted risk, or of the probability of a response."""
    cases = run.cases[OURS]
    survives = isinstance(cases, SurvivalCases)
    score = cases.risk if isinstance(cases, SurvivalCases) else cases.probability
    groups = GROUPS if survives else ("low", "middle", "high")
    label = np.full(len(run.patients), "", dtype=object)
    label[run.outcome.observed] = np.array(groups, dtype=object)[thirds(score.mean(axis=0))]
    colours = RISK_COLOURS if survives else RISK_COLOURS[::-1]
    return Colouring("predicted risk" if survives else "predicted probability", label, groups, colours)


def _sites(run: RunDirectory) -> list[Colouring]:
    """Colour the largest sites, and all others together; empty with one site."""
    sites = patient_groups(run.patients[["site"]])["site"] if "site" in run.patients else pd.Categorical([])
    if len(sites.categories) < PAIR:
        return []
    counts = pd.Series(sites).value_counts()
    largest = [str(name) for name in counts.index[: len(COLOURS)]]
    if len(counts) > len(COLOURS):
        largest = [*largest[: len(COLOURS) - 1], "other sites"]
    names = np.asarray(sites.astype(str), dtype=object)
    label = np.where(np.isin(names, largest), names, largest[-1])
    colours = [
        *COLOURS[: len(largest) - 1],
        GREY if largest[-1] == "other sites" else COLOURS[len(largest) - 1],
    ]
    return [Colouring("site", label, largest, colours)]
