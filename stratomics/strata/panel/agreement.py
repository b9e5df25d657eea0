"""How stable a selection is, and which analytes can replace each other."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

if TYPE_CHECKING:
    from stratomics.evaluation.intervals import Estimate

__all__ = ["BLOCK_CORRELATION", "exchangeable", "selection_stability"]

Array = NDArray[np.float64]
Columns = NDArray[np.int64]

BLOCK_CORRELATION = 0.8
NORMAL = 1.959963984540054


def selection_stability(selected: Sequence[Columns], features: int) -> Estimate:
    """Agreement of several selections, corrected for chance: 1 if they are equal, 0 if they agree by chance.

    Nogueira, Sechidis and Brown 2018, https://jmlr.org/papers/v18/17-514.html, with the interval of their theorem 4.
    Training sets of cross-validation overlap, so that the interval is too narrow for other cohorts.

    Parameters
    ----------
    selected
        Selected columns, one array for each of at least two training sets.
    features
        Number of features to select from.

    Returns
    -------
    Estimate
        Stability with its 95% interval; only the estimate where every selection has all features or none.

    Examples
    --------
    >>> same = [np.array([0, 1])] * 5
    >>> selection_stability(same, 10)["estimate"]
    1.0
    """
    table = np.zeros((len(selected), features))
    for row, columns in enumerate(selected):
        table[row, columns] = 1.0
    sets, share = len(table), table.mean(axis=0)
    size, sizes = float(table.sum(axis=1).mean()), table.sum(axis=1)
    chance = size / features * (1 - size / features)
    if chance == 0:
        return {"estimate": 1.0}
    value = 1 - float((sets / (sets - 1) * share * (1 - share)).mean()) / chance
    of_set = (table @ share) / features - sizes * size / features**2
    of_set += value / 2 * (2 * sizes * size / features**2 - sizes / features - size / features + 1)
    of_set /= chance
    width = NORMAL * float(np.sqrt(4 / sets**2 * ((of_set - of_set.mean()) ** 2).sum()))
    return {"estimate": value, "low": max(value - width, -1.0), "high": min(value + width, 1.0)}


def exchangeable(x: Array, chosen: Columns, correlation: float = BLOCK_CORRELATION) -> list[Columns]:
    """Find the features that can replace each chosen feature: those with a high absolute correlation.

    Parameters
    ----------
    x
        (n, p) scores.
    chosen
        Columns of the panel.
    correlation
        Smallest absolute correlation within a block.

    Returns
    -------
    list of ndarray
        For each chosen column, the other columns of its block, most correlated first.
    """
    standard = x - x.mean(axis=0)
    norm = np.sqrt((standard**2).sum(axis=0))
    standard = standard / np.where(norm > 0, norm, 1.0)
    blocks = []
    for column in chosen:
        r = np.abs(standard.T @ standard[:, column])
        r[column] = -1.0
        order = np.argsort(-r, kind="stable")
        blocks.append(order[r[order] >= correlation])
    return blocks
