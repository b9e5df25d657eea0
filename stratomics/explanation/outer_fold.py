"""What the model of an outer fold says: contributions for patients of the cohort, importance on its test patients."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Self

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from omics.cohort.read import cohort_endpoints
from omics.common.files import read_parquet, read_state, write_parquet, write_state
from stratomics.explanation.attribution import Level, explain
from stratomics.explanation.exact.candidates import has_attribution
from stratomics.explanation.importance import importance_groups, permutation_importance
from stratomics.explanation.levels import FEATURE, ExplainedItem
from stratomics.explanation.reference import TrainingReference

if TYPE_CHECKING:
    from mudata import MuData

    from stratomics.encoding.training_part import NewPatients
    from stratomics.fitting.fitted import Fitted

__all__ = ["NAMED_LEVELS", "FoldExplanation", "explain_fold"]

NAMED_LEVELS = ("sources", "views", "features")
"""Levels whose items are the same in all folds; factors are not."""

FEATURES = 2000
"""Features that are kept of a fold, those with the largest mean absolute contribution."""

NAME, IMPORTANCE = "contributions", "importance.parquet"


@dataclass(frozen=True)
class FoldExplanation:
    """What the model of an outer fold says.

    Attributes
    ----------
    sample_ids
        Patients whose predictions are explained.
    items
        Level -> its items.
    values
        Level -> (n, items) contributions.
    importance
        From :func:`stratomics.explanation.importance.permutation_importance`.
    """

    sample_ids: Sequence[str]
    items: Mapping[str, Sequence[ExplainedItem]]
    values: Mapping[str, NDArray[np.float32]]
    importance: pd.DataFrame

    def save(self, folder: Path) -> None:
        """Write ``contributions.json``, ``contributions.safetensors`` and ``importance.parquet``."""
        items = {level: [list(item) for item in items] for level, items in self.items.items()}
        write_state(folder, NAME, {"sample_ids": list(self.sample_ids), "items": items}, dict(self.values))
        write_parquet(folder / IMPORTANCE, self.importance)

    @classmethod
    def load(cls, folder: Path) -> Self | None:
        """Read what :meth:`save` wrote; None if it was not called."""
        if not (folder / IMPORTANCE).is_file():
            return None
        settings, arrays = read_state(folder, NAME)
        items = {level: [ExplainedItem(*item) for item in settings["items"][level]] for level in NAMED_LEVELS}
        values = {level: arrays[level].astype(np.float32) for level in NAMED_LEVELS}
        return cls(settings["sample_ids"], items, values, read_parquet(folder / IMPORTANCE))


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
    outcome = cohort_endpoints(new.cohort).primary()
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
