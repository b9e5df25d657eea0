"""Test the sets of one view: match its features, select its sets, and name the strongest features."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from scipy.sparse import csr_array

from omics.common.errors import DataError
from stratomics.strata.biology.camera import SetTests, camera, membership
from stratomics.strata.biology.identifiers import (
    LEAST_MATCHED,
    NAMES,
    MatchedFeatures,
    like_mouse,
    match_features,
)
from stratomics.strata.biology.moderated import feature_statistics
from stratomics.strata.biology.sets import SetCollection, shipped_sets
from stratomics.strata.biology.taxa import taxon_sets

__all__ = ["FEWEST", "ContrastModel", "FeatureTable", "NotTested", "sets_of_view", "tests_of_view"]

Array = NDArray[np.float64]
Ids = NDArray[np.object_]

FEWEST = 5
"""Smallest number of features of a set, and of features outside it."""

LEAST_DF = 10
"""Residual degrees of freedom that the estimate of a correlation needs."""

LEADING = 5
"""Features named for each set."""


@dataclass(frozen=True)
class FeatureTable:
    """The features of one view that were measured and kept.

    Attributes
    ----------
    view, modality
        Name and modality of the view.
    values
        Patients who have the view x features, without NaN, on a scale on which differences are comparable.
    var
        One row per feature, in the order of the columns of `values`; columns may have other ids.
    """

    view: str
    modality: str
    values: pd.DataFrame
    var: pd.DataFrame


@dataclass(frozen=True)
class ContrastModel:
    """What sets are tested for.

    Attributes
    ----------
    contrasts
        Patients x contrasts, which are in one model: all factors, or one group (1) against the rest (0).
    tested
        Names of the contrasts that are tested; the others are only in the model.
    """

    contrasts: pd.DataFrame
    tested: tuple[str, ...]


class NotTested(Exception):  # noqa: N818  # a reason for a note, and no error
    """Why a view is left out."""


def tests_of_view(
    table: FeatureTable, models: Sequence[ContrastModel], given: SetCollection | None
) -> tuple[pd.DataFrame, list[str]]:
    """Test the sets of one view.

    Parameters
    ----------
    table
        The features.
    models
        What they are tested for.
    given
        Sets of the user, in place of the sets that are shipped and of taxa.

    Returns
    -------
    pandas.DataFrame
        One row per contrast and set, without ``q``.
    list of str
        Sentences on the features and the sets.

    Raises
    ------
    NotTested
        If no set can be tested.
    DataError
        If genes of two species are mixed.
    """
    p = table.values.shape[1]
    if p < 2 * FEWEST:
        raise NotTested(f"it has {p} features, and at least {2 * FEWEST} are needed")
    matched, collections = _matched(table, given)
    members = _members(collections)
    matrix = membership(list(matched.ids), {str(place): one for place, one in enumerate(members.values())})
    size = np.diff(matrix.indptr)
    kept = np.flatnonzero((size >= FEWEST) & (p - size >= FEWEST))
    if not len(kept):
        raise NotTested(f"no set has {FEWEST} to {p - FEWEST} of its {p} features")
    keys = [list(members)[place] for place in kept]
    about = pd.DataFrame(keys, columns=["collection", "set"]).assign(view=table.view)
    titles = {(one.name, key): title for one in collections for key, title in one.titles.items()}
    about["title"] = [titles[key] for key in keys]
    parts = [part for model in models for part in _of_model(table, model, matrix[kept], about, matched.ids)]
    if not parts:
        raise NotTested(f"no factor or group differs in {FEWEST} of its patients")
    return pd.concat(parts, ignore_index=True), list(_notes(table, matched, len(members), len(kept)))


def sets_of_view(
    table: FeatureTable, given: SetCollection | None
) -> tuple[MatchedFeatures, dict[tuple[str, str], tuple[str, ...]]]:
    """Find the sets of a view, and the ids of its features in their vocabulary.

    Parameters
    ----------
    table
        The features.
    given
        Sets of the user, in place of the sets that are shipped and of taxa.

    Returns
    -------
    MatchedFeatures
        Ids of the features.
    dict
        Collection and set -> ids of its features.

    Raises
    ------
    NotTested
        If too few ids agree.
    """
    matched, collections = _matched(table, given)
    return matched, _members(collections)


def _members(collections: Sequence[SetCollection]) -> dict[tuple[str, str], tuple[str, ...]]:
    return {
        (collection.name, one): features
        for collection in collections
        for one, features in collection.members.items()
    }


def _matched(
    table: FeatureTable, given: SetCollection | None
) -> tuple[MatchedFeatures, Sequence[SetCollection]]:
    """Ids of the features, and the collections that are in their vocabulary."""
    if given is None and table.modality == "microbiome":
        taxa = taxon_sets(table.var)
        if not taxa.members:
            raise NotTested("the names of its features are no lineages of taxa")
        names = table.var.index.to_numpy(dtype=object)
        return MatchedFeatures(names, NAMES, np.isin(names, list(taxa.ids)), 1.0), [taxa]
    collections = shipped_sets(table.modality) if given is None else [given]
    if not collections:
        raise NotTested(f"no sets are shipped for {table.modality}")
    known = frozenset().union(*(one.ids for one in collections))
    try:
        matched = match_features(table.var, known)
    except DataError as error:
        raise DataError(f"view '{table.view}': {error}") from None
    if matched.share < LEAST_MATCHED:
        raise NotTested(_unmatched(matched))
    return matched, collections


def _unmatched(matched: MatchedFeatures) -> str:
    names = [one for one in matched.ids if one]
    mouse = sum(map(like_mouse, names)) > len(names) / 2
    return (
        f"{matched.share:.0%} of the ids of its features and of the sets agree, and at least a third is needed"
        + (", the names look like genes of the mouse" if mouse else "")
    )


def _of_model(
    table: FeatureTable, model: ContrastModel, members: csr_array, about: pd.DataFrame, ids: Ids
) -> Iterator[pd.DataFrame]:
    """Test the contrasts in which enough patients of the view differ."""
    contrasts = model.contrasts.reindex(table.values.index).dropna()
    usual = contrasts.apply(lambda column: column.value_counts().max()).astype(np.int64)
    contrasts = contrasts.loc[:, len(contrasts) - usual >= FEWEST]
    if not set(contrasts.columns) & set(model.tested):
        return
    if len(contrasts) - contrasts.shape[1] - 1 < LEAST_DF:
        raise NotTested(
            f"{len(contrasts)} patients are too few for {contrasts.shape[1]} contrasts in one model"
        )
    values = table.values.loc[contrasts.index].to_numpy(dtype=np.float64)
    try:
        statistics = feature_statistics(values, contrasts.to_numpy(dtype=np.float64))
    except DataError as error:
        raise NotTested(str(error)) from None
    tests = camera(statistics, members)
    for place, name in enumerate(map(str, contrasts.columns)):
        if name in model.tested:
            leading = _leading(statistics.z[:, place], tests.t[:, place], members, ids)
            yield _rows(name, place, tests, about, leading)


def _leading(z: Array, t: Array, members: csr_array, ids: Ids) -> list[str]:
    """Ids of the features of each set that are strongest in its direction, beyond the mean of all features."""
    centred = z - z.mean()
    named = []
    for number, sign in enumerate(np.sign(t)):
        inside = members.indices[members.indptr[number] : members.indptr[number + 1]]
        strength = sign * centred[inside]
        first = np.argsort(-strength, kind="stable")[:LEADING]
        named.append(", ".join(dict.fromkeys(ids[inside[first[strength[first] > 0]]])))
    return named


def _rows(name: str, place: int, tests: SetTests, about: pd.DataFrame, leading: list[str]) -> pd.DataFrame:
    return about.assign(
        contrast=name,
        n=tests.size,
        correlation=tests.correlation,
        direction=np.where(tests.t[:, place] > 0, "up", "down"),
        p=tests.p[:, place],
        leading=leading,
    )


def _notes(table: FeatureTable, matched: MatchedFeatures, sets: int, tested: int) -> Iterator[str]:
    inside, p = int(matched.matched.sum()), len(matched.matched)
    where = "their names" if matched.column == NAMES else f"the column '{matched.column}'"
    yield (
        f"View '{table.view}': {inside} of {p} features ({inside / p:.0%}) belong to a set, by {where}; the other "
        f"{1 - inside / p:.0%} are only compared with. {tested} of {sets} sets have at least {FEWEST} of the features."
    )
    repeated = int(pd.Series(matched.ids[matched.matched]).duplicated(keep=False).sum())
    if repeated:
        yield f"View '{table.view}': {repeated} features share an id with another one, and each counts as a feature."
