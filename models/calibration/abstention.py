"""When to abstain from acting on a prediction."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

__all__ = ["OOD_LIMIT", "UNCERTAIN_SHARE", "abstention_reason", "spread_limit"]

OOD_LIMIT = 0.95
"""Limit of the ood score; one in twenty patients like those of training is above it."""

UNCERTAIN_SHARE = 0.1
"""Share of the training patients whose predictions count as uncertain, since the members disagree the most."""


UNLIKE, UNCERTAIN = "unlike training patients", "uncertain"


def abstention_reason(ood: NDArray[np.float64], uncertain: NDArray[np.bool_]) -> NDArray[np.str_]:
    """Return why to abstain: the patient is out of distribution, or the prediction is uncertain.

    Parameters
    ----------
    ood
        (n,) scores of :class:`models.ood.ood_score.OodScore`.
    uncertain
        (n,) bool. For a response: the set does not contain exactly one class. For survival: the spread of the members
        is above :func:`spread_limit`.

    Returns
    -------
    ndarray
        (n,) str, empty where there is no reason.

    Examples
    --------
    >>> list(map(str, abstention_reason(np.array([0.99, 0.5, 0.5]), np.array([True, True, False]))))
    ['unlike training patients; uncertain', 'uncertain', '']
    """
    unlike = ood > OOD_LIMIT
    names = [f"{UNLIKE}; {UNCERTAIN}", UNLIKE, UNCERTAIN]
    return np.select([unlike & uncertain, unlike, uncertain], names, "").astype(str)


def spread_limit(spread: NDArray[np.float64]) -> float:
    """Limit above which the spread of the members is large, from the spreads (n,) of the training patients.

    All members but one are trained on a training patient, so they agree a little more about this patient than about a
    new one. Somewhat more than a tenth of new patients are therefore above the limit. If all members agree, no
    prediction is uncertain.

    Examples
    --------
    >>> round(spread_limit(np.arange(101.0)), 6)
    90.0
    """
    return float(np.quantile(spread, 1.0 - UNCERTAIN_SHARE))
