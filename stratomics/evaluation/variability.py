"""How far a method's figures lie apart between repeats, and between folds."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from stratomics.evaluation.cases import Cases
from stratomics.evaluation.metrics.metric import find_metric
from stratomics.evaluation.view_contributions import RANKS

__all__ = ["fold_ranks", "repeat_scores"]

Array = NDArray[np.float64]


def repeat_scores(cases: Cases, metric: str) -> Array:
    """(repeats,) a metric of each repeat by itself, all patients counting once."""
    once, function = np.ones((1, len(cases))), find_metric(metric).function
    return np.array([float(function(cases.of_repeat(r), once)[0]) for r in range(len(cases.fold))])


def fold_ranks(cases: Cases, kind: str) -> Array:
    """(folds of all repeats,) concordance or AUROC of each fold by itself; none of those that say nothing."""
    function, found = find_metric(RANKS[kind]).function, []
    for number, folds in enumerate(cases.fold):
        members = (np.unique(folds)[:, None] == folds).astype(np.float64)
        found.append(function(cases.of_repeat(number), members))
    ranks: Array = np.concatenate(found)
    return ranks[np.isfinite(ranks)]
