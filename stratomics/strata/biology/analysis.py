"""Gene-set analysis of several views: test the sets of each view, and adjust over everything."""

from __future__ import annotations

from collections.abc import Sequence

import pandas as pd
from scipy.stats import false_discovery_control

from omics.common.errors import DataError
from stratomics.strata.biology.identifiers import check_species
from stratomics.strata.biology.one_view import ContrastModel, FeatureTable, NotTested, tests_of_view
from stratomics.strata.biology.result import COLUMNS, SetAnalysis
from stratomics.strata.biology.sets import SetCollection

__all__ = ["analyse_families", "analyse_sets", "join_analyses"]


def analyse_sets(
    tables: Sequence[FeatureTable], models: Sequence[ContrastModel], given: SetCollection | None = None
) -> SetAnalysis:
    """Test the sets of each view for each contrast.

    Parameters
    ----------
    tables
        One table per view.
    models
        One for all factors, or one per group of patients.
    given
        Sets of the user, in place of the sets that are shipped and of taxa.

    Returns
    -------
    SetAnalysis
        False discovery rate over all sets, contrasts and views (Benjamini and Hochberg 1995, doi
        10.1111/j.2517-6161.1995.tb02031.x).

    Raises
    ------
    DataError
        If no view can be tested, with the reasons, or if genes of two species are mixed.
    """
    if given is not None:
        check_species(given.ids, given.ids, f"the sets of '{given.name}'")
    parts: list[pd.DataFrame] = []
    notes: list[str] = []
    for table in tables:
        try:
            part, more = tests_of_view(table, models, given)
        except NotTested as reason:
            notes.append(f"View '{table.view}' is not tested: {reason}.")
        else:
            parts.append(part)
            notes.extend(more)
    if not parts:
        raise DataError(_nothing(notes))
    tests = pd.concat(parts, ignore_index=True)
    tests["q"] = false_discovery_control(tests["p"])
    return SetAnalysis(tests[list(COLUMNS)], tuple(notes))


def analyse_families(
    tables: Sequence[FeatureTable],
    families: Sequence[Sequence[ContrastModel]],
    given: SetCollection | None = None,
) -> SetAnalysis:
    """Test the sets of each view for factors and for groups, with a false discovery rate for each of the two.

    Parameters
    ----------
    tables
        One table per view.
    families
        The factors, and the groups of patients; an empty family is left out.
    given
        Sets of the user, in place of the sets that are shipped and of taxa.

    Returns
    -------
    SetAnalysis
        Tests of all families, with the q values of :func:`analyse_sets` for each.
    """
    return join_analyses([analyse_sets(tables, models, given) for models in families if models])


def join_analyses(found: Sequence[SetAnalysis]) -> SetAnalysis:
    """Join analyses, each with its own false discovery rate; a note that several have is kept once."""
    notes = dict.fromkeys(note for one in found for note in one.notes)
    tests = pd.concat([one.tests for one in found], ignore_index=True)
    return SetAnalysis(tests, tuple(notes), panel=tuple(sentence for one in found for sentence in one.panel))


def _nothing(notes: Sequence[str]) -> str:
    reasons = "; ".join(note.removesuffix(".") for note in notes) or "there is no view with features"
    return (
        f"no set can be tested ({reasons}); give sets for these features, or a column of var with their ids"
    )
