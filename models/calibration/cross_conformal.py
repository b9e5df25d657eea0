"""Cross-conformal p values: the share of held-out patients that conform no better than a new patient."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

__all__ = ["HeldOutScores", "smallest_calibration_size"]

Array = NDArray[np.float64]
Numbers = NDArray[np.int64]


@dataclass(frozen=True)
class HeldOutScores:
    """Calibration data: the nonconformity score of n patients by the one member that held each of them out.

    Attributes
    ----------
    score
        (n,) nonconformity scores; higher means less like the training patients.
    fold
        (n,) number of the member that held each patient out.
    category
        (n,) patients are compared within their category only (Mondrian).
    """

    score: Array
    fold: Numbers
    category: Numbers

    def p_values(
        self, score: Array, category: Numbers, weight: Array | None = None, new_weight: Array | None = None
    ) -> Array:
        """Share of patients with a nonconformity score at least as high as that of each new patient.

        The new patient is counted too. Each held-out patient is compared with the new patient by the scores of the
        member that held the patient out (Vovk 2015, doi 10.1007/s10472-013-9368-4). For patients like those held out,
        the share with p <= alpha is at most 2 alpha, and about alpha if the members are similar (Barber et al. 2021,
        doi 10.1214/20-AOS1965). Under covariate shift patients are weighted (Tibshirani et al. 2019, doi
        10.48550/arXiv.1904.06019). Equal scores count fully, so that no random numbers are needed.

        Parameters
        ----------
        score
            (members, m) scores of the new patients.
        category
            (m,); p is 1 in a category without held-out patients.
        weight, new_weight
            (n,) and (m,); 1 by default.

        Returns
        -------
        Array
            (m,) p values.

        Examples
        --------
        >>> held_out = HeldOutScores(np.arange(9.0), np.repeat([0, 1, 2], 3), np.zeros(9, dtype=np.int64))
        >>> held_out.p_values(np.full((3, 1), 8.5), np.zeros(1, dtype=np.int64))
        array([0.1])
        """
        weight = np.ones(len(self.score)) if weight is None else weight
        new = np.ones(score.shape[1]) if new_weight is None else new_weight
        at_least, total_weight = new.copy(), new.copy()
        for kind in np.unique(self.category):
            here = category == kind
            for member, of_member in enumerate(score):
                rows = np.flatnonzero((self.category == kind) & (self.fold == member))
                order = rows[np.argsort(self.score[rows], kind="stable")]
                total = np.append(0.0, np.cumsum(weight[order]))
                below = total[np.searchsorted(self.score[order], of_member[here], side="left")]
                at_least[here] += total[-1] - below
                total_weight[here] += total[-1]
        return at_least / total_weight


def smallest_calibration_size(alpha: float) -> int:
    """Smallest number of patients of a category with which a p value can be `alpha` or less.

    Examples
    --------
    >>> smallest_calibration_size(0.1)
    9
    """
    return int(np.ceil(1.0 / alpha - 1e-9)) - 1
