"""What the model of an outer fold says: contributions for patients of the cohort, importance on its test patients."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from omics.cohort.read import cohort_endpoints
from stratomics.explanation.attribution import Level, explain
from stratomics.explanation.exact.candidates import has_attribution
from stratomics.explanation.importance import importance_groups, permutation_importance
from stratomics.explanation.levels import FEATURE
from stratomics.explanation.outer_folds import NAMED_LEVELS, FoldExplanation
from stratomics.explanation.reference import TrainingReference

if TYPE_CHECKING:
    from mudata import MuData

    from stratomics.encoding.training_part import NewPatients
    from stratomics.fitting.fitted import Fitted

__all__ = ["explain_fold"]

FEATURES = 2000
"""Features that are kept of a fold, those with the largest mean absolute contribution."""


def explain_fold(fitted: Fitted, new: NewPatients, cohort: MuData, seed: int) -> FoldExplanation | None:
    """Explain the predictions of the model of an outer fold.

    Parameters
    ----------
    fitted
        The model of the fold.
    new
        Its training part and its test patients.
    cohort
        Patients whose predictions are explained, the same in all folds. They are the reference too, so that folds
        differ in their models alone; nothing is learned from them.
    seed
        Of permutations.

    Returns
    -------
    FoldExplanation or None
        None if the model has a candidate without attribution.
    """
    if not has_attribution(fitted):
        return None
    reference = TrainingReference.of(fitted, cohort, {}, informative=True)
    found = explain(fitted, cohort, reference)
    groups = importance_groups(fitted, found.levels["features"], reference)
    # Another cohort may declare another primary endpoint.
    outcome = cohort_endpoints(new.cohort).named[new.part.name]
    kept = {name: _kept(found.levels[name]) for name in NAMED_LEVELS}
    return FoldExplanation(
        found.sample_ids.tolist(),
        {name: [found.levels[name].items[column] for column in kept[name]] for name in NAMED_LEVELS},
        {name: found.levels[name].value[:, kept[name]].astype(np.float32) for name in NAMED_LEVELS},
        permutation_importance(fitted, new.patients, outcome, groups, seed),
    )


def _kept(level: Level) -> list[int]:
    """Columns of all items but the features with small contributions."""
    features = np.flatnonzero([item.kind == FEATURE for item in level.items])
    size = np.abs(level.value[:, features]).mean(axis=0)
    small = features[np.argsort(-size, kind="stable")[FEATURES:]]
    return sorted(set(range(len(level.items))) - set(small.tolist()))
