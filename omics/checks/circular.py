"""Labels inside a view: features with the name or the values of a label, by which groups would be found again."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from omics.checks.finding import WARNING, Finding
from omics.checks.labels import as_text, outcomes
from omics.cohort.read import cohort_spec

if TYPE_CHECKING:
    from mudata import MuData

__all__ = ["features_that_repeat", "labels_in_views"]

MOST_CLASSES = 10
"""A column with more values is no classification of the patients."""
FEWEST = 5
"""Fewest patients of a class: the values of fewer are repeated by chance."""


def labels_in_views(cohort: MuData) -> Iterator[Finding]:
    """Find features of a view that repeat a label of the samples table: groups of patients would be circular."""
    spec = cohort_spec(cohort)
    times = {key for one in spec.endpoints.values() for key in (one.time, one.entry, one.event) if key}
    labels = dict(outcomes(cohort))
    labels |= {str(name): cohort.obs[name] for name in cohort.obs.columns if name not in times}
    for name, label in labels.items():
        for view, features in features_that_repeat(cohort, name, label).items():
            yield Finding(
                "label_in_view",
                WARNING,
                view,
                f"{', '.join(features[:3])} repeat(s) the label '{name}'; groups that are learned from this view find "
                "the label again; leave such features out before `stratomics subtypes`",
            )


def features_that_repeat(cohort: MuData, name: str, label: pd.Series[Any]) -> dict[str, list[str]]:
    """Find the features that have the name of a label, or its values in other words.

    Parameters
    ----------
    cohort
        The patients.
    name
        Name of the label.
    label
        (n,) label of each patient, missing where unknown.

    Returns
    -------
    dict
        View -> features whose name is that of the label, apart from case and punctuation, or whose values correspond
        one to one to the classes.
    """
    found = {}
    for view in cohort_spec(cohort).views:
        names = cohort[view].var_names
        same_name = np.array([_plain(feature) == _plain(name) for feature in names], dtype=bool)
        repeats = np.flatnonzero(same_name | _same_values(cohort, view, label))
        if repeats.size:
            found[view] = [str(feature) for feature in names[repeats]]
    return found


def _plain(name: object) -> str:
    """Letters and digits of a name.

    Examples
    --------
    >>> _plain("IGHV.status"), _plain("ighv_status")
    ('ighvstatus', 'ighvstatus')
    """
    return re.sub(r"[\W_]+", "", str(name)).casefold()


def _same_values(cohort: MuData, view: str, label: pd.Series[Any]) -> NDArray[np.bool_]:
    """(p,) whether the values of each feature correspond one to one to the classes of the label."""
    values = np.asarray(cohort[view].X, dtype=np.float64)
    code = pd.factorize(as_text(label.reindex(cohort[view].obs_names)))[0]
    if not 2 <= len(set(code[code >= 0].tolist())) <= MOST_CLASSES:  # noqa: PLR2004  # classes to tell apart
        return np.zeros(values.shape[1], dtype=bool)
    return np.array([_one_to_one(column, code) for column in values.T], dtype=bool)


def _one_to_one(values: NDArray[np.float64], code: NDArray[np.int64]) -> bool:
    """Whether values (n,) and classes (n,) correspond one to one, in the patients who have both."""
    both = (code >= 0) & np.isfinite(values)
    measured, place = np.unique(values[both], return_inverse=True)
    if not 2 <= len(measured) <= MOST_CLASSES:  # noqa: PLR2004  # as many values as classes
        return False
    pairs, count = np.unique(np.stack([place, code[both]]), axis=1, return_counts=True)
    classes = len(np.unique(code[both]))
    return pairs.shape[1] == len(measured) == classes and bool(count.min() >= FEWEST)
