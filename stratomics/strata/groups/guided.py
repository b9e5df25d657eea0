"""Groups that outcomes helped to learn: assigned out of fold, and tested with a doubled p value."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
from numpy.typing import NDArray
from sklearn.model_selection import StratifiedKFold

from omics.common.errors import DataError
from omics.common.seeds import named_generator

__all__ = ["doubled", "out_of_fold_groups"]

Rows = NDArray[np.int64]


def doubled(p: float) -> float:
    """P value of a test of groups that were guided by outcomes and assigned out of fold.

    The groups of all folds are pooled, and each patient helps to learn the groups of the others. A test that takes
    them as independent rejects too often: 7 to 9% instead of 5%, which twice the p value corrects (``docs/claims.md``).

    Examples
    --------
    >>> doubled(0.03), doubled(0.8)
    (0.06, 1.0)
    """
    return min(1.0, 2.0 * p)


def out_of_fold_groups(
    learn: Callable[[Rows, Rows], NDArray[Any]], label: NDArray[Any], seed: int = 0, folds: int = 5
) -> NDArray[np.object_]:
    """Assign each patient to a group that was learned without them.

    Parameters
    ----------
    learn
        ``(train rows, test rows) -> groups of the test patients``; it uses outcomes of the training patients only. A
        group must mean the same in each fold, such as "high risk".
    label
        (n,) event or class, by which folds are stratified.
    seed
        Of the folds.
    folds
        Number of folds.

    Returns
    -------
    numpy.ndarray
        (n,) groups.

    Raises
    ------
    DataError
        If a value of `label` has fewer patients than folds.

    Examples
    --------
    >>> out_of_fold_groups(lambda train, test: np.repeat("all", len(test)), np.arange(10) % 2).tolist()[:2]
    ['all', 'all']
    """
    _, counts = np.unique(label, return_counts=True)
    if counts.min() < folds:
        raise DataError(
            f"{counts.min()} patients have one of the outcomes, which is too few for {folds} folds; lower the "
            "number of folds"
        )
    state = int(named_generator(seed, "guided groups").integers(2**31))
    groups = np.empty(len(label), dtype=object)
    for train, test in StratifiedKFold(folds, shuffle=True, random_state=state).split(label, label):
        groups[test] = learn(train, test)
    return groups
