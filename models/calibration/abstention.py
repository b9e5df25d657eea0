"""When a prediction should not be acted upon."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

__all__ = ["MOST_OUTLYING", "UNSURE", "abstain", "spread_limit"]

MOST_OUTLYING = 0.95
"""One in twenty patients like those of training scores above it."""

UNSURE = 0.1
"""Share of the patients of training about whom members disagree the most."""


def abstain(ood: NDArray[np.float64], unsure: NDArray[np.bool_]) -> NDArray[np.bool_]:
    """(n,) whether to abstain: the patient is unlike those of training, or the prediction says that it is unsure.

    Parameters
    ----------
    ood
        (n,) scores of :class:`models.ood.ood_score.OodScore`.
    unsure
        (n,) of a response: its set does not name exactly one class; of a survival curve: the members' spread is
        above :func:`spread_limit`.

    Examples
    --------
    >>> abstain(np.array([0.99, 0.5, 0.5]), np.array([False, True, False]))
    array([ True,  True, False])
    """
    return (ood > MOST_OUTLYING) | unsure


def spread_limit(spread: NDArray[np.float64]) -> float:
    """Limit above which a spread of the members is one of the largest, from those (n,) of the patients of training.

    All but one of the members have seen a patient of training, and agree about him a little more than about a new
    one, of whom somewhat more than a tenth lie above it. Members who all say the same are never unsure.

    Examples
    --------
    >>> round(spread_limit(np.arange(101.0)), 6)
    90.0
    """
    return float(np.quantile(spread, 1.0 - UNSURE))
