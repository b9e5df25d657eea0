"""What a locked panel is made of: sets of features that rise or fall with its score, and their analytes."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

from stratomics.strata.biology.analysis import analyse_families, analyse_sets, join_analyses
from stratomics.strata.biology.one_view import ContrastModel, FeatureTable, sets_of_view
from stratomics.strata.biology.result import PANEL_SCORE, SetAnalysis
from stratomics.strata.panel.agreement import BLOCK_CORRELATION

if TYPE_CHECKING:
    from mudata import MuData

    from stratomics.strata.biology.sets import SetCollection
    from stratomics.strata.panel.panel import LockedPanel
    from stratomics.strata.panel.values import AnalyteName

__all__ = ["PanelScores", "analyse_everything", "analyse_panel", "panel_scores"]

NAMED = 3
"""Sets named for one analyte."""


@dataclass(frozen=True)
class PanelScores:
    """The score of a locked panel in patients.

    Attributes
    ----------
    score
        Level of each patient, by id; NaN for a patient without any of the analytes.
    analytes
        The analytes, which make the score.
    """

    score: pd.Series[float]
    analytes: tuple[AnalyteName, ...]


def panel_scores(panel: LockedPanel, cohort: MuData) -> PanelScores:
    """Score all patients of a cohort by a locked panel.

    Parameters
    ----------
    panel
        The panel.
    cohort
        Patients with its analytes.

    Returns
    -------
    PanelScores
        Higher for a higher risk, probability of a response, or benefit.
    """
    measured = panel.predict(cohort).patients["panel_measured"].to_numpy() > 0
    level = np.where(measured, panel.levels(cohort), np.nan)
    return PanelScores(pd.Series(level, cohort.obs_names.astype(str)), panel.analytes)


def analyse_everything(
    tables: Sequence[FeatureTable],
    families: Sequence[Sequence[ContrastModel]],
    panel: PanelScores | None,
    given: SetCollection | None = None,
) -> SetAnalysis:
    """Test the sets of each view for factors, groups and a panel, each with its own false discovery rate.

    Parameters
    ----------
    tables
        One table per view.
    families
        The factors, and the groups of patients; an empty family is left out.
    panel
        The score of a panel, if there is one.
    given
        Sets of the user, in place of the sets that are shipped and of taxa.

    Returns
    -------
    SetAnalysis
        All tests.
    """
    parts = [analyse_families(tables, families, given)] if any(families) else []
    if panel is not None:
        parts.append(analyse_panel(tables, panel, given))
    return join_analyses(parts)


def analyse_panel(
    tables: Sequence[FeatureTable], scores: PanelScores, given: SetCollection | None = None
) -> SetAnalysis:
    """Test the sets of each view for the score of a panel.

    The analytes are left out of the features: the score is made of them, so that their sets would be found by
    construction.

    Parameters
    ----------
    tables
        One table per view, with the analytes.
    scores
        The panel.
    given
        Sets of the user, in place of the sets that are shipped and of taxa.

    Returns
    -------
    SetAnalysis
        As of :func:`stratomics.strata.biology.analysis.analyse_sets`, with one contrast; ``panel`` names the sets of
        each analyte, or of a feature exchangeable with it, among those with a small q.

    Raises
    ------
    DataError
        If no view can be tested.
    """
    model = ContrastModel(scores.score.to_frame(PANEL_SCORE), (PANEL_SCORE,))
    others = [_without(table, _features(scores, table)) for table in tables]
    result = analyse_sets(others, [model], given)
    sentences = [
        sentence
        for table in tables
        if len(rows := result.found[result.found["view"] == table.view])
        for feature in _features(scores, table)
        if (sentence := _sentence(table, feature, rows, given))
    ]
    return replace(result, notes=_notes(result, tables, scores), panel=tuple(sentences))


def _notes(result: SetAnalysis, tables: Sequence[FeatureTable], scores: PanelScores) -> tuple[str, ...]:
    """Tell views without their analytes from the same views with all features."""
    views = tuple(f"View '{table.view}'" for table in tables if _features(scores, table))
    return tuple(
        f"Without the analytes of the panel: {note}" if note.startswith(views) else note
        for note in result.notes
    )


def _features(scores: PanelScores, table: FeatureTable) -> list[str]:
    """Analytes of the panel among the features of a view."""
    return [
        one.feature
        for one in scores.analytes
        if one.view == table.view and one.feature in table.values.columns
    ]


def _without(table: FeatureTable, features: list[str]) -> FeatureTable:
    return replace(table, values=table.values.drop(columns=features), var=table.var.drop(index=features))


def _sentence(
    table: FeatureTable, feature: str, rows: pd.DataFrame, given: SetCollection | None
) -> str | None:
    """Name the sets of an analyte or of its exchangeable features; None if there is none."""
    matched, members = sets_of_view(table, given)
    columns = table.values.columns
    correlation = table.values.corrwith(table.values[feature]).abs().fillna(0.0).to_numpy()
    block = set(matched.ids[(correlation >= BLOCK_CORRELATION) | (columns == feature)]) - {""}
    keys = list(zip(rows["collection"], rows["set"], rows["title"], strict=True))
    titles = [title for collection, name, title in keys if block & set(members[collection, name])]
    if not titles:
        return None
    others = int((correlation >= BLOCK_CORRELATION).sum()) - 1
    exchangeable = " or the feature exchangeable with it" if others == 1 else ""
    if others > 1:
        exchangeable = f" or one of the {others} features exchangeable with it"
    more = f" and {len(titles) - NAMED} more" if len(titles) > NAMED else ""
    return f"{table.view}: {feature}{exchangeable} is in {', '.join(titles[:NAMED])}{more}."
