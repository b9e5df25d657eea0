"""Markers of groups: features of a view that differ between groups which were learned without this view."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from scipy.optimize import linear_sum_assignment
from scipy.stats import false_discovery_control, ttest_ind

from datamodules.batch import Batch
from omics.common.errors import DataError

__all__ = ["Marker", "markers_of_left_out_views", "top_features"]

Array = NDArray[np.float64]
Rows = NDArray[np.int64]

DISCOVERY = 0.05
"""False discovery rate below which a feature is called a marker."""
MOST = 10
"""Markers that are listed for each group and view."""
SHOWN = 36
"""About this many features are shown in the heat map."""
FEWEST = 3
"""Fewest patients of a group, and of the others, with the view."""


@dataclass(frozen=True)
class Marker:
    """A feature that differs between one group and all other patients.

    Attributes
    ----------
    group, view, feature
        The group, and the feature of the view that did not help to learn it.
    difference
        Mean of the group less that of the others, in standard deviations of the feature.
    p, q
        By Welch's t test, and adjusted over all features and groups of the view (Benjamini and Hochberg 1995).
    found
        Number of markers of this group in this view with q below 0.05.
    """

    group: str
    view: str
    feature: str
    difference: float
    p: float
    q: float
    found: int


def markers_of_left_out_views(
    batch: Batch,
    features: Mapping[str, Sequence[str]],
    group: Rows,
    names: Sequence[str],
    learn: Callable[[Batch], Rows],
) -> tuple[tuple[Marker, ...], tuple[str, ...]]:
    """Learn the groups again without each view, and test the features of this view.

    A test of the features that made the groups rejects far too often: k-means groups of noise differ in 79% of the
    tests at 5%. The groups without the view are named by the patients that they share with the groups of all views.

    Parameters
    ----------
    batch
        n harmonized patients.
    features
        View -> names of its features.
    group
        (n,) number of the group of each patient.
    names
        Names of the groups.
    learn
        Learns as many groups from other views and returns (n,) their numbers, -1 for a patient without these views.

    Returns
    -------
    tuple
        Markers with a false discovery rate below 0.05, at most ten for each group and view; and sentences on views
        that could not be tested.
    """
    if len(batch.views) < 2:  # noqa: PLR2004  # a view is left out
        return (), ("markers need a second view, by which groups are learned without the first",)
    markers, notes = [], []
    for view in batch.views:
        others = {name: values for name, values in batch.views.items() if name != view}
        try:
            fresh = _named_like(learn(dataclasses.replace(batch, views=others)), group, len(names))
        except DataError as error:
            notes.append(f"markers in {view} are not tested, since without it {error}")
            continue
        markers += _markers(view, list(features[view]), batch.views[view], batch.present(view), fresh, names)
    return tuple(markers), tuple(notes)


def top_features(batch: Batch, features: Mapping[str, Sequence[str]], group: Rows, k: int) -> pd.DataFrame:
    """Harmonized values of the features that differ most between each group and the others, view by view.

    Parameters
    ----------
    batch
        n harmonized patients.
    features
        View -> names of its features.
    group
        (n,) number of the group of each patient.
    k
        Number of groups.

    Returns
    -------
    pandas.DataFrame
        (n, m) columns ``VIEW: FEATURE``, by group and view; NaN for patients without the view. This describes the
        groups: the same features made them.
    """
    each = max(1, SHOWN // (k * len(batch.views)))
    columns: dict[str, Array] = {}
    for number in range(k):
        for view, values in batch.views.items():
            present = batch.present(view)
            inside, outside = present & (group == number), present & (group != number)
            if not (inside.any() and outside.any()) or not values.shape[1]:
                continue
            difference = values[inside].mean(axis=0) - values[outside].mean(axis=0)
            for place in np.argsort(-np.abs(difference), kind="stable")[:each]:
                shown = np.where(present, values[:, place], np.nan).astype(np.float64)
                columns.setdefault(f"{view}: {features[view][place]}", shown)
    return pd.DataFrame(columns)


def _named_like(fresh: Rows, group: Rows, k: int) -> Rows:
    """Give new groups numbers so that as many patients as possible keep the number of their group."""
    known = (fresh >= 0) & (group >= 0)
    table = np.zeros((k, k))
    np.add.at(table, (fresh[known], group[known]), 1)
    rows, columns = linear_sum_assignment(-table)
    number = dict(zip(rows.tolist(), columns.tolist(), strict=True))
    return np.array([number.get(one, -1) for one in fresh.tolist()], dtype=np.int64)


def _markers(
    view: str,
    features: Sequence[str],
    values: NDArray[np.float32],
    present: NDArray[np.bool_],
    group: Rows,
    names: Sequence[str],
) -> list[Marker]:
    """Markers of all groups in one view."""
    x = values.astype(np.float64)
    spread = x[present].std(axis=0)
    varies = np.flatnonzero(spread > 0)
    tested = []
    # Of two groups one is tested: the other has the same features with the other sign.
    for number in range(len(names) if len(names) > 2 else 1):  # noqa: PLR2004  # two groups
        inside, outside = present & (group == number), present & (group >= 0) & (group != number)
        if varies.size and min(inside.sum(), outside.sum()) >= FEWEST:
            one, other = x[np.ix_(inside, varies)], x[np.ix_(outside, varies)]
            with np.errstate(invalid="ignore", divide="ignore"):
                p = np.nan_to_num(ttest_ind(one, other, equal_var=False).pvalue, nan=1.0)
            tested.append((number, (one.mean(axis=0) - other.mean(axis=0)) / spread[varies], p))
    if not tested:
        return []
    q = np.split(false_discovery_control(np.concatenate([p for _, _, p in tested])), len(tested))
    found = []
    for (number, difference, p), adjusted in zip(tested, q, strict=True):
        below = int((adjusted < DISCOVERY).sum())
        found += [
            Marker(
                names[number],
                view,
                str(features[varies[place]]),
                float(difference[place]),
                float(p[place]),
                float(adjusted[place]),
                below,
            )
            for place in np.lexsort((-np.abs(difference), p))[: min(MOST, below)]
        ]
    return found
