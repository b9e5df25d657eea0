"""Trial: arms and outcomes of the patients, checked once; all other modules of this package start from it."""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from omics.cohort.endpoints import Response, Survival
from omics.common.errors import DataError, InputError

__all__ = ["ARMS", "SMALLEST", "Trial"]

Array = NDArray[np.float64]

ARMS = ("control", "treated")
SMALLEST = 10
"""Smallest arm in which an effect is estimated."""


@dataclass(frozen=True)
class Trial:
    """n patients of two arms with one observed endpoint.

    Attributes
    ----------
    treated
        (n,) bool.
    outcome
        Outcomes; all patients are observed from time 0, without delayed entry.
    probability
        (n,) probability of treatment in the randomisation; None if it is unknown.
    stratum
        (n,) code of the stratum of randomisation; None if there are no strata.
    randomised
        ``"yes"``, ``"adaptive"`` (allocation changed with the outcomes) or ``"no"``.

    Raises
    ------
    DataError
        If an arm has fewer than ten patients or no events, or a probability is not strictly between 0 and 1.
    """

    treated: NDArray[np.bool_]
    outcome: Survival | Response
    probability: Array | None = None
    stratum: NDArray[np.int64] | None = None
    randomised: str = "yes"

    def __post_init__(self) -> None:
        for name, rows in zip(ARMS, (~self.treated, self.treated), strict=True):
            if rows.sum() < SMALLEST:
                raise DataError(
                    f"the {name} arm has {rows.sum()} patients; no effect is estimated with fewer than {SMALLEST}"
                )
            if not self.outcome.label[rows].any():
                what = "events" if self.is_survival else "patients with a positive response"
                raise DataError(
                    f"the {name} arm has no {what}, so arms cannot be compared; check the coding of the endpoint"
                )
        p = self.probability
        if p is not None and not ((p > 0) & (p < 1)).all():
            raise DataError(
                "a probability of being treated is not strictly between 0 and 1; correct `probability`"
            )

    def __len__(self) -> int:
        return len(self.treated)

    @property
    def is_survival(self) -> bool:
        """Whether the endpoint is survival."""
        return isinstance(self.outcome, Survival)

    @property
    def survival(self) -> Survival:
        """The survival endpoint."""
        if not isinstance(self.outcome, Survival):
            raise InputError("a survival endpoint is needed, but the endpoint of the trial is a response")
        return self.outcome

    @property
    def response(self) -> Response:
        """The response endpoint."""
        if not isinstance(self.outcome, Response):
            raise InputError("a response is needed, but the endpoint of the trial is survival")
        return self.outcome

    def take(self, rows: NDArray[np.int64]) -> Trial:
        """Select patients by row number, in the given order."""
        return replace(
            self,
            treated=self.treated[rows],
            outcome=self.outcome.take(rows),
            probability=None if self.probability is None else self.probability[rows],
            stratum=None if self.stratum is None else self.stratum[rows],
        )
