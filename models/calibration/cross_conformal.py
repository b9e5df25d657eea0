"""Cross-conformal p values: how many of the patients left out are at least as strange as a new one."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

__all__ = ["LeftOut", "fewest"]

Array = NDArray[np.float64]
Numbers = NDArray[np.int64]


@dataclass(frozen=True)
class LeftOut:
    """What calibrates: of n patients how strange each was to the one member that left him out.

    Attributes
    ----------
    score
        (n,) higher is stranger.
    fold
        (n,) number of the member that left each out.
    category
        (n,) patients are compared within their category only (Mondrian).
    """

    score: Array
    fold: Numbers
    category: Numbers

    def p_values(
        self, score: Array, category: Numbers, weight: Array | None = None, new_weight: Array | None = None
    ) -> Array:
        """(m,) share of patients at least as strange as each new one, himself among them.

        Vovk 2015, doi 10.1007/s10472-013-9368-4: a new patient is compared with those that a member left out by that
        member's own score. Of patients like those left out at most a share 2 alpha has p <= alpha, and about alpha
        where members are much alike (Barber et al. 2021, doi 10.1214/20-AOS1965). Under covariate shift everybody
        counts by his weight (Tibshirani et al. 2019, doi 10.48550/arXiv.1904.06019). Who is equally strange counts
        whole, so that nothing is drawn at random.

        Parameters
        ----------
        score
            (members, m) of the new patients.
        category
            (m,); p is 1 in one that nobody left out has.
        weight, new_weight
            (n,) and (m,); 1 if left out.

        Examples
        --------
        >>> left_out = LeftOut(np.arange(9.0), np.repeat([0, 1, 2], 3), np.zeros(9, dtype=np.int64))
        >>> left_out.p_values(np.full((3, 1), 8.5), np.zeros(1, dtype=np.int64))
        array([0.1])
        """
        weight = np.ones(len(self.score)) if weight is None else weight
        own = np.ones(score.shape[1]) if new_weight is None else new_weight
        stranger, everybody = own.copy(), own.copy()
        for kind in np.unique(self.category):
            here = category == kind
            for member, of_member in enumerate(score):
                rows = np.flatnonzero((self.category == kind) & (self.fold == member))
                order = rows[np.argsort(self.score[rows], kind="stable")]
                total = np.append(0.0, np.cumsum(weight[order]))
                below = total[np.searchsorted(self.score[order], of_member[here], side="left")]
                stranger[here] += total[-1] - below
                everybody[here] += total[-1]
        return stranger / everybody


def fewest(alpha: float) -> int:
    """Patients of a category without whom no p value in it can be `alpha` or less.

    Examples
    --------
    >>> fewest(0.1)
    9
    """
    return int(np.ceil(1.0 / alpha - 1e-9)) - 1
